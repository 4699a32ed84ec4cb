"""Terms: the terms of the model, in the order of its equation."""

from uncounted.model import (
    covariate_effects,
    instruments,
    likelihood,
    misreporting,
    neighbours,
    part_shown,
    people,
    place,
    reference_shift,
    row_error,
    spread,
    survey_error,
    trend,
)
from uncounted.model.card import Card
from uncounted.model.term import Choice

# of the prevalence of cells
CELL_TERMS = (
    people.TERM,
    place.TERM,
    neighbours.TERM,
    spread.TERM,
    covariate_effects.TERM,
    trend.TERM,
)
# of what rows of evidence show, from what they cover to their counts
ROW_TERMS = (
    instruments.TERM,
    reference_shift.TERM,
    part_shown.TERM,
    survey_error.TERM,
    misreporting.TERM,
    row_error.TERM,
    likelihood.TERM,
)
TERMS = (*CELL_TERMS, *ROW_TERMS)
BY_EVIDENCE = (*ROW_TERMS, *CELL_TERMS)  # each after those that inform it
OPTIONAL = tuple(key for term in TERMS for key in term.optional)


def needs(card: Card) -> dict[str, Choice]:
    """Return the priors that the card's model has, each with the keys of which one must
    be given.
    """
    needed: dict[str, Choice] = {}
    for term in TERMS:
        optional = [(key,) for key in term.optional if key in card.priors]
        for choice in (*term.needs(card), *optional):
            needed |= dict.fromkeys(choice, choice)
    return needed
