"""Row error: the error that rows of one survey and age share, beyond sampling and the
survey's own error, summed out.

Rows r of one survey and age, of either sex, share an error z ~ N(0, 1), τ_r large in
log odds:

    L = log ∫ Π_r f_r(y_r | η_r + τ_r z) N(z; 0, 1) dz,   log f_r = y·η − n·softplus(η)
    + …

by Laplace's method about one Newton step. It begins at z₀, where the empirical logits
of the counts and the prior of z would meet if counts were normal, and z is where it
ends:

    z = z₀ + (Σ τ(y − n·p₀) − z₀)/(1 + Σ τ²v₀),   v = n·p(1 − p),   p = logit⁻¹(η + τz)
    L = Σ log f_r(y | η + τz) − z²/2 − log(1 + Σ τ²v)/2

the integrand itself, not the quadratic's maximum, which may lie above all that the
integrand reaches. Within 0.001 at τ ≤ 0.2 of counts within three standard deviations,
within 0.02 of those within four; further out it is too low.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from uncounted.errors import UncountedError
from uncounted.model.belief import Belief
from uncounted.model.card import Card
from uncounted.model.people import sizes_of_ages
from uncounted.model.seen import Seen
from uncounted.model.symbols import brings
from uncounted.model.term import Term
from uncounted.notation.line import Line
from uncounted.wording.words import Words

Tensor = TensorVariable
Array = np.ndarray
Rng = np.random.Generator
# the prior of the sd of what rows of a survey and age err by, log odds
ROW = "sigma_row"
ROW_SIZE = "row_size"


def row_size(belief: Belief, seen: Seen) -> TensorVariable:
    """Return the sd of what rows of a survey and age err by beyond their survey's error
    (rows,), log odds.

    `sigma_row` at one age, times the age's own size if the card has `spread_age`. A row
    that covers several ages, or levels of traits, errs by their mean, √Σw² as much, and
    shares it with no other row.
    """
    squares = seen.row_ages
    sizes = sizes_of_ages(belief)
    if sizes is None:
        part = np.sqrt(squares.sum(axis=1))
    else:
        part = pt.sqrt(pt.dot(squares, sizes**2))
    return belief.variable(ROW) * part  # pyright: ignore[reportOperatorIssue] PyTensor types the root None


def shifted(
    y: Tensor,
    eta: Tensor,
    tau: Tensor,
    n: Tensor,
    weighted: Tensor,
    group: Tensor,
) -> tuple[Tensor, Tensor]:
    """Return η + τz (…, rows), and what to subtract from the log densities of rows
    there so that they sum to L.

    weighted (rows,): 0 for a row held out or without such an error, which has no
    information about z and no part of it. group (rows,): 0 to the number of groups less
    1, alike in the rows that share an error.
    """
    # a count drawn of a part of a person may be above n
    y = pt.minimum(y, n)  # pyright: ignore[reportAssignmentType] PyTensor types it None
    share = (y + 0.5) / (n + 1)
    information = n * share * (1 - share)
    logit: Any = pt.log((y + 0.5) / (n - y + 0.5))  # pyright: ignore[reportOperatorIssue]
    tau = tau * weighted
    distance = _summed(tau * information * (logit - eta), group)
    start = distance / (1 + _summed(tau**2 * information, group))
    p: Any = pt.sigmoid(eta + tau * start[..., group])
    slope = _summed(tau * (y - n * p), group)
    z = start + (slope - start) / (1 + _summed(tau**2 * n * p * (1 - p), group))
    x = eta + tau * z[..., group]
    p = pt.sigmoid(x)
    width: Any = pt.log(1 + _summed(tau**2 * n * p * (1 - p), group))
    several: Any = pt.maximum(_summed(weighted, group), 1)
    part = weighted / several[group]
    return x, part * ((z**2 + width) / 2)[..., group]


def drawn(eta: Array, tau: Array, group: Array, rng: Rng) -> Array:
    """Return η + τz (…, rows), z drawn once for all rows of a group."""
    groups = group.max() + 1
    z = rng.normal(size=(*eta.shape[:-1], groups))
    return eta + tau * z[..., group]


def _summed(values: Tensor, group: Tensor) -> Tensor:
    """Sum values (…, rows) over the rows of each group."""
    leading = [values.shape[axis] for axis in range(values.ndim - 1)]
    nothing = pt.zeros((*leading, group.max() + 1))
    return nothing[..., group].inc(values)  # pyright: ignore[reportAttributeAccessIssue]


def _lines(card: Card, shown: str, say: Words) -> Iterator[Line]:
    if ROW in card.priors:
        size = "size[a(j)] " if "spread_age" in card.priors else ""
        error = f"w[j] {size}ε[g(j)], ε[g] ~ Normal(0, sigma_row)"
        formula = f"logit {shown}'[j] = logit {shown}[j] + {error}"
        yield Line(formula, say("equation.row"), brings(card, ROW))


def _check(card: Card) -> None:
    if "sigma_row" in card.priors and card.likelihood != "binomial":
        raise UncountedError(
            "sigma_row is the error of a survey's row beyond its sampling, in log odds,"
            " and is read with likelihood = "
            f'"binomial" alone; here likelihood = "{card.likelihood}". Leave one out.',
            "sigma_row",
        )


TERM = Term(_lines, (ROW,), check=_check, on_logits=True, shows="{}'")
