"""Readings: the cells of a table read by their roles, with how each was read."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from uncounted.errors import UncountedError
from uncounted.figures.cell_text import (
    BOTH,
    GAPS,
    PLAIN,
    SIGNS,
    SPACES,
    THREE_DIGITS,
    CellReader,
    Convention,
    Doubt,
    Reading,
    number_reader,
    read_age,
    read_bounds,
    read_estimate,
    read_sex,
    read_until,
    read_years,
    shown_decimal,
)
from uncounted.figures.sheet_block import RAISED, Block
from uncounted.world.codes import known_countries

CODE = re.compile("[A-Z]{3}")
WHOLE = ("n", "respondents", "cases", "psus")
REAL = ("se", "lower", "upper", "n_weighted", "deff", "window")
NUMBER_READERS: dict[str, CellReader] = {
    "estimate": read_estimate,
    "bounds": read_bounds,
    **{role: number_reader(role, counted=True) for role in WHOLE},
    **{role: number_reader(role, counted=False) for role in REAL},
}


def read_country(text: str, _convention: Convention) -> Reading:
    """Read a country's alpha-3 code, of its name or another code; a text that no
    country is known by stays.
    """
    if CODE.fullmatch(text) or not text:
        return Reading({"country": text})
    name = SIGNS.sub("", text).strip()
    marks = tuple(SIGNS.findall(text))
    countries = known_countries(name)
    if len(countries) > 1:
        listed = " or ".join(
            f"{code} ({', '.join(systems)})" for code, systems in countries.items()
        )
        raise Doubt(f"is {listed}", next(iter(countries)))
    if not countries:
        return Reading({"country": text}, "no country is known as this: it stays")
    return Reading({"country": next(iter(countries))}, "the country's code", "", marks)


READERS: dict[str, CellReader] = NUMBER_READERS | {
    "year": read_years,
    "until": read_until,
    "sex": read_sex,
    "age": read_age,
    "country": read_country,
}
BLANKS = {"age": "all", "sex": "both"}  # what is proposed for a blank cell
HEADINGS = ["role", "cell", "says", "read", "how"]
DOUBTS = ["role", "cell", "says", "proposed", "why"]
LISTED = 6  # cells of one text that a sentence lists


@dataclass(frozen=True)
class Cells:
    """A table's cells as plain texts.

    texts: role → column of plain texts, indexed by row of the sheet. halves: half of
    the width that an estimate such as "<0.1" leaves open, else 0. footnotes: the texts
    that a row's marks point to. readings: how each text was read that is not read as it
    stands (HEADINGS). doubts: the texts that are not read, with a proposal (DOUBTS).
    """

    texts: pd.DataFrame
    halves: pd.Series
    footnotes: pd.Series
    readings: pd.DataFrame
    doubts: pd.DataFrame

    def named(self, outcome: str) -> "Cells":
        """Return the cells with the estimate called by its outcome in the lists."""
        role = {"estimate": outcome}
        return replace(
            self,
            readings=self.readings.replace({"role": role}),
            doubts=self.doubts.replace({"role": role}),
        )


@dataclass(frozen=True)
class ColumnReading:
    """How each distinct text of one column is read, or why it is not."""

    role: str
    column: str
    texts: pd.Series
    readings: dict[str, Reading]
    doubts: dict[str, Doubt]


def conventions_of(
    block: Block,
    columns: Mapping[str, str],
    decimal: str = "",
    parentheses: str = "",
) -> dict[str, Convention]:
    """Return role → how a table prints its numbers: as its card says, else as cells
    show, those of counts and those of all other numbers apart.
    """
    letters = tuple(mark for mark in block.footnotes if mark.isalpha())
    counts = [role for role in columns if role in WHOLE]
    others = [role for role in columns if role not in WHOLE]
    conventions = {}
    for roles in (counts, others):
        signs: set[str] = set()
        for role in roles:
            texts = block.table[columns[role]] if role in NUMBER_READERS else ()
            for text in dict.fromkeys(texts):
                signs |= shown_decimal(text)
        shown = BOTH if len(signs) == 2 else min(signs, default="")
        convention = Convention(decimal or shown, letters, parentheses)
        conventions |= dict.fromkeys(roles, convention)
    return conventions


def read_cells(
    block: Block,
    columns: Mapping[str, str],
    conventions: Mapping[str, Convention],
    recodes: Mapping[str, Mapping[str, str]],
    units: Mapping[str, str],
    readers: Mapping[str, CellReader] = READERS,
) -> Cells:
    """Read the columns of a table, each by its role.

    columns: role → column. conventions: role → how its numbers are printed. recodes:
    role → text → the text to read in its place. units: role → the unit that cells which
    name one must have.
    """
    read = [
        _read_column(role, column, block, conventions[role], recodes, units, readers)
        for role, column in columns.items()
    ]
    texts: dict[str, pd.Series] = {}
    for column in read:
        for role, values in _spread(column).items():
            if role in texts:
                values = texts[role].where(texts[role] != "", values)
            texts[role] = values
    halves = pd.Series(0.0, block.table.index)
    for column in read:
        if column.role == "estimate":
            widths = {
                text: float(reading.half or 0)
                for text, reading in column.readings.items()
            }
            halves = column.texts.map(widths)
    return Cells(
        texts=pd.DataFrame(texts, index=block.table.index),
        halves=halves,
        footnotes=_footnotes(read, block),
        readings=_readings(read, block),
        doubts=_doubts(read, block),
    )


def _read_column(
    role: str,
    column: str,
    block: Block,
    convention: Convention,
    recodes: Mapping[str, Mapping[str, str]],
    units: Mapping[str, str],
    readers: Mapping[str, CellReader],
) -> ColumnReading:
    texts = block.table[column]
    replacements = recodes.get(role, {})
    readings, doubts = {}, {}
    for text in texts.unique():
        try:
            reading = _read(
                role, str(replacements.get(text, text)), convention, readers.get(role)
            )
            _check_unit(reading, units.get(role, ""))
        except Doubt as doubt:
            doubts[text] = doubt
            reading = Reading()
        if text in replacements:
            reading = replace(reading, how="as the card recodes it")
        readings[text] = reading
    return ColumnReading(role, column, texts, readings, doubts)


def _read(
    role: str,
    text: str,
    convention: Convention,
    reader: CellReader | None,
) -> Reading:
    if reader is None:
        return Reading({role: text})
    numeric = role in NUMBER_READERS and role != "bounds"
    if numeric and PLAIN.fullmatch(text) and not THREE_DIGITS.fullmatch(text):
        return Reading({role: text})  # most cells of large tables
    plain = text.translate(SPACES).strip()
    if role in BLANKS:
        if not plain:
            raise Doubt(f"is blank; for everybody write '{BLANKS[role]}'", BLANKS[role])
    elif role != "country" and plain.lower() in GAPS:
        return Reading()
    return reader(plain, convention)


def _check_unit(reading: Reading, unit: str) -> None:
    if reading.unit and unit and reading.unit != unit:
        raise Doubt(f'is in {reading.unit}, where the card says "{unit}"')


def _spread(column: ColumnReading) -> dict[str, pd.Series]:
    """Return role → plain texts of all that a column's cells say."""
    roles = {column.role: None}
    for reading in column.readings.values():
        roles |= dict.fromkeys(reading.texts)
    spread = {}
    for role in roles:
        plain = {
            text: reading.texts.get(role, "")
            for text, reading in column.readings.items()
        }
        spread[role] = column.texts.map(plain).astype("str")
    return spread


