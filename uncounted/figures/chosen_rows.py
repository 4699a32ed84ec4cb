"""Chosen rows: the parts of surveys that are used, as rows of a table of figures."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

from uncounted.figures.extent import Cover
from uncounted.figures.partition import Part

SUMS = ("n", "respondents", "cases", "persons")  # of a rest: the total's less others'
NAN = float("nan")
COLUMNS = ("sex", "breakdown", "choice", "shared", "figure")


class Chosen(NamedTuple):
    """A part that is used.

    cover: the persons that it is about. breakdown: the name of its survey's. choice:
    the disjoint set that it is in. shared: how many sets are about the same persons.
    """

    part: Part
    cover: Cover
    breakdown: str
    choice: str
    shared: float


def assembled(
    rows: pd.DataFrame,
    chosen: Sequence[Chosen],
    traits: Sequence[str],
) -> pd.DataFrame:
    """Return the chosen parts as rows, whole figures before the rests of totals."""
    figures = [choice for choice in chosen if not choice.part.less]
    rests = [choice for choice in chosen if choice.part.less]
    table = rows.loc[[choice.part.figure.row for choice in figures]]
    if rests:
        rest_rows = [_rest_row(rows, choice.part) for choice in rests]
        table = pd.concat([table, pd.DataFrame(rest_rows)])
    columns = pd.DataFrame(
        [_columns(choice, traits) for choice in (*figures, *rests)],
        index=table.index,
        columns=[*COLUMNS, *traits, "covers", "less"],
    )
    return table.assign(**{str(name): values for name, values in columns.items()})


def _columns(
    chosen: Chosen,
    traits: Sequence[str],
) -> dict[str, Any]:
    cover = chosen.cover
    values = (
        cover.sex,
        chosen.breakdown,
        chosen.choice,
        chosen.shared,
        chosen.part.figure.row,
    )
    columns = dict(zip(COLUMNS, values, strict=True))
    levels = dict(zip(traits, cover.levels, strict=True))
    return columns | levels | {"covers": cover.bands, "less": _named(cover, traits)}


def _named(
    cover: Cover,
    traits: Sequence[str],
) -> tuple:
    """Return what a row excepts with the names of the traits: (sex, ((trait, level),
    …), bands).
    """
    return tuple(
        (
            sex,
            tuple(
                zip(
                    traits,
                    levels,
                    strict=True,
                )
            ),
            bands,
        )
        for sex, levels, bands in cover.less
    )


def _rest_row(
    rows: pd.DataFrame,
    part: Part,
) -> pd.Series:
    """Return the row of a total's rest: persons, cases and n are the total's less those
    of the figures beside it.
    """
    total = rows.loc[part.figure.row].to_dict()
    beside = rows.loc[[figure.row for figure in part.less]]
    columns: dict[Any, Any] = {
        "estimate": part.estimate,
        "n_weighted": part.weighted,
        "se": NAN,
        "rest": True,
    }
    for column in SUMS:
        columns[column] = total[column] - beside[column].sum(skipna=False)
    if not columns["n"] > 0:
        share = (part.weighted or 0.0) / total["n_weighted"]
        # by n, so that its design effect is smoothed anew wherever others' are
        by_n = total["n"] > 0
        columns["n"] = total["n"] * share if by_n else NAN
        columns["n_interval"] = NAN if by_n else total["alone"] * share
    return pd.Series(total | columns, name=f"{part.figure.row} rest {part.pieces}")
