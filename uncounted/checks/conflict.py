"""Conflict: estimates that the data have moved to where their prior gave them hardly
any probability.
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
    beyond = []
    number = 0
    for name in map(str, fit.posterior):
        key = name.rpartition("::")[2]  # of a form: "sexual::level"
        prior = fit.card.priors.get(key)
        if prior is None:
            continue
        low = prior.quantile(TAIL)
        high = prior.quantile(1 - TAIL)
        if FAMILIES[prior.family].kind == "scale":
            low = -np.inf
        median = fit.posterior[name].median(["chain", "draw"])
        for label, value in _labelled(name.replace("::", ": "), median):
            number += 1
            if not low <= value <= high:
                beyond.append(f"{label} = {value:.3g} ({prior.text})")
    sentence = (
        f"{len(beyond)} of {number} parameters lie beyond 99 % of their priors"
        f"{listed(beyond)}."
    )
    return _finding("priors beside the data", sentence, beyond)


def _prevalence(fit: Fit) -> Finding:
    beyond = []
    number = 0
    people = expected(fit.people)
    for grouping in ("world", "region"):
        group = groups(fit.world, grouping)
        posterior = affected_in_all(fit.p, people, group)
        prior = affected_in_all(fit.prior, people, group)
        median = posterior.median(["chain", "draw"])
        below = (prior < median).mean(["chain", "draw"])
        for name in below["group"].to_numpy():
            number += 1
            if not TAIL <= float(below.sel(group=name)) <= 1 - TAIL:
                beyond.append(str(name))
    sentence = (
        f"{len(beyond)} of {number} prevalences of the total and regions lie beyond"
        f" 99 % of their prior{listed(beyond)}."
    )
    return _finding("prevalence beside its prior", sentence, beyond)


def _finding(
    name: str,
    sentence: str,
    beyond: list[str],
) -> Finding:
    if not beyond:
        return Finding(name, "pass", 0, 0, sentence)
    sentence += (
        " Ask whether the prior or the evidence is wrong, before the priors decide what"
        " was not surveyed."
    )
    return Finding(name, "warn", len(beyond), 0, sentence)


def _labelled(
    key: str,
    median: xr.DataArray,
) -> list[tuple[str, float]]:
    """Return each value of a parameter under its name: "sigma_survey[visit]"."""
    if not median.dims:
        return [(key, float(median))]
    values = median.stack(member=median.dims)
    members = []
    for labels, value in zip(
        values["member"].to_index(),
        values.to_numpy(),
        strict=True,
    ):
        members.append((f"{key}[{', '.join(map(str, labels))}]", float(value)))
    return members
