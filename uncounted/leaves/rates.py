"""Rates: one number for each group in every draw, of a fit or of an estimate alike."""

import numpy as np
import pandas as pd

from uncounted.infer.fit import TOTAL
from uncounted.infer.result import Result
from uncounted.infer.totals import affected_in_all
from uncounted.world.world import groups


def rates(
    edition: Result,
    grouping: str = "world",
    name: str = TOTAL,
) -> pd.DataFrame:
    """Return prevalence of each group in every draw (draws, groups); name: a leaf or
    sum of an estimate.
    """
    return affected(edition, grouping, name) / people(edition, grouping)


def affected(
    edition: Result,
    grouping: str = "world",
    name: str = TOTAL,
) -> pd.DataFrame:
    """Return persons affected of each group in every draw (draws, groups), chain after
    chain.
    """
    sums = affected_in_all(*edition.cells(name), groups(edition.world, grouping))
    values = sums.transpose("chain", "draw", "group").to_numpy()
    names = [str(group) for group in sums["group"].values]
    return pd.DataFrame(values.reshape(-1, values.shape[-1]), columns=names)


def people(
    edition: Result,
    grouping: str = "world",
) -> pd.Series:
    """Return the people of each group in the reference year."""
    traits = [dim for dim in edition.people.dims if dim != "country"]
    countries = edition.people.sum(traits).to_series()
    group = groups(edition.world, grouping)
    return countries.groupby(group).sum().astype(np.float64)
