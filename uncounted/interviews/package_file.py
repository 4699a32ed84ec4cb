"""Packages: files of SPSS, Stata and SAS, with the labels and missing codes that they
declare.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import isnan

import pandas as pd
import pyarrow as pa
import pyreadstat

from uncounted.errors import UncountedError, did_you_mean
from uncounted.interviews.column import Column, code
from uncounted.interviews.column_pattern import matching
from uncounted.interviews.source import Source, cause, file_label, table_source
from uncounted.world.encoding import LIKELY, UTF8

# Names for statistics packages' files that are not Python's.
ICONV = {"mac-roman": "macintosh"}
CHUNK = 200_000  # rows of a file that are in pandas at a time
type Chunk = tuple[pa.Table, object]  # rows, and what the file declares of its codes


def package_source(
    read: Callable,
    paths: Sequence[str],
    wanted: Sequence[str],
    encoding: str,
) -> Source:
    """Return the source of a statistics package's file, read with pyreadstat's `read`.

    Raises UncountedError for several files, and for one that cannot be read.
    """
    if len(paths) > 1:
        raise UncountedError(
            f"{file_label(paths)}: files of statistics packages are read one at a time."
            " Name one."
        )
    declared = encoding in UTF8  # the file declares its encoding
    codec = None if declared else ICONV.get(encoding, encoding.replace("_", "-"))
    try:
        names, chunks = _chunks(read, paths[0], wanted, codec)
        table = pa.concat_tables(_alike([table for table, _ in chunks]))
    except UncountedError:
        raise
    # pyreadstat raises its own errors, decoding errors and bare ones, by format
    except Exception as error:
        reason = f"cannot be read: {cause(error)}"
        if declared and _readable(read, paths[0], wanted):
            reason = (
                "has text that is not in the encoding it declares;"
                f" encoding='{LIKELY}' reads it."
            )
        raise UncountedError(f"'{paths[0]}' {reason}") from error
    source = table_source(table, file_label(paths))
    codes = [declaration for _, declaration in chunks]
    columns = {
        name: _coded(column, name, codes) for name, column in source.columns.items()
    }
    return Source(source.name, source.scan, columns, source.table, names=tuple(names))


def _chunks(
    read: Callable,
    path: str,
    wanted: Sequence[str],
    encoding: str | None,
) -> tuple[list[str], list[Chunk]]:
    """Return the names of all columns, and the wanted ones piece by piece, each with
    the declarations of its codes.
    """
    _, declaration = read(
        path,
        metadataonly=True,
        encoding=encoding,
    )
    all_names = declaration.column_names
    chosen: dict[str, None] = {}  # in order, each once
    for word in wanted:
        names = [word] if word in all_names else matching(word, all_names)
        if not names:
            raise UncountedError(
                f"'{path}' has no column '{word}'.{did_you_mean(word, all_names)}"
            )
        chosen |= dict.fromkeys(names)
    chunks = []
    for frame, declaration in _frames(read, path, list(chosen), encoding):
        table = pa.table({name: _values(frame[name]) for name in chosen})
        chunks.append((table, declaration))
    return all_names, chunks


def _frames(
    read: Callable,
    path: str,
    names: list[str],
    encoding: str | None,
) -> Iterator[tuple[pd.DataFrame, object]]:
    if not names:
        raise UncountedError(
            f"No column of '{path}' is named. Name at least the outcome's."
        )
    settings = {
        "usecols": names,
        "encoding": encoding,
        "disable_datetime_conversion": True,
    }
    if read is not pyreadstat.read_xport:
        settings["user_missing"] = True
    return pyreadstat.read_file_in_chunks(read, path, chunksize=CHUNK, **settings)


def _readable(
    read: Callable,
    path: str,
    wanted: Sequence[str],
) -> bool:
    """Say whether a statistics package's file can be read in the most likely other
    encoding.
    """
    try:
        return bool(_chunks(read, path, wanted, LIKELY))
    except Exception:  # pyreadstat's bare ones too; the first error is the one to tell
        return False


def _values(column: pd.Series) -> pa.Array:
    """Return a column as doubles or, where letters stand for kinds of missing (Stata,
    SAS), as text.
    """
    if pd.api.types.is_numeric_dtype(column):
        return pa.array(column.to_numpy(float), from_pandas=True)
    return _texts(column)


def _texts(values: Iterable) -> pa.Array:
    return pa.array([_text(value) for value in values], pa.string())


def _text(value: object) -> str | None:
    """Return a value as text, a whole number without decimals, None where missing."""
    if isinstance(value, float):
        if isnan(value):
            return None
        return str(int(value)) if value.is_integer() else repr(value)
    return None if value is None or value is pd.NA else str(value)


def _alike(tables: Sequence[pa.Table]) -> list[pa.Table]:
    """Give chunks the same types: a column is text if it is text in any chunk."""
    text: set[str] = set()
    for table in tables:
        if table.num_rows:
            text |= {field.name for field in table.schema if field.type == pa.string()}
    alike = []
    for table in tables:
        columns = dict(zip(table.column_names, table.columns, strict=True))
        for name in text.intersection(columns):
            columns[name] = _texts(columns[name].to_pylist())
        alike.append(pa.table(columns))
    return alike


def _coded(
    column: Column,
    name: str,
    declarations: Sequence,
) -> Column:
    """Return the column with the labels and the user-missing codes that the file
    declares for it.
    """
    labels = declarations[0].variable_value_labels.get(name, {})
    declared = (declarations[0].missing_ranges or {}).get(name, [])
    ranges = [(limits["lo"], limits["hi"]) for limits in declared]
    letters: set[str] = set()
    for declaration in declarations:
        letters |= set((declaration.missing_user_values or {}).get(name, []))
    ranges += [(letter, letter) for letter in sorted(letters)]
    missing = {}
    for value, label in labels.items():
        if any(low == value or _within(value, low, high) for low, high in ranges):
            missing[value, value] = label
    for limits in ranges:
        missing.setdefault(limits, "declared missing in the file")
    return Column(column.sql, column.type, labels, missing)


def _within(
    value: object,
    low: object,
    high: object,
) -> bool:
    number, low, high = code(value), code(low), code(high)
    if isinstance(number, float) and isinstance(low, float) and isinstance(high, float):
        return low <= number <= high
    return False
