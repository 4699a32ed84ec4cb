"""Combination: an estimate of components becomes a folder with rows, draws, findings,
published numbers beside them, and the page.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from uncounted.checks.finding import Findings
from uncounted.checks.gate import check
from uncounted.errors import UncountedError
from uncounted.formats.press import FILES, Press, write_formats
from uncounted.glance import glance
from uncounted.infer.progress import Progress
from uncounted.infer.second import Second
from uncounted.leaves import draws
from uncounted.leaves.assistance_sensitivity import by_selection
from uncounted.leaves.draws import add_up
from uncounted.leaves.draws_folder import write_draws
from uncounted.leaves.estimate import Estimate
from uncounted.leaves.estimate_card import EstimateCard
from uncounted.leaves.inputs import read_edition
from uncounted.model.card import Card
from uncounted.observations.disclosure import masked
from uncounted.release.account import Account, read_account
from uncounted.release.headline import headline
from uncounted.release.model_part import part_of
from uncounted.release.release import Release
from uncounted.run.verdicts import write_verdicts
from uncounted.tables.breakdown import breakdown, shown
from uncounted.tables.published_editions import read_published, set_beside
from uncounted.world.age import Band
from uncounted.world.world import World

GROUPINGS = ("world", "region", "subregion", "country")
DRAWS = "draws"


@dataclass(frozen=True)
class Added:
    """A finished estimate of components: draws, rows, findings, the folder of its
    files, the seconds of each stage.
    """

    estimate: Estimate
    release: Release
    rows: pd.DataFrame
    findings: Findings
    folder: Path
    seconds: dict[str, float]

    def __repr__(self) -> str:
        return glance(repr(self.estimate), repr(self.findings), f"Files: {self.folder}")

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
    """Fit all components of a card, sum them and write out/NAME/ (`write_addition`).

    draws/ holds working files: unmasked counts, not for release.
    """
    chosen = seed_of(card, seed)
    folder = Path(out) / card.name
    with progress.shown(), Second() as second:
        second.prepare(draws.__name__)
        with progress.stage("reading the world, surveys and records"):
            edition = read_edition(card, world)
        estimate = add_up(
            edition, seed=chosen, progress=progress, second=second, **settings
        )
        # The draws of components are not written.
        without_leaves = replace(estimate, leaves={})
        writing = second.do(write_draws, without_leaves, folder / DRAWS)
        with progress.stage("adding up"):
            rows = breakdown(estimate, GROUPINGS)
        with progress.stage("checking every published number"):
            findings = check(estimate)
        with progress.stage("writing the report"):
            release = write_addition(estimate, rows, findings, folder)
            writing.result()
    return Added(
        estimate,
        release,
        rows,
        findings,
        folder,
        dict(progress.seconds),
    )


def seed_of(card: Card | EstimateCard, seed: int | None) -> int:
    """Return the requested seed, else the card's; raises UncountedError without
    either.
    """
    if seed is not None:
        return seed
    if card.sampling.seed is None:
        raise UncountedError(
            "No seed: give one (--seed), or write seed under [sampling] of the card"
            f" '{card.name}'."
        )
    return card.sampling.seed


def write_addition(
    estimate: Estimate,
    rows: pd.DataFrame,
    findings: Findings,
    folder: Path,
    formats: Collection[str] = FILES,
    **checks: Any,
) -> Release:
    """Write the report in some formats, and findings.json.

    checks: held_out, budget, as in `release_of_estimate`.
    """
    release = release_of_estimate(estimate, rows, findings, **checks)
    write_formats(Press(release, estimate), folder, formats)
    write_verdicts(estimate, findings, folder)
    return release


def release_of_estimate(
    estimate: Estimate,
    rows: pd.DataFrame,
    findings: Sequence,
    *,
    held_out: pd.DataFrame | None = None,
    budget: pd.DataFrame | None = None,
    account: Account | None = None,
    language: str = "en",
) -> Release:
    """Return what may be released of an estimate: its total as all components, each
    component, and the models behind them.

    beside is None for other components than the published editions have, selection for
    components none of which is a ratio.
    """
    card = estimate.card
    account = (account or read_account(card.name)).inside(language)
    has_ratio = any(leaf.ratio for leaf in card.leaf)
    return Release(
        name=card.name,
        title=account.title or card.title,
        why=account.why or card.why,
        year=card.year,
        show=card.show,
        bands=(Band(0, None),),
        world=estimate.world,
        rows=shown(estimate, rows),
        findings=findings,
        parts=tuple(part_of(fit) for fit in estimate.parts.fits.values()),
        seed=estimate.seed,
        versions=estimate.versions,
        seconds=estimate.seconds,
        notes=estimate.notes,
        held_out=_masked(held_out, estimate),
        budget=budget,
        adds=card,
        inputs=estimate.inputs,
        made_up=estimate.simulated,
        table=rows,
        selection=by_selection(estimate) if has_ratio else None,
        beside=_beside(estimate, rows),
        account=account,
        language=language,
    )


def _beside(estimate: Estimate, rows: pd.DataFrame) -> pd.DataFrame | None:
    """Return the published editions beside the rows; None for other components than
    theirs.
    """
    published = read_published()
    if not set(published["leaf"]) <= set(estimate.names):
        return None
    return set_beside(published, rows, estimate.names)


def _masked(held_out: pd.DataFrame | None, estimate: Estimate) -> pd.DataFrame | None:
    """Return the table of a hold-out with small counts masked, None without one."""
    if held_out is None:
        return None
    for fit in estimate.parts.fits.values():
        held_out = masked(held_out, fit.evidence)
    return held_out
