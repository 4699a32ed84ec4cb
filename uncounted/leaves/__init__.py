"""Components of an estimate (survey, ratio, outside figure), summed by draw."""
