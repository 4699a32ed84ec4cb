"""Vocabulary: the words that a card may use, and the priors and products that its model
has.
"""

from itertools import combinations, product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uncounted.model.card import Card

PEOPLE = ("sex", "age")
PLACE = ("region", "subregion", "country")
SOURCE = "source"
# fixed, learned, horseshoe, R2D2: one of them
SLOPES = ("beta", "sigma_beta", "tau_beta", "r2")
LIKELIHOODS = (
    "binomial",
    "beta_binomial",
    "logit_normal",
    "fay_herriot",
    "multinomial",
)
LINKS = ("logit", "identity")
# priors of what works on log odds
ON_LOGITS = (
    "trend",
    "bias",
    "crosswalk",
    "kappa",
    "duration",
    "sensitivity",
    "specificity",
    "sigma_row",
)
NEIGHBOURS = ("", "borders", "covariates")
OPTIONAL = (
    "sigma_survey",
    "sigma_row",
    "spread_age",
    "series_share",
    "bias",
    "crosswalk",
    "kappa",
    "duration",
    "sensitivity",
    "specificity",
    "unknown_n",
)
SMOOTH = ("sigma_smooth_region", "sigma_smooth_country")
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


def needs(card: "Card") -> dict[str, tuple[str, ...]]:
    """Return the priors that the card's model has, each with the keys of which one must
    be given.
    """
    needed: dict[str, tuple[str, ...]] = {"level": ("level",)}
    factors = [factor for factor in card.people if factor != "sex"]
    for name in (*card.place, *factors, *card.interactions):
        key = "sigma_" + name.replace(":", "_")
        needed[key] = (key,)
    if "sex" in card.people:
        needed["female"] = ("female",)
    if card.covariates:
        needed |= dict.fromkeys(SLOPES, SLOPES)
        if "tau_beta" in card.priors:
            needed["slab_beta"] = ("slab_beta",)
    if card.likelihood == "beta_binomial":
        needed["deff_excess"] = ("deff_excess",)
    if card.spread:
        needed["spread"] = ("spread",)
    if card.neighbours:
        needed["rho"] = ("rho",)
    needed |= _trend_needs(card)
    needed |= {key: (key,) for key in OPTIONAL if key in card.priors}
    return needed


def _trend_needs(card: "Card") -> dict[str, tuple[str, ...]]:
    """Return the priors that the trend of the card's model has, as `needs` does."""
    needed: dict[str, tuple[str, ...]] = {}
    if "trend" in card.priors or "sigma_trend_region" in card.priors:
        needed |= {key: (key,) for key in ("trend", "sigma_trend_country")}
        if "region" in card.place:
            needed["sigma_trend_region"] = ("sigma_trend_region",)
    if set(SMOOTH) & set(card.priors):
        needed |= {key: (key,) for key in ("trend", "sigma_trend_country", *SMOOTH)}
    return needed
