"""Budget: how much of the variance of a fit's or an estimate's number each unknown
component accounts for.
"""

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.checks.variance_shares import (
    first_order,
    side_by_side,
    unknown,
)
from uncounted.infer.fit import TOTAL, Fit
from uncounted.infer.joint_fit import sources
from uncounted.infer.totals import affected_in_all
from uncounted.leaves.estimate import Estimate
from uncounted.leaves.leaf import true_odds
from uncounted.world.world import groups


def variance_budget(
    source: Fit | Estimate,
    name: str = TOTAL,
) -> pd.DataFrame:
    """Return what each unknown component accounts for in the variance of the world's
    persons: `first_order`.

    Of a fit: sampling, non-sampling, between countries, shared by countries
    (`unknown`). Of an estimate, whose name is the total's, a sum's or a leaf's: the
    same of its leaves' models together, then durations, the ratios of records,
    selection of records and outside figures, which are independent of the surveys' and
    of each other by construction.
    """
    totals = affected_in_all(*source.cells(name), groups(source.world, "world"))
    total = totals.isel(group=0, drop=True)
    if isinstance(source, Fit):
        return first_order(total, unknown(source))
    return first_order(total, components_of(source, name))


def components_of(
    estimate: Estimate,
    name: str = TOTAL,
) -> dict[str, xr.DataArray]:
    """Return the unknown components of an estimate's number, each (chain, draw, …)."""
    parts = estimate.parts
    members = _members(estimate, name)
    leaves = [leaf for leaf in estimate.card.leaf if leaf.name in members]
    components = _of_surveys(estimate, {leaf.model for leaf in leaves if leaf.model})
    durations = []
    for by_leaf in (parts.duration, parts.relative_duration):
        durations += [by_leaf[leaf] for leaf in by_leaf if leaf in members]
    if durations:
        components["durations"] = side_by_side(durations)
    ratios = [leaf.name for leaf in leaves if leaf.ratio]
    if ratios and parts.log_odds is not None:
        components |= _of_ratios(estimate, ratios, parts.log_odds)
    figures = []
    for leaf, persons in parts.figures.items():
        if leaf in members:
            figures.append(persons.sum(["country", "sex", "age"], dtype=float))
    if figures:
        components["outside figures"] = side_by_side(figures)
    return components


def _of_surveys(
    estimate: Estimate,
    models: set[str],
) -> dict[str, xr.DataArray]:
    """Return the unknown components of some models, of all of them together."""
    by_word: dict[str, list[xr.DataArray]] = {}
    for source in _sources(estimate, models):
        for word, component in unknown(source).items():
            by_word.setdefault(word, []).append(component)
    return {word: side_by_side(values) for word, values in by_word.items()}


def _of_ratios(
    estimate: Estimate,
    ratios: list[str],
    log_odds: xr.DataArray,
) -> dict[str, xr.DataArray]:
    """Return the log odds among records of some leaves, and what selection adds to
    them.
    """
    odds_of_all = true_odds(estimate.card, estimate.parts)
    recorded = []
    selection = []
    for leaf in ratios:
        log_recorded = log_odds.sel(ratio=leaf, drop=True)
        odds = odds_of_all[leaf]
        log_true = odds.copy(data=np.log(odds.to_numpy()))
        recorded.append(log_recorded)
        selection.append(log_true - log_recorded)
    return {
        "ratios of records": side_by_side(recorded),
        "selection of records": side_by_side(selection),
    }


def _members(
    estimate: Estimate,
    name: str,
) -> set[str]:
    """Return the leaves that a number is of, and those that they are ratios of."""
    bases = {leaf.name: leaf.ratio.of for leaf in estimate.card.leaf if leaf.ratio}
    members = set()
    for leaf in estimate.members(name):
        members.add(leaf)
        while leaf in bases:
            leaf = bases[leaf]
            members.add(leaf)
    return members


def _sources(
    estimate: Estimate,
    models: set[str],
) -> list[Fit | dict[str, Fit]]:
    """Return the fits of some models, those sampled together with one of them too."""
    fits = estimate.parts.fits
    outcomes = {fits[model].card.outcome for model in models}
    chosen = []
    for name, source in sources(fits).items():
        needed = name in models if isinstance(source, Fit) else outcomes & set(source)
        if needed:
            chosen.append(source)
    return chosen
