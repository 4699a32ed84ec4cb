"""Summed out: the joint density of surveys' rows, integrated over the errors of surveys
and of their series.
"""

from collections.abc import Callable

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from scipy.special import logsumexp

REACH = 40.0  # of the first grid of the search for the likeliest z, either way
STEPS = 20  # of that grid, either way
ZOOMS = 6  # grids of the search, each finer than the one before
NODES = 24  # of the sum about the likeliest z
INNER = 16  # of the sum over a survey's own part, about where its series lets it be
TINY = 1e-12
# of rows together: shifts ν (nodes, draws) → (nodes, draws)
LogDensity = Callable[[np.ndarray], np.ndarray]


def over_errors(log_density: LogDensity, sigma: np.ndarray) -> np.ndarray:
    """Return log ∫ f(ν) N(ν; 0, σ) dν (draws,), σ (draws,).

    Summed about the likeliest ν, found within ±40σ on a grid that closes in on it, over
    Gauss–Hermite nodes scaled by the curvature there [Liu & Pierce 1994].
    """
    if (sigma <= TINY).all():
        return log_density(np.zeros((1, len(sigma))))[0]
    return _integrated(lambda z: log_density(z * sigma), len(sigma))


def over_series(
    log_densities: list[LogDensity],
    shared: np.ndarray,
    own_sd: np.ndarray,
) -> np.ndarray:
    """Return log ∫ N(s; 0, σ_s) Π_j [∫ f_j(s + e) N(e; 0, σ_e) de] ds (draws,) of the
    surveys j of one series.

    shared, own_sd (draws,): σ_s and σ_e. The sum over e is about where it is likeliest
    if f_j is normal about its own mode, for every s anew.
    """
    inner = log_densities
    if not (own_sd <= TINY).all():
        total = np.hypot(shared, own_sd)
        inner = [_given_series(density, own_sd, total) for density in log_densities]
    return over_errors(
        lambda s: np.sum([density(s) for density in inner], axis=0), shared
    )


def _given_series(
    log_density: LogDensity, own_sd: np.ndarray, total: np.ndarray
) -> LogDensity:
    """Return s (nodes, draws) → log ∫ f(s + e) N(e; 0, σ_e) de (nodes, draws)."""

    def log_joint(z: np.ndarray) -> np.ndarray:
        return log_density(z * total) - z**2 / 2

    likeliest, step = _likeliest(log_joint, len(total))
    mode, width = likeliest * total, step * total
    curvature = np.maximum(_curvature(log_density, mode, width), 0.0)
    precision = curvature + 1 / np.maximum(own_sd, TINY) ** 2
    scale = 1 / np.sqrt(precision)
    node, weight = hermegauss(INNER)
    node = node[:, None, None]
    log_weight = np.log(weight)[:, None, None]

    def integral(s: np.ndarray) -> np.ndarray:
        middle = curvature * (mode - s) / precision  # of e
        e = middle + scale * node
        shift = (s + e).reshape(-1, s.shape[-1])
        density = log_density(shift).reshape(len(node), *s.shape)
        squared = (e / own_sd) ** 2
        prior = -squared / 2 - np.log(own_sd) - np.log(2 * np.pi) / 2
        terms = density + prior + node**2 / 2 + log_weight
        return logsumexp(terms, axis=0) + np.log(scale)

    return integral


def _integrated(log_density: LogDensity, draws: int) -> np.ndarray:
    """Return log ∫ f(z) N(z; 0, 1) dz (draws,)."""

    def log_joint(z: np.ndarray) -> np.ndarray:
        return log_density(z) - z**2 / 2 - np.log(2 * np.pi) / 2

    middle, step = _likeliest(log_joint, draws)
    curvature = _curvature(log_joint, middle, np.full(draws, step))
    # never flatter than the prior alone
    scale = 1 / np.sqrt(np.maximum(curvature, 1.0))
    node, weight = hermegauss(NODES)
    node = node[:, None]
    log_weight = np.log(weight)[:, None]
    terms = log_joint(middle + scale * node) + node**2 / 2 + log_weight
    return logsumexp(terms, axis=0) + np.log(scale)


def _curvature(
    log_joint: LogDensity,
    middle: np.ndarray,
    step: np.ndarray,
) -> np.ndarray:
    """Return minus the second derivative at the middle (draws,), by differences of a
    step (draws,).
    """
    beside = log_joint(np.stack([middle - step, middle, middle + step]))
    return (2 * beside[1] - beside[0] - beside[2]) / step**2


def _likeliest(log_joint: LogDensity, draws: int) -> tuple[np.ndarray, float]:
    """Return the likeliest z of every draw (draws,), and the last grid's step."""
    middle = np.zeros(draws)
    step = REACH / STEPS
    reach = np.arange(-STEPS, STEPS + 1.0)
    for _ in range(ZOOMS):
        grid = middle + step * reach[:, None]
        likeliest = log_joint(grid).argmax(axis=0)[None]
        middle = np.take_along_axis(grid, likeliest, axis=0)[0]
        step = step / 6
        reach = np.arange(-6.0, 7.0)
    return middle, step
