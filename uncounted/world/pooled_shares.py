"""Pooling: shares of a trait in every country, from those that a survey knows, by a
small hierarchical model.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize, sparse
from scipy.linalg import cho_factor, cho_solve, solve_triangular
from scipy.special import softmax

FLAT = 10.0  # sd of the log odds of levels, which the data settle
# respondents at the mean of all, by whom shares are shrunk where the search for the
# mode begins
START = 4.0
ROUNDS = 4  # of that search
FAR = 12.0  # from 0 the log of an sd has no density
PROPOSALS, DF = (
    200,
    5,
)  # of the t distribution about the mode from which sd's are resampled


@dataclass(frozen=True)
class Cells:
    """Counts (cells, levels), effective respondents by level; each cell's country and
    group; countries' regions.

    country (cells,) indexes region (countries,), which indexes regions; group (cells,)
    is one of `groups`.
    """

    counts: np.ndarray
    country: np.ndarray
    group: np.ndarray
    region: np.ndarray
    groups: int


@dataclass(frozen=True)
class _Linear:
    """The model as one Gaussian: z (cells, k) = X θ + w + e, X (cells, D) sparse, cov e
    = error; k: the levels less 1.

    θ holds the groups' levels, the regions and the countries, of which there are
    `sizes`. All is whitened, so that what is exchangeable between levels has the
    identity as its covariance.
    """

    z: np.ndarray
    error: np.ndarray
    x: sparse.csr_array
    sizes: tuple[int, int, int]

    @property
    def several(self) -> bool:
        """Whether there are several groups, so that a country's may differ."""
        return self.sizes[0] > 1

    def precision(self, log_tau: np.ndarray) -> np.ndarray:
        """Return the prior precision of each entry of θ (D,)."""
        tau = np.exp(log_tau)
        return np.repeat([FLAT**-2, tau[0] ** -2, tau[1] ** -2], self.sizes)

    def extra(self, log_tau: np.ndarray) -> float:
        """Return the variance of w, what a country's groups differ by beside their
        levels; 0 with one group.
        """
        return float(np.exp(2 * log_tau[2])) if self.several else 0.0


def pooled_shares(
    cells: Cells, seed: int, draws: int = 1000, scale: float = 1.0
) -> np.ndarray:
    """Draw the shares of a trait's levels in every country and group (draws, countries,
    groups, levels).

        y ~ Multinomial(n, softmax(η, 0)),    η = a[group] + ρ[region] + u[country] +
        w[country, group]

    ρ, u, w ~ N(0, τ² M), M = (I + 11ᵀ)/2, which treats all levels alike [Aitchison
    1986, §4.7]; a is flat and each τ ~ HalfNormal(scale); no w with one group. The
    likelihood is taken as Gaussian in η about its mode, with mean η + W⁻¹(y − n·s), W =
    n(diag s − s sᵀ); τ is drawn by importance resampling from a t about the mode of its
    marginal posterior [Rue et al. 2009, §3, with one mode for all τ]. What no cell
    tells is drawn from the same distribution, so a country without data varies as
    countries of its region do.
    """
    rng = np.random.default_rng(seed)
    root = np.linalg.cholesky((np.eye(cells.counts.shape[1] - 1) + 1) / 2)
    model = _about_the_mode(cells, root, scale)
    unique, which = np.unique(
        _scales(model, scale, rng, draws), axis=0, return_inverse=True
    )
    found = np.empty((draws, len(cells.region), cells.groups, len(root)))
    for i, log_tau in enumerate(unique):
        at = np.flatnonzero(which.ravel() == i)
        found[at] = _draw(model, log_tau, cells, len(at), rng)
    z = np.concatenate([found @ root.T, np.zeros((*found.shape[:-1], 1))], axis=-1)
    return softmax(z, axis=-1)


def _about_the_mode(cells: Cells, root: np.ndarray, scale: float) -> _Linear:
    """Return the model with its likelihood about the mode of η, at the mode of τ; both
    in turn.
    """
    n = cells.counts.sum(axis=1, keepdims=True)
    mean = (cells.counts.sum(axis=0) + 1) / (n.sum() + cells.counts.shape[1])
    share = (cells.counts + START * mean) / (n + START)
    model = _linear(cells, root, np.log(share[:, :-1]) - np.log(share[:, -1:]))
    for _ in range(ROUNDS):
        log_tau = _mode(model, scale)
        _, theta, _ = _posterior(model, log_tau)
        expected = model.x @ theta.reshape(len(root), -1).T
        seen = np.einsum("nij,nj->ni", _gain(model, log_tau), model.z - expected)
        model = _linear(cells, root, (expected + seen) @ root.T)
    return model


def _linear(cells: Cells, root: np.ndarray, eta: np.ndarray) -> _Linear:
    """Return the model with its likelihood taken as Gaussian about log odds η (cells,
    k) against the last level.
    """
    n = cells.counts.sum(axis=1, keepdims=True)
    share = softmax(np.column_stack([eta, np.zeros(len(eta))]), axis=1)
    error = (np.eye(eta.shape[1]) / share[:, :-1, None] + 1 / share[:, -1:, None]) / n[
        :, :, None
    ]
    z = eta + np.einsum("nij,nj->ni", error, cells.counts[:, :-1] - n * share[:, :-1])
    white = np.linalg.inv(root)
    sizes = (cells.groups, int(cells.region.max()) + 1, len(cells.region))
    starts = np.cumsum([0, *sizes[:2]])
    columns = (
        np.column_stack([cells.group, cells.region[cells.country], cells.country])
        + starts
    )
    at = (np.repeat(np.arange(len(z)), 3), columns.ravel())
    x = sparse.csr_array((np.ones(columns.size), at), shape=(len(z), sum(sizes)))
    return _Linear(z @ white.T, white @ error @ white.T, x, sizes)


