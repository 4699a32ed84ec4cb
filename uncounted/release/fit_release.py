"""Fit release: what may be published of a fit."""

from collections.abc import Sequence

import pandas as pd

from uncounted.checks.finding import Finding
from uncounted.infer.fit import Fit
from uncounted.observations.disclosure import masked
from uncounted.release.account import Account, read_account
from uncounted.release.model_part import part_of
from uncounted.release.release import Release


def release_of(
    fit: Fit,
    rows: pd.DataFrame,
    findings: Sequence[Finding],
    *,
    trend: pd.DataFrame | None = None,
    held_out: pd.DataFrame | None = None,
    budget: pd.DataFrame | None = None,
    account: Account | None = None,
    language: str = "en",
) -> Release:
    """Return what may be published of a fit; results of surveys with few cases are
    masked in held_out too.

    account: by default the one that ships with the card, if any. Raises UncountedError
    for rows that lack a column or the world's total.
    """
    card = fit.card
    statement = account or read_account(card.name)
    words = statement.inside(language)
    hidden = None if held_out is None else masked(held_out, fit.evidence)
    return Release(
        name=card.name,
        title=words.title or card.title,
        why=words.why or card.why,
        year=card.year,
        show=card.show,
        bands=card.bands,
        world=fit.world,
        rows=rows,
        findings=findings,
        parts=(part_of(fit),),
        seed=fit.seed,
        versions=fit.versions,
        seconds=fit.seconds,
        notes=fit.notes,
        universe=card.universe,
        trend=trend,
        held_out=hidden,
        budget=budget,
        account=words,
        language=language,
    )
