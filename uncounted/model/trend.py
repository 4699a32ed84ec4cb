"""Trend: change per year on the logit scale, linear, by region, with pooled deviations of countries."""

import numpy as np
from pytensor.tensor.variable import TensorVariable

from uncounted.model.belief import Belief
from uncounted.model.card import Card
from uncounted.model.place import region_of


def has_trend(card: Card) -> bool:
    """Say whether the card's model has a trend: its priors name one."""
    return "trend" in card.priors


def slopes(belief: Belief) -> TensorVariable | np.ndarray:
    """Return each country's slope (countries,), log odds per year; zeros without a trend.

    slope_c ~ N(trend + trend_region[r(c)], σ_trend_country), Σ trend_region = 0: a country's last survey is carried to
    the reference year by its own slope, pooled to its region's, so its interval widens with the years since.
    """
    card, world = belief.card, belief.world
    if not has_trend(card):
        return np.zeros(len(world.places))
    mean = belief.variable("trend") * np.ones(len(world.places))
    if "region" in card.place:
        by_region = belief.zero_sum("trend_region", belief.variable("sigma_trend_region"), "region")
        mean = mean + by_region[region_of(card, world)]
    return mean + belief.exchangeable("trend_country", mean, belief.variable("sigma_trend_country"), "country")
