"""Pooling: the evidence of several sources as one."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from uncounted.errors import UncountedError
from uncounted.figures.identity import shared_ids
from uncounted.figures.ledger import Ledger
from uncounted.observations.evidence import Evidence
from uncounted.observations.evidence_rows import digest_of, in_order
from uncounted.observations.origin import AsTheyAre, Origin, Renamed
from uncounted.world.population import EVERYBODY


def pooled(parts: Sequence[Evidence]) -> Evidence:
    """Return the evidence of several sources as one; two that share a survey id are an
    error: it would count twice.
    """
    shared = shared_ids([part.rows for part in parts])
    if shared:
        raise UncountedError(
            f"Two sources of evidence share the survey(s) {', '.join(shared[:8])}. Give"
            " each survey to one source, or its own id."
        )
    if len(parts) == 1:
        return parts[0]
    traits: list[str] = []
    origins: list[Origin] = []
    parts = _with_distinct_ids(parts)
    for part in parts:
        traits += [trait for trait in part.traits if trait not in traits]
        origins += part.origin or (AsTheyAre(part.rows),)
    rows = pd.concat([part.rows for part in parts], ignore_index=True)
    rows = in_order(rows.fillna(dict.fromkeys(traits, EVERYBODY)), traits)
    lines = pd.concat([part.ledger.lines for part in parts], ignore_index=True)
    return Evidence(
        outcome=parts[0].outcome,
        rows=rows,
        ledger=Ledger(lines),
        source="; ".join(sorted(part.source for part in parts)),
        digest=digest_of(rows),
        origin=tuple(origins),
    )


def _with_distinct_ids(parts: Sequence[Evidence]) -> list[Evidence]:
    """Return evidence whose surveys have the country in their ids where sources share
    an id between countries.
    """
    surveys = pd.concat([part.rows[["survey", "country"]] for part in parts])
    surveys = surveys.drop_duplicates()
    shared = surveys.loc[surveys.duplicated("survey", keep=False), "survey"]
    if shared.empty:
        return list(parts)
    return [_with_countries(part, set(shared)) for part in parts]


def _with_countries(
    part: Evidence,
    shared: set[str],
) -> Evidence:
    """Return evidence with the country in the ids of shared surveys."""
    surveys = part.rows.loc[part.rows["survey"].isin(shared), ["survey", "country"]]
    names = {
        survey: f"{survey} ({country})"
        for survey, country in zip(
            surveys["survey"],
            surveys["country"],
            strict=True,
        )
    }
    rows = part.rows.assign(survey=part.rows["survey"].replace(names))
    origin = tuple(Renamed(origin, names) for origin in part.origin)
    return replace(part, rows=rows, origin=origin)
