"""Covariate effects: standardised indicators of countries, or one factor of them, with
missing values drawn.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable
from scipy import sparse

from uncounted.errors import UncountedError, did_you_mean
from uncounted.model.belief import Belief
from uncounted.model.card import Card
from uncounted.model.factor import factor
from uncounted.model.holes import expected, given_rest
from uncounted.model.information import Information, Level, Sizes, membership, passed
from uncounted.model.seen import Seen
from uncounted.model.slopes import SLOPES, slope_lines, slopes
from uncounted.model.term import Choice, Term
from uncounted.notation.line import Line
from uncounted.wording.words import Words
from uncounted.world.world import World, standardised

# the first of these on the card gives the scale of slopes
SCALES = ("sigma_beta", "beta", "slab_beta", "sigma_country")


def indicators(card: Card, world: World) -> pd.DataFrame:
    """Return z-scores of the card's covariates after its transforms (countries,
    covariates), missing kept missing.
    """
    try:
        return standardised(world, list(card.covariates), card.transforms)
    except UncountedError as error:
        raise UncountedError(
            f"`covariates` of the card '{card.name}': {error}", "covariates"
        ) from error


def known(card: Card, world: World) -> pd.DataFrame:
    """Return what is known of x before any survey (countries, slopes): z-scores, 0
    where missing, or the index.
    """
    x = indicators(card, world)
    if card.index:
        return factor(x).mean.to_frame("index")
    return x.fillna(0.0)


def shift(belief: Belief) -> TensorVariable | float:
    """Return x[c]·β (countries,), 0 without covariates.

    x are z-scores; a missing one is a parameter, x_missing = m + L z, z ~ N(0, 1), with
    m and LLᵀ its mean and covariance given the country's other values under one
    multivariate normal of the card's covariates; the surveys update it through β. With
    `index`, x is one column: the factor that the covariates share (`factor`), drawn for
    every country given its indicators.
    """
    if not belief.card.covariates:
        return 0.0
    x = indicators(belief.card, belief.world)
    if belief.card.index:
        return _index(belief, x)
    return _columns(x) @ slopes(belief, "covariate")


def _columns(x: pd.DataFrame) -> TensorVariable:
    filled = x.fillna(0.0).to_numpy()
    values = pt.as_tensor(pm.Data("x", filled, dims=("country", "covariate")))
    hole = np.argwhere(x.isna().to_numpy())
    if not len(hole):
        return values
    mean, root = given_rest(x)
    z = pm.Normal("x_missing_z", shape=len(hole))
    centre = pm.Data("x_missing_mean", mean)
    deviation = pm.Data("x_missing_root", root) @ z
    missing = pm.Deterministic("x_missing", centre + deviation)
    return values[hole[:, 0], hole[:, 1]].set(missing)


def _index(belief: Belief, x: pd.DataFrame) -> TensorVariable:
    index = factor(x)
    z = pm.Normal("index_z", dims="country")
    mean = pm.Data("index_mean", index.mean.to_numpy(), dims="country")
    sd = pm.Data("index_sd", index.sd.to_numpy(), dims="country")
    score = pm.Deterministic("index", mean + sd * z, dims="country")
    belief.label("score", ["index"])
    return pt.as_tensor(score) * slopes(belief, "score")[0]


def indicator(card: Card, name: str, say: Words) -> str:
    """Return the words for a covariate and its transformation."""
    plain = say.term(name.replace("_", " "))
    transform = card.transforms.get(name, "")
    if not transform:
        return plain
    how = transform.replace("_percent", "")
    return say("equation.transformed", how=how, of=plain)


def _lines(card: Card, _: str, say: Words) -> Iterator[Line]:
    """Return the lines of x or of the index, and of the slopes."""
    if not card.covariates:
        return
    names = ", ".join(indicator(card, name, say) for name in card.covariates)
    k, sentence = "[k]", say("equation.beta", names=names)
    if card.index:
        formula = "index[c] = m[c] + s[c] z[c], z[c] ~ Normal(0, 1)"
        yield Line(formula, say("equation.index", names=names))
        k, sentence = "", say("equation.beta_index")
    yield from slope_lines(card, k, sentence, say)


def _needs(card: Card) -> Iterator[Choice]:
    if card.covariates:
        yield SLOPES
        if "tau_beta" in card.priors:
            yield ("slab_beta",)


def _check(card: Card) -> None:
    """Refuse words that need covariates that are lacking, and slopes sized twice."""
    for word in ("transforms", "spread"):
        lacking = set(getattr(card, word)) - set(card.covariates)
        for name in sorted(lacking):
            raise UncountedError(
                f"{word} names '{name}', which is none of the"
                f" covariates.{did_you_mean(name, card.covariates)}",
                word,
            )
    count = len(card.covariates)
    too_few = count < 3 if card.index else count < 1
    if too_few and (card.index or card.neighbours == "covariates"):
        raise UncountedError(
            'index needs three covariates or more, neighbours = "covariates" one.',
            "covariates",
        )
    sizes = [key for key in SLOPES if key in card.priors]
    if len(sizes) > 1:
        raise UncountedError(
            f"[priors] has {' and '.join(sizes)}: say in one way how large slopes of"
            " covariates are.",
            sizes[1],
        )


def _levels(card: Card, world: World, seen: Seen) -> Iterator[Level]:
    """Yield the level of slopes, and that of surveyed countries that lack a covariate.

    These depart from what slopes predict by a component of their own, "hole": taken for
    the sd of countries, it made that a tenfold of what sampling finds where σ_country
    was 0.02 and slopes 0.6.
    """
    if not card.covariates:
        return
    country = seen.survey_country
    x = indicators(card, world)
    scale = next(card.priors[key].scale for key in SCALES if key in card.priors)
    filled = known(card, world) if card.index else expected(x)
    yield "beta", scale, sparse.csr_array(filled.to_numpy()[country])
    hole = x.isna().any(axis=1).to_numpy()[country]
    if hole.any() and not card.index:
        yield "hole", scale, membership(country) * hole[:, None]


def _about(information: Information, about: Sizes) -> Sizes:
    if "beta" not in information.mode:
        return {}
    x = known(information.card, information.world).to_numpy()
    of_country = passed(about["country"], information.mode["country"])
    return {"beta": of_country @ x**2}


TERM = Term(_lines, needs=_needs, check=_check, levels=_levels, about=_about)
