"""Predictive: surveys as the model would make them, beside the surveys that there
are.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import logit

from uncounted.evidence.evidence import ELSEWHERE
from uncounted.infer.derived import derived
from uncounted.infer.fit import Fit
from uncounted.infer.prior import draw_prior
from uncounted.infer.recipe import draws_of, recipe_of, studies_of
from uncounted.infer.sample import part
from uncounted.model.build import Study
from uncounted.model.prediction import derived_names, predict

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

    def _repr_html_(self) -> str:
        made = "before any data" if self.prior else "given the data"
        return (
            "<b>Surveys as the model makes them,"
            f" {made}</b>{self.table.round(4).to_html(index=False)}"
        )


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
    chosen = (
        draw_prior(model, seed, draws)
        if prior
        else thinned(draws_of(source), draws, seed)
    )
    free = chosen[[rv.name for rv in model.free_RVs]]
    needed = [
        name
        for prefix, study in studies.items()
        for name in derived_names(study, prefix)
    ]
    names = [name for name in needed if name not in chosen]
    whole = chosen.merge(derived(model, free, names))
    rng = np.random.default_rng(seed)
    tables, surveys = [], []
    for prefix, study in studies.items():
        seen = predict(study, part(whole, prefix), np.arange(len(study.seen.y)))
        counts = seen.counts(rng)
        outcome = {"outcome": study.card.outcome}
        tables += [outcome | row for row in _statistics(study, counts, interval)]
        surveys += [outcome | row for row in _surveys(study, counts, interval)]
    return Predictive(pd.DataFrame(tables), pd.DataFrame(surveys), prior, interval)


def thinned(draws: xr.Dataset, number: int, seed: int) -> xr.Dataset:
    """Return so many draws at random, as one chain; all, if there are no more."""
    total = draws.sizes["chain"] * draws.sizes["draw"]
    at = np.sort(
        np.random.default_rng(seed).choice(total, min(number, total), replace=False),
        kind="stable",
    )
    chain, draw = np.unravel_index(at, (draws.sizes["chain"], draws.sizes["draw"]))
    some = draws.isel(
        chain=xr.DataArray(chain, dims="some"), draw=xr.DataArray(draw, dims="some")
    )
    return some.drop_vars(["chain", "draw"]).rename(some="draw").expand_dims(chain=1)


def _statistics(
    study: Study, counts: np.ndarray, interval: float
) -> Iterator[dict[str, Any]]:
    """Compare every pattern of the rows with that of replicated counts (draws,
    rows).
    """
    rows = study.evidence.rows.reset_index(drop=True)
    own = rows["source"] != ELSEWHERE
    for source in ("all", *sorted(rows["source"].unique())):
        at = np.flatnonzero(own if source == "all" else rows["source"] == source)
        if not len(at):
            continue
        some, made = rows.iloc[at], counts[:, at]
        both = np.vstack([some["y"].to_numpy(), made])
        for statistic, group, value in _patterns(
            study, some.reset_index(drop=True), both
        ):
            yield {"source": source, "statistic": statistic, "group": group} | _beside(
                value[0], value[1:], interval
            )


def _patterns(
    study: Study, rows: pd.DataFrame, y: np.ndarray
) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield statistics of counts y (draws, rows): their name, group and values
    (draws,).
    """
    n = rows["n"].to_numpy()
    yield "prevalence", "all", y.sum(axis=1) / n.sum()
    yield "rows without a case", "all", (y < NONE).sum(axis=1).astype(float)
    survey = _summed(y, rows["survey"])
    yield "surveys without a case", "all", (survey < NONE).sum(axis=1).astype(float)
    people = _summed(n[None], rows["country"])
    country = logit(
        (np.minimum(_summed(y, rows["country"]), people) + 0.5) / (people + 1)
    )
    if country.shape[1] > 1:
        yield "sd between countries, logit", "all", country.std(axis=1)
    for sex in ("female", "male"):
        yield from _pooled(
            "prevalence by sex", sex, (rows["sex"] == sex).to_numpy(), rows, y
        )
    label = np.array(
        [bands[0].label if len(bands) == 1 else "" for bands in rows["covers"]]
    )
    for band in study.card.bands if len(study.card.bands) > 1 else ():
        yield from _pooled(
            "prevalence by age", band.label, label == band.label, rows, y
        )


def _pooled(
    statistic: str, group: str, member: np.ndarray, rows: pd.DataFrame, y: np.ndarray
) -> Iterator[tuple[str, str, np.ndarray]]:
    if rows.loc[member, "survey"].nunique() >= FEW:
        yield statistic, group, y[:, member].sum(axis=1) / rows.loc[member, "n"].sum()


def _summed(y: np.ndarray, by: pd.Series) -> np.ndarray:
    """Sum counts (draws, rows) by group (draws, groups)."""
    groups, at = np.unique(by.to_numpy(str), return_inverse=True)
    sums = np.zeros((len(groups), len(y)))
    np.add.at(sums, at, y.T)
    return sums.T


def _surveys(
    study: Study, counts: np.ndarray, interval: float
) -> Iterator[dict[str, Any]]:
    rows = study.evidence.rows.reset_index(drop=True)
    for survey, at in rows.groupby("survey", sort=True).indices.items():
        first, n = rows.iloc[at[0]], rows["n"].iloc[at].sum()
        about = {
            "survey": survey,
            "country": first["country"],
            "year": first["year"],
            "source": first["source"],
        }
        yield about | _beside(
            rows["y"].iloc[at].sum() / n, counts[:, at].sum(axis=1) / n, interval
        )


def _beside(observed: float, made: np.ndarray, interval: float) -> dict[str, float]:
    low, middle, high = np.quantile(made, [(1 - interval) / 2, 0.5, (1 + interval) / 2])
    below = float(np.mean(made < observed) + np.mean(made == observed) / 2)
    return {
        "observed": float(observed),
        "median": middle,
        "lower": low,
        "upper": high,
        "below": below,
    }
