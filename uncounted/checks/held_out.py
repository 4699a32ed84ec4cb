"""Held out: what the model predicts of countries whose evidence it wasn't shown, beside what their surveys found."""

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pandas as pd
import pymc as pm
import xarray as xr
from scipy.special import expit

from uncounted.errors import UncountedError
from uncounted.infer.derived import derived
from uncounted.infer.fit import Fit
from uncounted.infer.progress import Progress
from uncounted.infer.sampler import prepare
from uncounted.model.belief import flat
from uncounted.model.build import build
from uncounted.model.centring import centring
from uncounted.model.likelihood import draw_counts


def hold_out(
    fit: Fit, countries: Collection[str], seed: int, interval: float = 0.95, progress: Progress | None = None
) -> pd.DataFrame:
    """Refit without some countries and predict their surveys' own results, with sampling and non-sampling error.

    The compiled model is the same: the rows of those countries get weight 0 in pm.Data, and every level that loses its
    data is centred anew. A survey's result is Σy/Σn over its rows; its prediction draws ν of the survey from its prior
    (no data inform it) and effective counts from the likelihood. One row per survey: country, survey, year, observed,
    median, lower, upper (proportions), covered, below (share of predictions below the observed result).
    """
    unknown = set(countries) - set(fit.evidence.rows["country"])
    if unknown:
        raise UncountedError(
            f"No evidence of {', '.join(sorted(unknown))} entered, so it cannot be held out. Name surveyed countries."
        )
    progress = progress or Progress()
    with progress.shown():
        with progress.stage("compiling the model"):
            model = build(fit.card, fit.world, fit.evidence)
            ready = prepare(model)
        seen = model.study.seen  # pyright: ignore[reportAttributeAccessIssue] PyMC's Model doesn't know what `build` adds
        held = seen.evidence.rows["country"].isin(countries).to_numpy()
        weight = 1.0 - held
        data = {"row_weight": weight, "centring": flat(centring(fit.card, fit.world, seen, weight))}
        with progress.stage(f"sampling without {len(countries)} countries") as stage:
            draws, _ = ready.with_data(**data).run(seed, replace(fit.card.sampling, seed=None), stage)
        with model:
            pm.set_data(data)
        reported = derived(model, draws, ["reported"])["reported"]
    return _scored(seen.evidence.rows[held], reported.isel(row=np.flatnonzero(held)), seed, interval)


def _scored(rows: pd.DataFrame, reported: xr.DataArray, seed: int, interval: float) -> pd.DataFrame:
    eta = reported.stack(sample=("chain", "draw")).transpose("sample", "row").to_numpy()
    n = rows["n"].to_numpy()
    y = draw_counts(expit(eta), n, np.random.default_rng(seed))
    told = []
    for survey, at in rows.reset_index(drop=True).groupby("survey", sort=True).indices.items():
        predicted = y[:, at].sum(axis=1) / n[at].sum()
        observed = rows["y"].to_numpy()[at].sum() / n[at].sum()
        low, middle, high = np.quantile(predicted, [(1 - interval) / 2, 0.5, (1 + interval) / 2])
        first = rows.iloc[at[0]]
        told.append(
            (first["country"], survey, first["year"], observed, middle, low, high, np.mean(predicted < observed))
        )
    columns = ["country", "survey", "year", "observed", "median", "lower", "upper", "below"]
    table = pd.DataFrame(told, columns=columns).sort_values(["country", "year", "survey"], ignore_index=True)
    return table.assign(covered=(table["lower"] <= table["observed"]) & (table["observed"] <= table["upper"]))
