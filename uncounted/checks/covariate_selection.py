"""Selection: whether the covariates that speak would speak to half of the surveyed
countries too.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.errors import UncountedError
from uncounted.evidence.evidence import ELSEWHERE
from uncounted.infer.derived import derived
from uncounted.infer.fit import Fit
from uncounted.infer.progress import Progress
from uncounted.infer.recipe import recipe_of
from uncounted.infer.refit import refit, without
from uncounted.infer.start import start_of

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
    how = replace(
        fit.card.sampling, chains=2, draws=max(fit.card.sampling.draws // 2, 200)
    )
    found = []
    with progress.shown():
        again = refit(recipe_of(fit), start_of(fit, seed), progress)
        rows = fit.evidence.rows["country"]
        surveyed = np.unique(rows[fit.evidence.rows["source"] != ELSEWHERE])
        for half in range(halves):
            out = np.setdiff1d(
                surveyed, rng.choice(surveyed, len(surveyed) // 2, replace=False)
            )
            with progress.stage(f"half {half + 1} of {halves}") as stage:
                numbers = without(again.studies, {"": rows.isin(out).to_numpy()})
                draws, _ = again.sample(numbers, seed + half, how, stage=stage)
            found.append(
                _slopes(
                    draws if "beta" in draws else derived(again.model, draws, ["beta"])
                )
            )
    return _table(fit, np.stack(found), interval)


def _slopes(draws: xr.Dataset) -> np.ndarray:
    """Return the mean of every slope and the bounds of its interval of SURE (3,
    slopes).
    """
    beta = (
        draws["beta"]
        .stack(sample=("chain", "draw"))
        .transpose(..., "sample")
        .to_numpy()
    )
    return np.stack(
        [
            beta.mean(axis=-1),
            *np.quantile(beta, [(1 - SURE) / 2, (1 + SURE) / 2], axis=-1),
        ]
    )


def _table(fit: Fit, halves: np.ndarray, interval: float) -> pd.DataFrame:
    beta = (
        fit.posterior["beta"].stack(sample=("chain", "draw")).transpose(..., "sample")
    )
    low, middle, high = np.quantile(
        beta.to_numpy(), [(1 - interval) / 2, 0.5, (1 + interval) / 2], axis=-1
    )
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
