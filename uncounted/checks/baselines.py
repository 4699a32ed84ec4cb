"""Baselines: naive predictions of a survey that was not shown, made from the results of
the other surveys.
"""

import numpy as np
import pandas as pd
from scipy.stats import t as student

from uncounted.checks.scores import crps, quantiles_of, spread_about

BASELINES = ("world_mean", "region_mean", "region_geometric_mean")


def baselines(
    countries: pd.DataFrame,
    region: str,
    observed: float,
    n: float,
) -> dict[str, float]:
    """Return the point, the CRPS and the PIT of three naive predictions of a result.

    countries: result (the mean of its surveys, a proportion) and region of every
    country that is left. The world mean, the region's mean and its geometric mean are
    Student's t about countries' results, or their logs, with the spread between them as
    scale (`scores.spread_about`), cut at 0 and 1; where a region has fewer than two
    countries left, the world's stand in. A country of which nobody was a case enters
    logs with half a case, and so does what was observed of n effective respondents.
    """
    if len(countries) < 2:
        measures = ("", "_crps", "_pit")
        names = [f"{name}{measure}" for name in BASELINES for measure in measures]
        return dict.fromkeys(names, np.nan)
    neighbours = countries.loc[countries["region"] == region]
    if len(neighbours) < 2:
        neighbours = countries
    floored = max(observed, 0.5 / n)
    world = countries["result"].to_numpy(float)
    regional = neighbours["result"].to_numpy(float)
    logs = np.log(neighbours["floored"].to_numpy(float))
    return {
        **_scored("world_mean", world, observed, floored, False),
        **_scored("region_mean", regional, observed, floored, False),
        **_scored("region_geometric_mean", logs, observed, floored, True),
    }


def _scored(
    name: str,
    values: np.ndarray,
    observed: float,
    floored: float,
    log: bool,
) -> dict[str, float]:
    """Return the scores of one naive prediction; log: values are logs of results."""
    location, scale, df = spread_about(values)
    scale = max(scale, 1e-9)
    draws = quantiles_of(location, scale, df)
    point, result = location, observed
    if log:
        draws = np.exp(np.minimum(draws, 0.0))
        point, result = np.exp(location), np.log(floored)
    draws = np.clip(draws, 0.0, 1.0)
    return {
        name: float(point),
        f"{name}_crps": crps(draws, observed),
        f"{name}_pit": float(student.cdf((result - location) / scale, df)),
    }


def results(
    rows: pd.DataFrame,
    weight: np.ndarray,
) -> pd.DataFrame:
    """Return every survey's own result of the rows that are left: Σy/Σn, its country,
    and Σn.
    """
    kept = rows.loc[np.asarray(weight) > 0]
    sums = kept.groupby("survey").agg(
        country=("country", "first"),
        y=("y", "sum"),
        n=("n", "sum"),
    )
    result = sums["y"] / sums["n"]
    floored = sums["y"].clip(lower=0.5) / sums["n"]
    return sums.assign(result=result, floored=floored)


def by_country(
    surveys: pd.DataFrame,
    region: pd.Series,
) -> pd.DataFrame:
    """Return the mean of each country's surveys, and its region (countries,)."""
    means = surveys.groupby("country")[["result", "floored"]].mean()
    return means.assign(region=region.reindex(means.index))
