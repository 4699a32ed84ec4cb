"""Tabulation: the respondents of surveys as the figures that each survey would publish
of itself.
"""

import hashlib
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from uncounted.errors import UncountedError
from uncounted.figures.figure_card import NUMBERS, TEXT, SurveyCard
from uncounted.figures.figure_table import HALVES, INTERVAL, SEXES, Figures
from uncounted.figures.identity import distinct
from uncounted.figures.ledger import Ledger
from uncounted.figures.partition import KEPT
from uncounted.interviews.absence import left_out
from uncounted.interviews.direct import direct
from uncounted.interviews.respondents import Respondents
from uncounted.interviews.weighted_totals import cells
from uncounted.world.age import Band, ordered, parse_band
from uncounted.world.population import EVERYBODY
from uncounted.world.table import one_code

PEOPLE = ("sex", "age")
NEEDED = ("country", "year")
# with survey and country: which respondents were asked alike
ASKED = ("source", "definition", "window", "series")
# columns: the bands that a survey asked of each sex
AGES = {"female": "ages_female", "male": "ages_male"}
FATE = ["country", "year", "survey", "sex", "age"]
# begins the columns that identify a survey, as the respondents have them
KEY = "key "
ABSENT = {
    "source": "other",
    "kind": "",
    "definition": "",
    "series": "",
}
# bounds of direct estimates say nothing that their SEs don't, and nothing is rounded
EXACT = dict.fromkeys(["lower", "upper", *INTERVAL], np.nan)
EXACT |= dict.fromkeys(HALVES, 0.0) | {"interval_method": ""}


def tabulated(
    respondents: Respondents,
    outcome: str,
    by: Sequence[str],
    single_psu: str | None = None,
    kish: bool = False,
) -> Figures:
    """Return direct estimates by the traits in `by` together, and of each survey as a
    whole, as a table of figures.

    So microdata and published tables become evidence by one path, with one rule for
    design effects. Country and year must be traits; a survey is its id and country,
    several years its fieldwork; where there is no survey, it is country and year. With
    kish, n is (Σw)²/Σw² [Kish 1965, §11.7]. Where `by` is missing of more than one
    respondent in fifty of a survey, there are estimates by each part of `by` too. AGES
    are the ages that a survey asked of each sex. Respondents without an answer, a
    weight or what tells their survey go to the ledger, with why.
    """
    needed = NEEDED if "age" in by else (*NEEDED, "age")
    for trait in needed:
        _check_has(respondents, trait)
    keys = _keys(respondents)
    rows = _estimates(respondents, keys, by, outcome, single_psu)
    rows = rows.assign(respondents=rows["n"])
    if kish:
        rows["n"] = rows["n"] / rows["deff_kish"]
    _check_sexes(rows, respondents.name)
    for key in keys:
        rows[f"{KEY}{key}"] = rows[key]
    traits = tuple(axis for axis in by if axis not in PEOPLE)
    table = _canonical(
        _dated(rows, respondents, keys, outcome),
        by,
        traits,
    )
    table = _with_ages(table, respondents, keys, outcome)
    table = distinct(table, [*PEOPLE, *traits])
    table = table.sort_values(
        [*FATE, *traits],
        kind="stable",
        ignore_index=True,
    )
    text = table.to_csv(index=False, float_format="%.12g")
    ledger = Ledger()
    for why, lines in left_out(respondents, outcome, keys):
        ledger = ledger.add(lines, "excluded", why)
    card = SurveyCard(
        title=respondents.name,
        kind="respondents",
        file="",
        columns={},
        outcomes={outcome: outcome},
        traits=traits,
        mask_below=respondents.mask_below,
    )
    return Figures(
        name=respondents.name,
        card=card,
        tables={outcome: table},
        ledgers={outcome: ledger},
        digest=hashlib.sha256(text.encode()).hexdigest(),
    )


def _estimates(
    respondents: Respondents,
    keys: list[str],
    by: Sequence[str],
    outcome: str,
    single_psu: str | None,
) -> pd.DataFrame:
    """Return direct estimates by all of `by` and of each survey as a whole; by each
    part of `by` too, where it is missing of many.
    """
    breakdowns = [[*by], []] if by else [[]]
    tables = [
        _estimated(respondents, [*keys, *axes], outcome, single_psu)
        for axes in breakdowns
    ]
    if _many_missing(pd.concat(tables), keys, by):
        for size in range(1, len(by)):
            for axes in combinations(by, size):
                part = [*keys, *axes]
                tables.append(_estimated(respondents, part, outcome, single_psu))
    return pd.concat(tables, ignore_index=True)


def _keys(respondents: Respondents) -> list[str]:
    """Return the traits that identify a survey, or one part of it."""
    survey = ("survey", "country") if "survey" in respondents.traits else NEEDED
    return [trait for trait in (*survey, *ASKED) if trait in respondents.traits]


