"""Selection: from ratios among assisted victims to ratios among all victims, by the
analyst's priors.
"""

from collections.abc import Mapping, Sequence

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
        δ_world ~ N(mean, world_sd), one draw per ratio
        δ_stratum ~ N(0, stratum_sd), one per ratio × region × sex

    Nothing in the records tells δ: the three numbers are the analyst's, one for all
    ratios or ratio → number, and prior only. If δ_world were drawn per stratum it would
    average out, and the world's interval would be far too narrow. The posterior *mean*
    of persons rises by exp(world_sd²/2), so show medians where world_sd runs. Another
    world_sd with the same seed scales the same draws. Raises UncountedError for an sd
    below 0 and a ratio without a number.
    """
    mean_of = _by_ratio("mean", mean, log_odds)
    world_sd_of = _by_ratio("world_sd", world_sd, log_odds)
    stratum_sd_of = _by_ratio("stratum_sd", stratum_sd, log_odds)
    for name, sd in (("world_sd", world_sd_of), ("stratum_sd", stratum_sd_of)):
        if not (sd >= 0).all():
            raise UncountedError(
                f"{name} of the selection is below 0 or no number. Give an sd of log"
                " odds, 0 or above."
            )
    rng = np.random.default_rng(seed)
    world = log_odds.isel(dict.fromkeys(STRATUM, 0), drop=True)
    z_world = xr.zeros_like(world) + rng.normal(size=world.shape)
    z_stratum = xr.zeros_like(log_odds) + rng.normal(size=log_odds.shape)
    shifted = log_odds + mean_of + world_sd_of * z_world
    return shifted + stratum_sd_of * z_stratum


def _by_ratio(
    name: str,
    value: float | Mapping[str, float],
    log_odds: xr.DataArray,
) -> xr.DataArray:
    ratios = [str(label) for label in log_odds["ratio"].values]
    if isinstance(value, Mapping):
        _check_ratios(name, value, ratios)
        values = [float(value[ratio]) for ratio in ratios]
    else:
        values = [float(value)] * len(ratios)
    return xr.DataArray(values, {"ratio": log_odds["ratio"]}, ("ratio",))


def _check_ratios(
    name: str,
    values: Mapping[str, float],
    ratios: Sequence[str],
) -> None:
    for ratio in (*values, *ratios):
        if ratio not in ratios:
            fault = "is given for no ratio of these"
        elif ratio not in values:
            fault = "is not given"
        else:
            continue
        raise UncountedError(
            f"{name} of '{ratio}' {fault}.{did_you_mean(ratio, ratios)}"
        )
