"""Formula: the n at which an estimate has a bound, for each kind of interval."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, expit, logit, ndtri

# the range in which the log n of exact intervals is sought
LOG_N = (np.log(0.5), np.log(1e9))
STEPS = 30  # of secants
CLOSE = 1e-5  # the last secant leaves log n closer by orders than this

type Rows = np.ndarray


@dataclass(frozen=True)
class Formula:
    """How one kind of interval is undone; all arrays are (rows,), p a proportion.

    by_upper(p, u): the n at which p has the upper bound u > p; it rises with p above
    `turning`. by_lower(p, l): the n at which p has the lower bound l < p; it falls with
    p. meeting(l, u): the p that has both bounds at one n. turning(u): below this p,
    by_upper falls with p; 0 where it rises all along.
    """

    by_upper: Callable[[Rows, Rows], Rows]
    by_lower: Callable[[Rows, Rows], Rows]
    meeting: Callable[[Rows, Rows], Rows]
    turning: Callable[[Rows], Rows] = np.zeros_like


def quantile(level: float) -> float:
    """Return z, the normal quantile of an interval of this level."""
    return float(-ndtri((1 - level) / 2))


def wald(z: float) -> Formula:
    """Return the formula of b = p ∓ z √(p(1−p)/n)."""

    def n(p: Rows, bound: Rows) -> Rows:
        return z**2 * p * (1 - p) / (bound - p) ** 2

    return Formula(
        n,
        n,
        lambda lower, upper: (lower + upper) / 2,
    )


def logit_scale(z: float) -> Formula:
    """Return the formula of logit b = logit p ∓ z / √(n p(1−p))."""

    def n(p: Rows, bound: Rows) -> Rows:
        return z**2 / (p * (1 - p) * (logit(bound) - logit(p)) ** 2)

    def meeting(lower: Rows, upper: Rows) -> Rows:
        return expit((logit(lower) + logit(upper)) / 2)

    return Formula(n, n, meeting, _logit_turning)


def _logit_turning(upper: Rows) -> Rows:
    """Solve logit u − logit p = 2 / (1−2p), where p(1−p)(logit u − logit p)² is
    largest.
    """
    p = np.zeros_like(upper)
    for _ in range(3):
        p = expit(logit(upper) - 2 / (1 - 2 * np.minimum(p, 0.4)))
    return p


def wilson(z: float) -> Formula:
    """Return the formula of (b − p)² = z² b(1−b)/n."""
    return _score(
        z,
        np.zeros(1),
        np.zeros(1),
    )


def exact(
    z: float,
    p: Rows,
    lower: Rows,
    upper: Rows,
) -> Formula:
    """Return the formula of Clopper and Pearson's bounds, which is exact at this p and
    bounds.

    Near them, so far as rounding goes, n is the one of the score interval with a
    correction for continuity times a constant that makes it exact there. Where a bound
    isn't beyond p, or is 0, 1 or missing, that constant is 1.
    """
    score = _score(
        z,
        np.ones(1),
        np.ones(1),
    )
    above = (upper > p) & (upper < 1)
    below = (lower < p) & (lower > 0)
    by_upper, by_lower = np.ones_like(p), np.ones_like(p)
    n = score.by_upper(p[above], upper[above])
    by_upper[above] = (
        _solved(
            n,
            1 - p[above],
            1 - upper[above],
            z,
        )
        / n
    )
    n = score.by_lower(p[below], lower[below])
    by_lower[below] = (
        _solved(
            n,
            p[below],
            lower[below],
            z,
        )
        / n
    )
    return _score(z, by_lower, by_upper)


def _score(
    z: float,
    lower_scale: Rows,
    upper_scale: Rows,
) -> Formula:
    """Return the formula of |b − p| = z √(b(1−b)/n) with a correction of 1/2n for
    continuity.

    Of each row's scale c its n is c times that; where the scale is 0 there is no
    correction.
    """
    below = Continuity(z, lower_scale)
    above = Continuity(z, upper_scale)

    def meeting(lower: Rows, upper: Rows) -> Rows:
        linear = below.linear(lower) + above.linear(upper)
        gap = np.maximum(upper - lower, 0)
        root = _root(below.square + above.square, linear, gap)
        p = lower + below.linear(lower) * root + below.square * root**2
        return np.where(
            upper > lower,
            p,
            (lower + upper) / 2,
        )

    return Formula(above.n, below.n, meeting)


@dataclass(frozen=True)
class Continuity:
    """|b − p| = z √(c b(1−b)) r + c r²/2 for r = 1/√n and each row's scale c (rows,).

    A scale of 0 stands for 1 without the term in r².
    """

    z: float
    scale: Rows

    @property
    def square(self) -> Rows:
        """Coefficient of r²."""
        return self.scale / 2

    def linear(self, bound: Rows) -> Rows:
        """Return the coefficient of r."""
        deviation = np.sqrt(
            np.clip(
                bound * (1 - bound),
                0,
                None,
            )
        )
        return (
            self.z
            * deviation
            * np.where(
                self.scale > 0,
                np.sqrt(self.scale),
                1,
            )
        )

    def n(self, p: Rows, bound: Rows) -> Rows:
        """Return the n at which p has this bound."""
        return (
            _root(
                self.square,
                self.linear(bound),
                np.abs(bound - p),
            )
            ** -2
        )


def _root(
    square: Rows,
    linear: Rows,
    gap: Rows,
) -> Rows:
    """Solve square x² + linear x = gap for x ≥ 0, in the form that subtracts
    nothing.
    """
    return 2 * gap / (linear + np.sqrt(linear**2 + 4 * square * gap))


def _solved(
    start: Rows,
    share: Rows,
    bound: Rows,
    z: float,
) -> Rows:
    """Solve P(at least n·share of n | bound) = α/2 for n by secants, begun at `start`.

    The normal quantile of that probability is nearly −c √n, so that the logarithm of
    its size is nearly straight in log n, with slope 1/2.
    """
    log_n = np.clip(np.log(start), *LOG_N)
    miss = _miss(log_n, share, bound, z)
    slope = np.full(share.shape, 0.5)
    active = np.flatnonzero(np.abs(miss) > CLOSE)
    for _ in range(STEPS):
        if not active.size:
            break
        before, missed_before = log_n[active], miss[active]
        step = np.clip(
            -missed_before / slope[active],
            -2,
            2,
        )
        after = np.clip(before + step, *LOG_N)
        missed = _miss(after, share[active], bound[active], z)
        moved = after != before
        secant = (missed - missed_before) / np.where(
            moved,
            after - before,
            1,
        )
        usable = moved & (secant > 0.1) & (secant < 5)
        slope[active] = np.where(usable, secant, slope[active])
        log_n[active], miss[active] = after, missed
        active = active[moved & (np.abs(missed) > CLOSE)]
    return np.exp(np.clip(log_n - miss / slope, *LOG_N))


def _miss(
    log_n: Rows,
    share: Rows,
    bound: Rows,
    z: float,
) -> Rows:
    """Return log of the normal quantile of that probability over z; it is 0 at the
    solution.
    """
    n = np.exp(log_n)
    tail = betainc(
        n * share,
        n * (1 - share) + 1,
        bound,
    )
    return np.log(-ndtri(np.clip(tail, 1e-300, 0.4999)) / z)
