"""Recheck: a finished estimate checked again, with evidence held out on request, and
the findings in its folder.
"""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from uncounted.checks.finding import Findings
from uncounted.checks.gate import check
from uncounted.checks.held_out import HeldOut, hold_out, read_held_out
from uncounted.checks.power import power_scaling
from uncounted.checks.scenarios import scenarios, shift_unsurveyed
from uncounted.errors import UncountedError
from uncounted.infer.fit import Fit
from uncounted.infer.fit_file import read_fit
from uncounted.infer.joint_fit import sources
from uncounted.infer.progress import Progress
from uncounted.leaves.budget import variance_budget
from uncounted.leaves.draws_folder import PARTS, read_draws
from uncounted.leaves.estimate import Estimate
from uncounted.run.combination import DRAWS, GROUPINGS, write_addition
from uncounted.run.estimation import write_estimate
from uncounted.run.verdicts import read_verdicts
from uncounted.tables.breakdown import breakdown
from uncounted.tables.estimates import estimates

HELD = "held-out"  # the folder of folds


@dataclass(frozen=True)
class Checked:
    """The findings of a finished estimate, and the folder whose files say them.

    held_out: None if nothing was; budget: of the variance, None for a model that cannot
    be built again.
    """

    findings: Findings
    held_out: HeldOut | None
    budget: pd.DataFrame | None
    folder: Path


def recheck(
    name: str | Path,
    out: str | Path = "out",
    *,
    by: str | None = None,
    seed: int | None = None,
    sensitivity: bool = False,
    scheduler: str | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Checked:
    """Check again what out/NAME/ holds, a fit or an estimate of components; write
    findings.json and all files that are stamped.

    by: hold evidence out by "country", "region", "survey", "latest" or "random" first
    (`hold_out`), of every model behind an estimate, else the latest hold-out counts;
    held-out.csv is the part of it that may be released. Finished folds are kept in
    out/NAME/held-out/, working files that are not for release, so a run that was killed
    goes on where it was. seed: of the hold-out, else the fit's own. scheduler, workers:
    as in `hold_out`. The report tells the variance budget too. sensitivity: of a fit,
    also write scenarios.csv (`scenarios` and `shift_unsurveyed`) and power.csv
    (`power_scaling`), which takes some refits.
    """
    folder = Path(out) / name
    progress = progress or Progress()
    work: dict[str, Any] = {
        "scheduler": scheduler,
        "workers": workers,
    }
    work["progress"] = progress
    with progress.shown():
        with progress.stage("reading the draws"):
            finished = read_finished(folder)
        chosen = finished.seed if seed is None else seed
        if by is None:
            held = held_out_of(finished, folder)
        else:
            held = _held_out(finished, by, chosen, folder, work)
        with progress.stage("checking every published number"):
            findings = findings_of(finished, held)
        with progress.stage("dividing the variance"):
            budget = _budget(finished)
        if sensitivity:
            _sensitivity(finished, chosen, folder, work)
        checked = Checked(findings, held, budget, folder)
        with progress.stage("writing the report"):
            _write(finished, checked)
    return checked


def _write(finished: Fit | Estimate, checked: Checked) -> None:
    """Write the files of a folder anew, with what was checked."""
    folder, budget = checked.folder, checked.budget
    if budget is not None:
        budget.to_csv(folder / "budget.csv", index=False)
    held = checked.held_out
    checks: dict[str, Any] = {
        "held_out": None if held is None else held.table,
        "budget": budget,
    }
    if isinstance(finished, Fit):
        rows = estimates(finished)
        write_estimate(finished, rows, checked.findings, folder, **checks)
    else:
        rows = breakdown(finished, GROUPINGS)
        write_addition(finished, rows, checked.findings, folder, **checks)


def read_finished(folder: str | Path) -> Fit | Estimate:
    """Read what a folder out/NAME/ holds: a fit, or an estimate of components."""
    folder = Path(folder)
    if (folder / DRAWS / PARTS).is_file():
        return read_draws(folder / DRAWS)
    return read_fit(folder / "fit.nc")


def findings_of(
    finished: Fit | Estimate, held: HeldOut | None, folder: str | Path | None = None
) -> Findings:
    """Check a fit or an estimate, whichever it is; folder: whose findings.json counts,
    if it is of the same draws.
    """
    if folder is not None:
        findings = read_verdicts(finished, folder, held is not None)
        if findings is not None:
            return findings
    return check(finished, held)


def held_out_of(finished: Fit | Estimate, folder: str | Path) -> HeldOut | None:
    """Return the latest hold-out of an estimate in its folder, None without one.

    A UserWarning, and None, if it was of another model or other evidence than the
    estimate's.
    """
    path = Path(folder) / HELD / "held-out.csv"
    if not path.is_file():
        return None
    held = read_held_out(path)
    if held.made_of(*sources(finished.fits).values()):
        return held
    warnings.warn(
        f"What was held out in {path.parent} is of another model or other evidence than"
        " this estimate, so it counts as not run. Hold out again: uncounted check NAME"
        " --hold-out country.",
        UserWarning,
        stacklevel=2,
    )
    return None


def _budget(finished: Fit | Estimate) -> pd.DataFrame | None:
    # There is none for a model written by hand, for exclusive categories, or for too
    # few draws.
    try:
        return variance_budget(finished)
    except UncountedError:
        return None


def _sensitivity(
    finished: Fit | Estimate,
    seed: int,
    folder: Path,
    work: dict[str, Any],
) -> None:
    """Write the estimates under another model or other evidence."""
    if not isinstance(finished, Fit):
        raise UncountedError(
            f"The estimate '{finished.card.name}' is of several models. Ask for the"
            " sensitivity of each: `uncounted estimate` and `uncounted check"
            " --sensitivity` with the name of a model's card."
        )
    shifted = shift_unsurveyed(finished)
    shifts = shifted["shift"]
    names = [f"unsurveyed logits {shift:+g}" for shift in shifts]
    shifted = shifted.assign(scenario=names)[shifts != 0]
    refitted = scenarios(finished, seed=seed, **work)
    table = pd.concat([refitted, shifted], ignore_index=True).drop(columns="shift")
    table.to_csv(folder / "scenarios.csv", index=False)
    power_scaling(finished).to_csv(folder / "power.csv", index=False)


def _held_out(
    finished: Fit | Estimate,
    by: str,
    seed: int,
    folder: Path,
    work: dict[str, Any],
) -> HeldOut:
    """Hold evidence out of every model behind an estimate, and write the table."""
    tables = []
    for name, source in sources(finished.fits).items():
        folds = folder / HELD / (f"{by}-{name}" if name else by)
        tables.append(
            hold_out(
                source,
                by,
                seed=seed,
                keep=folds,
                **work,
            ).table
        )
    held = HeldOut(pd.concat(tables, ignore_index=True))
    held.table.to_csv(folder / HELD / "held-out.csv", index=False)
    return held
