"""Lasting: families of distributions of how long a spell lasts, by mean and shape, seen
through a window.

A family gives log f(d) and log(1 − F(a)) for spells of mean μ, and draws whole spells
and spells as a moment meets them, longer ones more often (density d·f(d)/μ).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable as Tensor

Array = np.ndarray
Rng = np.random.Generator
_log: Callable[[Tensor], Tensor] = pt.log  # pyright: ignore[reportAssignmentType] PyTensor's elementwise functions
_gammaln: Callable[[Tensor], Tensor] = pt.gammaln  # pyright: ignore[reportAssignmentType] are typed None
HALF_LOG_2PI = 0.5 * np.log(2 * np.pi)


@dataclass(frozen=True)
class Family:
    """log_f, log_after (d, μ, shape) → log density and log survival; draw, draw_met (μ,
    shape, rng, size) → years.
    """

    log_f: Callable[[Tensor, Tensor, Tensor], Tensor]
    log_after: Callable[[Tensor, Tensor, Tensor], Tensor]
    draw: Callable[[Array, Array, Rng, tuple[int, ...]], Array]
    draw_met: Callable[[Array, Array, Rng, tuple[int, ...]], Array]


def _z(d: Tensor, mu: Tensor, s: Tensor) -> Tensor:
    return (_log(d) - _log(mu)) / s + s / 2


def _log_normal_f(d: Tensor, mu: Tensor, s: Tensor) -> Tensor:
    return -0.5 * _z(d, mu, s) ** 2 - HALF_LOG_2PI - _log(s) - _log(d)


def _log_normal_after(d: Tensor, mu: Tensor, s: Tensor) -> Tensor:
    return _log(0.5 * pt.erfc(_z(d, mu, s) / np.sqrt(2)))  # pyright: ignore[reportOperatorIssue] typed None


def _scaled(d: Tensor, mu: Tensor, k: Tensor) -> Tensor:
    """Return (d/scale)^k of a Weibull of mean μ: scale = μ / Γ(1 + 1/k)."""
    return pt.exp(k * (_log(d) - _log(mu) + _gammaln(1 + 1 / k)))  # pyright: ignore[reportReturnType] typed None


def _weibull_f(d: Tensor, mu: Tensor, k: Tensor) -> Tensor:
    h = _scaled(d, mu, k)
    return _log(k) + _log(h) - _log(d) - h


def _weibull_draw(
    mu: Array, k: Array, rng: Rng, size: tuple[int, ...], met: bool
) -> Array:
    from scipy.special import gamma

    return mu / gamma(1 + 1 / k) * rng.gamma(1 + met / k, size=size) ** (1 / k)


FAMILIES = {
    "log_normal": Family(
        _log_normal_f,
        _log_normal_after,
        lambda mu, s, rng, size: mu * np.exp(s * rng.normal(size=size) - s**2 / 2),
        lambda mu, s, rng, size: mu * np.exp(s * rng.normal(size=size) + s**2 / 2),
    ),
    "weibull": Family(
        _weibull_f,
        lambda d, mu, k: -_scaled(d, mu, k),
        lambda mu, k, rng, size: _weibull_draw(mu, k, rng, size, False),
        lambda mu, k, rng, size: _weibull_draw(mu, k, rng, size, True),
    ),
}


def log_touching(
    years: Tensor, mu: Tensor, shape: Tensor, window: Tensor, family: Family
) -> Tensor:
    """Return the log density of a spell that touches a window of T years before the
    interview; years < 0: going on.

    Ended in the window after d years: T f(d)/(T+μ). Going on after a years:
    (1−F(a))/(T+μ). Both together integrate to one: spells touching number λ(T+μ), λT of
    them end within it, λμ go on.
    """
    d: Tensor = pt.abs(years)  # pyright: ignore[reportAssignmentType] typed None
    of = pt.switch(
        years > 0,
        _log(window) + family.log_f(d, mu, shape),
        family.log_after(d, mu, shape),
    )
    return of - _log(window + mu)  # pyright: ignore[reportOperatorIssue] typed None


def draw_touching(
    mu: Array,
    shape: Array,
    window: Array,
    family: Family,
    rng: Rng,
    size: tuple[int, ...],
) -> Array:
    """Draw spells that touch the window; years < 0: going on."""
    going = rng.random(size) < mu / (window + mu)
    so_far = rng.random(size) * family.draw_met(mu, shape, rng, size)
    return np.where(going, -so_far, family.draw(mu, shape, rng, size))
