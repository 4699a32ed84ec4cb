"""Many jobs: each done once whoever works, kept as soon as it is done, and taken up
where a run was killed.
"""

import os
import signal
import time
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from distributed import Client, LocalCluster

import uncounted as un
from uncounted.errors import UncountedError
from uncounted.infer.batch import Batch, run

QUIET = un.Progress(show=False)


def work(
    tool: str,
    number: int,
    seed: int,
    cores: int | None,
    *,
    log: Path | None = None,
    die: int = -1,
) -> pd.DataFrame:
    """Square a number; write down that it was done. The worker that first meets `die`
    is killed.
    """
    if number == die and log is not None and not (log / "killed").exists():
        (log / "killed").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if log is not None:
        (log / f"{number}-{time.time_ns()}").touch()
    return pd.DataFrame(
        {"square": [number**2], "seed": [seed], "tool": [tool], "cores": [cores]}
    )


def batch(**more) -> Batch:
    return Batch(
        ready=partial(str, "tool"),
        work=partial(work, **more),
        seed=3,
        told={"what": "squares"},
    )


def jobs(numbers) -> dict:
    return {f"number {i}": partial(lambda i: (i,), i) for i in numbers}


def squares(tables) -> dict[str, int]:
    return {key: int(table["square"].iloc[0]) for key, table in tables.items()}


EXPECTED = {f"number {i}": i**2 for i in range(8)}


def test_one_worker_is_this_process():
    tables = run(batch(), jobs(range(8)), workers=1, progress=QUIET)
    assert squares(tables) == EXPECTED
    assert list(tables) == list(EXPECTED)
    assert len({int(table["seed"].iloc[0]) for table in tables.values()}) == 8


def test_kept_results_are_not_done_again(tmp_path):
    log = tmp_path / "log"
    log.mkdir()
    run(batch(), jobs(range(3)), keep=tmp_path / "kept", workers=1, progress=QUIET)
    tables = run(
        batch(log=log),
        jobs(range(8)),
        keep=tmp_path / "kept",
        workers=1,
        progress=QUIET,
    )
    assert squares(tables) == EXPECTED
    assert sorted(int(path.name.split("-")[0]) for path in log.iterdir()) == [
        3,
        4,
        5,
        6,
        7,
    ]
    again = run(
        batch(log=log),
        jobs(range(8)),
        keep=tmp_path / "kept",
        workers=1,
        progress=QUIET,
    )
    assert all(again[key].equals(tables[key]) for key in tables)


def test_a_run_that_is_killed_goes_on(tmp_path):
    def interrupted(i: int):
        if i == 5:
            raise KeyboardInterrupt
        return (i,)

    some = {f"number {i}": partial(interrupted, i) for i in range(8)}
    with pytest.raises(KeyboardInterrupt):
        run(batch(), some, keep=tmp_path, workers=1, progress=QUIET)
    assert len(list(tmp_path.glob("*.parquet"))) == 5
    (tmp_path / ".number-5.0.parquet.part").write_bytes(
        b"half a table"
    )  # what a kill in the middle of writing leaves
    assert (
        squares(run(batch(), jobs(range(8)), keep=tmp_path, workers=1, progress=QUIET))
        == EXPECTED
    )


def test_a_folder_of_another_batch_is_refused(tmp_path):
    run(batch(), jobs(range(2)), keep=tmp_path, workers=1, progress=QUIET)
    other = Batch(
        ready=partial(str, "tool"), work=work, seed=4, told={"what": "squares"}
    )
    with pytest.raises(UncountedError, match="keeps results of another model"):
        run(other, jobs(range(2)), keep=tmp_path, workers=1, progress=QUIET)


def test_a_worker_that_dies_loses_nothing(tmp_path):
    """On a real cluster: the worker that does job 4 is killed in the middle of it;
    another does it, once.
    """
    log = tmp_path / "log"
    log.mkdir()
    found = run(
        batch(log=log, die=4),
        jobs(range(8)),
        keep=tmp_path / "kept",
        workers=2,
        progress=QUIET,
    )
    assert (log / "killed").exists()
    assert squares(found) == EXPECTED
    assert {int(table["cores"].iloc[0]) for table in found.values()} == {1}
    here = run(batch(), jobs(range(8)), workers=1, progress=QUIET)
    assert [table["seed"].iloc[0] for table in found.values()] == [
        table["seed"].iloc[0] for table in here.values()
    ]
    done = [
        int(path.name.split("-")[0]) for path in log.iterdir() if path.name != "killed"
    ]
    assert set(done) == set(range(8))
    assert len(list((tmp_path / "kept").glob("*.parquet"))) == 8


def test_a_scheduler_at_an_address():
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:
        with Client(cluster, set_as_default=False):
            pass
        assert squares(
            run(
                batch(),
                jobs(range(4)),
                scheduler=cluster.scheduler_address,
                progress=QUIET,
            )
        ) == {f"number {i}": i**2 for i in range(4)}


def test_no_scheduler_there(monkeypatch):
    monkeypatch.setattr("uncounted.infer.batch.PATIENCE", 1)
    with pytest.raises(
        UncountedError, match=r"No Dask scheduler answers at 'tcp://127\.0\.0\.1:9'"
    ):
        run(batch(), jobs(range(2)), scheduler="tcp://127.0.0.1:9", progress=QUIET)
