"""Lists: incomplete lists of the same hidden population, as counts of capture
histories.
"""

import re
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from uncounted.errors import UncountedError, did_you_mean
from uncounted.glance import glance
from uncounted.world.table import Source, numbers, read_table

KINDS = ("flow", "stock")
FEWEST, MOST = 2, 8


@dataclass(frozen=True, eq=False)
class Lists:
    """Persons by the lists that they are on: `table` has a 0/1 column per list and
    `count`, one row per history that was seen.

    lists: their names, sorted. what: "flow", persons affected at some time in a window
    of `window_years` that ends in `year`; or "stock", persons affected at a moment of
    it, without a window. A history that isn't listed counts 0.
    """

    name: str
    country: str
    year: int
    what: str
    window_years: float | None
    lists: tuple[str, ...]
    table: pd.DataFrame

    @property
    def observed(self) -> int:
        """Persons on one list or more."""
        return int(self.table["count"].sum())

    @property
    def states(self) -> str:
        """What a total of these lists is: a stock, or a flow in a window."""
        if self.window_years is None:
            return "stock"
        return f"flow in a window of {self.window_years:g} year(s)"

    def histories(self) -> tuple[np.ndarray, np.ndarray]:
        """Return all histories but that of nobody's list (2^lists − 1, lists), in 0/1,
        and their counts.
        """
        histories = np.array(list(product((0, 1), repeat=len(self.lists)))[1:])
        place = 2 ** np.arange(len(self.lists))[::-1]
        seen = self.table[list(self.lists)].to_numpy(int)
        counts = np.zeros(len(histories))
        counts[seen @ place - 1] = self.table["count"]
        return histories, counts

    def __repr__(self) -> str:
        sentence = (
            f"{self.name}: {self.country} {self.year}, {self.states};"
            f" {self.observed:,} persons"
        )
        table = self.table.sort_values("count", ascending=False, kind="stable")
        return glance(sentence, table=table)


def read_lists(
    source: Source,
    country: str,
    year: int,
    what: str,
    window_years: float | None = None,
    count: str | None = None,
    name: str | None = None,
) -> Lists:
    """Read a capture table: a CSV file or DataFrame with a column of 0/1 per list and
    one of counts.

    count: the column of counts, the last one if not given. what: "flow", which needs
    window_years, or "stock". Raises UncountedError naming the line for a value that
    isn't 0/1, a count that isn't whole, a history twice or on no list; and for a list
    with nobody, fewer than two lists or more than eight.
    """
    if not name:
        is_file = isinstance(source, str | Path)
        name = Path(source).stem if is_file else f"{country} {year}"
    where = f"capture table '{name}'"
    _check_about(where, country, year, what, window_years)
    raw = read_table(source, where)
    if count is None:
        count = str(raw.columns[-1])
    names = _list_names(raw, count, where)
    table = pd.DataFrame({column: numbers(raw[column]) for column in [*names, count]})
    _check_rows(table, names, count, where)
    table = table.astype(int).rename(columns={count: "count"})
    table = table[table["count"] > 0]
    table = table.sort_values(names, ignore_index=True, kind="stable")
    _check_lists(table, names, where)
    return Lists(
        name,
        country,
        year,
        what,
        window_years,
        tuple(names),
        table,
    )


def _list_names(
    raw: pd.DataFrame,
    count: str,
    where: str,
) -> list[str]:
    """Return the columns of lists, sorted; refuse too few or too many."""
    if count not in raw:
        hint = did_you_mean(count, raw.columns)
        raise UncountedError(f"The {where} has no column '{count}' of counts.{hint}")
    names = sorted(str(column) for column in raw.columns if column != count)
    if not FEWEST <= len(names) <= MOST:
        todo = "Add a list" if len(names) < FEWEST else "Merge those that overlap least"
        raise UncountedError(
            f"The {where} has {len(names)} list(s); {FEWEST} to {MOST} can be used."
            f" {todo}."
        )
    return names


def _check_about(
    where: str,
    country: str,
    year: int,
    what: str,
    window_years: float | None,
) -> None:
    if not re.fullmatch("[A-Z]{3}", str(country)):
        raise UncountedError(
            f"The {where} is of country '{country}'. Write its ISO 3166 alpha-3 code,"
            " such as GBR."
        )
    if year != int(year):
        raise UncountedError(f"The {where} is of year {year}. Write a whole year.")
    if what not in KINDS:
        raise UncountedError(
            f"The {where} is said to count a '{what}'. Say flow or"
            f" stock.{did_you_mean(what, KINDS)}"
        )
    if what == "flow" and (window_years is None or not window_years > 0):
        raise UncountedError(
            f"The {where} counts a flow. Say in a window of how many years:"
            " window_years = 1."
        )
    if what == "stock" and window_years is not None:
        raise UncountedError(
            f"The {where} counts a stock, which has no window. Leave window_years out,"
            " or say flow."
        )


def _check_rows(
    table: pd.DataFrame,
    names: list[str],
    count: str,
    where: str,
) -> None:
    listed, persons = table[names], table[count]
    faults = {
        "a value other than 0 or 1 in the column of a list": (
            ~listed.isin([0, 1]).all(axis=1)
        ),
        "a count that is no whole number from 0": ~(
            persons.ge(0) & persons.mod(1).eq(0)
        ),
        "persons on no list, whose number is what is asked": (
            listed.eq(0).all(axis=1) & persons.gt(0)
        ),
        "a history that is there before": listed.duplicated(),
    }
    for fault, bad in faults.items():
        if bad.any():
            lines = ", ".join(str(line + 2) for line in np.flatnonzero(bad)[:8])
            raise UncountedError(
                f"The {where} has {fault} in {bad.sum()} row(s), at line {lines}. Mend"
                " the table."
            )


def _check_lists(
    table: pd.DataFrame,
    names: list[str],
    where: str,
) -> None:
    for name in names:
        if not (table[name] * table["count"]).sum():
            raise UncountedError(
                f"The {where} has nobody on the list '{name}'. Leave its column out."
            )
