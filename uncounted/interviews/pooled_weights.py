"""Pooling: a common scale of weights for estimates over several countries.

p = Σ_c W_c p_c / Σ_c W_c with W_c = Σw of country c is the prevalence of all only if
W_c goes with the country's population. Weights that add up to persons do; weights with
a mean of 1, as many surveys publish them, count countries by their respondents. Two
signs show that they don't go with populations: means that differ more than TENFOLD
between countries, as where one publishes persons and another a mean of 1; and weights
that differ between respondents and have a mean of 1 in each of several countries. There
the user says what they are (`direct`'s scale_to).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from uncounted.errors import UncountedError, did_you_mean
from uncounted.interviews.column import double, identifier, literal
from uncounted.interviews.design import unit
from uncounted.interviews.respondents import Respondents
from uncounted.interviews.source import query
from uncounted.interviews.weighted_totals import replicate_names
from uncounted.world.age import parse_band
from uncounted.world.world import World, persons

type Population = World | Mapping[str, float] | pd.Series

SCALE_TO = ("weights", "population", "equal")
ROUNDS = ("survey", "year")  # traits that tell surveys of one country apart
# Rounds of one country differ in persons per interview, but by less than weights that
# count persons differ from weights with a mean of 1.
TENFOLD = 10.0
NORMALISED = 0.005  # how far from 1 a mean of normalised weights may be
SHOWN = 6  # countries that a sentence names


def on_common_scale(
    respondents: Respondents,
    by: Sequence[str],
    scale_to: str | None,
    population: Population | None,
) -> Respondents:
    """Return respondents with weights that count their countries as `scale_to` says.

    'weights' leaves them unchanged. 'population' makes the weights of each country (in
    each survey and year that `by` tells apart) add up to its persons; 'equal' makes all
    countries' weights add up to the same, with a mean of 1 over all.

    Raises UncountedError, where scale_to is None, for a domain that holds respondents
    of several countries whose weights are of different scales or have a mean of 1, or
    several surveys of one country whose mean weights differ more than TENFOLD; for
    'population' without a population, or without a country of the respondents; and
    where a country has several surveys that `by` doesn't tell apart, since the count of
    each is not declared.
    """
    if scale_to is not None and scale_to not in SCALE_TO:
        raise UncountedError(
            f"scale_to='{scale_to}' is no scale of"
            f" weights.{did_you_mean(scale_to, SCALE_TO)}"
        )
    if population is not None and scale_to != "population":
        raise UncountedError(
            "A population is given and not used. Say scale_to='population', or leave it"
            " out."
        )
    if scale_to is None:
        _refuse_mixture(respondents, by)
    if scale_to in (None, "weights"):
        return respondents
    groups = _groups(respondents, by)
    if scale_to == "equal":
        targets = np.full(len(groups), groups["n"].sum() / len(groups))
    else:
        targets = _targets(respondents, groups, population)
    return _scaled(respondents, groups, targets / groups["weighted"].to_numpy())


def _refuse_mixture(respondents: Respondents, by: Sequence[str]) -> None:
    """Raise UncountedError where domains hold countries, or surveys of a country, whose
    scales are not declared.
    """
    keys = unit(respondents.traits)
    pooled = [key for key in keys if key not in by]
    separate = [key for key in keys if key in by]
    if not _meet(respondents.design.strata, pooled, separate):
        # each domain lies within one survey of one country: no row needs to be read
        return
    sums = _sums(respondents, list(dict.fromkeys([*by, *keys])))
    countries_meet = "country" in keys and _meet(sums, ["country"], by)
    if countries_meet and _of_unlike_scales(respondents, sums):
        raise UncountedError(_unexplained(respondents, sums))
    if "survey" in keys:
        _refuse_rounds(respondents, sums, by)


def _of_unlike_scales(respondents: Respondents, sums: pd.DataFrame) -> bool:
    """Say whether the mean weights of countries differ more than TENFOLD, or are 1 in
    all though weights differ.
    """
    totals = sums.groupby("country")[["weighted", "n"]].sum()
    mean = totals["weighted"] / totals["n"]
    if mean.max() > TENFOLD * mean.min():
        return True
    normalised = bool(((mean - 1).abs() < NORMALISED).all())
    return normalised and respondents.heaviest > 1 + NORMALISED


def _meet(
    table: pd.DataFrame,
    apart: Sequence[str],
    by: Sequence[str],
) -> bool:
    """Say whether rows that differ in `apart` are alike in `by`."""
    if not apart:
        return False
    rows = table[[*dict.fromkeys([*by, *apart])]].drop_duplicates()
    if not by:
        return len(rows) > 1
    return bool(rows.duplicated(list(by)).any())


def _sums(respondents: Respondents, keys: Sequence[str]) -> pd.DataFrame:
    """Return n and Σw (weighted) of all respondents who have the keys and a weight."""
    names = ", ".join(map(identifier, keys))
    have = " AND ".join(
        [*(f"{identifier(key)} IS NOT NULL" for key in keys), "weight > 0"]
    )
    sums = "count(*) AS n, sum(weight) AS weighted"
    sql = (
        f"SELECT {names}, {sums} FROM ({respondents.select}) WHERE {have} GROUP BY ALL"
        f" ORDER BY {names}"
    )
    return query(respondents.source, sql).to_pandas()


def _unexplained(respondents: Respondents, sums: pd.DataFrame) -> str:
    countries = sums.groupby("country")[["weighted", "n"]].sum()
    lines = [
        f"{row.Index} {row.weighted:,.0f} of {row.n:,}"
        for row in countries.head(SHOWN).itertuples()
    ]
    omission = ""
    if len(countries) > SHOWN:
        omission = f" and {len(lines)} of {len(countries)} countries are shown"
    return (
        f"A number for several countries of {respondents.name} depends on what their"
        f" weights add up to. They add up to {', '.join(lines)} respondents{omission}."
        " Say scale_to='weights' if those are persons, 'population' with population=…"
        " to weigh countries by persons, or 'equal'; or put country into by."
    )


def _refuse_rounds(
    respondents: Respondents,
    sums: pd.DataFrame,
    by: Sequence[str],
) -> None:
    """Raise UncountedError where surveys of one country that meet in a domain have
    weights of different scales.
    """
    country = ["country"] if "country" in sums else []
    totals = sums.groupby([*country, "survey"], as_index=False)[["weighted", "n"]].sum()
    totals["mean"] = totals["weighted"] / totals["n"]
    keys = list(dict.fromkeys([*by, *country]))
    domains = sums[list(dict.fromkeys([*keys, "survey"]))]
    domains = domains.merge(totals[[*country, "survey", "mean"]])
    groups = domains.groupby(keys) if keys else [((), domains)]
    for _, rows in groups:
        surveys = rows.sort_values(["mean", "survey"], kind="stable")
        light, heavy = surveys.iloc[0], surveys.iloc[-1]
        if heavy["mean"] > TENFOLD * light["mean"]:
            raise UncountedError(
                f"Weights of survey {light['survey']} in {respondents.name} have a mean"
                f" of {light['mean']:,.3g}, those of {heavy['survey']}"
                f" {heavy['mean']:,.3g}: together, {heavy['survey']} would count for"
                " nearly all. Say scale_to='weights' if they are alike, or put survey"
                " into by."
            )


def _groups(respondents: Respondents, by: Sequence[str]) -> pd.DataFrame:
    """Return n and Σw of each country, in each survey and year that `by` tells
    apart.
    """
    if "country" not in respondents.traits:
        raise UncountedError(
            f"{respondents.name} has no country to scale to. Name its column, or"
            " scale_to='weights'."
        )
    rounds = [name for name in ROUNDS if name in by]
    strata = respondents.design.strata
    if "survey" in strata and "survey" not in by:
        several = strata.groupby("country")["survey"].nunique()
        if (several > 1).any():
            raise UncountedError(
                f"{several.idxmax()} has {several.max()} surveys in {respondents.name},"
                " and it isn't said what each counts. Put survey into by, or read one"
                " survey of each country."
            )
    return _sums(respondents, ["country", *rounds])


def _targets(
    respondents: Respondents,
    groups: pd.DataFrame,
    population: Population | None,
) -> np.ndarray:
    """Return the persons of each row of `groups`; raises UncountedError listing the
    countries without them.
    """
    if population is None:
        raise UncountedError(
            "scale_to='population' needs population=…: persons by iso3, of those whom"
            " the survey is about, or a World."
        )
    if isinstance(population, World):
        return _of_world(respondents, groups, population)
    counts = {str(country): float(count) for country, count in population.items()}
    persons_of = np.array([counts.get(code, np.nan) for code in groups["country"]])
    lacking = groups["country"][~(np.isfinite(persons_of) & (persons_of > 0))]
    if len(lacking):
        raise UncountedError(
            "The population has no number of persons above 0 of"
            f" {', '.join(sorted(set(lacking)))}. Give one."
        )
    return persons_of


def _of_world(
    respondents: Respondents,
    groups: pd.DataFrame,
    world: World,
) -> np.ndarray:
    """Return the world's persons of the sexes, ages and years that were interviewed in
    each row of `groups`.
    """
    for trait in ("age", "year"):
        if trait not in respondents.traits:
            raise UncountedError(
                f"{respondents.name} has no {trait}, so whom of a World it is about"
                " isn't known. Give population as persons by iso3."
            )
    lacking = sorted(set(groups["country"]) - set(world.places.index))
    if lacking:
        raise UncountedError(
            f"The world has no population of {', '.join(lacking)}. Give population by"
            " iso3."
        )
    sexes = ["sex"] if "sex" in respondents.traits else []
    cells = _sums(respondents, ["country", "year", "age", *sexes])
    keys = ["country", "year"] if "year" in groups else ["country"]
    totals = []
    for _, row in groups.iterrows():
        in_group = (cells[keys] == row[keys]).all(axis=1)
        totals.append(_persons_of(world, row["country"], cells[in_group]))
    return np.array(totals)


def _persons_of(
    world: World,
    country: str,
    cells: pd.DataFrame,
) -> float:
    """Return a country's persons in the interviewed cells, in their middle year."""
    year = np.average(cells["year"].astype(float), weights=cells["n"])
    if "sex" not in cells:
        return _persons_aged(world, country, cells["age"], year)
    total = 0.0
    for sex, ages in cells.groupby("sex")["age"]:
        total += _persons_aged(world, country, ages, year, str(sex))
    return total


