"""Addition: an estimate of leaves becomes a folder with its rows, draws, findings, what
it is beside, and the page.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from uncounted.checks.finding import Findings
from uncounted.errors import UncountedError
from uncounted.evidence.disclosure import masked
from uncounted.formats.press import FILES, Press, write_formats
from uncounted.infer.progress import Progress
from uncounted.infer.second import Second
from uncounted.leaves import draws
from uncounted.leaves.assistance_sensitivity import by_selection
from uncounted.leaves.draws import add_up
from uncounted.leaves.draws_folder import write_draws
from uncounted.leaves.estimate import Estimate
from uncounted.leaves.estimate_card import EstimateCard
from uncounted.leaves.estimate_convergence import check_estimate
from uncounted.leaves.inputs import read_edition
from uncounted.release.account import Account, read_account
from uncounted.release.headline import headline
from uncounted.release.release import Release, part_of
from uncounted.run.verdicts import write_verdicts
from uncounted.tables.breakdown import breakdown, shown
from uncounted.tables.published import read_published, set_beside
from uncounted.world.age import Band
from uncounted.world.world import World

GROUPINGS = ("world", "region", "subregion", "country")
DRAWS = "draws"


@dataclass(frozen=True)
class Added:
    """A finished estimate of leaves: draws, rows, what was checked, where the files
    lie, the seconds of each stage.
    """

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
    """Fit everything that a card adds up and write out/NAME/ (`write_addition`).

    draws/ holds working files: unmasked counts, not for release.
    """
    chosen = seed if seed is not None else card.sampling.seed
    if chosen is None:
        raise UncountedError(
            "No seed: give one (--seed), or write seed under [sampling] of the card"
            f" '{card.name}'."
        )
    folder = Path(out) / card.name
    with progress.shown(), Second() as second:
        second.prepare(draws.__name__)
        with progress.stage("reading the world, surveys and records"):
            edition = read_edition(card, world)
        estimate = add_up(
            edition, seed=chosen, progress=progress, second=second, **settings
        )
        kept = second.do(
            write_draws, replace(estimate, leaves={}), folder / DRAWS
        )  # leaves are not written
        with progress.stage("adding up"):
            rows = breakdown(estimate, GROUPINGS)
        with progress.stage("checking every published number"):
            findings = check_estimate(estimate)
        with progress.stage("writing the report"):
            release = write_addition(estimate, rows, findings, folder)
            kept.result()
    return Added(estimate, release, rows, findings, folder, dict(progress.seconds))


def write_addition(
    estimate: Estimate,
    rows: pd.DataFrame,
    findings: Findings,
    folder: Path,
    formats: Collection[str] = FILES,
    **told: Any,
) -> Release:
    """Write the report in some formats, and findings.json.

    told: held_out, budget, as in `release_of_estimate`.
    """
    release = release_of_estimate(estimate, rows, findings, **told)
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
    """Return what may be handed out of an estimate: its total as all leaves, its
    leaves, and the models behind them.

    beside is None for other leaves than the published editions have, selection for
    leaves none of which is a ratio.
    """
    card, told = (
        estimate.card,
        (account or read_account(estimate.card.name)).inside(language),
    )
    return Release(
        name=card.name,
        title=told.title or card.title,
        why=told.why or card.why,
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
        held_out=held_out if held_out is None else _masked(held_out, estimate),
        budget=budget,
        adds=card,
        inputs=estimate.inputs,
        made_up=estimate.simulated,
        table=rows,
        selection=(
            by_selection(estimate) if any(one.ratio for one in card.leaf) else None
        ),
        beside=_beside(estimate, rows),
        account=told,
        language=language,
    )


def _beside(estimate: Estimate, rows: pd.DataFrame) -> pd.DataFrame | None:
    """Return the published editions beside the rows; None for other leaves than
    theirs.
    """
    published = read_published()
    of_them = set(published["leaf"]) <= set(estimate.names)
    return set_beside(published, rows, estimate.names) if of_them else None


def _masked(held_out: pd.DataFrame, estimate: Estimate) -> pd.DataFrame:
    for fit in estimate.parts.fits.values():
        held_out = masked(held_out, fit.evidence)
    return held_out
