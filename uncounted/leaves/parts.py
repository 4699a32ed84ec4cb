"""Parts: the draws that leaves are made of, whatever they are of, paired with each other."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from uncounted.errors import UncountedError
from uncounted.infer.fit import Fit
from uncounted.leaves.card import Selection

SAMPLE = ("chain", "draw")


@dataclass(frozen=True)
class Parts:
    """Draws behind an estimate, all (chain, draw, …) of one shape: draw j of chain i is one state of the world.

    fits: by model card. By leaf: duration, μ in years (…, sex); log_or, log odds among registrations (…, region, sex);
    world and stratum, the standard normal scores of its selection (…) and (…, region, sex); relative_duration, μ′/μ;
    figures, persons (…, country, sex, age).
    """

    fits: Mapping[str, Fit]
    duration: Mapping[str, xr.DataArray] = field(default_factory=dict)
    log_or: Mapping[str, xr.DataArray] = field(default_factory=dict)
    world: Mapping[str, xr.DataArray] = field(default_factory=dict)
    stratum: Mapping[str, xr.DataArray] = field(default_factory=dict)
    relative_duration: Mapping[str, xr.DataArray] = field(default_factory=dict)
    figures: Mapping[str, xr.DataArray] = field(default_factory=dict)

    def selected(self, leaf: str, selection: Selection) -> xr.DataArray:
        """Return δ = mean + world_sd·z + stratum_sd·z[r, s] of a leaf (chain, draw, region, sex)."""
        world, stratum = self.world[leaf], self.stratum[leaf]
        return selection.mean + selection.world_sd * world + selection.stratum_sd * stratum


def paired(draws: xr.DataArray, chains: int, size: int, seed: int | list[int]) -> xr.DataArray:
    """Return independent draws (chain, draw, …) in a seeded random order, as many as asked, to stand beside others.

    Draws of models that share no data are independent, so any pairing is right, and one without order keeps chains of
    one from lining up with those of another. Raises UncountedError if fewer than asked are there: none is used twice.
    """
    rest = [dim for dim in draws.dims if dim not in SAMPLE]
    flat = draws.transpose(*SAMPLE, *rest).to_numpy().reshape(-1, *(draws.sizes[dim] for dim in rest))
    if len(flat) < chains * size:
        raise UncountedError(
            f"{chains} × {size:,} draws are to be added up, and '{draws.name}' has {len(flat):,}. Draw as many of it."
        )
    order = np.random.default_rng(seed).permutation(len(flat))[: chains * size]
    picked = flat[order].reshape(chains, size, *flat.shape[1:])
    coords = {name: labels for name, labels in draws.coords.items() if set(labels.dims) <= set(rest)}
    return xr.DataArray(picked, coords, (*SAMPLE, *rest), name=draws.name, attrs=draws.attrs)
