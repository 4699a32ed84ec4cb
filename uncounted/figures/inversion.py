"""Inversion: the effective respondents that a published interval is made of."""

from dataclasses import dataclass

import numpy as np

from uncounted.figures.printed_bounds import (
    CLOSED,
    Bounds,
    Digits,
    folded,
    formula_of,
    n_range,
)

METHODS = ("wald", "logit", "wilson", "exact", "korn_graubard", "unknown")
# bounds of unknown rounding reproduce if they ask for the same log n to within this
AGREE = 1e-3

FORMULAS = (*CLOSED, "exact")


@dataclass(frozen=True)
class Inverted:
    """What the intervals of some figures say about their effective respondents; arrays
    (rows,).

    n: effective respondents; NaN where the bounds determine nothing.
    method: the formula whose n it is, "" where there is none.
    width: largest |log ratio| of n to an n that would be printed alike (0.03: about 3
    %); inf where n could be as large as one likes, and where there is no n.
    """

    n: np.ndarray
    method: np.ndarray
    width: np.ndarray


def effective_n(
    estimate: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    level: float = 0.95,
    method: str | np.ndarray = "unknown",
    digits: Digits = None,
) -> Inverted:
    """Return the effective respondents whose interval, by its method, is printed as
    this one.

    estimate, lower, upper: proportions (rows,), NaN where missing; level: of the
    intervals; method: of METHODS, one for all rows or one each; digits: half a printed
    unit as a proportion (0.0005 for percent with one decimal), one for all numbers, one
    each row, or a tuple of three for estimate, lower and upper; None or 0 where the
    numbers were not rounded.

    Every n between a least and a largest would be printed so, by some estimate that
    would be, too; returned is the n of the interval half-way between them in width,
    1/√n = (1/√least + 1/√largest)/2. So `width` bounds the error where the method is
    right. A lower bound printed as 0 only says that it is below half a unit. Bounds
    that no n reproduces give n by the upper alone.

    A zero is of ln(α/2)/ln(1−u) respondents by its upper bound u; z²(1−u)/u by
    Wilson's. Wald and logit have no interval there: any that is printed is another's,
    taken as exact. Estimates above one half, and ones, mirror those below. "unknown"
    takes, of the formulas that reproduce both bounds, the one of the smallest n; logit
    by the upper bound where there is none. Korn and Graubard's interval is Clopper and
    Pearson's at n_eff (t_{n−1}/t_df)²: that product is returned, as df is unknown.
    Raises ValueError for a method that isn't of METHODS.
    """
    bounds = folded(estimate, lower, upper, digits)
    methods = np.broadcast_to(np.asarray(method, dtype=object), bounds.estimate.shape)
    if strange := sorted(set(methods) - set(METHODS)):
        message = (
            f"No method of intervals is called {strange[0]!r}. Use one of"
            f" {', '.join(METHODS)}."
        )
        raise ValueError(message)
    inverted = _nothing(bounds.estimate.size)
    for name in sorted(set(methods)):
        inner = (methods == name) & (bounds.estimate > 0)
        zero = (methods == name) & (bounds.estimate == 0)
        for mask, invert in ((inner, _of_inner), (zero, _of_zeros)):
            if mask.any():
                _put(
                    inverted,
                    mask,
                    invert(bounds.rows(mask), level, name),
                )
    return inverted


def common_method(
    estimate: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    level: float = 0.95,
    digits: Digits = None,
) -> str:
    """Return the method that the intervals of one table or survey are likely made by,
    or "unknown".

    A row of few digits could be of several methods, and of another one as its cases are
    few or many; a table seldom could. Of the formulas that reproduce the most rows it
    is the one of the smallest sum of n. A zero speaks for Wilson and exact if it has an
    interval, else for Wald and logit, which have none there. "unknown" where the best
    formula fails in more than a tenth of the rows, or no estimate but 0 and 1 has an
    interval. Without zeros logit is never returned: Wilson's bounds are symmetric on
    the logit scale, so that both always fit, Wilson with fewer.
    """
    bounds = folded(estimate, lower, upper, digits)
    bounds = bounds.rows(~np.isnan(bounds.estimate))
    bounds = bounds.rows((bounds.upper > bounds.lower) | (bounds.estimate == 0))
    inner = bounds.rows(bounds.estimate > 0)
    if not inner.estimate.size:
        return "unknown"
    rows, size = {}, {}
    for name in FORMULAS:
        rows[name] = int(_reproduced(bounds, level, name).sum())
        size[name] = float(np.nansum(_of_inner(inner, level, name).n))
    best = max(rows.values())
    if best < 0.9 * bounds.estimate.size:
        return "unknown"
    return min((name for name in FORMULAS if rows[name] == best), key=size.__getitem__)


def _nothing(size: int) -> Inverted:
    return Inverted(
        n=np.full(size, np.nan),
        method=np.full(size, "", dtype=object),
        width=np.full(size, np.inf),
    )


