"""Estimate: a card becomes a folder with a finished estimate: draws, tables, findings and the page."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pymc as pm

from uncounted.checks.convergence import check
from uncounted.checks.finding import Findings
from uncounted.errors import UncountedError
from uncounted.infer.fit import Fit
from uncounted.infer.joint import sample_jointly
from uncounted.infer.progress import Progress
from uncounted.infer.sample import sample
from uncounted.infer.store import write_fit
from uncounted.leaves.card import EstimateCard, is_estimate_card, read_estimate_card
from uncounted.model.build import build
from uncounted.model.card import Card, read_card
from uncounted.model.joint import build_jointly
from uncounted.model.sources import evidence_of
from uncounted.model.trend import has_trend, is_smooth
from uncounted.report.addition import Added, estimate_leaves
from uncounted.report.headline import headline
from uncounted.report.page import write_page
from uncounted.report.release import release_of
from uncounted.report.tables import estimates
from uncounted.report.trends import GROUPINGS, trend
from uncounted.survey.disclosure import released_ledger
from uncounted.world.world import World, read_world


@dataclass(frozen=True)
class Finished:
    """A finished estimate: the fit, its rows, what was checked, where the files lie, the seconds each stage took."""

    fit: Fit
    rows: pd.DataFrame
    findings: Findings
    folder: Path
    seconds: dict[str, float]

    @property
    def headline(self) -> str:
        """The world's number in words, with its intervals."""
        return headline(release_of(self.fit, self.rows, self.findings))


def estimate(
    card: Card | EstimateCard | str | Path,
    out: str | Path = "out",
    *,
    seed: int | None = None,
    world: World | None = None,
    progress: Progress | None = None,
    **settings: Any,
) -> Finished | Added:
    """Fit a card and write out/NAME/: estimates.csv, ledger.csv, fit.nc, findings.json and report.html.

    An estimate card's leaves are each fitted and added up (`estimate_leaves`); its draws are in draws/. A card with
    [joint] is sampled with the cards that it names, and each of them has a folder; what is returned is the first's.

    trend.csv too, if its trend bends. seed: else the card's own; settings: chains, tune, draws, target_accept. Nothing
    is withheld: if a check stops publication, every file says so.
    """
    if isinstance(card, str | Path) and is_estimate_card(card):
        card = read_estimate_card(card)
    if isinstance(card, EstimateCard):
        return estimate_leaves(card, out, seed, world, progress or Progress(), settings)
    cards = _together(card)
    card = cards[0]
    for one in cards:
        _check_whole(one)
    chosen = seed if seed is not None else card.sampling.seed
    if chosen is None:
        raise UncountedError(f"No seed: give one (--seed), or write seed under [sampling] of the card '{card.name}'.")
    progress = progress or Progress()
    with progress.shown():
        with progress.stage("reading the world and the surveys"):
            everywhere = world or read_world()
            model = _model(cards, everywhere)
        if card.joint:
            fits = sample_jointly(model, seed=chosen, progress=progress, **settings)
            done = [_finished(fits[one.outcome], Path(out) / one.name, progress) for one in cards]
        else:
            done = [_finished(sample(model, seed=chosen, progress=progress, **settings), Path(out) / card.name, progress)]
    return replace(done[0], seconds=dict(progress.seconds))


def _together(card: Card | str | Path) -> list[Card]:
    """Return the card and those that it is sampled with, which lie beside it or among those that ship."""
    first = card if isinstance(card, Card) else read_card(card)
    if first.joint is None:
        return [first]
    folder = None if isinstance(card, Card) else Path(card).parent
    beside = [folder / f"{name}.toml" if folder else Path(name) for name in first.joint.cards]
    return [first, *(read_card(path if path.is_file() else path.stem) for path in beside)]


def _model(cards: Sequence[Card], world: World) -> pm.Model:
    evidences = [evidence_of(one, world) for one in cards]
    joint = cards[0].joint
    return build_jointly(cards, world, evidences, lkj=joint.lkj) if joint else build(cards[0], world, evidences[0])


def _finished(fit: Fit, folder: Path, progress: Progress) -> Finished:
    """Add a fit up, check it and write its folder."""
    with progress.stage("adding up"):
        rows = estimates(fit)
    with progress.stage("checking every published number"):
        findings = check(fit)
    with progress.stage("writing the report"):
        write_estimate(fit, rows, findings, folder)
    return Finished(fit, rows, findings, folder, dict(progress.seconds))


def _check_whole(card: Card) -> None:
    """Refuse a card of a share, which has no persons of its own: totals of it would be weighed by everybody."""
    if card.of:
        raise UncountedError(
            f"The card '{card.name}' is of a share of the persons of '{card.of}', and alone it has none. Sample it, "
            f"and multiply its draws with those of '{card.of}', as an estimate card's [[share]] does.",
            "of",
        )


def write_estimate(fit: Fit, rows: pd.DataFrame, findings: Findings, folder: Path) -> Path:
    """Write the files of an estimate into a folder.

    Where publication is stopped, the tables carry a column that says so.
    """
    folder.mkdir(parents=True, exist_ok=True)
    course = trend(fit, GROUPINGS if is_smooth(fit.card) else GROUPINGS[:2]) if has_trend(fit.card) else None
    release = release_of(fit, rows, findings, trend=course)
    release.noted.to_csv(folder / "estimates.csv", index=False)
    if course is not None:
        course.to_csv(folder / "trend.csv", index=False)
    released_ledger(fit.evidence).to_csv(folder / "ledger.csv", index=False)
    (folder / "findings.json").write_text(
        json.dumps(_told(fit, findings), indent=1, ensure_ascii=False), encoding="utf-8"
    )
    write_fit(fit, folder / "fit.nc")
    write_page(release, folder / "report.html")
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
    course = trend(fit, GROUPINGS[:2]) if has_trend(fit.card) else None
    return write_page(release_of(fit, estimates(fit), check(fit), trend=course), Path(path))
