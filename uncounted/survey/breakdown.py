"""Breakdown: the finest complete way in which a survey's published figures divide its respondents, used once."""

from collections.abc import Sequence

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
    chosen = [_pick(group, by) for _, group in rows.groupby("survey", sort=True)]
    kept = pd.concat([picked for picked, _ in chosen]) if chosen else rows.assign(breakdown="")
    listed = {survey: bands for picked, bands in chosen for survey in picked["survey"].unique()}
    kept["covers"] = [
        (parse_band(row.age),) if row.age != "all" else _span(listed[row.survey], row.kind in whole, age)
        for row in kept.itertuples()
    ]
    rest = rows[~rows.index.isin(kept.index)]
    reported = rest["survey"].isin(kept["survey"])
    ledger = ledger.add(rest[reported], "not used again", "the same respondents are in the survey's finest complete breakdown")
    ledger = ledger.add(rest[~reported], "excluded", "no complete breakdown of the survey has an n, an SE or an interval")
    return kept, ledger


def _pick(survey: pd.DataFrame, by: Sequence[str]) -> tuple[pd.DataFrame, tuple[Band, ...]]:
    bands = _listed(survey)
    ages = {band.label for band in bands}
    sexes = {"female", "male"} if (survey["sex"] == "both").any() else set(survey["sex"])
    usable = survey[survey["usable"]]
    for axes, name in OF.items():
        if not set(axes) <= set(by) or ("age" in axes and not ages):
            continue
        of_sex = usable["sex"].isin(sexes) if "sex" in axes else usable["sex"] == "both"
        of_age = usable["age"].isin(ages) if "age" in axes else usable["age"] == "all"
        picked = usable[of_sex & of_age]
        if len(picked) == (len(sexes) if "sex" in axes else 1) * (len(ages) if "age" in axes else 1):
            return picked.assign(breakdown=name), bands
    return usable.head(0).assign(breakdown=""), bands


def _listed(survey: pd.DataFrame) -> tuple[Band, ...]:
    """Return the survey's finest bands; one that contains another of its bands is a sum of figures, not a band."""
    bands = [parse_band(age) for age in sorted(set(survey["age"]) - {"all"})]
    fine = [band for band in bands if not any(contains(band, other) for other in bands if other != band)]
    return tuple(sorted(fine, key=lambda band: band.lower))


def _span(listed: tuple[Band, ...], speaks_for_all: bool, age: str) -> tuple[Band, ...]:
    return listed if listed and not speaks_for_all else (parse_band(age),)
