"""Slopes: effects of covariates, with priors that are fixed, learned, or shrink most of
them towards zero.
"""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from uncounted.model.belief import Belief

# of R2D2's Dirichlet; below 1, few covariates take most of the explained variance
CONCENTRATION = 0.5


def slopes(belief: Belief, dim: str) -> TensorVariable:
    """Return β (covariates,), log odds per sd, by the priors that the card names.

    `beta`: fixed. `sigma_beta`: β ~ N(0, σ_β), σ_β learned, centred by information.
    `tau_beta` and `slab_beta`: the regularised horseshoe. `r2`: R2D2.
    """
    priors = belief.card.priors
    if "beta" in priors:
        return belief.variable("beta", dim)
    if "tau_beta" in priors:
        return _horseshoe(belief, dim)
    if "r2" in priors:
        return _r2d2(belief, dim)
    sigma = belief.variable("sigma_beta")
    lam = belief.centring["beta"]
    raw = pm.Normal("beta_raw", 0.0, sigma**lam, dims=dim)
    return _named(sigma ** (1 - lam) * raw, dim)


def _horseshoe(belief: Belief, dim: str) -> TensorVariable:
    """Return β_k = z_k τ λ̃_k, λ̃² = c²λ²/(c² + τ²λ²), λ ~ C⁺(0, 1) [Piironen & Vehtari
    2017, §2.3].

    τ is `tau_beta`, small when few covariates matter; c is `slab_beta`, the size of
    those that do.
    """
    tau = belief.variable("tau_beta")
    c = belief.variable("slab_beta")
    local = pm.HalfCauchy("local_beta", 1.0, dims=dim)
    kept = c * local / pt.sqrt(c**2 + tau**2 * local**2)
    raw = pm.Normal("beta_raw", dims=dim)
    return _named(raw * tau * kept, dim)


def _r2d2(belief: Belief, dim: str) -> TensorVariable:
    """Return β_k ~ N(0, σ² φ_k R²/(1 − R²)), φ ~ Dirichlet [Zhang et al. 2022; Aguilar
    & Bürkner 2023, §2].

    R², the prior `r2`, is the share that the covariates explain of the variance between
    countries: together they have σ²R²/(1−R²), where σ is σ_country, the sd of what is
    left.
    """
    share = belief.variable("r2")
    sigma = belief.variable("sigma_country")
    size = len(pm.modelcontext(None).coords[dim] or ())
    part = pm.Dirichlet("part_beta", np.full(size, CONCENTRATION), dims=dim)
    raw = pm.Normal("beta_raw", dims=dim)
    return _named(raw * sigma * pt.sqrt(part * share / (1 - share)), dim)


def _named(values: TensorVariable, dim: str) -> TensorVariable:
    return pt.as_tensor(pm.Deterministic("beta", values, dims=dim))
