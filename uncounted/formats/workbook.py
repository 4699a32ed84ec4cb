"""Workbook: the tables of a report as sheets: numbers as numbers, text never a formula,
units and notes above.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import xlsxwriter

from uncounted.formats.cells import written
from uncounted.formats.sheet import Column, Sheet, shapes_of, write_sheet
from uncounted.release import provenance, section
from uncounted.release.contents import sections
from uncounted.release.outline import Record
from uncounted.release.release import Release
from uncounted.release.section import XLSX, Hidden, Range, Row, Table
from uncounted.wording.numerals import SHOW

OPTIONS = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "constant_memory": True,
}
LONGEST = 31  # letters of a sheet's name
FORBIDDEN = "[]:*?/\\"  # in a sheet's name
# kind of a section's column → kind of a sheet's column
KINDS = {
    "name": "text",
    "tally": "text",
    "evidence": "text",
    "verdict": "text",
    "answer": "text",
    "item": "year",
    "people": "persons",
}
# kinds with a column for each bound: the kind of number in them
SPLIT = {"estimate": "rate", "persons": "persons", "bounds": "persons"}
WORDS = ("evidence", "verdict", "answer")


def write_workbook(release: Release, path: str | Path) -> Path:
    """Write the tables of a report as an .xlsx file, one sheet for each breakdown.

    Prevalence is in the estimate's unit, persons in full; both are shown rounded and
    kept whole. What is masked says so; what isn't known is empty. If publication is
    stopped, the second line of every sheet says so.
    """
    path = Path(path)
    title = f"{release.title}, {release.year}"
    stamp = " · ".join(release.say(f"banner.{stamp}") for stamp in release.stamps)
    if stamp:
        stamp = f"{stamp}. {' '.join(release.banner)}"
    with xlsxwriter.Workbook(str(path), OPTIONS) as book:
        citation = provenance.citation(release)
        book.set_properties({"title": release.title, "comments": citation})
        shapes = shapes_of(book)
        for sheet in sheets(release):
            worksheet = book.add_worksheet(sheet.name)
            write_sheet(worksheet, sheet, title, stamp, shapes)
    return path


def sheets(release: Release) -> Iterator[Sheet]:
    """Yield a sheet for each table of each section that a workbook has."""
    for part in sections(release, XLSX):
        for table in _tables(part.shown_in(XLSX)):
            yield _sheet(table, release)


def _tables(blocks: Iterable[section.Block]) -> Iterator[Table]:
    """Yield the tables among blocks, and those within them."""
    for block in blocks:
        if isinstance(block, Table):
            yield block
        elif isinstance(block, section.Tabs | section.Fold):
            yield from _tables(section.in_sequence(block))


def _sheet(table: Table, release: Release) -> Sheet:
    """Return a table as a sheet, an estimate in three columns."""
    columns = table.shown_in(XLSX)
    heads = [head for column in columns for head in _heads(column)]
    rows = [_values(columns, row, release) for row in table.rows]
    name = "".join(
        letter for letter in table.sheet[:LONGEST] if letter not in FORBIDDEN
    )
    return Sheet(name, table.note, heads, rows)


def _heads(column: section.Column) -> list[Column]:
    """Return the columns of a sheet that hold a column of a table."""
    if column.kind not in SPLIT:
        return [Column(column.head, column.key, KINDS.get(column.kind, column.kind))]
    kind = SPLIT[column.kind]
    ends = ("middle", "lower", "upper")
    heads = [
        Column(head, f"{column.key} {end}", kind)
        for head, end in zip(column.split, ends, strict=True)
    ]
    return heads[1:] if column.kind == "bounds" else heads


def _values(columns: list[section.Column], row: Row, release: Release) -> Record:
    """Return a row's values by the columns of its sheet."""
    unit = SHOW[release.show]
    values: dict[str, Any] = {}
    for column in columns:
        value = row.cells.get(column.key)
        if value is Hidden.MASKED or column.kind in WORDS:
            values[column.key] = written(column, row, release)[0]
        elif isinstance(value, Range):
            scale = unit if column.kind == "estimate" else 1
            values[f"{column.key} middle"] = value.middle * scale
            values[f"{column.key} lower"] = value.lower * scale
            values[f"{column.key} upper"] = value.upper * scale
        elif column.kind == "rate" and value is not None:
            values[column.key] = value * unit
        else:
            values[column.key] = value
    return values
