"""Durations: spells as a window of years shows them to interviews, from a mean and a
spread that are known.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from uncounted.cases.lasting import FAMILIES, draw_touching
from uncounted.simulate.generating import drawn

NOTE = "simulated"

DAY = 1 / 365


def spells(
    seed: int,
    mean_years: Mapping[str, float],
    log_sd: float,
    *,
    spells: int,
    window_years: float,
    asked: float,
    group: str = "sex",
) -> pd.DataFrame:
    """Simulate spells of each group that touch the window before `asked`; `read_spells`
    reads them.

    Spells begin at a steady rate and last lognormally, with the mean of the group and
    one sd of the log: of those that touch a window of T years μ/(T+μ) go on, longer
    ones more often, and the others end anywhere in it alike; none is shorter than a
    day. Columns: group, start, end (blank: going on), asked, note.
    """
    rng = np.random.default_rng(seed)
    parts = []
    for name, mean in mean_years.items():
        sizes = np.array(mean), np.array(log_sd), np.array(window_years)
        years = draw_touching(*sizes, FAMILIES["log_normal"], rng, (spells,))
        years = np.sign(years) * np.maximum(np.abs(years), DAY)
        end = np.where(years < 0, np.nan, asked - window_years * rng.random(spells))
        start = np.where(years < 0, asked + years, end - years)
        parts.append(
            pd.DataFrame({group: name, "start": start, "end": end, "asked": asked})
        )
    return pd.concat(parts, ignore_index=True).assign(note=NOTE)


def by_length(spells: pd.DataFrame) -> pd.DataFrame:
    """Return spells by their length: a lognormal one may begin before any date that a
    reader believes.
    """
    ongoing = spells["end"].isna()
    years = spells["end"].where(~ongoing, spells["asked"]) - spells["start"]
    return spells.drop(columns=["start", "end", "asked"]).assign(
        duration=years, ongoing=ongoing.astype(int)
    )


def duration_truth(
    seed: int, generating: Mapping[str, Any]
) -> tuple[dict[str, float], float]:
    """Draw each group's mean duration and the sd of the log; generating: [durations] of
    `read_generating`.
    """
    rng = np.random.default_rng(seed)
    means = drawn(generating["mean_years"], rng, len(generating["groups"]))
    return dict(zip(generating["groups"], means.tolist(), strict=True)), float(
        drawn(generating["log_sd"], rng)
    )
