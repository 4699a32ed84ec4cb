"""Rounded counts: figures printed with few digits, read as the interval of counts that
they stand for.

A share printed as p̂, half of its last digit being h, is any in [p̂ − h, p̂ + h), so
that the count was in [n(p̂ − h), n(p̂ + h)). Its probability is a sum over the whole
counts in there, or, where n is an effective number and counts are not whole, an
integral of the effective density: Σ_k w_k f(y_k) over nodes that do not depend on the
prevalence.
"""

import numpy as np
from numpy.polynomial.legendre import leggauss

# counts at either end of an interval that are summed one by one, where not all are
EXACT = 4
LEAST = 16  # nodes
PER_SD = 1.3  # nodes for each standard deviation of a count that an interval is wide
SPARE = 8  # nodes besides
NEAR = 1e-6  # counts closer than this are the same
NEVER = -700.0  # the log weight of a node that isn't needed
Weighted = tuple[np.ndarray, np.ndarray]  # nodes and weights


def node_count(n: np.ndarray, rounding: np.ndarray) -> int:
    """Return how many nodes suffice for rows of n respondents printed to ±rounding
    (rows,), whatever they show.

    An interval is widest, in standard deviations of a count, next to 0 or 100 %.
    """
    angle = np.arcsin(np.sqrt(np.minimum(2 * rounding, 1.0)))
    widest = 2 * np.sqrt(n) * angle
    spread = np.ceil(PER_SD * widest) + SPARE + 2 * EXACT
    counts = np.ceil(2 * rounding * n) + 2
    needed = np.where(rounding > 0, np.minimum(spread, counts), 0)
    return max(LEAST, int(needed.max()))


def nodes(
    y: np.ndarray,
    n: np.ndarray,
    rounding: np.ndarray,
    size: int,
) -> Weighted:
    """Return counts y_k and log w_k (rows, size) of the interval of each row; y_0 = y
    alone where rounding is 0.
    """
    column = np.asarray(y, float)[:, None]
    node = np.repeat(column, size, axis=1)
    log_weight = np.full(node.shape, NEVER)
    log_weight[:, 0] = 0.0
    for row in np.flatnonzero(rounding > 0):
        counts, weights = _of_row(y[row], n[row], rounding[row], size)
        used = len(counts)
        node[row, :used] = counts
        node[row, used:] = counts[0]
        log_weight[row, :used] = np.log(weights)
        log_weight[row, used:] = NEVER
    return node, log_weight


def printed(
    y: np.ndarray,
    n: np.ndarray,
    rounding: np.ndarray,
) -> np.ndarray:
    """Return counts (…, rows) as they would be printed: n times the nearest multiple of
    2h, halves rounded up.
    """
    step = np.where(rounding > 0, 2 * rounding * n, 1.0)
    steps = np.floor(y / step + 0.5 + NEAR)
    rounded = np.minimum(steps * step, n)
    return np.where(rounding > 0, rounded, y)


def _of_row(y: float, n: float, rounding: float, size: int) -> Weighted:
    lower = max(y - n * rounding, 0.0)
    upper = min(y + n * rounding, n)
    lowest = int(np.ceil(lower - NEAR))
    highest = int(n)
    if upper < n - NEAR:
        highest = int(np.ceil(upper - NEAR)) - 1
    if abs(n - round(n)) > NEAR or highest < lowest:
        return _continuous(lower, upper, n, size)
    return _whole(lowest, highest, round(n), size)


def _whole(lowest: int, highest: int, n: int, size: int) -> Weighted:
    """Return whole counts from first to last: all of them, or those at the ends and a
    quadrature between.
    """
    if highest - lowest < size:
        counts = np.arange(lowest, highest + 1.0)
        return counts, np.ones(highest - lowest + 1)
    low = lowest + np.arange(EXACT)
    high = highest - np.arange(EXACT)
    start, stop = lowest + EXACT - 0.5, highest - EXACT + 0.5
    middle, weight = _quadrature(start, stop, n, size - 2 * EXACT)
    ends = np.ones(EXACT)
    counts = np.concatenate([low, middle, high])
    return counts, np.concatenate([ends, weight, ends])


def _continuous(lower: float, upper: float, n: float, size: int) -> Weighted:
    """Return a quadrature of effective counts; nobody and everybody are masses, of
    which half lies outside of [0, n].

    The sum over whole counts is that on average over where among them the ends of the
    interval fall.
    """
    node, weight = _quadrature(lower, upper, n, size - 2)
    masses = []
    if lower <= NEAR:
        masses.append(0.0)
    if upper >= n - NEAR:
        masses.append(n)
    half = np.full(len(masses), 0.5)
    return np.append(masses, node), np.append(half, weight)


def _quadrature(lower: float, upper: float, n: float, size: int) -> Weighted:
    """Return Gauss–Legendre nodes and weights of ∫ f(y) dy in the scale of θ, y = n
    sin²θ.

    A count's standard deviation is about ½/√n in θ wherever it lies.
    """
    shares = np.clip([lower / n, upper / n], 0.0, 1.0)
    start, stop = np.arcsin(np.sqrt(shares))
    x, weight = leggauss(size)
    theta = start + (stop - start) * (x + 1) / 2
    slope = 2 * n * np.sin(theta) * np.cos(theta)
    counts = n * np.sin(theta) ** 2
    return counts, weight * (stop - start) / 2 * slope
