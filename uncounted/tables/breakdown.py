"""Breakdown: the rows of an estimate, one for each component, sum and the total, by
group, sex and age.
"""

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.errors import UncountedError
from uncounted.infer import totals
from uncounted.infer.fit import TOTAL, Fit
from uncounted.infer.totals import expected
from uncounted.leaves.estimate import CELL, HALVES, Estimate, plain, shares
from uncounted.leaves.estimate_card import GROUPS
from uncounted.leaves.leaf import CLASSES
from uncounted.tables.estimates import Grouping, estimates, in_one_table, of_all_levels
from uncounted.world.world import divisions, persons

PLACE = ["group", "sex", "age"]
KEYS = ["leaf", "grouping", "group", "name", "sex", "age"]
STATS = ("median", "mean", "lower", "upper")
NUMBERS = [f"{unit}_{stat}" for unit in ("prevalence", "persons") for stat in STATS]
BASIS = [
    "evidence",
    "country_evidence",
    "surveys",
    "respondents",
    "cases",
    "masked",
    "population",
    "note",
]
NOT_A_PREVALENCE = (
    "a share of a leaf's persons: in no sum, and no prevalence of children"
)


def breakdown(
    estimate: Estimate, groupings: Sequence[Grouping], interval: float = 0.95
) -> pd.DataFrame:
    """Return one row per leaf (total first, then sums) × grouping × group × sex × age:
    persons and prevalence.

    Prevalence is persons over the children, the adults or all people of the group in
    the reference year. persons_print adds up: the mean of every leaf, country, sex and
    age group in whole persons, summed; persons_mean and the other statistics are of
    draws that were summed, of which only the mean adds up. country_evidence is the
    share of a leaf's people, of a sum's persons, in countries with evidence of their
    own on such people: 0 marks rows that rest on other countries alone. The evidence
    class is that of at least half of them; respondents and cases stand in rows of
    everybody alone. Leaves whose model says nothing of sex, or of children and adults,
    and sums with them, have no rows of these. Groups of your own table may overlap, as
    in `estimates`.
    """
    leaves = estimate.leaves.items()
    means = {name: _mean(leaf.persons) for name, leaf in leaves}
    parts = [_grouping(estimate, by, interval, means) for by in groupings]
    rows = pd.concat(parts, ignore_index=True)
    names = [*estimate.names, *(share.name for share in estimate.card.share)]
    order = {name: place for place, name in enumerate(names)}
    return rows.sort_values(
        "leaf", key=lambda column: column.map(order), kind="stable", ignore_index=True
    )


def by_trait(
    estimate: Estimate,
    trait: str,
    groupings: Sequence[Grouping] = ("world",),
    interval: float = 0.95,
) -> pd.DataFrame:
    """Return rows of each leaf apart by a trait of persons, such as migrants and
    others: KEYS and the trait.

    Prevalence is over the group's persons of that level. A ratio of records has the
    traits of the leaf that it is a ratio of, as if services met all alike. Leaves that
    say nothing of the trait, as outside figures, have no rows, so there is no total.
    Raises UncountedError for a trait that no leaf or the population table lacks.
    """
    drawn = {}
    for name, leaf in estimate.leaves.items():
        if trait in leaf.persons.dims:
            drawn[name] = leaf.persons
    year = estimate.card.year
    people = persons(
        estimate.world,
        HALVES,
        year,
        nearest=True,
        traits=[trait],
    )
    people = expected(people).assign_coords(age=list(GROUPS))
    if not drawn:
        raise UncountedError(
            f"No leaf of '{estimate.card.name}' tells persons by '{trait}'. Write it"
            " under `people` of a model card, with its prior."
        )
    parts = []
    for by in groupings:
        division = divisions(estimate.world, by)
        for name, of_traits in drawn.items():
            draws = _of_trait(of_traits, trait)
            tables = []
            for group in division:
                size = totals.population(people, group)
                tables.append(_summarised(draws, size, group, interval))
            rows = in_one_table(tables)
            grouping = by if isinstance(by, str) else "own"
            rows = rows.assign(
                leaf=name,
                grouping=grouping,
                name=rows["group"],
            )
            parts.append(rows)
    table = pd.concat(parts, ignore_index=True).assign(interval=interval)
    columns = [*KEYS, trait, *NUMBERS, "interval", "population"]
    if "note" in table:
        table = table.fillna({"note": ""})
        columns.append("note")
    return table[columns]


