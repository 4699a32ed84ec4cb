"""Summed out: the joint density of surveys' rows with their own errors, and their
series', integrated away.
"""

from collections.abc import Callable

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from scipy.special import logsumexp

REACH, STEPS, ZOOMS, NODES = (
    40.0,
    20,
    6,
    24,
)  # of the search for the likeliest z, and of the sum about it
# nodes of the sum over a survey's own part, about where it is likeliest given its
# series'
INNER = 16
TINY = 1e-12
LogDensity = Callable[
    [np.ndarray], np.ndarray
]  # of rows together: of shifts ν (nodes, draws), (nodes, draws)


def over_errors(log_density: LogDensity, sigma: np.ndarray) -> np.ndarray:
    """Return log ∫ f(ν) N(ν; 0, σ) dν (draws,), σ (draws,).

    Summed about the likeliest ν, found within ±40σ on a grid that closes in on it, over
    Gauss–Hermite nodes scaled by the curvature there [Liu & Pierce 1994].
    """
    if (sigma <= TINY).all():
        return log_density(np.zeros((1, len(sigma))))[0]
    return _integrated(lambda z: log_density(z * sigma), len(sigma))


def over_series(
    log_densities: list[LogDensity], shared: np.ndarray, own: np.ndarray
) -> np.ndarray:
    """Return log ∫ N(s; 0, σ_s) Π_j [∫ f_j(s + e) N(e; 0, σ_e) de] ds (draws,) of the
    surveys j of one series.

    shared, own (draws,): σ_s and σ_e. The sum over e is about where it is likeliest if
    f_j is normal about its own mode, for every s anew.
    """
    if (own <= TINY).all():
        return over_errors(
            lambda nu: _summed([density(nu) for density in log_densities]), shared
        )
    total = np.hypot(shared, own)
    inner = [_given_series(density, own, total) for density in log_densities]
    return over_errors(lambda s: _summed([density(s) for density in inner]), shared)


def _given_series(
    log_density: LogDensity, own: np.ndarray, total: np.ndarray
) -> LogDensity:
    """Return s (nodes, draws) → log ∫ f(s + e) N(e; 0, σ_e) de (nodes, draws)."""
    likeliest, step = _likeliest(
        lambda z: log_density(z * total) - z**2 / 2, len(total)
    )
    mode, width = likeliest * total, step * total
    curvature = np.maximum(_curvature(log_density, mode, width), 0.0)
    precision = curvature + 1 / np.maximum(own, TINY) ** 2
    scale = 1 / np.sqrt(precision)
    node, weight = hermegauss(INNER)

    def given(s: np.ndarray) -> np.ndarray:
        middle = curvature * (mode - s) / precision  # of e
        e = middle + scale * node[:, None, None]
        shift = (s + e).reshape(-1, s.shape[-1])
        density = log_density(shift).reshape(len(node), *s.shape)
        prior = -((e / own) ** 2) / 2 - np.log(own) - np.log(2 * np.pi) / 2
        return logsumexp(
            density
            + prior
            + node[:, None, None] ** 2 / 2
            + np.log(weight)[:, None, None],
            axis=0,
        ) + (np.log(scale))

    return given


def _integrated(log_density: LogDensity, draws: int) -> np.ndarray:
    """Return log ∫ f(z) N(z; 0, 1) dz (draws,)."""

    def log_joint(z: np.ndarray) -> np.ndarray:
        return log_density(z) - z**2 / 2 - np.log(2 * np.pi) / 2

    middle, step = _likeliest(log_joint, draws)
    curvature = _curvature(log_joint, middle, np.full(draws, step))
    scale = 1 / np.sqrt(
        np.maximum(curvature, 1.0)
    )  # never flatter than the prior alone
    node, weight = hermegauss(NODES)
    at = middle + scale * node[:, None]
    return logsumexp(
        log_joint(at) + node[:, None] ** 2 / 2 + np.log(weight)[:, None], axis=0
    ) + np.log(scale)


def _curvature(
    log_joint: LogDensity, middle: np.ndarray, step: np.ndarray
) -> np.ndarray:
    """Return minus the second derivative at the middle (draws,), by differences of a
    step (draws,).
    """
    beside = log_joint(np.stack([middle - step, middle, middle + step]))
    return (2 * beside[1] - beside[0] - beside[2]) / step**2


def _likeliest(log_joint: LogDensity, draws: int) -> tuple[np.ndarray, float]:
    """Return the likeliest z of every draw (draws,), and the last grid's step."""
    middle, step = np.zeros(draws), REACH / STEPS
    reach = np.arange(-STEPS, STEPS + 1.0)
    for _ in range(ZOOMS):
        grid = middle + step * reach[:, None]
        middle = np.take_along_axis(grid, log_joint(grid).argmax(axis=0)[None], axis=0)[
            0
        ]
        step, reach = step / 6, np.arange(-6.0, 7.0)
    return middle, step


def _summed(parts: list[np.ndarray]) -> np.ndarray:
    return np.sum(parts, axis=0)
