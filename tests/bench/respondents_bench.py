"""How long respondents in Parquet take to become cells and PSU totals, in DuckDB and in pandas.

`python tests/bench/respondents_bench.py 50` makes a file of 50 million respondents (25 to a PSU, 100
countries) in a temporary folder, runs each way in a process of its own, and prints seconds and the most
memory it held.
"""

import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd

from uncounted.survey.direct import direct
from uncounted.survey.respondents import Respondents, read_respondents
from uncounted.survey.totals import cells, psu_totals

BY = ["country", "sex"]
COLUMNS = {name: name for name in ("country", "sex", "age", "weight", "stratum", "psu")}


def make(path: Path, millions: float) -> None:
    n = int(millions * 1e6)
    duckdb.sql(f"""
        COPY (SELECT 'C' || lpad(CAST(i * 100 // {n} AS VARCHAR), 2, '0') AS country,
                     1 + hash(i) % 2 AS sex,
                     15 + hash(i + 1) % 70 AS age, exp(sin(i)) AS weight,
                     i // 2500 AS stratum, i // 25 AS psu,
                     CAST(hash(i + 2) % 100 < 3 AS INT) AS y
              FROM range({n}) rows(i)) TO '{path}' (FORMAT parquet)
    """)


def respondents(path: Path) -> Respondents:
    groups = {"age": {"15-24": (15, 25), "25-64": (25, 65), "65+": (65, None)}}
    return read_respondents(path, COLUMNS, "y", recodes={"sex": {1: "female", 2: "male"}}, cuts=groups)


def to_cells(path: Path) -> int:
    return len(cells(respondents(path), [*BY, "age"]))


def to_psu_totals(path: Path) -> int:
    return len(psu_totals(respondents(path), BY, "y"))


def to_direct(path: Path) -> int:
    return len(direct(respondents(path), BY))


def pandas_psu_totals(path: Path) -> int:
    frame = pd.read_parquet(path)
    frame["wy"], frame["w2"] = frame["weight"] * frame["y"], frame["weight"] ** 2
    keys = [*BY, "stratum", "psu"]
    return len(frame.groupby(keys, sort=True).agg({"y": ["size", "sum"], "weight": "sum", "wy": "sum", "w2": "sum"}))


def _timed(job: Callable[[Path], int], path: Path) -> None:
    start = time.perf_counter()
    rows = job(path)
    gigabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"{job.__name__:20} {time.perf_counter() - start:7.1f} s {gigabytes:6.2f} GB {rows:>12,} rows",
        flush=True,
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        parquet = Path(folder) / "respondents.parquet"
        make(parquet, float(sys.argv[1]) if len(sys.argv) > 1 else 5)
        print(f"{parquet.stat().st_size / 1e6:,.0f} MB of Parquet")
        for way in (to_cells, to_psu_totals, to_direct, pandas_psu_totals):
            process = multiprocessing.get_context("spawn").Process(target=_timed, args=(way, parquet))
            process.start()
            process.join()
