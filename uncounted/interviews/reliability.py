"""Reliability: whether a direct estimate can be shown without a warning, by a published
rule.
"""

import numpy as np
import pandas as pd

from uncounted.figures.interval import adjusted, clopper_pearson

SMALLEST_N = 30
WIDE, NARROW = 0.30, 0.05  # absolute widths of the 95 % interval
RELATIVELY_WIDE = 1.30  # width over p
FEW_DF = 8


def reliability(
    p: np.ndarray, effective: np.ndarray, n: np.ndarray, df: np.ndarray
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
    lower, upper = clopper_pearson(
        p, np.minimum(adjusted(effective, n, df, 0.95), n), 0.95
    )
    width = upper - lower
    rules = [
        (n == 0, "unreliable", "nobody answered"),
        (n < SMALLEST_N, "unreliable", f"fewer than {SMALLEST_N} respondents"),
        (
            effective < SMALLEST_N,
            "unreliable",
            f"effective sample size below {SMALLEST_N}",
        ),
        (
            ~np.isfinite(width),
            "unreliable",
            "no interval: too few PSUs, or replicates without respondents or weight",
        ),
        (width >= WIDE, "unreliable", f"95 % interval at least {WIDE:.2f} wide"),
        (
            (width > NARROW) & (width > RELATIVELY_WIDE * p),
            "unreliable",
            "95 % interval wider than 130 % of the estimate",
        ),
        (df < FEW_DF, "review", f"fewer than {FEW_DF} degrees of freedom"),
        ((p == 0) | (p == 1), "review", "no case, or nobody who isn't one"),
    ]
    met = [condition for condition, _, _ in rules]
    verdict = np.select(met, [word for _, word, _ in rules], default="reliable")
    because = np.select(met, [why for _, _, why in rules], default="")
    return pd.DataFrame({"reliability": verdict, "reliability_because": because})
