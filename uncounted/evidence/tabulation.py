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
ASKED = (
    "source",
    "definition",
    "window",
    "series",
)  # with survey and country: who was asked alike
AGES = {
    "female": "ages_female",
    "male": "ages_male",
}  # columns: the bands that a survey asked of each sex
FATE = ["country", "year", "survey", "sex", "age"]
# begins the columns of what tells one survey from another, as the respondents have it
KEY = "key "


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
    for trait in NEEDED:
        _check_has(respondents, trait)
    if "age" not in by:
        _check_has(respondents, "age")
    keys = _keys(respondents)
    rows = pd.concat(
        [
            _estimated(respondents, part, outcome, single_psu)
            for part in _parts(keys, by)
        ]
    )
    if _many_missing(rows, keys, by):
        margins = [
            [*keys, *axes]
            for size in range(1, len(by))
            for axes in combinations(by, size)
        ]
        rows = pd.concat(
            [
                rows,
                *(
                    _estimated(respondents, part, outcome, single_psu)
                    for part in margins
                ),
            ]
        )
    rows = rows.reset_index(drop=True)
    rows = rows.assign(
        respondents=rows["n"], n=rows["n"] / rows["deff_kish"] if kish else rows["n"]
    )
    _check_sexes(rows, respondents.name)
    rows = rows.assign(**{f"{KEY}{key}": rows[key] for key in keys})
    traits = tuple(axis for axis in by if axis not in PEOPLE)
    table = _canonical(_dated(rows, respondents, keys, outcome), by, traits)
    table = _with_ages(table, respondents, keys, outcome)
    table = distinct(table, [*PEOPLE, *traits])
    table = table.sort_values([*FATE, *traits], kind="stable", ignore_index=True)
    digest = hashlib.sha256(
        table.to_csv(index=False, float_format="%.12g").encode()
    ).hexdigest()
    about = {
        "title": respondents.name,
        "kind": "respondents",
        "file": "",
        "columns": {},
    }
    card = SurveyCard(
        **about,
        outcomes={outcome: outcome},
        traits=traits,
        mask_below=respondents.mask_below,
    )
    ledger = Ledger()
    for why, lines in left_out(respondents, outcome, keys):
        ledger = ledger.add(lines, "excluded", why)
    return Figures(respondents.name, card, {outcome: table}, {outcome: ledger}, digest)


def _keys(respondents: Respondents) -> list[str]:
    """Return the traits that tell one survey, or one part of it, from another's."""
    own = ("survey", "country") if "survey" in respondents.traits else NEEDED
    return [trait for trait in (*own, *ASKED) if trait in respondents.traits]


def _parts(keys: list[str], by: Sequence[str]) -> list[list[str]]:
    return [[*keys, *by], keys] if by else [keys]


def _many_missing(rows: pd.DataFrame, keys: list[str], by: Sequence[str]) -> bool:
    """Say whether `by` is missing of so many respondents of a survey that its cells
    can't stand for it.
    """
    if len(by) < 2:
        return False
    whole = rows[list(by)].isna().all(axis=1)
    asked = rows.loc[whole].groupby(keys, dropna=False)["n"].sum()
    placed = (
        rows.loc[~whole]
        .groupby(keys, dropna=False)["n"]
        .sum()
        .reindex(asked.index)
        .fillna(0.0)
    )
    return bool((placed < KEPT * asked).any())


def _check_has(respondents: Respondents, trait: str) -> None:
    if trait not in respondents.traits:
        raise UncountedError(
            f"The respondents '{respondents.name}' have no {trait}. Name its column, or"
            f" give it in constants={{'{trait}': …}}."
        )


def _estimated(
    respondents: Respondents, part: Sequence[str], outcome: str, single_psu: str | None
) -> pd.DataFrame:
    """Return direct estimates with the weighted number of respondents, Σw, of each
    domain.
    """
    weighted = cells(respondents, part, outcome)[[*part, "weighted"]].rename(
        columns={"weighted": "n_weighted"}
    )
    return direct(respondents, part, outcome, single_psu=single_psu).merge(
        weighted, on=list(part), validate="1:1"
    )


