"""How long respondents in Parquet take to become cells and PSU totals, in DuckDB and in
pandas.

`python tests/bench/respondents_bench.py 50` writes 50 million respondents of 100
countries (25 to a PSU, in file order and, with `shuffled`, in random order too) to a
folder of Parquet files, a million in each, and runs each way in a process of its own.
It prints seconds and the most memory the process held; `--keep` writes them to
docs/bench-respondents.csv.
"""

import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import duckdb
import pandas as pd

from uncounted.interviews.direct import direct
from uncounted.interviews.respondents import Respondents, read_respondents
from uncounted.interviews.weighted_totals import cells, psu_totals

DOCS = Path(__file__).resolve().parents[2] / "docs"
BY = ["country", "sex"]
COLUMNS = {name: name for name in ("country", "sex", "age", "weight", "stratum", "psu")}
GROUPS = {"15-24": (15, 25), "25-64": (25, 65), "65+": (65, None)}
SEXES = {1: "female", 2: "male"}


def make(folder: Path, millions: int, shuffled: bool) -> None:
    """Write the respondents a million at a time, so that making them takes no
    memory.
    """
    n = millions * 1_000_000
    i = (
        f"(row * 7919) % {n}" if shuffled else "row"
    )  # 7919 is prime: each respondent once, in another order
    for file in range(millions):
        duckdb.sql(
            f"""
            COPY (SELECT 'C' || lpad(CAST(i * 100 // {n} AS VARCHAR), 2, '0') AS country,
                         CAST(1 + hash(i) % 2 AS TINYINT) AS sex, CAST(15 + hash(i + 1) % 70 AS SMALLINT) AS age,
                         exp(sin(i)) AS weight, CAST(i // 2500 AS INTEGER) AS stratum, CAST(i // 25 AS INTEGER) AS psu,
                         CAST(hash(i + 2) % 100 < 3 AS TINYINT) AS y
                  FROM (SELECT {i} AS i FROM range({file}000000, {file + 1}000000) rows(row)))
            TO '{folder}/{file:03}.parquet' (FORMAT parquet)
        """
        )


def respondents(path: Path) -> Respondents:
    return read_respondents(
        path, COLUMNS, "y", recodes={"sex": SEXES}, cuts={"age": GROUPS}
    )


def checked(path: Path) -> int:
    return respondents(path).n


def to_cells(path: Path) -> int:
    return len(cells(respondents(path), [*BY, "age"]))


def to_cells_and_psu_totals(path: Path) -> int:
    people = respondents(path)
    return len(cells(people, [*BY, "age"])) + len(psu_totals(people, BY, "y"))


def to_direct(path: Path) -> int:
    return len(direct(respondents(path), BY))


def pandas_cells_and_psu_totals(path: Path) -> int:
    frame = pd.read_parquet(path)
    frame["sex"] = frame["sex"].map(SEXES)
    frame["age"] = pd.cut(
        frame["age"], [15, 25, 65, float("inf")], right=False, labels=list(GROUPS)
    )
    frame["wy"], frame["w2"] = frame["weight"] * frame["y"], frame["weight"] ** 2
    frame["w2y"] = frame["w2"] * frame["y"]
    sums = {"y": ["size", "sum"]} | dict.fromkeys(("weight", "wy", "w2", "w2y"), "sum")
    keys = ([*BY, "age"], [*BY, "stratum", "psu"])
    return sum(
        len(frame.groupby(by, sort=True, observed=True).agg(sums)) for by in keys
    )


OURS = (checked, to_cells, to_cells_and_psu_totals, to_direct)
WAYS = (*OURS, pandas_cells_and_psu_totals)


def _timed(job: Callable[[Path], int], path: Path, out: Connection) -> None:
    start = time.perf_counter()
    rows = job(path)
    seconds = time.perf_counter() - start
    gigabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    out.send(
        {"seconds": round(seconds, 1), "gigabytes": round(gigabytes, 2), "rows": rows}
    )


def measured(job: Callable[[Path], int], path: Path) -> dict:
    """Run a way in a fresh process, so that the memory it held is its own."""
    inside, outside = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_timed, args=(job, path, outside)
    )
    process.start()
    outside.close()
    process.join()
    told = (
        inside.recv() if inside.poll() else {}
    )  # nothing where the machine's memory didn't suffice
    return {"way": job.__name__.replace("_", " "), **told}


def main(words: list[str]) -> None:
    millions = next((int(word) for word in words if word.isdigit()), 50)
    lines = []
    for order in ("file order", "shuffled")[: 1 + ("shuffled" in words)]:
        with tempfile.TemporaryDirectory() as folder:
            make(Path(folder), millions, order == "shuffled")
            for way in WAYS if order == "file order" else [to_cells_and_psu_totals]:
                facts = {"millions": millions, "order": order, "cores": os.cpu_count()}
                lines.append(facts | measured(way, Path(folder)))
                print(lines[-1], flush=True)
    if "--keep" in words:
        pd.DataFrame(lines).to_csv(DOCS / "bench-respondents.csv", index=False)


if __name__ == "__main__":
    main(sys.argv[1:])
