"""Rounds: several family surveys as one, in which each country counts once."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from uncounted.errors import UncountedError
from uncounted.interviews.families import CARRIED, Families
from uncounted.interviews.kinship import ADULT
from uncounted.world.age import Band
from uncounted.world.world import World, check_codes, persons

# weights that add up to more than this times the frame, or less than its inverse, count
# no persons
SCALE = 2.0
ALIKE = ("ages", "window_years", "nested", "single_psu")


def together(families: Families | Sequence[Families]) -> Families:
    """Return several surveys as one, each respondent's id under its survey's number."""
    if isinstance(families, Families):
        return families
    if not families:
        raise UncountedError("No family survey is given. Read one: read_families(…).")
    model = families[0]
    for survey in families[1:]:
        for word in ALIKE:
            if getattr(survey, word) != getattr(model, word):
                raise UncountedError(
                    f"'{survey.name}' has another {word} than '{model.name}'. Read them"
                    " alike."
                )
    return replace(
        model,
        name="; ".join(survey.name for survey in families),
        mask_below=max(survey.mask_below for survey in families),
        persons=_concatenated([survey.persons for survey in families], rounds=True),
        events=_concatenated([survey.events for survey in families], rounds=False),
        interviews=_concatenated(
            [survey.interviews for survey in families], rounds=True
        ),
    )


def _concatenated(
    tables: Sequence[pd.DataFrame],
    rounds: bool,
) -> pd.DataFrame:
    """Return tables as one, ids under the table's number.

    rounds: a country surveyed in two of them has a survey's name of each.
    """
    numbered = []
    for i, table in enumerate(tables):
        columns: dict[str, Any] = {"id": f"{i}/" + table["id"]}
        if rounds:
            columns["survey"] = f"{i}/" + table.get("survey", "")
        numbered.append(table.assign(**columns))
    table = pd.concat(numbered, ignore_index=True)
    # where one survey declares what another doesn't
    for role in sorted(set(CARRIED).intersection(table.columns)):
        absent = table["id"] if role == "psu" else "all"
        table[role] = table[role].fillna(absent)
    return table


def averaged(families: Families) -> Families:
    """Return the families with the weights of a country's k rounds divided by k, so
    that it counts once.
    """
    interviews = families.interviews
    if "survey" not in interviews:
        return families
    rounds = interviews.groupby("country")["survey"].nunique()
    if (rounds == 1).all():
        return families
    return replace(
        families,
        persons=_divided(families.persons, rounds),
        interviews=_divided(interviews, rounds),
    )


def _divided(
    table: pd.DataFrame,
    rounds: pd.Series,
) -> pd.DataFrame:
    return table.assign(weight=table["weight"] / table["country"].map(rounds))


def mean_year(families: Families, world: World) -> int:
    """Return the mean year of the interviews; raises UncountedError unless weights and
    countries fit together.
    """
    interviews, where = families.interviews, families.name
    lacking = check_codes(world, interviews["country"].unique(), where)
    by_country = interviews.groupby("country")
    years = by_country["year"].nunique()
    repeated = years.index[years > 1]
    if len(repeated) and "survey" not in interviews:
        raise UncountedError(
            f"{where} has interviews of {min(repeated)} in several years, which would"
            " count its families twice. Say which survey each belongs to."
        )
    year = round(by_country["year"].mean().mean())
    adults = persons(
        world,
        [Band(12 * ADULT, None)],
        year,
        nearest=True,
    )
    frame = adults.sum(["sex", "age"])
    for country, weight in by_country["weight"].sum().items():
        if country in lacking:
            raise UncountedError(
                f"{where}: the population table lacks {country}, so its weights cannot"
                " be checked. Leave it out."
            )
        people = float(frame.sel(country=country))
        if not 1 / SCALE <= weight / people <= SCALE:
            raise UncountedError(
                f"{where}: the weights of {country} add up to {weight:,.0f}, and"
                f" {people:,.0f} people there are {ADULT} or older. Scale them to"
                " persons."
            )
    return year
