"""Estimates: the rows of a fit, one for each group, sex, age and level of further
traits.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.errors import UncountedError
from uncounted.infer import totals
from uncounted.infer.backing import IMPUTED, asked, behind, modelled
from uncounted.infer.fit import Fit
from uncounted.infer.own_data import own_data_share
from uncounted.model.vocabulary import PEOPLE
from uncounted.wording.numerals import SHOW
from uncounted.world.grouping import NO_GROUP
from uncounted.world.world import divisions

type Grouping = str | Path | pd.DataFrame | pd.Series

GROUPINGS = ("world", "region", "subregion", "country")
KEYS = ["grouping", "group", "name", *PEOPLE]
STATS = ("median", "mean", "lower", "upper")
PERSONS = ("mean", "median", "lower", "upper")  # the order of their columns
BASIS = [
    "evidence",
    "surveys",
    "respondents",
    "cases",
    "masked",
    "population",
    "own_data_share",
    "note",
]
OVERLAP = (
    "groups overlap: a country counts in each of its own, and they do not sum to the"
    " world"
)


def estimates(
    fit: Fit, groupings: Sequence[Grouping] = GROUPINGS, interval: float = 0.95
) -> pd.DataFrame:
    """Return one row per grouping × group × sex × age (× traits): prevalence
    (proportion), persons, their basis.

    Bounds are equal-tailed quantiles of totals summed draw by draw. evidence and
    surveys are of the row's own people: a country is surveyed if a survey asked some of
    them, else reported from elsewhere if families abroad reported somebody there, else
    imputed; a group is surveyed if at least half of them live in such countries, else
    reported from elsewhere, imputed likewise. respondents, cases and cases_elsewhere
    (reported by families abroad) stand in rows of everybody alone, and are empty where
    they are `masked`. A sex or age that the card does not name under `people` has no
    rows: the model says nothing of it but everybody's number. own_data_share, of
    countries only: 1 − Var(logit p given all data) / Var(logit p given all but the
    country's own) (`own_data.own_data_share`); 0 where imputed.

    A table of your own may have a country in several groups: each group is the sum of
    its countries in every draw, countries in none have no row, and a column `note` says
    that the groups overlap.
    """
    _check_interval(interval)
    of_countries = asked(fit)
    parts = [_grouping(fit, by, of_countries, interval) for by in groupings]
    rows = modelled(fit, pd.concat(parts, ignore_index=True))
    if "note" in rows:
        rows["note"] = rows["note"].fillna("").astype("str")
    return rows


def prevalence(
    fit: Fit, by: Grouping | Sequence[Grouping] = "world", interval: float = 0.95
) -> pd.DataFrame:
    """Return prevalence by one grouping of places and, if named, sex, age and traits,
    in the card's unit.

    by: as ["region", "sex"], or ["region", "migrant"] where the card's people have that
    trait; or your own table of iso3 and group (a path, a DataFrame, a Series by iso3),
    alone or in a list. Groups that overlap: `estimates`.
    """
    rows = _requested_rows(fit, by, interval)
    columns = {f"prevalence_{stat}": stat for stat in STATS}
    numbers = rows[list(columns)].rename(columns=columns)
    numbers = numbers.mul(SHOW[fit.card.show])
    numbers = numbers.assign(
        unit=fit.card.show,
        interval=interval,
    )
    return _labelled(fit, rows, numbers, by)


def affected(
    fit: Fit, by: Grouping | Sequence[Grouping] = "world", interval: float = 0.95
) -> pd.DataFrame:
    """Return persons affected by one grouping of places and, if named, sex, age and
    traits, with intervals.

    by: as of `prevalence`.
    """
    rows = _requested_rows(fit, by, interval)
    columns = {f"persons_{stat}": stat for stat in PERSONS}
    numbers = rows[list(columns)].rename(columns=columns)
    return _labelled(fit, rows, numbers.assign(interval=interval), by)


def _requested_rows(
    fit: Fit, by: Grouping | Sequence[Grouping], interval: float
) -> pd.DataFrame:
    """Return the rows of one grouping, divided by the requested axes alone."""
    axes = _words(by)
    places = _places(fit, by)
    if len(places) > 1:
        names = " and ".join(map(_name, places))
        raise UncountedError(
            f"by= names more than one grouping of places. Ask for {names}"
            " one at a time."
        )
    unknown = [axis for axis in PEOPLE if axis in axes and axis not in fit.card.people]
    if unknown:
        raise UncountedError(
            f"The card names no {' and no '.join(unknown)} under people, so its model"
            " says nothing of it. Ask without it, or add it to the card and fit again."
        )
    rows = estimates(fit, places or ["world"], interval)
    for axis in fit.card.axes:
        rows = rows[(rows[axis] != "all") == (axis in axes)]
    return rows


def _places(fit: Fit, by: Grouping | Sequence[Grouping]) -> list[Grouping]:
    """Return the groupings of places among what is requested."""
    places = []
    for grouping in requested_groupings(by):
        if not isinstance(grouping, str) or grouping not in fit.card.axes:
            places.append(grouping)
    return places


def _name(grouping: Grouping) -> str:
    return str(grouping) if isinstance(grouping, str | Path) else "your own table"


def requested_groupings(by: Grouping | Sequence[Grouping]) -> list[Grouping]:
    """Return the groupings that are requested, one alone or several, as a list."""
    if isinstance(by, str | Path | pd.DataFrame | pd.Series):
        return [by]
    return list(by)


def _words(by: Grouping | Sequence[Grouping]) -> list[str]:
    return [item for item in requested_groupings(by) if isinstance(item, str)]


def of_all_levels(fit: Fit, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of estimates that are of every level of the card's traits beyond
    sex and age, and of any form.
    """
    traits = list(fit.card.axes[2:])
    is_every_level = (rows[traits] == totals.ALL).all(axis=1)
    return rows[is_every_level]


def _labelled(
    fit: Fit,
    rows: pd.DataFrame,
    numbers: pd.DataFrame,
    by: Grouping | Sequence[Grouping],
) -> pd.DataFrame:
    """Return numbers with the keys and the basis of their rows."""
    words = _words(by)
    axes = [axis for axis in fit.card.axes if axis in words]
    keys = rows[["name", *axes]].rename(columns={"name": "group"})
    basis = [column for column in BASIS if column in rows]
    table = pd.concat([keys, numbers, rows[basis]], axis=1)
    return table.reset_index(drop=True)


def _check_interval(interval: float) -> None:
    if not 0 < interval < 1:
        raise UncountedError(
            f"interval={interval} is no probability. Write 0.95 for a 95 % interval."
        )


def _grouping(
    fit: Fit,
    by: Grouping,
    of_countries: xr.Dataset,
    interval: float,
) -> pd.DataFrame:
    """Return the rows of one grouping."""
    parts = []
    for group in divisions(fit.world, by):
        rows = _rows(fit, group, of_countries, interval)
        rows["grouping"] = by if isinstance(by, str) else "own"
        if _by_country(by):
            names = fit.world.places["name"].to_dict()
            rows["name"] = rows["group"].replace(names)
            rows["own_data_share"] = _own_share(fit, rows)
        elif isinstance(by, str) and by == "world" and fit.card.world:
            rows["name"] = fit.card.universe.named()
        parts.append(_ordered(rows, fit.card.axes[2:]))
    return in_one_table(parts)


def in_one_table(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Return the rows of one division of countries, or of several by groups that
    overlap, with a note.
    """
    if len(parts) == 1:
        return parts[0]
    rows = pd.concat(parts, ignore_index=True)
    rows = rows.loc[rows["group"] != NO_GROUP]
    rows = rows.sort_values("group", kind="stable", ignore_index=True)
    notes = rows["note"] if "note" in rows else pd.Series("", rows.index)
    return rows.assign(note=[_with_overlap(note) for note in notes])


def _with_overlap(note: str) -> str:
    return f"{note}; {OVERLAP}" if note else OVERLAP


def _rows(
    fit: Fit,
    group: pd.Series,
    of_countries: xr.Dataset,
    interval: float,
) -> pd.DataFrame:
    """Return the rows of one division of countries: statistics and their basis."""
    keys = ["group", *fit.card.axes]
    people = totals.size(fit.p, fit.people, group)
    people = people.transpose(*keys, ...)
    counts = totals.affected(fit.p, fit.people, group)
    counts = counts.transpose(*keys, ...)
    size = totals.expected(people)
    persons = _summary(counts, interval)
    with np.errstate(invalid="ignore", divide="ignore"):
        if "draw" in people.dims:
            rates = _summary(counts / people, interval)
        else:
            # Of a certain number of people, prevalence is persons divided by it.
            number = size.to_numpy()
            rates = {stat: value / number for stat, value in persons.items()}
    table = xr.Dataset(coords=size.coords)
    for stat in STATS:
        table[f"prevalence_{stat}"] = (keys, rates[stat])
        table[f"persons_{stat}"] = (keys, persons[stat])
    table["population"] = (keys, size.to_numpy())
    rows = table.to_dataframe().reset_index()
    rows = rows.assign(
        interval=interval,
        name=rows["group"],
        own_data_share=np.nan,
    )
    return rows.merge(behind(fit, group, of_countries), on=keys)


def _summary(draws: xr.DataArray, interval: float) -> dict[str, np.ndarray]:
    """Return mean, median and bounds of numbers (…, chain, draw)."""
    flat = draws.to_numpy().reshape(*draws.shape[:-2], -1)
    levels = [(1 - interval) / 2, 0.5, (1 + interval) / 2]
    lower, median, upper = np.quantile(flat, levels, axis=-1)
    mean = flat.mean(axis=-1)
    return {
        "mean": mean,
        "median": median,
        "lower": lower,
        "upper": upper,
    }


def _by_country(by: Grouping) -> bool:
    return isinstance(by, str) and by == "country"


def _own_share(fit: Fit, rows: pd.DataFrame) -> np.ndarray:
    """Return own_data_share of countries' rows, 0 where they are imputed."""
    keys = ["group", *fit.card.axes]
    share = own_data_share(fit).transpose(*keys).to_series()
    of_rows = share.reindex(pd.MultiIndex.from_frame(rows[keys])).to_numpy()
    return np.where(rows["evidence"] == IMPUTED, 0.0, of_rows)


def _ordered(rows: pd.DataFrame, traits: Sequence[str]) -> pd.DataFrame:
    """Return the rows with their columns in order; keys and words are text."""
    stats = [f"prevalence_{stat}" for stat in STATS]
    stats += [f"persons_{stat}" for stat in PERSONS]
    counts = ["surveys", "respondents", "cases", "cases_elsewhere", "masked"]
    basis = ["interval", "evidence", *counts, "population", "own_data_share"]
    keys = [*KEYS, *traits]
    texts = dict.fromkeys([*keys, "evidence", "masked"], "str")
    return rows[[*keys, *stats, *basis]].astype(texts)
