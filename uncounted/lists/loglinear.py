"""Log-linear models of capture histories: candidates, whether they have an estimate,
and many fits at once.
"""

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from scipy.optimize import linprog

MANY = 2**15
AT_ONCE = (
    512  # models fitted at once, so that their Hessians stay in the processor's cache
)
NO_MAXIMUM, NOT_IDENTIFIED = "no maximum", "not identified"


@dataclass(frozen=True, eq=False)
class Candidates:
    """Models of the counts y (histories,): design x (histories, terms) and which terms
    each has, has (models, terms).

    terms are tuples of lists' places: () the intercept, (i,) main effects, in every
    model; then interactions. The expected count of a history is exp Σ of its terms, a
    term being in a history if all of its lists are.
    """

    y: np.ndarray
    x: np.ndarray
    terms: tuple[tuple[int, ...], ...]
    has: np.ndarray

    @property
    def interactions(self) -> np.ndarray:
        """Say which terms are interactions (terms,)."""
        return np.array([len(term) > 1 for term in self.terms])


@dataclass(frozen=True, eq=False)
class Fits:
    """Maxima of penalised log-likelihoods, one per model: beta (models, terms), value,
    Hessian, gradient's size.

    lowest: the least expected count among the histories that the model fits.
    """

    beta: np.ndarray
    value: np.ndarray
    hessian: np.ndarray
    gradient: np.ndarray
    lowest: np.ndarray


def candidates(y: np.ndarray, histories: np.ndarray, order: int) -> Candidates:
    """Return the hierarchical models with interactions of up to `order` lists: a triple
    brings its three pairs.

    All of them if there are at most 2^15; else those with at most as many pairs as keep
    to that (7 lists: 5, 8: 4). The interaction of all lists is never identified, so it
    is in none.
    """
    lists = histories.shape[1]
    order = min(order, lists - 1)
    terms = [
        term for size in range(order + 1) for term in combinations(range(lists), size)
    ]
    pairs = [term for term in combinations(range(lists), 2) if order > 1]
    most = len(pairs)
    while sum(comb(len(pairs), k) for k in range(most + 1)) > MANY:
        most -= 1
    models = [set(chosen) for k in range(most + 1) for chosen in combinations(pairs, k)]
    if order > 2:
        models = [model | more for model in models for more in _triples(model, lists)]
    has = np.array(
        [[len(term) < 2 or term in model for term in terms] for model in models]
    )
    x = np.array(
        [[all(row[i] for i in term) for term in terms] for row in histories], float
    )
    return Candidates(y, x, tuple(terms), has)


def _triples(pairs: set[tuple[int, ...]], lists: int) -> list[set[tuple[int, ...]]]:
    may = [
        three
        for three in combinations(range(lists), 3)
        if all(two in pairs for two in combinations(three, 2))
    ]
    return [set(chosen) for k in range(len(may) + 1) for chosen in combinations(may, k)]


def at_infinity(these: Candidates) -> tuple[np.ndarray, np.ndarray]:
    """Return the finite terms (models, terms) and fitted histories (models, histories)
    of extended estimates.

    The estimate of an interaction whose lists share nobody is −∞: histories with it are
    expected, and seen, 0 times, and leave the fit together with the term [Chan,
    Silverman & Vincent 2021].
    """
    nobody = these.y @ these.x == 0
    return these.has & ~nobody, (these.has & nobody) @ these.x.T == 0