def _footnotes(read: list[ColumnReading], block: Block) -> pd.Series:
    """Return the texts that the marks of each row point to, and its notes."""
    notes: dict[Any, dict[str, None]] = {row: {} for row in block.table.index}
    for column in read:
        marked = any(reading.marks for reading in column.readings.values())
        if not marked and column.role != "note":
            continue
        for row, text in column.texts.items():
            marks = list(column.readings[text].marks)
            if column.role == "note" and text:
                marks += re.split(r"[\s,;]+", text)
                if not set(marks) <= set(block.footnotes):
                    notes[row][text] = None
            for mark in marks:
                footnote = block.footnotes.get(mark.translate(RAISED))
                if footnote:
                    notes[row][footnote] = None
    return pd.Series(
        {row: " ".join(texts) for row, texts in notes.items()}, dtype="str"
    )


def _readings(read: list[ColumnReading], block: Block) -> pd.DataFrame:
    lines = []
    for column in read:
        for text, reading in column.readings.items():
            if reading.how and text not in column.doubts:
                shown = ", ".join(
                    f"{role} {plain}" for role, plain in reading.texts.items()
                )
                cells = _addresses(column, text, block)
                lines.append((column.role, cells, text, shown, reading.how))
    for cell, text in block.unread:
        lines.append(("", cell, text, "", "not read: a row of a single text"))
    return pd.DataFrame(lines, columns=HEADINGS)


def _doubts(read: list[ColumnReading], block: Block) -> pd.DataFrame:
    lines = []
    for column in read:
        for text, doubt in column.doubts.items():
            cells = _addresses(column, text, block)
            lines.append((column.role, cells, text, doubt.proposal, doubt.reason))
    return pd.DataFrame(lines, columns=DOUBTS)


def _addresses(column: ColumnReading, text: str, block: Block) -> str:
    rows = column.texts.index[column.texts == text]
    cells = [block.cell(row, column.column) for row in rows[:LISTED]]
    if len(rows) > LISTED:
        cells.append(f"{len(rows) - LISTED} more")
    return ", ".join(cells)


def refuse_doubts(doubts: pd.DataFrame, where: str) -> None:
    """Raise one sentence that lists every doubtful cell, with the words of the card
    that would say how it is read.
    """
    if doubts.empty:
        return
    lines = []
    recodes: dict[str, list[str]] = {}
    for role, cell, says, proposed, why in doubts.itertuples(index=False):
        lines.append(f"  {cell}: {role} is '{says}', which {why}")
        pair = f"{toml_text(says)} = {toml_text(proposed)}"
        recodes.setdefault(role, []).append(pair)
    tables = [
        "\n".join([f"[recodes.{toml_text(role)}]", *pairs])
        for role, pairs in recodes.items()
    ]
    raise UncountedError(
        f"{where} has doubtful cells, and none is read by a guess:"
        f"\n{chr(10).join(lines)}\nMend the cells, or say on the card what to read in"
        " their place, as here proposed (an empty text is a gap):\n" + "\n".join(tables)
    )


def readings_text(readings: pd.DataFrame) -> str:
    """Return a line for each text that was not read as it stands."""
    lines = [
        f"# {row.cell}: '{row.says}' → {row.read or 'nothing'} ({row.how})"
        for row in readings.itertuples()
    ]
    return "\n".join(lines)


def toml_text(value: str | float | bool) -> str:
    """Return a text, a number or a truth as TOML writes it."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
