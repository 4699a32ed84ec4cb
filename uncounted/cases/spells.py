"""Spells: how long it lasted for each reported person, ended in the window or going on
at the interview.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from uncounted.errors import UncountedError, did_you_mean
from uncounted.world.shelf import shipped
from uncounted.world.table import Source, numbers, read_table, says_simulated

CALENDAR, LENGTH = ("start", "end", "asked"), ("duration", "ongoing")
YES_NO = {"1": True, "0": False, "yes": True, "no": False, "true": True, "false": False}
DAYS = 365.25


@dataclass(frozen=True, eq=False)
class Spells:
    """Spells that touch a window of `window_years` before the interview, one row each.

    table: group; years (whole length of a spell that ended, time so far of one that
    goes on), ongoing, and inside (years within the window; NaN where nobody said when
    it ended). ledger: what was left out: reason, spells. simulated: whether the table
    says so of itself.
    """

    name: str
    window_years: float
    table: pd.DataFrame
    ledger: pd.DataFrame
    simulated: bool = False

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups, sorted."""
        return tuple(sorted(set(self.table["group"])))

    def _repr_html_(self) -> str:
        told = (
            f"{len(self.table):,} spells that touch a window of {self.window_years:g}"
            " years"
        )
        ongoing, left_out = (
            int(self.table["ongoing"].sum()),
            self.ledger.to_html(index=False),
        )
        return (
            f"<b>{self.name}</b>: {told}, {ongoing:,} going on; groups"
            f" {', '.join(self.groups)}{left_out}"
        )


def read_spells(
    source: Source,
    window_years: float,
    by: str | Sequence[str] = (),
    *,
    columns: Mapping[str, str] | None = None,
    name: str | None = None,
) -> Spells:
    """Read spells in one of two conventions: start, end and asked, or duration and
    ongoing.

    start, end (blank: going on) and asked (when the interview was) are years with
    decimals (2014.5) or dates (2014-07-01). duration is the whole length in years of a
    spell that ended in the window, the time so far of one that goes on; ongoing is 1 or
    0. columns: role → column, where names differ. by: columns whose values make groups,
    such as sex or leaf. Spells that ended before the window, and those that lack a
    start or a duration, are left out and told. Raises UncountedError for a table in
    both conventions or in neither, for a spell of no length, that ends before it starts
    or after the interview; and for a table without a spell that goes on, which holds
    complete spells alone: their mean over the window is no stock (`stock`).
    """
    if not window_years > 0:
        raise UncountedError(
            f"window_years = {window_years} should be the years of the window that was"
            " asked about."
        )
    what = f"table of spells '{name}'" if name else "table of spells"
    raw = read_table(
        shipped(source) if not isinstance(source, pd.DataFrame) else source, what
    )
    named = {role: role for role in (*CALENDAR, *LENGTH)} | dict(columns or {})
    found = {role: raw[column] for role, column in named.items() if column in raw}
    groups = [by] if isinstance(by, str) else list(by)
    for column in [*groups, *(columns or {}).values()]:
        if column not in raw:
            raise UncountedError(
                f"The {what} has no column"
                f" '{column}'.{did_you_mean(column, raw.columns)}"
            )
    table, why = (_calendar if _convention(found, what) == CALENDAR else _lengths)(
        found, window_years, what
    )
    table.insert(0, "group", raw[groups].agg(", ".join, axis=1) if groups else "all")
    why = (
        why.mask((why == "") & (raw[groups] == "").any(axis=1), "group unknown")
        if groups
        else why
    )
    kept = table[why == ""].sort_values(
        ["group", "ongoing", "years"], ignore_index=True, kind="stable"
    )
    _check(kept, what)
    return Spells(
        name or what, float(window_years), kept, _ledger(why), says_simulated(raw)
    )


