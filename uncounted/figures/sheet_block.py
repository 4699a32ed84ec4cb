"""Block: the table within a sheet, between its title and its footnotes."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from uncounted.errors import UncountedError
from uncounted.figures.sheet_cells import Sheet, address

# "a  Includes smokeless tobacco.", "* Provisional."
FOOTNOTE = re.compile(
    r"(?P<mark>[*†‡§¶#]+|[a-z]|\d|[⁰¹²³⁴⁵⁶⁷⁸⁹ᵃᵇᶜᵈᵉ])[\s.):]+(?P<text>\S.*)"
)
RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹ᵃᵇᶜᵈᵉ", "0123456789abcde")
FEWEST = 2  # cells of a row of figures

type Row = tuple[str, ...]


@dataclass(frozen=True)
class Block:
    """A table within a sheet.

    table: texts, a column per header cell, indexed by row of the sheet, counted from 0.
    positions: column → its place in the sheet. header: the header's row, counted from
    1. title: the texts above it. footnotes: mark → text. unread: (cell, text) of rows
    of a single text that no mark begins.
    """

    table: pd.DataFrame
    positions: dict[str, int]
    header: int
    title: str
    footnotes: dict[str, str]
    unread: tuple[tuple[str, str], ...]

    def cell(self, row: int, column: str) -> str:
        """Return a cell's address, such as "B7"; of a constant, that it is one."""
        if column not in self.positions:
            return column
        return address(row, self.positions[column])


def header_with(columns: Sequence[str]) -> Callable[[Row], int]:
    """Return how many of the columns a row names: the header names most."""

    def score(row: Row) -> int:
        return len(set(columns).intersection(row))

    return score


def find_block(
    sheet: Sheet,
    where: str,
    score: Callable[[Row], int],
    header: int = 0,
) -> Block:
    """Return the table of a sheet.

    score: how much a row looks like the header; the first of the highest is. header:
    its row, counted from 1, where the card says so. Raises UncountedError where there
    is no header, no row below it, or a column twice.
    """
    index = header - 1
    if not header:
        scores = list(map(score, sheet.rows))
        index = scores.index(max(scores, default=0)) if scores else -1
    if not 0 <= index < len(sheet.rows):
        raise UncountedError(
            f"{where} has no row {header}. Say which row holds the names of the"
            " columns, as header = 4."
        )
    positions = _positions(sheet.rows[index], where)
    rows = dict(enumerate(sheet.rows[index + 1 :], index + 1))
    _check_width(rows, positions, sheet, where)
    counts = {number: sum(map(bool, row)) for number, row in rows.items()}
    footnotes, unread = {}, []
    kept = {}
    for number, row in rows.items():
        texts = [text for text in row if text]
        footnote = _footnote(texts)
        if footnote:
            footnotes |= footnote
        elif counts[number] >= FEWEST:
            kept[number] = row
        elif texts:
            column = row.index(texts[0])
            unread.append((address(number, column), texts[0]))
    if not kept:
        raise UncountedError(f"{where} has no rows below its header. Give some.")
    table = pd.DataFrame.from_dict(kept, orient="index", dtype="str")
    table = table[list(positions.values())]
    table.columns = list(positions)
    above = [text for row in sheet.rows[:index] for text in row if text]
    return Block(
        table=table,
        positions=positions,
        header=index + 1,
        title=" ".join(above),
        footnotes=footnotes,
        unread=tuple(unread),
    )


def _positions(row: Row, where: str) -> dict[str, int]:
    positions: dict[str, int] = {}
    for position, text in enumerate(row):
        if text in positions:
            raise UncountedError(
                f"{where} has more than one column '{text}'. Keep one, or rename one."
            )
        if text:
            positions[text] = position
    if not positions:
        raise UncountedError(
            f"{where} has no header. Say which row holds the names of the columns, as"
            " header = 4."
        )
    return positions


def _check_width(
    rows: dict[int, Row],
    positions: dict[str, int],
    sheet: Sheet,
    where: str,
) -> None:
    """Refuse rows of a text file that are longer than the header: a sign divides them
    that should not.
    """
    width = max(positions.values()) + 1
    longer = [number + 1 for number, row in rows.items() if any(row[width:])]
    if longer and sheet.encoding:
        raise UncountedError(
            f"{where} cannot be read as a CSV table in {sheet.encoding.upper()}: line"
            f" {longer[0]} has more cells than the header. Quote texts that hold the"
            " sign between cells."
        )


def _footnote(texts: Sequence[str]) -> dict[str, str]:
    """Return mark → text of a row that is a footnote, else nothing."""
    joined = " ".join(texts)
    match = FOOTNOTE.fullmatch(joined)
    marked = len(texts) == FEWEST and match and texts[0] == match["mark"]
    if match and (len(texts) == 1 or marked):
        return {match["mark"].translate(RAISED): match["text"]}
    return {}
