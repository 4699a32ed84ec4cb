"""Power: how far published totals move when a prior or the likelihood counts for more
or for less.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pymc as pm
import pytensor.tensor as pt
import xarray as xr
from arviz_stats.base.array import array_stats
from arviz_stats.psense import psense

from uncounted.errors import UncountedError
from uncounted.infer.derived import derived
from uncounted.infer.fit import Fit
from uncounted.infer.recipe import recipe_of, studies_of
from uncounted.infer.totals import affected_in_all
from uncounted.model.build import Study
from uncounted.model.prediction import derived_names, log_likelihood
from uncounted.model.priors import FAMILIES, Prior
from uncounted.world.world import groups

SENSITIVE = 0.05  # of ArviZ's psense: above it a distribution moves with the power
ALPHAS = (0.8, 1.25)  # of the changes that are told: less and more by a quarter
PUBLISHED = ("world", "region")
SILENT = 1e-12  # a log density that varies less
SURE = 0.7  # Pareto k̂ above this: the draws at hand can't tell

Totals = dict[tuple[str, str], np.ndarray]  # by grouping and group (chain, draw)


def power_scaling(fit: Fit) -> pd.DataFrame:
    """Raise each prior named on the card, all of them, and the likelihood to a power,
    and measure how totals change.

    Posterior ∝ prior^α · likelihood, by importance weights smoothed by Pareto's
    [Kallioinen et al. 2024], of which sensitivity is how fast the distribution of a
    total moves with log₂ α at α = 1 (ArviZ's psense; above 0.05 it does). Columns:
    component (a prior's key, "all priors", "likelihood"), grouping, group, sensitivity,
    less and more (the change of the mean total at α = 0.8 and 1.25, relative), khat (of
    the weights, the worse), and told: the change in words, or that the draws at hand
    can't tell it (k̂ above 0.7). Priors that the card doesn't name, those of effects
    given their sd, are no choices of the analyst's and stay. Nothing is sampled.
    """
    totals = _totals(fit)
    log_densities: dict[str, Any] = dict(_log_priors(fit))
    log_densities["all priors"] = sum(log_densities.values())
    log_densities["likelihood"] = _log_likelihood(fit)
    tables = []
    for name, log_density in log_densities.items():
        tables.append(_component(name, np.asarray(log_density), totals))
    return pd.concat(tables, ignore_index=True)


def _totals(fit: Fit) -> Totals:
    """Return the persons of every published group (chain, draw)."""
    totals = {}
    for grouping in PUBLISHED:
        persons = affected_in_all(fit.p, fit.people, groups(fit.world, grouping))
        persons = persons.transpose("group", "chain", "draw")
        for name in persons["group"].to_numpy():
            totals[grouping, str(name)] = persons.sel(group=name).to_numpy()
    return totals


def _log_priors(fit: Fit) -> dict[str, np.ndarray]:
    """Return the log density of each of the card's priors at every draw (chain, draw),
    summed over its members.
    """
    log_priors = {}
    for key, prior in fit.card.priors.items():
        if key in fit.posterior:
            values = fit.posterior[key].transpose("chain", "draw", ...).to_numpy()
            density = _log_prior(prior, values)
            members = density.reshape(*values.shape[:2], -1)
            log_priors[key] = members.sum(axis=-1)
    if not log_priors:
        raise UncountedError(
            "The fit's draws have none of the parameters that its card gives priors."
            " Fit again."
        )
    return log_priors


def _log_prior(
    prior: Prior,
    values: np.ndarray,
) -> np.ndarray:
    with pm.Model():
        variable = FAMILIES[prior.family].make("x", *prior.numbers)
    density: Any = pm.logp(variable, pt.as_tensor(values))
    return np.asarray(density.eval(mode="FAST_COMPILE"))


def _log_likelihood(fit: Fit) -> np.ndarray:
    """Return the log likelihood of every draw (chain, draw)."""
    model = recipe_of(fit).build()
    study: Study = studies_of(model)[""]
    names = ["reported", *derived_names(study)]
    chains = []
    for i in range(fit.posterior.sizes["chain"]):
        chain = fit.posterior.isel(chain=[i])
        draws = chain.merge(derived(model, chain, names))
        chains.append(log_likelihood(study, draws))
    return np.stack(chains)


def _component(
    name: str,
    log_density: np.ndarray,
    totals: Totals,
) -> pd.DataFrame:
    """Return how every total moves with the power of one component, whose log density
    is (chain, draw).
    """
    sensitivity = _sensitivity(log_density, totals)
    weights = [_weights(log_density, alpha) for alpha in ALPHAS]
    khat = max(weight_khat for _, weight_khat in weights)
    rows = []
    for (grouping, group), total in totals.items():
        changes = []
        for weight, _ in weights:
            changes.append(float((weight * total).sum() / total.mean() - 1))
        weaker, stronger = changes
        row = {
            "component": name,
            "grouping": grouping,
            "group": group,
            "sensitivity": sensitivity[grouping, group],
            "less": weaker,
            "more": stronger,
            "khat": khat,
            "told": _sentence(group, weaker, stronger, khat),
        }
        rows.append(row)
    return pd.DataFrame(rows)


def _sensitivity(
    log_density: np.ndarray,
    totals: Totals,
) -> Mapping[tuple[str, str], float]:
    """Return ArviZ's psense of every total."""
    # a density that is the same in every draw says nothing, and has no weights
    if np.ptp(log_density) < SILENT:
        return dict.fromkeys(totals, 0.0)
    dims = ("chain", "draw")
    names = {key: f"{key[0]}: {key[1]}" for key in totals}
    persons = {names[key]: (dims, total) for key, total in totals.items()}
    density = {"component": (dims, log_density)}
    tree = {"posterior": xr.Dataset(persons), "log_prior": xr.Dataset(density)}
    measured = psense(xr.DataTree.from_dict(tree), group="prior")
    return {key: float(measured[name]) for key, name in names.items()}


def _weights(
    log_density: np.ndarray,
    alpha: float,
) -> tuple[np.ndarray, float]:
    """Return smoothed weights of the draws (chain, draw), summing to 1, and k̂ of their
    tail.
    """
    ratio = (alpha - 1) * log_density
    if np.ptp(ratio) < SILENT:
        return np.full(ratio.shape, 1 / ratio.size), -np.inf
    smooth, khat = array_stats.psislw(-ratio.ravel())
    weight = np.exp(smooth - smooth.max()).reshape(ratio.shape)
    return weight / weight.sum(), float(khat)


def _sentence(
    group: str,
    weaker: float,
    stronger: float,
    khat: float,
) -> str:
    if khat > SURE:
        return "The draws at hand can't tell: the power moves them too far."
    return (
        f"{group} moves {weaker:+z.1%} at power {ALPHAS[0]:g} and {stronger:+z.1%} at"
        f" {ALPHAS[1]:g}."
    )
