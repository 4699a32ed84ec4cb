"""Durations: the mean length of a spell from what a window shows of spells, and the
stock that a flow amounts to.
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
from uncounted.infer.derived import derived
from uncounted.infer.progress import Progress
from uncounted.infer.sample import draw
from uncounted.model.card import Sampling
from uncounted.model.priors import FAMILIES as PRIORS
from uncounted.model.priors import Prior, parse_prior

POOLED, APART = ("duration", "shape", "sigma_duration"), ("duration", "shape")
type Given = Mapping[str, Prior | Mapping[str, object]]


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
        told = pd.DataFrame(
            {"by_model": share.mean("sample"), "by_model_sd": share.std("sample")},
            self.spells.groups,
        )
        return without_model(self.spells).join(told)

    def _repr_html_(self) -> str:
        low, mid, high = self.mu.quantile(
            [0.025, 0.5, 0.975], ["chain", "draw"]
        ).to_numpy()
        told = pd.DataFrame(
            {"mean years": mid, "lower": low, "upper": high}, self.spells.groups
        )
        tables = (told.round(2), self.checks.round(3))
        return self.spells._repr_html_() + "".join(table.to_html() for table in tables)


def fit_durations(
    spells: Spells,
    priors: Given,
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
    how = replace(Sampling(tune=500, draws=1000, target_accept=0.9), **settings)
    drawn = draw(model, how, seed, sampler, progress or Progress(show=False))
    return Durations(
        mu_of(model, drawn.posterior),
        drawn.posterior,
        drawn.stats,
        spells,
        family,
        seed,
    )


def durations_model(
    spells: Spells, priors: Given, family: str = "log_normal"
) -> pm.Model:
    """Return the model of spells that touch a window of T years.

        ended in the window, whole length d:  T f(d)/(T+μ)       going on after a years:
        (1−F(a))/(T+μ) μ_g = duration · exp(sigma_duration · z_g), one shape;  or μ_g =
        duration_g, shape_g, each with the same prior

    Nothing else is right: censoring alone, or length-biasing every spell, overstates
    the stock. `mu` (group).
    """
    if family not in FAMILIES:
        raise UncountedError(
            "There is no family of durations"
            f" '{family}'.{did_you_mean(family, FAMILIES)}"
        )
    pooled = "sigma_duration" in priors
    asked = POOLED if pooled else APART
    given, data = (
        {key: _prior(priors, key, asked) for key in (*asked, *priors)},
        refit_data(spells, priors),
    )
    with pm.Model(coords={"group": spells.groups}) as model:
        numbers = pt.as_tensor(pm.Data("prior_numbers", data["prior_numbers"]))
        own = {
            key: _variable(key, given[key], numbers[i], None if pooled else "group")
            for i, key in enumerate(asked)
        }
        mu, shape = own["duration"], own["shape"]
        if pooled:
            mu = mu * pt.exp(
                own["sigma_duration"] * pm.Normal("group_raw", dims="group")
            )
        pm.Deterministic("mu", mu, dims="group")
        _observe(data, mu, shape, FAMILIES[family])
    return model


def mu_of(model: pm.Model, posterior: xr.Dataset) -> xr.DataArray:
    """Return μ of every draw of the model's variables (chain, draw, group)."""
    return derived(model, posterior, ["mu"])["mu"]


def refit_data(spells: Spells, priors: Given) -> dict[str, np.ndarray]:
    """Return all pm.Data of the model, for `Compiled.on`: of as many spells; years
    below zero are going on.
    """
    years, asked = (
        spells.table["years"].to_numpy(float),
        (POOLED if "sigma_duration" in priors else APART),
    )
    return {
        "prior_numbers": np.array(
            [[*_prior(priors, key, asked).numbers, 0.0][:2] for key in asked]
        ),
        "years": np.where(spells.table["ongoing"], -years, years),
        "group_of_spell": _group(spells),
        "window": np.array(spells.window_years),
    }


def stock(
    affected: xr.DataArray, mu: xr.DataArray, window_years: float, how: str = "touching"
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
    for dim in (dim for dim in affected.dims if dim in mu.dims):
        if affected.sizes[dim] != mu.sizes[dim] or list(affected[dim].values) != list(
            mu[dim].values
        ):
            raise UncountedError(
                f"Those affected and their durations have another {dim}:"
                f" {affected.sizes[dim]} and {mu.sizes[dim]}. Give both as many chains"
                " and draws, and the same groups."
            )
    return affected * (mu / (window_years + mu))


def without_model(spells: Spells) -> pd.DataFrame:
    """Return the stock's share of those affected within the window, by group, by two
    counts that need no model.

        S/N = share going on at the interview        S/N = mean years inside the window
        / T

    each with its standard error. Where nobody said when a spell ended, it ends anywhere
    in the window alike: d − d²/2T years are inside, or T/2 of a spell longer than T.
    """
    table, window = spells.table, spells.window_years
    d = table["years"].clip(upper=window)
    inside = table["inside"].where(table["inside"].notna(), d - d**2 / (2 * window))
    table = table.assign(inside=inside / window, ongoing=table["ongoing"].astype(float))
    by = table.groupby("group")
    size = np.sqrt(by.size())
    told = {"spells": by.size()}
    for column, name in (("ongoing", "going_on"), ("inside", "inside_window")):
        told |= {name: by[column].mean(), f"{name}_se": by[column].std() / size}
    return pd.DataFrame(told)


def _prior(priors: Given, key: str, asked: tuple[str, ...]) -> Prior:
    if key not in asked:
        raise UncountedError(
            f"Durations have no parameter '{key}'.{did_you_mean(key, POOLED)}"
        )
    if key not in priors:
        raise UncountedError(
            f"The prior of {key} is missing. Say what is believed: {key} = {{"
            " log_normal = [2, 0.5] }."
        )
    given = priors[key]
    prior = given if isinstance(given, Prior) else parse_prior(key, given)
    prior.fits(key)
    return prior


def _variable(key: str, prior: Prior, numbers: Any, dims: str | None) -> Any:
    family = PRIORS[prior.family]
    return family.make(
        key, *(numbers[i] for i in range(len(family.numbers))), dims=dims
    )


def _group(spells: Spells) -> np.ndarray:
    return pd.Index(spells.groups).get_indexer(pd.Index(spells.table["group"]))


def _observe(
    data: Mapping[str, np.ndarray], mu: Any, shape: Any, family: Family
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
