"""Total: the widest figure of each part of a survey."""

from collections.abc import Sequence

import pandas as pd

from uncounted.figures.extent import ALL, BOTH
from uncounted.figures.tiling import band_of
from uncounted.world.population import EVERYBODY


def totals_of(
    rows: pd.DataFrame,
    traits: Sequence[str],
) -> pd.DataFrame:
    """Return estimate, variance and PSUs of each part's own total (index part), NaN
    where it published none.
    """
    totals = rows.loc[is_total(rows, traits)].drop_duplicates("part").set_index("part")
    variance = totals["own_se"] ** 2
    return totals[["estimate"]].assign(
        variance=variance,
        psus=totals["psus"],
    )


def is_total(
    rows: pd.DataFrame,
    traits: Sequence[str],
) -> pd.Series:
    """Say which rows are the widest figure of their part of a survey, whichever way
    that is written.
    """
    part = rows["part"]
    widest = _widest(
        rows["sex"],
        BOTH,
        part,
    ) & _widest_age(rows["age"], part)
    for trait in traits:
        widest &= _widest(rows[trait], EVERYBODY, part)
    return widest


def _widest(
    level: pd.Series,
    everybody: str,
    part: pd.Series,
) -> pd.Series:
    alone = level.groupby(part).transform("nunique") == 1
    return (level == everybody) | alone


def _widest_age(
    age: pd.Series,
    part: pd.Series,
) -> pd.Series:
    every = age == ALL
    bands = {label: band_of(label) for label in age.unique() if label != ALL}
    lower = age.map({label: float(band.lower) for label, band in bands.items()})
    upper = age.map({label: float(band.end) for label, band in bands.items()})
    youngest = lower.groupby(part).transform("min")
    oldest = upper.groupby(part).transform("max")
    undivided = ~every.groupby(part).transform("any")
    return every | (undivided & (lower == youngest) & (upper == oldest))
