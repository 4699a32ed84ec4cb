"""Codes: ISO 3166 alpha-3, and the right one for whoever wrote a name, an alpha-2 or an M49 code instead."""

import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

import pandas as pd

from uncounted.errors import UncountedError


def check_known(codes: Iterable[str], places: pd.DataFrame, where: str) -> None:
    """Raise one sentence that lists every code that no place has, each with the nearest: "Viet Nam → VNM".

    places: index iso3, with iso2, m49, name, official_name.
    """
    unknown = sorted({str(code) for code in codes} - set(places.index))
    if unknown:
        told = "; ".join(f"{code or '(empty)'}{_arrow(code, places)}" for code in unknown)
        raise UncountedError(
            f"{where} has codes that the geography table lacks: {told}. Use ISO 3166 alpha-3 codes; "
            "a territory that has none must be added to the geography table or left out."
        )


def _arrow(code: str, places: pd.DataFrame) -> str:
    found = nearest(code, places)
    return f" → {found}" if found else ""


def nearest(code: str, places: pd.DataFrame) -> str | None:
    """Return the alpha-3 code that was probably meant, by name, alpha-2, M49 or likeness; else None."""
    plain = _plain(code)
    names = {_plain(name): str(iso3) for column in ("official_name", "name") for iso3, name in places[column].items()}
    short = {key.casefold(): str(iso3) for iso3, key in [*places["iso2"].items(), *places["m49"].items()]}
    exact = {**short, **{str(iso3).casefold(): str(iso3) for iso3 in places.index}, **names}
    for key in (plain, plain.zfill(3)):
        if key and key in exact:
            return exact[key]
    if len(plain) <= 3:
        near = get_close_matches(plain.upper(), [str(iso3) for iso3 in places.index], n=9, cutoff=0.6)
        return max(near, key=lambda iso3: iso3[:2] == plain[:2].upper(), default=None)
    part = {iso3 for name, iso3 in names.items() if plain in name}
    if len(part) == 1:
        return part.pop()
    near = get_close_matches(plain, names, n=1, cutoff=0.85)  # lower, and DR Congo would be Congo
    return names[near[0]] if near else None


def _plain(name: object) -> str:
    """Letters and digits only, without accents or case: "Côte d’Ivoire" is cotedivoire."""
    letters = unicodedata.normalize("NFKD", str(name)).casefold()
    return "".join(letter for letter in letters if letter.isalnum())
