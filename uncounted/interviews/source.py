"""Source: rows of respondents in files or in memory, and SQL queries over them."""

import glob
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import duckdb
import pyarrow as pa

from uncounted.errors import UncountedError, did_you_mean
from uncounted.glance import outline
from uncounted.interviews.column import Column, identifier, literal
from uncounted.world.encoding import advice


@dataclass(frozen=True)
class Source:
    """Rows where they lie.

    name: for sentences. scan: SQL to select from. columns: by name. table: the rows, if
    they are in memory. texts: the files, where they are text. names: all columns of the
    file, where only some were read.
    """

    name: str
    scan: str
    columns: Mapping[str, Column]
    table: pa.Table | None = field(default=None, repr=False)
    texts: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    __repr__ = outline

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
                f"{self.name} has no column '{name}', named as {role}."
                + did_you_mean(name, self.columns)
            )
        return self.columns[name]


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
        raise UncountedError(f"{source.name} cannot be read: {cause(error)}") from error


@cache
def _database(_process: int) -> duckdb.DuckDBPyConnection:
    """Return the process's one empty database: starting one takes longer than most
    queries.
    """
    settings = {
        "temp_directory": tempfile.gettempdir(),
        "preserve_insertion_order": False,
        "autoinstall_known_extensions": False,
    }
    return duckdb.connect(":memory:", config=settings)


def _refuse_encoding(paths: Sequence[str], error: str) -> None:
    """Raise UncountedError for the first text file that is not in the encoding of the
    query.
    """
    encoding = "ISO 8859-1" if "latin-1 encoded" in error else "UTF-8"
    for path in paths:
        sentence = advice(path)
        if encoding != "UTF-8" or "'utf-8'" not in sentence:
            raise UncountedError(f"'{path}' is not {encoding}; {sentence}.")


def cause(error: Exception) -> str:
    """Return a library's error as one line: its first three lines hold the place and
    the cause.
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    shown = "; ".join(line.rstrip(".") for line in lines[:3])
    return f"{shown[:300]}. Repair the file, or save it anew."


def file_label(paths: Sequence[str]) -> str:
    """Return the name of one or more files for a sentence."""
    name = f"'{Path(paths[0]).name}'"
    if len(paths) > 1:
        name += f" (and {len(paths) - 1} files with it)"
    return name


def sql_paths(paths: Sequence[str]) -> str:
    """Return paths as an SQL list."""
    # DuckDB expands globs in names itself; a bracket expression makes their signs plain
    # characters again
    texts = [literal(glob.escape(path)) for path in paths]
    return f"[{', '.join(texts)}]"


def check_unlike(names: Sequence[str], where: str) -> None:
    """Raise UncountedError where two columns have one name."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UncountedError(
            f"'{where}' has two columns named '{twice[0]}'. Give each column its own"
            " name."
        )


def described(source: Source) -> Source:
    """Return a source with its columns, renamed by position: DuckDB's own names forget
    case, a file's don't.
    """
    columns = {}
    renamed = []
    rows = query(source, f"DESCRIBE SELECT * FROM {source.scan}").to_pylist()
    for index, row in enumerate(rows):
        name, kind = row["column_name"], row["column_type"]
        # an ENUM or a dictionary is text to us
        kind = "VARCHAR" if kind.startswith("ENUM") else kind
        columns[name] = Column(f"c{index}", kind)
        renamed.append(f"{identifier(name)} AS c{index}")
    scan = f"(SELECT {', '.join(renamed)} FROM {source.scan})"
    return replace(
        source,
        scan=scan,
        columns=columns,
    )


def table_source(table: pa.Table, name: str) -> Source:
    """Return the source of a table in memory, its columns known by their names."""
    names = table.column_names
    check_unlike(names, name)
    numbered = table.rename_columns([f"n{index}" for index in range(len(names))])
    source = described(held(name, numbered))
    columns = dict(zip(names, source.columns.values(), strict=True))
    return replace(source, columns=columns)
