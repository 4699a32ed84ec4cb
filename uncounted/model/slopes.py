"""Slopes: effects of covariates, with priors that are fixed, learned, or shrink most of
them towards zero.
"""

from collections.abc import Iterator

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from uncounted.model.belief import Belief
from uncounted.model.card import Card
from uncounted.model.symbols import brings, distribution
from uncounted.notation.line import Line
from uncounted.wording.words import Words

# fixed, learned, horseshoe, R2D2: one of them
SLOPES = ("beta", "sigma_beta", "tau_beta", "r2")
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


def slope_lines(card: Card, k: str, sentence: str, say: Words) -> Iterator[Line]:
    """Return the lines of slopes by the prior that the card names, the sentence with
    the first; k: their index in formulas.
    """
    if "beta" in card.priors:
        yield Line(f"beta{k} ~ {distribution(card.priors['beta'])}", sentence)
    elif "tau_beta" in card.priors:
        formula = f"beta{k} = z{k} tau_beta λ̃{k}, z{k} ~ Normal(0, 1)"
        yield Line(formula, sentence, brings(card, "tau_beta"))
        ratio = f"{{slab_beta^2 λ{k}^2}}/{{slab_beta^2 + tau_beta^2 λ{k}^2}}"
        formula = f"λ̃{k}^2 = {ratio}, λ{k} ~ HalfCauchy(1)"
        yield Line(formula, say("equation.horseshoe"), brings(card, "slab_beta"))
    elif "r2" in card.priors:
        part = f"φ{k} " if k else ""
        root = f"√({part}{{r2}}/{{1 − r2}})"
        formula = f"beta{k} = z{k} sigma_country {root}, z{k} ~ Normal(0, 1)"
        yield Line(formula, sentence, brings(card, "r2"))
        if k:
            yield Line("φ ~ Dirichlet(0.5, …, 0.5)", say("equation.shares"))
    else:
        formula = f"beta{k} ~ Normal(0, sigma_beta)"
        yield Line(formula, sentence, brings(card, "sigma_beta"))
