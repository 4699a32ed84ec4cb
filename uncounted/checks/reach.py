"""Reach: countries whose covariates lie beyond those of surveyed countries, where
slopes are extrapolated.
"""

import numpy as np

from uncounted.checks.finding import Finding, listed
from uncounted.checks.row_groups import surveyed_countries
from uncounted.infer.fit import Fit
from uncounted.model.covariate_effects import indicators

NAME = "covariates beyond those of surveyed countries"
ALLOWED = 1.0  # sd of the surveyed countries' values


def reach(fit: Fit) -> list[Finding]:
    """Say how far unsurveyed countries' covariates lie outside the range of surveyed
    ones, in their sd.

    A covariate is taken as the model takes it, after the card's transforms. A warning
    names the countries that lie more than one sd beyond: nobody has seen what a slope
    does there, and with it log odds go as far as the covariate does. Nothing is
    returned for a card without covariates, or with fewer than three surveyed countries.
    """
    if not fit.card.covariates:
        return []
    x = indicators(fit.card, fit.world)
    surveyed = x.index.isin(surveyed_countries(fit.evidence.rows))
    inside = x[surveyed]
    if len(inside) < 3:
        return []
    sd = inside.std(ddof=0).replace(0.0, np.nan)
    unsurveyed = x[~surveyed]
    below = (inside.min() - unsurveyed) / sd
    above = (unsurveyed - inside.max()) / sd
    distance = np.maximum(below.to_numpy(), above.to_numpy())
    largest = float(np.nanmax([0.0, *distance.ravel()]))
    rows, columns = np.nonzero(distance > ALLOWED)
    order = (-distance[rows, columns]).argsort(kind="stable")
    names = fit.world.places["name"]
    examples = []
    for row, column in zip(rows[order], columns[order], strict=True):
        country = names[unsurveyed.index[row]]
        covariate = fit.card.covariates[column].replace("_", " ")
        examples.append(f"{country}, {covariate}, {distance[row, column]:.1f} sd")
    sentence = (
        f"{len(np.unique(rows))} unsurveyed countries lie more than {ALLOWED:g} sd"
        f" beyond all surveyed ones in a covariate{listed(examples)}."
    )
    if not examples:
        return [Finding(NAME, "pass", largest, ALLOWED, sentence)]
    sentence += (
        " Slopes are extrapolated there. Take the logarithm of such a covariate"
        " (transforms), or leave it out."
    )
    return [Finding(NAME, "warn", largest, ALLOWED, sentence)]
