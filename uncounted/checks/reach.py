"""Reach: countries whose covariates lie beyond those of surveyed countries, where
slopes are carried on unseen.
"""

import numpy as np

from uncounted.checks.finding import Finding, listed
from uncounted.evidence.evidence import ELSEWHERE
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
    rows = fit.evidence.rows
    surveyed = x.index.isin(rows.loc[rows["source"] != ELSEWHERE, "country"])
    inside = x[surveyed]
    if len(inside) < 3:
        return []
    sd = inside.std(ddof=0).replace(0.0, np.nan)
    others = x[~surveyed]
    below, above = (inside.min() - others) / sd, (others - inside.max()) / sd
    values = np.maximum(below.to_numpy(), above.to_numpy())
    largest = float(np.nanmax([0.0, *values.ravel()]))
    names, columns = (
        fit.world.places["name"],
        [name.replace("_", " ") for name in fit.card.covariates],
    )
    far = sorted(
        map(tuple, np.argwhere(values > ALLOWED)), key=lambda place: -values[place]
    )
    examples = [
        f"{names[others.index[row]]}, {columns[column]}, {values[row, column]:.1f} sd"
        for row, column in far
    ]
    countries = len({row for row, _ in far})
    told = (
        f"{countries} unsurveyed countries lie more than {ALLOWED:g} sd beyond all"
        " surveyed ones in a covariate"
    )
    advice = (
        " Slopes are extrapolated there. Take the logarithm of such a covariate"
        " (transforms), or leave it out."
    )
    told += listed(examples) + "." + advice * bool(far)
    return [Finding(NAME, "warn" if far else "pass", largest, ALLOWED, told)]
