"""Conflict: where the data have moved an estimate to where its prior hardly believed it
to be.
"""

import numpy as np
import xarray as xr

from uncounted.checks.finding import Finding, listed
from uncounted.infer.fit import Fit
from uncounted.infer.totals import affected_in_all, expected
from uncounted.model.priors import FAMILIES
from uncounted.world.world import groups

TAIL = 0.005  # of a prior: a posterior median beyond it is a conflict


def conflict(fit: Fit) -> list[Finding]:
    """Compare posterior medians with the priors of the card, and with what all priors
    together say of prevalence.

    A parameter is in conflict if its median lies in the outer 0.5 % of its prior on
    either side; of a standard deviation's prior that is highest at 0 only above, for a
    level that hardly differs is no surprise. Prevalence of the world and of regions is,
    if fewer than 0.5 % of the prior's draws lie beyond its median. A warning: the data
    may be right and the prior wrong.
    """
    return [_parameters(fit), _prevalence(fit)]


def _parameters(fit: Fit) -> Finding:
    beyond, named = [], 0
    own = {
        name: str(name).rpartition("::")[2] for name in fit.posterior
    }  # of a form: "sexual::level"
    for name, key in own.items():
        if (prior := fit.card.priors.get(key)) is None:
            continue
        low, high = prior.quantile(TAIL), prior.quantile(1 - TAIL)
        low = -np.inf if FAMILIES[prior.family].kind == "scale" else low
        median = fit.posterior[name].median(["chain", "draw"])
        for label, value in _labelled(str(name).replace("::", ": "), median):
            named += 1
            if not low <= value <= high:
                beyond.append(f"{label} = {value:.3g} ({prior.text})")
    told = (
        f"{len(beyond)} of {named} parameters lie beyond 99 % of their priors"
        + listed(beyond)
        + "."
    )
    return _finding("priors beside the data", len(beyond), told, beyond)


def _prevalence(fit: Fit) -> Finding:
    beyond, named = [], 0
    for grouping in ("world", "region"):
        group = groups(fit.world, grouping)
        after, before = (
            affected_in_all(p, expected(fit.people), group) for p in (fit.p, fit.prior)
        )
        median = after.median(["chain", "draw"])
        below = (before < median).mean(["chain", "draw"])
        for name in below["group"].to_numpy():
            named += 1
            if not TAIL <= float(below.sel(group=name)) <= 1 - TAIL:
                beyond.append(str(name))
    told = (
        f"{len(beyond)} of {named} prevalences of the world and regions lie beyond 99 %"
        " of their prior"
    )
    told += listed(beyond) + "."
    return _finding("prevalence beside its prior", len(beyond), told, beyond)


def _finding(name: str, number: int, told: str, beyond: list[str]) -> Finding:
    advice = (
        " Ask whether the prior or the evidence is wrong, before the priors decide what"
        " was not surveyed."
    )
    return Finding(
        name, "warn" if beyond else "pass", number, 0, told + (advice if beyond else "")
    )


def _labelled(key: str, median: xr.DataArray) -> list[tuple[str, float]]:
    """Return each value of a parameter under its name: "sigma_survey[visit]"."""
    if not median.dims:
        return [(key, float(median))]
    values = median.stack(member=median.dims)
    names = [", ".join(map(str, at)) for at in values["member"].to_index()]
    return [
        (f"{key}[{name}]", float(value))
        for name, value in zip(names, values.to_numpy(), strict=True)
    ]
