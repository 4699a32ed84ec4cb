"""Reliability: a published rule for the direct estimates that need a warning."""

import numpy as np
import pandas as pd

from uncounted.figures.interval import adjusted, clopper_pearson

SMALLEST_N = 30
# Absolute widths of the 95 % interval.
WIDE = 0.30
NARROW = 0.05
RELATIVELY_WIDE = 1.30  # width over p
FEW_DF = 8
NO_INTERVAL = "no interval: too few PSUs, or replicates without respondents or weight"


def reliability(
    p: np.ndarray,
    effective: np.ndarray,
    n: np.ndarray,
    df: np.ndarray,
) -> pd.DataFrame:
    """Return `reliability` (reliable, review, unreliable) and `reliability_because`;
    all arrays (rows,).

    The National Center for Health Statistics' Data Presentation Standards for
    Proportions [Parker et al. 2017, Vital and Health Statistics 2(175)]: unreliable if
    n or the effective n is below 30, if the 95 % Korn–Graubard interval (effective n at
    most n) is 0.30 wide or wider, or wider than 1.30 p unless 0.05 or narrower; else
    review if df < 8 or p is 0 or 1. Stricter in one point: where no interval can be
    computed the estimate is unreliable. No row is ever hidden.
    """
    effective = np.minimum(effective, n)
    adjusted_n = np.minimum(adjusted(effective, n, df, 0.95), n)
    lower, upper = clopper_pearson(p, adjusted_n, 0.95)
    width = upper - lower
    too_wide = (width > NARROW) & (width > RELATIVELY_WIDE * p)
    unreliable = {
        "nobody answered": n == 0,
        f"fewer than {SMALLEST_N} respondents": n < SMALLEST_N,
        f"effective sample size below {SMALLEST_N}": effective < SMALLEST_N,
        NO_INTERVAL: ~np.isfinite(width),
        f"95 % interval at least {WIDE:.2f} wide": width >= WIDE,
        "95 % interval wider than 130 % of the estimate": too_wide,
    }
    review = {
        f"fewer than {FEW_DF} degrees of freedom": df < FEW_DF,
        "no case, or nobody who isn't one": (p == 0) | (p == 1),
    }
    conditions = [*unreliable.values(), *review.values()]
    verdicts = ["unreliable"] * len(unreliable) + ["review"] * len(review)
    reasons = [*unreliable, *review]
    return pd.DataFrame(
        {
            "reliability": np.select(conditions, verdicts, default="reliable"),
            "reliability_because": np.select(conditions, reasons, default=""),
        }
    )
