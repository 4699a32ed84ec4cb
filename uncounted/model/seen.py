"""Seen: which cells of the world each row of evidence looked at, and with what weight."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy import sparse

from uncounted.errors import UncountedError
from uncounted.model.card import Card
from uncounted.survey.evidence import Evidence
from uncounted.world.age import Band, contains
from uncounted.world.world import World, persons

SEXES = ("female", "male")


@dataclass(frozen=True)
class Seen:
    """The rows of evidence as arrays: y, n (rows,); W (rows, cells), rows sum to 1; indices, years since `card.year`.

    A cell is country × sex × age, flattened in that order. country, survey (rows,) index their coordinates; source
    (surveys,) indexes the kinds of source; since (rows,) is in years, of the first of `span` years of fieldwork.
    unknown (rows,): n stands for an effective n that nobody published.
    """

    evidence: Evidence
    y: np.ndarray
    n: np.ndarray
    w: sparse.csr_array
    country: np.ndarray
    survey: np.ndarray
    since: np.ndarray
    span: np.ndarray
    surveys: pd.Index
    source: np.ndarray
    sources: pd.Index
    survey_country: np.ndarray
    survey_since: np.ndarray
    unknown: np.ndarray


def look(card: Card, world: World, evidence: Evidence) -> Seen:
    """Place the rows of evidence in the card's cells; W[j, cell] = persons in the part of the cell that row j covers.

    Weights are of the survey's year, or of the population table's nearest. Rows that cover ages outside the card's, and
    countries without a population, are left out and written to the ledger.
    """
    evidence = _within(evidence.placed(world), card)
    rows = evidence.rows
    countries = world.places.index
    surveys = rows.groupby("survey", sort=True)[["source", "country", "year"]].first()
    sources = pd.Index(sorted(surveys["source"].unique()), name="source")
    country = countries.get_indexer(pd.Index(rows["country"]))
    return Seen(
        evidence=evidence,
        y=rows["y"].to_numpy(float),
        n=rows["n"].to_numpy(float),
        w=_weights(card, world, rows, country),
        country=country,
        survey=surveys.index.get_indexer(pd.Index(rows["survey"])),
        since=rows["year"].to_numpy(int) - card.year,
        span=_span(rows),
        surveys=surveys.index,
        source=sources.get_indexer(pd.Index(surveys["source"])),
        sources=sources,
        survey_country=countries.get_indexer(pd.Index(surveys["country"])),
        survey_since=surveys["year"].to_numpy(int) - card.year,
        unknown=rows["deff"].isna().to_numpy(),
    )


def _within(evidence: Evidence, card: Card) -> Evidence:
    outside = [not all(_held(band, card.bands) for band in bands) for bands in evidence.rows["covers"]]
    kept = evidence.without(pd.Series(outside, index=evidence.rows.index), "ages outside the card's")
    if kept.rows.empty:
        raise UncountedError(
            f"No row of evidence on '{evidence.outcome}' lies within the card's ages. Mend `ages` on the card."
        )
    return kept


def _span(rows: pd.DataFrame) -> np.ndarray:
    """Return the years of fieldwork of each row, from its `year` to its year `until`, if it has one."""
    until = rows["until"].fillna(rows["year"]) if "until" in rows else rows["year"]
    return (until - rows["year"]).to_numpy(int) + 1


def _held(band: Band, cells: Sequence[Band]) -> bool:
    """Say whether every age of the band is in one of the cells, which are sorted."""
    at: float = band.lower
    for cell in cells:
        at = cell.end if cell.lower <= at < cell.end else at
    return at >= band.end


def _weights(card: Card, world: World, rows: pd.DataFrame, country: np.ndarray) -> sparse.csr_array:
    cells = list(card.bands)
    pieces = _pieces([*cells, *{band for bands in rows["covers"] for band in bands}])
    of_cell = np.array([[contains(cell, piece) for cell in cells] for piece in pieces], float)
    covered = {bands: _covered(pieces, bands) for bands in set(rows["covers"])}
    piece = np.array([covered[bands] for bands in rows["covers"]], float)
    sex = np.array([[given in (one, "both") for one in SEXES] for given in rows["sex"]], float)
    people = np.empty((len(rows), len(SEXES), len(pieces)))
    for year in sorted(set(rows["year"])):
        at = np.flatnonzero(rows["year"] == year)
        people[at] = persons(world, pieces, year, nearest=True).to_numpy()[country[at]]
    weights = np.einsum("rsp,rs,rp,pa->rsa", people, sex, piece, of_cell).reshape(len(rows), -1)
    weights /= weights.sum(axis=1, keepdims=True)
    row, cell = np.nonzero(weights)
    width = len(SEXES) * len(cells)
    at_cell = country[row] * width + cell
    return sparse.csr_array((weights[row, cell], (row, at_cell)), shape=(len(rows), len(world.places) * width))


def _pieces(bands: list[Band]) -> list[Band]:
    """Cut bands at each other's ends, so that every band is a sum of pieces."""
    cuts = sorted({end for band in bands for end in (band.lower, band.upper) if end is not None})
    pieces = [Band(low, high) for low, high in pairwise(cuts)]
    pieces += [Band(cuts[-1], None)] if any(band.upper is None for band in bands) else []
    return [piece for piece in pieces if any(contains(band, piece) for band in bands)]


def _covered(pieces: list[Band], bands: tuple[Band, ...]) -> list[bool]:
    return [any(contains(band, piece) for band in bands) for piece in pieces]
