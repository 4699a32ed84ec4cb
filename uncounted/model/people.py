"""People: effects of sex and age, their product, and how they differ between regions."""

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from uncounted.model.belief import Belief
from uncounted.model.place import region_of

SEXES = ("female", "male")
CONTRAST = np.array([0.5, -0.5])  # `female` is the log odds of females minus those of males


def traits(belief: Belief) -> TensorVariable:
    """Return the sum of the card's effects of persons (1 or countries, sexes, ages).

    female · ±½ + age_a + (sex×age)_sa + (region×sex)_rs + (region×age)_ra; all but the first sum to zero along each of
    their dims, or are exchangeable, if the card says so.
    """
    card = belief.card
    total: TensorVariable = pt.zeros((1, len(SEXES), len(card.ages)))
    if "sex" in card.people:
        total = total + (belief.variable("female") * CONTRAST)[None, :, None]
    if "age" in card.people:
        total = total + belief.deviations("age")[None, None, :]
    if "sex:age" in card.interactions:
        total = total + belief.deviations("sex:age")[None, :, :]
    if "region:sex" in card.interactions:
        total = total + belief.deviations("region:sex")[region_of(card, belief.world)][:, :, None]
    if "region:age" in card.interactions:
        total = total + belief.deviations("region:age")[region_of(card, belief.world)][:, None, :]
    return total
