"""Breakdown: the rows of an estimate, one for each leaf, sum and the total, by group,
sex and age.
"""

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.errors import UncountedError
from uncounted.infer import totals
from uncounted.infer.fit import Fit
from uncounted.infer.totals import expected
from uncounted.leaves.estimate import CELL, HALVES, Estimate, plain, shares
from uncounted.leaves.estimate_card import GROUPS, TOTAL
from uncounted.leaves.leaf import CLASSES
from uncounted.tables.estimates import Grouping, estimates, in_one_table, of_all_levels
from uncounted.world.world import divisions, persons

PLACE = ["group", "sex", "age"]
KEYS = ["leaf", "grouping", "group", "name", "sex", "age"]
STATS = ("median", "mean", "lower", "upper")
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
    means = {name: _mean(leaf.persons) for name, leaf in estimate.leaves.items()}
    parts = [_grouping(estimate, by, interval, means) for by in groupings]
    rows = pd.concat(parts, ignore_index=True)
    order = {
        name: i
        for i, name in enumerate(
            (*estimate.names, *(one.name for one in estimate.card.share))
        )
    }
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
    found = {
        name: leaf.persons
        for name, leaf in estimate.leaves.items()
        if trait in leaf.persons.dims
    }
    people = expected(
        persons(
            estimate.world, HALVES, estimate.card.year, nearest=True, traits=[trait]
        )
    )
    if not found:
        raise UncountedError(
            f"No leaf of '{estimate.card.name}' tells persons by '{trait}'. Write it"
            " under `people` of a model card, with its prior."
        )
    parts = []
    for by in groupings:
        division = divisions(estimate.world, by)
        for name, draws in found.items():
            others = [dim for dim in draws.dims if dim not in (*CELL, trait)]
            whole = draws.sum(others, dtype=np.float32) if others else draws
            sized = people.assign_coords(age=list(GROUPS))
            rows = in_one_table(
                [
                    _summarised(
                        whole, None, totals.population(sized, group), group, interval
                    )
                    for group in division
                ]
            )
            parts.append(
                rows.assign(
                    leaf=name,
                    grouping=by if isinstance(by, str) else "own",
                    name=rows["group"],
                )
            )
    table = pd.concat(parts, ignore_index=True).assign(interval=interval)
    stats = [f"{what}_{stat}" for what in ("prevalence", "persons") for stat in STATS]
    note = ["note"] if "note" in table else []
    return table.fillna(dict.fromkeys(note, ""))[
        [*KEYS, trait, *stats, "interval", "population", *note]
    ]


def _grouping(
    estimate: Estimate, by: Grouping, interval: float, means: Mapping[str, xr.DataArray]
) -> pd.DataFrame:
    division = divisions(estimate.world, by)
    return in_one_table(
        [_rows(estimate, by, group, interval, means) for group in division]
    )


def _rows(
    estimate: Estimate,
    by: Grouping,
    group: pd.Series,
    interval: float,
    means: Mapping[str, xr.DataArray],
) -> pd.DataFrame:
    people = totals.population(estimate.people, group)
    names = (
        estimate.world.places["name"].to_dict()
        if isinstance(by, str) and by == "country"
        else {}
    )
    told = []
    for name in estimate.names:
        in_print = reduce(
            add, (means[leaf].round() for leaf in estimate.members(name))
        )  # whole persons add up
        rows = _summarised(estimate.persons(name), in_print, people, group, interval)
        rows = rows.merge(_behind(estimate, name, group, means), on=PLACE).assign(
            leaf=name, note=""
        )
        unknown = {
            axis
            for leaf in estimate.members(name)
            for axis in estimate.leaves[leaf].unknown
        }
        told.append(rows[(rows[list(unknown)] == totals.ALL).all(axis=1)])
    for name, drawn in shares(estimate).items():
        rows = _summarised(drawn, _mean(drawn).round(), people, group, interval)
        told.append(
            rows.assign(
                leaf=name, note=NOT_A_PREVALENCE, evidence="", country_evidence=np.nan
            )
        )
    grouping = by if isinstance(by, str) else "own"
    rows = pd.concat(told, ignore_index=True)
    return _ordered(
        rows.assign(
            grouping=grouping, interval=interval, name=rows["group"].replace(names)
        )
    )


def _mean(draws: xr.DataArray) -> xr.DataArray:
    return plain(draws).mean(["chain", "draw"], dtype=float)


