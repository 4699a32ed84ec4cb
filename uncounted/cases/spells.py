"""Spells: how long a state lasted for each reported person, ended in the window or
going on at the interview.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from uncounted.errors import UncountedError, did_you_mean
from uncounted.glance import glance
from uncounted.world.shelf import shipped
from uncounted.world.table import Source, numbers, read_table, says_simulated

CALENDAR = ("start", "end", "asked")
LENGTH = ("duration", "ongoing")
YES_NO = {
    "1": True,
    "0": False,
    "yes": True,
    "no": False,
    "true": True,
    "false": False,
}
DAYS = 365.25


@dataclass(frozen=True, eq=False)
class Spells:
    """Spells that touch a window of `window_years` before the interview, one row each.

    table: group; years (whole length of a spell that ended, time so far of one that
    goes on), ongoing, and inside (years within the window; NaN where the end is not
    dated). ledger: what was left out: reason, spells. simulated: whether the table says
    that it was made up.
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

    def __repr__(self) -> str:
        ongoing = int(self.table["ongoing"].sum())
        sentence = (
            f"{self.name}: {len(self.table):,} spells that touch a window of"
            f" {self.window_years:g} years, {ongoing:,} going on; groups"
            f" {', '.join(self.groups)}"
        )
        return glance(sentence, table=self.ledger)


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
    start or a duration, are left out and listed in the ledger. Raises UncountedError
    for a table in both conventions or in neither; for a spell of no length, or one that
    ends before it starts or after the interview; and for a table in which no spell goes
    on, which holds complete spells alone: their mean over the window is no stock
    (`stock`).
    """
    if not window_years > 0:
        raise UncountedError(
            f"window_years = {window_years} should be the years of the window that was"
            " asked about."
        )
    title = f"table of spells '{name}'" if name else "table of spells"
    if not isinstance(source, pd.DataFrame):
        source = shipped(source)
    raw = read_table(source, title)
    renamed = dict(columns or {})
    group_columns = [by] if isinstance(by, str) else list(by)
    for column in (*group_columns, *renamed.values()):
        if column not in raw:
            raise UncountedError(
                f"The {title} has no column '{column}'."
                + did_you_mean(column, raw.columns)
            )
    column_of = {role: role for role in (*CALENDAR, *LENGTH)} | renamed
    roles = {role: raw[column] for role, column in column_of.items() if column in raw}
    if _convention(roles, title) == CALENDAR:
        table, reason = _by_dates(roles, window_years, title)
    else:
        table, reason = _by_lengths(roles, window_years, title)
    table.insert(0, "group", "all")
    if group_columns:
        groups = raw[group_columns]
        unknown = (groups == "").any(axis=1)
        table["group"] = groups.agg(", ".join, axis=1)
        reason = reason.mask((reason == "") & unknown, "group unknown")
    kept = table[reason == ""].sort_values(
        ["group", "ongoing", "years"],
        ignore_index=True,
        kind="stable",
    )
    _check_ongoing(kept, title)
    return Spells(
        name=name or title,
        window_years=float(window_years),
        table=kept,
        ledger=_ledger(reason),
        simulated=says_simulated(raw),
    )


def _convention(roles: Mapping[str, pd.Series], title: str) -> tuple[str, ...]:
    if set(CALENDAR) & set(roles) and set(LENGTH) & set(roles):
        raise UncountedError(
            f"The {title} mixes two conventions: {', '.join(roles)}. A duration may be"
            " the whole spell or the part within the window, and start and end may"
            " disagree with it. Keep start, end and asked, or duration and ongoing."
        )
    for convention in (CALENDAR, LENGTH):
        if set(convention) <= set(roles):
            return convention
    columns = ", ".join(roles) or "no column of either convention"
    raise UncountedError(
        f"The {title} has {columns}."
        " Give start, end and asked, or duration and ongoing, under these names or"
        " by columns={…}."
    )


def _by_dates(
    roles: Mapping[str, pd.Series],
    window: float,
    title: str,
) -> tuple[pd.DataFrame, pd.Series]:
    """Return years, ongoing and inside of every spell, and why it is left out."""
    start = _times(roles["start"], "start", title)
    end = _times(roles["end"], "end", title)
    interview = _times(roles["asked"], "asked", title)
    ongoing = np.isnan(end)
    until = np.where(ongoing, interview, end)
    after = (until > interview) | (start > interview)
    no_length = (
        "no length, as where start and end are whole years: give months or dates"
    )
    _refuse(np.isnan(interview), "no time of the interview", title)
    _refuse(after, "a start or an end after the interview", title)
    _refuse(until < start, "an end before the start", title)
    _refuse(until == start, no_length, title)
    opening = interview - window
    reason = pd.Series("", roles["start"].index)
    reason = reason.mask(np.isnan(start), "start unknown")
    reason = reason.mask(until <= opening, "ended before the window")
    table = pd.DataFrame({"years": until - start, "ongoing": ongoing})
    return table.assign(inside=until - np.maximum(start, opening)), reason


def _by_lengths(
    roles: Mapping[str, pd.Series],
    window: float,
    title: str,
) -> tuple[pd.DataFrame, pd.Series]:
    """Return years, ongoing and inside of every spell, and why it is left out."""
    years = numbers(roles["duration"])
    text = roles["ongoing"].str.lower()
    strange = ~text.isin([*YES_NO, ""]).to_numpy()
    no_length = np.isinf(years) | (years <= 0)
    _refuse(strange, "an `ongoing` that is neither 1 nor 0", title)
    _refuse(no_length, "no duration in years above 0", title)
    ongoing = text.map(YES_NO).fillna(False).to_numpy(bool)
    reason = pd.Series("", text.index)
    reason = reason.mask(np.isnan(years), "duration unknown")
    reason = reason.mask(text == "", "ongoing unknown")
    inside = np.where(ongoing, np.minimum(years, window), np.nan)
    table = pd.DataFrame(
        {
            "years": years,
            "ongoing": ongoing,
            "inside": inside,
        }
    )
    return table, reason


def _times(
    column: pd.Series,
    role: str,
    title: str,
) -> np.ndarray:
    """Return times in years, from years with decimals or ISO dates; NaN where blank."""
    years = numbers(column)
    texts = column.where(np.isinf(years))
    dates = pd.to_datetime(
        texts,
        format="%Y-%m-%d",
        errors="coerce",
    )
    january = dates.dt.year.astype("Int64").astype("str") + "-01-01"
    days = (dates - pd.to_datetime(january, errors="coerce")).dt.days
    years = np.where(dates.notna(), dates.dt.year + days / DAYS, years)
    outside = ~np.isnan(years) & ~((years > 1900) & (years < 2101))
    _refuse(outside, f"a {role} that is no year and no date", title)
    return years


def _refuse(
    wrong: np.ndarray,
    fault: str,
    title: str,
) -> None:
    if np.any(wrong):
        lines = np.flatnonzero(wrong) + 2  # the header is line 1
        listed = ", ".join(str(line) for line in lines[:8])
        raise UncountedError(
            f"The {title} has {fault} in {len(lines)} row(s), at line {listed}."
            " Mend the table."
        )


def _check_ongoing(table: pd.DataFrame, title: str) -> None:
    ongoing = table.groupby("group")["ongoing"].any()
    for group in ongoing.index[~ongoing]:
        raise UncountedError(
            f"The {title} has no spell of '{group}' that goes on at the interview."
            " Complete spells alone overstate the stock (N times their mean over"
            " the window, by 1.8 to 2.1): add those that go on, with their time so"
            " far."
        )


def _ledger(reason: pd.Series) -> pd.DataFrame:
    spells = reason[reason != ""].value_counts()
    reasons = spells.index.astype("str")
    return pd.DataFrame({"reason": reasons, "spells": spells.to_numpy()})
