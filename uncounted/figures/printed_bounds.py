"""Printed bounds: the least and the largest n that a printed interval allows."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from uncounted.figures.interval_formula import (
    Formula,
    exact,
    logit_scale,
    quantile,
    wald,
    wilson,
)

CLOSED = {"wald": wald, "logit": logit_scale, "wilson": wilson}

type Digits = float | np.ndarray | tuple[float | np.ndarray, ...] | None


@dataclass(frozen=True)
class Bounds:
    """Printed intervals of estimates of at most one half, with half a printed unit of
    each number.
    """

    estimate: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    half_estimate: np.ndarray
    half_lower: np.ndarray
    half_upper: np.ndarray

    def rows(self, mask: np.ndarray) -> "Bounds":
        """Return the figures where mask (rows,) is true."""
        return Bounds(*(values[mask] for values in vars(self).values()))

    def farther(self) -> "Bounds":
        """Return the figures as if the upper bound alone had been printed; the lower if
        that isn't above.
        """
        above = self.upper > self.estimate
        lower = np.where(above, np.nan, self.lower)
        upper = np.where(above, self.upper, np.nan)
        return replace(self, lower=lower, upper=upper)

    @property
    def estimates(self) -> tuple[np.ndarray, np.ndarray]:
        """Least and largest estimate that is printed so; one that is printed as
        positive is.
        """
        least = np.maximum(self.estimate - self.half_estimate, self.estimate / 2)
        largest = np.minimum(
            self.estimate + self.half_estimate, (1 + self.estimate) / 2
        )
        return least, largest


def folded(
    estimate: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    digits: Digits,
) -> Bounds:
    """Mirror estimates above one half, so that the upper bound is the farther from 0 or
    1.
    """
    halves = digits if isinstance(digits, tuple) else (digits,) * 3
    printed = [0.0 if half is None else half for half in halves]
    numbers = [
        np.atleast_1d(np.asarray(values, dtype=float))
        for values in (estimate, lower, upper, *printed)
    ]
    arrays = np.broadcast_arrays(*numbers)
    p, low, high, half_p, half_low, half_high = arrays
    mirror = p > 0.5
    return Bounds(
        estimate=np.where(mirror, 1 - p, p),
        lower=np.maximum(
            np.where(
                mirror,
                1 - high,
                low,
            ),
            0,
        ),
        upper=np.minimum(
            np.where(
                mirror,
                1 - low,
                high,
            ),
            1,
        ),
        half_estimate=half_p,
        half_lower=np.where(mirror, half_high, half_low),
        half_upper=np.where(mirror, half_low, half_high),
    )


def formula_of(
    p: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    level: float,
    method: str,
) -> Formula:
    """Return the method's formula; exact bounds' holds near these."""
    z = quantile(level)
    if method in CLOSED:
        return CLOSED[method](z)
    return exact(z, p, lower, upper)


def n_range(
    bounds: Bounds,
    level: float,
    method: str,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the least and the largest n that some estimate and both bounds, as
    printed, allow.

    For n_U(p) by the upper and n_L(p) by the lower bound, the least is min over p of
    max(n_U, n_L) at the widest bounds that are printed so, the largest max over p of
    min(n_U, n_L) at the narrowest. n_U rises with p and n_L falls, so both lie where
    the two meet, or at an end of p.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return _least(bounds, level, method), _largest(bounds, level, method)


def _least(
    bounds: Bounds,
    level: float,
    method: str,
) -> np.ndarray:
    """Return the n of the widest interval; a bound that reaches 0 or 1 asks for no
    least n.
    """
    smallest, greatest = bounds.estimates
    lower = bounds.lower - bounds.half_lower
    upper = bounds.upper + bounds.half_upper
    by_upper, by_lower = upper < 1, lower > 0
    formula = formula_of(bounds.estimate, lower, upper, level, method)
    p = np.where(
        by_lower,
        formula.meeting(lower, upper),
        0,
    )
    p = np.where(
        by_upper,
        np.maximum(p, formula.turning(upper)),
        greatest,
    )
    p = np.clip(p, smallest, greatest)
    n_upper = np.where(
        by_upper,
        _beyond(formula.by_upper, p, upper, upper > p),
        0,
    )
    n_lower = np.where(
        by_lower,
        _beyond(formula.by_lower, p, lower, lower < p),
        0,
    )
    return np.maximum(n_upper, n_lower)


def _largest(
    bounds: Bounds,
    level: float,
    method: str,
) -> np.ndarray:
    """Return the n of the narrowest interval."""
    smallest, greatest = bounds.estimates
    lower = bounds.lower + bounds.half_lower
    upper = bounds.upper - bounds.half_upper
    by_upper, by_lower = upper < 1, ~np.isnan(lower)
    formula = formula_of(bounds.estimate, lower, upper, level, method)
    meeting = np.where(
        by_lower,
        formula.meeting(lower, upper),
        1,
    )
    p = np.clip(
        np.where(by_upper, meeting, smallest),
        smallest,
        greatest,
    )
    largest = np.zeros_like(p)
    # below its turning n_U is largest at the smallest p
    for place in (p, smallest):
        n_upper = _beyond(
            formula.by_upper,
            place,
            upper,
            by_upper & (upper > place),
        )
        n_lower = _beyond(
            formula.by_lower,
            place,
            lower,
            by_lower & (lower < place),
        )
        largest = np.fmax(largest, np.minimum(n_upper, n_lower))
    return largest


def _beyond(
    by_bound: Callable,
    p: np.ndarray,
    bound: np.ndarray,
    beyond: np.ndarray,
) -> np.ndarray:
    """Return the n of a bound; infinitely many where it isn't beyond p."""
    return np.where(beyond, by_bound(p, bound), np.inf)
