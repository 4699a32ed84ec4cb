"""Scenarios: what would be published had the model, or the evidence, been otherwise."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.checks.mixing import measure
from uncounted.errors import UncountedError
from uncounted.evidence.evidence import ELSEWHERE
from uncounted.infer.batch import Batch, run
from uncounted.infer.fit import Fit
from uncounted.infer.progress import Progress
from uncounted.infer.recipe import recipe_of
from uncounted.infer.refit import Numbers, Refit, refit, without
from uncounted.infer.start import start_of
from uncounted.infer.totals import affected_in_all, expected
from uncounted.model.belief import flat
from uncounted.model.build import Study
from uncounted.model.card import Sampling
from uncounted.model.centring import centring
from uncounted.model.seen import look
from uncounted.model.vocabulary import SHOW
from uncounted.world.world import groups

PUBLISHED = ("world", "region")
NOISE = (0.0, 0.6)  # sd of surveys' own errors that the report shows beside the fit's
SHIFTS = (
    -0.5,
    -0.25,
    0.0,
    0.25,
    0.5,
)  # of the logits of countries that nobody surveyed
SHORT = {"chains": 2, "tune": 300, "draws": 500}
X = (
    "x",
    "x_missing_mean",
    "x_missing_root",
    "index_mean",
    "index_sd",
    "x_spread",
)  # pm.Data that covariates enter by


def scenarios(
    fit: Fit,
    *,
    seed: int,
    interval: float = 0.95,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Progress | None = None,
    **settings: Any,
) -> pd.DataFrame:
    """Refit with other numbers and return prevalence of the world and regions beside
    the fit's.

    Without each kind of source in turn; without covariates (x = 0 everywhere, which is
    the same model; neighbours by likeness of covariates stay, and the row says that
    only slopes went); with σ_ν, the sd of surveys' own errors, at 0 and at 0.6 for
    every kind of source (a parameter fixed, so compiled once more). Columns: scenario,
    grouping, group, median, lower, upper (the card's unit), change (of the median,
    relative to the fit's), rhat of the number, and draws. settings: chains, tune,
    draws, target_accept; 2 × (300 + 500) that begin at the fit's draws if not said.
    Raises UncountedError for a fit of which nothing can be otherwise.
    """
    recipe, start = recipe_of(fit), start_of(fit, seed)
    how = Sampling(
        **{**SHORT, "target_accept": fit.card.sampling.target_accept, **settings}
    )
    study = Study(
        fit.card, fit.world, fit.evidence, look(fit.card, fit.world, fit.evidence)
    )
    groupings = {name: groups(fit.world, name) for name in PUBLISHED}
    work = partial(
        _scenario,
        how=how,
        interval=interval,
        groupings=groupings,
        people=expected(fit.people),
    )
    where: dict[str, Any] = {
        "workers": workers,
        "scheduler": scheduler,
        "progress": progress,
        "what": "scenarios",
    }
    tables: dict[str, pd.DataFrame] = {}
    noise = replace(recipe, fixed={"sigma_survey": NOISE[-1]})
    for one, jobs in ((recipe, _numbers(study)), (noise, _noises(study))):
        if jobs:
            told = {"recipe": one.digest, "how": asdict(how)}
            batch = Batch(partial(refit, one.light, start), work, seed, told)
            tables |= run(
                batch,
                {name: partial(tuple, given) for name, given in jobs.items()},
                **where,
            )
    if not tables:
        raise UncountedError(
            f"The card '{fit.card.name}' has one kind of source, no covariates and no"
            " surveys' own errors (sigma_survey), so there is nothing to leave out."
        )
    return _table(fit, tables, interval, groupings)


def shift_unsurveyed(
    fit: Fit, shifts: tuple[float, ...] = SHIFTS, interval: float = 0.95
) -> pd.DataFrame:
    """Return prevalence of the world and regions if logits of all unsurveyed countries
    were off by −0.5 … +0.5.

    Countries aren't surveyed at random: what if those that weren't differ from what
    their neighbours and covariates say? logit p → logit p + shift in every cell of a
    country without a survey of its own; of exclusive forms, the log odds of each
    against none. Columns: shift, grouping, group, median, lower, upper (the card's
    unit), change (of the median, relative to no shift). Nothing is sampled. Raises
    UncountedError for a card whose link has no logits.
    """
    if fit.card.link == "identity":
        raise UncountedError(
            f"The card '{fit.card.name}' models prevalence itself (link ="
            ' "identity"): it has no logits to shift.'
        )
    rows = fit.evidence.rows
    surveyed = set(rows.loc[rows["source"] != ELSEWHERE, "country"])
    unsurveyed = xr.DataArray(~fit.p["country"].isin(sorted(surveyed)), dims="country")
    groupings = {name: groups(fit.world, name) for name in PUBLISHED}
    tables = {}
    for shift in (0.0, *[one for one in shifts if one]):
        p = fit.p.where(~unsurveyed, _moved(fit.p, np.exp(np.float32(shift))))
        tables[shift] = _summed(
            p, expected(fit.people), groupings, SHOW[fit.card.show], interval
        )
    found = pd.concat(
        [table.assign(shift=shift) for shift, table in tables.items()],
        ignore_index=True,
    )
    found = _changed(found, tables[0.0])
    return found[["shift", *found.columns.drop("shift")]].sort_values(
        "shift", kind="stable", ignore_index=True
    )


def _moved(p: xr.DataArray, odds: np.float32) -> xr.DataArray:
    """Return prevalence once its odds, or those of each form against none, are so many
    times as high.
    """
    whole = p.sum("form") if "form" in p.dims else p
    return p * odds / (1 - whole + whole * odds)


Given = tuple[
    Numbers, bool
]  # of a scenario: numbers of pm.Data, and whether covariates are to say nothing


def _numbers(study: Study) -> dict[str, Given]:
    """Return each scenario that the compiled model can take."""
    rows, found = study.evidence.rows, {}
    kinds = sorted(rows["source"].unique())
    for kind in kinds if len(kinds) > 1 else ():
        found[f"without {kind}"] = (
            without({"": study}, {"": (rows["source"] == kind).to_numpy()}),
            False,
        )
    if study.card.covariates:
        lam = centring(study.card, study.world, study.seen)
        bare = {
            name: np.zeros_like(value) if name == "beta" else value
            for name, value in lam.items()
        }
        alike = study.card.neighbours == "covariates"
        found["without slopes of covariates" if alike else "without covariates"] = (
            {"centring": flat(bare)},
            True,
        )
    return found


def _noises(study: Study) -> dict[str, Given]:
    """Return σ_ν fixed; at 0 surveys are not centred, for an error centred on its mean
    without spread has no place.
    """
    if "sigma_survey" not in study.card.priors:
        return {}
    lam, kinds = centring(study.card, study.world, study.seen), len(study.seen.sources)
    bare = flat(
        {
            **lam,
            **{
                name: np.zeros_like(lam[name])
                for name in ("survey", "series")
                if name in lam
            },
        }
    )
    found: dict[str, Given] = {}
    for value in NOISE:
        numbers = {"sigma_survey": np.full(kinds, value)} | (
            {} if value else {"centring": bare}
        )
        found[f"sd of surveys' own errors {value:g}"] = numbers, False
    return found


def _scenario(
    again: Refit,
    numbers: Numbers,
    no_covariates: bool,
    seed: int,
    cores: int | None,
    *,
    how: Sampling,
    interval: float,
    groupings: Mapping[str, pd.Series],
    people: xr.DataArray,
) -> pd.DataFrame:
    if no_covariates:
        numbers = numbers | {
            name: np.zeros_like(again.built[name]) for name in X if name in again.built
        }
    draws, _ = again.sample(numbers, seed, how, cores=cores)
    p, unit = again.cells(draws)["p"], SHOW[again.studies[""].card.show]
    return _summed(p, people, groupings, unit, interval).assign(
        draws=how.chains * how.draws
    )


def _summed(
    p: xr.DataArray,
    people: xr.DataArray,
    groupings: Mapping[str, pd.Series],
    unit: float,
    interval: float,
) -> pd.DataFrame:
    return pd.DataFrame(list(_rows(p, people, groupings, unit, interval)))


def _rows(
    p: xr.DataArray,
    people: xr.DataArray,
    groupings: Mapping[str, pd.Series],
    unit: float,
    interval: float,
) -> Iterator[dict[str, Any]]:
    tail = [(1 - interval) / 2, 0.5, (1 + interval) / 2]
    for grouping, group in groupings.items():
        rates = affected_in_all(p, people, group) / affected_in_all(
            xr.ones_like(people), people, group
        )
        for name in rates["group"].to_numpy():
            draws = rates.sel(group=name).transpose("chain", "draw").to_numpy()
            low, middle, high = np.quantile(draws, tail) * unit
            about = {
                "grouping": grouping,
                "group": str(name),
                "median": middle,
                "lower": low,
                "upper": high,
            }
            yield about | {"rhat": float(measure(draws[None])["rhat"].iloc[0])}


def _table(
    fit: Fit,
    tables: Mapping[str, pd.DataFrame],
    interval: float,
    groupings: Mapping[str, pd.Series],
) -> pd.DataFrame:
    draws = fit.p.sizes["chain"] * fit.p.sizes["draw"]
    base = _summed(
        fit.p, expected(fit.people), groupings, SHOW[fit.card.show], interval
    ).assign(draws=draws)
    found = [
        table.assign(scenario=name)
        for name, table in {"as fitted": base, **tables}.items()
    ]
    table = _changed(pd.concat(found, ignore_index=True), base)
    return table[["scenario", *table.columns.drop("scenario")]]


def _changed(table: pd.DataFrame, base: pd.DataFrame) -> pd.DataFrame:
    """Add the change of every median relative to that of the base."""
    key = ["grouping", "group"]
    before = table[key].merge(base[[*key, "median"]], on=key, how="left")["median"]
    return table.assign(change=table["median"].to_numpy() / before.to_numpy() - 1)