def _of_trait(draws: xr.DataArray, trait: str) -> xr.DataArray:
    """Return the sum of draws over all traits but one."""
    traits = [dim for dim in draws.dims if dim not in (*CELL, trait)]
    return draws.sum(traits, dtype=np.float32) if traits else draws


def _grouping(
    estimate: Estimate,
    by: Grouping,
    interval: float,
    means: Mapping[str, xr.DataArray],
) -> pd.DataFrame:
    """Return the rows of one grouping."""
    names = {}
    if isinstance(by, str) and by == "country":
        names = estimate.world.places["name"].to_dict()
    parts = []
    for group in divisions(estimate.world, by):
        rows = _rows(estimate, group, interval, means)
        rows["grouping"] = by if isinstance(by, str) else "own"
        rows["name"] = rows["group"].replace(names)
        parts.append(_ordered(rows))
    return in_one_table(parts)


def _rows(
    estimate: Estimate,
    group: pd.Series,
    interval: float,
    means: Mapping[str, xr.DataArray],
) -> pd.DataFrame:
    """Return the rows of one division of countries, of each component and sum, then of
    each share.
    """
    people = totals.population(estimate.people, group)
    tables = []
    for name in estimate.names:
        rows = _summarised(estimate.persons(name), people, group, interval)
        # Whole persons add up.
        members = estimate.members(name)
        printed = reduce(add, (means[member].round() for member in members))
        rows["persons_print"] = _summed(printed, people, group).ravel()
        rows = rows.merge(_basis(estimate, name, group, means), on=PLACE)
        unknown = _unknown_axes(estimate, name)
        rows = rows[(rows[unknown] == totals.ALL).all(axis=1)]
        tables.append(
            rows.assign(
                leaf=name,
                note="",
            )
        )
    for name, draws in shares(estimate).items():
        rows = _summarised(draws, people, group, interval)
        printed = _mean(draws).round()
        rows["persons_print"] = _summed(printed, people, group).ravel()
        rows = rows.assign(leaf=name, note=NOT_A_PREVALENCE)
        tables.append(
            rows.assign(
                evidence="",
                country_evidence=np.nan,
            )
        )
    return pd.concat(tables, ignore_index=True).assign(interval=interval)


def _unknown_axes(estimate: Estimate, name: str) -> list[str]:
    """Return the axes of persons of which a member of a sum says nothing."""
    axes: dict[str, None] = {}
    for member in estimate.members(name):
        axes |= dict.fromkeys(estimate.leaves[member].unknown)
    return list(axes)


def _mean(draws: xr.DataArray) -> xr.DataArray:
    return plain(draws).mean(["chain", "draw"], dtype=float)


def _summarised(
    draws: xr.DataArray,
    people: xr.DataArray,
    group: pd.Series,
    interval: float,
) -> pd.DataFrame:
    """Return statistics of persons and prevalence, with the population, of each
    group.
    """
    counts = _summed(draws, people, group).reshape(*people.shape, -1)
    levels = [(1 - interval) / 2, 0.5, (1 + interval) / 2]
    lower, median, upper = np.quantile(counts, levels, axis=-1)
    numbers = (median, counts.mean(axis=-1), lower, upper)
    size = people.to_numpy()
    table = xr.Dataset(coords=people.coords)
    for stat, number in zip(STATS, numbers, strict=True):
        with np.errstate(invalid="ignore", divide="ignore"):
            table[f"prevalence_{stat}"] = (people.dims, number / size)
        table[f"persons_{stat}"] = (people.dims, number)
    table["population"] = (people.dims, size)
    return table.to_dataframe(dim_order=list(people.dims)).reset_index()


def _summed(
    persons: xr.DataArray, people: xr.DataArray, group: pd.Series
) -> np.ndarray:
    """Return the sums of persons over each group's countries, in the order of the
    people's dims, then of the draws.
    """
    drawn = [dim for dim in ("chain", "draw") if dim in persons.dims]
    weights = xr.ones_like(
        persons.isel(dict.fromkeys(drawn, 0), drop=True), dtype=float
    )
    sums = totals.affected(persons, weights, group)
    return sums.transpose(*people.dims, *drawn).to_numpy()


