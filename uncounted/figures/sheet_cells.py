"""Sheet: the cells of a spreadsheet, a CSV or Parquet file or a DataFrame, as texts
with addresses.
"""

import csv
import gzip
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import openpyxl
import pandas as pd
from openpyxl.utils import get_column_letter

from uncounted.errors import UncountedError, did_you_mean
from uncounted.world.encoding import LIKELY, UTF8, advice, canonical

DELIMITERS = ",;\t|"
SPREADSHEETS = (".xlsx", ".xlsm")
TEXTS = (".csv", ".csv.gz", ".tsv", ".txt")


@dataclass(frozen=True)
class Sheet:
    """Rows of texts, "" where empty, each as wide as the widest; name: of the sheet;
    encoding: of a text file.
    """

    rows: tuple[tuple[str, ...], ...]
    name: str = ""
    encoding: str = ""


def address(row: int, column: int) -> str:
    """Return a cell's address: row 6 of column 1, counted from 0, is "B7"."""
    return f"{get_column_letter(column + 1)}{row + 1}"


def open_sheet(
    source: str | Path | pd.DataFrame,
    sheet: str = "",
    encoding: str = "",
) -> Sheet:
    """Return the cells of a file or table.

    sheet: of a spreadsheet; "" if it has but one. encoding: of a text file, by any
    usual name; "" for UTF-8, else UTF-16 by its first bytes, else windows-1252. Raises
    UncountedError for a file that is missing, of no known format, or not as said.
    """
    if isinstance(source, pd.DataFrame):
        return Sheet(_of_frame(source))
    path = Path(source)
    if not path.is_file():
        raise UncountedError(f"There is no file {path}. Check the path.")
    suffix = "".join(path.suffixes[-2:] if path.suffix == ".gz" else path.suffixes[-1:])
    if suffix.lower() in SPREADSHEETS:
        return _of_workbook(path, sheet)
    if sheet:
        raise UncountedError(f"{path} has no sheets. Leave `sheet` out.")
    if suffix.lower() == ".parquet":
        return Sheet(_of_parquet(path))
    if suffix.lower() in TEXTS:
        return _of_text(path, encoding)
    raise UncountedError(
        f"{path} ends in '{suffix}', which is no known format of a table of figures."
        f" Known: {', '.join((*SPREADSHEETS, *TEXTS, '.parquet'))}, and a DataFrame."
    )


def _even(rows: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    width = max(map(len, rows), default=0)
    stripped = [[text.strip() for text in row] for row in rows]
    return tuple((*row, *[""] * (width - len(row))) for row in stripped)


def _of_frame(frame: pd.DataFrame) -> tuple[tuple[str, ...], ...]:
    by_code = frame.index.name == "iso3" and "iso3" not in frame
    table = frame.reset_index(drop=not by_code)
    texts = table.astype("str").where(table.notna(), "")
    header = [str(column) for column in texts.columns]
    return _even([header, *texts.to_numpy().tolist()])


def _of_parquet(path: Path) -> tuple[tuple[str, ...], ...]:
    try:
        return _of_frame(pd.read_parquet(path))
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0][:200]
        raise UncountedError(
            f"{path} cannot be read as Parquet: {reason}. Save it anew."
        ) from error


# --- text files


def _of_text(path: Path, encoding: str) -> Sheet:
    raw = path.read_bytes()
    if path.suffix == ".gz":
        raw = gzip.decompress(raw)
    codec = canonical(encoding) if encoding else _codec(raw)
    try:
        text = raw.decode("utf-8-sig" if codec in UTF8 else codec)
    except UnicodeError as error:
        label = "UTF-8" if codec in UTF8 else encoding
        raise UncountedError(
            f"{path} cannot be read as a CSV table in {label}: {advice(path)}."
        ) from error
    rows = _divided(text)
    if not rows:
        raise UncountedError(
            f"{path} cannot be read as a CSV table in UTF-8: it is empty."
        )
    return Sheet(_even(rows), encoding=codec)


def _codec(raw: bytes) -> str:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return canonical(LIKELY)
    return "utf-8"


def _divided(text: str) -> list[list[str]]:
    """Return the cells of a text, divided by the sign that divides most of its rows
    alike.
    """
    candidates = []
    for delimiter in DELIMITERS:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
        widths = Counter(len(row) for row in rows if len(row) > 1)
        width, alike = max(
            widths.items(),
            key=lambda count: (count[1], count[0]),
            default=(1, 0),
        )
        candidates.append((alike, width, rows))
    return max(candidates, key=lambda candidate: candidate[:2])[2]


# --- spreadsheets


def _of_workbook(path: Path, name: str) -> Sheet:
    try:
        book = openpyxl.load_workbook(path, data_only=True)
        formulas = openpyxl.load_workbook(path)
    except (OSError, BadZipFile, KeyError, ValueError) as error:
        raise UncountedError(
            f"{path} cannot be read as a spreadsheet: {error}. Save it anew as .xlsx."
        ) from error
    sheets = [sheet.title for sheet in book.worksheets if sheet.max_row > 1]
    if name and name not in book.sheetnames:
        hint = did_you_mean(name, book.sheetnames)
        raise UncountedError(f"{path} has no sheet '{name}'.{hint}")
    if not name and len(sheets) != 1:
        listed = ", ".join(sheets) or "none"
        raise UncountedError(
            f"{path} has {len(sheets)} sheets with cells: {listed}. Say which holds the"
            ' figures, as sheet = "…".'
        )
    title = name or sheets[0]
    rows = _cells(book[title], formulas[title])
    return Sheet(_even(rows), name=title)


def _cells(values: Any, formulas: Any) -> list[list[str]]:
    rows = [[_shown(cell) for cell in row] for row in values.iter_rows()]
    for row in formulas.iter_rows():
        for cell in row:
            if cell.data_type == "f" and not rows[cell.row - 1][cell.column - 1]:
                # a formula that no spreadsheet has computed: a doubtful cell, no gap
                rows[cell.row - 1][cell.column - 1] = str(cell.value)
    for area in values.merged_cells.ranges:
        text = rows[area.min_row - 1][area.min_col - 1]
        for row in range(area.min_row - 1, area.max_row):
            if area.min_col == area.max_col:
                rows[row][area.min_col - 1] = text
    return rows


def _shown(cell: Any) -> str:
    """Return a cell's text; a number that is shown in percent, as it is shown."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if cell.data_type == "n" and "%" in str(cell.number_format):
        return f"{(100 * Decimal(str(value))).normalize():f}%"
    return str(value)
