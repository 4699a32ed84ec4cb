"""Selection: whether covariates' slopes stay what they are on half of the surveyed
countries.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.checks.scores import interval_ends
from uncounted.errors import UncountedError
from uncounted.infer.derived import derived
from uncounted.infer.fit import Fit
from uncounted.infer.progress import Progress
from uncounted.infer.recipe import recipe_of
from uncounted.infer.refit import refit, without
from uncounted.infer.start import start_of
from uncounted.observations.evidence import ELSEWHERE

SURE = 0.8  # the interval that must leave out zero for a slope to speak


def selection(
    fit: Fit,
    seed: int,
    halves: int = 10,
    interval: float = 0.95,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Refit on random halves of the surveyed countries and count how often each
    covariate's slope stays what it was.

    The stability selection of Meinshausen & Bühlmann [2010]. One row per covariate:
    median, lower, upper of its slope (log odds per sd) in the fit; halves, same_sign
    (share of halves in which the mean has the fit's sign), speaks (share in which its
    80 % interval leaves out zero), smallest and largest mean over halves. Halves run 2
    chains of half the fit's draws. Raises UncountedError for a fit without covariates.
    """
    if not fit.card.covariates:
        raise UncountedError(
            f"The card '{fit.card.name}' has no covariates, so none can be stable or"
            " not."
        )
    progress = progress or Progress()
    rng = np.random.default_rng(seed)
    settings = fit.card.sampling
    sampling = replace(settings, chains=2, draws=max(settings.draws // 2, 200))
    slopes = []
    with progress.shown():
        again = refit(recipe_of(fit), start_of(fit, seed), progress)
        rows = fit.evidence.rows
        country = rows["country"]
        surveyed = np.unique(country[rows["source"] != ELSEWHERE])
        for half in range(halves):
            kept = rng.choice(surveyed, len(surveyed) // 2, replace=False)
            out = country.isin(np.setdiff1d(surveyed, kept)).to_numpy()
            with progress.stage(f"half {half + 1} of {halves}") as stage:
                numbers = without(again.studies, {"": out})
                draws, _ = again.sample(numbers, seed + half, sampling, stage=stage)
            if "beta" not in draws:
                draws = derived(again.model, draws, ["beta"])
            slopes.append(_slopes(draws["beta"]))
    return _table(fit, np.stack(slopes), interval)


def _slopes(beta: xr.DataArray) -> np.ndarray:
    """Return the mean of every slope and the bounds of its interval of SURE (3,
    slopes).
    """
    draws = _stacked(beta).to_numpy()
    bounds = np.quantile(draws, [(1 - SURE) / 2, (1 + SURE) / 2], axis=-1)
    return np.stack([draws.mean(axis=-1), *bounds])


def _stacked(beta: xr.DataArray) -> xr.DataArray:
    """Return slopes with their draws in one dim (slopes, sample)."""
    return beta.stack(sample=("chain", "draw")).transpose(..., "sample")


def _table(
    fit: Fit,
    halves: np.ndarray,
    interval: float,
) -> pd.DataFrame:
    beta = _stacked(fit.posterior["beta"])
    low, middle, high = np.quantile(beta.to_numpy(), interval_ends(interval), axis=-1)
    mean, lower, upper = halves.swapaxes(0, 1)
    return pd.DataFrame(
        {
            "covariate": beta[beta.dims[0]].to_numpy(),
            "median": middle,
            "lower": low,
            "upper": high,
            "halves": len(mean),
            "same_sign": (np.sign(mean) == np.sign(middle)).mean(axis=0),
            "speaks": ((lower > 0) | (upper < 0)).mean(axis=0),
            "smallest": mean.min(axis=0),
            "largest": mean.max(axis=0),
        }
    )
