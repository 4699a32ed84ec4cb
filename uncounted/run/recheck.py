"""Checking: a finished estimate checked again, with evidence held out if asked; its
folder says what was found.
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
from uncounted.infer.progress import Progress
from uncounted.leaves.budget import variance_budget
from uncounted.leaves.draws_folder import PARTS, read_draws
from uncounted.leaves.estimate import Estimate
from uncounted.leaves.estimate_convergence import check_estimate
from uncounted.run.combination import DRAWS, GROUPINGS, write_addition
from uncounted.run.estimation import write_estimate
from uncounted.run.verdicts import read_verdicts
from uncounted.tables.breakdown import breakdown
from uncounted.tables.estimates import estimates

HELD = "held-out"  # the folder of folds


@dataclass(frozen=True)
class Checked:
    """What was found of a finished estimate, and the folder whose files say so.

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
    """Check what out/NAME/ holds again, a fit or an estimate of leaves; write
    findings.json and all that is stamped.

    by: hold evidence out by "country", "region", "survey", "latest" or "random" first
    (`hold_out`), of every model behind an estimate, else what was last held out counts;
    held-out.csv is what of it may be released. Finished folds are kept in
    out/NAME/held-out/, working files that are not, so a run that was killed goes on
    where it was. seed: of the hold-out, else the fit's own. scheduler, workers: as in
    `hold_out`. The report tells the variance budget too. sensitivity: of a fit, also
    write scenarios.csv (`scenarios` and `shift_unsurveyed`) and power.csv
    (`power_scaling`), which takes some refits.
    """
    folder, progress = Path(out) / name, progress or Progress()
    where: dict[str, Any] = {
        "scheduler": scheduler,
        "workers": workers,
        "progress": progress,
    }
    with progress.shown():
        with progress.stage("reading the draws"):
            finished = read_finished(folder)
        held = (
            held_out_of(finished, folder)
            if by is None
            else _held_out(finished, by, seed, folder, where)
        )
        with progress.stage("checking every published number"):
            findings = findings_of(finished, held)
        with progress.stage("dividing the variance"):
            budget = _budget(finished)
        if sensitivity:
            _sensitivity(
                finished, finished.seed if seed is None else seed, folder, where
            )
        with progress.stage("writing the report"):
            told: dict[str, Any] = {
                "held_out": None if held is None else held.table,
                "budget": budget,
            }
            if budget is not None:
                budget.to_csv(folder / "budget.csv", index=False)
            if isinstance(finished, Fit):
                write_estimate(finished, estimates(finished), findings, folder, **told)
            else:
                write_addition(
                    finished, breakdown(finished, GROUPINGS), findings, folder, **told
                )
    return Checked(findings, held, budget, folder)


def read_finished(folder: str | Path) -> Fit | Estimate:
    """Read what a folder out/NAME/ holds: a fit, or an estimate of leaves."""
    folder = Path(folder)
    leaves = (folder / DRAWS / PARTS).is_file()
    return read_draws(folder / DRAWS) if leaves else read_fit(folder / "fit.nc")


def findings_of(
    finished: Fit | Estimate, held: HeldOut | None, folder: str | Path | None = None
) -> Findings:
    """Check a fit or an estimate, whichever it is; folder: whose findings.json counts,
    if it is of the same draws.
    """
    known = (
        None if folder is None else read_verdicts(finished, folder, held is not None)
    )
    if known is not None:
        return known
    if isinstance(finished, Fit):
        return check(finished, held)
    if held is not None and not held.made_of(*_sources(finished).values()):
        raise UncountedError(
            "What was held out is of another model or other evidence than this"
            " estimate, so it says nothing of it. Hold out again: uncounted check NAME"
            " --hold-out country."
        )
    return check_estimate(finished, held)


def held_out_of(finished: Fit | Estimate, folder: str | Path) -> HeldOut | None:
    """Return what was last held out of an estimate in its folder, None if nothing was.

    A UserWarning, and None, if it was held out of another model or other evidence than
    the estimate's.
    """
    path = Path(folder) / HELD / "held-out.csv"
    if not path.is_file():
        return None
    held = read_held_out(path)
    if held.made_of(*_sources(finished).values()):
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
    try:
        return variance_budget(finished)
    except (
        UncountedError
    ):  # a model written by hand, one of exclusive forms, or too few draws to tell
        return None


def _sensitivity(
    finished: Fit | Estimate, seed: int, folder: Path, where: dict[str, Any]
) -> None:
    """Write what would be published had the model, or the evidence, been otherwise."""
    if not isinstance(finished, Fit):
        raise UncountedError(
            f"The estimate '{finished.card.name}' is of several models. Ask for the"
            " sensitivity of each: `uncounted estimate` and `uncounted check"
            " --sensitivity` with the name of a model's card."
        )
    shifted = shift_unsurveyed(finished)
    shifted = shifted.assign(
        scenario=[f"unsurveyed logits {shift:+g}" for shift in shifted["shift"]]
    )
    both = pd.concat(
        [scenarios(finished, seed=seed, **where), shifted[shifted["shift"] != 0]],
        ignore_index=True,
    )
    both.drop(columns="shift").to_csv(folder / "scenarios.csv", index=False)
    power_scaling(finished).to_csv(folder / "power.csv", index=False)


def _held_out(
    finished: Fit | Estimate,
    by: str,
    seed: int | None,
    folder: Path,
    where: dict[str, Any],
) -> HeldOut:
    chosen = finished.seed if seed is None else seed
    tables = [
        hold_out(
            source, by, seed=chosen, keep=folder / HELD / f"{by}{name}", **where
        ).table
        for name, source in _sources(finished).items()
    ]
    held = HeldOut(pd.concat(tables, ignore_index=True))
    held.table.to_csv(folder / HELD / "held-out.csv", index=False)
    return held


def _sources(finished: Fit | Estimate) -> dict[str, Fit | dict[str, Fit]]:
    """Return what is held out of together: a fit, or of an estimate the fits sampled
    jointly, and each other one.
    """
    if isinstance(finished, Fit):
        return {"": finished}
    fits = finished.parts.fits
    together = {
        fit.card.outcome: fit
        for fit in fits.values()
        if "country_score" in fit.posterior
    }
    alone = {
        f"-{name}": fit
        for name, fit in fits.items()
        if "country_score" not in fit.posterior
    }
    return ({"": together} if together else {}) | alone
