"""Terms: the terms of the model, in the order of its equation."""

from uncounted.model import (
    covariate_effects,
    instruments,
    likelihood,
    misreporting,
    part_shown,
    people,
    place,
    reference_shift,
    row_error,
    spread,
    survey_error,
    trend,
)

# of the prevalence of cells
CELL_TERMS = (
    people.TERM,
    place.TERM,
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
