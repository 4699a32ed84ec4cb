"""Estimate: a card becomes a folder with a finished estimate: draws, tables, findings
and the page.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pymc as pm

from uncounted.charts.trends import GROUPINGS, trend
from uncounted.checks.finding import Findings
from uncounted.checks.gate import check
from uncounted.errors import UncountedError
from uncounted.formats.press import (
    BY_SUFFIX,
    FILES,
    Press,
    check_formats,
    write_formats,
)
from uncounted.formats.profile import place_of, write_profile
from uncounted.infer.fit import Fit
from uncounted.infer.fit_file import write_fit
from uncounted.infer.joint_fit import sample_jointly
from uncounted.infer.progress import Progress
from uncounted.infer.sample import sample
from uncounted.leaves.estimate import Estimate
from uncounted.leaves.estimate_card import (
    EstimateCard,
    is_estimate_card,
    read_estimate_card,
)
from uncounted.leaves.estimate_convergence import check_estimate
from uncounted.model.build import build
from uncounted.model.card import Card, read_card
from uncounted.model.joint_model import build_jointly
from uncounted.model.survey_list import evidence_of
from uncounted.model.trend import has_trend, is_smooth
from uncounted.release.account import read_account
from uncounted.release.headline import headline
from uncounted.release.release import Release, release_of
from uncounted.run.combination import Added, estimate_leaves, release_of_estimate
from uncounted.run.verdicts import write_verdicts
from uncounted.tables.breakdown import breakdown
from uncounted.tables.estimates import estimates
from uncounted.world.world import World, read_world


@dataclass(frozen=True)
class Finished:
    """A finished estimate: the fit, its rows, what was checked, where the files lie,
    the seconds each stage took.
    """

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
    """Fit a card and write out/NAME/: report.html, tables (.csv), findings.json and
    fit.nc.

    An estimate card's leaves are each fitted and added up (`estimate_leaves`); its
    draws are in draws/. A card with [joint] is sampled with the cards that it names,
    and each of them has a folder; what is returned is the first's.

    seed: else the card's own; settings: chains, tune, draws, target_accept. Nothing
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
        raise UncountedError(
            "No seed: give one (--seed), or write seed under [sampling] of the card"
            f" '{card.name}'."
        )
    progress = progress or Progress()
    with progress.shown():
        with progress.stage("reading the world and the surveys"):
            everywhere = world or read_world()
            model = _model(cards, everywhere)
        if card.joint:
            fits = sample_jointly(model, seed=chosen, progress=progress, **settings)
            done = [
                _finished(fits[one.outcome], Path(out) / one.name, progress)
                for one in cards
            ]
        else:
            fit = sample(model, seed=chosen, progress=progress, **settings)
            done = [_finished(fit, Path(out) / card.name, progress)]
    return replace(done[0], seconds=dict(progress.seconds))


def _together(card: Card | str | Path) -> list[Card]:
    """Return the card and those that it is sampled with, which lie beside it or among
    those that ship.
    """
    first = card if isinstance(card, Card) else read_card(card)
    if first.joint is None:
        return [first]
    folder = None if isinstance(card, Card) else Path(card).parent
    beside = [
        folder / f"{name}.toml" if folder else Path(name) for name in first.joint.cards
    ]
    return [
        first,
        *(read_card(path if path.is_file() else path.stem) for path in beside),
    ]


def _model(cards: Sequence[Card], world: World) -> pm.Model:
    evidences = [evidence_of(one, world) for one in cards]
    joint = cards[0].joint
    return (
        build_jointly(cards, world, evidences, lkj=joint.lkj)
        if joint
        else build(cards[0], world, evidences[0])
    )


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
    """Refuse a card of a share, which has no persons of its own: totals of it would be
    weighed by everybody.
    """
    if card.of:
        raise UncountedError(
            f"The card '{card.name}' is of a share of the persons of '{card.of}', and"
            " alone it has none. Sample it, and multiply its draws with those of"
            f" '{card.of}', as an estimate card's [[share]] does.",
            "of",
        )


