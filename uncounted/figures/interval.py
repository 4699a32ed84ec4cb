"""Interval: bounds of a prevalence from its standard error, or from its effective
respondents.
"""

import numpy as np
from scipy import stats
from scipy.special import expit, logit

METHODS = ("logit", "beta")


def logit_interval(
    p: np.ndarray,
    se: np.ndarray,
    df: np.ndarray,
    level: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return logit⁻¹(logit p ± t_df · se/(p(1−p))); NaN where p is 0 or 1, or df is
    0.
    """
    inside = (p > 0) & (p < 1)
    q = np.where(inside, p, np.nan)
    half = _t(level, df) * se / (q * (1 - q))
    return expit(logit(q) - half), expit(logit(q) + half)


def korn_graubard(
    p: np.ndarray,
    effective: np.ndarray,
    n: np.ndarray,
    df: np.ndarray,
    level: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return Clopper–Pearson bounds at n_eff (t_{n−1}/t_df)² [Korn & Graubard 1998];
    NaN where df is 0.
    """
    return clopper_pearson(p, adjusted(effective, n, df, level), level)


def adjusted(
    effective: np.ndarray,
    n: np.ndarray,
    df: np.ndarray,
    level: float,
) -> np.ndarray:
    """Return the effective sample size that pays for few degrees of freedom, n_eff
    (t_{n−1}/t_df)².
    """
    return effective * (_t(level, n - 1) / _t(level, df)) ** 2


def clopper_pearson(
    p: np.ndarray,
    n: np.ndarray,
    level: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the exact binomial bounds of n·p cases in n, which needn't be whole; 0 and
    1 at their ends.
    """
    tail = (1 - level) / 2
    cases, noncases = n * p, n * (1 - p)
    lower = np.where(
        p == 0,
        0.0,
        stats.beta.ppf(tail, cases, noncases + 1),
    )
    upper = np.where(
        p == 1,
        1.0,
        stats.beta.ppf(1 - tail, cases + 1, noncases),
    )
    finite = np.isfinite(n) & np.isfinite(p)
    return np.where(
        finite,
        lower,
        np.nan,
    ), np.where(finite, upper, np.nan)


def wald_interval(
    p: np.ndarray,
    n: np.ndarray,
    level: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return p ∓ z √(p(1−p)/n), cut at 0 and 1 as publishers do."""
    half = _z(level) * np.sqrt(p * (1 - p) / n)
    return np.maximum(p - half, 0.0), np.minimum(p + half, 1.0)


def wilson_interval(
    p: np.ndarray,
    n: np.ndarray,
    level: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the bounds b of (b − p)² = z² b(1−b)/n, which lie inside 0–1 [Wilson
    1927].
    """
    r = _z(level) ** 2 / n
    middle = (p + r / 2) / (1 + r)
    half = np.sqrt(r * p * (1 - p) + r**2 / 4) / (1 + r)
    return middle - half, middle + half


def _z(level: float) -> float:
    return float(stats.norm.ppf((1 + level) / 2))


def _t(
    level: float,
    df: np.ndarray,
) -> np.ndarray:
    positive = np.where(
        np.asarray(df) > 0,
        df,
        np.nan,
    )
    return stats.t.ppf((1 + level) / 2, positive)