def _put(
    inverted: Inverted,
    mask: np.ndarray,
    part: Inverted,
) -> None:
    inverted.n[mask] = part.n
    inverted.method[mask] = part.method
    inverted.width[mask] = part.width


def _of_zeros(
    bounds: Bounds,
    level: float,
    method: str,
) -> Inverted:
    """Take n by the upper bound of a zero that is no rounded number; width allows that
    it is.
    """
    name = method if method in ("wilson", "exact", "korn_graubard") else "exact"
    bounds = bounds.farther()
    least, largest = n_range(bounds, level, name)
    with np.errstate(divide="ignore", invalid="ignore"):
        formula = formula_of(
            bounds.estimate,
            bounds.lower,
            bounds.upper,
            level,
            name,
        )
        n = formula.by_upper(bounds.estimate, bounds.upper)
    n = np.where(
        (bounds.upper > 0) & (bounds.upper < 1),
        n,
        np.nan,
    )
    # or it is a rounded estimate's own interval, of as many as one likes
    if method == "logit":
        largest = np.where(bounds.half_estimate > 0, np.inf, largest)
    return _inverted(n, least, largest, name)


def _of_inner(
    bounds: Bounds,
    level: float,
    method: str,
) -> Inverted:
    if method == "unknown":
        return _of_unknown(bounds, level)
    least, largest = n_range(bounds, level, method)
    neither = ~_possible(least, largest)
    by_upper = bounds.rows(neither).farther()
    least[neither], largest[neither] = n_range(by_upper, level, method)
    return _inverted(_middle(bounds, least, largest), least, largest, method)


def _of_unknown(bounds: Bounds, level: float) -> Inverted:
    """Take the smallest n of the closed formulas that reproduce, else the exact one's,
    else logit's.

    Where exact bounds fit as well as closed ones, their n is larger, or smaller by a
    hundredth or two: exact intervals are the widest. So it is sought only where the
    closed formulas fail.
    """
    chosen = _nothing(bounds.estimate.size)
    for name in CLOSED:
        least, largest = n_range(bounds, level, name)
        candidate = _inverted(
            _middle(bounds, least, largest),
            least,
            largest,
            name,
        )
        smaller = (
            _possible(least, largest) & ~(candidate.n >= chosen.n) & (candidate.n > 0)
        )
        _put(chosen, smaller, _rows(candidate, smaller))
    _put_rest(chosen, bounds, level, "exact")
    _put_rest(chosen, bounds.farther(), level, "logit")
    return chosen


def _put_rest(
    chosen: Inverted,
    bounds: Bounds,
    level: float,
    name: str,
) -> None:
    """Fill the rows that no formula has reproduced yet where this one does."""
    missing = np.isnan(chosen.n)
    remaining = bounds.rows(missing)
    least, largest = n_range(remaining, level, name)
    possible = _possible(least, largest)
    candidate = _inverted(
        _middle(remaining, least, largest),
        least,
        largest,
        name,
    )
    missing[missing] = possible
    _put(chosen, missing, _rows(candidate, possible))


def _rows(inverted: Inverted, mask: np.ndarray) -> Inverted:
    return Inverted(
        inverted.n[mask],
        inverted.method[mask],
        inverted.width[mask],
    )


def _reproduced(
    bounds: Bounds,
    level: float,
    name: str,
) -> np.ndarray:
    possible = _possible(*n_range(bounds, level, name))
    has_interval = bounds.upper > 0
    at_zero = has_interval if name in ("wilson", "exact") else ~has_interval
    return np.where(bounds.estimate == 0, at_zero, possible)


def _possible(
    least: np.ndarray,
    largest: np.ndarray,
) -> np.ndarray:
    return least <= largest * (1 + AGREE)


def _middle(
    bounds: Bounds,
    least: np.ndarray,
    largest: np.ndarray,
) -> np.ndarray:
    """Return the n of an interval half-way in width; NaN for an interval of no
    width.
    """
    with np.errstate(divide="ignore"):
        middle = 4 / (least**-0.5 + largest**-0.5) ** 2
    middle = np.where(least > 0, middle, largest)
    lower = np.where(
        np.isnan(bounds.lower),
        bounds.estimate,
        bounds.lower,
    )
    upper = np.where(
        np.isnan(bounds.upper),
        bounds.estimate,
        bounds.upper,
    )
    return np.where(upper > lower, middle, np.nan)


def _inverted(
    n: np.ndarray,
    least: np.ndarray,
    largest: np.ndarray,
    name: str,
) -> Inverted:
    determined = np.isfinite(n) & (n > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        width = np.maximum(np.log(n / least), np.log(largest / n))
    return Inverted(
        n=np.where(determined, n, np.nan),
        method=np.where(determined, name, "").astype(object),
        width=np.where(
            determined,
            np.maximum(width, 0.0),
            np.inf,
        ),
    )