def _convention(found: Mapping[str, pd.Series], what: str) -> tuple[str, ...]:
    whole = [
        convention for convention in (CALENDAR, LENGTH) if set(convention) <= set(found)
    ]
    of = [
        convention for convention in (CALENDAR, LENGTH) if set(convention) & set(found)
    ]
    if len(of) > 1:
        raise UncountedError(
            f"The {what} mixes two conventions: {', '.join(found)}. A duration may be"
            " the whole spell or the part within the window, and start and end may"
            " disagree with it. Keep start, end and asked, or duration and ongoing."
        )
    if not whole:
        raise UncountedError(
            f"The {what} has {', '.join(found) or 'no column of either convention'}."
            " Give start, end and asked, or duration and ongoing, under these names or"
            " by columns={…}."
        )
    return whole[0]


def _calendar(
    found: Mapping[str, pd.Series], window: float, what: str
) -> tuple[pd.DataFrame, pd.Series]:
    start, end, asked = (_when(found[role], role, what) for role in CALENDAR)
    ongoing = np.isnan(end)
    until = np.where(ongoing, asked, end)
    _refuse(np.isnan(asked), "no time of the interview", what)
    _refuse(
        (until > asked) | (start > asked), "a start or an end after the interview", what
    )
    _refuse(until < start, "an end before the start", what)
    _refuse(
        until == start,
        "no length, as where start and end are whole years: give months or dates",
        what,
    )
    why = pd.Series("", found["start"].index).mask(np.isnan(start), "start unknown")
    why = why.mask(until <= asked - window, "ended before the window")
    inside = until - np.maximum(start, asked - window)
    return (
        pd.DataFrame({"years": until - start, "ongoing": ongoing, "inside": inside}),
        why,
    )


def _lengths(
    found: Mapping[str, pd.Series], window: float, what: str
) -> tuple[pd.DataFrame, pd.Series]:
    years, told = numbers(found["duration"]), found["ongoing"].str.lower()
    _refuse(
        ~told.isin([*YES_NO, ""]).to_numpy(),
        "an `ongoing` that is neither 1 nor 0",
        what,
    )
    _refuse(np.isinf(years) | (years <= 0), "no duration in years above 0", what)
    ongoing = told.map(YES_NO).fillna(False).to_numpy(bool)
    why = (
        pd.Series("", told.index)
        .mask(np.isnan(years), "duration unknown")
        .mask(told == "", "ongoing unknown")
    )
    inside = np.where(ongoing, np.minimum(years, window), np.nan)
    return pd.DataFrame({"years": years, "ongoing": ongoing, "inside": inside}), why


def _when(column: pd.Series, role: str, what: str) -> np.ndarray:
    """Return times in years, from years with decimals or ISO dates; NaN where blank."""
    years = numbers(column)
    dates = pd.to_datetime(
        column.where(np.isinf(years)), format="%Y-%m-%d", errors="coerce"
    )
    first = pd.to_datetime(
        dates.dt.year.astype("Int64").astype("str") + "-01-01", errors="coerce"
    )
    years = np.where(
        dates.notna(), dates.dt.year + (dates - first).dt.days / DAYS, years
    )
    _refuse(
        ~np.isnan(years) & ~((years > 1900) & (years < 2101)),
        f"a {role} that is no year and no date",
        what,
    )
    return years


def _refuse(wrong: np.ndarray, told: str, what: str) -> None:
    if np.any(wrong):
        lines = ", ".join(str(line + 2) for line in np.flatnonzero(wrong)[:8])
        raise UncountedError(
            f"The {what} has {told} in {int(np.sum(wrong))} row(s), at line {lines}."
            " Mend the table."
        )


def _check(table: pd.DataFrame, what: str) -> None:
    for group, of in table.groupby("group"):
        if not of["ongoing"].any():
            raise UncountedError(
                f"The {what} has no spell of '{group}' that goes on at the interview."
                " Complete spells alone overstate the stock (N times their mean over"
                " the window, by 1.8 to 2.1): add those that go on, with their time so"
                " far."
            )


def _ledger(why: pd.Series) -> pd.DataFrame:
    told = why[why != ""].value_counts()
    return pd.DataFrame({"reason": told.index.astype("str"), "spells": told.to_numpy()})