def _posterior(model: _Linear, log_tau: np.ndarray) -> tuple[tuple, np.ndarray, float]:
    """Return the Cholesky factor of θ's precision (θ level by level), its mean, and the
    log marginal density of z.
    """
    k = model.z.shape[1]
    v = model.error + model.extra(log_tau) * np.eye(k)
    inverse = np.linalg.inv(v)
    prior = model.precision(log_tau)
    size = len(prior)
    p = np.empty((k, size, k, size))
    for i, j in np.ndindex(k, k):
        p[i, :, j] = (model.x.T @ model.x.multiply(inverse[:, i, j, None])).toarray()
        p[i, :, j] += np.diag(prior) * (i == j)
    pulled = np.einsum("nij,nj->ni", inverse, model.z)
    b = (model.x.T @ pulled).T.ravel()
    factor = cho_factor(p.reshape(k * size, k * size), lower=True)
    mean = cho_solve(factor, b)
    log_det = (
        2 * np.log(np.diag(factor[0])).sum()
        - k * np.log(prior).sum()
        + np.linalg.slogdet(v)[1].sum()
    )
    return factor, mean, float(-0.5 * (log_det + (pulled * model.z).sum() - b @ mean))


def _gain(model: _Linear, log_tau: np.ndarray) -> np.ndarray:
    """Return how much of a cell's surprise is w's, τ²(τ² + error)⁻¹ (cells, k, k)."""
    extra = model.extra(log_tau)
    return extra * np.linalg.inv(model.error + extra * np.eye(model.z.shape[1]))


def _log_density(model: _Linear, scale: float) -> Callable[[np.ndarray], float]:
    """Return the log density of the logs of τ, given the data."""

    def of(log_tau: np.ndarray) -> float:
        if np.abs(log_tau).max() > FAR:
            return -np.inf
        return _posterior(model, log_tau)[2] + float(
            (log_tau - 0.5 * (np.exp(log_tau) / scale) ** 2).sum()
        )

    return of


def _mode(model: _Linear, scale: float) -> np.ndarray:
    density, start = (
        _log_density(model, scale),
        np.full(2 + model.several, np.log(scale / 2)),
    )
    return optimize.minimize(
        lambda t: -density(t), start, method="Nelder-Mead", options={"xatol": 0.01}
    ).x


def _scales(
    model: _Linear, scale: float, rng: np.random.Generator, draws: int
) -> np.ndarray:
    """Draw the logs of τ (draws, 2 or 3) from their marginal posterior."""
    log_density, mode = _log_density(model, scale), _mode(model, scale)
    size = len(mode)
    root = np.linalg.cholesky(np.linalg.inv(_curvature(log_density, mode)))
    t = rng.normal(size=(PROPOSALS, size)) / np.sqrt(
        rng.chisquare(DF, (PROPOSALS, 1)) / DF
    )
    proposed = mode + t @ root.T
    log_q = -0.5 * (DF + size) * np.log1p((t**2).sum(axis=1) / DF)
    log_w = np.array([log_density(one) for one in proposed]) - log_q
    w = np.exp(log_w - log_w.max())
    return proposed[rng.choice(PROPOSALS, draws, p=w / w.sum())]


def _curvature(
    log_density: Callable[[np.ndarray], float], mode: np.ndarray, step: float = 0.1
) -> np.ndarray:
    """Return minus the second derivatives at a mode, by central differences, made
    positive definite.
    """

    def minus(a: np.ndarray, b: np.ndarray) -> float:
        around = log_density(mode + a + b) + log_density(mode - a - b)
        return (log_density(mode + a - b) + log_density(mode - a + b) - around) / (
            4 * step**2
        )

    at = step * np.eye(len(mode))
    value, vector = np.linalg.eigh(np.array([[minus(a, b) for b in at] for a in at]))
    return (vector * np.maximum(value, 0.1)) @ vector.T


def _draw(
    model: _Linear,
    log_tau: np.ndarray,
    cells: Cells,
    draws: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw whitened log odds of every country and group (draws, countries, groups, k)
    at given τ.
    """
    factor, mean, _ = _posterior(model, log_tau)
    k = model.z.shape[1]
    noise = solve_triangular(
        factor[0], rng.normal(size=(len(mean), draws)), lower=True, trans=1
    )
    theta = (mean[:, None] + noise).reshape(k, -1, draws).transpose(2, 1, 0)
    level, regional, own = np.split(theta, np.cumsum(model.sizes)[:2], axis=1)
    expected = level[:, None] + (regional[:, cells.region] + own)[:, :, None]
    return (
        expected + _departures(model, log_tau, cells, expected, rng)
        if model.several
        else expected
    )


def _departures(
    model: _Linear,
    log_tau: np.ndarray,
    cells: Cells,
    expected: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw w, given what its cells show beyond what is expected of them; where there is
    none, from its prior.
    """
    extra, one = model.extra(log_tau), np.eye(model.z.shape[1])
    w = np.sqrt(extra) * rng.normal(size=expected.shape)
    gain = _gain(model, log_tau)
    left = np.linalg.cholesky(extra * (one - gain) + 1e-12 * one)
    seen = np.einsum(
        "nij,dnj->dni", gain, model.z - expected[:, cells.country, cells.group]
    )
    w[:, cells.country, cells.group] = seen + np.einsum(
        "nij,dnj->dni", left, rng.normal(size=seen.shape)
    )
    return w
