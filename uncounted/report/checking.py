"""Checking: a finished estimate checked again, with evidence held out if asked; its folder says what was found."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from uncounted.checks.finding import Findings
from uncounted.checks.gate import check
from uncounted.checks.held_out import HeldOut, hold_out
from uncounted.infer.fit import Fit
from uncounted.infer.progress import Progress
from uncounted.infer.store import read_fit
from uncounted.leaves.convergence import check_estimate
from uncounted.leaves.estimate import Estimate
from uncounted.leaves.store import PARTS, read_draws
from uncounted.report.addition import DRAWS, GROUPINGS, write_addition
from uncounted.report.breakdown import breakdown
from uncounted.report.estimate import write_estimate
from uncounted.report.tables import estimates


@dataclass(frozen=True)
class Checked:
    """What was found of a finished estimate, and the folder whose files say so; held_out: None if none was."""

    findings: Findings
    held_out: HeldOut | None
    folder: Path


def recheck(
    name: str | Path,
    out: str | Path = "out",
    *,
    by: str | None = None,
    seed: int | None = None,
    scheduler: str | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Checked:
    """Check what out/NAME/ holds again, a fit or an estimate of leaves; write findings.json and all that is stamped.

    by: hold evidence out by "country", "region", "survey", "latest" or "random" first (`hold_out`), of every model
    behind an estimate, and write held-out.csv. Finished folds are kept in out/NAME/held-out/, so a run that was killed
    goes on where it was. seed: of the hold-out, else the fit's own. scheduler, workers: as in `hold_out`.
    """
    folder, progress = Path(out) / name, progress or Progress()
    leaves = (folder / DRAWS / PARTS).is_file()
    where: dict[str, Any] = {"scheduler": scheduler, "workers": workers, "progress": progress}
    with progress.shown():
        with progress.stage("reading the draws"):
            finished = read_draws(folder / DRAWS) if leaves else read_fit(folder / "fit.nc")
        held = None if by is None else _held_out(finished, by, seed, folder, where)
        with progress.stage("checking every published number"):
            findings = check(finished, held) if isinstance(finished, Fit) else check_estimate(finished, held)
        with progress.stage("writing the report"):
            if isinstance(finished, Fit):
                write_estimate(finished, estimates(finished), findings, folder)
            else:
                write_addition(finished, breakdown(finished, GROUPINGS), findings, folder)
    return Checked(findings, held, folder)


def _held_out(finished: Fit | Estimate, by: str, seed: int | None, folder: Path, where: dict[str, Any]) -> HeldOut:
    chosen = finished.seed if seed is None else seed
    tables = [
        hold_out(source, by, seed=chosen, keep=folder / "held-out" / f"{by}{name}", **where).table
        for name, source in _sources(finished).items()
    ]
    held = HeldOut(pd.concat(tables, ignore_index=True))
    held.table.to_csv(folder / "held-out.csv", index=False)
    return held


def _sources(finished: Fit | Estimate) -> dict[str, Fit | dict[str, Fit]]:
    """Return what is held out of together: a fit, or of an estimate the fits sampled jointly, and each other one."""
    if isinstance(finished, Fit):
        return {"": finished}
    fits = finished.parts.fits
    together = {fit.card.outcome: fit for fit in fits.values() if "country_score" in fit.posterior}
    alone = {f"-{name}": fit for name, fit in fits.items() if "country_score" not in fit.posterior}
    return ({"": together} if together else {}) | alone
