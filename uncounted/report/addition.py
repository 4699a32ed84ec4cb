"""Addition: an estimate of leaves becomes a folder with its rows, draws, findings, what it is beside, and the page."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from uncounted.checks.finding import Findings
from uncounted.errors import UncountedError
from uncounted.infer.progress import Progress
from uncounted.leaves.card import TOTAL, EstimateCard
from uncounted.leaves.convergence import check_estimate
from uncounted.leaves.draws import add_up
from uncounted.leaves.edition import read_edition
from uncounted.leaves.estimate import Estimate
from uncounted.leaves.selection import by_selection
from uncounted.leaves.store import write_draws
from uncounted.report.account import Account, read_account
from uncounted.report.beside import beside_published
from uncounted.report.breakdown import STATS, breakdown
from uncounted.report.headline import headline
from uncounted.report.page import write_page
from uncounted.report.release import ALL, LEAF, Release, part_of
from uncounted.survey.disclosure import released_ledger
from uncounted.world.age import Band
from uncounted.world.world import World

GROUPINGS = ("world", "region", "subregion", "country")
DRAWS = "draws"
SHOWN = (
    "grouping",
    "group",
    "name",
    LEAF,
    "sex",
    "age",
    "interval",
    "evidence",
    "surveys",
    "respondents",
    "cases",
    "population",
)


@dataclass(frozen=True)
class Added:
    """A finished estimate of leaves: draws, rows, what was checked, where the files lie, the seconds of each stage."""

    estimate: Estimate
    release: Release
    rows: pd.DataFrame
    findings: Findings
    folder: Path
    seconds: dict[str, float]

    @property
    def headline(self) -> str:
        """The world's total in words, with its intervals."""
        return headline(self.release)


def estimate_leaves(
    card: EstimateCard,
    out: str | Path,
    seed: int | None,
    world: World | None,
    progress: Progress,
    settings: dict[str, Any],
) -> Added:
    """Fit everything that a card adds up and write out/NAME/ (`write_addition`)."""
    chosen = seed if seed is not None else card.sampling.seed
    if chosen is None:
        raise UncountedError(f"No seed: give one (--seed), or write seed under [sampling] of the card '{card.name}'.")
    with progress.shown():
        with progress.stage("reading the world, surveys and records"):
            edition = read_edition(card, world)
        estimate = add_up(edition, seed=chosen, progress=progress, **settings)
        with progress.stage("adding up"):
            rows = breakdown(estimate, GROUPINGS)
        with progress.stage("checking every published number"):
            findings = check_estimate(estimate)
        with progress.stage("writing the report"):
            folder = Path(out) / card.name
            release = write_addition(estimate, rows, findings, folder)
    return Added(estimate, release, rows, findings, folder, dict(progress.seconds))


def write_addition(estimate: Estimate, rows: pd.DataFrame, findings: Findings, folder: Path) -> Release:
    """Write estimates.csv, ledger.csv, findings.json, selection.csv, beside-published.csv, report.html and draws/.

    beside-published.csv where the estimate has the leaves of the published editions. draws/ are working files: unmasked
    counts of the evidence, not for release.
    """
    folder.mkdir(parents=True, exist_ok=True)
    release = release_of_estimate(estimate, rows, findings)
    stamped = "; ".join([*release.stamps])
    noted = rows.assign(note=rows["note"].where(rows["note"] != "", stamped)) if stamped else rows
    noted.to_csv(folder / "estimates.csv", index=False)
    ledgers = [released_ledger(fit.evidence).assign(model=name) for name, fit in estimate.parts.fits.items()]
    pd.concat(ledgers, ignore_index=True).to_csv(folder / "ledger.csv", index=False)
    if any(one.ratio for one in estimate.card.leaf):
        by_selection(estimate).to_csv(folder / "selection.csv", index=False)
    try:
        beside_published(estimate).to_csv(folder / "beside-published.csv", index=False)
    except UncountedError:  # other leaves than the published editions have: nothing to stand beside
        (folder / "beside-published.csv").unlink(missing_ok=True)
    told = json.dumps(_told(estimate, findings), indent=1, ensure_ascii=False)
    (folder / "findings.json").write_text(told, encoding="utf-8")
    write_draws(estimate, folder / DRAWS)
    write_page(release, folder / "report.html")
    return release


def release_of_estimate(
    estimate: Estimate,
    rows: pd.DataFrame,
    findings: Sequence,
    budget: pd.DataFrame | None = None,
    account: Account | None = None,
    language: str = "en",
) -> Release:
    """Return what may be handed out of an estimate: its total as all leaves, its leaves, and the models behind them.

    Sums and shares of leaves are in estimates.csv alone: a page that adds leaves up shows each once.
    """
    card, told = estimate.card, (account or read_account(estimate.card.name)).inside(language)
    leaves = [TOTAL, *estimate.leaves]
    shown = rows.loc[
        rows[LEAF].isin(leaves), [*SHOWN, *(f"{of}_{one}" for of in ("prevalence", "persons") for one in STATS)]
    ]
    shown = shown.assign(
        **{
            LEAF: shown[LEAF].replace({TOTAL: ALL}),
            "cases_elsewhere": 0.0,
            "masked": "",
            "prior_share": np.nan,
            "own_data_share": np.nan,
        }
    )
    return Release(
        name=card.name,
        title=told.title or card.title,
        why=told.why or card.why,
        year=card.year,
        show=card.show,
        bands=(Band(0, None),),
        world=estimate.world,
        rows=shown.reset_index(drop=True),
        findings=findings,
        parts=tuple(part_of(fit) for fit in estimate.parts.fits.values()),
        seed=estimate.seed,
        versions=estimate.versions,
        seconds=estimate.seconds,
        notes=estimate.notes,
        budget=budget,
        account=told,
        language=language,
    )


def _told(estimate: Estimate, findings: Findings) -> dict[str, Any]:
    numbers = [vars(f) | {"number": f.number if math.isfinite(f.number) else None} for f in findings]
    return {
        "card": estimate.card.name,
        "publishable": not findings.stopped,
        "findings": numbers,
        "not_run": ["held-out coverage"],
        "seed": estimate.seed,
        "versions": dict(estimate.versions),
        "digests": dict(estimate.inputs),
    }
