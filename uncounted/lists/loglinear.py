"""Log-linear models of capture histories: candidates, whether they have an estimate,
and many fits at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import comb

import numpy as np
from scipy.optimize import linprog

MANY = 2**15
# models fitted at once, so that their Hessians stay in the processor's cache
AT_ONCE = 512
NO_MAXIMUM, NOT_IDENTIFIED = "no maximum", "not identified"

type Term = tuple[int, ...]  # places of lists


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
    terms: tuple[Term, ...]
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


def candidates(
    y: np.ndarray,
    histories: np.ndarray,
    order: int,
) -> Candidates:
    """Return the hierarchical models with interactions of up to `order` lists: a triple
    brings its three pairs.

    All of them if there are at most 2^15; else those with at most as many pairs as keep
    to that (7 lists: 5, 8: 4). The interaction of all lists is never identified, so it
    is in none.
    """
    lists = histories.shape[1]
    order = min(order, lists - 1)
    terms: list[Term] = []
    for size in range(order + 1):
        terms += combinations(range(lists), size)
    pairs = [term for term in terms if len(term) == 2]
    most = len(pairs)
    while sum(comb(len(pairs), k) for k in range(most + 1)) > MANY:
        most -= 1
    models = _subsets(pairs, most)
    if order > 2:
        models = [
            pairs_only | triples
            for pairs_only in models
            for triples in _triples(pairs_only, lists)
        ]
    has = [[len(term) < 2 or term in model for term in terms] for model in models]
    x = [histories[:, list(term)].all(axis=1) for term in terms]
    design = np.ascontiguousarray(np.column_stack(x), float)
    return Candidates(
        y,
        design,
        tuple(terms),
        np.array(has),
    )


def _subsets(
    terms: Sequence[Term],
    most: int,
) -> list[set[Term]]:
    """Return all sets of at most so many terms, smaller ones first."""
    subsets: list[set[Term]] = []
    for size in range(most + 1):
        subsets += map(set, combinations(terms, size))
    return subsets


def _triples(
    pairs: set[Term],
    lists: int,
) -> list[set[Term]]:
    """Return all sets of the triples whose three pairs are there."""
    allowed = [
        triple
        for triple in combinations(range(lists), 3)
        if pairs.issuperset(combinations(triple, 2))
    ]
    return _subsets(allowed, len(allowed))


def at_infinity(models: Candidates) -> tuple[np.ndarray, np.ndarray]:
    """Return the finite terms (models, terms) and fitted histories (models, histories)
    of extended estimates.

    The estimate of an interaction whose lists share nobody is −∞: histories with it are
    expected, and seen, 0 times, and leave the fit together with the term [Chan,
    Silverman & Vincent 2021].
    """
    nobody = models.y @ models.x == 0
    infinite = models.has & nobody
    return models.has & ~nobody, infinite @ models.x.T == 0


@dataclass(frozen=True, eq=False)
class Problem:
    """Penalised log-likelihoods that are maximised together.

    free (models, terms): which β move. seen (models, histories): which counts are
    fitted. ridge (terms,): the prior precision of each β.
    """

    y: np.ndarray
    x: np.ndarray
    free: np.ndarray
    seen: np.ndarray
    ridge: np.ndarray

    @cached_property
    def products(self) -> np.ndarray:
        """Products of every two terms (histories, terms²)."""
        pairs = self.x[:, :, None] * self.x[:, None, :]
        return pairs.reshape(len(self.x), -1)

    def value(self, beta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the log-likelihoods (models,) and expected counts (models,
        histories).
        """
        eta = beta @ self.x.T
        expected = np.exp(np.minimum(eta, 50))
        mu = np.where(self.seen, expected, 0)
        fitted = np.where(self.seen, self.y * eta, 0)
        likelihood = (fitted - mu).sum(1)
        return likelihood - 0.5 * (beta**2 @ self.ridge), mu

    def gradient(
        self,
        beta: np.ndarray,
        mu: np.ndarray,
    ) -> np.ndarray:
        """Return the gradients (models, terms), 0 for terms that don't move."""
        residual = np.where(self.seen, self.y, 0) - mu
        return (residual @ self.x - self.ridge * beta) * self.free

    def hessian(self, weight: np.ndarray) -> np.ndarray:
        """Return Xᵀ diag(weight) X + diag(ridge) over the free terms, the identity over
        the others (models, terms, terms).

        A 10⁻¹² of the trace keeps those solvable whose histories fade, as they do where
        there is no maximum.
        """
        k = self.x.shape[1]
        hessian = (weight @ self.products).reshape(-1, k, k)
        hessian *= self.free[:, :, None]
        hessian *= self.free[:, None, :]
        diagonal = np.einsum("mkk->mk", hessian)
        trace = diagonal.sum(1, keepdims=True)
        diagonal += np.where(
            self.free,
            self.ridge + 1e-12 * trace,
            1.0,
        )
        return hessian

    def start(self) -> np.ndarray:
        """Regress log(y + ½) on the terms, with weights y + ½."""
        weight = np.where(self.seen, self.y + 0.5, 0)
        right = ((weight * np.log(self.y + 0.5)) @ self.x) * self.free
        return _solve(self.hessian(weight), right)


