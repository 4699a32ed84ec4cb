"""People: effects of sex, age and further traits, their products, and how they differ between regions."""

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from uncounted.model.belief import Belief
from uncounted.model.place import region_of
from uncounted.world.world import levels

SEXES = ("female", "male")
CONTRAST = np.array([0.5, -0.5])  # `female` is the log odds of females minus those of males


def cells(belief: Belief, place: TensorVariable) -> TensorVariable:
    """Return η of every cell (countries, sexes, ages, *traits): its country's level and the effects of persons."""
    return place.dimshuffle(0, *["x"] * (2 + len(belief.card.traits))) + traits(belief)


def traits(belief: Belief) -> TensorVariable:
    """Return the sum of the card's effects of persons (1 or countries, sexes, ages, *traits).

    female · ±½ + age_a + (sex×age)_sa + (region×sex)_rs + (region×age)_ra, and likewise of further traits; all but the
    first sum to zero along each of their dims, or are exchangeable, if the card says so.
    """
    card = belief.card
    sizes = [len(levels(belief.world, trait)) for trait in card.traits]
    total: TensorVariable = pt.zeros([1, len(SEXES), len(card.ages), *sizes])
    for factor in (*card.people, *card.interactions):
        total = total + _spread(belief, factor)
    return total


def _spread(belief: Belief, factor: str) -> TensorVariable:
    """Return a factor's deviations over all cells: size 1 along the dims that it leaves out."""
    dims, card = factor.split(":"), belief.card
    values = pt.as_tensor(belief.variable("female") * CONTRAST) if factor == "sex" else belief.deviations(factor)
    if dims[0] == "region":
        values = values[region_of(card, belief.world)]
    axes = ("region", "sex", "age", *card.traits)
    return values.dimshuffle(*(dims.index(axis) if axis in dims else "x" for axis in axes))
