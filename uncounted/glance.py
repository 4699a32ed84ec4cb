"""Glance: what an object shows at a prompt or in a notebook, within ten short lines."""

from collections.abc import Mapping
from textwrap import shorten, wrap
from typing import Any

import pandas as pd

LINES, COLUMNS = 10, 100
CELL = 30  # characters of a field or a cell of a table


def glance(*paragraphs: str, table: pd.DataFrame | None = None) -> str:
    """Return paragraphs, then the first rows of a table, within LINES × COLUMNS
    characters; "…" stands for what has no room.
    """
    lines = []
    for line in "\n".join(paragraphs).splitlines():
        # a line that fits may be one of a table
        lines += wrap(line, COLUMNS) if len(line) > COLUMNS else [line]
    if table is not None and len(table):
        lines += _rows(table, LINES - len(lines))
    if len(lines) > LINES:
        lines[LINES - 1 :] = ["…"]
    return "\n".join(lines)


def _rows(table: pd.DataFrame, room: int) -> list[str]:
    """Return the header and first rows of a table, with as many columns as fit."""
    rows = table.head(max(room - 2, 0))
    lines: list[str] = []
    for columns in range(table.shape[1], 0, -1):
        text = rows.iloc[:, :columns].to_string(
            index=False,
            max_colwidth=CELL,
            float_format="{:,.6g}".format,
        )
        lines = [line[:COLUMNS] for line in text.splitlines()]
        if len(text.partition("\n")[0]) <= COLUMNS:
            break
    if len(table) > len(rows):
        lines.append(f"… {len(table):,} rows")
    return lines


def outline(self: Any) -> str:
    """Return a frozen object's own sentence, else its fields with their sizes: the
    `__repr__` of objects that are not read as a whole.
    """
    if type(self).__str__ is not object.__str__:
        return glance(str(self))
    fields = [f"{name}={_size(field)}" for name, field in vars(self).items()]
    return glance(f"{type(self).__name__}({', '.join(fields)})")


def _size(field: Any) -> str:
    """Return a number or text, the names of a mapping, the shape of a table."""
    if getattr(field, "shape", ()):
        return " × ".join(f"{size:,}" for size in field.shape)
    if hasattr(field, "__dataclass_fields__"):
        return type(field).__name__
    names = list(field) if isinstance(field, Mapping) else field
    return shorten(str(names), CELL, placeholder=" …")[:CELL]
