"""Chart table: the statistics that charts draw, in the unit of a card."""

from collections.abc import Mapping

import pandas as pd

from uncounted.wording.numerals import SHOW, heading, level
from uncounted.wording.words import Words

PREVALENCE = {f"prevalence_{stat}": stat for stat in ("median", "lower", "upper")}


def in_unit(
    rows: pd.DataFrame, show: str, columns: Mapping[str, str] = PREVALENCE
) -> pd.DataFrame:
    """Return columns of proportions in the card's unit, by their new names."""
    proportions = rows[list(columns)].rename(columns=columns)
    return proportions.astype(float) * SHOW[show]


def unit_and_level(rows: pd.DataFrame, show: str, say: Words) -> tuple[str, str]:
    """Return the words for the unit, and for the level of the rows' intervals."""
    return heading(show, say), level(rows["interval"].iloc[0], say)