def _persons_aged(
    world: World,
    country: str,
    ages: pd.Series,
    year: float,
    sex: str = "",
) -> float:
    bands = [parse_band(age) for age in ages.unique()]
    people = persons(world, bands, year, nearest=True).sel(country=country)
    if sex:
        people = people.sel(sex=sex)
    return float(people.sum())


def _scaled(
    respondents: Respondents,
    groups: pd.DataFrame,
    factors: np.ndarray,
) -> Respondents:
    """Return the respondents with every weight, replicates too, multiplied by its
    group's factor.
    """
    keys = [name for name in ("country", *ROUNDS) if name in groups]
    cases = []
    for (_, row), factor in zip(groups.iterrows(), factors, strict=True):
        equal = [f"{identifier(key)} = {literal(row[key])}" for key in keys]
        cases.append(f"WHEN {' AND '.join(equal)} THEN {double(float(factor))}")
    case = f"CASE {' '.join(cases)} END"
    weights = ["weight", *replicate_names(respondents)]
    replaced = ", ".join(f"{weight} * {case} AS {weight}" for weight in weights)
    select = f"SELECT * REPLACE ({replaced}) FROM ({respondents.select})"
    # greatest wants two arguments or more
    largest = ", ".join(f"max(abs({weight}))" for weight in [*weights, "weight"])
    sql = f"SELECT greatest({largest}) AS heaviest FROM ({select})"
    heaviest = query(respondents.source, sql)["heaviest"][0].as_py()
    return replace(
        respondents,
        select=select,
        heaviest=heaviest,
    )
