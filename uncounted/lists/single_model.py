"""Selection: totals by a single log-linear model, for comparison with the average."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.special import logsumexp, ndtr
from scipy.stats import norm, poisson

from uncounted.lists.loglinear import Candidates, Fits, at_infinity

THRESHOLD = 0.02  # of Chan, Silverman & Vincent's stepwise choice
Z = np.array([0, *norm.ppf([0.025, 0.975])])


def criteria(
    models: Candidates,
    likeliest: Fits,
) -> tuple[np.ndarray, np.ndarray]:
    """Return AIC and BIC (models,); terms at −∞ count as terms, and persons as
    observations [Silverman et al. 2024].
    """
    k = models.has.sum(1)
    n = float(models.y.sum())
    fit = 2 * likeliest.value
    return 2 * k - fit, np.log(n) * k - fit


def bic_weights(bic: np.ndarray) -> np.ndarray:
    """Return exp(−BIC/2), normalised."""
    return np.exp(-bic / 2 - np.asarray(logsumexp(-bic / 2)))


def by_method(
    models: Candidates,
    likeliest: Fits,
    why: np.ndarray,
    averages: Mapping[str, np.ndarray],
) -> pd.DataFrame:
    """Return total, lower and upper (95 %) by method: independence, stepwise, least AIC
    and BIC, average by BIC, and other averages.

    Intervals of one model are observed + exp(α̂ ± 1.96 se), as if it had been known
    beforehand.
    """
    estimated = np.flatnonzero(why == "")
    alpha = likeliest.beta[:, 0]
    sd = np.full(len(alpha), np.nan)
    inverse = np.linalg.inv(likeliest.hessian[estimated])
    sd[estimated] = np.sqrt(inverse[:, 0, 0])
    aic, bic = criteria(models, likeliest)
    chosen = {
        "independence": 0 if why[0] == "" else None,
        f"stepwise, p < {THRESHOLD}": stepwise(models, likeliest, why),
        "least AIC": estimated[aic[estimated].argmin()],
        "least BIC": estimated[bic[estimated].argmin()],
    }
    observed = models.y.sum()
    rows: dict[str, np.ndarray] = {}
    for method, model in chosen.items():
        if model is not None:
            rows[method] = observed + np.exp(alpha[model] + Z * sd[model])
    weight = bic_weights(bic[estimated])
    mixture = _mixture(alpha[estimated], sd[estimated], weight)
    rows["average by BIC"] = observed + np.exp(mixture)
    columns = ["total", "lower", "upper"]
    table = pd.DataFrame.from_dict(
        rows | dict(averages), orient="index", columns=columns
    )
    return table.rename_axis("method").reset_index()


def _mixture(
    mean: np.ndarray,
    sd: np.ndarray,
    weight: np.ndarray,
) -> np.ndarray:
    """Return the median and the 95 % interval of a mixture of normals, less those of a
    weight below 10⁻⁶.
    """
    heavy = weight > 1e-6
    mean, sd, weight = mean[heavy], sd[heavy], weight[heavy]
    grid = np.linspace(
        (mean - 6 * sd).min(),
        (mean + 6 * sd).max(),
        2000,
    )
    below = np.array([weight @ ndtr((x - mean) / sd) for x in grid])
    return np.interp(
        [0.5, 0.025, 0.975],
        below / weight.sum(),
        grid,
    )


def stepwise(
    models: Candidates,
    likeliest: Fits,
    why: np.ndarray,
) -> int | None:
    """Return the model that Chan, Silverman & Vincent (2021) step to from independence,
    a pair of lists at a time.

    Added is the pair whose overlap has the least one-sided Poisson p-value under the
    model so far, while that is below THRESHOLD, among those that leave a model with an
    estimate. None if independence has none and nothing was added.
    """
    index = {row.tobytes(): i for i, row in enumerate(models.has)}
    pairs = [i for i, term in enumerate(models.terms) if len(term) == 2]
    model = 0
    while True:
        p_values = _overlap_p_values(models, likeliest, model)
        best, least = model, THRESHOLD
        for pair in pairs:
            terms = models.has[model].copy()
            terms[pair] = True
            wider = index.get(terms.tobytes(), model)
            if wider != model and why[wider] == "" and p_values[pair] < least:
                best, least = wider, p_values[pair]
        if best == model:
            return model if why[model] == "" else None
        model = best


def _overlap_p_values(
    models: Candidates,
    likeliest: Fits,
    model: int,
) -> np.ndarray:
    """Return the lesser one-sided Poisson p-value of each term's persons (terms,)."""
    alone = replace(models, has=models.has[model : model + 1])
    free, seen = at_infinity(alone)
    log_expected = likeliest.beta[model] * free[0] @ models.x.T
    expected = (
        np.where(
            seen[0],
            np.exp(log_expected),
            0,
        )
        @ models.x
    )
    overlap = models.y @ models.x
    below = poisson.cdf(overlap, expected)
    above = poisson.sf(overlap - 1, expected)
    return np.minimum(below, above)