def fit(
    these: Candidates,
    free: np.ndarray,
    seen: np.ndarray | None = None,
    precision: np.ndarray | float = 0.0,
    start: np.ndarray | None = None,
    steps: int = 40,
) -> Fits:
    """Maximise Σ(y·η − e^η) − ½ Σ precision·β² in every model, by Newton's method with
    halved steps.

    free (models, terms): which β move; the others stay at start. seen (models,
    histories): which are fitted, else all.
    """
    seen = np.ones((len(free), len(these.y)), bool) if seen is None else seen
    ridge = np.broadcast_to(precision, len(these.terms)).astype(float)
    parts = []
    for first in range(0, len(free), AT_ONCE):
        at = slice(first, first + AT_ONCE)
        begin = _start(these, free[at], seen[at], ridge) if start is None else start[at]
        parts.append(_newton(these, free[at], seen[at], ridge, begin, steps))
    return Fits(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _hessian(
    these: Candidates, free: np.ndarray, weight: np.ndarray, ridge: np.ndarray
) -> np.ndarray:
    """Return Xᵀ diag(weight) X + diag(ridge) over the free terms, the identity over the
    others (models, terms, terms).

    A 10⁻¹² of the trace keeps those solvable whose histories fade, as they do where
    there is no maximum.
    """
    k = len(these.terms)
    products = (these.x[:, :, None] * these.x[:, None, :]).reshape(-1, k * k)
    out = (weight @ products).reshape(-1, k, k)
    out *= free[:, :, None]
    out *= free[:, None, :]
    diagonal = np.einsum("mkk->mk", out)
    diagonal += np.where(free, ridge + 1e-12 * diagonal.sum(1, keepdims=True), 1.0)
    return out


def _start(
    these: Candidates, free: np.ndarray, seen: np.ndarray, ridge: np.ndarray
) -> np.ndarray:
    """Regress log(y + ½) on the terms, with weights y + ½."""
    weight = np.where(seen, these.y + 0.5, 0)
    return _solve(
        _hessian(these, free, weight, ridge),
        ((weight * np.log(these.y + 0.5)) @ these.x) * free,
    )


def _solve(hessian: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.linalg.solve(hessian, right[..., None])[..., 0]


def _newton(
    these: Candidates,
    free: np.ndarray,
    seen: np.ndarray,
    ridge: np.ndarray,
    beta: np.ndarray,
    steps: int,
) -> tuple[np.ndarray, ...]:
    """Return beta, value, Hessian, largest gradient and least expected count of each
    model.
    """

    def value(beta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        eta = beta @ these.x.T
        mu = np.where(seen, np.exp(np.minimum(eta, 50)), 0)
        return (np.where(seen, these.y * eta, 0) - mu).sum(1) - 0.5 * (
            beta**2 @ ridge
        ), mu

    def slope(beta: np.ndarray, mu: np.ndarray) -> np.ndarray:
        return ((np.where(seen, these.y, 0) - mu) @ these.x - ridge * beta) * free

    now, mu = value(beta)
    gradient = slope(beta, mu)
    for _ in range(steps):
        if np.abs(gradient).max() < 1e-9 * these.y.sum():
            break
        step = _solve(_hessian(these, free, mu, ridge), gradient)
        after, after_mu = value(beta + step)
        for _ in range(30):
            worse = ~(after >= now - 1e-10 * np.abs(now))
            if not worse.any():
                break
            step[worse] /= 2
            after, after_mu = value(beta + step)
        beta, now, mu = beta + step, after, after_mu
        gradient = slope(beta, mu)
    lowest = np.where(seen, mu, np.inf).min(1)
    return beta, now, _hessian(these, free, mu, ridge), np.abs(gradient).max(1), lowest


def why_left_out(
    these: Candidates, free: np.ndarray, seen: np.ndarray, fits: Fits
) -> np.ndarray:
    """Return for each model "" or why it has no estimate: not identified, or no maximum
    (models,).

    Identified: the design of its finite terms on its fitted histories has full rank. A
    maximum exists if some positive expected counts have the observed sufficient
    statistics [Fienberg & Rinaldo 2012], found by linear programming; a converged fit
    is such counts, and needs none. Among models of the same histories, more terms only
    lose a maximum.
    """
    ones = np.ones_like(these.y)
    least = [
        np.linalg.eigvalsh(_hessian(these, f, s * ones, np.zeros(len(these.terms))))
        for f, s in _chunks(free, seen)
    ]
    identified = np.concatenate(least)[:, 0] > 1e-8
    exists = (fits.gradient < 1e-7 * these.y.sum()) & (fits.lowest > 1e-5)
    none = np.zeros(len(free), bool)
    while (unknown := np.flatnonzero(~exists & ~none)).size:
        size = free[unknown].sum(1)
        for i in (unknown[size.argmax()], unknown[size.argmin()]):
            alike = (seen == seen[i]).all(1)
            if _has_maximum(these, free[i], seen[i]):
                exists |= alike & (free <= free[i]).all(1)
            else:
                none |= alike & (free >= free[i]).all(1)
    return np.where(~identified, NOT_IDENTIFIED, np.where(none, NO_MAXIMUM, ""))


def _chunks(free: np.ndarray, seen: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    return [
        (free[at : at + AT_ONCE], seen[at : at + AT_ONCE])
        for at in range(0, len(free), AT_ONCE)
    ]


def _has_maximum(these: Candidates, free: np.ndarray, seen: np.ndarray) -> bool:
    """Say whether the largest s with x ≥ s, Xᵀx = Xᵀy over the fitted histories is
    above 0; s needn't exceed 1.
    """
    x = these.x[np.ix_(seen, free)]
    equal = np.column_stack([x.T, np.zeros(x.shape[1])])
    above = np.column_stack([-np.eye(len(x)), np.ones(len(x))])
    aim = np.append(np.zeros(len(x)), -1.0)
    bounds = [(0, None)] * len(x) + [(0, 1)]
    found = linprog(aim, above, np.zeros(len(x)), equal, these.y[seen] @ x, bounds)
    return bool(found.status == 0 and -found.fun > 1e-6)
