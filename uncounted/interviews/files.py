"""Files of respondents: CSV, Parquet, SPSS, Stata, SAS and tables in memory, each as a
Source.
"""

import codecs
import csv
import glob
import gzip
import io
import os
import shutil
import tempfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat

from uncounted.errors import UncountedError, did_you_mean
from uncounted.interviews.column import Column, code, identifier, literal
from uncounted.interviews.column_pattern import matching
from uncounted.world.encoding import LIKELY, UTF8, advice, canonical

ENCODINGS = {
    "utf-8": "utf-8",
    "utf-8-sig": "utf-8",
    "iso8859-1": "latin-1",
}  # what DuckDB itself reads
ICONV = {
    "mac-roman": "macintosh"
}  # names for statistics packages' files that are not Python's
DELIMITERS = ",;\t|"
CHUNK = 200_000  # rows of a statistics package's file that are in pandas at a time


@dataclass(frozen=True)
class Source:
    """Rows where they lie: a name for sentences, SQL to select from, columns by name,
    any table in memory.

    texts: the files, where they are text. names: all columns of the file, where only
    some were read.
    """

    name: str
    scan: str
    columns: Mapping[str, Column]
    table: pa.Table | None = field(default=None, repr=False)
    texts: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def all_names(self) -> tuple[str, ...]:
        """Names of all columns of the file, read or not."""
        return self.names or tuple(self.columns)

    def column(self, name: str, role: str) -> Column:
        """Return a column; raises UncountedError with the nearest name where the file
        lacks it.
        """
        if name not in self.columns:
            raise UncountedError(
                f"{self.name} has no column '{name}', named as"
                f" {role}.{did_you_mean(name, self.columns)}"
            )
        return self.columns[name]


def open_source(
    source: str | Path | pd.DataFrame | pa.Table,
    wanted: Sequence[str],
    encoding: str = "utf-8",
) -> Source:
    """Return the source of a path, folder, glob or table.

    Of statistics packages' files only the columns `wanted`, names or patterns, are
    read, and into memory. encoding: by any usual name; 'utf-8' of a statistics
    package's file is the encoding that the file itself declares. Raises UncountedError
    for what is not there, cannot be read, or is in no known format.
    """
    if isinstance(source, pd.DataFrame):
        return _table(_arrow(source), "The table")
    if isinstance(source, pa.Table):
        return _table(source, "The table")
    paths = _paths(Path(source))
    kind = (
        "".join(Path(paths[0]).suffixes[-2:])
        if paths[0].endswith(".gz")
        else Path(paths[0]).suffix
    )
    if kind.lower() not in OPENERS:
        raise UncountedError(
            f"'{paths[0]}' ends in '{kind}', which is no known format. Known:"
            f" {', '.join(OPENERS)}."
        )
    return OPENERS[kind.lower()](paths, wanted, canonical(encoding))


def held(name: str, table: pa.Table) -> Source:
    """Return the source of a table in memory that queries read as it is, by the names
    of its own columns.
    """
    return Source(name, "rows_in_memory", {}, table)


def query(source: Source, sql: str) -> pa.Table:
    """Run SQL over a source, return an Arrow table; raises UncountedError where the
    rows cannot be read.
    """
    try:
        with _database(os.getpid()).cursor() as connection:
            if source.table is not None:
                connection.register("rows_in_memory", source.table)
            return connection.sql(sql).to_arrow_table()
    except duckdb.Error as error:
        if " encoded" in str(error):
            _refuse_encoding(source.texts, str(error))
        raise UncountedError(f"{source.name} cannot be read: {_told(error)}") from error


def _refuse_encoding(paths: Sequence[str], error: str) -> None:
    """Raise UncountedError for the first of the text files that are in another encoding
    than was said.
    """
    asked = "ISO 8859-1" if "latin-1 encoded" in error else "UTF-8"
    for path in paths:
        sentence = advice(path)
        if asked != "UTF-8" or "'utf-8'" not in sentence:
            raise UncountedError(f"'{path}' is not {asked}; {sentence}.")


