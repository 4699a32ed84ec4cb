"""Sheet: a table as a sheet of a workbook: title, stamps and notes above, heads that
stay in sight, rows to filter.
"""

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
    """A column of a sheet: its head, the key of its values, and the kind of value (a
    key of FORMATS).
    """

    head: str
    key: str
    kind: str


@dataclass(frozen=True)
class Sheet:
    """One sheet: name, what is to be known of it, columns and rows."""

    name: str
    note: str
    columns: Sequence[Column]
    rows: Sequence[Record]


@dataclass(frozen=True)
class Shapes:
    """How what a book holds looks: cells by kind of column, heads, and what stands
    above a table.
    """

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
    return Shapes(
        {
            kind: book.add_format(
                {
                    "num_format": shape,
                    "valign": "top",
                    "text_wrap": kind in WRAPPED,
                    "indent": int(shape == "@"),
                }
            )
            for kind, (shape, _) in FORMATS.items()
        },
        book.add_format(head | {"indent": 1}),
        book.add_format(head | {"align": "right"}),
        book.add_format({"bold": True, "font_size": 14}),
        book.add_format({"bold": True, "font_color": "#A3231D", **wrapped}),
        book.add_format(wrapped),
    )


def write_sheet(
    on: Worksheet, sheet: Sheet, title: str, stamp: str, shapes: Shapes
) -> None:
    """Write a table; rows are as high as their texts, for a spreadsheet finds no height
    of joined cells by itself.
    """
    widths = [_width(column, sheet.rows) for column in sheet.columns]
    for at, (column, width) in enumerate(zip(sheet.columns, widths, strict=True)):
        on.set_column(at, at, width, shapes.cells[column.kind])
    on.write_string(0, 0, title, shapes.title)
    if stamp:
        _above(on, 1, stamp, widths, shapes.stamp)
    _above(on, 2, sheet.note, widths, shapes.note)
    heads = (
        _lines(column.head, width - ARROW)
        for column, width in zip(sheet.columns, widths, strict=True)
    )
    on.set_row(HEADS, LINE * max(heads))
    for at, column in enumerate(sheet.columns):
        on.write_string(
            HEADS,
            at,
            column.head,
            shapes.head if _is_text(column) else shapes.head_of_numbers,
        )
    wrapped = [column for column in sheet.columns if column.kind in WRAPPED]
    for i, row in enumerate(sheet.rows, HEADS + 1):
        if wrapped:
            on.set_row(
                i,
                LINE
                * max(
                    _lines(row.get(column.key), FORMATS[column.kind][1])
                    for column in wrapped
                ),
            )
        for at, column in enumerate(sheet.columns):
            _cell(on, i, at, row.get(column.key), shapes.cells[column.kind])
    _laid_out(on, sheet)


def _laid_out(on: Worksheet, sheet: Sheet) -> None:
    """Keep heads and names in sight, let rows be filtered, and print on pages as wide
    as the table.
    """
    on.freeze_panes(HEADS + 1, 0 if sheet.columns[0].kind == "long" else 1)
    on.hide_gridlines(2)
    on.set_landscape()
    on.set_paper(9)  # A4
    on.fit_to_pages(1, 0)
    on.repeat_rows(HEADS)
    on.set_footer("&L&A&R&P / &N")
    if sheet.rows:
        on.autofilter(HEADS, 0, HEADS + len(sheet.rows), len(sheet.columns) - 1)


def _is_text(column: Column) -> bool:
    return FORMATS[column.kind][0] == TEXT


def _width(column: Column, rows: Sequence[Record]) -> int:
    """Return a column's width in letters: of short texts that of the longest, with room
    for the arrow of the filter.
    """
    widest = FORMATS[column.kind][1]
    if column.kind != "text":
        return widest
    longest = max((len(str(row.get(column.key) or "")) for row in rows), default=0)
    return min(
        max(longest, max(map(len, column.head.split()), default=0) + ARROW) + 2, widest
    )


def _lines(told: Any, width: int) -> int:
    """Return in how many lines of so many letters a text is written."""
    return len(textwrap.wrap(told, max(width, 5))) or 1 if isinstance(told, str) else 1


def _above(
    on: Worksheet, row: int, told: str, widths: Sequence[int], shape: Format
) -> None:
    """Write a text above a table, in cells joined over as many columns as it takes to
    read it.
    """
    last, wide = 0, widths[0]
    while wide < ABOVE or last < 1:
        last += 1
        wide += widths[last] if last < len(widths) else DEFAULT
    on.set_row(row, LINE * _lines(told, wide))
    on.merge_range(row, 0, row, last, "", shape)
    on.write_string(row, 0, told, shape)


def _cell(on: Worksheet, row: int, at: int, value: Any, shape: Format) -> None:
    if isinstance(value, str):
        on.write_string(row, at, value, shape)
    elif value is not None and math.isfinite(value):
        on.write_number(row, at, float(value), shape)
