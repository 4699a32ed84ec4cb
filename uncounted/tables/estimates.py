"""Tables: the estimates of a fit, one row for each group, sex, age and level of further
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
from uncounted.world.grouping import NO_GROUP
from uncounted.world.world import divisions

type Grouping = str | Path | pd.DataFrame | pd.Series

GROUPINGS = ("world", "region", "subregion", "country")
KEYS = ["grouping", "group", "name", *PEOPLE]
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
    return (
        rows.assign(note=rows["note"].fillna("").astype("str"))
        if "note" in rows
        else rows
    )


def prevalence(
    fit: Fit, by: Grouping | Sequence[Grouping] = "world", interval: float = 0.95
) -> pd.DataFrame:
    """Return prevalence by one grouping of places and, if named, sex, age and traits,
    in the card's unit.

    by: as ["region", "sex"], or ["region", "migrant"] where the card's people have that
    trait; or your own table of iso3 and group (a path, a DataFrame, a Series by iso3),
    alone or in a list. Groups that overlap: `estimates`.
    """
    rows = _asked(fit, by, interval)
    unit = 100.0 if fit.card.show == "percent" else 1000.0
    names = {
        f"prevalence_{stat}": stat for stat in ("median", "mean", "lower", "upper")
    }
    shown = rows[list(names)].mul(unit).rename(columns=names)
    return _labelled(fit, rows, shown.assign(unit=fit.card.show, interval=interval), by)


def affected(
    fit: Fit, by: Grouping | Sequence[Grouping] = "world", interval: float = 0.95
) -> pd.DataFrame:
    """Return persons affected by one grouping of places and, if named, sex, age and
    traits, with intervals.

    by: as of `prevalence`.
    """
    rows = _asked(fit, by, interval)
    names = {f"persons_{stat}": stat for stat in ("mean", "median", "lower", "upper")}
    return _labelled(
        fit, rows, rows[list(names)].rename(columns=names).assign(interval=interval), by
    )


def _asked(
    fit: Fit, by: Grouping | Sequence[Grouping], interval: float
) -> pd.DataFrame:
    requested = requested_groupings(by)
    words = _words(by)
    places = [
        item
        for item in requested
        if not isinstance(item, str) or item not in fit.card.axes
    ]
    if len(places) > 1:
        names = [
            str(item) if isinstance(item, str | Path) else "your own table"
            for item in places
        ]
        raise UncountedError(
            f"by= names more than one grouping of places. Ask for {' and '.join(names)}"
            " one at a time."
        )
    unknown = [axis for axis in PEOPLE if axis in words and axis not in fit.card.people]
    if unknown:
        raise UncountedError(
            f"The card names no {' and no '.join(unknown)} under people, so its model"
            " says nothing of it. Ask without it, or add it to the card and fit again."
        )
    rows = estimates(fit, places or ["world"], interval)
    for axis in fit.card.axes:
        rows = rows[(rows[axis] != "all") == (axis in words)]
    return rows


def requested_groupings(by: Grouping | Sequence[Grouping]) -> list[Grouping]:
    """Return the groupings that are requested, one alone or several, as a list."""
    return [by] if isinstance(by, str | Path | pd.DataFrame | pd.Series) else list(by)


def _words(by: Grouping | Sequence[Grouping]) -> list[str]:
    return [item for item in requested_groupings(by) if isinstance(item, str)]


def of_all_levels(fit: Fit, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of estimates that are of every level of the card's traits beyond
    sex and age, and of any form.
    """
    return rows[(rows[list(fit.card.axes[2:])] == totals.ALL).all(axis=1)]


def _labelled(
    fit: Fit, rows: pd.DataFrame, shown: pd.DataFrame, by: Grouping | Sequence[Grouping]
) -> pd.DataFrame:
    words = _words(by)
    keys = rows[["name", *(axis for axis in fit.card.axes if axis in words)]].rename(
        columns={"name": "group"}
    )
    basis = [
        "evidence",
        "surveys",
        "respondents",
        "cases",
        "masked",
        "population",
        "own_data_share",
    ]
    note = ["note"] if "note" in rows else []
    return pd.concat([keys, shown, rows[[*basis, *note]]], axis=1).reset_index(
        drop=True
    )


