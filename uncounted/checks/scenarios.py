"""Scenarios: what would be published had the model, or the evidence, been otherwise."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.checks.mixing import measure
from uncounted.checks.row_groups import surveyed_countries
from uncounted.checks.scores import interval_ends
from uncounted.errors import UncountedError
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
from uncounted.wording.numerals import SHOW
from uncounted.world.world import groups

PUBLISHED = ("world", "region")
NOISE = (0.0, 0.6)  # sd of surveys' own errors that the report shows beside the fit's
# shifts of the logits of countries that nobody surveyed
SHIFTS = (-0.5, -0.25, 0.0, 0.25, 0.5)
SHORT = {"chains": 2, "tune": 300, "draws": 500}
# pm.Data through which covariates enter
X = (
    "x",
    "x_missing_mean",
    "x_missing_root",
    "index_mean",
    "index_sd",
    "x_spread",
)

# of a scenario: numbers of pm.Data, and whether covariates are to say nothing
Scenario = tuple[Numbers, bool]


@dataclass(frozen=True)
class Published:
    """How the published numbers of a fit are made from its prevalence: by groupings,
    with the people of every cell, the card's unit and the level of intervals.
    """

    groupings: Mapping[str, pd.Series]
    people: xr.DataArray
    unit: float
    interval: float

    def table(self, p: xr.DataArray) -> pd.DataFrame:
        """Return a row for each published group: median, bounds and R-hat."""
        return pd.DataFrame(list(self._rows(p)))

    def _rows(
        self,
        p: xr.DataArray,
    ) -> Iterator[dict[str, Any]]:
        everybody = xr.ones_like(self.people)
        ends = interval_ends(self.interval)
        for grouping, group in self.groupings.items():
            affected = affected_in_all(p, self.people, group)
            rates = affected / affected_in_all(everybody, self.people, group)
            for name in rates["group"].to_numpy():
                rate = rates.sel(group=name).transpose("chain", "draw")
                draws = rate.to_numpy()
                low, middle, high = np.quantile(draws, ends) * self.unit
                yield {
                    "grouping": grouping,
                    "group": str(name),
                    "median": middle,
                    "lower": low,
                    "upper": high,
                    "rhat": float(measure(draws[None])["rhat"].iloc[0]),
                }


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
    recipe = recipe_of(fit)
    start = start_of(fit, seed)
    accept = fit.card.sampling.target_accept
    sampling = Sampling(**{**SHORT, "target_accept": accept, **settings})
    observations = look(fit.card, fit.world, fit.evidence)
    study = Study(fit.card, fit.world, fit.evidence, observations)
    published = _published(fit, interval)
    work = partial(_scenario, how=sampling, published=published)
    tables: dict[str, pd.DataFrame] = {}
    noise_recipe = replace(recipe, fixed={"sigma_survey": NOISE[-1]})
    batches = ((recipe, _numbers(study)), (noise_recipe, _noises(study)))
    for variant, numbers in batches:
        if numbers:
            identity = {"recipe": variant.digest, "how": asdict(sampling)}
            ready = partial(refit, variant.light, start)
            tables |= run(
                Batch(ready, work, seed, identity),
                {name: partial(tuple, values) for name, values in numbers.items()},
                workers=workers,
                scheduler=scheduler,
                progress=progress,
                what="scenarios",
            )
    if not tables:
        raise UncountedError(
            f"The card '{fit.card.name}' has one kind of source, no covariates and no"
            " surveys' own errors (sigma_survey), so there is nothing to leave out."
        )
    return _table(fit, tables, published)


def shift_unsurveyed(
    fit: Fit,
    shifts: tuple[float, ...] = SHIFTS,
    interval: float = 0.95,
) -> pd.DataFrame:
    """Return prevalence of the world and regions if logits of all unsurveyed countries
    were off by −0.5 … +0.5.

    Countries aren't surveyed at random: the table shows what follows if those without a
    survey differ from what their neighbours and covariates say. logit p → logit p +
    shift in every cell of a country without a survey of its own; of exclusive forms,
    the log odds of each against none. Columns: shift, grouping, group, median, lower,
    upper (the card's unit), change (of the median, relative to no shift). Nothing is
    sampled. Raises UncountedError for a card whose link has no logits.
    """
    if fit.card.link == "identity":
        raise UncountedError(
            f"The card '{fit.card.name}' models prevalence itself (link ="
            ' "identity"): it has no logits to shift.'
        )
    surveyed = sorted(surveyed_countries(fit.evidence.rows))
    unsurveyed = xr.DataArray(~fit.p["country"].isin(surveyed), dims="country")
    published = _published(fit, interval)
    tables = {}
    for shift in (0.0, *(shift for shift in shifts if shift)):
        moved = _moved(fit.p, np.exp(np.float32(shift)))
        tables[shift] = published.table(fit.p.where(~unsurveyed, moved))
    labelled = [table.assign(shift=shift) for shift, table in tables.items()]
    table = _changed(pd.concat(labelled, ignore_index=True), tables[0.0])
    table = table[["shift", *table.columns.drop("shift")]]
    return table.sort_values("shift", kind="stable", ignore_index=True)


def _published(fit: Fit, interval: float) -> Published:
    groupings = {name: groups(fit.world, name) for name in PUBLISHED}
    people = expected(fit.people)
    return Published(groupings, people, SHOW[fit.card.show], interval)


def _moved(
    p: xr.DataArray,
    odds: np.float32,
) -> xr.DataArray:
    """Return prevalence once its odds, or those of each form against none, are so many
    times as high.
    """
    total = p.sum("form") if "form" in p.dims else p
    return p * odds / (1 - total + total * odds)


def _numbers(study: Study) -> dict[str, Scenario]:
    """Return each scenario that the compiled model can take."""
    rows = study.evidence.rows
    numbers = {}
    kinds = sorted(rows["source"].unique())
    if len(kinds) > 1:
        for kind in kinds:
            out = (rows["source"] == kind).to_numpy()
            numbers[f"without {kind}"] = without({"": study}, {"": out}), False
    if study.card.covariates:
        lam = dict(centring(study.card, study.world, study.seen))
        if "beta" in lam:
            lam["beta"] = np.zeros_like(lam["beta"])
        alike = study.card.neighbours == "covariates"
        name = "without slopes of covariates" if alike else "without covariates"
        numbers[name] = {"centring": flat(lam)}, True
    return numbers


def _noises(study: Study) -> dict[str, Scenario]:
    """Return σ_ν fixed; at 0 surveys are not centred, for an error centred on its mean
    without spread has no place.
    """
    if "sigma_survey" not in study.card.priors:
        return {}
    kinds = len(study.seen.sources)
    lam = dict(centring(study.card, study.world, study.seen))
    for name in ("survey", "series"):
        if name in lam:
            lam[name] = np.zeros_like(lam[name])
    noises: dict[str, Scenario] = {}
    for sd in NOISE:
        numbers = {"sigma_survey": np.full(kinds, sd)}
        if not sd:
            numbers["centring"] = flat(lam)
        noises[f"sd of surveys' own errors {sd:g}"] = numbers, False
    return noises


def _scenario(
    again: Refit,
    numbers: Numbers,
    no_covariates: bool,
    seed: int,
    cores: int | None,
    *,
    how: Sampling,
    published: Published,
) -> pd.DataFrame:
    """Refit with the numbers of one scenario and return its published numbers."""
    if no_covariates:
        zeros = {}
        for name in X:
            if name in again.built:
                zeros[name] = np.zeros_like(again.built[name])
        numbers = numbers | zeros
    draws, _ = again.sample(numbers, seed, how, cores=cores)
    table = published.table(again.cells(draws)["p"])
    return table.assign(draws=how.chains * how.draws)


def _table(
    fit: Fit,
    tables: Mapping[str, pd.DataFrame],
    published: Published,
) -> pd.DataFrame:
    """Return the tables of all scenarios below the fit's own."""
    draws = fit.p.sizes["chain"] * fit.p.sizes["draw"]
    fitted = published.table(fit.p).assign(draws=draws)
    labelled = [fitted.assign(scenario="as fitted")]
    labelled += [table.assign(scenario=name) for name, table in tables.items()]
    table = _changed(pd.concat(labelled, ignore_index=True), fitted)
    return table[["scenario", *table.columns.drop("scenario")]]


def _changed(
    table: pd.DataFrame,
    base: pd.DataFrame,
) -> pd.DataFrame:
    """Add the change of every median relative to that of the base."""
    key = ["grouping", "group"]
    before = table[key].merge(base[[*key, "median"]], on=key, how="left")["median"]
    return table.assign(change=table["median"].to_numpy() / before.to_numpy() - 1)
