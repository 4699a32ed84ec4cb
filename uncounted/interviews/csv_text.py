"""Text: CSV files of respondents, read by DuckDB in the encoding that they are in."""

import codecs
import csv
import gzip
import io
import os
import shutil
import tempfile
import zlib
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from uncounted.errors import UncountedError
from uncounted.interviews.column import Column, literal
from uncounted.interviews.source import (
    Source,
    cause,
    check_unlike,
    file_label,
    sql_paths,
)
from uncounted.world.encoding import advice

# Encodings that DuckDB itself reads, by its names.
ENCODINGS = {
    "utf-8": "utf-8",
    "utf-8-sig": "utf-8",
    "iso8859-1": "latin-1",
}
DELIMITERS = ",;\t|"


def csv_source(
    paths: Sequence[str],
    _wanted: Sequence[str],
    encoding: str,
) -> Source:
    """Return the source of CSV files with the same header; raises UncountedError where
    headers differ.
    """
    files = paths
    if encoding not in ENCODINGS:
        files = [_in_utf8(path, encoding, os.stat(path).st_mtime_ns) for path in paths]
        encoding = "utf-8"
    heads = [_head(path, encoding) for path in files]
    for path, head in zip(files, heads, strict=True):
        if head != heads[0]:
            raise UncountedError(
                f"'{path}' begins with another header than '{files[0]}'. Give all files"
                " the same columns."
            )
    names, delimiter, newline = heads[0]
    columns = {name: Column(f"c{index}", "VARCHAR") for index, name in enumerate(names)}
    types = ", ".join(f"'{column.sql}': 'VARCHAR'" for column in columns.values())
    scan = (
        f"read_csv({sql_paths(files)}, auto_detect = false, header = true, delim ="
        f" {literal(delimiter)}, quote = '\"', escape = '\"', new_line = '{newline}',"
        f" encoding = '{ENCODINGS[encoding]}', columns = {{{types}}})"
    )
    return Source(file_label(paths), scan, columns, texts=tuple(paths))


@cache
def _copies() -> tempfile.TemporaryDirectory:
    """Return the process's folder of copies in UTF-8, removed when the process ends."""
    return tempfile.TemporaryDirectory(prefix="uncounted-")


@cache
def _in_utf8(
    path: str,
    encoding: str,
    _modified: int,
) -> str:
    """Return the path of a copy in UTF-8, made a piece at a time; DuckDB reads no other
    encodings but Latin-1.
    """
    number = len(os.listdir(_copies().name))
    copy = Path(_copies().name, f"{number}-{Path(path).name.removesuffix('.gz')}")
    try:
        with (
            _opener(path)(path, "rb") as raw,
            open(
                copy,
                "w",
                encoding="utf-8",
                newline="",
            ) as out,
        ):
            shutil.copyfileobj(io.TextIOWrapper(raw, encoding, newline=""), out)
    except UnicodeError as error:
        raise UncountedError(
            f"'{path}' is not {encoding} text; {advice(path)}."
        ) from error
    except (OSError, EOFError, zlib.error) as error:
        raise UncountedError(f"'{path}' cannot be read: {cause(error)}") from error
    return str(copy)


def _opener(path: str) -> Callable:
    return gzip.open if path.endswith(".gz") else open


def _head(path: str, encoding: str) -> tuple[list[str], str, str]:
    """Return a CSV file's column names, delimiter and line ending, from its first line
    alone.
    """
    try:
        with _opener(path)(path, "rb") as file:
            raw = file.readline(1_000_000)
        line = codecs.decode(raw.removeprefix(codecs.BOM_UTF8), encoding)
    except UnicodeDecodeError as error:
        raise UncountedError(f"'{path}' is not UTF-8; {advice(path)}.") from error
    except (OSError, EOFError, zlib.error) as error:
        raise UncountedError(
            f"'{path}' cannot be read as {encoding} text: {cause(error)}"
        ) from error
    text = line.removesuffix("\r\n")
    odd_quotes = line.count('"') % 2
    if "\x00" in text or not text.strip() or odd_quotes or "\r" in text:
        raise UncountedError(
            f"'{path}' does not begin with a line of column names. Save it as CSV, in"
            " UTF-8."
        )
    delimiter = max(DELIMITERS, key=line.count)
    header = next(csv.reader([line], delimiter=delimiter))
    names = [name.strip() for name in header]
    check_unlike(names, path)
    return names, delimiter, r"\r\n" if line.endswith("\r\n") else r"\n"
