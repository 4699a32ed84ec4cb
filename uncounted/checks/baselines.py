"""Baselines: what somebody without a model would say of a survey that was not shown,
from the others' results.
"""

import numpy as np
import pandas as pd
from scipy.stats import t as student

from uncounted.checks.scores import crps, quantiles_of, spread_about

BASELINES = ("world_mean", "region_mean", "region_geometric_mean")


def baselines(
    countries: pd.DataFrame, region: str, observed: float, n: float
) -> dict[str, float]:
    """Return what three naive predictions say of a result: the point, the CRPS and the
    PIT of each.

    countries: result (the mean of its surveys, a proportion) and region of every
    country that is left. The world mean, the region's mean and its geometric mean are
    Student's t about countries' results, or their logs, with the spread between them as
    scale (`scores.spread_about`), cut at 0 and 1; where a region has fewer than two
    countries left, the world's stand in. A country of which nobody was a case enters
    logs with half a case, and so does what was observed of n effective respondents.
    """
    mine = countries.loc[countries["region"] == region]
    near = mine if len(mine) > 1 else countries
    if len(countries) < 2:
        return {
            f"{name}{what}": np.nan
            for name in BASELINES
            for what in ("", "_crps", "_pit")
        }
    told: dict[str, float] = {}
    for name, of, log in (
        ("world_mean", countries, False),
        ("region_mean", near, False),
        ("region_geometric_mean", near, True),
    ):
        values = (of["floored"] if log else of["result"]).to_numpy(float)
        told |= _scored(
            name,
            np.log(values) if log else values,
            observed,
            max(observed, 0.5 / n),
            log,
        )
    return told


def _scored(
    name: str, values: np.ndarray, observed: float, floored: float, log: bool
) -> dict[str, float]:
    location, scale, df = spread_about(values)
    scale = max(scale, 1e-9)
    draws = quantiles_of(location, scale, df)
    draws = np.clip(np.exp(np.minimum(draws, 0.0)) if log else draws, 0.0, 1.0)
    seen = np.log(floored) if log else observed
    point = np.exp(location) if log else location
    return {
        name: float(point),
        f"{name}_crps": crps(draws, observed),
        f"{name}_pit": float(student.cdf((seen - location) / scale, df)),
    }


def results(rows: pd.DataFrame, weight: np.ndarray) -> pd.DataFrame:
    """Return every survey's own result of the rows that are left: Σy/Σn, its country,
    and Σn.
    """
    left = rows.loc[np.asarray(weight) > 0]
    sums = left.groupby("survey").agg(
        country=("country", "first"), y=("y", "sum"), n=("n", "sum")
    )
    return sums.assign(
        result=sums["y"] / sums["n"], floored=sums["y"].clip(lower=0.5) / sums["n"]
    )


def by_country(surveys: pd.DataFrame, region: pd.Series) -> pd.DataFrame:
    """Return the mean of each country's surveys, and its region (countries,)."""
    means = surveys.groupby("country")[["result", "floored"]].mean()
    return means.assign(region=region.reindex(means.index))
