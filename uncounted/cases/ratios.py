"""Ratios: how many persons of one group there are for each person of another, from
records of victims.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pymc as pm
import xarray as xr

from uncounted.cases.hierarchy import Priors, hierarchy
from uncounted.cases.records import Records
from uncounted.cases.tally import Ratio, Tally, tally
from uncounted.glance import glance
from uncounted.infer.derived import derived
from uncounted.infer.progress import Progress
from uncounted.infer.sample import draw
from uncounted.model.card import Sampling
from uncounted.world.world import World

OUT = ("ratio", "chain", "draw", "region", "sex")


@dataclass(frozen=True, eq=False)
class Ratios:
    """Draws of the log ratios of registrations, and what they were made of.

    log_odds (ratio, chain, draw, region, sex): log of persons per person among those
    whom services met; before selection (`selected`). posterior, stats: the parameters'
    draws and the sampler's statistics. both: the rule for persons in several forms.
    """

    log_odds: xr.DataArray
    posterior: xr.Dataset
    stats: xr.Dataset
    tally: Tally
    both: str
    seed: int

    def __repr__(self) -> str:
        quantiles = self.log_odds.quantile([0.025, 0.5, 0.975], ["chain", "draw"])
        rows = quantiles.to_series().map(np.exp).unstack("quantile").reset_index()
        return glance(
            "Persons per person, registered: median and 95 % interval; persons in"
            f" several forms: {self.both}",
            table=rows,
        )


def fit_ratios(
    records: Records,
    world: World,
    ratios: Sequence[Ratio | str],
    priors: Priors,
    *,
    both: str,
    periods: Sequence[tuple[int, int]],
    year: int,
    seed: int,
    sampler: str = "nutpie",
    progress: Progress | None = None,
    **settings: Any,
) -> Ratios:
    """Fit ratios of registered persons by region and sex, all in one model: `hierarchy`
    has the equations.

    ratios: names of RATIOS, or Ratio. priors: ratio → parameter → prior
    (`hierarchy.needed`). both, periods, year: as for `tally`. settings: chains, tune,
    draws, target_accept. What registrations say of the population is another question:
    `selected`.
    """
    counted = tally(
        records,
        world,
        ratios,
        both=both,
        periods=periods,
        year=year,
    )
    model = hierarchy(counted, priors)
    # at target_accept 0.9 a run in twelve had a divergence
    usual = Sampling(
        tune=500,
        draws=1000,
        target_accept=0.97,
    )
    sampling = replace(usual, **settings)
    progress = progress or Progress(show=False)
    drawn = draw(model, sampling, seed, sampler, progress)
    return Ratios(
        log_odds=log_odds_of(model, drawn.posterior),
        posterior=drawn.posterior,
        stats=drawn.stats,
        tally=counted,
        both=both,
        seed=seed,
    )


def log_odds_of(model: pm.Model, posterior: xr.Dataset) -> xr.DataArray:
    """Return θ of every draw of the model's variables, dims OUT."""
    return derived(model, posterior, ["log_odds"])["log_odds"].transpose(*OUT)
