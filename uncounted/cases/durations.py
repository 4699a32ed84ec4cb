"""Durations: the mean length of a spell from what a window shows of spells, and the
stock that follows from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from uncounted.cases.lasting import FAMILIES, Family, draw_touching, log_touching
from uncounted.cases.spells import Spells
from uncounted.errors import UncountedError, did_you_mean
from uncounted.glance import glance
from uncounted.infer.derived import derived
from uncounted.infer.progress import Progress
from uncounted.infer.sample import draw
from uncounted.model.card import Sampling
from uncounted.model.priors import FAMILIES as PRIORS
from uncounted.model.priors import Prior, parse_prior

APART = ("duration", "shape")
POOLED = (*APART, "sigma_duration")
type Priors = Mapping[str, Prior | Mapping[str, object]]


@dataclass(frozen=True, eq=False)
class Durations:
    """Draws of mean durations, and what they were made of.

    mu (chain, draw, group): mean years of a spell, of all that begin. posterior, stats:
    the parameters' draws and the sampler's statistics. checks: `without_model` beside
    the posterior mean of μ/(T+μ).
    """

    mu: xr.DataArray
    posterior: xr.Dataset
    stats: xr.Dataset
    spells: Spells
    family: str
    seed: int

    @property
    def checks(self) -> pd.DataFrame:
        """The share of those affected within the window who are affected at a moment:
        by the model and without it.
        """
        window = self.spells.window_years
        share = (self.mu / (window + self.mu)).stack(sample=("chain", "draw"))
        by_model = pd.DataFrame(
            {"by_model": share.mean("sample"), "by_model_sd": share.std("sample")},
            self.spells.groups,
        )
        return without_model(self.spells).join(by_model)

    def __repr__(self) -> str:
        quantiles = self.mu.quantile([0.025, 0.5, 0.975], ["chain", "draw"])
        lower, median, upper = quantiles.to_numpy()
        years = {
            "group": self.spells.groups,
            "mean years": median,
            "lower": lower,
            "upper": upper,
        }
        return glance(
            f"Mean durations of spells, {self.family}; 95 % intervals",
            table=pd.DataFrame(years),
        )


def fit_durations(
    spells: Spells,
    priors: Priors,
    *,
    seed: int,
    family: str = "log_normal",
    sampler: str = "nutpie",
    progress: Progress | None = None,
    **settings: Any,
) -> Durations:
    """Fit the mean duration of each group of spells: `durations_model` has the
    equations.

    priors: duration (of mean years), shape (log_normal: sd of the log; weibull: k) and,
    where groups share strength, sigma_duration; without it each group has its own μ and
    shape. settings: chains, tune, draws, target_accept.
    """
    model = durations_model(spells, priors, family)
    usual = Sampling(
        tune=500,
        draws=1000,
        target_accept=0.9,
    )
    sampling = replace(usual, **settings)
    progress = progress or Progress(show=False)
    drawn = draw(model, sampling, seed, sampler, progress)
    return Durations(
        mu=mu_of(model, drawn.posterior),
        posterior=drawn.posterior,
        stats=drawn.stats,
        spells=spells,
        family=family,
        seed=seed,
    )


def durations_model(
    spells: Spells,
    priors: Priors,
    family: str = "log_normal",
) -> pm.Model:
    """Return the model of spells that touch a window of T years.

        ended in the window, whole length d:  T f(d)/(T+μ)
        going on after a years:               (1−F(a))/(T+μ)
        μ_g = duration · exp(sigma_duration · z_g), one shape;
        or μ_g = duration_g, shape_g, each with the same prior

    Other likelihoods overstate the stock: censoring alone does, and so does
    length-biasing every spell. `mu` (group).
    """
    if family not in FAMILIES:
        raise UncountedError(
            f"There is no family of durations '{family}'."
            + did_you_mean(family, FAMILIES)
        )
    parameters = _parameters(priors)
    pooled = parameters == POOLED
    dims = None if pooled else "group"
    for key in (*parameters, *priors):
        _prior(priors, key, parameters)
    data = refit_data(spells, priors)
    with pm.Model(coords={"group": spells.groups}) as model:
        numbers = pt.as_tensor(pm.Data("prior_numbers", data["prior_numbers"]))
        drawn = {}
        for row, key in enumerate(parameters):
            prior = _prior(priors, key, parameters)
            drawn[key] = _variable(key, prior, numbers[row], dims)
        mu = drawn["duration"]
        if pooled:
            z = pm.Normal("group_raw", dims="group")
            mu = mu * pt.exp(drawn["sigma_duration"] * z)
        pm.Deterministic("mu", mu, dims="group")
        _observe(data, mu, drawn["shape"], FAMILIES[family])
    return model


def mu_of(model: pm.Model, posterior: xr.Dataset) -> xr.DataArray:
    """Return μ of every draw of the model's variables (chain, draw, group)."""
    return derived(model, posterior, ["mu"])["mu"]


