"""Breakdown: the finest complete way in which a survey's published figures divide its respondents, used once."""

from collections.abc import Collection, Sequence
from functools import cache

import pandas as pd

from uncounted.survey.ledger import Ledger
from uncounted.world.age import Band, contains, parse_band

OF = {("sex", "age"): "sex × age", ("age",): "age", ("sex",): "sex", (): "national"}


def finest(
    rows: pd.DataFrame, by: Sequence[str], age: str, whole: Sequence[str], ledger: Ledger
) -> tuple[pd.DataFrame, Ledger]:
    """Return the rows of each survey's finest complete breakdown, with columns `breakdown` and `covers` added.

    Complete means: every age band that the survey lists, by both sexes, with an n or an SE in each row (`usable`). A survey
    speaks only for the bands it lists, its rows for all ages too, unless its kind is one of `whole`: those speak for `age`,
    as do surveys that list no band. `covers` is a tuple of Bands. The rest goes to the ledger: the same respondents twice.
    """
    kept, listed = [], {}
    for survey, at in rows.groupby("survey", sort=True).groups.items():
        found = rows.loc[at, ["sex", "age", "usable"]]
        listed[survey] = _listed(set(found["age"]) - {"all"})
        usable = {(row.sex, row.age): row.Index for row in found.itertuples() if row.usable}
        name, keys = _pick(set(found["sex"]), listed[survey], usable.keys(), by)
        kept += [(usable[key], name) for key in keys]
    picked = rows.loc[[index for index, _ in kept]].assign(breakdown=[name for _, name in kept])
    picked["covers"] = [
        (_band(row.age),) if row.age != "all" else _span(listed[row.survey], row.kind in whole, age)
        for row in picked.itertuples()
    ]
    rest = rows[~rows.index.isin(picked.index)]
    twice = rest["survey"].isin(picked["survey"])
    ledger = ledger.add(
        rest[twice], "not used again", "the same respondents are in the survey's finest complete breakdown"
    )
    return picked, ledger.add(
        rest[~twice], "excluded", "no complete breakdown of the survey has an n, an SE or an interval"
    )


def _pick(
    sexes: set[str], bands: tuple[Band, ...], usable: Collection[tuple[str, str]], by: Sequence[str]
) -> tuple[str, list[tuple[str, str]]]:
    """Return the first of sex × age, age, sex, national of which every part is usable, and its parts (sex, age)."""
    both = ["female", "male"] if "both" in sexes else sorted(sexes)
    for axes, name in OF.items():
        if not set(axes) <= set(by) or ("age" in axes and not bands):
            continue
        ages = [band.label for band in bands] if "age" in axes else ["all"]
        parts = [(sex, age) for sex in (both if "sex" in axes else ["both"]) for age in ages]
        if all(part in usable for part in parts):
            return name, parts
    return "", []


@cache
def _band(age: str) -> Band:
    return parse_band(age)


def _listed(ages: set[str]) -> tuple[Band, ...]:
    """Return the survey's finest bands; one that contains another of its bands is a sum of figures, not a band."""
    bands = [_band(age) for age in ages]
    fine = [band for band in bands if not any(contains(band, other) for other in bands if other != band)]
    return tuple(sorted(fine, key=lambda band: band.lower))


def _span(listed: tuple[Band, ...], speaks_for_all: bool, age: str) -> tuple[Band, ...]:
    return listed if listed and not speaks_for_all else (_band(age),)
