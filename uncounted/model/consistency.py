"""Consistency: checks that refuse, in a sentence, a card whose words cannot make a
model.
"""

from collections.abc import Iterator
from itertools import pairwise

from uncounted.errors import UncountedError, did_you_mean
from uncounted.model.card import Card
from uncounted.model.likelihood import LIKELIHOODS
from uncounted.model.priors import NEEDED_BY
from uncounted.model.terms import TERMS, needs
from uncounted.model.vocabulary import (
    LINKS,
    LISTS,
    NEIGHBOURS,
    PEOPLE,
    PLACE,
    SOURCE,
    interactions,
    of_countries,
    of_sources,
)
from uncounted.wording.numerals import SHOW
from uncounted.world.age import contains, parse_band
from uncounted.world.population import check_trait
from uncounted.world.universe import AGE, CALLED, listed


def check(card: Card) -> None:
    """Raise UncountedError for the first word, or pair of words, that cannot be; the
    error names the word.
    """
    _check_words(card)
    _check_places(card)
    _check_ages(card)
    _check_universe(card)
    _check_years(card)
    _check_share(card)
    for term in TERMS:
        term.check(card)
    _check_outcome(card)
    _check_joint(card)
    _check_priors(card)


def _check_words(card: Card) -> None:
    products = interactions(card)
    traits = [factor for factor in card.people if f"sigma_{factor}" in card.priors]
    allowed = {
        "people": (*PEOPLE, *traits),
        "place": PLACE,
        "interactions": products,
        "show": SHOW,
        "neighbours": NEIGHBOURS,
        "likelihood": LIKELIHOODS,
        "link": LINKS,
    }
    # deviations of countries and of sources have one form each, whatever the card says
    free = ["region", "age", *card.traits]
    for factor in products:
        if not of_countries(factor) and not of_sources(factor):
            free.append(factor)
    allowed["exchangeable"] = tuple(free)
    for word, choice in allowed.items():
        values = getattr(card, word)
        for value in [values] if isinstance(values, str) else values:
            if value not in choice:
                trait = f" A trait of persons needs its prior, sigma_{value}."
                hint = did_you_mean(value, choice)
                raise UncountedError(
                    f"{word} has '{value}', which is not one of its"
                    f" words.{hint}{trait if word == 'people' else ''}",
                    word,
                )
    for word in LISTS:
        values = getattr(card, word)
        if word != "years" and len(set(values)) < len(values):
            raise UncountedError(
                f"{word} = {list(values)} has the same twice. Keep one.", word
            )
    for trait in card.traits:
        check_trait(trait, f"The card '{card.name}'")


def _check_places(card: Card) -> None:
    if "country" not in card.place:
        raise UncountedError(
            "place must hold 'country': it is countries that surveys speak of.", "place"
        )
    if list(card.place) != [rung for rung in PLACE if rung in card.place]:
        raise UncountedError(
            f"place should go from the largest to the smallest: {', '.join(PLACE)}.",
            "place",
        )
    for interaction in card.interactions:
        for factor in interaction.split(":"):
            if factor not in (*card.people, *card.place, SOURCE):
                raise UncountedError(
                    f"'{interaction}' needs '{factor}' under people or place.",
                    "interactions",
                )


def _check_ages(card: Card) -> None:
    try:
        bands = card.bands
    except UncountedError as error:
        raise UncountedError(f"ages has a wrong band: {error}", "ages") from error
    overlap = any(a.upper is None or a.upper > b.lower for a, b in pairwise(bands))
    if overlap or not bands:
        raise UncountedError(
            "ages should list bands that don't overlap, youngest first.", "ages"
        )
    if card.age_order and len(bands) <= card.age_order:
        raise UncountedError(
            f"age_order = {card.age_order} needs more than {card.age_order} ages.",
            "age_order",
        )


