"""Possible: the true numbers that a published count may stand for, exact, suppressed or
noisy.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from scipy.special import gammaln, logsumexp

NODES = 9  # of a noisy count that is far from zero
FAR = 5.0  # sds: beyond the outermost node, 4.5
LEAST = 0.5  # stands for zero where a number divides
type Pairs = tuple[np.ndarray, np.ndarray, np.ndarray]  # a, b and log weight


@dataclass(frozen=True, eq=False)
class Possible:
    """Values (v,), distinct and rising, and their log weights (v,): P(what is published
    | a) · 1/a.
    """

    values: np.ndarray
    log_weight: np.ndarray

    def __add__(self, other: "Possible") -> "Possible":
        """Return what the sum of two counts may be."""
        values = np.add.outer(self.values, other.values).ravel()
        if len(values) == 1:
            return Possible(values, np.zeros(1))
        log_weight = np.add.outer(self.log_weight, other.log_weight).ravel()
        weight = np.exp(log_weight - log_weight.max())
        distinct, index = np.unique(values.round(9), return_inverse=True)
        return Possible(distinct, np.log(np.bincount(index, weight)))

    def times(self, share: float) -> "Possible":
        """Return what a share of the count may be."""
        return Possible(self.values * share, self.log_weight)

    @property
    def certain(self) -> bool:
        """Whether there is only one value."""
        return len(self.values) == 1


def possible(
    count: float,
    below: float = np.nan,
    noise_sd: float = 0.0,
) -> Possible:
    """Return the true numbers behind a published count.

    A suppressed count, written "<k", is 1 … k − 1. A count with added noise is c = a +
    N(0, s²): its values are whole numbers a ≥ 0 by N(c | a, s²), or, where c > 5s, nine
    Gauss–Hermite nodes, exact for what is as smooth as a likelihood. Any other count is
    exact.
    """
    if not np.isnan(below):
        values = np.arange(1.0, below)
        return Possible(values, -np.log(values))
    if noise_sd == 0:
        return Possible(np.array([count]), np.zeros(1))
    if count > FAR * noise_sd:
        nodes, weight = hermegauss(NODES)
        values = count + noise_sd * nodes
        return Possible(values, np.log(weight / values))
    highest = np.ceil(count + FAR * noise_sd)
    values = np.arange(0.0, max(highest, 1.0) + 1)
    log_density = -0.5 * ((count - values) / noise_sd) ** 2
    return Possible(values, log_density - _log(values))


def total(counts: Iterable[Possible]) -> Possible:
    """Return what the sum of counts may be; of none, zero."""
    zero = Possible(np.zeros(1), np.zeros(1))
    return reduce(Possible.__add__, counts, zero)


def pairs(a: Possible, b: Possible) -> Pairs:
    """Return every pair (a, b) that two counts may be, and log w of the likelihood Σ w
    π^a (1−π)^b.

    P(a, b, published | π) = C(n, a) π^a (1−π)^b · p(n) · P(published | a) · P(published
    | b), n = a + b. Rates of any order of magnitude are as likely beforehand: p(n) ∝
    1/n, and of a sum's parts p(a₁, a₂ | a) ∝ a/(a₁a₂), Haldane's. Where both are known
    this is the binomial's likelihood.
    """
    grid_a, grid_b = np.meshgrid(a.values, b.values, indexing="ij")
    x = grid_a.ravel()
    y = grid_b.ravel()
    n = x + y
    log_choose = gammaln(n + 1) - gammaln(x + 1) - gammaln(y + 1)
    published = np.add.outer(_published(a), _published(b)).ravel()
    log_weight = log_choose - _log(n) + published
    return x, y, log_weight - logsumexp(log_weight)


def _published(count: Possible) -> np.ndarray:
    """Return log P(what is published | a) of every value a, up to a constant."""
    if count.certain:
        return np.zeros(1)
    return count.log_weight + _log(count.values)


def _log(values: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(values, LEAST))
