"""Shrinkage: effective respondents that a figure borrows from others of its kind."""

import numpy as np

# error of log n of an interval that leaves n unbounded: a standard deviation near 1
WIDEST = 1.7
SHARPEST = 1e-3  # and the least, so that figures of many digits can be averaged
HALVINGS = 30  # of the range of log τ²
LOG_TAU2 = (-14.0, 4.0)


def shrunk_n(
    n: np.ndarray,
    width: np.ndarray,
) -> np.ndarray:
    """Shrink n from intervals of few digits to the others', so far as rounding left
    them uncertain.

    n: effective respondents (…, rows), NaN where unknown; width: largest error of log
    n, as of `effective_n`; 0 for a figure whose n is known. The last axis is one table,
    of figures of one kind. Rounding moves n together with the estimate, by as much as
    ±50 % where an interval has two or three printed units, and so moves a weighted mean
    of the estimates. Here log n̂ = log n + e, e uniform within ± width, and log n ~
    N(μ, τ²); τ² by Paule and Mandel's moments, [1982], and returned is exp E[log n |
    log n̂], no farther than width from n̂. Unknown n get exp μ.
    """
    finite = np.isfinite(n) & (n > 0)
    log_n = np.log(np.where(finite, n, 1))
    error = np.clip(
        np.where(finite, width, WIDEST),
        SHARPEST,
        WIDEST,
    )
    variance = error**2 / 3
    tau2 = _paule_mandel(log_n, variance, finite)
    mean, _ = _weighted(log_n, variance + tau2, finite)
    shift = variance / (variance + tau2) * (mean - log_n)
    shift = np.clip(
        shift,
        -np.maximum(width, 0),
        np.maximum(width, 0),
    )
    with np.errstate(over="ignore"):
        filled = np.where(
            finite.any(axis=-1, keepdims=True),
            np.exp(mean),
            np.nan,
        )
    return np.where(
        finite,
        np.exp(log_n + np.where(finite, shift, 0)),
        filled,
    )


def _paule_mandel(
    log_n: np.ndarray,
    variance: np.ndarray,
    finite: np.ndarray,
) -> np.ndarray:
    """Solve Σ (x − μ)²/(v + τ²) = rows − 1 for τ² by halving; 0 where v explains
    all.
    """
    freedom = finite.sum(axis=-1, keepdims=True) - 1
    lower = np.full(freedom.shape, LOG_TAU2[0])
    upper = np.full(freedom.shape, LOG_TAU2[1])
    for _ in range(HALVINGS):
        middle = (lower + upper) / 2
        _, squares = _weighted(
            log_n,
            variance + np.exp(middle),
            finite,
        )
        excess = squares > freedom
        lower = np.where(excess, middle, lower)
        upper = np.where(excess, upper, middle)
    _, squares = _weighted(log_n, variance, finite)
    return np.where(
        squares <= freedom,
        0,
        np.exp((lower + upper) / 2),
    )


def _weighted(
    log_n: np.ndarray,
    variance: np.ndarray,
    finite: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean weighted by 1/variance and the weighted sum of squares around
    it.
    """
    weight = finite / variance
    total = np.maximum(weight.sum(axis=-1, keepdims=True), np.finfo(float).tiny)
    mean = (weight * log_n).sum(axis=-1, keepdims=True) / total
    return mean, (weight * (log_n - mean) ** 2).sum(axis=-1, keepdims=True)


def n_of_zeros(
    n: np.ndarray,
    margin_only: np.ndarray,
    group: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Fill the n of figures of 0 or 1 that have a margin of error, but neither n nor an
    interval.

    n: effective respondents (rows,), NaN where unknown; margin_only: which rows are
    such figures; group: each row's country. p(1−p)/SE² has no meaning at 0, and
    publishers make the margin beside a zero by rules of their own, so its size is not
    read: the figure is of as many respondents as others of its kind, the median over
    its group, else over all. Returns n, and where each filled n is from: "group",
    "all", else "". NaN stays where no other n is known.
    """
    filled = np.where(margin_only, np.nan, n)
    source = np.full(filled.shape, "", dtype=object)
    sized = np.isfinite(filled)
    if not sized.any():
        return filled, source
    for name in np.unique(group[margin_only]):
        members = sized & (group == name)
        rows = margin_only & (group == name)
        if members.any():
            filled[rows] = np.median(n[members])
            source[rows] = "group"
        else:
            filled[rows] = np.median(n[sized])
            source[rows] = "all"
    return filled, source
