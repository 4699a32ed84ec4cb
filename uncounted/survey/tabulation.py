"""Tabulation: the respondents of surveys as the figures that each survey would publish of itself."""

import hashlib
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from uncounted.errors import UncountedError
from uncounted.survey.direct import direct
from uncounted.survey.figures import NUMBERS, SEXES, TEXT, Figures, SurveyCard
from uncounted.survey.ledger import Ledger
from uncounted.survey.respondents import Respondents
from uncounted.survey.totals import cells
from uncounted.world.age import Band, ordered, parse_band
from uncounted.world.population import EVERYBODY
from uncounted.world.table import one_code

PEOPLE = ("sex", "age")
NEEDED = ("country", "year")
MORE = ("source", "definition", "window", "until")


def tabulated(
    respondents: Respondents, outcome: str, by: Sequence[str], single_psu: str | None = None, kish: bool = False
) -> Figures:
    """Return direct estimates by the traits in `by` together, and of each survey as a whole, as a table of figures.

    So microdata and published tables become evidence by one path, with one rule for design effects. Country and year
    must be traits; survey, if there is none, is country and year. With kish, n is (Σw)²/Σw² [Kish 1965, §11.7]. Cells
    of respondents whose sex, age or further trait in `by` is missing go to the ledger.
    """
    for trait in NEEDED:
        _check_has(respondents, trait)
    keys = [trait for trait in ("survey", *NEEDED, *MORE) if trait in respondents.traits]
    parts = [[*keys, *by], keys] if by else [keys]
    rows = pd.concat([_estimated(respondents, part, outcome, single_psu) for part in parts], ignore_index=True)
    rows = rows.assign(respondents=rows["n"], n=rows["n"] / rows["deff_kish"] if kish else rows["n"])
    _check_sexes(rows, respondents.name)
    traits = tuple(axis for axis in by if axis not in PEOPLE)
    table, ledger = _canonical(rows, by, traits)
    digest = hashlib.sha256(table.to_csv(index=False, float_format="%.12g").encode()).hexdigest()
    of = {"title": respondents.name, "kind": "respondents", "file": "", "columns": {}}
    age = "all" if "age" in by else _ages(respondents, outcome)
    card = SurveyCard(**of, outcomes={outcome: outcome}, age=age, traits=traits, mask_below=respondents.mask_below)
    return Figures(respondents.name, card, {outcome: table}, {outcome: ledger}, digest)


def _check_has(respondents: Respondents, trait: str) -> None:
    if trait not in respondents.traits:
        raise UncountedError(
            f"The respondents '{respondents.name}' have no {trait}. Name its column, or give it in "
            f"constants={{'{trait}': …}}."
        )


def _ages(respondents: Respondents, outcome: str) -> str:
    """Return the ages of all respondents as one band; raises UncountedError where they are not one."""
    _check_has(respondents, "age")
    bands = ordered(parse_band(age) for age in cells(respondents, "age", outcome)["age"])
    for young, old in pairwise(bands):
        if old.lower > young.end:
            raise UncountedError(
                f"The respondents '{respondents.name}' are of {young.label} and {old.label}, and of no age between. "
                "Break down by age, as in by=['sex', 'age']."
            )
    return Band(bands[0].lower, max(bands, key=lambda band: band.end).upper).label if bands else "all"


def _estimated(respondents: Respondents, part: Sequence[str], outcome: str, single_psu: str | None) -> pd.DataFrame:
    """Return direct estimates with the weighted number of respondents, Σw, of each domain."""
    weighted = cells(respondents, part, outcome)[[*part, "weighted"]].rename(columns={"weighted": "n_weighted"})
    return direct(respondents, part, outcome, single_psu=single_psu).merge(weighted, on=list(part), validate="1:1")


def _check_sexes(rows: pd.DataFrame, name: str) -> None:
    strange = sorted(set(rows["sex"].dropna()) - {*SEXES[:2]}) if "sex" in rows else []
    if strange:
        told = ", ".join(f"'{sex}'" for sex in strange)
        raise UncountedError(
            f"The respondents '{name}' have the sex {told}, which no population table has. Recode to female and male, "
            "or give codes that mean missing."
        )


def _canonical(rows: pd.DataFrame, by: Sequence[str], traits: Sequence[str]) -> tuple[pd.DataFrame, Ledger]:
    whole = rows[list(by)].isna().all(axis=1) if by else pd.Series(False, index=rows.index)
    rows = rows.rename(columns={"prevalence": "estimate"})
    rows["country"] = one_code(rows["country"])
    rows["survey"] = rows.get("survey", rows["country"] + "-" + rows["year"])
    rows["year"] = rows["year"].astype(float)
    for axis, everybody in {"sex": "both", "age": "all", **dict.fromkeys(traits, EVERYBODY)}.items():
        rows[axis] = rows[axis].where(~whole, everybody) if axis in by else everybody
    missing = {"source": "other", "kind": "", "definition": ""} | dict.fromkeys(NUMBERS, np.nan)
    rows = rows.assign(**{name: value for name, value in missing.items() if name not in rows})
    rows = rows[[*TEXT, *traits, *NUMBERS]]
    rows = rows.astype(dict.fromkeys(NUMBERS, float))
    rows["age"] = [age if age in ("all", None) or pd.isna(age) else parse_band(age).label for age in rows["age"]]
    unknown = rows[["sex", "age", *traits]].isna().any(axis=1)
    rows, ledger = Ledger().split(
        rows, unknown, f"{', '.join(('sex', *traits))} or age of these respondents is missing"
    )
    order = ["country", "year", "survey", "sex", "age", *traits]
    return rows.assign(year=rows["year"].astype(int)).sort_values(order, kind="stable", ignore_index=True), ledger