def _basis(
    estimate: Estimate,
    name: str,
    group: pd.Series,
    means: Mapping[str, xr.DataArray],
) -> pd.DataFrame:
    """Return evidence class, surveys, respondents, cases and country_evidence of a
    component or sum, by PLACE.

    The class and the surveys are of that row's own people; respondents and cases stand
    in the row of everybody alone.
    """
    tables = [
        _basis_of_leaf(estimate, member, name == member, group, means)
        for member in estimate.members(name)
    ]
    by_place = pd.concat(tables).groupby(level=PLACE)
    weights = by_place[list(CLASSES)].sum()
    total = weights.sum(axis=1).replace(0.0, np.nan)
    share = weights.div(total, axis=0)
    most = share.fillna(0.0).cumsum(axis=1).ge(0.5)
    counts = pd.DataFrame(
        {
            # Components of one survey share respondents.
            "respondents": by_place["respondents"].max(skipna=False),
            "cases": by_place["cases"].sum(skipna=False),
        }
    )
    persons_of = counts.index.to_frame()[["sex", "age"]]
    is_everybody = (persons_of == totals.ALL).all(axis=1)
    table = counts.where(is_everybody, np.nan).assign(
        masked=np.where(is_everybody, _masked(counts), ""),
        surveys=by_place["surveys"].max(),
        evidence=most.assign(imputed=True).idxmax(axis=1),
        country_evidence=1 - share["imputed"],
    )
    return table.reset_index()


def _masked(counts: pd.DataFrame) -> list[str]:
    """Return the names of counts that are masked in each row, or behind its sum."""
    is_masked = counts.isna().to_numpy()
    return [", ".join(counts.columns[row]) for row in is_masked]


def _basis_of_leaf(
    estimate: Estimate,
    name: str,
    is_alone: bool,
    group: pd.Series,
    means: Mapping[str, xr.DataArray],
) -> pd.DataFrame:
    """Return a component's weight in each evidence class and its counts, by PLACE.

    Countries weigh by their people where the component is alone, by its persons in a
    sum.
    """
    leaf = estimate.leaves[name]
    country = estimate.people["country"].to_series()
    persons = estimate.people if is_alone else means[name]
    weight = totals.population(persons, country).to_series()
    table = leaf.behind.reindex(weight.index)
    classes = pd.get_dummies(table["evidence"], dtype=float)
    classes = classes.reindex(
        columns=list(CLASSES),
        fill_value=0.0,
    )
    weights = classes.mul(weight, axis=0)
    rows = weights.join(table[["surveys", "respondents", "cases"]]).reset_index()
    rows["group"] = rows["group"].map(group)
    return rows.groupby(PLACE).sum(skipna=False)


def _ordered(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with their columns in order; keys and words are text."""
    texts = dict.fromkeys([*KEYS, "evidence", "masked", "note"], "str")
    columns = [*KEYS, *NUMBERS, "persons_print", "interval", *BASIS]
    rows = rows.assign(masked=rows["masked"].fillna(""))
    return rows[columns].astype(texts)


def together(
    result: Fit | Estimate, groupings: Sequence[Grouping], interval: float = 0.95
) -> pd.DataFrame:
    """Return the rows of a fit, of all levels of further traits, or the rows of an
    estimate's total.
    """
    if isinstance(result, Fit):
        return of_all_levels(result, estimates(result, groupings, interval))
    rows = shown(result, breakdown(result, groupings, interval))
    return rows[rows["leaf"] == totals.ALL]


def shown(estimate: Estimate, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `breakdown` that a report adds up: the total, as all
    components, and each component once.
    """
    added = rows[rows["leaf"].isin([TOTAL, *estimate.leaves])]
    added = added.drop(columns=["persons_print", "note"]).assign(
        leaf=added["leaf"].replace({TOTAL: totals.ALL}),
        cases_elsewhere=0.0,
        own_data_share=np.nan,
    )
    return added.reset_index(drop=True)