def write_estimate(
    fit: Fit,
    rows: pd.DataFrame,
    findings: Findings,
    folder: Path,
    formats: Collection[str] = FILES,
    **told: Any,
) -> Path:
    """Write the files of an estimate into a folder: the report in some formats,
    findings.json and fit.nc.

    Where publication is stopped, every file says so. told: held_out, budget, as in
    `release_of`.
    """
    release = release_of(fit, rows, findings, trend=courses_of(fit), **told)
    write_formats(Press(release, fit), folder, formats)
    write_verdicts(fit, findings, folder)
    write_fit(fit, folder / "fit.nc")
    return folder


def courses_of(fit: Fit) -> pd.DataFrame | None:
    """Return prevalence by year of the world and regions, of all places where the trend
    bends; None without a trend.
    """
    if not has_trend(fit.card):
        return None
    return trend(fit, GROUPINGS if is_smooth(fit.card) else GROUPINGS[:2])


def write_report(
    of: Fit | Estimate,
    path: str | Path,
    formats: str | Collection[str] | None = None,
    *,
    findings: Findings | None = None,
    held_out: pd.DataFrame | None = None,
    budget: pd.DataFrame | None = None,
    account: str | Path | None = None,
    language: str = "en",
) -> list[Path]:
    """Write the report of a fit or an estimate: one file (.html, .pdf, .xlsx, .docx,
    .parquet), or a folder.

    formats: of a folder, some of html, pdf, xlsx, docx, csv, parquet, sdmx, gather and
    draws (`write_formats`). findings: else those of `check` or `check_estimate`;
    held_out: the table of `hold_out`; budget: shares of the variance; account: the path
    of a gather.toml, else what ships with the card; language: en or fr. Raises
    UncountedError for what is none of these.
    """
    path = Path(path)
    asked = [formats] if isinstance(formats, str) else list(formats or ["html"])
    check_formats(asked)
    if path.suffix and path.suffix not in BY_SUFFIX and not formats:
        raise UncountedError(
            f"{path} ends in '{path.suffix}'. Name a file that ends in"
            f" {', '.join(BY_SUFFIX)}, or a folder and its formats."
        )
    release = _release(of, findings, held_out, budget, account, language)
    if formats or not path.suffix:
        return write_formats(Press(release, of), path, asked)
    with TemporaryDirectory(dir=path.parent) as folder:
        made = write_formats(Press(release, of), folder, [BY_SUFFIX[path.suffix]])
        return [made[0].replace(path)]


def write_place(
    of: Fit | Estimate,
    place: str,
    path: str | Path,
    *,
    findings: Findings | None = None,
    language: str = "en",
) -> Path:
    """Write a profile of two pages on a country (code or name), region or subregion, as
    PDF.

    findings: else those of `check`. Raises UncountedError for an unknown place, or a
    file that isn't .pdf.
    """
    path = Path(path)
    if path.suffix != ".pdf":
        raise UncountedError(
            f"A profile is a PDF, and {path} doesn't end in .pdf. Name such a file."
        )
    release = _release(of, findings, language=language, years=False)
    at = place_of(release, place)
    own = pd.DataFrame({"iso3": at.countries, "group": at.group})
    course = trend(of, own) if isinstance(of, Fit) and has_trend(of.card) else None
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_profile(release, place, path, course)


def _release(
    of: Fit | Estimate,
    findings: Findings | None,
    held_out: pd.DataFrame | None = None,
    budget: pd.DataFrame | None = None,
    account: str | Path | None = None,
    language: str = "en",
    years: bool = True,
) -> Release:
    told = {
        "budget": budget,
        "account": read_account(account) if account else None,
        "language": language,
    }
    if isinstance(of, Estimate):
        found = check_estimate(of) if findings is None else findings
        return release_of_estimate(
            of, breakdown(of, GROUPINGS), found, held_out=held_out, **told
        )
    found = check(of) if findings is None else findings
    course = courses_of(of) if years else None
    return release_of(of, estimates(of), found, trend=course, held_out=held_out, **told)
