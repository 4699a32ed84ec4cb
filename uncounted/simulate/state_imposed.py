"""State-imposed: outside figures of forced labour imposed by states, and true numbers
drawn from the judged distributions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from uncounted.glance import outline
from uncounted.leaves.outside_figures import drawn_figures, read_outside_figures
from uncounted.world.world import World, persons

PROVENANCE = {
    "source": "simulated: no place was judged",
    "date": "2016-12-31",
    "judged_by": "nobody",
    "basis": "drawn at random; see data/truth/generating-records.toml",
}


@dataclass(frozen=True, eq=False)
class Judged:
    """A table that `read_outside_figures` reads, and the persons of every place, drawn
    from its own distribution.
    """

    table: pd.DataFrame
    truth: pd.Series

    __repr__ = outline


def state_imposed(
    seed: int,
    world: World,
    generating: Mapping[str, Any],
) -> Judged:
    """Simulate judged figures of some countries and of some of the other regions;
    generating: [state_imposed].

    best is lognormal per person, low and high lie a random part below and above it. The
    truth is one draw of the distribution with its correlation between places, so that
    intervals of such figures cover as often as they say.
    """
    rng = np.random.default_rng(seed)
    size = _place_sizes(rng, world, generating)
    table = _judgements(rng, size, generating).assign(
        share_female=generating["share_female"],
        share_children=generating["share_children"],
        **PROVENANCE,
    )
    figures = read_outside_figures(
        table,
        distribution=generating["distribution"],
        between_place_correlation=generating["between_place_correlation"],
    )
    truth = drawn_figures(figures, 1, int(rng.integers(2**31)))
    return Judged(figures.table, truth.isel(sample=0).to_series())


def _place_sizes(
    rng: np.random.Generator, world: World, generating: Mapping[str, Any]
) -> pd.Series:
    """Draw the places that are judged, countries and other regions; return the people
    of each.
    """
    region = world.places["region"]
    names = sorted(set(region))
    judged = list(rng.choice(names, generating["regions"], replace=False))
    outside = world.places.index[~region.isin(judged)]
    countries = list(rng.choice(outside, generating["countries"], replace=False))
    cells = persons(world, ["0+"], generating["year"], nearest=True)
    people = cells.sum(["sex", "age"]).to_series()
    of_regions = people.groupby(region).sum()
    return pd.concat([people[countries], of_regions[judged]])


def _judgements(
    rng: np.random.Generator, size: pd.Series, generating: Mapping[str, Any]
) -> pd.DataFrame:
    """Draw the lowest, best and highest number of each place, whole persons."""
    places = len(size)
    median, log_sd = generating["rate"]
    rate = np.exp(rng.normal(0, log_sd, places))
    best = size.to_numpy() * median / 1000 * rate
    spread_below, spread_above = generating["spread"]
    below = spread_below * rng.uniform(0.7, 1.3, places)
    above = spread_above * rng.uniform(0.7, 1.3, places)
    return pd.DataFrame(
        {
            "place": size.index,
            "low": (best * (1 - below)).round(),
            "best": best.round(),
            "high": (best * (1 + above)).round(),
        }
    )
