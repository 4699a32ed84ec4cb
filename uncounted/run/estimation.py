"""Estimation: a card becomes a folder with a finished estimate: draws, tables,
findings and the page.
"""

from collections.abc import Collection, Mapping, Sequence
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
from uncounted.glance import glance
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
from uncounted.model.build import build
from uncounted.model.card import Card, read_card
from uncounted.model.joint_model import build_jointly
from uncounted.model.survey_list import evidence_of, world_of
from uncounted.model.trend import has_trend, is_smooth
from uncounted.release.account import read_account
from uncounted.release.fit_release import release_of
from uncounted.release.headline import headline
from uncounted.release.release import Release
from uncounted.run.combination import (
    Added,
    estimate_leaves,
    release_of_estimate,
    seed_of,
)
from uncounted.run.verdicts import write_verdicts
from uncounted.tables.breakdown import breakdown
from uncounted.tables.estimates import estimates
from uncounted.world.world import World, read_world


@dataclass(frozen=True)
class Finished:
    """A finished estimate: the fit, its rows, findings, the folder of its files, the
    seconds of each stage.
    """

    fit: Fit
    rows: pd.DataFrame
    findings: Findings
    folder: Path
    seconds: dict[str, float]

    def __repr__(self) -> str:
        return glance(repr(self.fit), repr(self.findings), f"Files: {self.folder}")

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
    tables: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
    **settings: Any,
) -> Finished | Added:
    """Fit a card and write out/NAME/: report.html, tables (.csv), findings.json and
    fit.nc.

    An estimate card's components are each fitted and summed (`estimate_leaves`); its
    draws are in draws/. A card with [joint] is sampled with the cards that it names,
    and each of them has a folder; the estimate of the card itself is returned.

    seed: else the card's own; tables: population, geography, grouping or covariates in
    place of the card's, where no world is given; settings: chains, tune, draws,
    target_accept. Nothing is withheld: if a check stops publication, every file says
    so.
    """
    if isinstance(card, str | Path) and is_estimate_card(card):
        card = read_estimate_card(card)
    progress = progress or Progress()
    if isinstance(card, EstimateCard):
        given = {}
        for word, table in (tables or {}).items():
            if table is not None:
                given[word] = table
        if given and world is None:
            world = read_world(**given)
        return estimate_leaves(card, out, seed, world, progress, settings)
    cards = _together(card)
    for joint_card in cards:
        _check_whole(joint_card)
    chosen = seed_of(cards[0], seed)
    with progress.shown():
        with progress.stage("reading the world and the surveys"):
            model = _model(cards, world or world_of(cards[0], **tables or {}))
        fits = _sampled(cards, model, chosen, progress, settings)
        finished = []
        for joint_card, fit in zip(cards, fits, strict=True):
            folder = Path(out) / joint_card.name
            finished.append(_finished(fit, folder, progress))
    return replace(finished[0], seconds=dict(progress.seconds))


def _sampled(
    cards: Sequence[Card],
    model: pm.Model,
    seed: int,
    progress: Progress,
    settings: dict[str, Any],
) -> list[Fit]:
    """Return a fit for each card, sampled jointly where the first one says so."""
    if not cards[0].joint:
        return [
            sample(
                model,
                seed=seed,
                progress=progress,
                **settings,
            )
        ]
    fits = sample_jointly(
        model,
        seed=seed,
        progress=progress,
        **settings,
    )
    return [fits[card.outcome] for card in cards]


def _together(card: Card | str | Path) -> list[Card]:
    """Return the card and those that it is sampled with, which lie beside it or among
    those that ship.
    """
    cards = [card if isinstance(card, Card) else read_card(card)]
    if cards[0].joint is None:
        return cards
    for name in cards[0].joint.cards:
        path = Path(name)
        if not isinstance(card, Card):
            path = Path(card).parent / f"{name}.toml"
        cards.append(read_card(path if path.is_file() else path.stem))
    return cards


def _model(cards: Sequence[Card], world: World) -> pm.Model:
    """Build the model of one card, or of cards that are sampled jointly."""
    evidences = [evidence_of(card, world) for card in cards]
    joint = cards[0].joint
    if joint:
        return build_jointly(cards, world, evidences, lkj=joint.lkj)
    return build(cards[0], world, evidences[0])


def _finished(fit: Fit, folder: Path, progress: Progress) -> Finished:
    """Sum a fit's draws, check it and write its folder."""
    with progress.stage("adding up"):
        rows = estimates(fit)
    with progress.stage("checking every published number"):
        findings = check(fit)
    with progress.stage("writing the report"):
        write_estimate(fit, rows, findings, folder)
    return Finished(
        fit,
        rows,
        findings,
        folder,
        dict(progress.seconds),
    )


def _check_whole(card: Card) -> None:
    """Refuse a card of a share, which has no persons of its own: everybody would weigh
    in its totals.
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
    **checks: Any,
) -> Path:
    """Write the files of an estimate into a folder: the report in some formats,
    findings.json and fit.nc.

    Where publication is stopped, every file says so. checks: held_out, budget, as in
    `release_of`.
    """
    release = release_of(
        fit,
        rows,
        findings,
        trend=courses_of(fit),
        **checks,
    )
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
    result: Fit | Estimate,
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
    draws (`write_formats`). findings: else those of `check`;
    held_out: the table of `hold_out`; budget: shares of the variance; account: the path
    of a gather.toml, else what ships with the card; language: en or fr. Raises
    UncountedError for what is none of these.
    """
    path = Path(path)
    requested = [formats] if isinstance(formats, str) else list(formats or ["html"])
    check_formats(requested)
    if path.suffix and path.suffix not in BY_SUFFIX and not formats:
        raise UncountedError(
            f"{path} ends in '{path.suffix}'. Name a file that ends in"
            f" {', '.join(BY_SUFFIX)}, or a folder and its formats."
        )
    release = _release(result, findings, held_out, budget, account, language)
    press = Press(release, result)
    if formats or not path.suffix:
        return write_formats(press, path, requested)
    with TemporaryDirectory(dir=path.parent) as folder:
        files = write_formats(press, folder, [BY_SUFFIX[path.suffix]])
        return [files[0].replace(path)]


def write_place(
    result: Fit | Estimate,
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
    release = _release(result, findings, language=language, years=False)
    profiled = place_of(release, place)
    course = None
    if isinstance(result, Fit) and has_trend(result.card):
        group = {"iso3": profiled.countries, "group": profiled.group}
        course = trend(result, pd.DataFrame(group))
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_profile(release, place, path, course)


def _release(
    result: Fit | Estimate,
    findings: Findings | None,
    held_out: pd.DataFrame | None = None,
    budget: pd.DataFrame | None = None,
    account: str | Path | None = None,
    language: str = "en",
    years: bool = True,
) -> Release:
    """Return what may be released of a fit or an estimate; years: with its trend."""
    words: dict[str, Any] = {
        "held_out": held_out,
        "budget": budget,
        "account": read_account(account) if account else None,
        "language": language,
    }
    if findings is None:
        findings = check(result)
    if isinstance(result, Estimate):
        rows = breakdown(result, GROUPINGS)
        return release_of_estimate(result, rows, findings, **words)
    course = courses_of(result) if years else None
    return release_of(
        result,
        estimates(result),
        findings,
        trend=course,
        **words,
    )
