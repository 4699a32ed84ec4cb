"""The ledger: every row that was repaired, left out or not used again, with the reason."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd

WHICH = ["survey", "country", "year", "sex", "age"]
COLUMNS = ["action", "why", *WHICH]


@dataclass(frozen=True)
class Ledger:
    """One line per row of a source that did not enter as it stood; columns COLUMNS."""

    lines: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=COLUMNS))

    def add(self, rows: pd.DataFrame, action: str, why: str) -> "Ledger":
        """Return a ledger with a line more for each row; action: repaired, excluded, not used again."""
        if rows.empty:
            return self
        new = rows.assign(action=action, why=why).reindex(columns=COLUMNS)
        new = new.astype(dict.fromkeys([column for column in COLUMNS if column != "year"], "str"))
        lines = [new] if self.lines.empty else [self.lines, new]
        return Ledger(pd.concat(lines, ignore_index=True))

    def split(self, rows: pd.DataFrame, out: pd.Series, why: str) -> tuple[pd.DataFrame, "Ledger"]:
        """Return the rows that stay and the ledger in which the others are written down as excluded."""
        return rows.loc[~out], self.add(rows.loc[out], "excluded", why)

    def less(self, rows: pd.DataFrame) -> "Ledger":
        """Return the ledger without the lines about these rows."""
        which = pd.MultiIndex.from_frame(self.lines.reindex(columns=WHICH))
        told = which.isin(pd.MultiIndex.from_frame(rows.reindex(columns=WHICH)))
        return Ledger(self.lines.loc[~told].reset_index(drop=True))

    def summary(self) -> pd.DataFrame:
        """Return how many rows, of how many surveys, met each fate; columns action, why, rows, surveys."""
        if self.lines.empty:
            return pd.DataFrame(columns=["action", "why", "rows", "surveys"])
        told = self.lines.groupby(["action", "why"], sort=True)["survey"].agg(rows="size", surveys="nunique")
        return told.reset_index().sort_values(
            ["action", "rows"], ascending=[True, False], ignore_index=True, kind="stable"
        )

    def _repr_html_(self) -> str:
        render: Callable[..., str] = self.summary().to_html
        return render(index=False)
