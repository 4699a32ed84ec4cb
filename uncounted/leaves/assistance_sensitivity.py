"""Selection: how much of an estimate hangs on what is believed of whom services
meet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from operator import add

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.infer.totals import ALL, affected
from uncounted.leaves.estimate import Estimate, plain
from uncounted.leaves.estimate_card import TOTAL, EstimateCard
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
    sums, known, rows = (
        _by_region(estimate, name),
        true_odds(estimate.card, estimate.parts),
        [],
    )
    for sd in world_sds:
        odds = true_odds(with_world_sd(estimate.card, sd), estimate.parts)
        changed = [
            of * _factor(leaf, estimate.card, odds, known) for leaf, of in sums.items()
        ]
        draws = reduce(add, (one.sum(["region", "sex"]) for one in changed)).to_numpy()
        low, middle, high = np.quantile(
            draws, [(1 - interval) / 2, 0.5, (1 + interval) / 2]
        )
        rows.append((sd, middle, draws.mean(), low, high, interval))
    return pd.DataFrame(
        rows, columns=["world_sd", "median", "mean", "lower", "upper", "interval"]
    )


def _by_region(estimate: Estimate, name: str) -> dict[str, xr.DataArray]:
    """Return persons (chain, draw, region, sex) of the leaves of a sum, by leaf, draws
    paired as those of the odds.
    """
    group, made = (
        groups(estimate.world, "region"),
        leaves(estimate.card, estimate.world, estimate.parts),
    )
    found = {}
    for leaf in estimate.members(name):
        persons = plain(made[leaf].persons)
        one = xr.ones_like(persons.isel(chain=0, draw=0, drop=True), dtype=float)
        found[leaf] = (
            affected(persons, one, group)
            .sel(age=ALL, sex=list(SEXES))
            .rename(group="region")
        )
    return found


def _factor(
    leaf: str,
    card: EstimateCard,
    odds: Mapping[str, xr.DataArray],
    known: Mapping[str, xr.DataArray],
) -> xr.DataArray | float:
    """Return what a leaf is multiplied by when odds are others than those known, and so
    those of the leaf it is of.
    """
    ratio = card[leaf].ratio
    return (
        odds[leaf] / known[leaf] * _factor(ratio.of, card, odds, known)
        if ratio
        else 1.0
    )


def with_world_sd(card: EstimateCard, sd: float) -> EstimateCard:
    """Return a card whose ratios all have one world sd of selection."""
    changed = [
        (
            replace(
                one,
                ratio=replace(
                    one.ratio,
                    selection=replace(one.ratio.selection, world_sd=float(sd)),
                ),
            )
            if one.ratio
            else one
        )
        for one in card.leaf
    ]
    return replace(card, leaf=tuple(changed))
