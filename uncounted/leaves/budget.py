"""Budget of a fit or an estimate: how much of a headline number's variance each thing
that isn't known accounts for.
"""

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.checks.variance_shares import (
    first_order,
    side_by_side,
    unknown,
    world_total,
)
from uncounted.infer.fit import Fit
from uncounted.infer.totals import affected_in_all
from uncounted.leaves.estimate import Estimate
from uncounted.leaves.estimate_card import TOTAL
from uncounted.leaves.leaf import true_odds
from uncounted.world.world import groups


def variance_budget(of: Fit | Estimate, name: str = TOTAL) -> pd.DataFrame:
    """Return what each thing that isn't known accounts for in the variance of the
    world's persons: `first_order`.

    Of a fit: sampling, non-sampling, between countries, shared by countries
    (`unknown`). Of an estimate, whose name is the total's, a sum's or a leaf's: the
    same of its leaves' models together, then durations, the ratios of records,
    selection of records and outside figures, which are independent of the surveys' and
    of each other by construction.
    """
    if isinstance(of, Fit):
        return first_order(world_total(of), unknown(of))
    persons = of.persons(name)
    ones = xr.ones_like(persons.isel(chain=0, draw=0, drop=True), dtype=float)
    total = affected_in_all(persons, ones, groups(of.world, "world")).isel(
        group=0, drop=True
    )
    return first_order(total, components_of(of, name))


def components_of(estimate: Estimate, name: str = TOTAL) -> dict[str, xr.DataArray]:
    """Return what isn't known of an estimate's number, each (chain, draw, …)."""
    members = _behind(estimate, name)
    leaves = [one for one in estimate.card.leaf if one.name in members]
    surveys = [
        unknown(source)
        for source in _sources(estimate, {one.model for one in leaves if one.model})
    ]
    found = {
        word: side_by_side([one[word] for one in surveys if word in one])
        for one in surveys
        for word in one
    }
    parts, of_ratios = estimate.parts, [one.name for one in leaves if one.ratio]
    durations = [
        given[one]
        for given in (parts.duration, parts.relative_duration)
        for one in given
        if one in members
    ]
    if durations:
        found["durations"] = side_by_side(durations)
    if of_ratios and parts.log_odds is not None:
        odds = [parts.log_odds.sel(ratio=one, drop=True) for one in of_ratios]
        true = true_odds(estimate.card, parts)
        found["ratios of records"] = side_by_side(odds)
        log_true = [
            true[one].copy(data=np.log(true[one].to_numpy())) for one in of_ratios
        ]
        found["selection of records"] = side_by_side(
            [one - known for one, known in zip(log_true, odds, strict=True)]
        )
    figures = [
        one.sum(["country", "sex", "age"], dtype=float)
        for leaf, one in parts.figures.items()
        if leaf in members
    ]
    return found | ({"outside figures": side_by_side(figures)} if figures else {})


def _behind(estimate: Estimate, name: str) -> set[str]:
    """Return the leaves that a number is of, and those that they are ratios of."""
    found, left = set(), list(estimate.members(name))
    of = {one.name: one.ratio.of for one in estimate.card.leaf if one.ratio}
    while left:
        leaf = left.pop()
        found.add(leaf)
        left += [of[leaf]] if leaf in of else []
    return found


def _sources(estimate: Estimate, models: set[str]) -> list[Fit | dict[str, Fit]]:
    """Return the fits of some models: those sampled jointly together, each other one
    alone.
    """
    fits = estimate.parts.fits
    together = {
        fit.card.outcome: fit
        for fit in fits.values()
        if "country_score" in fit.posterior
    }
    alone: list[Fit | dict[str, Fit]] = [
        fit
        for name, fit in fits.items()
        if name in models and "country_score" not in fit.posterior
    ]
    return (
        [together]
        if any("country_score" in fits[name].posterior for name in models)
        else []
    ) + alone
