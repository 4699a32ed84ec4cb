"""Rates: one number for each group in every draw, of a fit or of an estimate alike."""

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.infer.fit import Fit
from uncounted.infer.totals import affected_in_all
from uncounted.leaves.estimate import Estimate
from uncounted.leaves.estimate_card import TOTAL
from uncounted.world.world import groups


def rates(
    edition: Fit | Estimate, grouping: str = "world", name: str = TOTAL
) -> pd.DataFrame:
    """Return prevalence of each group in every draw (draws, groups); name: a leaf or
    sum of an estimate.
    """
    return affected(edition, grouping, name) / people(edition, grouping)


def affected(
    edition: Fit | Estimate, grouping: str = "world", name: str = TOTAL
) -> pd.DataFrame:
    """Return persons affected of each group in every draw (draws, groups), chain after
    chain.
    """
    of = (
        (edition.p, edition.people)
        if isinstance(edition, Fit)
        else (edition.persons(name), None)
    )
    persons = of[0]
    ones = xr.ones_like(persons.isel(chain=0, draw=0, drop=True), dtype=float)
    weights = ones if of[1] is None else of[1]
    sums = affected_in_all(persons, weights, groups(edition.world, grouping))
    values = sums.transpose("chain", "draw", "group").to_numpy()
    return pd.DataFrame(
        values.reshape(-1, values.shape[-1]),
        columns=[str(one) for one in sums["group"].values],
    )


def people(edition: Fit | Estimate, grouping: str = "world") -> pd.Series:
    """Return the people of each group in the reference year."""
    of = edition.people.sum(
        [dim for dim in edition.people.dims if dim != "country"]
    ).to_series()
    return of.groupby(groups(edition.world, grouping)).sum().astype(np.float64)
