"""Judged distribution: the quantiles of a number judged by a lowest, a best and a
highest value.
"""

from collections.abc import Callable

import numpy as np
from scipy.special import ndtri
from scipy.stats import beta, triang


def _triangular(
    u: np.ndarray,
    low: np.ndarray,
    best: np.ndarray,
    high: np.ndarray,
    _: float,
) -> np.ndarray:
    """Best is the mode, low and high are the ends."""
    return triang.ppf(u, (best - low) / (high - low), low, high - low)


def _pert(
    u: np.ndarray,
    low: np.ndarray,
    best: np.ndarray,
    high: np.ndarray,
    _: float,
) -> np.ndarray:
    """The same ends and mode, beta of mean (low + 4 best + high)/6."""
    reach = high - low
    a = 1 + 4 * (best - low) / reach
    b = 1 + 4 * (high - best) / reach
    return low + reach * beta.ppf(u, a, b)


def _log_normal(
    u: np.ndarray,
    low: np.ndarray,
    best: np.ndarray,
    high: np.ndarray,
    coverage: float,
) -> np.ndarray:
    """Best is the median, low to high the central interval of the stated coverage."""
    z = ndtri(u)
    reach = ndtri((1 + coverage) / 2)
    scale = np.where(z < 0, np.log(best / low), np.log(high / best))
    return best * np.exp(z / reach * scale)


DISTRIBUTIONS: dict[str, Callable[..., np.ndarray]] = {
    "triangular": _triangular,
    "pert": _pert,
    "log_normal": _log_normal,
}
