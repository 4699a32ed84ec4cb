"""Finding: one thing that was checked, with a verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal, overload

import pandas as pd

from uncounted.glance import glance

Verdict = Literal["pass", "warn", "stop"]
NAMED = 4  # examples that a sentence lists
# how findings of predictions begin, and what is not run without a hold-out
HELD_OUT = "held-out coverage"


@dataclass(frozen=True)
class Finding:
    """A check's outcome: the number, the threshold it was held to, and a sentence.
    "stop": nothing may be published.
    """

    name: str
    verdict: Verdict
    number: float
    threshold: float
    sentence: str

    def __repr__(self) -> str:
        return glance(f"{self.verdict}: {self.name}. {self.sentence}")


@dataclass(frozen=True)
class Findings(Sequence[Finding]):
    """Findings, shown as a table; `stopped` says whether any forbids publication,
    `not_run` names the checks that were not run.
    """

    items: tuple[Finding, ...]
    not_run: tuple[str, ...] = ()

    @overload
    def __getitem__(self, index: int) -> Finding: ...
    @overload
    def __getitem__(
        self,
        index: slice,
    ) -> tuple[Finding, ...]: ...
    def __getitem__(
        self,
        index: int | slice,
    ) -> Finding | tuple[Finding, ...]:
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    @property
    def stopped(self) -> bool:
        """Whether any finding forbids publication."""
        return any(finding.verdict == "stop" for finding in self.items)

    @property
    def table(self) -> pd.DataFrame:
        """One row per finding."""
        return pd.DataFrame([vars(finding) for finding in self.items])

    def __repr__(self) -> str:
        verdicts = [finding.verdict for finding in self]
        counts = [f"{verdicts.count(word)} {word}" for word in ("pass", "warn", "stop")]
        others = [repr(finding) for finding in self if finding.verdict != "pass"]
        not_run = [f"not run: {name}" for name in self.not_run]
        return glance(", ".join(counts), *others, *not_run)

    def _repr_html_(self) -> str:
        rows = ""
        for finding in self:
            rows += (
                f"<tr><td><b>{escape(finding.verdict)}</b></td>"
                f"<td>{escape(finding.name)}</td>"
                f"<td>{escape(finding.sentence)}</td></tr>"
            )
        for name in self.not_run:
            rows += f"<tr><td>not run</td><td>{escape(name)}</td><td></td></tr>"
        return f"<table>{rows}</table>"


def listed(examples: Sequence[str]) -> str:
    """Return examples for the end of a sentence, ": A; B; C; D and 3 more"; nothing
    without examples.
    """
    if not examples:
        return ""
    text = f": {'; '.join(examples[:NAMED])}"
    if len(examples) > NAMED:
        text += f" and {len(examples) - NAMED:,} more"
    return text
