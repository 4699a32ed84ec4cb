"""People: effects of sex, age and further traits, their products, and how they differ
between regions.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from uncounted.errors import UncountedError
from uncounted.model.belief import Belief
from uncounted.model.card import Card
from uncounted.model.place import region_of
from uncounted.model.symbols import brings, effect_of, index_of, words_of
from uncounted.model.term import Choice, Term
from uncounted.model.vocabulary import of_countries, of_sources, sigma_of
from uncounted.notation.line import Line
from uncounted.wording.words import Words
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
    return along(values, dims, (place, "sex", "age", *card.traits))


def along(
    values: TensorVariable,
    dims: Sequence[str],
    axes: Sequence[str],
) -> TensorVariable:
    """Return values of dims along all axes, size 1 along those that they lack."""
    return values.dimshuffle(
        *(dims.index(axis) if axis in dims else "x" for axis in axes)
    )


def _effects(card: Card) -> Iterable[str]:
    for factor in (*card.people, *card.interactions):
        if not of_sources(factor):
            yield effect_of(card, factor)


def _lines(card: Card, _: str, say: Words) -> Iterator[Line]:
    if "sex" in card.people:
        halves = "sex[female] = {1}/{2} female, sex[male] = − {1}/{2} female"
        yield Line(halves, say("equation.sex"), brings(card, "female"))
    for factor in (*card.people, *card.interactions):
        if factor != "sex" and not of_sources(factor):
            yield _deviations(card, factor, say)
    if "spread_age" in card.priors:
        sizes = "log size[a] = spread_age[a] − {1}/{A} Σ[b] spread_age[b]"
        yield Line(sizes, say("equation.sizes"), brings(card, "spread_age"))


def _deviations(card: Card, factor: str, say: Words) -> Line:
    """Return the line of a factor or product: exchangeable, in the order of ages, or
    summing to zero along each index.

    The last two are σ times a matrix with orthonormal columns, or a walk's waves, times
    standard normal draws. Departures of countries sum to zero over persons alone.
    """
    key = f"sigma_{factor.replace(':', '_')}"
    effect = effect_of(card, factor)
    formula = f"{effect} ~ Normal(0, {key})"
    words = words_of(factor)
    priors = brings(card, key)
    if factor in card.exchangeable:
        return Line(formula, say("equation.exchangeable", what=words), priors)
    if of_countries(factor):
        return _of_countries(card, factor, say)
    if card.age_order and "age" in factor.split(":"):
        product = "" if factor == "age" else "_product"
        order = say(f"equation.walk_{card.age_order}")
        sentence = say(f"equation.ordered{product}", what=words, order=order)
        return Line(_walk(card, factor, key, effect), sentence, priors)
    for index in index_of(card, factor).split(","):
        formula += f", Σ[{index}] {effect} = 0"
    return Line(formula, say("equation.zero_sum", what=words), priors)


def _of_countries(card: Card, factor: str, say: Words) -> Line:
    dim = factor.removeprefix("country:")
    key = f"sigma_country_{dim}"
    effect = effect_of(card, factor)
    words = words_of(dim)
    if dim == "age" and card.age_order:
        order = say(f"equation.walk_{card.age_order}")
        sentence = say("equation.of_countries_ordered", what=words, order=order)
        formula = f"{effect} = {key} Σ[k] B[a,k] z[c,k], z[c,k] ~ Normal(0, 1)"
    else:
        sentence = say("equation.of_countries", what=words)
        has_sizes = dim == "age" and "spread_age" in card.priors
        sd = f"{key} size[a]" if has_sizes else key
        zero = f"Σ[{index_of(card, dim)}] {effect} = 0"
        formula = f"{effect} ~ Normal(0, {sd}), {zero}"
    return Line(formula, sentence, brings(card, key))


def _walk(
    card: Card,
    factor: str,
    key: str,
    effect: str,
) -> str:
    if factor == "age":
        return f"{effect} = {key} Σ[k] B[a,k] z[k], z[k] ~ Normal(0, 1)"
    (crossed,) = (dim for dim in factor.split(":") if dim != "age")
    waves = f"H[{index_of(card, crossed)},l] B[a,k] z[l,k]"
    return f"{effect} = {key} Σ[l,k] {waves}, z[l,k] ~ Normal(0, 1)"


def _needs(card: Card) -> Iterator[Choice]:
    for factor in (*card.people, *card.interactions):
        if not of_sources(factor):
            yield ("female" if factor == "sex" else sigma_of(factor),)


def _check(card: Card) -> None:
    if "spread_age" in card.priors and (
        card.age_order or "country:age" not in card.interactions
    ):
        raise UncountedError(
            "spread_age lets countries' patterns of ages, and surveys' errors, be"
            ' larger at some ages than at others. It needs "country:age" among the'
            " interactions, and ages in no order: leave age_order out.",
            "spread_age",
        )


TERM = Term(_lines, (SPREAD_AGE,), _needs, _check, effects=_effects)
