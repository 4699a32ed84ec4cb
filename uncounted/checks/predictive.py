"""Predictive: surveys as the model would make them, beside the real surveys."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pymc as pm
import xarray as xr
from scipy.special import logit

from uncounted.checks.row_groups import age_labels
from uncounted.checks.scores import interval_ends
from uncounted.glance import glance
from uncounted.infer.derived import derived
from uncounted.infer.fit import Fit
from uncounted.infer.prior import draw_prior
from uncounted.infer.recipe import draws_of, recipe_of, studies_of
from uncounted.infer.sample import part
from uncounted.model.build import Study
from uncounted.model.prediction import derived_names, predict
from uncounted.observations.evidence import ELSEWHERE

FEW = 5  # surveys of an age band, below which its pattern says nothing
# effective cases below which there is none: replicates are whole numbers, one real case
# is 1/deff of one
NONE = 0.5


@dataclass(frozen=True)
class Predictive:
    """What the model's own surveys look like, beside the real ones.

    table: outcome, source ("all", or a kind of source), statistic, group, observed,
    median, lower, upper of replicated evidence, and below, the share of replicates
    below what was observed (ties count half): near 0 or 1, the model makes other
    surveys than there are. surveys: every survey's own result with the same columns.
    prior: drawn without data.
    """

    table: pd.DataFrame
    surveys: pd.DataFrame
    prior: bool
    interval: float

    def __repr__(self) -> str:
        condition = "before any data" if self.prior else "given the data"
        heading = f"Surveys as the model makes them, {condition}"
        return glance(heading, table=self.table)

    def _repr_html_(self) -> str:
        return self.table.round(4).to_html(index=False)


def predictive(
    source: Fit | Mapping[str, Fit],
    *,
    seed: int,
    prior: bool = False,
    draws: int = 400,
    interval: float = 0.95,
) -> Predictive:
    """Replicate all evidence, each survey and series with an error drawn anew and with
    sampling, and compare patterns.

    source: a fit, or all fits of one call of `sample_jointly`. Statistics, of all
    surveys and by kind of source: prevalence (Σy/Σn), rows and surveys without a case
    (less than half an effective one), the sd between countries of the logit of what
    their surveys show (with half a case added), and prevalence by sex and age band
    among rows that are of one. Countries' levels are the fit's, so a replicate is
    another round of the same surveys [mixed predictive checks, Marshall & Spiegelhalter
    2003]; with prior=True nothing is the fit's. Nothing is sampled: it takes seconds.
    """
    model = recipe_of(source).build()
    studies = studies_of(model)
    if prior:
        sampled = draw_prior(model, seed, draws)
    else:
        sampled = thinned(draws_of(source), draws, seed)
    completed = _completed(model, studies, sampled)
    rng = np.random.default_rng(seed)
    statistics = []
    surveys = []
    for prefix, study in studies.items():
        rows = np.arange(len(study.seen.y))
        prediction = predict(study, part(completed, prefix), rows)
        counts = prediction.counts(rng)
        outcome = {"outcome": study.card.outcome}
        for row in _statistics(study, counts, interval):
            statistics.append(outcome | row)
        for row in _surveys(study, counts, interval):
            surveys.append(outcome | row)
    table = pd.DataFrame(statistics)
    return Predictive(table, pd.DataFrame(surveys), prior, interval)


def _completed(
    model: pm.Model,
    studies: Mapping[str, Study],
    draws: xr.Dataset,
) -> xr.Dataset:
    """Return draws with all that rows follow from."""
    parameters = draws[[variable.name for variable in model.free_RVs]]
    names = []
    for prefix, study in studies.items():
        for name in derived_names(study, prefix):
            if name not in draws:
                names.append(name)
    return draws.merge(derived(model, parameters, names))


def thinned(
    draws: xr.Dataset,
    number: int,
    seed: int,
) -> xr.Dataset:
    """Return so many draws at random, as one chain; all, if there are no more."""
    shape = draws.sizes["chain"], draws.sizes["draw"]
    total = shape[0] * shape[1]
    rng = np.random.default_rng(seed)
    chosen = rng.choice(total, min(number, total), replace=False)
    chain, draw = np.unravel_index(np.sort(chosen, kind="stable"), shape)
    picked = draws.isel(
        chain=xr.DataArray(chain, dims="picked"),
        draw=xr.DataArray(draw, dims="picked"),
    )
    bare = picked.drop_vars(["chain", "draw"])
    return bare.rename(picked="draw").expand_dims(chain=1)


def _statistics(
    study: Study,
    counts: np.ndarray,
    interval: float,
) -> Iterator[dict[str, Any]]:
    """Compare every pattern of the rows with that of replicated counts (draws,
    rows).
    """
    rows = study.evidence.rows.reset_index(drop=True)
    in_country = rows["source"] != ELSEWHERE
    for source in ("all", *sorted(rows["source"].unique())):
        member = in_country if source == "all" else rows["source"] == source
        index = np.flatnonzero(member)
        if not len(index):
            continue
        members = rows.iloc[index].reset_index(drop=True)
        y = np.vstack([members["y"].to_numpy(), counts[:, index]])
        for statistic, group, values in _patterns(study, members, y):
            about = {"source": source, "statistic": statistic, "group": group}
            yield about | _beside(values[0], values[1:], interval)


def _patterns(
    study: Study,
    rows: pd.DataFrame,
    y: np.ndarray,
) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield statistics of counts y (draws, rows): their name, group and values
    (draws,).
    """
    n = rows["n"].to_numpy()
    yield "prevalence", "all", y.sum(axis=1) / n.sum()
    yield "rows without a case", "all", _without_case(y)
    yield "surveys without a case", "all", _without_case(_summed(y, rows["survey"]))
    people = _summed(n[None], rows["country"])
    cases = np.minimum(_summed(y, rows["country"]), people)
    countries = logit((cases + 0.5) / (people + 1))
    if countries.shape[1] > 1:
        yield "sd between countries, logit", "all", countries.std(axis=1)
    sexes = rows["sex"].to_numpy()
    for sex in ("female", "male"):
        yield from _pooled("prevalence by sex", sex, sexes == sex, rows, y)
    bands = study.card.bands
    if len(bands) > 1:
        labels = age_labels(rows)
        for band in bands:
            member = labels == band.label
            yield from _pooled("prevalence by age", band.label, member, rows, y)


