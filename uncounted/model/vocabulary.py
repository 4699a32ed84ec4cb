"""Vocabulary: what the words of a card may take, and which priors and products its
model has.
"""

from itertools import combinations, product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uncounted.model.card import Card

PEOPLE = ("sex", "age")
PLACE = ("region", "subregion", "country")
SOURCE = "source"
SLOPES = (
    "beta",
    "sigma_beta",
    "tau_beta",
    "r2",
)  # fixed, learned, horseshoe, R2D2: one of them
LIKELIHOODS = (
    "binomial",
    "beta_binomial",
    "logit_normal",
    "fay_herriot",
    "multinomial",
)
LINKS = ("logit", "identity")
ON_LOGITS = (
    "trend",
    "bias",
    "crosswalk",
    "kappa",
    "duration",
    "sensitivity",
    "specificity",
    "sigma_row",
)  # priors
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
SHOW = {"per 1,000": 1000.0, "percent": 100.0}
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
    pairs = [
        *combinations(persons, 2),
        *product(("region", "country", SOURCE), persons),
    ]
    return tuple(f"{one}:{other}" for one, other in pairs)


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
    scales = [*card.place, *(f for f in card.people if f != "sex"), *card.interactions]
    needed |= {(key := "sigma_" + one.replace(":", "_")): (key,) for one in scales}
    if "sex" in card.people:
        needed["female"] = ("female",)
    if card.covariates:
        needed |= dict.fromkeys(SLOPES, SLOPES)
        needed |= {"slab_beta": ("slab_beta",)} if "tau_beta" in card.priors else {}
    if card.likelihood == "beta_binomial":
        needed["deff_excess"] = ("deff_excess",)
    if card.spread:
        needed["spread"] = ("spread",)
    if card.neighbours:
        needed["rho"] = ("rho",)
    if "trend" in card.priors or "sigma_trend_region" in card.priors:
        needed |= {key: (key,) for key in ("trend", "sigma_trend_country")}
        needed |= (
            {"sigma_trend_region": ("sigma_trend_region",)}
            if "region" in card.place
            else {}
        )
    if {"sigma_smooth_region", "sigma_smooth_country"} & set(card.priors):
        needed |= {key: (key,) for key in ("trend", "sigma_trend_country", *SMOOTH)}
    needed |= {key: (key,) for key in OPTIONAL if key in card.priors}
    return needed