def _check_universe(card: Card) -> None:
    """Refuse words about the estimate's people that contradict the card's others."""
    for word in ("who", "where"):
        for axis, names in getattr(card, word).items():
            texts = [names] if isinstance(names, str) else names
            is_list = isinstance(texts, list | tuple)
            if not is_list or not all(isinstance(name, str) for name in texts):
                raise UncountedError(
                    f"{word} says {axis} = {names!r}, which should be a text or a list"
                    " of texts.",
                    word,
                )
    age = card.who.get(AGE)
    if age is not None:
        bands = [parse_band(text) for text in listed(age)]
        for band in card.bands:
            if not any(contains(wide, band) for wide in bands):
                raise UncountedError(
                    f"ages has '{band.label}', which is outside the age of `who`,"
                    f" {', '.join(listed(age))}. Give bands within it.",
                    "ages",
                )
    if card.universe.sex and "sex" in card.people:
        raise UncountedError(
            f"people has 'sex', and `who` has the one sex '{card.universe.sex}'. Leave"
            " sex out of people.",
            "people",
        )
    languages = [name for name in card.persons if len(name) == 2]
    for name in sorted(set(card.persons) - {*CALLED, *languages}):
        raise UncountedError(
            f"persons has '{name}', which is not one of its"
            f" words.{did_you_mean(name, CALLED)}",
            "persons",
        )


def _check_years(card: Card) -> None:
    years = card.years
    if years is not None and (len(years) != 2 or years[0] > years[1]):
        raise UncountedError(
            f"years = {list(years)} should be the first and the last year of evidence.",
            "years",
        )


def _check_joint(card: Card) -> None:
    """Refuse partners of a joint model that cannot be."""
    if card.joint is None:
        return
    cards = card.joint.cards
    twice = len(set(cards)) < len(cards)
    if not cards or card.name in cards or twice:
        raise UncountedError(
            f"[joint] cards = {list(cards)} should name the other cards that"
            f" '{card.name}' is sampled with, each once.",
            "cards",
        )
    if not card.joint.lkj > 0:
        raise UncountedError(
            f"lkj = {card.joint.lkj:g} under [joint] should be above 0: 1 holds all"
            " correlations equally likely.",
            "lkj",
        )


def _check_share(card: Card) -> None:
    """Refuse an outcome that is a share of itself."""
    if card.of == card.outcome and card.of:
        raise UncountedError(
            f"of = '{card.of}' is the card's own outcome. Name another, or leave it"
            " out.",
            "of",
        )


def _check_outcome(card: Card) -> None:
    """Refuse priors and counts that do not go with the link or forms."""
    if card.link == "identity":
        _check_identity(card)
    if card.forms or card.likelihood == "multinomial":
        _check_forms(card)


def _check_identity(card: Card) -> None:
    if card.likelihood != "fay_herriot":
        raise UncountedError(
            'link = "identity" puts effects on the scale of published estimates, and'
            f' likelihood = "{card.likelihood}" needs log odds. Write likelihood ='
            ' "fay_herriot".',
            "link",
        )
    for key in _on_logits(card):
        raise UncountedError(
            f'{key} works on log odds, which link = "identity" has not. Leave one out.',
            key,
        )


def _check_forms(card: Card) -> None:
    if card.likelihood != "multinomial" or len(card.forms) < 2:
        raise UncountedError(
            'exclusive forms, two or more, go with likelihood = "multinomial"; here'
            f' are forms = {list(card.forms)} and likelihood = "{card.likelihood}".',
            "forms" if card.forms else "likelihood",
        )
    for form in card.forms:
        check_trait(form, f"The card '{card.name}', under forms,")
    for key in (*_on_logits(card), *filter(of_sources, card.interactions)):
        word = "interactions" if of_sources(key) else key
        raise UncountedError(
            f"{key} is not known of exclusive forms yet. Leave it out, or the forms.",
            word,
        )


def _on_logits(card: Card) -> Iterator[str]:
    """Yield the card's priors of terms that work on log odds alone."""
    for term in TERMS:
        if term.on_logits:
            for choice in (*term.needs(card), term.optional):
                yield from (key for key in choice if key in card.priors)


def _check_priors(card: Card) -> None:
    needed = needs(card)
    for key in card.priors:
        if key not in needed:
            raise UncountedError(
                f"[priors] has '{key}', which this card's model has"
                f" not.{did_you_mean(key, needed)}",
                key,
            )
    for key, choice in needed.items():
        if not set(choice) & set(card.priors):
            raise UncountedError(
                f"[priors] lacks '{key}': {NEEDED_BY.get(key, 'the model')} needs it.",
                "priors",
            )
    for key, prior in card.priors.items():
        prior.fits(key)
