"""Batch: many jobs on one compiled model, by workers of a Dask cluster or here, each
result kept when it is there.
"""

import json
import logging
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd
from distributed import Client, KilledWorker, LocalCluster, as_completed

from uncounted.errors import UncountedError
from uncounted.infer.progress import Progress

PATIENCE = 20  # seconds until a scheduler has answered
AHEAD = 2  # jobs that wait for each worker, so that none is idle
RUN = "run.json"
Given = tuple[Any, ...]
Jobs = Mapping[str, Callable[[], Given]]
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)


@dataclass(frozen=True)
class Batch:
    """What the jobs of a batch share: work(ready(), *given, seed, cores) → a table.

    ready makes what takes long and serves all jobs, a compiled model, once for each
    worker. told says in words of what the results depend on: with the seed, it tells
    whether kept results are of this batch.
    """

    ready: Callable[[], Any]
    work: Callable[..., pd.DataFrame]
    seed: int
    told: Mapping[str, Any]

    @property
    def text(self) -> str:
        """The batch in words, as it is kept beside its results."""
        return json.dumps(
            {**self.told, "seed": self.seed}, sort_keys=True, indent=1, default=str
        )

    def seed_of(self, key: str) -> int:
        """Return a job's seed; it follows from its key, so results depend neither on
        the order nor on who worked.
        """
        return int(
            np.random.SeedSequence([self.seed, crc32(key.encode())]).generate_state(1)[
                0
            ]
            % 2**31
        )


def run(
    batch: Batch,
    jobs: Jobs,
    *,
    keep: str | Path | None = None,
    scheduler: str | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    what: str = "fits",
) -> dict[str, pd.DataFrame]:
    """Do every job and return its table, by the job's key, in the order of jobs.

    jobs: key → what makes the job's `given`, called when it is handed out. keep: a
    folder in which each table is kept, whole, as soon as it is there; jobs kept there
    by the same batch are not done again, so a run that was killed goes on. scheduler:
    the address of a Dask scheduler whose workers have this package; else a local
    cluster of as many workers as cores, or as `workers` says; with one job, or
    workers=1, here. A job whose worker dies is done by another. Raises UncountedError
    for a folder that keeps another batch, or a scheduler that isn't there.
    """
    progress = progress or Progress()
    folder = None if keep is None else _folder(Path(keep), batch)
    done = (
        {}
        if folder is None
        else {key: _kept(folder, key) for key in jobs if _path(folder, key).is_file()}
    )
    left = {key: make for key, make in jobs.items() if key not in done}
    with progress.shown():
        for key, table in _results(batch, left, scheduler, workers, progress, what):
            if folder is not None:
                _keep(folder, key, table)
            done[key] = table
    return {key: done[key] for key in jobs}


def _results(
    batch: Batch,
    left: Jobs,
    scheduler: str | None,
    workers: int | None,
    progress: Progress,
    what: str,
) -> Iterator[tuple[str, pd.DataFrame]]:
    if not left:
        return
    count = min(workers or os.cpu_count() or 1, len(left))
    told = f"{len(left):,} {what}"
    if scheduler is None and count == 1:
        with progress.stage("compiling the model"):
            tool = batch.ready()
        with progress.stage(told) as stage:
            for done, (key, make) in enumerate(left.items(), 1):
                yield key, batch.work(tool, *make(), batch.seed_of(key), None)
                stage.at(done / len(left))
        return
    with _client(scheduler, count, progress) as client, progress.stage(told) as stage:
        for done, found in enumerate(_there(client, batch, left), 1):
            yield found
            stage.at(done / len(left))


@contextmanager
def _client(
    scheduler: str | None, workers: int, progress: Progress
) -> Iterator[Client]:
    """Connect to a scheduler, or to a local cluster that is closed afterwards."""
    if scheduler is not None:
        try:
            client = Client(scheduler, timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError) as error:
            raise UncountedError(
                f"No Dask scheduler answers at '{scheduler}': {error}. Start one (`dask"
                " scheduler`) with workers that have uncounted installed, or leave the"
                " address out to work on this machine."
            ) from error
        with client:
            yield client
        return
    with progress.stage(f"starting {workers} workers"), _single_threaded():
        cluster = LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            memory_limit=0,
            dashboard_address=None,  # pyright: ignore[reportArgumentType] None is what its docstring says: no dashboard
            silence_logs=logging.ERROR,
        )
    with cluster, Client(cluster, set_as_default=False) as client:
        yield client


@contextmanager
def _single_threaded() -> Iterator[None]:
    """Keep the numerical libraries of new workers to one thread each."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def _there(
    client: Client, batch: Batch, left: Jobs
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Hand jobs out, a few ahead of the workers, and yield tables as they come."""
    shared = client.submit(_same, batch)
    waiting, pending, of = iter(left.items()), as_completed(loop=client.loop), {}

    def hand_out() -> None:
        key, make = next(waiting, (None, None))
        if key is not None and make is not None:
            future = client.submit(
                _work, shared, make(), batch.seed_of(key), pure=False
            )
            of[future.key] = key
            pending.add(future)

    for _ in range(AHEAD * max(len(client.scheduler_info(n_workers=-1)["workers"]), 1)):
        hand_out()
    for future in pending:
        key = of.pop(future.key)
        try:
            table = future.result()
        except KilledWorker as error:
            raise UncountedError(
                f"Workers died again and again on '{key}', the last at"
                f" {error.last_worker}: most often for want of memory. Give fewer"
                " workers, or machines with more."
            ) from error
        yield key, table
        hand_out()


def _same(batch: Batch) -> Batch:
    """Return the batch: it travels once to each worker, and again to one that takes the
    place of a dead one.
    """
    return batch


_TOOLS: dict[
    str, Any
] = {}  # of this worker, the last batch's: making it ready takes longer than a job


def _work(batch: Batch, given: Given, seed: int) -> pd.DataFrame:
    """Do a job on a worker."""
    if batch.text not in _TOOLS:
        _TOOLS.clear()
        _TOOLS[batch.text] = batch.ready()
    return batch.work(_TOOLS[batch.text], *given, seed, 1)


def _folder(folder: Path, batch: Batch) -> Path:
    """Make the folder of kept results, or check that it keeps this batch's."""
    path = folder / RUN
    if path.is_file() and path.read_text(encoding="utf-8") != batch.text:
        raise UncountedError(
            f"{folder} keeps results of another model, evidence, seed or settings (see"
            f" {RUN} there). Remove it, or name another folder."
        )
    folder.mkdir(parents=True, exist_ok=True)
    _write(path, batch.text.encode())
    return folder


def _path(folder: Path, key: str) -> Path:
    """Return where a job's table is kept: its key, made a file's name that no other key
    has.
    """
    plain = re.sub(r"[^\w.-]+", "-", key)
    return folder / f"{plain}.{crc32(key.encode()):08x}.parquet"


def _kept(folder: Path, key: str) -> pd.DataFrame:
    return pd.read_parquet(_path(folder, key))


def _keep(folder: Path, key: str, table: pd.DataFrame) -> None:
    path = _path(folder, key)
    part = path.with_name(f".{path.name}.part")
    table.to_parquet(part)
    os.replace(part, path)


def _write(path: Path, content: bytes) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    os.replace(part, path)
