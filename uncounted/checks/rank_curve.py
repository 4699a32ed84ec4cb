"""Rank curve: how even the ranks of true values are among posterior draws."""

from functools import cache

import numpy as np
import pandas as pd
from arviz_stats.ecdf_utils import (
    compute_ecdf,
    get_pointwise_confidence_band,
    simulate_confidence_bands,
)

from uncounted.checks.scores import LEVELS, band

# draws, evenly apart, among which the truth takes its rank: nearly independent of each
# other
RANKS = 99


def rank_curve(ranks: np.ndarray) -> pd.DataFrame:
    """Return the ECDF of ranks (simulations,) less an even one, and its band.

    Columns: at, difference, low, high.
    """
    shares = _shares(ranks)
    size = len(shares)
    points = np.arange(1, size) / size
    low, high = get_pointwise_confidence_band(_pointwise(size), size, points)
    return pd.DataFrame(
        {
            "at": points,
            "difference": compute_ecdf(shares, points) - points,
            "low": low - points,
            "high": high - points,
        }
    )


def rank_summary(ranks: np.ndarray) -> dict[str, object]:
    """Return whether ranks (simulations,) are even, and how often intervals held the
    truth, with binomial bands.
    """
    curve = rank_curve(ranks)
    below = curve["difference"] < curve["low"]
    above = curve["difference"] > curve["high"]
    outside = int((below | above).sum())
    summary: dict[str, object] = {"outside": outside, "calibrated": outside == 0}
    distance = np.abs(_shares(ranks) - 0.5)
    for level in LEVELS:
        low, high = band(len(ranks), level)
        percent = f"{100 * level:.0f}"
        summary[f"inside_{percent}"] = float((distance <= level / 2).mean())
        summary[f"low_{percent}"] = low
        summary[f"high_{percent}"] = high
    return summary


def _shares(ranks: np.ndarray) -> np.ndarray:
    """Return ranks as numbers between 0 and 1; equal ranks are spread over their cell
    at random.
    """
    rng = np.random.default_rng(0)
    return (ranks + rng.random(len(ranks))) / (RANKS + 1)


@cache
def _pointwise(size: int) -> float:
    """Return the level of bands at single points that together hold an even ECDF in
    95 % of cases.
    """
    points = np.arange(1, size) / size
    rng = np.random.default_rng(0)
    return float(simulate_confidence_bands(size, 1, points, 0.95, 2000, rng))
