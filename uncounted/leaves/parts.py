"""Parts: the draws that leaves are made of, whatever they are of, paired with each
other.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from uncounted.errors import UncountedError
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


def paired(draws: xr.DataArray, chains: int, size: int) -> xr.DataArray:
    """Return independent draws (chain, draw, …), as many as asked, to stand beside
    others, chain beside chain.

    Draws of models that share no data are independent, so any pairing is right. This
    one keeps the chains and the order in which they were drawn, so that R-hat and ESS
    of what is made of them tell whether they converged; of more draws than asked, some
    evenly apart. Raises UncountedError if fewer than asked are there: none is used
    twice.
    """
    rest = [dim for dim in draws.dims if dim not in SAMPLE]
    there = draws.sizes["chain"], draws.sizes["draw"]
    if there[0] < chains or there[1] < size:
        raise UncountedError(
            f"{chains} × {size:,} draws are to be added up, and '{draws.name}' has"
            f" {there[0]} × {there[1]:,}. Draw as many of it."
        )
    apart = np.linspace(0, there[1] - 1, size).round().astype(int)
    coords = {
        name: labels
        for name, labels in draws.coords.items()
        if set(labels.dims) <= set(rest)
    }
    picked = draws.transpose(*SAMPLE, *rest).to_numpy()[:chains][:, apart]
    return xr.DataArray(
        picked, coords, (*SAMPLE, *rest), name=draws.name, attrs=draws.attrs
    )
