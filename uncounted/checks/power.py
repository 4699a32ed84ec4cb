"""Power: how far published totals move when a prior or the likelihood counts for more
or for less.
"""

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


def power_scaling(fit: Fit) -> pd.DataFrame:
    """Raise each prior named on the card, all of them, and the likelihood to a power,
    and see what totals do.

    Posterior ∝ prior^α · likelihood, by importance weights smoothed by Pareto's
    [Kallioinen et al. 2024], of which sensitivity is how fast the distribution of a
    total moves with log₂ α at α = 1 (ArviZ's psense; above 0.05 it does). Columns:
    component (a prior's key, "all priors", "likelihood"), grouping, group, sensitivity,
    less and more (the change of the mean total at α = 0.8 and 1.25, relative), khat (of
    the weights, the worse), and told: the change in words, or that the draws at hand
    can't tell it (k̂ above 0.7). Priors that the card doesn't name, those of effects
    given their sd, are no choices of the analyst's and stay. Nothing is sampled.
    """
    totals, log_priors = _totals(fit), _log_priors(fit)
    everything = {
        **log_priors,
        "all priors": sum(log_priors.values()),
        "likelihood": _log_likelihood(fit),
    }
    return pd.concat(
        [
            _component(name, np.asarray(value), totals)
            for name, value in everything.items()
        ],
        ignore_index=True,
    )


def _totals(fit: Fit) -> dict[tuple[str, str], np.ndarray]:
    """Return the persons of every published group (chain, draw)."""
    found = {}
    for grouping in PUBLISHED:
        counts = affected_in_all(
            fit.p, fit.people, groups(fit.world, grouping)
        ).transpose("group", "chain", "draw")
        found |= {
            (grouping, str(name)): counts.sel(group=name).to_numpy()
            for name in counts["group"].to_numpy()
        }
    return found


def _log_priors(fit: Fit) -> dict[str, np.ndarray]:
    """Return the log density of each of the card's priors at every draw (chain, draw),
    summed over its members.
    """
    found = {}
    for key, prior in fit.card.priors.items():
        if key in fit.posterior:
            values = fit.posterior[key].transpose("chain", "draw", ...).to_numpy()
            found[key] = (
                _log_prior(prior, values).reshape(*values.shape[:2], -1).sum(axis=-1)
            )
    if not found:
        raise UncountedError(
            "The fit's draws have none of the parameters that its card gives priors."
            " Fit again."
        )
    return found


def _log_prior(prior: Prior, values: np.ndarray) -> np.ndarray:
    with pm.Model():
        variable = FAMILIES[prior.family].make("x", *prior.numbers)
    density: Any = pm.logp(variable, pt.as_tensor(values)).eval(mode="FAST_COMPILE")
    return np.asarray(density)


def _log_likelihood(fit: Fit) -> np.ndarray:
    model = recipe_of(fit).build()
    study: Study = studies_of(model)[""]
    each = [
        fit.posterior.isel(chain=[chain])
        for chain in range(fit.posterior.sizes["chain"])
    ]
    return np.stack(
        [
            log_likelihood(
                study,
                one.merge(derived(model, one, ["reported", *derived_names(study)])),
            )
            for one in each
        ]
    )


def _component(
    name: str, log_density: np.ndarray, totals: dict[tuple[str, str], np.ndarray]
) -> pd.DataFrame:
    """Return how every total moves with the power of one component, whose log density
    is (chain, draw).
    """
    data = xr.DataTree.from_dict(
        {
            "posterior": xr.Dataset(
                {_key(at): (("chain", "draw"), value) for at, value in totals.items()}
            ),
            "log_prior": xr.Dataset({"component": (("chain", "draw"), log_density)}),
        }
    )
    silent = (
        np.ptp(log_density) < SILENT
    )  # one that is the same in every draw says nothing, and has no weights
    sensitivity = (
        dict.fromkeys(map(_key, totals), 0.0) if silent else psense(data, group="prior")
    )
    weights = [_weights(log_density, alpha) for alpha in ALPHAS]
    rows = []
    for at, value in totals.items():
        less, more = (
            float((weight * value).sum() / value.mean() - 1) for weight, _ in weights
        )
        khat = max(k for _, k in weights)
        about = {
            "component": name,
            "grouping": at[0],
            "group": at[1],
            "sensitivity": float(sensitivity[_key(at)]),
        }
        rows.append(
            about
            | {
                "less": less,
                "more": more,
                "khat": khat,
                "told": _told(at[1], less, more, khat),
            }
        )
    return pd.DataFrame(rows)


def _key(at: tuple[str, str]) -> str:
    return f"{at[0]}: {at[1]}"


def _weights(log_density: np.ndarray, alpha: float) -> tuple[np.ndarray, float]:
    """Return smoothed weights of the draws (chain, draw), summing to 1, and k̂ of their
    tail.
    """
    ratio = (alpha - 1) * log_density
    if np.ptp(ratio) < SILENT:
        return np.full(ratio.shape, 1 / ratio.size), -np.inf
    smooth, khat = array_stats.psislw(-ratio.ravel())
    weight = np.exp(smooth - smooth.max()).reshape(ratio.shape)
    return weight / weight.sum(), float(khat)


def _told(group: str, less: float, more: float, khat: float) -> str:
    if khat > SURE:
        return "The draws at hand can't tell: the power moves them too far."
    return (
        f"{group} moves {less:+z.1%} at power {ALPHAS[0]:g} and {more:+z.1%} at"
        f" {ALPHAS[1]:g}."
    )
