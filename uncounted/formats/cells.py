"""Cells: numbers, intervals and drawings as paper prints them."""

import math
from collections.abc import Sequence
from typing import Any

from uncounted.charts import charts
from uncounted.model.vocabulary import SHOW
from uncounted.release.outline import Record
from uncounted.release.release import Release
from uncounted.wording import numerals


def picture(svg: str, label: str) -> Record:
    """Return a drawing with what it says to somebody who doesn't see it."""
    return {"svg": svg, "label": label}


def interval(row: Record, top: float, release: Release) -> list[Any]:
    """Return where an interval's ends and median lie on a scale from 0 to top, 0 to 1,
    and whether it was surveyed.
    """
    unit = SHOW[release.show] / top
    ends = [row[f"prevalence_{stat}"] * unit for stat in ("lower", "median", "upper")]
    known = all(map(math.isfinite, ends))
    return (
        [min(max(end, 0.0), 1.0) for end in ends] + [row["evidence"] == "surveyed"]
        if known
        else []
    )


def scale(rows: Sequence[Record], release: Release) -> tuple[float, list[list[Any]]]:
    """Return the end of a scale that holds every interval, and its marks: place from 0
    to 1, and number.
    """
    highest = max(
        (
            row["prevalence_upper"]
            for row in rows
            if math.isfinite(row["prevalence_upper"])
        ),
        default=math.nan,
    )
    marks = charts.ticks(highest * SHOW[release.show])
    return marks[-1], [
        [mark / marks[-1], numerals.short(mark, release.say)] for mark in marks
    ]


def estimate(row: Record, release: Release) -> list[str]:
    """Write an estimate as two lines: median, and bounds."""
    low, middle, high = (
        numerals.bare(row[f"prevalence_{stat}"], release.show, release.say)
        for stat in ("lower", "median", "upper")
    )
    return [middle, f"{low}–{high}"]


def persons(row: Record, release: Release) -> list[str]:
    """Write persons as two lines: mean, and bounds."""
    say = release.say
    bounds = numerals.persons_between(row["persons_lower"], row["persons_upper"], say)
    return [numerals.persons(row["persons_mean"], say), bounds]
