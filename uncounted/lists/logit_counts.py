"""Logit counts: effective counts that stand for draws of a share."""

import numpy as np
from scipy.optimize import root
from scipy.special import digamma, logit, polygamma


def effective_counts(p: np.ndarray) -> tuple[float, float]:
    """Return y and n whose likelihood, taken alone, has the mean and the variance of
    logit p over the draws.

    On a flat logit it is a Beta(y, n − y) of p: ψ(y) − ψ(n − y) is the mean, ψ′(y) +
    ψ′(n − y) the variance. To first order y = p·n, n = 1/(p(1 − p)·Var). A binomial's
    logit leans to the left, and a total's to the right: with a variance of 0.17 both of
    its bounds come out a sixth too low.
    """
    eta = logit(p)
    mean, variance = eta.mean(), eta.var()

    def misfit(log_counts: np.ndarray) -> np.ndarray:
        a, b = np.exp(log_counts)
        difference = digamma(a) - digamma(b) - mean
        spread = polygamma(1, a) + polygamma(1, b)
        return np.array([difference, np.log(spread / variance)])

    start = np.array([-np.log(variance), -np.log(variance) - mean])
    a, b = np.exp(
        root(
            misfit,
            start,
            tol=1e-12,
        ).x
    )
    return float(a), float(a + b)
