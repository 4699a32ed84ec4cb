"""Vocabulary: the words that a card may use, and the products that it may name."""

from itertools import combinations, product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uncounted.model.card import Card

PEOPLE = ("sex", "age")
PLACE = ("region", "subregion", "country")
SOURCE = "source"
LINKS = ("logit", "identity")
NEIGHBOURS = ("", "borders", "covariates")
LISTS = (
    "evidence",
    "people",
    "ages",
    "place",
    "interactions",
    "covariates",
    "spread",
    "years",
    "exchangeable",
    "forms",
)


def interactions(card: "Card") -> tuple[str, ...]:
    """Return the products that a card may name, "age:migrant", "country:age",
    "source:sex" … of persons' factors.
    """
    persons = (*PEOPLE, *card.traits)
    pairs = [*combinations(persons, 2)]
    pairs += product(("region", "country", SOURCE), persons)
    return tuple(":".join(pair) for pair in pairs)


def of_countries(factor: str) -> bool:
    """Whether a product is of countries and a factor of persons: what differs from
    country to country.
    """
    return factor.startswith("country:")


def of_sources(factor: str) -> bool:
    """Whether a product is of kinds of source and a factor of persons: what differs
    between instruments.
    """
    return factor.startswith(f"{SOURCE}:")


def sigma_of(factor: str) -> str:
    """Return the prior of the size of a factor's or a product's effects."""
    return "sigma_" + factor.replace(":", "_")
