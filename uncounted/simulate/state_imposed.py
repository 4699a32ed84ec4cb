"""State-imposed: outside figures of forced labour imposed by states, and numbers drawn
as these are judged.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

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


def state_imposed(seed: int, world: World, generating: Mapping[str, Any]) -> Judged:
    """Simulate judged figures of some countries and of some of the other regions;
    generating: [state_imposed].

    best is lognormal per person, low and high lie a random part below and above it. The
    truth is one draw of the distribution with its correlation between places, so that
    intervals of such figures cover as often as they say.
    """
    rng = np.random.default_rng(seed)
    regions = sorted(set(world.places["region"]))
    whole = list(rng.choice(regions, generating["regions"], replace=False))
    others = world.places.index[~world.places["region"].isin(whole)]
    people = (
        persons(world, ["0+"], generating["year"], nearest=True)
        .sum(["sex", "age"])
        .to_series()
    )
    own = list(rng.choice(others, generating["countries"], replace=False))
    size = pd.concat([people[own], people.groupby(world.places["region"]).sum()[whole]])
    median, log_sd = generating["rate"]
    best = size.to_numpy() * median / 1000 * np.exp(rng.normal(0, log_sd, len(size)))
    below, above = (
        spread * rng.uniform(0.7, 1.3, len(size)) for spread in generating["spread"]
    )
    table = pd.DataFrame(
        {
            "place": size.index,
            "low": best * (1 - below),
            "best": best,
            "high": best * (1 + above),
        }
    )
    table[["low", "best", "high"]] = table[["low", "best", "high"]].round()
    told = table.assign(
        share_female=generating["share_female"],
        share_children=generating["share_children"],
        **PROVENANCE,
    )
    figures = read_outside_figures(
        told,
        distribution=generating["distribution"],
        between_place_correlation=generating["between_place_correlation"],
    )
    truth = drawn_figures(figures, 1, int(rng.integers(2**31)))
    return Judged(figures.table, truth.isel(sample=0).to_series())
