"""Checking: a finished estimate checked again, with evidence held out if asked; its folder says what was found."""

from dataclasses import dataclass
from pathlib import Path

from uncounted.checks.finding import Findings
from uncounted.checks.gate import check
from uncounted.checks.held_out import HeldOut, hold_out
from uncounted.infer.fit import Fit
from uncounted.infer.progress import Progress
from uncounted.infer.store import read_fit
from uncounted.report.estimate import evidence_of, write_estimate
from uncounted.report.tables import estimates


@dataclass(frozen=True)
class Checked:
    """What was found of a finished estimate, and the folder whose files say so; held_out: None if none was."""

    fit: Fit
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
    """Check out/NAME/fit.nc again and write what was found: findings.json, and every file that carries a stamp.

    by: hold evidence out by "country", "region", "survey", "latest" or "random" first (`hold_out`), and write
    held-out.csv. Finished folds are kept in out/NAME/held-out/BY, so a run that was killed goes on where it was. seed:
    of the hold-out, else the fit's own. scheduler, workers: as in `hold_out`. Raises UncountedError if the evidence
    that the card names is no longer what the fit was made from.
    """
    folder = Path(out) / name
    fit = read_fit(folder / "fit.nc")
    progress = progress or Progress()
    held = None
    with progress.shown():
        if by is not None:
            with progress.stage("reading the surveys"):
                evidence = evidence_of(fit.card) if fit.card.evidence else None
            where = {"scheduler": scheduler, "workers": workers, "progress": progress}
            chosen = fit.seed if seed is None else seed
            held = hold_out(fit, by, seed=chosen, evidence=evidence, keep=folder / "held-out" / by, **where)
            held.table.to_csv(folder / "held-out.csv", index=False)
        with progress.stage("checking every published number"):
            findings = check(fit, held)
        with progress.stage("writing the report"):
            write_estimate(fit, estimates(fit), findings, folder)
    return Checked(fit, findings, held, folder)
