"""Estimate convergence: whether the draws behind every number of an estimate can be
trusted.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.checks.convergence import PUBLISHED, convergence, diagnostics, judged
from uncounted.checks.finding import Finding
from uncounted.checks.mixing import measure
from uncounted.infer.totals import affected, population
from uncounted.leaves.estimate import Estimate, shares, unit_weights
from uncounted.world.world import groups

KEYS = ["group", "sex", "age"]


@convergence.register
def estimate_convergence(estimate: Estimate) -> list[Finding]:
    """Check every published number of an estimate, and every sampler behind it.

    Numbers of nobody by definition (children of a leaf of adults) are left out, and of
    numbers that are equal in every draw one is measured.
    """
    stats = [*(fit.stats for fit in estimate.fits.values()), *estimate.parts.stats]
    once = {id(dataset): dataset for dataset in stats}  # joint fits share theirs
    numbers = pd.concat([diagnostics(estimate), of_parts(estimate)], ignore_index=True)
    return list(judged(numbers, list(once.values())))


@diagnostics.register
def estimate_diagnostics(estimate: Estimate) -> pd.DataFrame:
    """Return R-hat, ESS and MCSE over sd of every published number: columns leaf,
    grouping, group, name, sex, age.
    """
    tables = []
    for grouping in PUBLISHED:
        group = groups(estimate.world, grouping)
        names = {}
        if grouping == "country":
            names = estimate.world.places["name"].to_dict()
        inhabited = population(estimate.people, group).stack(number=KEYS) > 0
        for leaf, persons in _printed(estimate):
            weights = unit_weights(persons)
            totals = affected(persons, weights, group).stack(number=KEYS)
            draws = totals.transpose("number", "chain", "draw")
            keys = draws["number"].to_index().to_frame(index=False)
            labels = [f"{names.get(key, key)}, {leaf}" for key in keys["group"]]
            keys = keys.assign(grouping=grouping, leaf=leaf, name=labels)
            measured = inhabited.to_numpy() & _distinct(draws)
            tables.append(_measured(keys, draws.to_numpy(), measured))
    return pd.concat(tables, ignore_index=True)


def _measured(
    keys: pd.DataFrame,
    draws: np.ndarray,
    measured: np.ndarray,
) -> pd.DataFrame:
    """Return keys of the numbers that are measured, with their measures."""
    kept = keys[measured].reset_index(drop=True)
    return pd.concat([kept, measure(draws[measured])], axis=1)


def of_parts(estimate: Estimate) -> pd.DataFrame:
    """Return the same measures of the ratios' log odds and of durations, by leaf;
    grouping "part".

    One that is the same in every draw was not sampled, and has no row.
    """
    parts = estimate.parts
    tables = []
    if parts.log_odds is not None:
        for leaf, odds in parts.log_odds.groupby("ratio"):
            draws = odds.squeeze("ratio", drop=True)
            tables.append(_of_part(draws, f"ratio of {leaf}"))
    for leaf, mu in parts.duration.items():
        tables.append(_of_part(mu, f"duration of {leaf}"))
    for leaf, relative in parts.relative_duration.items():
        tables.append(_of_part(relative, f"relative duration of {leaf}"))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _of_part(
    draws: xr.DataArray,
    leaf: str,
) -> pd.DataFrame:
    """Measure draws (chain, draw, …) of a part, by region and sex where it has them."""
    for dim in ("region", "sex"):
        if dim not in draws.dims:
            draws = draws.expand_dims({dim: ["all"]})
    values = draws.transpose("region", "sex", "chain", "draw")
    labels = [
        [str(label) for label in values["region"].to_numpy()],
        [str(label) for label in values["sex"].to_numpy()],
    ]
    index = pd.MultiIndex.from_product(labels, names=["group", "sex"])
    keys = index.to_frame(index=False)
    names = [leaf if group == "all" else f"{group}, {leaf}" for group in keys["group"]]
    keys = keys.assign(age="all", grouping="part", leaf=leaf, name=names)
    flat = values.to_numpy().reshape(-1, values.sizes["chain"], values.sizes["draw"])
    moves = np.ptp(flat, axis=(1, 2)) > 0
    return _measured(keys, flat, moves) if moves.any() else pd.DataFrame()


def _printed(estimate: Estimate) -> Iterator[tuple[str, xr.DataArray]]:
    for name in estimate.names:
        yield name, estimate.persons(name)
    yield from shares(estimate).items()


def _distinct(draws: xr.DataArray) -> np.ndarray:
    """Say which numbers (number,) are of somebody, and come before all equal numbers of
    their group; a few draws tell.
    """
    start = draws.to_numpy()[:, 0, : min(8, draws.sizes["draw"])].round(6)
    table = pd.DataFrame(start)
    table.insert(0, "group", draws["number"].to_index().get_level_values("group"))
    return (start > 0).any(axis=1) & ~table.duplicated().to_numpy()
