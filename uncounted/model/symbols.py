"""Symbols: how formulas write a card's effects, indices and priors."""

from typing import TYPE_CHECKING

from uncounted.model.priors import Prior
from uncounted.notation.formula import number

if TYPE_CHECKING:
    from uncounted.model.card import Card

FAMILY = {
    "normal": "Normal",
    "half_normal": "HalfNormal",
    "exponential": "Exponential",
    "half_student_t": "HalfStudentT",
    "beta": "Beta",
    "log_normal": "LogNormal",
    "pc": "PC",
}
INDEX = {
    "region": "r",
    "subregion": "d",
    "country": "c",
    "sex": "s",
    "age": "a",
    "source": "k",
}
LETTERS = "ghov"  # of the levels of further traits, in the card's order
# the index of parameters that differ by kind of source, definition, host or age
EACH = {
    "sigma_survey": "kind",
    "sensitivity": "kind",
    "specificity": "kind",
    "bias": "source",
    "crosswalk": "definition",
    "kappa": "host",
    "series_share": "kind",
    "spread_age": "a",
}


def brings(card: "Card", *keys: str) -> tuple[tuple[str, str], ...]:
    """Return the priors of some of a card's keys as a line brings them."""
    priors = []
    for key in keys:
        index = f"[{EACH[key]}]" if key in EACH else ""
        formula = f"{key}{index} ~ {distribution(card.priors[key])}"
        priors.append((key, formula))
    return tuple(priors)


def index_of(card: "Card", factor: str) -> str:
    """Return the letter that indexes a factor's levels, of a product both: "r,s"."""
    letters = dict(INDEX)
    for i, trait in enumerate(card.traits):
        letters[trait] = LETTERS[i] if i < len(LETTERS) else f"g{i}"
    return ",".join(letters[dim] for dim in factor.split(":"))


def effect_of(card: "Card", factor: str) -> str:
    """Return how formulas write the effect of a factor or product: "age[a]", "(sex ×
    age)[s,a]".
    """
    name = f"({factor.replace(':', ' × ')})" if ":" in factor else factor
    return f"{name}[{index_of(card, factor)}]"


def scale(card: "Card") -> str:
    """Return the beginning of a formula on the scale of the card's link: "logit " or
    nothing.
    """
    return "" if card.link == "identity" else "logit "


def cell(card: "Card") -> str:
    """Return the indices of a cell: "c,s,a", and a letter for each further trait."""
    return index_of(card, ":".join(("country", "sex", "age", *card.traits)))


def distribution(prior: Prior) -> str:
    """Write a prior as a distribution: "Normal(0, 0.5)"; of a LogNormal the first
    number is the log of the median.
    """
    numbers = list(map(number, prior.numbers))
    if prior.family == "log_normal":
        numbers[0] = f"log {numbers[0]}"
    return f"{FAMILY[prior.family]}({', '.join(numbers)})"


def words_of(key: str) -> str:
    """Return a name on the card as words."""
    return key.replace(":", " × ").replace("_", " ")


def mean_and_size(card: "Card", level: str) -> tuple[str, str]:
    """Return how formulas write the mean and the standard deviation of a level of
    places.
    """
    position = card.place.index(level)
    mean = "level"
    if position:
        above = card.place[position - 1]
        mean = f"{above}[{INDEX[above]}({INDEX[level]})]"
    if level != "country":
        return mean, f"sigma_{level}"
    if card.covariates:
        mean += " + index[c] · beta" if card.index else " + x[c] · beta"
    return mean, "σ[c]" if card.spread else "sigma_country"
