"""Batch: many jobs on one compiled model, done by Dask workers or in this process, with
each result kept as soon as it is ready.
"""

import json
import logging
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd
from distributed import Client, KilledWorker, LocalCluster, as_completed

from uncounted.errors import UncountedError
from uncounted.infer.progress import Progress

PATIENCE = 20  # seconds until a scheduler has answered
AHEAD = 2  # jobs that wait for each worker, so that no worker is idle
RUN = "run.json"
Arguments = tuple[Any, ...]
Jobs = Mapping[str, Callable[[], Arguments]]
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)


@dataclass(frozen=True)
class Batch:
    """What the jobs of a batch share: work(ready(), *arguments, seed, cores) → a table.

    ready: makes what takes long and serves all jobs, such as a compiled model, once for
    each worker. told: what the results depend on, in words; told and the seed show
    whether kept results belong to this batch.
    """

    ready: Callable[[], Any]
    work: Callable[..., pd.DataFrame]
    seed: int
    told: Mapping[str, Any]

    @property
    def text(self) -> str:
        """The batch in words, as it is kept beside its results."""
        return json.dumps(
            {**self.told, "seed": self.seed},
            sort_keys=True,
            indent=1,
            default=str,
        )

    def seed_of(self, key: str) -> int:
        """Return a job's seed, which follows from its key: results depend neither on
        the order of jobs nor on the worker.
        """
        sequence = np.random.SeedSequence([self.seed, crc32(key.encode())])
        return int(sequence.generate_state(1)[0] % 2**31)


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

    jobs: key → a function that makes the job's arguments, called when the job is handed
    out. keep: a folder in which each table is kept, whole, as soon as it is ready. Jobs
    that the same batch kept there are not done again, so that a run that was killed can
    go on. scheduler: the address of a Dask scheduler whose workers have this package.
    Without it, a local cluster has `workers` workers, or as many as cores; one job, or
    workers=1, runs in this process. If a worker dies, another does its job. Raises
    UncountedError for a folder that keeps another batch, or a scheduler that isn't
    there.
    """
    progress = progress or Progress()
    folder = None if keep is None else _folder(Path(keep), batch)
    tables = {} if folder is None else _kept(folder, jobs)
    open_jobs = {key: make for key, make in jobs.items() if key not in tables}
    with progress.shown():
        results = _results(batch, open_jobs, scheduler, workers, progress, what)
        for key, table in results:
            if folder is not None:
                _keep(folder, key, table)
            tables[key] = table
    return {key: tables[key] for key in jobs}


def _results(
    batch: Batch,
    jobs: Jobs,
    scheduler: str | None,
    workers: int | None,
    progress: Progress,
    noun: str,
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the table of each job as soon as it is ready."""
    if not jobs:
        return
    count = min(workers or os.cpu_count() or 1, len(jobs))
    title = f"{len(jobs):,} {noun}"
    if scheduler is None and count == 1:
        with progress.stage("compiling the model"):
            tool = batch.ready()
        with progress.stage(title) as stage:
            for number, (key, make) in enumerate(jobs.items(), 1):
                table = batch.work(tool, *make(), batch.seed_of(key), None)
                yield key, table
                stage.at(number / len(jobs))
        return
    with _client(scheduler, count, progress) as client, progress.stage(title) as stage:
        results = _by_workers(client, batch, jobs)
        for number, result in enumerate(results, 1):
            yield result
            stage.at(number / len(jobs))


@contextmanager
def _client(
    scheduler: str | None, workers: int, progress: Progress
) -> Iterator[Client]:
    """Connect to a scheduler, or to a local cluster that closes afterwards."""
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
            # Its docstring says that None means no dashboard.
            dashboard_address=None,  # pyright: ignore[reportArgumentType]
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


def _by_workers(
    client: Client,
    batch: Batch,
    jobs: Jobs,
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Hand jobs out, a few ahead of the workers, and yield tables as they come."""
    shared = client.submit(_same, batch)
    waiting = iter(jobs.items())
    pending = as_completed(loop=client.loop)
    job_keys = {}

    def hand_out() -> None:
        for key, make in islice(waiting, 1):
            arguments, seed = make(), batch.seed_of(key)
            future = client.submit(
                _work,
                shared,
                arguments,
                seed,
                pure=False,
            )
            job_keys[future.key] = key
            pending.add(future)

    workers = client.scheduler_info(n_workers=-1)["workers"]
    for _ in range(AHEAD * max(len(workers), 1)):
        hand_out()
    for future in pending:
        key = job_keys.pop(future.key)
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
    """Return the batch: it is sent once to each worker, and once to the worker that
    replaces a dead one.
    """
    return batch


# What `ready` of the last batch made on this worker: that takes longer than a job.
_TOOLS: dict[str, Any] = {}


def _work(
    batch: Batch,
    arguments: Arguments,
    seed: int,
) -> pd.DataFrame:
    """Do a job on a worker."""
    if batch.text not in _TOOLS:
        _TOOLS.clear()
        _TOOLS[batch.text] = batch.ready()
    return batch.work(
        _TOOLS[batch.text],
        *arguments,
        seed,
        1,
    )


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
    """Return where a job's table is kept: a file whose name no other job's key has."""
    plain = re.sub(r"[^\w.-]+", "-", key)
    return folder / f"{plain}.{crc32(key.encode()):08x}.parquet"


def _kept(
    folder: Path,
    jobs: Jobs,
) -> dict[str, pd.DataFrame]:
    """Return the tables that the folder keeps, by their jobs' keys."""
    tables = {}
    for key in jobs:
        path = _path(folder, key)
        if path.is_file():
            tables[key] = pd.read_parquet(path)
    return tables


def _keep(
    folder: Path,
    key: str,
    table: pd.DataFrame,
) -> None:
    path = _path(folder, key)
    part = _part(path)
    table.to_parquet(part)
    os.replace(part, path)


def _write(path: Path, content: bytes) -> None:
    part = _part(path)
    part.write_bytes(content)
    os.replace(part, path)


def _part(path: Path) -> Path:
    """Return the file beside `path` that is written first and then renamed."""
    return path.with_name(f".{path.name}.part")