def _summarised(
    draws: xr.DataArray,
    printed: xr.DataArray | None,
    people: xr.DataArray,
    group: pd.Series,
    interval: float,
) -> pd.DataFrame:
    one = xr.ones_like(draws.isel(chain=0, draw=0, drop=True), dtype=float)
    summed = totals.affected(draws, one, group).transpose(*people.dims, "chain", "draw")
    counts = summed.to_numpy().reshape(*people.shape, -1)
    low, middle, high = np.quantile(
        counts, [(1 - interval) / 2, 0.5, (1 + interval) / 2], axis=-1
    )
    stats = dict(zip(STATS, (middle, counts.mean(axis=-1), low, high), strict=True))
    n = people.to_numpy()
    with np.errstate(invalid="ignore", divide="ignore"):
        columns = {f"prevalence_{stat}": value / n for stat, value in stats.items()}
    columns |= {f"persons_{stat}": value for stat, value in stats.items()}
    columns |= {"population": n}
    if printed is not None:
        columns["persons_print"] = (
            totals.affected(printed, one, group).transpose(*people.dims).to_numpy()
        )
    frame = xr.Dataset(
        {key: (people.dims, value) for key, value in columns.items()},
        coords=people.coords,
    )
    return frame.to_dataframe().reset_index()


def _behind(
    estimate: Estimate, name: str, group: pd.Series, means: Mapping[str, xr.DataArray]
) -> pd.DataFrame:
    """Return evidence class, surveys, respondents, cases and country_evidence of a leaf
    or sum, by PLACE.

    The class and the surveys are of that row's own people; respondents and cases stand
    in the row of everybody alone.
    """
    country, classes = estimate.people["country"].to_series(), list(CLASSES)
    summed = []
    for leaf in (estimate.leaves[member] for member in estimate.members(name)):
        persons = estimate.people if name == leaf.name else means[leaf.name]
        weight = totals.population(persons, country).to_series()
        table = leaf.behind.reindex(weight.index)
        of_class = pd.get_dummies(table["evidence"], dtype=float).reindex(
            columns=classes, fill_value=0.0
        )
        told = (
            of_class.mul(weight, axis=0)
            .join(table[["surveys", "respondents", "cases"]])
            .reset_index()
        )
        summed.append(
            told.assign(group=told["group"].map(group)).groupby(PLACE).sum(skipna=False)
        )
    by = pd.concat(summed).groupby(level=PLACE)
    weights = by[classes].sum()
    share = weights.div(weights.sum(axis=1).replace(0.0, np.nan), axis=0)
    word = share.fillna(0.0).cumsum(axis=1).ge(0.5).assign(imputed=True).idxmax(axis=1)
    # leaves of one survey share respondents
    counts = (
        by["respondents"]
        .max(skipna=False)
        .to_frame()
        .join(by["cases"].sum(skipna=False))
    )
    hidden = [
        ", ".join(counts.columns[row]) for row in counts.isna().to_numpy()
    ]  # a count behind the sum is masked
    whole = (counts.index.to_frame()[["sex", "age"]] == totals.ALL).all(axis=1)
    told = counts.where(whole, np.nan).assign(
        masked=np.where(whole, hidden, ""), surveys=by["surveys"].max()
    )
    return told.assign(
        evidence=word, country_evidence=1 - share["imputed"]
    ).reset_index()


def _ordered(rows: pd.DataFrame) -> pd.DataFrame:
    stats = [f"{what}_{stat}" for what in ("prevalence", "persons") for stat in STATS]
    rest = [
        "persons_print",
        "interval",
        "evidence",
        "country_evidence",
        "surveys",
        "respondents",
        "cases",
        "masked",
        "population",
        "note",
    ]
    texts = dict.fromkeys([*KEYS, "evidence", "masked", "note"], "str")
    return rows.assign(masked=rows["masked"].fillna(""))[[*KEYS, *stats, *rest]].astype(
        texts
    )


def together(
    of: Fit | Estimate, groupings: Sequence[Grouping], interval: float = 0.95
) -> pd.DataFrame:
    """Return the rows of a fit, of all levels of further traits, or those of an
    estimate's leaves added up.
    """
    if isinstance(of, Fit):
        return of_all_levels(of, estimates(of, groupings, interval))
    rows = shown(of, breakdown(of, groupings, interval))
    return rows[rows["leaf"] == totals.ALL]


def shown(estimate: Estimate, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `breakdown` that a report adds up: the total, as all leaves,
    and each leaf once.
    """
    kept = rows[rows["leaf"].isin([TOTAL, *estimate.leaves])].drop(
        columns=["persons_print", "note"]
    )
    leaf = kept["leaf"].replace({TOTAL: totals.ALL})
    missing = {"cases_elsewhere": 0.0, "own_data_share": np.nan}
    return kept.assign(leaf=leaf, **missing).reset_index(drop=True)
