"""Place: the levels of places, world > region > subregion > country, each pooled
towards the one above.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from uncounted.model.belief import Belief
from uncounted.model.card import Card
from uncounted.model.correlation import Correlated, shared
from uncounted.model.covariate_effects import spread
from uncounted.model.neighbours import basis, structured
from uncounted.world.world import World, groups


@dataclass(frozen=True)
class Rung:
    """A level of the ladder: its places' labels, and the index of each one's parent in
    the rung above, or 0.
    """

    name: str
    labels: pd.Index
    parent: np.ndarray


def rungs(card: Card, world: World) -> list[Rung]:
    """Return the card's levels from the top down; the last is country, in the order of
    `world.places`.
    """
    levels: list[Rung] = []
    above = pd.Series("World", index=world.places.index)
    for name in card.place:
        label = groups(world, name)
        labels = pd.Index(sorted(label.unique()), name=name)
        parent = above.groupby(label).first().reindex(labels)
        tops = levels[-1].labels if levels else pd.Index(["World"])
        levels.append(Rung(name, labels, tops.get_indexer(pd.Index(parent))))
        above = label
    return levels


def region_of(card: Card, world: World) -> np.ndarray:
    """Return the index of each country's region (countries,)."""
    levels = rungs(card, world)
    index = np.arange(len(levels[-1].labels))
    for rung in reversed(levels[1:]):
        index = rung.parent[index]
    return index


@dataclass(frozen=True)
class Countries:
    """The distribution of countries' levels by the levels above, before their own
    departures.

    mean, sigma: the mean and standard deviation of each level (countries,), log odds.
    scored: whether other outcomes' countries depend on these departures.
    """

    mean: TensorVariable
    sigma: TensorVariable
    scored: bool

    def levels(self, belief: Belief) -> TensorVariable:
        """Return each country's level (countries,), its departure by itself."""
        departure = belief.centred("country", self.mean, self.sigma, "country")
        return self.level(belief, departure)

    def level(self, belief: Belief, departure: TensorVariable) -> TensorVariable:
        """Return each country's level (countries,) from its departure, which is named
        in the posterior.
        """
        effect = belief.effect("country", departure, "country")
        if self.scored:
            pm.Deterministic("country_score", effect / self.sigma, dims="country")
        return self.mean + effect


def ladder(
    belief: Belief,
    shift: TensorVariable | float,
    correlated: Correlated | None = None,
) -> Countries:
    """Return the mean and sd of every country's level: logit prevalence averaged over
    the effects of persons.

    level ~ prior; region r = level + ρ_r, Σρ = 0 (or exchangeable, if the card says
    so); subregion d ~ N(its region, σ_subregion); country c ~ N(its subregion +
    shift_c, σ_country), shift = x·β. By `spread` each country has its own σ
    (`covariates.spread`). With neighbours, a share ρ of the countries' variance follows
    them (`neighbours.structured`); the rest of it is correlated with other outcomes'
    where there are any (`correlation.shared`).
    """
    *upper, country = rungs(belief.card, belief.world)
    value: TensorVariable = pt.atleast_1d(belief.variable("level"))
    for rung in upper:
        mean = value[rung.parent]
        if rung.name == "region":
            value = mean + belief.deviations("region")
            continue
        sigma = belief.variable(f"sigma_{rung.name}")
        value = mean + belief.exchangeable(rung.name, mean, sigma, rung.name)
    sigma = belief.variable("sigma_country")
    return _countries(belief, value[country.parent] + shift, sigma, correlated)


def _countries(
    belief: Belief,
    mean: TensorVariable,
    sigma: TensorVariable,
    correlated: Correlated | None,
) -> Countries:
    sigma = spread(belief, sigma)
    if belief.card.neighbours:
        neighbours, sigma = structured(belief, sigma, basis(belief.card, belief.world))
        mean = mean + neighbours
    if correlated is not None:
        of_others, sigma = shared(correlated, sigma)
        mean = mean + of_others
    return Countries(mean, sigma, scored=correlated is not None)
