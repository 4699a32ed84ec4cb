"""Terminal: results of a command as lines of text."""

import sys
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.markup import escape

from uncounted.checks.finding import Findings
from uncounted.errors import UncountedError

console = Console()


def print_plain(text: str) -> None:
    """Print a text as it is: brackets in it are no markup."""
    console.print(text, highlight=False, markup=False)


def print_line(text: str) -> None:
    """Print a path or a command, which is one line however long it is."""
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def print_table(table: pd.DataFrame, digits: int) -> None:
    """Print the rows of all surveys, rounded."""
    rows = table.query("of == 'all'").round(digits)
    console.print(rows.to_string(index=False), highlight=False)


def print_findings(findings: Findings) -> None:
    """Print a line for each finding, then the checks that were not run."""
    for finding in findings:
        verdict = f"{finding.verdict:<4}"
        print_plain(f"  {verdict}  {finding.name}: {finding.sentence}")
    for name in findings.not_run:
        print_plain(f"  {'—':<4}  {name}: not run")


def time_sentence(seconds: dict[str, float]) -> str:
    """Return the sentence on how long each stage took."""
    stages = [f"{stage} {duration:.0f} s" for stage, duration in seconds.items()]
    return f"Time: {sum(seconds.values()):.0f} s ({', '.join(stages)})."


def budget_shares(budget: pd.DataFrame) -> str:
    """Return the shares of a variance budget: 'sampling 20%, imputation 30%'."""
    parts = zip(budget["component"], budget["share"], strict=True)
    return ", ".join(f"{component} {share:.0%}" for component, share in parts)


def print_error(sentence: str) -> None:
    """Print what was wrong to the stream of errors."""
    console_of_errors = Console(stderr=True)
    marked = f"[bold red]Error:[/] {escape(sentence)}"
    console_of_errors.print(marked, highlight=False, soft_wrap=True)


def write_table(rows: pd.DataFrame, out: Path | None) -> None:
    """Write a table to a .parquet or .csv file, or print it as CSV."""
    if out is None:
        sys.stdout.write(rows.to_csv(index=False))
    elif out.suffix == ".parquet":
        rows.to_parquet(out, index=False)
    else:
        rows.to_csv(out, index=False)


def check_out(out: Path | None) -> None:
    """Refuse a file that could not be written, before the work is done."""
    if out is None:
        return
    if out.suffix not in (".csv", ".parquet"):
        raise UncountedError(
            f"{out} ends in '{out.suffix}'. Name a file that ends in .csv or .parquet."
        )
    if not out.parent.is_dir():
        raise UncountedError(
            f"There is no folder {out.parent} to write {out.name} into. Make it first."
        )


def items(text: str) -> list[str]:
    """Return what commas separate, without blanks and empty items."""
    parts = (part.strip() for part in text.split(","))
    return [part for part in parts if part]
