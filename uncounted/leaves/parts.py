"""Parts: the draws that leaves are made of, paired with each other."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from uncounted.errors import UncountedError
from uncounted.glance import outline
from uncounted.infer.fit import Fit

SAMPLE = ("chain", "draw")


@dataclass(frozen=True)
class Parts:
    """Draws behind an estimate, all (chain, draw, …) of one shape: draw j of chain i is
    one state of the world.

    fits: by model card. log_odds (ratio, chain, draw, region, sex): among
    registrations, ratio being the leaf's name. By leaf: duration, μ in years (…, sex);
    relative_duration, μ′/μ; figures, persons (…, country, sex, age). stats: of the
    samplers of ratios and durations. seed: of the selection δ, so that it is drawn
    alike under other numbers of it.
    """

    fits: Mapping[str, Fit]
    log_odds: xr.DataArray | None = None
    duration: Mapping[str, xr.DataArray] = field(default_factory=dict)
    relative_duration: Mapping[str, xr.DataArray] = field(default_factory=dict)
    figures: Mapping[str, xr.DataArray] = field(default_factory=dict)
    stats: tuple[xr.Dataset, ...] = ()
    seed: int = 0

    __repr__ = outline


def paired(
    draws: xr.DataArray,
    chains: int,
    size: int,
) -> xr.DataArray:
    """Return independent draws (chain, draw, …), as many as needed, to stand beside
    others, chain beside chain.

    Draws of models that share no data are independent, so any pairing is right. This
    one keeps the chains and the order in which they were drawn, so that R-hat and ESS
    of what is made of them tell whether they converged; of more draws than needed, it
    takes draws evenly apart. Raises UncountedError if there are fewer than needed: no
    draw is used twice.
    """
    dims = [dim for dim in draws.dims if dim not in SAMPLE]
    draws_first = draws.transpose(*SAMPLE, *dims)
    available_chains, available = draws_first.shape[:2]
    if available_chains < chains or available < size:
        raise UncountedError(
            f"{chains} × {size:,} draws are to be added up, and '{draws.name}' has"
            f" {available_chains} × {available:,}. Draw as many of it."
        )
    evenly = np.linspace(0, available - 1, size).round().astype(int)
    coords = {}
    for name, labels in draws.coords.items():
        if set(labels.dims) <= set(dims):
            coords[name] = labels
    values = draws_first.to_numpy()[:chains][:, evenly]
    return xr.DataArray(
        values,
        coords,
        (*SAMPLE, *dims),
        name=draws.name,
        attrs=draws.attrs,
    )