def fit(
    models: Candidates,
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
    if seen is None:
        seen = np.ones((len(free), len(models.y)), bool)
    ridge = np.broadcast_to(precision, len(models.terms)).astype(float)
    parts = []
    for chunk in _chunks(len(free)):
        problem = Problem(
            models.y,
            models.x,
            free[chunk],
            seen[chunk],
            ridge,
        )
        beta = problem.start() if start is None else start[chunk]
        parts.append(_newton(problem, beta, steps))
    return Fits(*map(np.concatenate, zip(*parts, strict=True)))


def _chunks(models: int) -> list[slice]:
    return [slice(begin, begin + AT_ONCE) for begin in range(0, models, AT_ONCE)]


def _solve(
    hessian: np.ndarray,
    right: np.ndarray,
) -> np.ndarray:
    return np.linalg.solve(hessian, right[..., None])[..., 0]


def _newton(
    problem: Problem,
    beta: np.ndarray,
    steps: int,
) -> tuple[np.ndarray, ...]:
    """Return beta, value, Hessian, largest gradient and least expected count of each
    model.
    """
    value, mu = problem.value(beta)
    gradient = problem.gradient(beta, mu)
    for _ in range(steps):
        if np.abs(gradient).max() < 1e-9 * problem.y.sum():
            break
        step = _solve(problem.hessian(mu), gradient)
        higher, mu = problem.value(beta + step)
        for _ in range(30):
            worse = ~(higher >= value - 1e-10 * np.abs(value))
            if not worse.any():
                break
            step[worse] /= 2
            higher, mu = problem.value(beta + step)
        beta = beta + step
        value = higher
        gradient = problem.gradient(beta, mu)
    lowest = np.where(
        problem.seen,
        mu,
        np.inf,
    ).min(1)
    return beta, value, problem.hessian(mu), np.abs(gradient).max(1), lowest


def why_left_out(
    models: Candidates,
    free: np.ndarray,
    seen: np.ndarray,
    fits: Fits,
) -> np.ndarray:
    """Return for each model "" or why it has no estimate: not identified, or no maximum
    (models,).

    Identified: the design of its finite terms on its fitted histories has full rank. A
    maximum exists if some positive expected counts have the observed sufficient
    statistics [Fienberg & Rinaldo 2012], found by linear programming; a converged fit
    is such counts, and needs none. Among models of the same histories, more terms only
    lose a maximum.
    """
    exists = (fits.gradient < 1e-7 * models.y.sum()) & (fits.lowest > 1e-5)
    lacks = np.zeros(len(free), bool)
    while (unknown := np.flatnonzero(~exists & ~lacks)).size:
        size = free[unknown].sum(1)
        for i in (unknown[size.argmax()], unknown[size.argmin()]):
            alike = (seen == seen[i]).all(1)
            if _has_maximum(models, free[i], seen[i]):
                exists |= alike & (free <= free[i]).all(1)
            else:
                lacks |= alike & (free >= free[i]).all(1)
    why = np.where(lacks, NO_MAXIMUM, "")
    return np.where(_identified(models, free, seen), why, NOT_IDENTIFIED)


def _identified(
    models: Candidates,
    free: np.ndarray,
    seen: np.ndarray,
) -> np.ndarray:
    """Say of which models the design of finite terms has full rank (models,)."""
    without_prior = np.zeros(len(models.terms))
    least = []
    for chunk in _chunks(len(free)):
        problem = Problem(
            models.y,
            models.x,
            free[chunk],
            seen[chunk],
            without_prior,
        )
        hessian = problem.hessian(seen[chunk] * np.ones_like(models.y))
        least.append(np.linalg.eigvalsh(hessian)[:, 0])
    return np.concatenate(least) > 1e-8


def _has_maximum(
    models: Candidates,
    free: np.ndarray,
    seen: np.ndarray,
) -> bool:
    """Say whether the largest s with x ≥ s, Xᵀx = Xᵀy over the fitted histories is
    above 0; s needn't exceed 1.
    """
    x = models.x[np.ix_(seen, free)]
    histories, terms = x.shape
    equal = np.column_stack([x.T, np.zeros(terms)])
    above = np.column_stack([-np.eye(histories), np.ones(histories)])
    bounds = [(0, None)] * histories + [(0, 1)]
    solution = linprog(
        c=np.append(np.zeros(histories), -1.0),
        A_ub=above,
        b_ub=np.zeros(histories),
        A_eq=equal,
        b_eq=models.y[seen] @ x,
        bounds=bounds,
    )
    return bool(solution.status == 0 and -solution.fun > 1e-6)
