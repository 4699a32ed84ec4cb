"""Density: the log densities of counts and estimates on one row of evidence, and their random draws.

Each pair takes the same arguments: the parameters, then what is known of the rows. p = logit⁻¹ η.
"""

from collections.abc import Callable

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.special import log_softmax
from pytensor.tensor.variable import TensorVariable as Tensor
from scipy.special import expit, softmax

Array = np.ndarray
Rng = np.random.Generator
Size = tuple[int, ...]
_log: Callable[[Tensor], Tensor] = pt.log  # pyright: ignore[reportAssignmentType] PyTensor's elementwise functions
_log_gamma: Callable[[Tensor], Tensor] = pt.gammaln  # pyright: ignore[reportAssignmentType] are typed None


def binomial(y: Tensor, eta: Tensor, n: Tensor, choose: Tensor) -> Tensor:
    """Return y·η − n·softplus(η) + log C(n, y)."""
    return y * eta - n * pt.softplus(eta) + choose


def draw_binomial(eta: Array, n: Array, choose: Array, rng: Rng, size: Size) -> Array:
    """Draw counts: `draw_counts`."""
    del choose
    return draw_counts(np.broadcast_to(expit(eta), size), n, rng)


def sized_binomial(y: Tensor, eta: Tensor, each: Tensor, n: Tensor, unknown: Tensor) -> Tensor:
    """Return `binomial` of s·y cases of s·n + log s, s = each/n where n is unknown and stands for any, else 1."""
    s: Tensor = pt.switch(unknown > 0, each / n, 1.0)  # pyright: ignore[reportAssignmentType] typed None
    m, k = s * n, s * y
    choose = _log_gamma(m + 1) - _log_gamma(k + 1) - _log_gamma(m - k + 1)
    return k * eta - m * pt.softplus(eta) + choose + _log(s)


def draw_sized_binomial(eta: Array, each: Array, n: Array, unknown: Array, rng: Rng, size: Size) -> Array:
    """Draw counts of s·n persons, divided by s = each/n."""
    s = np.broadcast_to(np.where(unknown > 0, each / n, 1.0), size)
    return draw_counts(np.broadcast_to(expit(eta), size), s * n, rng) / s


def beta_binomial(y: Tensor, eta: Tensor, excess: Tensor, n: Tensor, choose: Tensor) -> Tensor:
    """Return log C(n, y) + log B(y + κp, n − y + κ(1−p)) − log B(κp, κ(1−p)), κ = max(n − 1, 1) / excess."""
    kappa = pt.maximum(n - 1, 1) / excess
    a, b = kappa * pt.sigmoid(eta), kappa * pt.sigmoid(-eta)
    return choose + _log_beta(y + a, n - y + b, n + kappa) - _log_beta(a, b, kappa)


def draw_beta_binomial(eta: Array, excess: Array, n: Array, choose: Array, rng: Rng, size: Size) -> Array:
    """Draw counts at probabilities drawn from Beta(κp, κ(1−p))."""
    del choose
    kappa = np.maximum(n - 1, 1) / excess
    return draw_counts(rng.beta(kappa * expit(eta), kappa * expit(-eta), size), n, rng)


def logit_normal(y: Tensor, eta: Tensor, n: Tensor, se: Tensor, jacobian: Tensor) -> Tensor:
    """Return log N(logit y/n | η, se) + log |d logit(y/n) / dy|."""
    return _log_normal(_log(y / (n - y)), eta, se) + jacobian


def draw_logit_normal(eta: Array, n: Array, se: Array, jacobian: Array, rng: Rng, size: Size) -> Array:
    """Draw n·logit⁻¹(η + se·z)."""
    del jacobian
    return n * expit(rng.normal(eta, se, size))


def direct_normal(y: Tensor, theta: Tensor, n: Tensor, se: Tensor) -> Tensor:
    """Return log N(y | nθ, n·se)."""
    return _log_normal(y, n * theta, n * se)


def draw_direct_normal(theta: Array, n: Array, se: Array, rng: Rng, size: Size) -> Array:
    """Draw n·(θ + se·z)."""
    return n * rng.normal(theta, se, size)


def multinomial(y: Tensor, eta: Tensor, n: Tensor, choose: Tensor) -> Tensor:
    """Return Σ_f y_f·log softmax(η)_f + the log of the multinomial coefficient; y and eta (rows, form)."""
    del n
    return (y * log_softmax(eta, axis=-1)).sum(axis=-1) + choose


def draw_multinomial(eta: Array, n: Array, choose: Array, rng: Rng, size: Size) -> Array:
    """Draw the forms of n* persons."""
    del choose
    p = np.broadcast_to(softmax(eta, axis=-1), (*size, eta.shape[-1]))
    return rng.multinomial(_trials(size, n, rng), p).astype(float)


def draw_counts(p: Array, n: Array, rng: Rng) -> Array:
    """Draw counts (…, rows) at probabilities p (…, rows): n* = ⌊n⌋ + Bernoulli(n − ⌊n⌋), k ~ Binomial(n*, p).

    Their mean is n·p; n* is what keeps a row of n = 0.6 from being drawn as if it had nobody.
    """
    return rng.binomial(_trials(p.shape, n, rng), p).astype(float)


def _trials(shape: Size, n: Array, rng: Rng) -> Array:
    whole = np.floor(n)
    return (whole + (rng.random(shape) < n - whole)).astype(int)


def _log_beta(a: Tensor, b: Tensor, total: Tensor) -> Tensor:
    return _log_gamma(a) + _log_gamma(b) - _log_gamma(total)


def _log_normal(x: Tensor, mean: Tensor, sd: Tensor) -> Tensor:
    return -0.5 * ((x - mean) / sd) ** 2 - _log(sd) - 0.5 * np.log(2 * np.pi)
