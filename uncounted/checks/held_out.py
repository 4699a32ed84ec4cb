"""Held out: what the model predicts of countries whose evidence it wasn't shown, beside what their surveys found."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pymc as pm
import xarray as xr
from scipy.special import expit

from uncounted.errors import UncountedError, did_you_mean
from uncounted.infer.derived import derived
from uncounted.infer.fit import Fit
from uncounted.infer.joint import asked, check_alone, joint_of
from uncounted.infer.progress import Progress
from uncounted.infer.sample import part
from uncounted.infer.sampler import prepare
from uncounted.model.belief import flat
from uncounted.model.build import Study, build
from uncounted.model.card import Sampling
from uncounted.model.centring import centring
from uncounted.model.likelihood import draw_counts
from uncounted.survey.evidence import Evidence


def hold_out(
    fit: Fit, countries: Collection[str], seed: int, interval: float = 0.95, progress: Progress | None = None
) -> pd.DataFrame:
    """Refit without some countries and predict their surveys' own results, with sampling and non-sampling error.

    The compiled model is the same: the rows of those countries get weight 0 in pm.Data, and every level that loses its
    data is centred anew. A survey's result is Σy/Σn over its rows; its prediction draws ν of the survey from its prior
    (no data inform it) and effective counts from the likelihood. One row per survey: country, survey, year, observed,
    median, lower, upper (proportions), covered, below (share of predictions below the observed result).
    """
    check_alone(fit)
    if fit.card.likelihood != "binomial":
        raise UncountedError(
            f"Surveys held out are predicted as binomial counts, and the card '{fit.card.name}' says likelihood = "
            f"'{fit.card.likelihood}'. Hold out under likelihood = 'binomial'."
        )
    _check(countries, fit.evidence)
    model = build(fit.card, fit.world, fit.evidence)
    study: Study = model.study  # pyright: ignore[reportAttributeAccessIssue] PyMC's Model doesn't know what `build` adds
    how = replace(fit.card.sampling, seed=None)
    return _held_out(model, {"": (study, countries)}, seed, how, interval, progress)[""]


def hold_out_jointly(
    model: pm.Model,
    countries: Mapping[str, Collection[str]],
    seed: int,
    interval: float = 0.95,
    progress: Progress | None = None,
    **settings: Any,
) -> pd.DataFrame:
    """Sample a model of `build_jointly` without some countries of some outcomes and predict their surveys' own results.

    countries: outcome → codes; what the other outcomes' surveys found there stays in. Columns: outcome, then those of
    `hold_out`. settings: as in `sample_jointly`.
    """
    joint = joint_of(model)
    held = {}
    for outcome, codes in countries.items():
        if outcome not in joint.studies:
            raise UncountedError(f"The model has no outcome '{outcome}'.{did_you_mean(outcome, joint.studies)}")
        _check(codes, joint.studies[outcome].evidence)
        held[f"{outcome}::"] = (joint.studies[outcome], codes)
    tables = _held_out(model, held, seed, asked(joint, settings), interval, progress)
    told = [table.assign(outcome=prefix.removesuffix("::")) for prefix, table in tables.items()]
    return pd.concat(told, ignore_index=True)[["outcome", *told[0].columns.drop("outcome")]]


def _check(countries: Collection[str], evidence: Evidence) -> None:
    unknown = set(countries) - set(evidence.rows["country"])
    if unknown:
        raise UncountedError(
            f"No evidence of {', '.join(sorted(unknown))} entered, so it cannot be held out. Name surveyed countries."
        )


def _held_out(
    model: pm.Model,
    held: Mapping[str, tuple[Study, Collection[str]]],
    seed: int,
    how: Sampling,
    interval: float,
    progress: Progress | None,
) -> dict[str, pd.DataFrame]:
    """Hold countries out of a model or, by the prefix of their names, of parts of a joint one; a table of each."""
    progress = progress or Progress()
    rows = {prefix: study.evidence.rows["country"].isin(codes).to_numpy() for prefix, (study, codes) in held.items()}
    data = {}
    for prefix, (study, _) in held.items():
        data |= without(study, rows[prefix], prefix)
    with progress.shown():
        with progress.stage("compiling the model"):
            ready = prepare(model)
        with progress.stage(f"sampling without {sum(len(codes) for _, codes in held.values())} countries") as stage:
            draws, _ = ready.with_data(**data).run(seed, how, stage)
        before = {name: model[name].get_value() for name in data}
        with model:
            pm.set_data(data)
            reported = derived(model, draws, [f"{prefix}reported" for prefix in held])
            pm.set_data(before)
    return {
        prefix: _scored(study.evidence.rows[rows[prefix]], _of_rows(reported, prefix, rows[prefix]), seed, interval)
        for prefix, (study, _) in held.items()
    }


def without(study: Study, held: np.ndarray, prefix: str = "") -> dict[str, np.ndarray]:
    """Return the numbers of pm.Data that hold rows (rows,) out of a model, or of the part of a joint one."""
    weight = 1.0 - held
    lam = centring(study.card, study.world, study.seen, weight)
    return {f"{prefix}row_weight": weight, f"{prefix}centring": flat(lam)}


def _of_rows(reported: xr.Dataset, prefix: str, held: np.ndarray) -> xr.DataArray:
    return part(reported, prefix)["reported"].isel(row=np.flatnonzero(held))


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
