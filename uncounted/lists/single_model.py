"""Selection: what one would say by choosing a single log-linear model, for comparison
with the average of all.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.special import logsumexp, ndtr
from scipy.stats import norm, poisson

from uncounted.lists.loglinear import Candidates, Fits, at_infinity

THRESHOLD = 0.02  # of Chan, Silverman & Vincent's stepwise choice
Z = np.array([0, *norm.ppf([0.025, 0.975])])


def criteria(these: Candidates, likeliest: Fits) -> tuple[np.ndarray, np.ndarray]:
    """Return AIC and BIC (models,); terms at −∞ count as terms, and persons as
    observations [Silverman et al. 2024].
    """
    k, n = these.has.sum(1), float(these.y.sum())
    return 2 * k - 2 * likeliest.value, np.log(n) * k - 2 * likeliest.value


def bic_weights(bic: np.ndarray) -> np.ndarray:
    """Return exp(−BIC/2), normalised."""
    return np.exp(-bic / 2 - np.asarray(logsumexp(-bic / 2)))


def by_method(
    these: Candidates, likeliest: Fits, why: np.ndarray, more: Mapping[str, np.ndarray]
) -> pd.DataFrame:
    """Return total, lower and upper (95 %) by method: independence, stepwise, least AIC
    and BIC, average by BIC, more.

    Intervals of one model are observed + exp(α̂ ± 1.96 se), as if it had been known
    beforehand.
    """
    left, alpha, observed = (
        np.flatnonzero(why == ""),
        likeliest.beta[:, 0],
        these.y.sum(),
    )
    sd = np.full(len(alpha), np.nan)
    sd[left] = np.sqrt(np.linalg.inv(likeliest.hessian[left])[:, 0, 0])
    aic, bic = (criterion[left] for criterion in criteria(these, likeliest))
    chosen = {
        "independence": 0 if why[0] == "" else None,
        f"stepwise, p < {THRESHOLD}": stepwise(these, likeliest, why),
        "least AIC": left[aic.argmin()],
        "least BIC": left[bic.argmin()],
    }
    rows = {
        how: observed + np.exp(alpha[i] + Z * sd[i])
        for how, i in chosen.items()
        if i is not None
    }
    rows["average by BIC"] = observed + np.exp(
        _mixture(alpha[left], sd[left], bic_weights(bic))
    )
    table = pd.DataFrame.from_dict(
        rows | dict(more), orient="index", columns=["total", "lower", "upper"]
    )
    return table.rename_axis("method").reset_index()


def _mixture(mean: np.ndarray, sd: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the median and the 95 % interval of a mixture of normals, less those of a
    weight below 10⁻⁶.
    """
    mean, sd, weight = mean[weight > 1e-6], sd[weight > 1e-6], weight[weight > 1e-6]
    at = np.linspace((mean - 6 * sd).min(), (mean + 6 * sd).max(), 2000)
    below = np.array([weight @ ndtr((x - mean) / sd) for x in at]) / weight.sum()
    return np.interp([0.5, 0.025, 0.975], below, at)


def stepwise(these: Candidates, likeliest: Fits, why: np.ndarray) -> int | None:
    """Return the model that Chan, Silverman & Vincent (2021) step to from independence,
    a pair of lists at a time.

    Added is the pair whose overlap has the least one-sided Poisson p-value under the
    model so far, while that is below THRESHOLD, among those that leave a model with an
    estimate. None if independence has none and nothing was added.
    """
    at, place = 0, {row.tobytes(): i for i, row in enumerate(these.has)}
    pairs = [i for i, term in enumerate(these.terms) if len(term) == 2]
    overlap = these.y @ these.x
    while True:
        free, seen = at_infinity(_only(these, at))
        expected = (
            np.where(seen[0], np.exp(likeliest.beta[at] * free[0] @ these.x.T), 0)
            @ these.x
        )
        below, above = poisson.cdf(overlap, expected), poisson.sf(overlap - 1, expected)
        best, least = None, THRESHOLD
        for pair in pairs:
            more = these.has[at].copy()
            more[pair] = True
            to = place.get(more.tobytes(), at)
            p = min(below[pair], above[pair])
            if to != at and why[to] == "" and p < least:
                best, least = to, p
        if best is None:
            return at if why[at] == "" else None
        at = best


def _only(these: Candidates, model: int) -> Candidates:
    return Candidates(these.y, these.x, these.terms, these.has[model : model + 1])
