"""The ledger: every row that was repaired, left out or not used again, with the reason
and the persons left out.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from uncounted.glance import outline

WHICH = ["survey", "country", "year", "sex", "age"]
LOST = ["respondents", "cases"]
COLUMNS = ["action", "why", *WHICH, *LOST]


@dataclass(frozen=True)
class Ledger:
    """One line per row of a source that did not enter as it stood; columns COLUMNS.

    respondents and cases: the persons whom the line leaves out of the evidence,
    unweighted, empty where it leaves out nobody or their number is unknown. Respondents
    read are those of the evidence and those of the ledger together.
    """

    lines: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=COLUMNS))

    def add(
        self,
        rows: pd.DataFrame,
        action: str,
        why: str,
    ) -> "Ledger":
        """Return a ledger with a line more for each row; action: repaired, excluded,
        not used again.

        Only excluded rows leave persons out: their `respondents`, else their `n`, and
        their `cases`.
        """
        if rows.empty:
            return self
        lost = (
            _persons(rows)
            if action == "excluded"
            else rows[[]].assign(**dict.fromkeys(LOST, float("nan")))
        )
        new = (
            rows.drop(columns=LOST, errors="ignore")
            .assign(action=action, why=why)
            .join(lost)
        )
        new = new.reindex(columns=COLUMNS)
        texts = [column for column in COLUMNS if column not in ("year", *LOST)]
        new = new.astype(dict.fromkeys(texts, "str") | dict.fromkeys(LOST, float))
        lines = [new] if self.lines.empty else [self.lines, new]
        return Ledger(pd.concat(lines, ignore_index=True))

    def split(
        self,
        rows: pd.DataFrame,
        out: pd.Series,
        why: str,
    ) -> tuple[pd.DataFrame, "Ledger"]:
        """Return the rows that stay and the ledger in which the others are written down
        as excluded.
        """
        return rows.loc[~out], self.add(
            rows.loc[out],
            "excluded",
            why,
        )

    def less(
        self,
        rows: pd.DataFrame,
        unless: str = "",
    ) -> "Ledger":
        """Return the ledger without the lines about these rows, but for those of one
        reason.
        """
        about = self.about(rows) & (self.lines["why"] != unless).to_numpy()
        return Ledger(self.lines.loc[~about].reset_index(drop=True))

    def about(self, rows: pd.DataFrame) -> np.ndarray:
        """Return which lines are about some of these rows (lines,)."""
        return _which(self.lines).isin(_which(rows))

    def has(self, rows: pd.DataFrame) -> np.ndarray:
        """Return which of these rows have a line (rows,)."""
        return _which(rows).isin(_which(self.lines))

    def summary(self) -> pd.DataFrame:
        """Return how many rows, of how many surveys, met each fate; columns action,
        why, rows, surveys, respondents.
        """
        if self.lines.empty:
            return pd.DataFrame(
                columns=["action", "why", "rows", "surveys", "respondents"]
            )
        by = self.lines.groupby(["action", "why"], sort=True)
        table = by["survey"].agg(
            rows="size",
            surveys="nunique",
        )
        table = table.join(by["respondents"].sum(min_count=1))
        order = ["action", "rows", "why"]
        return table.reset_index().sort_values(
            order,
            ascending=[True, False, True],
            kind="stable",
            ignore_index=True,
        )

    def __str__(self) -> str:
        lines = []
        for row in self.summary().itertuples():
            rows = "1 row" if row.rows == 1 else f"{row.rows:,} rows"
            surveys = "1 survey" if row.surveys == 1 else f"{row.surveys:,} surveys"
            lines.append(f"{row.action}: {rows} of {surveys}, {row.why}")
        return "\n".join(lines) or "Every row entered as it stood."

    __repr__ = outline


def _which(table: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(table.reindex(columns=WHICH))


def _persons(rows: pd.DataFrame) -> pd.DataFrame:
    nothing = pd.Series(float("nan"), rows.index)
    respondents = rows.get("respondents", nothing).astype(float)
    respondents = respondents.fillna(rows.get("n", nothing))
    return pd.DataFrame(
        {"respondents": respondents, "cases": rows.get("cases", nothing).astype(float)}
    )
