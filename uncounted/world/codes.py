"""Codes: ISO 3166 alpha-3 codes of countries, and the names and codes that stand for
them exactly.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache

import pandas as pd

from uncounted.errors import UncountedError, did_you_mean
from uncounted.world.shelf import shelf
from uncounted.world.table import SYNONYMS, read_table

ISO = "ISO"
M49 = "M49"
OFFICIAL = "name"
# The order in which a sentence names the systems.
ORDER = (ISO, M49, OFFICIAL, "World Bank", "DHS", "FIPS")
LETTERS = str.maketrans(
    {
        "’": "",
        "'": "",
        "`": "",
        "ʻ": "",
        "&": " and ",
    }
)
INITIAL = re.compile(r"(?<=\b\w)\.")
ELISION = re.compile(r"\b([dl]) (?=\w)")  # "cote d ivoire" as "cote d'ivoire"
FULL = {
    "rep": "republic",
    "dem": "democratic",
    "fed": "federated",
    "sts": "states",
    "st": "saint",
    "ste": "sainte",
}
SMALL = frozenset(
    (
        "the",
        "of",
        "and",
        "de",
        "du",
        "des",
        "del",
        "la",
        "le",
        "les",
        "el",
        "los",
        "et",
        "y",
    )
)

# iso3 → the systems in which a word is that country
type Systems = dict[str, tuple[str, ...]]
# folded alias → iso3 and system
type Aliases = dict[str, list[tuple[str, str]]]


def check_known(
    codes: Iterable[str],
    places: pd.DataFrame,
    where: str,
) -> None:
    """Raise one sentence that lists every code that no place has, each with the country
    that it stands for: "Viet Nam → VNM".

    places: index iso3, with iso2, m49, name, official_name.
    """
    unknown = sorted({str(code) for code in codes} - set(places.index))
    if unknown:
        aliases = _aliases_of(places)
        listed = []
        for code in unknown:
            arrow = _arrow(_meanings(code, places, aliases))
            listed.append(f"{code or '(empty)'}{arrow}")
        raise UncountedError(
            f"{where} has codes that the geography table lacks:"
            f" {'; '.join(listed)}. Use ISO 3166 alpha-3 codes, which"
            " un.country_codes(…) makes of names and other codes; a territory that has"
            " none must be added to the geography table or left out."
        )


def country_codes(names: Iterable[object], system: str = "") -> list[str]:
    """Return the ISO 3166 alpha-3 code of each name or code, such as "Lao PDR", "Côte
    d'Ivoire", "ZAR" or "KH".

        table["iso3"] = un.country_codes(table["country"])

    A name counts if it is an alias exactly, but for case, accents, punctuation, the
    order of words and "the": nothing is guessed from likeness. system: whose codes they
    are, where one stands for several countries ("NI" is Nicaragua in ISO 3166 and Niger
    in the DHS programme): ISO, M49, DHS, FIPS, World Bank. Raises UncountedError
    listing all names that stand for no country, or for several.
    """
    if isinstance(names, str):
        raise UncountedError(
            "country_codes wants a list of names or a column. Write"
            f" country_codes(['{names}'])."
        )
    systems = {system for _, _, system in _alias_rows()} | {ISO, M49}
    if system and system not in systems:
        raise UncountedError(
            f"No codes are known as '{system}'.{did_you_mean(system, systems)}"
        )
    words = [str(name).strip() for name in names]
    candidates = {}
    for word in dict.fromkeys(words):
        candidates[word] = _of_system(known_countries(word), system)
    _check_resolved(candidates)
    return [next(iter(candidates[word])) for word in words]


def known_countries(word: str) -> Systems:
    """Return the countries that a code or name stands for, as `meanings`, of those that
    ship.
    """
    return _meanings(word, _shipped_places(), _shipped_aliases())


def meanings(word: str, places: pd.DataFrame) -> Systems:
    """Return the places that a code or name stands for: iso3 → the systems that use it;
    empty if it stands for none.

    An alpha-3 code, in letters of any size, is its country and nothing else.
    """
    return _meanings(word, places, _aliases_of(places))


def _meanings(
    word: str,
    places: pd.DataFrame,
    aliases: Aliases,
) -> Systems:
    code = word.strip().upper()
    code = SYNONYMS.get(code, code)
    if code in places.index:
        return {code: (ISO,)}
    uses = set(aliases.get(folded(word), ()))
    systems: defaultdict[str, list[str]] = defaultdict(list)
    for iso3, system in sorted(uses, key=lambda use: (_rank(use[1]), use[0])):
        systems[iso3].append(system)
    return {iso3: tuple(names) for iso3, names in systems.items()}


def hint(
    word: str,
    places: pd.DataFrame,
    names: Iterable[str] = (),
) -> str:
    """Return " Did you mean 'Eswatini' (SWZ)?" of every place that a word is an alias
    of.

    Else the nearest of `names`, such as those of regions. A word of three letters or
    fewer may be a code, and one code is not meant by another because they look alike.
    """
    candidates = [
        f"'{places.loc[iso3, 'name']}' ({iso3})" for iso3 in meanings(word, places)
    ]
    if candidates:
        return f" Did you mean {' or '.join(candidates)}?"
    if len(word) <= 3:
        return ""
    return did_you_mean(word, set(names) - set(places.index))


@lru_cache(10_000)
def folded(name: str) -> str:
    """Return a name without case, accents, punctuation, small words or order of words;
    a number with three digits.

    "Congo, Dem. Rep." is then the same as "the Democratic Republic of the Congo".
    """
    text = unicodedata.normalize("NFKD", name.translate(LETTERS)).casefold()
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    text = INITIAL.sub("", text.removesuffix(".0"))
    text = ELISION.sub(r"\1", text)
    words: list[str] = re.findall(r"\w+", text)
    if len(words) > 1:
        words = [FULL.get(word, word) for word in words]
        large = [word for word in words if word not in SMALL]
        words = large or words
    digits = [word.zfill(3) if word.isdecimal() else word for word in words]
    return " ".join(sorted(digits))


def _arrow(candidates: Systems) -> str:
    if not candidates:
        return ""
    if len(candidates) == 1:
        return f" → {next(iter(candidates))}"
    countries = [
        f"{iso3} ({', '.join(systems)})" for iso3, systems in candidates.items()
    ]
    return f" → {' or '.join(countries)}"


def _of_system(candidates: Systems, system: str) -> Systems:
    """Return the candidates of one system if it knows the word, else all of them."""
    chosen = {
        iso3: systems for iso3, systems in candidates.items() if system in systems
    }
    return chosen or candidates


def _check_resolved(candidates: Mapping[str, Systems]) -> None:
    unknown = []
    several = []
    for word, places in candidates.items():
        if not places:
            unknown.append(word or "(empty)")
        elif len(places) > 1:
            several.append(f"{word}{_arrow(places)}")
    message = ""
    if unknown:
        message = f"No country is known as {'; '.join(sorted(unknown))}. "
    if several:
        message += (
            f"More than one country is known as {'; '.join(sorted(several))}. Say whose"
            " codes they are, as country_codes(…, system='DHS'), or write the country's"
            " alpha-3 code. "
        )
    if unknown:
        message += "Mend or leave out those rows."
    if message:
        raise UncountedError(message) from None


def _rank(system: str) -> tuple[int, str]:
    return (ORDER.index(system) if system in ORDER else len(ORDER), system)


def _aliases_of(places: pd.DataFrame) -> Aliases:
    """Return the aliases of each place: its own alpha-2 and M49 codes and names, and
    the aliases that ship.
    """
    systems = {
        "iso2": ISO,
        "m49": M49,
        "name": OFFICIAL,
        "official_name": OFFICIAL,
    }
    aliases: Aliases = defaultdict(list)
    for column, system in systems.items():
        for iso3, alias in places[column].items():
            if alias:
                aliases[folded(alias)].append((str(iso3), system))
    for key, iso3, system in _folded_rows():
        if iso3 in places.index:
            aliases[key].append((iso3, system))
    return aliases


@cache
def _shipped_aliases() -> Aliases:
    return _aliases_of(_shipped_places())


@cache
def _folded_rows() -> tuple[tuple[str, str, str], ...]:
    return tuple((folded(alias), iso3, system) for alias, iso3, system in _alias_rows())


@cache
def _alias_rows() -> tuple[tuple[str, str, str], ...]:
    """Return the aliases that ship (data/aliases.csv): alias, country and the system
    that uses the alias.
    """
    columns = ["alias", "iso3", "system"]
    table = read_table(shelf("data", "aliases.csv"), "table of aliases", columns)
    return tuple(table[columns].itertuples(index=False, name=None))


@cache
def _shipped_places() -> pd.DataFrame:
    table = read_table(shelf("data", "geography.csv"), "geography table", ["iso3"])
    return table.set_index("iso3")[["iso2", "m49", "name", "official_name"]]
