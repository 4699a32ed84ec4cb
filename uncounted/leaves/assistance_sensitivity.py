"""Assistance sensitivity: how much of an estimate depends on how victims are selected
into assistance.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from operator import add

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.checks.scores import interval_ends
from uncounted.infer.fit import TOTAL
from uncounted.infer.totals import ALL, affected
from uncounted.leaves.estimate import Estimate, plain, unit_weights
from uncounted.leaves.estimate_card import EstimateCard
from uncounted.leaves.leaf import leaves, true_odds
from uncounted.model.people import SEXES
from uncounted.world.world import groups

WORLD_SDS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5)


def by_selection(
    estimate: Estimate,
    world_sds: Sequence[float] = WORLD_SDS,
    name: str = TOTAL,
    interval: float = 0.95,
) -> pd.DataFrame:
    """Return median, mean and interval of the world's persons as the world sd of every
    ratio's selection δ runs.

    The same standard normal scores serve every sd, and nothing is fitted again: only
    what the analyst believes changes. The mean rises by exp(sd²/2) of each ratio's
    leaf, the median hardly. Columns world_sd, median, mean, lower, upper.
    """
    persons = _by_region(estimate, name)
    fitted_odds = true_odds(estimate.card, estimate.parts)
    ends = interval_ends(interval)
    rows = []
    for sd in world_sds:
        odds = true_odds(with_world_sd(estimate.card, sd), estimate.parts)
        totals = []
        for leaf, by_region in persons.items():
            factor = _factor(leaf, estimate.card, odds, fitted_odds)
            totals.append((by_region * factor).sum(["region", "sex"]))
        draws = reduce(add, totals).to_numpy()
        low, middle, high = np.quantile(draws, ends)
        rows.append((sd, middle, draws.mean(), low, high, interval))
    columns = ["world_sd", "median", "mean", "lower", "upper", "interval"]
    return pd.DataFrame(rows, columns=columns)


def _by_region(
    estimate: Estimate,
    name: str,
) -> dict[str, xr.DataArray]:
    """Return persons (chain, draw, region, sex) of the leaves of a sum, by leaf, draws
    paired as those of the odds.
    """
    region = groups(estimate.world, "region")
    summed = leaves(estimate.card, estimate.world, estimate.parts)
    by_region = {}
    for leaf in estimate.members(name):
        persons = plain(summed[leaf].persons)
        weights = unit_weights(persons)
        totals = affected(persons, weights, region)
        totals = totals.sel(age=ALL, sex=list(SEXES))
        by_region[leaf] = totals.rename(group="region")
    return by_region


def _factor(
    leaf: str,
    card: EstimateCard,
    odds: Mapping[str, xr.DataArray],
    fitted_odds: Mapping[str, xr.DataArray],
) -> xr.DataArray | float:
    """Return what a leaf is multiplied by under other odds than the fitted ones, with
    the factor of the leaf that it is a ratio of.
    """
    ratio = card[leaf].ratio
    if not ratio:
        return 1.0
    base = _factor(ratio.of, card, odds, fitted_odds)
    return odds[leaf] / fitted_odds[leaf] * base


def with_world_sd(card: EstimateCard, sd: float) -> EstimateCard:
    """Return a card whose ratios all have one world sd of selection."""
    changed = []
    for leaf in card.leaf:
        if leaf.ratio:
            selection = replace(leaf.ratio.selection, world_sd=float(sd))
            leaf = replace(leaf, ratio=replace(leaf.ratio, selection=selection))
        changed.append(leaf)
    return replace(card, leaf=tuple(changed))
