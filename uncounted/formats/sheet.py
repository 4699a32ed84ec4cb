"""Sheet: a table as a sheet of a workbook, with title, stamps and notes above."""

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from uncounted.release.outline import Record

TEXT = "@"
# of a kind of column: how its numbers look, and its width in letters, of a text at most
FORMATS = {
    "text": (TEXT, 48),
    "middle": (TEXT, 50),
    "long": (TEXT, 90),
    "rate": ("0.0", 11),
    "persons": ("#,##0", 15),
    "count": ("#,##0", 12),
    "share": ("0%", 10),
    "number": ("0.00", 10),
    "year": ("0", 8),
}
WRAPPED = ("middle", "long")
LINE = 15.0  # points of a row of one line
# letters in a line of what stands above a table, at least; DEFAULT: of a column without
# a width
ABOVE = 110
DEFAULT = 8
HEADS = 3  # the row of heads
ARROW = 3  # letters that the arrow of a filter covers


@dataclass(frozen=True)
class Column:
    """A column of a sheet."""

    head: str
    # of its values in the rows
    key: str
    # a key of FORMATS
    kind: str


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook."""

    name: str
    # what stands above the table
    note: str
    columns: Sequence[Column]
    rows: Sequence[Record]


@dataclass(frozen=True)
class Shapes:
    """The looks of cells, heads, and what stands above a table."""

    # kind of column → look
    cells: dict[str, Format]
    head: Format
    head_of_numbers: Format
    title: Format
    stamp: Format
    note: Format


def shapes_of(book: Workbook) -> Shapes:
    """Return the looks of a book."""
    wrapped = {"text_wrap": True, "valign": "top"}
    head = {"bold": True, "bottom": 1, "text_wrap": True, "valign": "bottom"}
    cells = {}
    for kind, (number_format, _) in FORMATS.items():
        look = {
            "num_format": number_format,
            "valign": "top",
            "text_wrap": kind in WRAPPED,
            "indent": int(number_format == TEXT),
        }
        cells[kind] = book.add_format(look)
    return Shapes(
        cells=cells,
        head=book.add_format(head | {"indent": 1}),
        head_of_numbers=book.add_format(head | {"align": "right"}),
        title=book.add_format({"bold": True, "font_size": 14}),
        stamp=book.add_format({"bold": True, "font_color": "#A3231D", **wrapped}),
        note=book.add_format(wrapped),
    )


def write_sheet(
    worksheet: Worksheet, sheet: Sheet, title: str, stamp: str, shapes: Shapes
) -> None:
    """Write a table; rows are as high as their texts, for a spreadsheet finds no height
    of joined cells by itself.
    """
    widths = [_width(column, sheet.rows) for column in sheet.columns]
    for position, column in enumerate(sheet.columns):
        shape = shapes.cells[column.kind]
        worksheet.set_column(position, position, widths[position], shape)
    worksheet.write_string(0, 0, title, shapes.title)
    if stamp:
        _write_above(worksheet, 1, stamp, widths, shapes.stamp)
    _write_above(worksheet, 2, sheet.note, widths, shapes.note)
    _write_heads(worksheet, sheet.columns, widths, shapes)
    wrapped = [column for column in sheet.columns if column.kind in WRAPPED]
    for position, row in enumerate(sheet.rows, HEADS + 1):
        if wrapped:
            heights = [_lines_of(column, row) for column in wrapped]
            worksheet.set_row(position, LINE * max(heights))
        for place, column in enumerate(sheet.columns):
            shape = shapes.cells[column.kind]
            _write_cell(worksheet, position, place, row.get(column.key), shape)
    _lay_out(worksheet, sheet)


def _write_heads(
    worksheet: Worksheet,
    columns: Sequence[Column],
    widths: Sequence[int],
    shapes: Shapes,
) -> None:
    """Write the heads of the columns, in a row as high as the longest needs."""
    heights = [
        _lines(column.head, width - ARROW)
        for column, width in zip(columns, widths, strict=True)
    ]
    worksheet.set_row(HEADS, LINE * max(heights))
    for position, column in enumerate(columns):
        is_text = FORMATS[column.kind][0] == TEXT
        shape = shapes.head if is_text else shapes.head_of_numbers
        worksheet.write_string(HEADS, position, column.head, shape)


def _lay_out(worksheet: Worksheet, sheet: Sheet) -> None:
    """Keep heads and names in sight, let rows be filtered, and print on pages as wide
    as the table.
    """
    worksheet.freeze_panes(HEADS + 1, 0 if sheet.columns[0].kind == "long" else 1)
    worksheet.hide_gridlines(2)
    worksheet.set_landscape()
    worksheet.set_paper(9)  # A4
    worksheet.fit_to_pages(1, 0)
    worksheet.repeat_rows(HEADS)
    worksheet.set_footer("&L&A&R&P / &N")
    if sheet.rows:
        end = HEADS + len(sheet.rows)
        worksheet.autofilter(HEADS, 0, end, len(sheet.columns) - 1)


def _width(column: Column, rows: Sequence[Record]) -> int:
    """Return a column's width in letters: of short texts that of the longest, with room
    for the arrow of the filter.
    """
    widest = FORMATS[column.kind][1]
    if column.kind != "text":
        return widest
    longest = max((len(str(row.get(column.key) or "")) for row in rows), default=0)
    longest_word = max(map(len, column.head.split()), default=0)
    return min(max(longest, longest_word + ARROW) + 2, widest)


def _lines_of(column: Column, row: Record) -> int:
    """Return how many lines a row's text in a wrapped column has."""
    return _lines(row.get(column.key), FORMATS[column.kind][1])


def _lines(text: Any, width: int) -> int:
    """Return how many lines of so many letters a text has."""
    if not isinstance(text, str):
        return 1
    return len(textwrap.wrap(text, max(width, 5))) or 1


def _write_above(
    worksheet: Worksheet, row: int, text: str, widths: Sequence[int], shape: Format
) -> None:
    """Write a text above a table, in cells joined over as many columns as it takes to
    read it.
    """
    end = 0
    width = widths[0]
    while width < ABOVE or end < 1:
        end += 1
        width += widths[end] if end < len(widths) else DEFAULT
    worksheet.set_row(row, LINE * _lines(text, width))
    worksheet.merge_range(row, 0, row, end, "", shape)
    worksheet.write_string(row, 0, text, shape)


def _write_cell(
    worksheet: Worksheet, row: int, position: int, value: Any, shape: Format
) -> None:
    """Write a text or a number; nothing where the value is not known."""
    if isinstance(value, str):
        worksheet.write_string(row, position, value, shape)
    elif value is not None and math.isfinite(value):
        worksheet.write_number(row, position, float(value), shape)
