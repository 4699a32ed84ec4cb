"""People: effects of sex, age and further traits, their products, and how they differ between regions."""

from collections.abc import Mapping

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from uncounted.model.belief import Belief
from uncounted.model.place import region_of
from uncounted.model.vocabulary import of_countries
from uncounted.world.world import levels

SEXES = ("female", "male")
CONTRAST = np.array([0.5, -0.5])  # `female` is the log odds of females minus those of males


def cells(belief: Belief, place: TensorVariable) -> TensorVariable:
    """Return η of every cell (countries, sexes, ages, *traits): its country's level and the effects of persons."""
    return place.dimshuffle(0, *["x"] * (2 + len(belief.card.traits))) + traits(belief)


def traits(belief: Belief) -> TensorVariable:
    """Return the sum of the card's effects of persons (1 or countries, sexes, ages, *traits).

    female · ±½ + age_a + (sex×age)_sa + (region×sex)_rs + (region×age)_ra + (country×age)_ca, and likewise of further
    traits; all but the first sum to zero along each of their dims, or are exchangeable, if the card says so. Those of
    countries are exchangeable over countries about the pattern of their region, and sum to zero over persons.
    """
    card = belief.card
    sizes = [len(levels(belief.world, trait)) for trait in card.traits]
    total: TensorVariable = pt.zeros([1, len(SEXES), len(card.ages), *sizes])
    effects: dict[str, TensorVariable] = {}
    for factor in sorted((*card.people, *card.interactions), key=of_countries):  # after the patterns they depart from
        effects[factor] = _effect(belief, factor, effects)
        total = total + _spread(belief, factor, effects[factor])
    return total


def _effect(belief: Belief, factor: str, others: Mapping[str, TensorVariable]) -> TensorVariable:
    """Return a factor's deviations; others: those that there are already."""
    if factor == "sex":
        return pt.as_tensor(belief.variable("female") * CONTRAST)
    if not of_countries(factor):
        return belief.deviations(factor)
    _, dim = factor.split(":")
    countries = len(belief.world.places)
    pattern = pt.zeros((countries, 1)) + others[dim]
    if f"region:{dim}" in others:
        pattern = pattern + others[f"region:{dim}"][region_of(belief.card, belief.world)]
    return belief.of_countries(dim, pattern, belief.variable(f"sigma_country_{dim}"))


def _spread(belief: Belief, factor: str, values: TensorVariable) -> TensorVariable:
    """Return a factor's deviations over all cells: size 1 along the dims that it leaves out."""
    dims, card = factor.split(":"), belief.card
    if dims[0] == "region":
        values = values[region_of(card, belief.world)]
    place = dims[0] if dims[0] in ("region", "country") else "place"
    axes = (place, "sex", "age", *card.traits)
    return values.dimshuffle(*(dims.index(axis) if axis in dims else "x" for axis in axes))
