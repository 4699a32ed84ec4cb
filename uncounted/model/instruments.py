"""Instruments: how each kind of source shows persons apart from the others."""

from collections.abc import Iterator, Sequence

import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from uncounted.model.belief import Belief
from uncounted.model.card import Card
from uncounted.model.people import along, sizes_of_persons
from uncounted.model.symbols import brings, cell, effect_of, index_of
from uncounted.model.term import Choice, Term
from uncounted.model.vocabulary import SOURCE, of_sources, sigma_of
from uncounted.notation.line import Line
from uncounted.wording.words import Words


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
        spread = along(belief.deviations(factor), factor.split(":"), axes)
        total = spread if total is None else total + spread
    sizes = sizes_of_persons(card, belief.world)
    return total + pt.zeros((len(sources), *sizes))  # pyright: ignore[reportOptionalOperand] there are factors


def _lines(card: Card, _: str, say: Words) -> Iterator[Line]:
    """Return the lines of the differences by sex, age or trait that belong to a kind of
    source.
    """
    products = [product for product in card.interactions if of_sources(product)]
    if not products:
        return
    indices = cell(card)
    effects = " + ".join(effect_of(card, product) for product in products)
    formula = f"logit p[k,{indices}] = logit p[{indices}] + {effects}"
    yield Line(formula, say("equation.instruments"))
    for product in products:
        yield _instrument(card, product, say)


def _instrument(card: Card, product: str, say: Words) -> Line:
    effect = effect_of(card, product)
    key = f"sigma_{product.replace(':', '_')}"
    dim = product.partition(":")[2]
    formula = f"{effect} ~ Normal(0, {key}), Σ[{index_of(card, dim)}] {effect} = 0"
    word = "equation.instrument_reference"
    if not card.reference_source:
        word = "equation.instrument"
        formula += f", Σ[k] {effect} = 0"
    words = dim.replace("_", " ")
    sentence = say(word, what=words, reference=card.reference_source)
    return Line(formula, sentence, brings(card, key))


def _needs(card: Card) -> Iterator[Choice]:
    for factor in filter(of_sources, card.interactions):
        yield (sigma_of(factor),)


TERM = Term(_lines, needs=_needs)
