"""Likelihood: the binomial of effective counts, which need not be whole numbers, as one normalised distribution."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable
from scipy.special import expit, gammaln


def log_choose(n: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return log Γ(n+1) − log Γ(y+1) − log Γ(n−y+1): log C(n, y) for real n ≥ y ≥ 0."""
    return gammaln(n + 1) - gammaln(y + 1) - gammaln(n - y + 1)


def effective_binomial(
    eta: TensorVariable, y: np.ndarray, n: np.ndarray, name: str = "y", dim: str = "row"
) -> TensorVariable:
    """Observe effective counts y of n at logits eta (rows,).

    log f = w·[y·η − n·softplus(η) + log C(n, y)], w in {0, 1} from pm.Data `row_weight` (0: held out). For whole
    numbers this is the binomial. Random draws: n* = ⌊n⌋ + Bernoulli(n − ⌊n⌋), k ~ Binomial(n*, logit⁻¹ η). log C(n, y)
    is data too (`log_choose`), as its three gammas per row would cost as much as all the rest of the model's gradient.
    """
    return pm.CustomDist(
        name,
        eta,
        pm.Data("n", n, dims=dim),
        pm.Data("log_choose", log_choose(n, y), dims=dim),
        pm.Data("row_weight", np.ones(len(y)), dims=dim),
        logp=_logp,
        random=_random,
        observed=pm.Data("y_observed", y, dims=dim),
        dims=dim,
        class_name="EffectiveBinomial",
    )


def _logp(
    y: TensorVariable, eta: TensorVariable, n: TensorVariable, choose: TensorVariable, weight: TensorVariable
) -> TensorVariable:
    return weight * (y * eta - n * pt.softplus(eta) + choose)


def _random(
    eta: np.ndarray, n: np.ndarray, choose: np.ndarray, weight: np.ndarray, rng: np.random.Generator, size: tuple
) -> np.ndarray:
    del choose, weight
    return draw_counts(np.broadcast_to(expit(eta), size), n, rng)


def draw_counts(p: np.ndarray, n: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw counts (…, rows) at probabilities p (…, rows): n* = ⌊n⌋ + Bernoulli(n − ⌊n⌋), k ~ Binomial(n*, p).

    Their mean is n·p; n* is what keeps a row of n = 0.6 from being drawn as if it had nobody.
    """
    whole = np.floor(n)
    trials = (whole + (rng.random(p.shape) < n - whole)).astype(int)
    return rng.binomial(trials, p).astype(float)
