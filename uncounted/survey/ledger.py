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
        """Return a ledger with a line more for each of the rows; action: repaired, excluded, not used again."""
        if rows.empty:
            return self
        new = rows.reindex(columns=WHICH).assign(action=action, why=why)[COLUMNS]
        return Ledger(new if self.lines.empty else pd.concat([self.lines, new], ignore_index=True))

    def split(self, rows: pd.DataFrame, out: pd.Series, why: str) -> tuple[pd.DataFrame, "Ledger"]:
        """Return the rows that stay and the ledger in which the others are written down as excluded."""
        return rows[~out], self.add(rows[out], "excluded", why)

    def about(self, rows: pd.DataFrame) -> "Ledger":
        """Return the lines about the surveys of these rows."""
        return Ledger(self.lines[self.lines["survey"].isin(rows["survey"])].reset_index(drop=True))

    def summary(self) -> pd.DataFrame:
        """Return how many rows, of how many surveys, met each fate; columns action, why, rows, surveys."""
        if self.lines.empty:
            return pd.DataFrame(columns=["action", "why", "rows", "surveys"])
        told = self.lines.groupby(["action", "why"], sort=True)["survey"].agg(rows="size", surveys="nunique")
        return told.reset_index().sort_values(["action", "rows"], ascending=[True, False], ignore_index=True)

    def _repr_html_(self) -> str:
        render: Callable[..., str] = self.summary().to_html
        return render(index=False)