@cache
def _database(_process: int) -> duckdb.DuckDBPyConnection:
    """Return the process's one empty database: starting one takes longer than most
    queries.
    """
    spill = {"temp_directory": tempfile.gettempdir(), "preserve_insertion_order": False}
    return duckdb.connect(
        ":memory:", config=spill | {"autoinstall_known_extensions": False}
    )


def _told(error: Exception) -> str:
    """Return what a library said, as one line: its first three lines hold the place and
    the cause.
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (
        "; ".join(line.rstrip(".") for line in lines[:3])[:300]
        + ". Repair the file, or save it anew."
    )


def _paths(path: Path) -> list[str]:
    if path.is_dir():
        found = sorted(
            str(p)
            for p in path.rglob("*")
            if p.suffix.lower() in (".parquet", ".csv") and p.is_file()
        )
        if len({Path(p).suffix.lower() for p in found}) > 1:
            raise UncountedError(
                f"The folder '{path}' holds both Parquet and CSV files. Name one kind,"
                " as in '*.parquet'."
            )
    else:
        found = (
            [str(path)]
            if path.is_file()
            else sorted(glob.glob(str(path), recursive=True))
        )
    if not found:
        raise UncountedError(
            f"There is no file of respondents at '{path}'. Check the path and its"
            " spelling."
        )
    return found


def _name(paths: Sequence[str]) -> str:
    return f"'{Path(paths[0]).name}'" + (
        f" (and {len(paths) - 1} files with it)" if len(paths) > 1 else ""
    )


def _list(paths: Sequence[str]) -> str:
    # DuckDB expands globs in names itself; a bracket expression makes their signs plain
    # characters again
    return "[" + ", ".join(literal(glob.escape(p)) for p in paths) + "]"


def _numbered(names: Sequence[str]) -> str:
    """SQL that renames columns by position: DuckDB's own names forget case, a file's
    don't.
    """
    return ", ".join(f"{identifier(name)} AS c{i}" for i, name in enumerate(names))


def _csv(paths: Sequence[str], _wanted: Sequence[str], encoding: str) -> Source:
    named, texts = _name(paths), tuple(paths)
    if encoding not in ENCODINGS:
        paths = [_in_utf8(path, encoding, os.stat(path).st_mtime_ns) for path in paths]
        encoding = "utf-8"
    heads = [_head(path, encoding) for path in paths]
    for path, head in zip(paths, heads, strict=True):
        if head != heads[0]:
            raise UncountedError(
                f"'{path}' begins with another header than '{paths[0]}'. Give all files"
                " the same columns."
            )
    names, delimiter, newline = heads[0]
    types = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(names)))
    scan = (
        f"read_csv({_list(paths)}, auto_detect = false, header = true, delim ="
        f" {literal(delimiter)}, quote = '\"', escape = '\"', new_line = '{newline}',"
        f" encoding = '{ENCODINGS[encoding]}', columns = {{{types}}})"
    )
    return Source(
        named,
        scan,
        {name: Column(f"c{i}", "VARCHAR") for i, name in enumerate(names)},
        texts=texts,
    )


@cache
def _copies() -> tempfile.TemporaryDirectory:
    """Return the process's folder of files written anew in UTF-8, removed when it
    ends.
    """
    return tempfile.TemporaryDirectory(prefix="uncounted-")


@cache
def _in_utf8(path: str, encoding: str, _modified: int) -> str:
    """Return the path of a copy in UTF-8, a piece at a time; DuckDB reads no other
    encodings but Latin-1.
    """
    opened: Callable = gzip.open if path.endswith(".gz") else open
    number = len(os.listdir(_copies().name))
    copy = Path(_copies().name, f"{number}-{Path(path).name.removesuffix('.gz')}")
    try:
        with (
            opened(path, "rb") as raw,
            open(copy, "w", encoding="utf-8", newline="") as out,
        ):
            shutil.copyfileobj(io.TextIOWrapper(raw, encoding, newline=""), out)
    except UnicodeError as error:
        raise UncountedError(
            f"'{path}' is not {encoding} text; {advice(path)}."
        ) from error
    except (OSError, EOFError, zlib.error) as error:
        raise UncountedError(f"'{path}' cannot be read: {_told(error)}") from error
    return str(copy)


def _head(path: str, encoding: str) -> tuple[list[str], str, str]:
    """Return a CSV file's column names, delimiter and line ending, from its first line
    alone.
    """
    opened: Callable = gzip.open if path.endswith(".gz") else open
    try:
        with opened(path, "rb") as file:
            raw = file.readline(1_000_000)
        line = codecs.decode(raw.removeprefix(codecs.BOM_UTF8), encoding)
    except UnicodeDecodeError as error:
        raise UncountedError(f"'{path}' is not UTF-8; {advice(path)}.") from error
    except (OSError, EOFError, zlib.error) as error:
        raise UncountedError(
            f"'{path}' cannot be read as {encoding} text: {_told(error)}"
        ) from error
    if (
        "\x00" in line
        or not line.strip()
        or line.count('"') % 2
        or "\r" in line.removesuffix("\r\n")
    ):
        raise UncountedError(
            f"'{path}' does not begin with a line of column names. Save it as CSV, in"
            " UTF-8."
        )
    delimiter = max(DELIMITERS, key=line.count)
    names = [name.strip() for name in next(csv.reader([line], delimiter=delimiter))]
    _unlike(names, path)
    return names, delimiter, r"\r\n" if line.endswith("\r\n") else r"\n"


def _unlike(names: list[str], path: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UncountedError(
            f"'{path}' has two columns named '{twice[0]}'. Give each column its own"
            " name."
        )


def _parquet(paths: Sequence[str], _wanted: Sequence[str], _encoding: str) -> Source:
    try:
        names = pq.read_schema(paths[0]).names
    except (pa.ArrowException, OSError) as error:
        raise UncountedError(
            f"'{paths[0]}' cannot be read as Parquet: {_told(error)}"
        ) from error
    if len({name.lower() for name in names}) < len(names):
        raise UncountedError(
            f"'{paths[0]}' has columns whose names differ by case alone. Give each its"
            " own name."
        )
    scan = f"read_parquet({_list(paths)}, hive_types_autocast = false)"
    return _described(Source(_name(paths), scan, {}))


def _arrow(frame: pd.DataFrame) -> pa.Table:
    try:
        return pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowException, ValueError, TypeError) as error:
        told = str(error).splitlines()[0][:300]
        raise UncountedError(
            f"The table has a column of mixed kinds of values: {told}. Give each column"
            " one kind."
        ) from error


def _table(table: pa.Table, name: str) -> Source:
    _unlike(list(table.column_names), name)
    numbered = table.rename_columns([f"n{i}" for i in range(table.num_columns)])
    described = _described(held(name, numbered))
    columns = dict(zip(table.column_names, described.columns.values(), strict=True))
    return Source(name, described.scan, columns, numbered)


def _described(source: Source) -> Source:
    told = query(source, f"DESCRIBE SELECT * FROM {source.scan}").to_pylist()
    # an ENUM or a dictionary is text to us
    types = [
        "VARCHAR" if row["column_type"].startswith("ENUM") else row["column_type"]
        for row in told
    ]
    names = [row["column_name"] for row in told]
    scan = f"(SELECT {_numbered(names)} FROM {source.scan})"
    columns = {
        name: Column(f"c{i}", kind)
        for i, (name, kind) in enumerate(zip(names, types, strict=True))
    }
    return Source(source.name, scan, columns, source.table)


def _package(read: Callable) -> Callable[[Sequence[str], Sequence[str], str], Source]:
    """Return the opener of a statistics package's format, reading with pyreadstat's
    `read`.
    """

    def opened(paths: Sequence[str], wanted: Sequence[str], encoding: str) -> Source:
        if len(paths) > 1:
            raise UncountedError(
                f"{_name(paths)}: files of statistics packages are read one at a time."
                " Name one."
            )
        own = encoding in UTF8  # the file declares its encoding
        name = None if own else ICONV.get(encoding, encoding.replace("_", "-"))
        try:
            head, chunks = _chunks(read, paths[0], wanted, name)
            table = pa.concat_tables(_alike([table for table, _ in chunks]))
        except UncountedError:
            raise
        # pyreadstat raises its own errors, decoding errors and bare ones, by format
        except Exception as error:
            reason = f"cannot be read: {_told(error)}"
            if own and _readable(read, paths[0], wanted):
                reason = (
                    "has text that is not in the encoding it declares;"
                    f" encoding='{LIKELY}' reads it."
                )
            raise UncountedError(f"'{paths[0]}' {reason}") from error
        source = _table(table, _name(paths))
        told = [meta for _, meta in chunks]
        columns = {
            name: _coded(column, name, told) for name, column in source.columns.items()
        }
        return Source(
            source.name, source.scan, columns, source.table, names=tuple(head)
        )

    return opened


def _chunks(
    read: Callable, path: str, wanted: Sequence[str], encoding: str | None
) -> tuple[list[str], list[tuple[pa.Table, object]]]:
    """Return the names of all columns, and the wanted ones piece by piece, each with
    what the file says of codes.
    """
    head = read(path, metadataonly=True, encoding=encoding)[1].column_names
    matched = {
        word: [word] if word in head else matching(word, head) for word in wanted
    }
    for word, names in matched.items():
        if not names:
            raise UncountedError(
                f"'{path}' has no column '{word}'.{did_you_mean(word, head)}"
            )
    names = list(dict.fromkeys(name for names in matched.values() for name in names))
    asked = {
        "usecols": names,
        "encoding": encoding,
        "disable_datetime_conversion": True,
    }
    if read is not pyreadstat.read_xport:
        asked["user_missing"] = True
    if not wanted:
        raise UncountedError(
            f"No column of '{path}' is named. Name at least the outcome's."
        )
    frames = pyreadstat.read_file_in_chunks(read, path, chunksize=CHUNK, **asked)
    return head, [
        (pa.table({name: _values(frame[name]) for name in names}), meta)
        for frame, meta in frames
    ]


def _readable(read: Callable, path: str, wanted: Sequence[str]) -> bool:
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
    return pa.array([_plain(value) for value in column], pa.string())


def _plain(value: object) -> str | None:
    if isinstance(value, float):
        return (
            None
            if value != value
            else str(int(value))
            if value.is_integer()
            else repr(value)
        )
    return None if value is None or value is pd.NA else str(value)


def _alike(tables: Sequence[pa.Table]) -> list[pa.Table]:
    """Give chunks the same types: a column is text if it is text in any chunk."""
    text = {
        field.name
        for table in tables
        for field in table.schema
        if field.type == pa.string() and table.num_rows > 0
    }
    return [
        pa.table(
            {
                name: _text(table[name]) if name in text else table[name]
                for name in table.column_names
            }
        )
        for table in tables
    ]


def _text(column: pa.ChunkedArray) -> pa.Array:
    return pa.array([_plain(value) for value in column.to_pylist()], pa.string())


def _coded(column: Column, name: str, told: Sequence) -> Column:
    """Return the column with the labels and the user-missing codes that the file
    declares for it.
    """
    labels = told[0].variable_value_labels.get(name, {})
    ranges = [(r["lo"], r["hi"]) for r in (told[0].missing_ranges or {}).get(name, [])]
    letters = sorted(
        {v for meta in told for v in (meta.missing_user_values or {}).get(name, [])}
    )
    ranges += [(letter, letter) for letter in letters]
    inside = {
        (value, value): label
        for value, label in labels.items()
        if any(low == value or _within(value, low, high) for low, high in ranges)
    }
    rest = {
        (low, high): "declared missing in the file"
        for low, high in ranges
        if (low, high) not in inside
    }
    return Column(column.sql, column.type, labels, inside | rest)


def _within(value: object, low: object, high: object) -> bool:
    number, low, high = code(value), code(low), code(high)
    if isinstance(number, float) and isinstance(low, float) and isinstance(high, float):
        return low <= number <= high
    return False


OPENERS: dict[str, Callable[[Sequence[str], Sequence[str], str], Source]] = {
    ".csv": _csv,
    ".csv.gz": _csv,
    ".tsv": _csv,
    ".txt": _csv,
    ".parquet": _parquet,
    ".sav": _package(pyreadstat.read_sav),
    ".zsav": _package(pyreadstat.read_sav),
    ".dta": _package(pyreadstat.read_dta),
    ".sas7bdat": _package(pyreadstat.read_sas7bdat),
    ".xpt": _package(pyreadstat.read_xport),
}
