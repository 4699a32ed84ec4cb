"""Pooling: shares of a trait in every country, from those of surveyed countries, by a
small hierarchical model.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize, sparse
from scipy.linalg import cho_factor, cho_solve, solve_triangular
from scipy.special import softmax

FLAT = 10.0  # sd of the log odds of levels, which the data settle
# The search for the mode begins at shares shrunk by so many respondents at the mean.
START = 4.0
ROUNDS = 4  # of that search
FAR = 12.0  # the log of an sd has no density beyond ±FAR
# The sd's are resampled from so many proposals of a t distribution about the mode.
PROPOSALS = 200
DF = 5
DECIMALS = 3  # of the curvature
type LogDensity = Callable[[np.ndarray], float]


@dataclass(frozen=True)
class Cells:
    """Effective respondents of surveyed cells, by level.

    counts (cells, levels); country (cells,) indexes region (countries,), which indexes
    regions; group (cells,) is one of `groups`.
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

    θ holds the groups' levels, the regions and the countries; `sizes` are their
    numbers. All is whitened: effects that are exchangeable between levels have the
    identity as their covariance.
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
        """Return the variance of w (country × group); 0 with one group."""
        return float(np.exp(2 * log_tau[2])) if self.several else 0.0


def pooled_shares(
    cells: Cells,
    seed: int,
    draws: int = 1000,
    scale: float = 1.0,
) -> np.ndarray:
    """Draw the shares of a trait's levels in every country and group (draws, countries,
    groups, levels).

        y ~ Multinomial(n, softmax(η, 0))
        η = a[group] + ρ[region] + u[country] + w[country, group]

    ρ, u, w ~ N(0, τ² M), M = (I + 11ᵀ)/2, which treats all levels alike [Aitchison
    1986, §4.7]; a is flat and each τ ~ HalfNormal(scale); no w with one group. The
    likelihood is taken as Gaussian in η about its mode, with mean η + W⁻¹(y − n·s), W =
    n(diag s − s sᵀ); τ is drawn by importance resampling from a t about the mode of its
    marginal posterior [Rue et al. 2009, §3, with one mode for all τ]. A country
    without data is drawn from the same distribution, so it varies as countries of its
    region do.
    """
    rng = np.random.default_rng(seed)
    root = np.linalg.cholesky((np.eye(cells.counts.shape[1] - 1) + 1) / 2)
    model = _about_the_mode(cells, root, scale)
    scales = _scales(model, scale, rng, draws)
    distinct, index = np.unique(
        scales,
        axis=0,
        return_inverse=True,
    )
    whitened = np.empty((draws, len(cells.region), cells.groups, len(root)))
    for row, log_tau in enumerate(distinct):
        these = np.flatnonzero(index.ravel() == row)
        whitened[these] = _draw(model, log_tau, cells, len(these), rng)
    log_odds = whitened @ root.T
    reference = np.zeros((*log_odds.shape[:-1], 1))
    return softmax(np.concatenate([log_odds, reference], axis=-1), axis=-1)


def _about_the_mode(
    cells: Cells,
    root: np.ndarray,
    scale: float,
) -> _Linear:
    """Return the model with its likelihood about the mode of η, at the mode of τ; the
    two modes are found in turn.
    """
    n = cells.counts.sum(axis=1, keepdims=True)
    levels = cells.counts.shape[1]
    mean = (cells.counts.sum(axis=0) + 1) / (n.sum() + levels)
    share = (cells.counts + START * mean) / (n + START)
    eta = np.log(share[:, :-1]) - np.log(share[:, -1:])
    model = _linear(cells, root, eta)
    for _ in range(ROUNDS):
        log_tau = _mode(model, scale)
        _, theta, _ = _posterior(model, log_tau)
        expected = model.x @ theta.reshape(len(root), -1).T
        gain = _gain(model, log_tau)
        w = np.einsum("nij,nj->ni", gain, model.z - expected)
        model = _linear(cells, root, (expected + w) @ root.T)
    return model


def _linear(
    cells: Cells,
    root: np.ndarray,
    eta: np.ndarray,
) -> _Linear:
    """Return the model with its likelihood taken as Gaussian about log odds η (cells,
    k) against the last level.
    """
    n = cells.counts.sum(axis=1, keepdims=True)
    rows, k = eta.shape
    share = softmax(np.column_stack([eta, np.zeros(rows)]), axis=1)
    error = np.eye(k) / share[:, :-1, None] + 1 / share[:, -1:, None]
    error = error / n[:, :, None]
    residual = cells.counts[:, :-1] - n * share[:, :-1]
    z = eta + np.einsum("nij,nj->ni", error, residual)
    white = np.linalg.inv(root)
    sizes = (cells.groups, int(cells.region.max()) + 1, len(cells.region))
    region = cells.region[cells.country]
    entries = np.column_stack([cells.group, region, cells.country])
    columns = entries + np.cumsum([0, *sizes[:2]])
    x = sparse.csr_array(
        (np.ones(columns.size), (np.repeat(np.arange(rows), 3), columns.ravel())),
        shape=(rows, sum(sizes)),
    )
    return _Linear(z @ white.T, white @ error @ white.T, x, sizes)


