"""Record: what selection reads of each row of a table of figures."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import pandas as pd

from uncounted.figures.chosen_rows import NAN
from uncounted.figures.extent import Figure, Grid, Levels

# a figure's size is the first of these that all usable figures of its part have
MEASURES = ("persons", "n_weighted", "by_error", "alone")


class Row(NamedTuple):
    """What is read of one row of a table of figures; NaN where unknown. counted: cases
    that were not computed.
    """

    index: Any
    survey: str
    kind: str
    sex: str
    age: str
    levels: Levels
    usable: bool
    estimate: float
    persons: float
    cases: float
    counted: float
    n_weighted: float
    by_error: float
    alone: float
    half_estimate: float


def records_of(
    rows: pd.DataFrame,
    traits: Sequence[str],
) -> list[Row]:
    """Return the record of each row of a table of figures."""
    levels = [()] * len(rows)
    if traits:
        levels = list(zip(*(rows[trait] for trait in traits), strict=True))
    named = rows.assign(
        index=rows.index,
        levels=pd.Series(levels, rows.index, dtype=object),
    )
    columns = [named[name].tolist() for name in Row._fields]
    return list(map(Row._make, zip(*columns, strict=True)))


def figures_of_records(records: list[Row]) -> list[Figure]:
    """Return the figures of a part; their sizes are of one of MEASURES, None where no
    measure is known of all usable ones.
    """
    usable = [row for row in records if row.usable]
    measure = _measure(usable)
    return [
        Figure(
            row=row.index,
            sex=row.sex,
            age=row.age,
            levels=row.levels,
            size=_number(getattr(row, measure, NAN)),
            usable=row.usable,
            estimate=_number(row.estimate),
            persons=_number(row.persons) or _number(row.n_weighted),
        )
        for row in records
    ]


def _measure(usable: list[Row]) -> str:
    """Return the first measure that all usable rows have, else nothing."""
    for name in MEASURES:
        if all(getattr(row, name) > 0 for row in usable):
            return name
    return ""


def _number(value: float) -> float | None:
    return None if value != value else float(value)


def measured(
    figures: list[Figure],
    pieces: Grid,
) -> list[Figure]:
    """Return figures with the months that they are about as sizes, where sizes aren't
    known.
    """
    if all(figure.size is not None for figure in figures if figure.usable):
        return figures
    return [
        replace(figure, size=float(pieces.months(pieces.extent(figure))))
        for figure in figures
    ]
