"""Neighbours: countries resemble their neighbours as far as the data show it, the
structured half of BYM2.
"""

from collections.abc import Iterator

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from uncounted.model.belief import Belief
from uncounted.model.card import Card
from uncounted.model.covariate_effects import indicators
from uncounted.model.holes import expected
from uncounted.model.structure import graph, likeness
from uncounted.model.symbols import brings, mean_and_size
from uncounted.model.term import Term
from uncounted.notation.line import Line
from uncounted.wording.words import Words
from uncounted.world.borders import read_borders
from uncounted.world.world import World


def basis(card: Card, world: World) -> np.ndarray:
    """Return the basis (countries, rank) of the card's neighbours: those they border,
    or of like covariates.
    """
    if card.neighbours == "borders":
        codes = [str(code) for code in world.places.index]
        return graph(read_borders(None, world).pairs, codes)
    return likeness(expected(indicators(card, world)).to_numpy())


def structured(
    belief: Belief,
    sigma: TensorVariable,
    basis: np.ndarray,
) -> tuple[TensorVariable, TensorVariable]:
    """Return what neighbours add to the countries' means (countries,), and the standard
    deviation that is left.

    σ·(√ρ·u + √(1 − ρ)·ε), u = B z Besag's field of generalised variance 1, z and ε iid
    N(0, 1) [BYM2, Riebler et al. 2016]: returned are σ√ρ·u, the Deterministic
    `neighbours_effect`, and σ√(1 − ρ), the scale of the exchangeable rest, which may be
    centred or not. ρ, the card's prior `rho`, is the share of the countries' variance
    that follows borders: 0 is the exchangeable model, an island has the same σ² at any
    ρ [Freni-Sterrantino et al. 2018].
    """
    rho = belief.variable("rho")
    raw = pm.Normal("neighbours_raw", shape=basis.shape[1])
    field = pt.as_tensor(pm.Data("neighbours_basis", basis)) @ raw
    share = sigma * pt.sqrt(rho) * field
    effect = pm.Deterministic("neighbours_effect", share, dims="country")
    return pt.as_tensor(effect), sigma * pt.sqrt(1 - rho)


def _lines(card: Card, _: str, say: Words) -> Iterator[Line]:
    if not card.neighbours:
        return
    mean, size = mean_and_size(card, "country")
    shared = "√(rho) u[c] + √(1 − rho) ε[c]"
    formula = f"country[c] = {mean} + {size} ({shared}), ε[c] ~ Normal(0, 1)"
    priors = brings(card, "sigma_country", "rho")
    yield Line(formula, say("equation.neighbours"), priors)
    formula = "u[c] = Σ[k] K[c,k] z[k], z[k] ~ Normal(0, 1)"
    yield Line(formula, say(f"equation.near_{card.neighbours}"))


TERM = Term(_lines, needs=lambda card: [("rho",)] if card.neighbours else [])
