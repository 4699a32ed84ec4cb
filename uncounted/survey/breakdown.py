"""Breakdown: the finest complete way in which a survey's published figures divide its respondents, used once."""

from collections.abc import Collection, Iterator, Sequence
from functools import cache
from itertools import combinations, product

import pandas as pd

from uncounted.errors import UncountedError
from uncounted.survey.ledger import Ledger
from uncounted.world.age import Band, ordered, parse_band
from uncounted.world.population import EVERYBODY

PEOPLE = ("sex", "age")


def named(axes: Collection[str]) -> str:
    """Return the name of a breakdown: "sex × age × migrant", or "national"."""
    return " × ".join([*(axis for axis in PEOPLE if axis in axes), *sorted(set(axes) - {*PEOPLE})]) or "national"


def finest(
    rows: pd.DataFrame,
    by: Sequence[str],
    age: str,
    whole: Sequence[str],
    ledger: Ledger,
    traits: Sequence[str] = (),
    exhaustive: bool = False,
) -> tuple[pd.DataFrame, Ledger]:
    """Return the rows of each survey's finest complete breakdown, with columns `breakdown` and `covers` added.

    Finest is what divides by most of `by`: sex, age, further traits; of several, by age first, then by traits. Complete
    means: every age that the survey's bands hold, once (`_tiles`), by both sexes and by every level of a trait that it
    lists, with an n or an SE in each row (`usable`). A survey speaks only for the bands it lists, its rows for all ages
    too, unless its kind is one of `whole`: those speak for `age`, as do surveys that list no band. traits: all those by
    which the table divides people; of one that isn't in `by`, only figures of everybody are used. exhaustive: of
    respondents, where a part that isn't listed holds nobody. `covers` is a tuple of Bands. The rest goes to the ledger:
    the same respondents twice.
    """
    kept, listed = [], {}
    for survey, at in rows.groupby("survey", sort=True).groups.items():
        found = rows.loc[at, ["sex", "age", *traits, "usable"]]
        bands = ordered(_band(age) for age in found["age"] if age != "all")
        tiles = _tiles(bands) or ()
        listed[survey] = tiles or _merged(bands)
        known = found.loc[found["usable"]]
        usable = dict(zip(known[["sex", "age", *traits]].itertuples(index=False, name=None), known.index, strict=True))
        name, keys = _pick(_levels(found, tiles, traits), usable.keys(), by, exhaustive)
        kept += [(usable[key], name) for key in keys]
    picked = rows.loc[[index for index, _ in kept]].assign(breakdown=[name for _, name in kept])
    each = zip(picked["survey"], picked["kind"], picked["age"], strict=True)
    covers = [
        _span(survey, listed[survey], kind in whole, age) if at == "all" else (_band(at),) for survey, kind, at in each
    ]
    picked = picked.assign(covers=pd.Series(covers, index=picked.index, dtype=object))
    rest = rows[~rows.index.isin(picked.index)]
    twice = rest["survey"].isin(picked["survey"])
    ledger = ledger.add(
        rest[twice], "not used again", "the same respondents are in the survey's finest complete breakdown"
    )
    return picked, ledger.add(
        rest[~twice], "excluded", "no complete breakdown of the survey has an n, an SE or an interval"
    )


def _levels(found: pd.DataFrame, bands: tuple[Band, ...], traits: Sequence[str]) -> dict[str, list[str]]:
    """Return the parts into which a survey's figures divide people by each axis; the sum of them first."""
    sexes = set(found["sex"])
    parts = {"sex": ["both", *(["female", "male"] if "both" in sexes else sorted(sexes))]}
    parts["age"] = ["all", *(band.label for band in bands)]
    return parts | {trait: [EVERYBODY, *sorted(set(found[trait]) - {EVERYBODY})] for trait in traits}


def _pick(
    levels: dict[str, list[str]], usable: Collection[tuple[str, ...]], by: Sequence[str], exhaustive: bool
) -> tuple[str, list[tuple[str, ...]]]:
    """Return the finest breakdown of which every part is usable, by name, and its parts (sex, age, *traits).

    exhaustive: of which any is, since the others hold nobody.
    """
    for axes in _breakdowns([axis for axis in by if levels[axis][1:]]):
        parts = list(product(*(of[1:] if axis in axes else of[:1] for axis, of in levels.items())))
        there = [part for part in parts if part in usable]
        if there and (exhaustive or len(there) == len(parts)):
            return named(axes), there
    return "", []


def _breakdowns(by: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Return the ways to divide people by some of the axes, most axes first; of as many, by age first, sex last."""
    order = [axis for axis in ("age", *sorted({*by} - {*PEOPLE}), "sex") if axis in by]
    for size in range(len(order), -1, -1):
        yield from combinations(order, size)


@cache
def _band(age: str) -> Band:
    return parse_band(age)


@cache
def _tiles(bands: tuple[Band, ...], start: float = 0) -> tuple[Band, ...] | None:
    """Return the most bands that hold every age from month `start` on that any holds, each once; None if none do.

    "0-4" is left out where it is a sum of other bands; where only "0-5 months" of it is listed too, that is left out.
    """
    after = [band for band in bands if band.end > start]
    if not after:
        return ()
    if not any(band.lower <= start for band in after):
        return _tiles(bands, min(band.lower for band in after))
    ways = [(band, _tiles(bands, band.end)) for band in after if band.lower == start]
    return max(((band, *rest) for band, rest in ways if rest is not None), key=len, default=None)


def _merged(bands: tuple[Band, ...]) -> tuple[Band, ...]:
    """Return the ages of bands that overlap, each age once."""
    merged: list[Band] = []
    for band in bands:
        last = merged[-1] if merged else band
        if band.lower >= last.end or not merged:
            merged.append(band)
        else:
            merged[-1] = Band(last.lower, max(last, band, key=lambda one: one.end).upper)
    return tuple(merged)


def _span(survey: str, listed: tuple[Band, ...], speaks_for_all: bool, age: str) -> tuple[Band, ...]:
    if listed and not speaks_for_all:
        return listed
    if age == "all":
        raise UncountedError(
            f"The figure of survey '{survey}' for all ages doesn't say which ages those are. "
            'Write them on its card, as age = "15-64".'
        )
    return (_band(age),)