def _many_missing(
    rows: pd.DataFrame,
    keys: list[str],
    by: Sequence[str],
) -> bool:
    """Say whether `by` is missing of so many respondents of a survey that its cells
    can't stand for it.
    """
    if len(by) < 2:
        return False
    undivided = rows[list(by)].isna().all(axis=1)
    surveys = rows[keys].assign(
        placed=rows["n"].mask(undivided, 0.0),
        total=rows["n"].where(undivided, 0.0),
    )
    sums = surveys.groupby(keys, dropna=False).sum()
    return bool((sums["placed"] < KEPT * sums["total"]).any())


def _check_has(respondents: Respondents, trait: str) -> None:
    if trait not in respondents.traits:
        raise UncountedError(
            f"The respondents '{respondents.name}' have no {trait}. Name its column, or"
            f" give it in constants={{'{trait}': …}}."
        )


def _estimated(
    respondents: Respondents,
    part: Sequence[str],
    outcome: str,
    single_psu: str | None,
) -> pd.DataFrame:
    """Return direct estimates with the weighted number of respondents, Σw, of each
    domain.
    """
    estimates = direct(respondents, part, outcome, single_psu=single_psu)
    weighted = cells(respondents, part, outcome)[[*part, "weighted"]]
    weighted = weighted.rename(columns={"weighted": "n_weighted"})
    return estimates.merge(
        weighted,
        on=list(part),
        validate="1:1",
    )


def _dated(
    rows: pd.DataFrame,
    respondents: Respondents,
    keys: list[str],
    outcome: str,
) -> pd.DataFrame:
    """Add the first year of each survey's fieldwork and, where it went on, the last:
    `until`.
    """
    dates = [trait for trait in ("year", "until") if trait in respondents.traits]
    spans = cells(
        respondents,
        list(dict.fromkeys([*keys, *dates])),
        outcome,
    )
    years = spans[dates].astype(float)
    spans = spans[keys].assign(
        begin=years["year"],
        end=years.max(axis=1),
    )
    spans = spans.groupby(keys, sort=False).agg({"begin": "min", "end": "max"})
    rows = rows.merge(
        spans.reset_index(),
        on=keys,
        how="left",
        validate="m:1",
    )
    until = rows["end"].where(rows["end"] > rows["begin"])
    return rows.assign(
        year=rows["begin"],
        until=until,
    )


def _with_ages(
    table: pd.DataFrame,
    respondents: Respondents,
    keys: list[str],
    outcome: str,
) -> pd.DataFrame:
    """Add the ages that each part of a survey asked of each sex."""
    if "age" not in respondents.traits:
        return table.assign(**dict.fromkeys(AGES.values(), None))
    by_sex = "sex" in respondents.traits
    traits = [*keys, "sex", "age"] if by_sex else [*keys, "age"]
    sampled = cells(respondents, traits, outcome)
    sampled = sampled.loc[sampled["n"] > 0]
    key_columns = [f"{KEY}{key}" for key in keys]
    labels = list(table[key_columns].itertuples(index=False, name=None))
    for sex, column in AGES.items():
        rows = sampled.loc[sampled["sex"] == sex] if by_sex else sampled
        ages: dict[tuple, list[Band]] = {}
        for *key, age in rows[[*keys, "age"]].itertuples(index=False, name=None):
            ages.setdefault(tuple(key), []).append(parse_band(age))
        bands = [ordered(ages.get(label, ())) for label in labels]
        table[column] = pd.Series(
            bands,
            table.index,
            dtype=object,
        )
    return table.drop(columns=key_columns)


def _check_sexes(rows: pd.DataFrame, name: str) -> None:
    if "sex" not in rows:
        return
    strange = sorted(set(rows["sex"].dropna()) - {*SEXES[:2]})
    if strange:
        listed = ", ".join(f"'{sex}'" for sex in strange)
        raise UncountedError(
            f"The respondents '{name}' have the sex {listed}, which no population table"
            " has. Recode to female and male, or give codes that mean missing."
        )


def _canonical(
    rows: pd.DataFrame,
    by: Sequence[str],
    traits: Sequence[str],
) -> pd.DataFrame:
    keys = [str(column) for column in rows if str(column).startswith(KEY)]
    rows = rows.rename(columns={"prevalence": "estimate"}).assign(psus=rows["df"] + 1)
    rows["country"] = one_code(rows["country"])
    if "survey" not in rows:
        rows["survey"] = rows["country"] + "-" + rows["year"].astype(int).astype("str")
    everybody = {"sex": "both", "age": "all"} | dict.fromkeys(traits, EVERYBODY)
    for axis, level in everybody.items():
        rows[axis] = rows[axis].fillna(level) if axis in by else level
    for column, value in (dict.fromkeys(NUMBERS, np.nan) | ABSENT).items():
        if column not in rows:
            rows[column] = value
    labels = {
        age: parse_band(age).label for age in rows["age"].unique() if age != "all"
    }
    rows["age"] = rows["age"].replace(labels)
    rows = rows.assign(**EXACT)
    rows = rows[[*TEXT, *traits, *NUMBERS, *HALVES, *INTERVAL, *keys]]
    return rows.astype(dict.fromkeys(NUMBERS, float) | {"year": int})
