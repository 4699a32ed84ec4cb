"""Selection: how much of an estimate hangs on what is believed of whom services meet."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from uncounted.leaves.card import TOTAL, EstimateCard
from uncounted.leaves.estimate import Estimate
from uncounted.leaves.leaf import leaves
from uncounted.leaves.rates import affected

WORLD_SDS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5)


def by_selection(
    estimate: Estimate, world_sds: Sequence[float] = WORLD_SDS, name: str = TOTAL, interval: float = 0.95
) -> pd.DataFrame:
    """Return median, mean and interval of the world's persons as the world sd of every ratio's selection δ runs.

    The same standard normal scores serve every sd, and nothing is fitted again: only what the analyst believes changes.
    The mean rises by exp(sd²/2) of each ratio's leaf, the median hardly. Columns world_sd, median, mean, lower, upper.
    """
    rows = []
    for sd in world_sds:
        card = with_world_sd(estimate.card, sd)
        changed = replace(estimate, card=card, leaves=leaves(card, estimate.world, estimate.parts))
        draws = affected(changed, "world", name)["World"].to_numpy()
        low, middle, high = np.quantile(draws, [(1 - interval) / 2, 0.5, (1 + interval) / 2])
        rows.append((sd, middle, draws.mean(), low, high, interval))
    return pd.DataFrame(rows, columns=["world_sd", "median", "mean", "lower", "upper", "interval"])


def with_world_sd(card: EstimateCard, sd: float) -> EstimateCard:
    """Return a card whose ratios all have one world sd of selection."""
    changed = [
        replace(one, ratio=replace(one.ratio, selection=replace(one.ratio.selection, world_sd=float(sd))))
        if one.ratio
        else one
        for one in card.leaf
    ]
    return replace(card, leaf=tuple(changed))
