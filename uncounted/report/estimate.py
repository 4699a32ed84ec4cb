"""Estimate: a card becomes a folder with a finished estimate: draws, tables, findings and the page."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from uncounted.checks.convergence import check
from uncounted.checks.finding import Findings
from uncounted.errors import UncountedError
from uncounted.infer.fit import Fit
from uncounted.infer.progress import Progress
from uncounted.infer.sample import sample
from uncounted.infer.store import write_fit
from uncounted.model.build import build
from uncounted.model.card import Card, read_card
from uncounted.model.trend import is_smooth
from uncounted.report.page import write_page
from uncounted.report.tables import estimates, of_all_levels
from uncounted.report.trends import GROUPINGS, trend
from uncounted.report.wording import headline
from uncounted.survey.evidence import Evidence, evidence, pooled
from uncounted.survey.exclusive import exclusive
from uncounted.survey.survey import read_survey
from uncounted.world.world import World, read_world


@dataclass(frozen=True)
class Estimate:
    """A finished estimate: the fit, its rows, what was checked, where the files lie, the seconds each stage took."""

    fit: Fit
    rows: pd.DataFrame
    findings: Findings
    folder: Path
    seconds: dict[str, float]

    @property
    def headline(self) -> str:
        """The world's number in words, with its intervals."""
        rows = of_all_levels(self.fit, self.rows)
        total = (rows["sex"] == "all") & (rows["age"] == "all") & (rows["grouping"] == "world")
        return headline(self.fit.card, rows[total].iloc[0])


def evidence_of(card: Card) -> Evidence:
    """Read the surveys that a card names and return their evidence on its outcome, within its years."""
    if not card.evidence:
        raise UncountedError(f"The card '{card.name}' names no evidence. Write evidence = [\"surveys/…\"] on it.")
    years = (card.years[0], card.years[1]) if card.years else None
    return pooled([_evidence(card, name, years) for name in card.evidence])


def _evidence(card: Card, name: str, years: tuple[int, int] | None) -> Evidence:
    try:
        read = read_survey(name)
        if card.forms:
            return exclusive({form: evidence(read, form, card.people, years) for form in card.forms}, card.outcome)
        return evidence(read, card.outcome, card.people, years)
    except UncountedError as error:
        raise UncountedError(f"`evidence` of the card '{card.name}' names {name}: {error}", "evidence") from error


def estimate(
    card: Card | str | Path,
    out: str | Path = "out",
    *,
    seed: int | None = None,
    world: World | None = None,
    progress: Progress | None = None,
    **settings: Any,
) -> Estimate:
    """Fit a card and write out/NAME/: estimates.csv, ledger.csv, fit.nc, findings.json and report.html.

    trend.csv too, if its trend bends. seed: else the card's own; settings: chains, tune, draws, target_accept. Nothing
    is withheld: if a check stops publication, every file says so.
    """
    card = card if isinstance(card, Card) else read_card(card)
    chosen = seed if seed is not None else card.sampling.seed
    if chosen is None:
        raise UncountedError(f"No seed: give one (--seed), or write seed under [sampling] of the card '{card.name}'.")
    progress = progress or Progress()
    with progress.shown():
        with progress.stage("reading the world and the surveys"):
            model = build(card, world or read_world(), evidence_of(card))
        fit = sample(model, seed=chosen, progress=progress, **settings)
        with progress.stage("adding up"):
            rows = estimates(fit)
        with progress.stage("checking every published number"):
            findings = check(fit)
        with progress.stage("writing the report"):
            folder = write_estimate(fit, rows, findings, Path(out) / card.name)
    return Estimate(fit, rows, findings, folder, dict(progress.seconds))


def write_estimate(fit: Fit, rows: pd.DataFrame, findings: Findings, folder: Path) -> Path:
    """Write the files of an estimate into a folder.

    Where publication is stopped, the tables carry a column that says so.
    """
    folder.mkdir(parents=True, exist_ok=True)
    released = rows.assign(note="not converged: not for publication") if findings.stopped else rows
    released.to_csv(folder / "estimates.csv", index=False)
    if is_smooth(fit.card):
        trend(fit, GROUPINGS).to_csv(folder / "trend.csv", index=False)
    fit.evidence.ledger.lines.to_csv(folder / "ledger.csv", index=False)
    (folder / "findings.json").write_text(
        json.dumps(_told(fit, findings), indent=1, ensure_ascii=False), encoding="utf-8"
    )
    write_fit(fit, folder / "fit.nc")
    write_page(fit, rows, findings, folder / "report.html")
    return folder


def _told(fit: Fit, findings: Findings) -> dict[str, Any]:
    numbers = [vars(f) | {"number": f.number if math.isfinite(f.number) else None} for f in findings]
    return {
        "card": fit.card.name,
        "publishable": not findings.stopped,
        "findings": numbers,
        "not_run": ["held-out coverage"],
        "seed": fit.seed,
        "versions": dict(fit.versions),
        "digests": {"world": fit.world.digest, "evidence": fit.evidence.digest, "card": fit.card.digest},
    }


def write_report(fit: Fit, path: str | Path) -> Path:
    """Write the page of a fit: one offline HTML file with its numbers, findings, equation, card and ledger."""
    return write_page(fit, estimates(fit), check(fit), Path(path))