def _without_case(y: np.ndarray) -> np.ndarray:
    return (y < NONE).sum(axis=1).astype(float)


def _pooled(
    statistic: str,
    group: str,
    member: np.ndarray,
    rows: pd.DataFrame,
    y: np.ndarray,
) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield the prevalence of some rows, if enough surveys have them."""
    members = rows.loc[member]
    if members["survey"].nunique() >= FEW:
        yield statistic, group, y[:, member].sum(axis=1) / members["n"].sum()


def _summed(
    y: np.ndarray,
    by: pd.Series,
) -> np.ndarray:
    """Sum counts (draws, rows) by group (draws, groups)."""
    groups, group = np.unique(by.to_numpy(str), return_inverse=True)
    sums = np.zeros((len(groups), len(y)))
    np.add.at(sums, group, y.T)
    return sums.T


def _surveys(
    study: Study,
    counts: np.ndarray,
    interval: float,
) -> Iterator[dict[str, Any]]:
    """Yield every survey's own result beside those of its replicates."""
    rows = study.evidence.rows.reset_index(drop=True)
    for survey, index in rows.groupby("survey", sort=True).indices.items():
        row = rows.iloc[index[0]]
        n = rows["n"].iloc[index].sum()
        about = {
            "survey": survey,
            "country": row["country"],
            "year": row["year"],
            "source": row["source"],
        }
        observed = rows["y"].iloc[index].sum() / n
        replicated = counts[:, index].sum(axis=1) / n
        yield about | _beside(observed, replicated, interval)


def _beside(
    observed: float,
    replicated: np.ndarray,
    interval: float,
) -> dict[str, float]:
    """Set an observed statistic beside replicated ones (draws,)."""
    low, middle, high = np.quantile(replicated, interval_ends(interval))
    ties = np.mean(replicated == observed)
    return {
        "observed": float(observed),
        "median": middle,
        "lower": low,
        "upper": high,
        "below": float(np.mean(replicated < observed) + ties / 2),
    }