def refit_data(spells: Spells, priors: Priors) -> dict[str, np.ndarray]:
    """Return all pm.Data of the model, for `Compiled.on`: of as many spells; years
    below zero are going on.
    """
    parameters = _parameters(priors)
    prior_numbers = np.zeros((len(parameters), 2))
    for row, key in enumerate(parameters):
        numbers = _prior(priors, key, parameters).numbers[:2]
        prior_numbers[row, : len(numbers)] = numbers
    years = spells.table["years"].to_numpy(float)
    groups = pd.Index(spells.groups)
    return {
        "prior_numbers": prior_numbers,
        "years": np.where(spells.table["ongoing"], -years, years),
        "group_of_spell": groups.get_indexer(pd.Index(spells.table["group"])),
        "window": np.array(spells.window_years),
    }


def stock(
    affected: xr.DataArray,
    mu: xr.DataArray,
    window_years: float,
    how: str = "touching",
) -> xr.DataArray:
    """Return persons affected at a moment, from persons affected within a window, in
    every draw: S = N μ/(T+μ).

    Incidence λ and mean length μ: N = λ(T+μ) spells touch a window of T years, S = λμ
    go on at a moment. affected (…, chain, draw) and mu (chain, draw, group) meet on the
    dims that they share; rename `group` to what it groups, such as sex. Raises
    UncountedError for draws that don't pair, and for how = "complete": N times the mean
    of complete spells over T.
    """
    if how != "touching":
        raise UncountedError(
            f"how = '{how}' would multiply those affected within the window by the mean"
            " length of complete spells over the window, which overstates the stock by"
            " 1.8 (exponential lengths) to 2.1 (lognormal): a window of five years"
            " sees little of a long spell. Use S = N·μ/(T+μ), how = 'touching'."
        )
    for dim in affected.dims:
        if dim not in mu.dims:
            continue
        if list(affected[dim].values) != list(mu[dim].values):
            raise UncountedError(
                f"Those affected and their durations have another {dim}:"
                f" {affected.sizes[dim]} and {mu.sizes[dim]}. Give both as many chains"
                " and draws, and the same groups."
            )
    return affected * (mu / (window_years + mu))


def without_model(spells: Spells) -> pd.DataFrame:
    """Return the stock's share of those affected within the window, by group, from two
    counts that need no model.

        S/N = share going on at the interview
        S/N = mean years inside the window / T

    Each has its standard error. A spell whose end is not dated ends anywhere in the
    window with equal probability: d − d²/2T years are inside, or T/2 of a spell longer
    than T.
    """
    table, window = spells.table, spells.window_years
    years = table["years"].clip(upper=window)
    expected = years - years**2 / (2 * window)
    inside = table["inside"].where(table["inside"].notna(), expected)
    table = table.assign(inside=inside / window, ongoing=table["ongoing"].astype(float))
    groups = table.groupby("group")
    size = groups.size()
    columns = {"spells": size}
    for column, name in (("ongoing", "going_on"), ("inside", "inside_window")):
        columns[name] = groups[column].mean()
        columns[f"{name}_se"] = groups[column].std() / np.sqrt(size)
    return pd.DataFrame(columns)


def _parameters(priors: Priors) -> tuple[str, ...]:
    return POOLED if "sigma_duration" in priors else APART


def _prior(
    priors: Priors,
    key: str,
    parameters: tuple[str, ...],
) -> Prior:
    if key not in parameters:
        raise UncountedError(
            f"Durations have no parameter '{key}'.{did_you_mean(key, POOLED)}"
        )
    if key not in priors:
        raise UncountedError(
            f"The prior of {key} is missing. Say what is believed: {key} = {{"
            " log_normal = [2, 0.5] }."
        )
    prior = priors[key]
    if not isinstance(prior, Prior):
        prior = parse_prior(key, prior)
    prior.fits(key)
    return prior


def _variable(
    key: str,
    prior: Prior,
    numbers: Any,
    dims: str | None,
) -> Any:
    family = PRIORS[prior.family]
    arguments = [numbers[index] for index in range(len(family.numbers))]
    return family.make(key, *arguments, dims=dims)


def _observe(
    data: Mapping[str, np.ndarray],
    mu: Any,
    shape: Any,
    family: Family,
) -> None:
    group = pt.as_tensor(pm.Data("group_of_spell", data["group_of_spell"]))
    pm.CustomDist(
        "spell",
        mu[group],
        shape[group] if shape.ndim else shape,
        pm.Data("window", data["window"]),
        logp=lambda y, m, s, w: log_touching(y, m, s, w, family),
        random=lambda m, s, w, rng, size: draw_touching(m, s, w, family, rng, size),
        observed=pm.Data("years", data["years"]),
        class_name="Touching",
    )
