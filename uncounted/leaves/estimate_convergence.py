"""Convergence of an estimate: whether the draws behind every number that it adds up to
can be trusted.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.checks.convergence import PUBLISHED, judged
from uncounted.checks.finding import HELD_OUT, Finding, Findings
from uncounted.checks.gate import credible, named, predicted
from uncounted.checks.held_out import HeldOut
from uncounted.checks.mixing import measure
from uncounted.checks.rows import rows
from uncounted.infer.fit import Fit
from uncounted.infer.totals import affected, population
from uncounted.leaves.estimate import Estimate, shares
from uncounted.world.world import groups

KEYS = ["group", "sex", "age"]
SCORE = "country_score"  # in the posterior of fits that were sampled together


def check_estimate(estimate: Estimate, held_out: HeldOut | None = None) -> Findings:
    """Check every published number of an estimate, and every sampler and model behind
    it, as `check` does a fit's.

    Numbers are persons of the total, of sums, leaves and shares, and the ratios and
    durations that they are made with, whose own spread could hide in a sum; those that
    are nobody by definition (an adults' leaf of children) are left out, and of those
    that are the same in every draw one is measured.
    """
    stats = {id(one): one for one in _stats(estimate)}
    numbers = pd.concat([diagnostics(estimate), of_parts(estimate)], ignore_index=True)
    judgements = judged(numbers, list(stats.values()))
    of_rows = _of_rows(estimate.parts.fits)
    of_models = [
        found
        for name, fit in estimate.parts.fits.items()
        for found in named(name, [*credible(fit), *of_rows.get(fit.card.outcome, ())])
    ]
    return Findings(
        (*judgements, *of_models, *predicted(held_out)), () if held_out else (HELD_OUT,)
    )


def _of_rows(fits: Mapping[str, Fit]) -> dict[str, list[Finding]]:
    """Return findings on the rows that the models were fitted to, by outcome: of those
    sampled together, together.
    """
    together = {
        fit.card.outcome: fit for fit in fits.values() if SCORE in fit.posterior
    }
    alone = [fit for fit in fits.values() if SCORE not in fit.posterior]
    found = rows(together) if together else {}
    return found | {fit.card.outcome: rows(fit).get("", []) for fit in alone}


def diagnostics(estimate: Estimate) -> pd.DataFrame:
    """Return R-hat, ESS and MCSE over sd of every published number: columns leaf,
    grouping, group, name, sex, age.
    """
    found = []
    for grouping in PUBLISHED:
        group = groups(estimate.world, grouping)
        names = estimate.world.places["name"].to_dict() if grouping == "country" else {}
        inhabited = population(estimate.people, group).stack(number=KEYS) > 0
        for leaf, persons in _printed(estimate):
            one = xr.ones_like(persons.isel(chain=0, draw=0, drop=True), dtype=float)
            draws = (
                affected(persons, one, group)
                .stack(number=KEYS)
                .transpose("number", "chain", "draw")
            )
            keys = draws["number"].to_index().to_frame(index=False)
            keys = keys.assign(
                grouping=grouping,
                leaf=leaf,
                name=[f"{names.get(g, g)}, {leaf}" for g in keys["group"]],
            )
            moves = inhabited.to_numpy() & _distinct(draws)
            found.append(
                pd.concat(
                    [
                        keys[moves].reset_index(drop=True),
                        measure(draws.to_numpy()[moves]),
                    ],
                    axis=1,
                )
            )
    return pd.concat(found, ignore_index=True)


def of_parts(estimate: Estimate) -> pd.DataFrame:
    """Return the same measures of the ratios' log odds and of durations, by leaf;
    grouping "part".

    One that is the same in every draw was not sampled, and has no row.
    """
    parts, found = estimate.parts, []
    if parts.log_odds is not None:
        for leaf, odds in parts.log_odds.groupby("ratio"):
            found.append(_of_part(odds.squeeze("ratio", drop=True), f"ratio of {leaf}"))
    for leaf, mu in parts.duration.items():
        found.append(_of_part(mu, f"duration of {leaf}"))
    for leaf, relative in parts.relative_duration.items():
        found.append(_of_part(relative, f"relative duration of {leaf}"))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def _of_part(draws: xr.DataArray, leaf: str) -> pd.DataFrame:
    """Measure draws (chain, draw, …) of a part, by region and sex where it has them."""
    whole = draws.expand_dims(
        [dim for dim in ("region", "sex") if dim not in draws.dims]
    )
    values = whole.transpose("region", "sex", "chain", "draw")
    regions = (
        [str(label) for label in values["region"].to_numpy()]
        if "region" in draws.dims
        else ["all"]
    )
    sexes = (
        [str(label) for label in values["sex"].to_numpy()]
        if "sex" in draws.dims
        else ["all"]
    )
    keys = pd.MultiIndex.from_product(
        [regions, sexes], names=["group", "sex"]
    ).to_frame(index=False)
    named = [leaf if group == "all" else f"{group}, {leaf}" for group in keys["group"]]
    keys = keys.assign(age="all", grouping="part", leaf=leaf, name=named)
    flat = values.to_numpy().reshape(-1, values.sizes["chain"], values.sizes["draw"])
    moves = np.ptp(flat, axis=(1, 2)) > 0
    if not moves.any():
        return pd.DataFrame()
    return pd.concat([keys[moves].reset_index(drop=True), measure(flat[moves])], axis=1)


def _printed(estimate: Estimate) -> Iterator[tuple[str, xr.DataArray]]:
    for name in estimate.names:
        yield name, estimate.persons(name)
    yield from shares(estimate).items()


def _distinct(draws: xr.DataArray) -> np.ndarray:
    """Say of each number whether it is somebody, and the first of those that are the
    same number (number,).
    """
    some = draws.to_numpy()[:, 0, : min(8, draws.sizes["draw"])].round(6)
    keys = pd.MultiIndex.from_frame(
        draws["number"].to_index().to_frame(index=False)[["group"]]
    )
    table = pd.DataFrame(some, index=keys).reset_index()
    return (some > 0).any(axis=1) & ~table.duplicated().to_numpy()


def _stats(estimate: Estimate) -> list[xr.Dataset]:
    return [*(fit.stats for fit in estimate.parts.fits.values()), *estimate.parts.stats]
