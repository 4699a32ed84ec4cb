"""Years: prevalence in other years than the reference year, by the trend of the fit."""

import numpy as np
import xarray as xr

from uncounted.errors import UncountedError
from uncounted.infer.fit import Fit
from uncounted.model.trend import has_trend, is_smooth, terms, years_of


def in_year(
    fit: Fit,
    year: int,
) -> xr.DataArray:
    """Return prevalence in a year (chain, draw, country, …), float32: logit⁻¹(logit p +
    course·terms(year)).

    Raises UncountedError for a card without a trend, or a year outside the calendar of
    a trend that bends.
    """
    _check_year(fit, year)
    if year == fit.card.year:
        return fit.p
    weights = terms(fit.card, np.array(year))
    course = fit.posterior["course"].transpose("chain", "draw", "country", "term")
    change = course.to_numpy() @ weights
    # The change is the same in all cells of a country.
    of_cells = change[(..., *[None] * (fit.p.ndim - 3))]
    p = np.clip(
        fit.p.to_numpy(),
        1e-9,
        1 - 1e-7,
    )
    odds = p / (1 - p) * np.exp(of_cells.astype(np.float32))
    return fit.p.copy(data=odds / (1 + odds))


def _check_year(fit: Fit, year: int) -> None:
    if not has_trend(fit.card):
        raise UncountedError(
            f"The card '{fit.card.name}' has no trend: its estimates speak of"
            f" {fit.card.year} alone. Name `trend` and `sigma_trend_country` under"
            " [priors]."
        )
    calendar = years_of(fit.card)
    if is_smooth(fit.card) and not calendar[0] <= year <= calendar[-1]:
        raise UncountedError(
            f"{year} is outside the years of the card '{fit.card.name}', {calendar[0]}"
            f" to {calendar[-1]}, over which its trend bends. Widen `years`."
        )
