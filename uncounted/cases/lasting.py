"""Lasting: distributions of how long a spell lasts, by mean and shape, and of the
spells that a window shows.

A family gives log f(d) and log(1 − F(a)) for spells of mean μ, and draws whole spells
and spells as a moment meets them, longer ones more often (density d·f(d)/μ).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable as Tensor
from scipy.special import gamma

type Array = np.ndarray
type Rng = np.random.Generator
type LogDensity = Callable[[Tensor, Tensor, Tensor], Tensor]
type Draw = Callable[[Array, Array, Rng, tuple[int, ...]], Array]
# PyTensor's elementwise functions are typed None
_log: Callable[[Tensor], Tensor] = pt.log  # pyright: ignore[reportAssignmentType]
_gammaln: Callable[[Tensor], Tensor] = pt.gammaln  # pyright: ignore[reportAssignmentType]
HALF_LOG_2PI = 0.5 * np.log(2 * np.pi)


@dataclass(frozen=True)
class Family:
    """A family of distributions of durations.

    log_f, log_after: (d, μ, shape) → log density and log survival; draw, draw_met: (μ,
    shape, rng, size) → years of whole spells, and of spells as a moment meets them.
    """

    log_f: LogDensity
    log_after: LogDensity
    draw: Draw
    draw_met: Draw


def _z(
    d: Tensor,
    mu: Tensor,
    sd: Tensor,
) -> Tensor:
    return (_log(d) - _log(mu)) / sd + sd / 2


def _log_normal_f(
    d: Tensor,
    mu: Tensor,
    sd: Tensor,
) -> Tensor:
    return -0.5 * _z(d, mu, sd) ** 2 - HALF_LOG_2PI - _log(sd) - _log(d)


def _log_normal_after(
    d: Tensor,
    mu: Tensor,
    sd: Tensor,
) -> Tensor:
    survival = 0.5 * pt.erfc(_z(d, mu, sd) / np.sqrt(2))  # pyright: ignore[reportOperatorIssue]
    return _log(survival)


def _log_normal_draw(
    mu: Array,
    sd: Array,
    rng: Rng,
    size: tuple[int, ...],
    sign: int = -1,
) -> Array:
    """Draw spells; sign 1: as a moment meets them, length-biased."""
    return mu * np.exp(sd * rng.normal(size=size) + sign * sd**2 / 2)


def _scaled(
    d: Tensor,
    mu: Tensor,
    k: Tensor,
) -> Tensor:
    """Return (d/scale)^k of a Weibull of mean μ: scale = μ / Γ(1 + 1/k)."""
    log_scaled = _log(d) - _log(mu) + _gammaln(1 + 1 / k)
    return pt.exp(k * log_scaled)  # pyright: ignore[reportReturnType]


def _weibull_f(
    d: Tensor,
    mu: Tensor,
    k: Tensor,
) -> Tensor:
    hazard = _scaled(d, mu, k)
    return _log(k) + _log(hazard) - _log(d) - hazard


def _weibull_after(
    d: Tensor,
    mu: Tensor,
    k: Tensor,
) -> Tensor:
    return -_scaled(d, mu, k)


def _weibull_draw(
    mu: Array,
    k: Array,
    rng: Rng,
    size: tuple[int, ...],
    met: int = 0,
) -> Array:
    """Draw spells; met 1: as a moment meets them, length-biased."""
    scale = mu / gamma(1 + 1 / k)
    return scale * rng.gamma(1 + met / k, size=size) ** (1 / k)


FAMILIES = {
    "log_normal": Family(
        log_f=_log_normal_f,
        log_after=_log_normal_after,
        draw=_log_normal_draw,
        draw_met=partial(_log_normal_draw, sign=1),
    ),
    "weibull": Family(
        log_f=_weibull_f,
        log_after=_weibull_after,
        draw=_weibull_draw,
        draw_met=partial(_weibull_draw, met=1),
    ),
}


def log_touching(
    years: Tensor,
    mu: Tensor,
    shape: Tensor,
    window: Tensor,
    family: Family,
) -> Tensor:
    """Return the log density of a spell that touches a window of T years before the
    interview; years < 0: going on.

    Ended in the window after d years: T f(d)/(T+μ). Going on after a years:
    (1−F(a))/(T+μ). Both together integrate to one: spells touching number λ(T+μ), λT of
    them end within it, λμ go on.
    """
    length: Tensor = pt.abs(years)  # pyright: ignore[reportAssignmentType]
    ended = _log(window) + family.log_f(length, mu, shape)
    ongoing = family.log_after(length, mu, shape)
    log_density = pt.switch(years > 0, ended, ongoing)
    return log_density - _log(window + mu)  # pyright: ignore[reportOperatorIssue]


def draw_touching(
    mu: Array,
    shape: Array,
    window: Array,
    family: Family,
    rng: Rng,
    size: tuple[int, ...],
) -> Array:
    """Draw spells that touch the window; years < 0: going on."""
    ongoing = rng.random(size) < mu / (window + mu)
    so_far = rng.random(size) * family.draw_met(mu, shape, rng, size)
    return np.where(ongoing, -so_far, family.draw(mu, shape, rng, size))
