"""Files of respondents: the Source of a CSV, Parquet, SPSS, Stata or SAS file, or of a
table in memory.
"""

import glob
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat

from uncounted.errors import UncountedError
from uncounted.interviews.csv_text import csv_source
from uncounted.interviews.package_file import package_source
from uncounted.interviews.source import (
    Source,
    cause,
    described,
    file_label,
    sql_paths,
    table_source,
)
from uncounted.world.encoding import canonical


def open_source(
    source: str | Path | pd.DataFrame | pa.Table,
    wanted: Sequence[str],
    encoding: str = "utf-8",
) -> Source:
    """Return the source of a path, folder, glob or table.

    Of statistics packages' files only the columns `wanted`, names or patterns, are
    read, and into memory. encoding: by any usual name; 'utf-8' of a statistics
    package's file is the encoding that the file itself declares. Raises UncountedError
    for a file that does not exist, cannot be read, or is in no known format.
    """
    if isinstance(source, pd.DataFrame):
        return table_source(_arrow(source), "The table")
    if isinstance(source, pa.Table):
        return table_source(source, "The table")
    paths = _paths(Path(source))
    suffixes = Path(paths[0]).suffixes
    kept = suffixes[-2:] if paths[0].endswith(".gz") else suffixes[-1:]
    suffix = "".join(kept)
    if suffix.lower() not in OPENERS:
        raise UncountedError(
            f"'{paths[0]}' ends in '{suffix}', which is no known format. Known:"
            f" {', '.join(OPENERS)}."
        )
    return OPENERS[suffix.lower()](paths, wanted, canonical(encoding))


def _paths(path: Path) -> list[str]:
    if path.is_dir():
        paths = _paths_in_folder(path)
    elif path.is_file():
        paths = [str(path)]
    else:
        paths = sorted(glob.glob(str(path), recursive=True))
    if not paths:
        raise UncountedError(
            f"There is no file of respondents at '{path}'. Check the path and its"
            " spelling."
        )
    return paths


def _paths_in_folder(folder: Path) -> list[str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    kinds = {".parquet", ".csv"}
    files = [path for path in files if path.suffix.lower() in kinds]
    if len({path.suffix.lower() for path in files}) > 1:
        raise UncountedError(
            f"The folder '{folder}' holds both Parquet and CSV files. Name one kind,"
            " as in '*.parquet'."
        )
    return sorted(map(str, files))


def _arrow(frame: pd.DataFrame) -> pa.Table:
    try:
        return pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowException, ValueError, TypeError) as error:
        reason = str(error).splitlines()[0][:300]
        raise UncountedError(
            f"The table has a column of mixed kinds of values: {reason}. Give each"
            " column one kind."
        ) from error


def _parquet(
    paths: Sequence[str],
    _wanted: Sequence[str],
    _encoding: str,
) -> Source:
    try:
        names = pq.read_schema(paths[0]).names
    except (pa.ArrowException, OSError) as error:
        raise UncountedError(
            f"'{paths[0]}' cannot be read as Parquet: {cause(error)}"
        ) from error
    if len({name.lower() for name in names}) < len(names):
        raise UncountedError(
            f"'{paths[0]}' has columns whose names differ by case alone. Give each its"
            " own name."
        )
    scan = f"read_parquet({sql_paths(paths)}, hive_types_autocast = false)"
    return described(Source(file_label(paths), scan, {}))


type Opener = Callable[[Sequence[str], Sequence[str], str], Source]
OPENERS: dict[str, Opener] = {
    ".csv": csv_source,
    ".csv.gz": csv_source,
    ".tsv": csv_source,
    ".txt": csv_source,
    ".parquet": _parquet,
    ".sav": partial(package_source, pyreadstat.read_sav),
    ".zsav": partial(package_source, pyreadstat.read_sav),
    ".dta": partial(package_source, pyreadstat.read_dta),
    ".sas7bdat": partial(package_source, pyreadstat.read_sas7bdat),
    ".xpt": partial(package_source, pyreadstat.read_xport),
}
