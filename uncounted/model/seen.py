"""Seen: the rows of evidence as arrays, with the population weights of the cells that
each row covers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy import sparse

from uncounted.errors import UncountedError, did_you_mean
from uncounted.figures.extent import BOTH
from uncounted.model.card import Card
from uncounted.model.series import Series, check_labels, check_series, series_of
from uncounted.model.vocabulary import PEOPLE
from uncounted.observations.evidence import FORM, Evidence
from uncounted.world.age import Band, contains
from uncounted.world.population import EVERYBODY
from uncounted.world.universe import in_countries, listed
from uncounted.world.world import World, levels, persons

SEXES = ("female", "male")
RESOLVED = 10.0  # Fisher information of a survey: a log odds with an error of 0.3
MOST = 0.75  # of surveyed countries
# likelihoods that can read an interval of counts
OF_COUNTS = ("binomial", "beta_binomial")


@dataclass(frozen=True)
class Seen:
    """The rows of evidence as arrays: y, n (rows,); W (rows, cells), rows sum to 1;
    indices, years since `card.year`.

    A cell is country × sex × age (× the card's traits), flattened in that order.
    country, survey (rows,) index their coordinates; source (surveys,) indexes the kinds
    of source; since (rows,) is in years, of the first of `span` years of fieldwork.
    unknown (rows,): n stands for an effective n that nobody published. series: which
    surveys share an error. rounding (rows,): half of the last printed digit of y/n, 0
    where it is exact. row_ages (rows, ages): squared shares of each age (and level of
    traits) in what a row covers, by which it has the errors of those ages. row_group
    (rows,): alike in rows of one survey that cover the same ages and levels of traits.
    lone (surveys,): 1 where a survey's error and its country's departure are sampled as
    one sum.
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
    series: Series
    rounding: np.ndarray
    row_ages: np.ndarray
    row_group: np.ndarray
    lone: np.ndarray
    forms: np.ndarray | None = None


def look(card: Card, world: World, evidence: Evidence) -> Seen:
    """Place the rows of evidence in the card's cells; W[j, cell] = persons in the part
    of the cell that row j covers.

    Weights are of the survey's year, or of the population table's nearest; where shares
    of a trait are uncertain, of their means. A row without a level of a trait covers
    all its levels. Rows that cover ages outside the card's, or people whom the
    population table has none of, and countries without a population, are left out and
    written to the ledger, as are rows of countries and people that the card's estimate
    isn't about. Raises UncountedError for evidence divided by a trait that
    the card lacks, for levels that the population lacks, and for series of surveys if
    the card has no prior for their errors.
    """
    evidence = _of_universe(evidence, card, world)
    _check_traits(card, world, evidence)
    evidence = _within(evidence.placed(world), card)
    people = _covered_people(card, world, evidence.rows)
    nobody = ~(people.sum(axis=1) > 0)
    why = "the population table has nobody whom it covers"
    evidence = _kept(evidence, pd.Series(nobody), why)
    people = people[~nobody]
    rows = evidence.rows
    _check_rounded(card, rows)
    countries = world.places.index
    check_labels(rows)
    columns = ["source", "country", "year", "series"]
    surveys = rows.groupby("survey", sort=True)[columns].first()
    sources = pd.Index(sorted(surveys["source"].unique()), name="source")
    country = countries.get_indexer(pd.Index(rows["country"]))
    source = sources.get_indexer(pd.Index(surveys["source"]))
    survey_country = countries.get_indexer(pd.Index(surveys["country"]))
    series = series_of(surveys, survey_country, source, card)
    check_series(card, series)
    unknown = rows["unknown"].to_numpy() > 0
    return Seen(
        evidence=evidence,
        y=rows["y"].to_numpy(float),
        n=rows["n"].to_numpy(float),
        w=_weights(people, country, len(countries)),
        country=country,
        survey=surveys.index.get_indexer(pd.Index(rows["survey"])),
        since=rows["year"].to_numpy(int) - card.year,
        span=_span(rows),
        surveys=surveys.index,
        source=source,
        sources=sources,
        survey_country=survey_country,
        survey_since=surveys["year"].to_numpy(int) - card.year,
        forms=_forms(card, evidence),
        unknown=unknown,
        series=series,
        rounding=rows["rounding"].to_numpy(float) * ~unknown,
        row_ages=_row_ages(people, len(card.ages)),
        row_group=_row_group(rows, card),
        lone=_lone(card, rows, surveys.index, survey_country, series),
    )


def _lone(
    card: Card,
    rows: pd.DataFrame,
    surveys: pd.Index,
    country: np.ndarray,
    series: Series,
) -> np.ndarray:
    """Return 1 for surveys whose error is sampled in one sum with their country's
    departure, else 0 (surveys,).

    They are a country's only survey, in no series, and large enough to resolve the sum.
    Where such surveys are of fewer than three in four surveyed countries, or outcomes
    are correlated, none is: other surveys then tell the two apart, and the sum gains
    nothing.
    """
    if card.joint is not None or card.forms:
        return np.zeros(len(surveys), int)
    variance = rows["y"] * (1 - rows["y"] / rows["n"])
    information = variance.groupby(rows["survey"]).sum().reindex(surveys).to_numpy()
    only = np.bincount(country)[country] == 1
    lone = only & ~series.member & (information >= RESOLVED)
    most = lone.sum() >= MOST * len(np.unique(country))
    return (lone & most).astype(int)


def _forms(card: Card, evidence: Evidence) -> np.ndarray | None:
    """Return the counts of the card's forms and of none of them (rows, forms + 1); None
    if it has no forms.
    """
    if not card.forms:
        return None
    if set(evidence.forms) != set(card.forms):
        present = ", ".join(evidence.forms) or "none"
        raise UncountedError(
            f"The card '{card.name}' has the forms {', '.join(card.forms)}, and the"
            f" evidence '{evidence.source}' has {present}. Give exclusive({{form:"
            " evidence, …}, outcome) of the card's forms."
        )
    columns = [f"{FORM}{form}" for form in card.forms]
    y = evidence.rows[columns].to_numpy(float)
    none = evidence.rows["n"] - y.sum(axis=1)
    return np.column_stack([y, none])


def _check_traits(card: Card, world: World, evidence: Evidence) -> None:
    for trait in evidence.traits:
        if trait not in card.traits and (evidence.rows[trait] != EVERYBODY).any():
            raise UncountedError(
                f"The evidence '{evidence.source}' is divided by '{trait}', which the"
                f" card '{card.name}' lacks. Write it under people, or take the"
                " evidence by the card's people: evidence(survey, outcome,"
                " card.people)."
            )
    for trait in card.traits:
        labels = levels(world, trait)
        unknown = set(evidence.rows.get(trait, [])) - {*labels, EVERYBODY}
        for level in sorted(unknown):
            raise UncountedError(
                f"The evidence '{evidence.source}' has the {trait} '{level}', which the"
                f" population table lacks.{did_you_mean(level, labels)}"
            )


def _check_rounded(card: Card, rows: pd.DataFrame) -> None:
    """Raise UncountedError for rounded figures under a likelihood that reads no
    intervals.
    """
    rounded = int((rows["rounding"] > 0).sum())
    if rounded and card.likelihood not in OF_COUNTS:
        raise UncountedError(
            f"{rounded} row(s) of evidence are printed with so few digits that they"
            " stand for an interval, and "
            f'likelihood = "{card.likelihood}" reads them as exact. Write likelihood ='
            ' "binomial" or "beta_binomial", '
            "or give more digits; rounded = 6 on the survey's card says that a figure"
            " has so many decimals.",
            "likelihood",
        )


def _of_universe(evidence: Evidence, card: Card, world: World) -> Evidence:
    """Leave out rows of countries and people that the card's estimate isn't about, and
    rows of others among its people.
    """
    within = in_countries(world, card.where)
    outside = set(within.index[~within])
    is_outside = evidence.rows["country"].isin(outside)
    evidence = _kept(evidence, is_outside, "countries outside those of the estimate")
    for trait in card.universe.traits:
        rows = evidence.rows
        everybody = BOTH if trait == "sex" else EVERYBODY
        level = rows[trait] if trait in rows else pd.Series(everybody, rows.index)
        is_outside = ~level.isin(listed(card.who[trait]))
        why = f"persons outside those of the estimate, or among others ({trait})"
        evidence = _kept(evidence, is_outside, why)
        if trait in rows and trait not in (*PEOPLE, *card.traits):
            # of its people nobody else is left, in the population neither
            same = evidence.rows.assign(**{trait: EVERYBODY})
            evidence = replace(evidence, rows=same)
    return evidence


def _within(evidence: Evidence, card: Card) -> Evidence:
    """Leave out rows of other ages; raises UncountedError if none is left."""
    cells = card.bands
    covers = evidence.rows["covers"]
    outside = [not all(_held(band, cells) for band in bands) for bands in covers]
    left_out = pd.Series(outside, index=covers.index, dtype=bool)
    return _kept(evidence, left_out, "ages outside the card's")


def _kept(evidence: Evidence, out: pd.Series, why: str) -> Evidence:
    kept = evidence.without(out, why)
    if kept.rows.empty:
        raise UncountedError(
            f"No row of evidence on '{evidence.outcome}' is left: {why}. Mend `ages` on"
            " the card, or the population."
        )
    return kept


def _span(rows: pd.DataFrame) -> np.ndarray:
    """Return the years of fieldwork of each row, from its `year` to its year `until`,
    if it has one.
    """
    until = rows["year"]
    if "until" in rows:
        until = rows["until"].fillna(rows["year"])
    return (until - rows["year"]).to_numpy(int) + 1


def _held(band: Band, cells: Sequence[Band]) -> bool:
    """Say whether every age of the band is in one of the cells, which are sorted."""
    reached: float = band.lower
    for cell in cells:
        if cell.lower <= reached < cell.end:
            reached = cell.end
    return reached >= band.end


def _weights(
    people: np.ndarray,
    country: np.ndarray,
    countries: int,
) -> sparse.csr_array:
    """Return W (rows, cells) from the persons whom each row covers in the cells of its
    country (rows, width).
    """
    weights = people / people.sum(axis=1, keepdims=True)
    row, cell = np.nonzero(weights)
    width = weights.shape[1]
    values = weights[row, cell]
    coords = (row, country[row] * width + cell)
    shape = (len(weights), countries * width)
    return sparse.csr_array((values, coords), shape=shape)


def _row_ages(people: np.ndarray, ages: int) -> np.ndarray:
    """Return Σ w² over traits (rows, ages), w the shares of ages and traits in persons
    (rows, cells of a country).
    """
    cells = people.reshape(len(people), len(SEXES), ages, -1)
    of_ages = cells.sum(axis=1)
    total = of_ages.sum(axis=(1, 2))[:, None]
    return (of_ages**2).sum(axis=2) / total**2


def _row_group(rows: pd.DataFrame, card: Card) -> np.ndarray:
    """Return which rows are of one survey, the same ages and the same levels of traits
    (rows,).
    """
    traits = [trait for trait in card.traits if trait in rows]
    keys = ["survey", "covers", *traits]
    return rows.groupby(keys, sort=False, dropna=False).ngroup().to_numpy()


def _covered_people(card: Card, world: World, rows: pd.DataFrame) -> np.ndarray:
    """Return the persons whom each row covers in each cell of its country (rows, sexes
    · ages · levels of traits).
    """
    country = world.places.index.get_indexer(pd.Index(rows["country"]))
    pieces = _pieces(_all_bands(card, rows))
    level = _levels(card, world, rows)
    sex = _labelled(rows["sex"], SEXES, BOTH)
    piece_of = {bands: _covered(pieces, bands) for bands in rows["covers"].unique()}
    piece = np.array([piece_of[bands] for bands in rows["covers"]], float)
    looked = np.einsum("rs,rp,rt->rspt", sex, piece, level)
    looked = looked * _not_excepted(card, world, rows, pieces)
    people = np.empty((len(rows), len(SEXES), len(pieces), level.shape[1]))
    for year in sorted(set(rows["year"])):
        of_year = np.flatnonzero(rows["year"] == year)
        table = persons(world, pieces, year, nearest=True, traits=card.traits)
        counts = table.to_numpy()
        counts = counts.reshape(*counts.shape[:3], -1)
        people[of_year] = counts[country[of_year]]
    of_cell = np.empty((len(pieces), len(card.ages)))
    for age, band in enumerate(card.bands):
        of_cell[:, age] = _covered(pieces, (band,))
    in_cells = np.einsum("rspt,rspt,pa->rsat", people, looked, of_cell, optimize=True)
    return in_cells.reshape(len(rows), -1)


def _all_bands(card: Card, rows: pd.DataFrame) -> list[Band]:
    """Return the bands of the card, of rows, and of the persons that rows except."""
    bands = list(card.bands)
    for covered in rows["covers"].unique():
        bands += covered
    for exceptions in rows["less"]:
        for _, _, excepted in exceptions:
            bands += excepted
    return bands


def _not_excepted(
    card: Card,
    world: World,
    rows: pd.DataFrame,
    pieces: Sequence[Band],
) -> np.ndarray:
    """Return 0 for the persons whom rows except, else 1 (rows, sexes, pieces,
    combinations); one row if none do.
    """
    combinations = _levels(card, world, rows.iloc[:1]).shape[1]
    if not any(rows["less"]):
        return np.ones((1, 1, 1, 1))
    kept = np.ones((len(rows), len(SEXES), len(pieces), combinations))
    for row, exceptions in enumerate(rows["less"]):
        for sex, levels_of, bands in exceptions:
            labels = pd.DataFrame([dict(levels_of)], index=[0])
            level = _levels(card, world, labels)[0]
            excepted = np.outer(_covered(pieces, bands), level)
            kept[row, SEXES.index(sex)] *= 1 - excepted
    return kept


def _levels(card: Card, world: World, rows: pd.DataFrame) -> np.ndarray:
    """Return 1 where a row covers a combination of levels of the card's traits, else 0
    (rows, combinations).
    """
    covered = np.ones((len(rows), 1))
    everybody = pd.Series(EVERYBODY, index=rows.index)
    for trait in card.traits:
        values = rows.get(trait, everybody)
        level = _labelled(values, levels(world, trait), EVERYBODY)
        product = covered[:, :, None] * level[:, None, :]
        covered = product.reshape(len(rows), -1)
    return covered


def _labelled(
    values: pd.Series,
    labels: Sequence[str],
    everybody: str,
) -> np.ndarray:
    """Return 1 where a value is a label, or the word for everybody, else 0 (values,
    labels).
    """
    columns = [values.isin([label, everybody]) for label in labels]
    return np.stack(columns, axis=1).astype(float)


def _pieces(bands: list[Band]) -> list[Band]:
    """Cut bands at each other's ends, so that every band is a sum of pieces."""
    cuts = {band.lower for band in bands}
    cuts |= {band.upper for band in bands if band.upper is not None}
    pieces = [Band(low, high) for low, high in pairwise(sorted(cuts))]
    if any(band.upper is None for band in bands):
        pieces.append(Band(max(cuts), None))
    return [piece for piece in pieces if any(contains(band, piece) for band in bands)]


def _covered(pieces: Sequence[Band], bands: tuple[Band, ...]) -> list[bool]:
    return [any(contains(band, piece) for band in bands) for piece in pieces]