def _check_interval(interval: float) -> None:
    if not 0 < interval < 1:
        raise UncountedError(
            f"interval={interval} is no probability. Write 0.95 for a 95 % interval."
        )


def _grouping(
    fit: Fit, by: Grouping, of_countries: xr.Dataset, interval: float
) -> pd.DataFrame:
    division = divisions(fit.world, by)
    return in_one_table(
        [_rows(fit, by, group, of_countries, interval) for group in division]
    )


def in_one_table(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Return the rows of one division of countries; of several, by groups that overlap,
    those groups' with a note.
    """
    if len(parts) == 1:
        return parts[0]
    rows = pd.concat(parts, ignore_index=True)
    rows = rows.loc[rows["group"] != NO_GROUP].sort_values(
        "group", kind="stable", ignore_index=True
    )
    notes = rows["note"] if "note" in rows else pd.Series("", rows.index)
    return rows.assign(
        note=[f"{note}; {OVERLAP}" if note else OVERLAP for note in notes]
    )


def _rows(
    fit: Fit, by: Grouping, group: pd.Series, of_countries: xr.Dataset, interval: float
) -> pd.DataFrame:
    keys = ("group", *fit.card.axes)
    people = totals.size(fit.p, fit.people, group).transpose(*keys, ...)
    counts = totals.affected(fit.p, fit.people, group).transpose(*keys, ...)
    size, persons = totals.expected(people), _summary(counts, interval)
    with np.errstate(invalid="ignore", divide="ignore"):
        if (
            "draw" not in people.dims
        ):  # of so many people, prevalence is persons divided by them
            rates = {stat: value / size.to_numpy() for stat, value in persons.items()}
        else:
            rates = _summary(counts / people, interval)
    columns = {f"prevalence_{stat}": value for stat, value in rates.items()}
    columns |= {f"persons_{stat}": value for stat, value in persons.items()}
    columns |= {"population": size.to_numpy()}
    frame = xr.Dataset(
        {key: (keys, value) for key, value in columns.items()}, coords=size.coords
    )
    rows = frame.to_dataframe().reset_index()
    names = fit.world.places["name"] if _by_country(by) else {}
    rows = rows.assign(
        grouping=by if isinstance(by, str) else "own",
        interval=interval,
        name=rows["group"].replace(dict(names)),
    )
    told = rows.merge(behind(fit, group, of_countries), on=list(keys))
    return _ordered(
        told.assign(own_data_share=_own_share(fit, by, told)), fit.card.axes[2:]
    )


def _summary(draws: xr.DataArray, interval: float) -> dict[str, np.ndarray]:
    """Return mean, median and bounds of numbers (…, chain, draw)."""
    flat = draws.to_numpy().reshape(*draws.shape[:-2], -1)
    low, middle, high = np.quantile(
        flat, [(1 - interval) / 2, 0.5, (1 + interval) / 2], axis=-1
    )
    return {"mean": flat.mean(axis=-1), "median": middle, "lower": low, "upper": high}


def _by_country(by: Grouping) -> bool:
    return isinstance(by, str) and by == "country"


def _own_share(fit: Fit, by: Grouping, rows: pd.DataFrame) -> np.ndarray:
    """Return own_data_share of countries' rows, 0 of those that are imputed; other rows
    have none.
    """
    if not _by_country(by):
        return np.full(len(rows), np.nan)
    keys = ["group", *fit.card.axes]
    share = own_data_share(fit).transpose(*keys).to_series()
    own = share.reindex(pd.MultiIndex.from_frame(rows[keys])).to_numpy()
    return np.where(rows["evidence"] == IMPUTED, 0.0, own)


def _ordered(rows: pd.DataFrame, traits: Sequence[str]) -> pd.DataFrame:
    stats = [f"prevalence_{stat}" for stat in ("median", "mean", "lower", "upper")]
    stats += [f"persons_{stat}" for stat in ("mean", "median", "lower", "upper")]
    counts = ["surveys", "respondents", "cases", "cases_elsewhere", "masked"]
    rest = ["interval", "evidence", *counts, "population", "own_data_share"]
    keys = [*KEYS, *traits]
    return rows[[*keys, *stats, *rest]].astype(
        dict.fromkeys([*keys, "evidence", "masked"], "str")
    )
