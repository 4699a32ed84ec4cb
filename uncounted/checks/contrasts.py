"""Contrasts: whether levels of a trait differ within surveys as the model says."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.special import expit, logit
from scipy.stats import chi2

from uncounted.checks.finding import Finding
from uncounted.checks.membership import member_matrix, sum_by_group
from uncounted.checks.row_groups import trait_levels
from uncounted.model.build import Study
from uncounted.model.prediction import Prediction

CONTRASTS = "contrasts within surveys"
CHI2 = (0.85, 1.15)  # of what replicates have, and more by chance where surveys are few
CHANCE = 0.999  # of what chance does: the probability that a band holds it


def contrast_findings(
    study: Study,
    exact: Prediction,
    counts: np.ndarray,
    table: pd.DataFrame,
    kept: np.ndarray,
) -> Iterator[Finding]:
    """Compare χ² of log odds of levels less their mean, within surveys, with that of
    replicates.

    Σ (d − δ)²/v over surveys and levels, d what is observed, δ and v of the draw; over
    the same of replicated counts, both averaged over draws: 1 where a model that is
    right was fitted [posterior predictive χ², Gelman et al. 1996]. exact: rows with
    their surveys' own errors. counts: replicated (draws, rows). kept: the rows that
    count (rows,).
    """
    surveys = table["survey"].to_numpy(str)
    for trait in study.card.people:
        levels = trait_levels(table, trait)
        if trait == "sex":
            levels = np.where(levels == "both", "", levels)
        cells = _cells(surveys, levels, kept)
        if cells is None:
            continue
        member, survey = cells
        n = member @ exact.n
        share = sum_by_group(member, expit(exact.covered) * exact.n) / n
        error = sum_by_group(member, exact.row_size**2 * exact.n) / n
        variance = 1 / (n * share * (1 - share)).clip(1e-3) + error
        middle = _centred(logit(share), survey)
        squares = []
        for y in (exact.y[None], counts):
            departures = _departures(sum_by_group(member, y), n, survey)
            square = np.square(departures - middle) / variance
            squares.append(float(square.mean()))
        observed, replicated = squares
        size = len(np.unique(survey))
        label = trait.replace("_", " ")
        yield of_contrasts(label, size, len(survey) - size, observed / replicated)


def of_contrasts(
    label: str,
    surveys: int,
    freedom: int,
    ratio: float,
) -> Finding:
    """Say whether surveys' log odds of levels differ as the model says; freedom: the
    degrees of χ².
    """
    low = float(chi2.ppf((1 - CHANCE) / 2, freedom)) / freedom
    high = float(chi2.ppf((1 + CHANCE) / 2, freedom)) / freedom
    low, high = min(CHI2[0], low), max(CHI2[1], high)
    sentence = (
        f"Differences by {label} within {surveys:,} surveys have a χ² of {ratio:.2f}"
        f" times that of replicates; {low:.2f} to {high:.2f} is asked."
    )
    name = f"{CONTRASTS} by {label}"
    if low <= ratio <= high:
        return Finding(name, "pass", ratio, 1.0, sentence)
    direction = "more" if ratio > 1 else "less"
    sentence += f" Surveys differ {direction} than the model says."
    return Finding(name, "warn", ratio, 1.0, sentence)


def _cells(
    surveys: np.ndarray,
    levels: np.ndarray,
    kept: np.ndarray,
) -> tuple[sparse.csr_array, np.ndarray] | None:
    """Return which rows each level of a survey has (cells, rows), and each cell's
    survey; None where no survey has two levels.
    """
    rows = pd.DataFrame({"survey": surveys, "level": levels})
    rows = rows[kept & (levels != "")]
    rows = rows[rows.groupby("survey")["level"].transform("nunique") > 1]
    if rows.empty:
        return None
    cell, _ = pd.factorize(pd.MultiIndex.from_frame(rows))
    cells = rows.assign(cell=cell).drop_duplicates("cell")
    cells = cells.sort_values("cell", kind="stable")
    member = member_matrix(cell, rows.index.to_numpy(), len(surveys))
    return member, pd.factorize(cells["survey"])[0]


def _departures(
    y: np.ndarray,
    n: np.ndarray,
    survey: np.ndarray,
) -> np.ndarray:
    """Return log odds of counts less their mean over the survey's levels (draws,
    cells).
    """
    cases = np.minimum(y, n) + 0.5
    noncases = np.maximum(n - y, 0.0) + 0.5
    return _centred(np.log(cases / noncases), survey)


def _centred(
    values: np.ndarray,
    survey: np.ndarray,
) -> np.ndarray:
    """Return values less their mean over each survey's levels (draws, cells)."""
    member = member_matrix(survey, np.arange(len(survey)), len(survey))
    means = sum_by_group(member, values) / member.sum(axis=1)
    return values - means[:, survey]