def _posterior(model: _Linear, log_tau: np.ndarray) -> tuple[tuple, np.ndarray, float]:
    """Return the Cholesky factor of θ's precision (θ level by level), its mean, and the
    log marginal density of z.
    """
    k = model.z.shape[1]
    variance = model.error + model.extra(log_tau) * np.eye(k)
    inverse = np.linalg.inv(variance)
    prior = model.precision(log_tau)
    size = len(prior)
    precision = np.empty((k, size, k, size))
    for i, j in np.ndindex(k, k):
        weighted = model.x.multiply(inverse[:, i, j, None])
        precision[i, :, j] = (model.x.T @ weighted).toarray()
        precision[i, :, j] += np.diag(prior) * (i == j)
    scaled = np.einsum("nij,nj->ni", inverse, model.z)
    b = (model.x.T @ scaled).T.ravel()
    factor = cho_factor(precision.reshape(k * size, k * size), lower=True)
    mean = cho_solve(factor, b)
    log_det = 2 * np.log(np.diag(factor[0])).sum()
    log_det = log_det - k * np.log(prior).sum()
    log_det = log_det + np.linalg.slogdet(variance)[1].sum()
    deviance = log_det + (scaled * model.z).sum() - b @ mean
    return factor, mean, float(-0.5 * deviance)


def _gain(model: _Linear, log_tau: np.ndarray) -> np.ndarray:
    """Return the part of a cell's residual that is w's, τ²(τ² + error)⁻¹ (cells, k,
    k).
    """
    extra = model.extra(log_tau)
    identity = np.eye(model.z.shape[1])
    return extra * np.linalg.inv(model.error + extra * identity)


def _log_density(model: _Linear, scale: float) -> LogDensity:
    """Return the log density of the logs of τ, given the data."""

    def log_density(log_tau: np.ndarray) -> float:
        if np.abs(log_tau).max() > FAR:
            return -np.inf
        _, _, log_marginal = _posterior(model, log_tau)
        log_prior = log_tau - 0.5 * (np.exp(log_tau) / scale) ** 2
        return log_marginal + float(log_prior.sum())

    return log_density


def _mode(model: _Linear, scale: float) -> np.ndarray:
    log_density = _log_density(model, scale)
    result = optimize.minimize(
        lambda log_tau: -log_density(log_tau),
        np.full(2 + model.several, np.log(scale / 2)),
        method="Nelder-Mead",
        options={"xatol": 0.01},
    )
    return result.x


def _scales(
    model: _Linear,
    scale: float,
    rng: np.random.Generator,
    draws: int,
) -> np.ndarray:
    """Draw the logs of τ (draws, 2 or 3) from their marginal posterior."""
    log_density = _log_density(model, scale)
    mode = _mode(model, scale)
    size = len(mode)
    covariance = np.linalg.inv(_curvature(log_density, mode))
    root = np.linalg.cholesky(covariance)
    normal = rng.normal(size=(PROPOSALS, size))
    t = normal / np.sqrt(rng.chisquare(DF, (PROPOSALS, 1)) / DF)
    proposals = mode + t @ root.T
    log_q = -0.5 * (DF + size) * np.log1p((t**2).sum(axis=1) / DF)
    log_p = np.array([log_density(proposal) for proposal in proposals])
    log_weight = log_p - log_q
    weight = np.exp(log_weight - log_weight.max())
    chosen = rng.choice(PROPOSALS, draws, p=weight / weight.sum())
    return proposals[chosen]


def _curvature(
    log_density: LogDensity,
    mode: np.ndarray,
    step: float = 0.1,
) -> np.ndarray:
    """Return minus the second derivatives at a mode, by central differences, made
    positive definite.
    """
    size = len(mode)
    steps = step * np.eye(size)
    matrix = np.empty((size, size))
    for i, j in np.ndindex(size, size):
        a, b = steps[i], steps[j]
        along = log_density(mode + a + b) + log_density(mode - a - b)
        across = log_density(mode + a - b) + log_density(mode - a + b)
        matrix[i, j] = (across - along) / (4 * step**2)
    # a sum's last digits, which hang on the processor, are a difference's first
    value, vector = np.linalg.eigh(np.round(matrix, DECIMALS))
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
    normal = rng.normal(size=(len(mean), draws))
    noise = solve_triangular(
        factor[0],
        normal,
        lower=True,
        trans=1,
    )
    theta = (mean[:, None] + noise).reshape(k, -1, draws).transpose(2, 1, 0)
    level, region, country = np.split(theta, np.cumsum(model.sizes)[:2], axis=1)
    places = region[:, cells.region] + country
    expected = level[:, None] + places[:, :, None]
    if not model.several:
        return expected
    return expected + _departures(model, log_tau, cells, expected, rng)


def _departures(
    model: _Linear,
    log_tau: np.ndarray,
    cells: Cells,
    expected: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw w (draws, countries, groups, k), given the residuals of the cells; without a
    cell, from its prior.
    """
    extra = model.extra(log_tau)
    identity = np.eye(model.z.shape[1])
    w = np.sqrt(extra) * rng.normal(size=expected.shape)
    gain = _gain(model, log_tau)
    covariance = extra * (identity - gain) + 1e-12 * identity
    root = np.linalg.cholesky(covariance)
    residual = model.z - expected[:, cells.country, cells.group]
    mean = np.einsum("nij,dnj->dni", gain, residual)
    noise = np.einsum("nij,dnj->dni", root, rng.normal(size=mean.shape))
    w[:, cells.country, cells.group] = mean + noise
    return w
