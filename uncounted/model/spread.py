"""Spread: countries whose own standard deviation differs by a covariate."""

from collections.abc import Iterator

import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from uncounted.model.belief import Belief
from uncounted.model.card import Card
from uncounted.model.covariate_effects import indicator, indicators
from uncounted.model.symbols import brings
from uncounted.model.term import Term
from uncounted.notation.line import Line
from uncounted.wording.words import Words


def spread(belief: Belief, sigma: TensorVariable) -> TensorVariable:
    """Return the sd of what each country departs from its mean by: σ_c =
    σ_country·exp(x[c]·spread) (countries,).

    x are z-scores of the covariates under `spread`, 0 where missing; the Deterministic
    is `sigma_of_country`. Without the word σ_country serves all.
    """
    named = list(belief.card.spread)
    if not named:
        return sigma
    x = indicators(belief.card, belief.world)[named]
    x = x.fillna(0.0).to_numpy()
    values = pt.as_tensor(pm.Data("x_spread", x))
    log_ratio = values @ belief.variable("spread", "spread_covariate")
    of_country = sigma * pt.exp(log_ratio)
    return pt.as_tensor(
        pm.Deterministic("sigma_of_country", of_country, dims="country")
    )


def _lines(card: Card, _: str, say: Words) -> Iterator[Line]:
    if card.spread:
        names = ", ".join(indicator(card, name, say) for name in card.spread)
        sds = "log σ[c] = log sigma_country + Σ[k] x[c,k] spread[k]"
        yield Line(sds, say("equation.spread", names=names), brings(card, "spread"))


TERM = Term(_lines, needs=lambda card: [("spread",)] if card.spread else [])
