"""Convergence of an estimate: whether the draws behind every number that it adds up to can be trusted."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.checks.convergence import PUBLISHED, judged
from uncounted.checks.finding import HELD_OUT, Findings
from uncounted.checks.gate import credible, named, predicted
from uncounted.checks.held_out import HeldOut
from uncounted.checks.mixing import measure
from uncounted.infer.totals import affected, population
from uncounted.leaves.estimate import Estimate, shares
from uncounted.world.world import groups

KEYS = ["group", "sex", "age"]


def check_estimate(estimate: Estimate, held_out: HeldOut | None = None) -> Findings:
    """Check every published number of an estimate, and every sampler and model behind it, as `check` does a fit's.

    Numbers are persons of the total, of sums, leaves and shares; those that are nobody by definition (an adults' leaf
    of children) are left out, and of those that are the same in every draw one is measured.
    """
    stats = {id(one): one for one in _stats(estimate)}
    judgements = judged(diagnostics(estimate), list(stats.values()))
    of_models = [found for name, fit in estimate.parts.fits.items() for found in named(name, credible(fit))]
    return Findings((*judgements, *of_models, *predicted(held_out)), () if held_out else (HELD_OUT,))


def diagnostics(estimate: Estimate) -> pd.DataFrame:
    """Return R-hat, ESS and MCSE over sd of every published number: columns leaf, grouping, group, name, sex, age."""
    found = []
    for grouping in PUBLISHED:
        group = groups(estimate.world, grouping)
        names = estimate.world.places["name"].to_dict() if grouping == "country" else {}
        inhabited = population(estimate.people, group).stack(number=KEYS) > 0
        for leaf, persons in _printed(estimate):
            one = xr.ones_like(persons.isel(chain=0, draw=0, drop=True), dtype=float)
            draws = affected(persons, one, group).stack(number=KEYS).transpose("number", "chain", "draw")
            keys = draws["number"].to_index().to_frame(index=False)
            keys = keys.assign(grouping=grouping, leaf=leaf, name=[f"{names.get(g, g)}, {leaf}" for g in keys["group"]])
            moves = inhabited.to_numpy() & _distinct(draws)
            found.append(pd.concat([keys[moves].reset_index(drop=True), measure(draws.to_numpy()[moves])], axis=1))
    return pd.concat(found, ignore_index=True)


def _printed(estimate: Estimate) -> Iterator[tuple[str, xr.DataArray]]:
    for name in estimate.names:
        yield name, estimate.persons(name)
    yield from shares(estimate).items()


def _distinct(draws: xr.DataArray) -> np.ndarray:
    """Say of each number whether it is somebody, and the first of those that are the same number (number,)."""
    some = draws.to_numpy()[:, 0, : min(8, draws.sizes["draw"])].round(6)
    keys = pd.MultiIndex.from_frame(draws["number"].to_index().to_frame(index=False)[["group"]])
    table = pd.DataFrame(some, index=keys).reset_index()
    return (some > 0).any(axis=1) & ~table.duplicated().to_numpy()


def _stats(estimate: Estimate) -> list[xr.Dataset]:
    return [*(fit.stats for fit in estimate.parts.fits.values()), *estimate.parts.stats]
