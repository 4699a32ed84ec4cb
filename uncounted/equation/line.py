"""Line: one formula of a model, what it says in words, and the priors of what it
brings.
"""

from dataclasses import dataclass

from uncounted.equation.formula import number
from uncounted.equation.mathml import mathml
from uncounted.model.card import Card
from uncounted.model.priors import Prior

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
EACH = {  # what there is one of for each kind of source, definition or host
    "sigma_survey": "kind",
    "sensitivity": "kind",
    "specificity": "kind",
    "bias": "source",
    "crosswalk": "definition",
    "kappa": "host",
    "series_share": "kind",
    "spread_age": "a",
}


@dataclass(frozen=True)
class Line:
    """A formula in the notation of `formula`, its sentence, and the priors that it
    brings: (key, formula).
    """

    formula: str
    sentence: str
    brings: tuple[tuple[str, str], ...] = ()

    @property
    def math(self) -> str:
        """The formula as MathML."""
        return mathml(self.formula)

    @property
    def priors(self) -> tuple[tuple[str, str], ...]:
        """The priors: key on the card, MathML."""
        return tuple(
            (key, mathml(formula, block=False)) for key, formula in self.brings
        )


def brings(card: Card, *keys: str) -> tuple[tuple[str, str], ...]:
    """Return the priors of some of a card's keys as a line brings them."""
    index = {key: f"[{EACH[key]}]" if key in EACH else "" for key in keys}
    return tuple(
        (key, f"{key}{index[key]} ~ {distribution(card.priors[key])}") for key in keys
    )


def index_of(card: Card, factor: str) -> str:
    """Return the letter that indexes a factor's levels, of a product both: "r,s"."""
    traits = {
        trait: LETTERS[i] if i < len(LETTERS) else f"g{i}"
        for i, trait in enumerate(card.traits)
    }
    return ",".join((INDEX | traits)[one] for one in factor.split(":"))


def effect_of(card: Card, factor: str) -> str:
    """Return how formulas write the effect of a factor or product: "age[a]", "(sex ×
    age)[s,a]".
    """
    name = f"({factor.replace(':', ' × ')})" if ":" in factor else factor
    return f"{name}[{index_of(card, factor)}]"


def scale(card: Card) -> str:
    """Return what begins a formula on the scale of the card's link: "logit " or
    nothing.
    """
    return "" if card.link == "identity" else "logit "


def cell(card: Card) -> str:
    """Return the indices of a cell: "c,s,a", and a letter for each further trait."""
    return index_of(card, ":".join(("country", "sex", "age", *card.traits)))


def distribution(prior: Prior) -> str:
    """Write a prior as a distribution: "Normal(0, 0.5)"; of a LogNormal the first
    number is the log of the median.
    """
    numbers = [number(n) for n in prior.numbers]
    if prior.family == "log_normal":
        numbers[0] = f"log {numbers[0]}"
    return f"{FAMILY[prior.family]}({', '.join(numbers)})"
