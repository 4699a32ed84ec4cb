"""Sampler warnings: divergences, energy and tree depth, as the samplers recorded
them.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import xarray as xr

from uncounted.checks.finding import Finding

BFMI = 0.3  # the smallest E-BFMI of a chain that explored its energy
DEPTH = 10  # of a tree that is stopped
DEEP = 0.01  # share of stopped trees that is worth a warning


def sampler_findings(stats: Sequence[xr.Dataset]) -> Iterator[Finding]:
    """Yield findings on divergences, E-BFMI and tree depth of all samplers."""
    yield _divergences("divergences", stats)
    yield _energy("E-BFMI", stats)
    yield _depth("tree depth", stats)


def _divergences(
    name: str,
    stats: Sequence[xr.Dataset],
) -> Finding:
    if not _recorded("diverging", stats):
        return _unrecorded(name, 0.0)
    diverging = sum(int(np.sum(dataset["diverging"])) for dataset in stats)
    transitions = sum(dataset["diverging"].size for dataset in stats)
    sentence = f"{diverging:,} of {transitions:,} transitions diverged; none may."
    if not diverging:
        return Finding(name, "pass", diverging, 0, sentence)
    sentence += " Raise target_accept, or look for a level centred without data."
    return Finding(name, "stop", diverging, 0, sentence)


def _energy(
    name: str,
    stats: Sequence[xr.Dataset],
) -> Finding:
    if not _recorded("energy", stats):
        return _unrecorded(name, BFMI)
    chains = []
    for dataset in stats:
        energy = dataset["energy"].transpose("chain", "draw").to_numpy()
        steps = np.square(np.diff(energy)).mean(axis=1)
        chains.append(steps / energy.var(axis=1))
    bfmi = np.concatenate(chains)
    smallest = bfmi.min()
    sentence = (
        f"The smallest of {len(bfmi)} chains is {smallest:.2f}; at least {BFMI:g} is"
        " asked."
    )
    verdict = "pass" if smallest >= BFMI else "stop"
    return Finding(name, verdict, float(smallest), BFMI, sentence)


def _depth(
    name: str,
    stats: Sequence[xr.Dataset],
) -> Finding:
    """Count trees that could grow no deeper: slow, but no error, so a warning."""
    reached = trees = 0
    for dataset in stats:
        stopped = _stopped(dataset)
        if stopped is None:
            return _unrecorded(name, DEEP)
        reached += int(np.sum(stopped))
        trees += stopped.size
    sentence = (
        f"{reached:,} of {trees:,} trees reached the greatest depth; more than"
        f" {DEEP:.0%} is slow."
    )
    if reached <= DEEP * trees:
        return Finding(name, "pass", reached / trees, DEEP, sentence)
    sentence += (
        " Centre the levels that surveys say much of, or give a prior that is less"
        " wide."
    )
    return Finding(name, "warn", reached / trees, DEEP, sentence)


def _stopped(stats: xr.Dataset) -> xr.DataArray | None:
    """Say which trees were stopped at the greatest depth, by whatever the sampler
    records of it; None if it records nothing.
    """
    if "reached_max_treedepth" in stats:
        return stats["reached_max_treedepth"]
    if "tree_depth" in stats:
        return stats["tree_depth"] >= DEPTH
    if "n_steps" in stats:
        return stats["n_steps"] >= 2**DEPTH - 1
    return None


def _recorded(
    name: str,
    stats: Sequence[xr.Dataset],
) -> bool:
    return all(name in dataset for dataset in stats)


def _unrecorded(name: str, threshold: float) -> Finding:
    sentence = "The sampler doesn't record it. Sample with nutpie to know."
    return Finding(name, "warn", np.nan, threshold, sentence)
