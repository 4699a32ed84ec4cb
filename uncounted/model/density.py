"""Density: the log densities of counts and estimates on one row of evidence, and their
random draws.

Each pair takes the same arguments: the parameters, then what is known of the rows. p =
logit⁻¹ η.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.special import log_softmax
from pytensor.tensor.variable import TensorVariable as Tensor
from scipy.special import expit, log_expit, softmax

from uncounted.model.rounded_counts import printed

Array = np.ndarray
Rng = np.random.Generator
Size = tuple[int, ...]
# a share that is drawn between nobody and everybody keeps this far from either
NEAR = 1e-12
_log: Callable[[Tensor], Tensor] = pt.log  # pyright: ignore[reportAssignmentType] PyTensor's elementwise functions
_log_gamma: Callable[[Tensor], Tensor] = pt.gammaln  # pyright: ignore[reportAssignmentType] are typed None
_log_sum_exp: Callable[..., Tensor] = pt.logsumexp  # pyright: ignore[reportAssignmentType, reportPrivateImportUsage]
_expm1: Callable[[Tensor], Tensor] = pt.expm1  # pyright: ignore[reportAssignmentType]


def binomial(y: Tensor, eta: Tensor, n: Tensor, choose: Tensor) -> Tensor:
    """Return y·η − n·softplus(η) + log C(n, y)."""
    return y * eta - n * pt.softplus(eta) + choose


def draw_binomial(
    eta: Array,
    n: Array,
    choose: Array,
    rng: Rng,
    size: Size,
) -> Array:
    """Draw counts: `draw_counts`."""
    del choose
    return draw_counts(np.broadcast_to(expit(eta), size), n, rng)


def lone_share(
    y: Tensor,
    eta: Tensor,
    phi: Tensor,
    n: Tensor,
    choose: Tensor,
    unknown: Tensor,
) -> Tensor:
    """Return `binomial`, or where n is unknown the log density of y as a share x = y/n
    without it, φ = each.

    Pr(x = 0) = (1−p)^(φ+1), Pr(x = 1) = p^(φ+1), as of φ + 1 persons; else x ~ Beta(φμ,
    φ(1−μ)), where μ is what makes E[x] = p: with A = p − p^(φ+1) and B = (1−p) −
    (1−p)^(φ+1), μ = A / (A + B), and A + B is left of the probability.
    """
    none = -(phi + 1) * pt.softplus(eta)
    every = -(phi + 1) * pt.softplus(-eta)
    share = pt.sigmoid(eta) * -_expm1(-phi * pt.softplus(-eta))
    complement = pt.sigmoid(-eta) * -_expm1(-phi * pt.softplus(eta))
    a = phi * share / (share + complement)
    b = phi * complement / (share + complement)
    between = pt.and_(y > 0, y < n)
    x: Tensor = pt.switch(between, y / n, 0.5)  # pyright: ignore[reportAssignmentType] typed None
    shape = (
        _log(share + complement)
        - _log_beta(a, b, phi)
        + (a - 1) * _log(x)
        + (b - 1) * pt.log1p(-x)
        - _log(n)
    )
    alone = pt.switch(between, shape, pt.switch(y > 0, every, none))
    return pt.switch(unknown > 0, alone, binomial(y, eta, n, choose))  # pyright: ignore[reportReturnType] typed None


def draw_lone_share(
    eta: Array,
    phi: Array,
    n: Array,
    choose: Array,
    unknown: Array,
    rng: Rng,
    size: Size,
) -> Array:
    """Draw counts where n is known; else n·x: nobody, everybody, or a share between."""
    share = -expit(eta) * np.expm1(phi * log_expit(eta))
    complement = -expit(-eta) * np.expm1(phi * log_expit(-eta))
    total = share + complement
    x = rng.beta(phi * share / total, phi * complement / total, size)
    x = np.clip(x, NEAR, 1 - NEAR)
    uniform = rng.random(size)
    nobody = np.exp((phi + 1) * log_expit(-eta))
    everybody = np.exp((phi + 1) * log_expit(eta))
    x = np.where(uniform < nobody, 0.0, x)
    x = np.where(uniform > 1 - everybody, 1.0, x)
    counts = draw_binomial(eta, n, choose, rng, size)
    return np.where(unknown > 0, n * x, counts)


def beta_binomial(
    y: Tensor,
    eta: Tensor,
    excess: Tensor,
    n: Tensor,
    choose: Tensor,
) -> Tensor:
    """Return log C(n, y) + log B(y + κp, n − y + κ(1−p)) − log B(κp, κ(1−p)), κ = max(n
    − 1, 1) / excess.
    """
    kappa = pt.maximum(n - 1, 1) / excess
    a = kappa * pt.sigmoid(eta)
    b = kappa * pt.sigmoid(-eta)
    of_counts = _log_beta(y + a, n - y + b, n + kappa)
    return choose + of_counts - _log_beta(a, b, kappa)


def draw_beta_binomial(
    eta: Array,
    excess: Array,
    n: Array,
    choose: Array,
    rng: Rng,
    size: Size,
) -> Array:
    """Draw counts at probabilities drawn from Beta(κp, κ(1−p))."""
    del choose
    kappa = np.maximum(n - 1, 1) / excess
    p = rng.beta(kappa * expit(eta), kappa * expit(-eta), size)
    return draw_counts(p, n, rng)


# the data of rounded rows besides: rounding, node, node_choose, node_weight
PRINTED = 4


@dataclass(frozen=True)
class Interval:
    """The log density of an interval of counts, log Σ_k w_k f(y_k), from that of
    counts, f: logp.

    Called with y, the parameters (as many as `parameters`), what is known, and
    rounding, then nodes, their log C(n, y) and log weights (…, nodes). y itself has no
    part in it.
    """

    logp: Callable[..., Tensor]
    parameters: int

    def __call__(self, y: Tensor, *values: Tensor) -> Tensor:
        """Return the log of the weighted sum over the nodes."""
        del y
        _, node, node_choose, weight = values[-PRINTED:]
        arguments = [value[..., None] for value in values[:-PRINTED]]
        arguments[self.parameters + 1] = node_choose  # log C(n, y) follows n
        return _log_sum_exp(self.logp(node, *arguments) + weight, axis=-1)

    def of_counts(self, y: Tensor, *values: Tensor) -> Tensor:
        """Return the log density of counts y, as if none was rounded."""
        return self.logp(y, *values[:-PRINTED])


def interval(logp: Callable[..., Tensor], parameters: int) -> Interval:
    """Return the log density of intervals of counts from that of counts with so many
    parameters.
    """
    return Interval(logp, parameters)


def draw_printed(draw: Callable[..., Array], parameters: int) -> Callable[..., Array]:
    """Return `draw` with its counts rounded as they would be printed."""

    def draw_rounded(*values: Array, rng: Rng, size: Size) -> Array:
        n, half = values[parameters], values[-PRINTED]
        counts = draw(*values[:-PRINTED], rng=rng, size=size)
        return printed(counts, n, half)

    return draw_rounded


def logit_normal(
    y: Tensor,
    eta: Tensor,
    n: Tensor,
    se: Tensor,
    jacobian: Tensor,
) -> Tensor:
    """Return log N(logit y/n | η, se) + log |d logit(y/n) / dy|."""
    return _log_normal(_log(y / (n - y)), eta, se) + jacobian


def draw_logit_normal(
    eta: Array,
    n: Array,
    se: Array,
    jacobian: Array,
    rng: Rng,
    size: Size,
) -> Array:
    """Draw n·logit⁻¹(η + se·z)."""
    del jacobian
    return n * expit(rng.normal(eta, se, size))


def direct_normal(y: Tensor, theta: Tensor, n: Tensor, se: Tensor) -> Tensor:
    """Return log N(y | nθ, n·se)."""
    return _log_normal(y, n * theta, n * se)


def draw_direct_normal(
    theta: Array,
    n: Array,
    se: Array,
    rng: Rng,
    size: Size,
) -> Array:
    """Draw n·(θ + se·z)."""
    return n * rng.normal(theta, se, size)


def multinomial(y: Tensor, eta: Tensor, n: Tensor, choose: Tensor) -> Tensor:
    """Return Σ_f y_f·log softmax(η)_f + the log of the multinomial coefficient; y and
    eta (rows, form).
    """
    del n
    log_p = log_softmax(eta, axis=-1)
    return (y * log_p).sum(axis=-1) + choose


def draw_multinomial(
    eta: Array,
    n: Array,
    choose: Array,
    rng: Rng,
    size: Size,
) -> Array:
    """Draw the forms of n* persons."""
    del choose
    shape = (*size, eta.shape[-1])
    p = np.broadcast_to(softmax(eta, axis=-1), shape)
    return rng.multinomial(_trials(size, n, rng), p).astype(float)


def draw_counts(p: Array, n: Array, rng: Rng) -> Array:
    """Draw counts (…, rows) at probabilities p (…, rows): n* = ⌊n⌋ + Bernoulli(n −
    ⌊n⌋), k ~ Binomial(n*, p).

    Their mean is n·p; n* is what keeps a row of n = 0.6 from being drawn as if it had
    nobody.
    """
    return rng.binomial(_trials(p.shape, n, rng), p).astype(float)


def _trials(shape: Size, n: Array, rng: Rng) -> Array:
    floor = np.floor(n)
    one_more = rng.random(shape) < n - floor
    return (floor + one_more).astype(int)


def _log_beta(a: Tensor, b: Tensor, total: Tensor) -> Tensor:
    return _log_gamma(a) + _log_gamma(b) - _log_gamma(total)


def _log_normal(x: Tensor, mean: Tensor, sd: Tensor) -> Tensor:
    squared = ((x - mean) / sd) ** 2
    return -0.5 * squared - _log(sd) - 0.5 * np.log(2 * np.pi)
