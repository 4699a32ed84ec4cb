"""Selection: from ratios among those whom services met to ratios among all, as the
analyst believes of who is met.
"""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from uncounted.errors import UncountedError, did_you_mean

STRATUM = ("region", "sex")


def selected(
    log_odds: xr.DataArray,
    *,
    mean: float | Mapping[str, float],
    world_sd: float | Mapping[str, float],
    stratum_sd: float | Mapping[str, float],
    seed: int,
) -> xr.DataArray:
    """Return log ratios of the population from log ratios of records (ratio, chain,
    draw, region, sex).

        log R_true = log R_records + δ,   δ = δ_world + δ_stratum
        δ_world ~ N(mean, world_sd), one draw per ratio;   δ_stratum ~ N(0, stratum_sd),
        one per ratio × region × sex

    Nothing in the records tells δ: the three numbers are the analyst's, one for all
    ratios or ratio → number, and prior only. If δ_world were drawn per stratum it would
    average out, and the world's interval would be far too narrow. The posterior *mean*
    of persons rises by exp(world_sd²/2), so show medians where world_sd runs. Another
    world_sd with the same seed scales the same draws. Raises UncountedError for an sd
    below 0 and a ratio without a number.
    """
    given = {"mean": mean, "world_sd": world_sd, "stratum_sd": stratum_sd}
    at = {name: _by_ratio(name, value, log_odds) for name, value in given.items()}
    for name in ("world_sd", "stratum_sd"):
        if not (at[name] >= 0).all():
            raise UncountedError(
                f"{name} of the selection is below 0 or no number. Give an sd of log"
                " odds, 0 or above."
            )
    rng = np.random.default_rng(seed)
    world = log_odds.isel(dict.fromkeys(STRATUM, 0), drop=True)
    z_world = xr.zeros_like(world) + rng.normal(size=world.shape)
    z_stratum = xr.zeros_like(log_odds) + rng.normal(size=log_odds.shape)
    return (
        log_odds + at["mean"] + at["world_sd"] * z_world + at["stratum_sd"] * z_stratum
    )


def _by_ratio(
    name: str, value: float | Mapping[str, float], log_odds: xr.DataArray
) -> xr.DataArray:
    labels = [str(label) for label in log_odds["ratio"].values]
    if isinstance(value, Mapping):
        for label in [*value, *labels]:
            if label not in value or label not in labels:
                said = (
                    "is given for no ratio of these"
                    if label not in labels
                    else "is not given"
                )
                raise UncountedError(
                    f"{name} of '{label}' {said}.{did_you_mean(label, labels)}"
                )
        value_of = [float(value[label]) for label in labels]
    else:
        value_of = [float(value)] * len(labels)
    return xr.DataArray(value_of, {"ratio": log_odds["ratio"]}, ("ratio",))
