"""Interviewed spells: spells that touch a window of years before an interview, of known
mean and spread.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from uncounted.cases.lasting import FAMILIES, draw_touching
from uncounted.simulate.generating import drawn

NOTE = "simulated"
DAY = 1 / 365  # years


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
    tables = []
    for name, mean in mean_years.items():
        years = draw_touching(
            np.array(mean),
            np.array(log_sd),
            np.array(window_years),
            FAMILIES["log_normal"],
            rng,
            (spells,),
        )
        years = np.sign(years) * np.maximum(np.abs(years), DAY)
        goes_on = years < 0
        end = np.where(goes_on, np.nan, asked - window_years * rng.random(spells))
        start = np.where(goes_on, asked + years, end - years)
        columns = {group: name, "start": start, "end": end, "asked": asked}
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True).assign(note=NOTE)


def by_length(spells: pd.DataFrame) -> pd.DataFrame:
    """Return spells by their length, not by dates: a lognormal spell may begin before
    any date that `read_spells` takes.
    """
    ongoing = spells["end"].isna()
    end = spells["end"].where(~ongoing, spells["asked"])
    undated = spells.drop(columns=["start", "end", "asked"])
    years = end - spells["start"]
    return undated.assign(duration=years, ongoing=ongoing.astype(int))


def duration_truth(
    seed: int,
    generating: Mapping[str, Any],
) -> tuple[dict[str, float], float]:
    """Draw each group's mean duration and the sd of the log; generating: [durations] of
    `read_generating`.
    """
    rng = np.random.default_rng(seed)
    groups = generating["groups"]
    means = drawn(generating["mean_years"], rng, len(groups)).tolist()
    log_sd = float(drawn(generating["log_sd"], rng))
    return dict(zip(groups, means, strict=True)), log_sd
