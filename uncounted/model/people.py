"""People: effects of sex, age and further traits, their products, and how they differ
between regions.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from uncounted.model.belief import Belief
from uncounted.model.card import Card
from uncounted.model.place import region_of
from uncounted.model.vocabulary import SOURCE, of_countries, of_sources
from uncounted.world.world import World, levels

SEXES = ("female", "male")
SPREAD_AGE = "spread_age"
# `female` is the log odds of females minus those of males
CONTRAST = np.array([0.5, -0.5])


def cells(belief: Belief, place: TensorVariable) -> TensorVariable:
    """Return η of every cell (countries, sexes, ages, *traits): its country's level and
    the effects of persons.
    """
    persons = ["x"] * (2 + len(belief.card.traits))
    return place.dimshuffle(0, *persons) + traits(belief)


def traits(belief: Belief) -> TensorVariable:
    """Return the sum of the card's effects of persons (1 or countries, sexes, ages,
    *traits).

    female · ±½ + age_a + (sex×age)_sa + (region×sex)_rs + (region×age)_ra +
    (country×age)_ca, and likewise of further traits; all but the first sum to zero
    along each of their dims, or are exchangeable, if the card says so. Those of
    countries are exchangeable over countries about the pattern of their region, and sum
    to zero over persons.
    """
    card = belief.card
    total: TensorVariable = pt.zeros((1, *sizes_of_persons(card, belief.world)))
    effects: dict[str, TensorVariable] = {}
    factors = [*card.people]
    factors += [product for product in card.interactions if not of_sources(product)]
    # effects of countries after the patterns that they depart from
    for factor in sorted(factors, key=of_countries):
        effects[factor] = _effect(belief, factor, effects)
        total = total + _spread(belief, factor, effects[factor])
    return total


def of_instruments(belief: Belief, sources: Sequence[str]) -> TensorVariable | None:
    """Return how each kind of source shows persons apart from the others (sources,
    sexes, ages, *traits), if it does.

    (source×age)_ka and the like: no part of prevalence, but of what a survey shows.
    They sum to zero over persons, and over the kinds of source; or, where the card
    names a reference_source, that kind's are zero. None without such a product on the
    card, and where all evidence is of one kind.
    """
    card = belief.card
    factors = [factor for factor in card.interactions if of_sources(factor)]
    if not factors or len(sources) < 2:
        return None
    axes = (SOURCE, "sex", "age", *card.traits)
    total = None
    for factor in factors:
        spread = _along(belief.deviations(factor), factor.split(":"), axes)
        total = spread if total is None else total + spread
    sizes = sizes_of_persons(card, belief.world)
    return total + pt.zeros((len(sources), *sizes))  # pyright: ignore[reportOptionalOperand] there are factors


def sizes_of_persons(card: Card, world: World) -> tuple[int, ...]:
    """Return how many sexes, ages and levels of each trait there are."""
    sizes = [len(levels(world, trait)) for trait in card.traits]
    return (len(SEXES), len(card.ages), *sizes)


def _effect(
    belief: Belief, factor: str, effects: Mapping[str, TensorVariable]
) -> TensorVariable:
    """Return a factor's deviations; others: those that there are already."""
    if factor == "sex":
        return pt.as_tensor(belief.variable("female") * CONTRAST)
    if not of_countries(factor):
        return belief.deviations(factor)
    _, dim = factor.split(":")
    countries = len(belief.world.places)
    pattern = pt.zeros((countries, 1)) + effects[dim]
    if f"region:{dim}" in effects:
        region = region_of(belief.card, belief.world)
        pattern = pattern + effects[f"region:{dim}"][region]
    sigma = belief.variable(f"sigma_country_{dim}")
    sizes = sizes_of_ages(belief) if dim == "age" else None
    if sizes is None:
        return belief.of_countries(dim, pattern, sigma)
    return belief.of_countries_by_size(dim, pattern, sigma * sizes)


def sizes_of_ages(belief: Belief) -> TensorVariable | None:
    """Return how large departures of countries and of surveys are at each age (ages,),
    their geometric mean being 1.

    exp of `spread_age` less its mean over ages: the youngest children, say, differ more
    between countries, and are measured less alike. None without the prior.
    """
    if SPREAD_AGE not in belief.card.priors:
        return None
    logs = belief.variable(SPREAD_AGE, "age")
    return pt.exp(logs - logs.mean())  # pyright: ignore[reportReturnType] PyTensor types it None


def _spread(belief: Belief, factor: str, values: TensorVariable) -> TensorVariable:
    """Return a factor's deviations over all cells: size 1 along the dims that it leaves
    out.
    """
    dims = factor.split(":")
    card = belief.card
    if dims[0] == "region":
        values = values[region_of(card, belief.world)]
    place = dims[0] if dims[0] in ("region", "country") else "place"
    return _along(values, dims, (place, "sex", "age", *card.traits))


def _along(
    values: TensorVariable,
    dims: Sequence[str],
    axes: Sequence[str],
) -> TensorVariable:
    """Return values of dims along all axes, size 1 along those that they lack."""
    return values.dimshuffle(
        *(dims.index(axis) if axis in dims else "x" for axis in axes)
    )