def _dated(
    rows: pd.DataFrame, respondents: Respondents, keys: list[str], outcome: str
) -> pd.DataFrame:
    """Add the first year of each survey's fieldwork and, where it went on, the last:
    `until`.
    """
    dates = [trait for trait in ("year", "until") if trait in respondents.traits]
    found = cells(
        respondents, [*keys, *(date for date in dates if date not in keys)], outcome
    )
    years = found[dates].astype(float)
    spans = found[[key for key in keys if key != "year"]].assign(
        first=years["year"], last=years.max(axis=1)
    )
    if "year" in keys:
        spans["year"] = found["year"]
    by = spans.groupby(keys, sort=False)
    spans = by.agg(first=("first", "min"), last=("last", "max")).reset_index()
    rows = rows.merge(spans, on=keys, how="left", validate="m:1")
    return rows.assign(
        year=rows["first"], until=rows["last"].where(rows["last"] > rows["first"])
    )


def _with_ages(
    table: pd.DataFrame, respondents: Respondents, keys: list[str], outcome: str
) -> pd.DataFrame:
    """Add the ages that each part of a survey asked of each sex."""
    if "age" not in respondents.traits:
        return table.assign(**dict.fromkeys(AGES.values(), None))
    by_sex = "sex" in respondents.traits
    asked = cells(respondents, [*keys, *(["sex"] if by_sex else []), "age"], outcome)
    asked = asked.loc[asked["n"] > 0]
    bands = asked.assign(band=asked["age"].map(parse_band))
    labels = list(zip(*(table[f"{KEY}{key}"] for key in keys), strict=True))
    for sex, column in AGES.items():
        of_sex = bands.loc[bands["sex"] == sex] if by_sex else bands
        held: dict[tuple, tuple[Band, ...]] = {}
        for row in of_sex[[*keys, "band"]].itertuples(index=False, name=None):
            held[row[:-1]] = ordered((*held.get(row[:-1], ()), row[-1]))
        table[column] = pd.Series(
            [held.get(label, ()) for label in labels], table.index, dtype=object
        )
    return table.drop(columns=[f"{KEY}{key}" for key in keys])


def _check_sexes(rows: pd.DataFrame, name: str) -> None:
    strange = sorted(set(rows["sex"].dropna()) - {*SEXES[:2]}) if "sex" in rows else []
    if strange:
        listed = ", ".join(f"'{sex}'" for sex in strange)
        raise UncountedError(
            f"The respondents '{name}' have the sex {listed}, which no population table"
            " has. Recode to female and male, or give codes that mean missing."
        )


def _canonical(
    rows: pd.DataFrame, by: Sequence[str], traits: Sequence[str]
) -> pd.DataFrame:
    keys = {str(column): rows[column] for column in rows if str(column).startswith(KEY)}
    rows = rows.rename(columns={"prevalence": "estimate"}).assign(psus=rows["df"] + 1)
    rows["country"] = one_code(rows["country"])
    if "survey" not in rows:
        rows["survey"] = rows["country"] + "-" + rows["year"].astype(int).astype("str")
    for axis, everybody in {
        "sex": "both",
        "age": "all",
        **dict.fromkeys(traits, EVERYBODY),
    }.items():
        rows[axis] = rows[axis].fillna(everybody) if axis in by else everybody
    absent = {
        "source": "other",
        "kind": "",
        "definition": "",
        "series": "",
    } | dict.fromkeys(NUMBERS, np.nan)
    rows = rows.assign(
        **{name: value for name, value in absent.items() if name not in rows}
    )
    # bounds of direct estimates say nothing that their SEs don't
    rows = rows.assign(lower=np.nan, upper=np.nan)
    rows = rows[[*TEXT, *traits, *NUMBERS]].astype(dict.fromkeys(NUMBERS, float))
    rows["age"] = [
        age if age == "all" else parse_band(age).label for age in rows["age"]
    ]
    exact = dict.fromkeys(HALVES, 0.0) | dict(
        zip(INTERVAL, (np.nan, np.nan, ""), strict=True)
    )
    return rows.assign(year=rows["year"].astype(int), **exact, **keys)
