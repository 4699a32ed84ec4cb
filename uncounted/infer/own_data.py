"""Own data: how much of what is known of a country comes from surveys of its own."""

from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import expit, log_softmax, logit

from uncounted.infer import totals
from uncounted.infer.fit import Fit
from uncounted.infer.joint_fit import OTHERS_MEAN, OTHERS_SD
from uncounted.infer.sample import part
from uncounted.model.belief import basis_of
from uncounted.model.neighbours import basis
from uncounted.model.people import SPREAD_AGE
from uncounted.model.vocabulary import of_countries
from uncounted.world.borders import read_borders
from uncounted.world.world import groups

SMALLEST = 1e-12


def own_data_share(fit: Fit) -> xr.DataArray:
    """Return 1 − Var(logit p | all data) / Var(logit p | all but the country's own),
    from 0 to 1, by country.

    Dims are group (country), sex, age and further axes, each with `all`. The
    denominator is of this fit: in every draw the country's departures from what its
    region, neighbours and covariates predict, its level and its patterns of persons,
    are drawn anew from the law of countries' departures (of a joint fit, given those of
    the other outcomes). 0 means that nothing of the country's own settles its number,
    as where nobody was asked; 1 that its own data settle all. It is empty for models
    written by hand, whose departures nobody knows.
    """
    group = groups(fit.world, "country")
    people = totals.expected(fit.people)
    size = totals.size(fit.p, people, group)
    without = _without_own(fit)
    if without is None:
        return size * np.nan
    known, unknown = (_variance(fit, p, people, group, size) for p in (fit.p, without))
    return (1 - known / unknown).clip(0.0, 1.0)


def _variance(
    fit: Fit,
    p: xr.DataArray,
    people: xr.DataArray,
    group: pd.Series,
    size: xr.DataArray,
) -> xr.DataArray:
    share = totals.affected(p, people, group) / size
    scaled = (
        share
        if fit.card.link == "identity"
        else logit(share.clip(SMALLEST, 1 - SMALLEST))
    )
    return scaled.var(["chain", "draw"])


def _without_own(fit: Fit) -> xr.DataArray | None:
    """Return p with each country's departures drawn anew; None where the posterior does
    not hold them.
    """
    rng = np.random.default_rng([fit.seed, len("own data")])
    forms = [f"{form}::" for form in fit.card.forms] or [""]
    found = [
        _change(replace(fit, posterior=part(fit.posterior, prefix)), rng)
        for prefix in forms
    ]
    changes = [change for change in found if change is not None]
    if len(changes) < len(forms):
        return None
    if fit.card.forms:
        return _of_forms(fit.p, xr.concat(changes, fit.p["form"]))
    change = changes[0].astype(np.float32)
    if fit.card.link == "identity":
        return (fit.p + change).transpose(*fit.p.dims)
    moved = logit(fit.p.clip(1e-9, 1 - 1e-7)) + change
    return moved.copy(data=expit(moved.to_numpy())).transpose(*fit.p.dims)


def _of_forms(p: xr.DataArray, change: xr.DataArray) -> xr.DataArray:
    """Return prevalence of exclusive forms whose log odds against none of them
    change.
    """
    log_odds = (
        np.log(p.clip(SMALLEST)) - np.log((1 - p.sum("form")).clip(SMALLEST)) + change
    )
    log_odds = xr.DataArray(log_odds).transpose(*p.dims)
    values = np.concatenate(
        [log_odds.to_numpy(), np.zeros((*log_odds.shape[:-1], 1))], axis=-1
    )
    return p.copy(data=np.exp(log_softmax(values, axis=-1)[..., :-1]))


def _change(fit: Fit, rng: np.random.Generator) -> xr.DataArray | None:
    """Return how a country's log odds change when its departures are drawn anew (chain,
    draw, country, …).
    """
    factors = [
        factor.partition(":")[2]
        for factor in fit.card.interactions
        if of_countries(factor)
    ]
    factors = [
        dim for dim in factors if fit.p.sizes[dim] > 1
    ]  # one level departs from nothing
    needed = [
        "country_effect",
        "sigma_country",
        *(f"sigma_country_{dim}" for dim in factors),
    ]
    if not set(needed) <= set(fit.posterior.data_vars):
        return None
    change = _level(fit, rng)
    for dim in factors:
        change = change + _pattern(fit, dim, rng)
    return change


def _level(fit: Fit, rng: np.random.Generator) -> xr.DataArray:
    """Return the change of countries' levels: of their own departures, and of those
    they share with neighbours.
    """
    posterior = fit.posterior
    own = posterior["country_effect"]
    sigma = posterior.get("sigma_of_country", posterior["sigma_country"])
    change = xr.zeros_like(own)
    if fit.card.neighbours:
        rho, shared = posterior["rho"], posterior["neighbours_effect"]
        field = shared / (sigma * np.sqrt(rho))
        change = change + sigma * np.sqrt(rho) * (
            _given_neighbours(fit, field, rng) - field
        )
        sigma = sigma * np.sqrt(1 - rho)
    if OTHERS_SD in posterior:
        own = own + posterior.get("outcomes_effect", 0.0)
        again = posterior[OTHERS_MEAN] + posterior[OTHERS_SD] * _drawn(own, rng)
        return change + sigma * again - own
    return change + sigma * _drawn(own, rng) - own


def _given_neighbours(
    fit: Fit, field: xr.DataArray, rng: np.random.Generator
) -> xr.DataArray:
    """Return the field at each country, drawn given its values at the countries that
    share a border with it.

    u = Bz is normal with Σ = BBᵀ, so given its neighbours N a country's mean is Σ_cN
    Σ_NN⁺ u_N and its variance Σ_cc − Σ_cN Σ_NN⁺ Σ_Nc. A field over likeness has few
    waves: all other countries settle it, and it stays.
    """
    if fit.card.neighbours != "borders":
        return field
    waves = basis(fit.card, fit.world)
    borders, labels = read_borders(None, fit.world), fit.p["country"].to_numpy()
    weight, variance = np.zeros((len(labels), len(labels))), (waves**2).sum(axis=1)
    for at, code in enumerate(labels):
        others = np.flatnonzero(np.isin(labels, borders.of(str(code))))
        pull = waves[at] @ np.linalg.pinv(waves[others])
        weight[at, others] = pull
        variance[at] = max(0.0, variance[at] - pull @ waves[others] @ waves[at])
    expected = field.copy(data=field.to_numpy() @ weight.T)
    return expected + np.sqrt(xr.DataArray(variance, dims="country")) * _drawn(
        field, rng
    )


def _pattern(fit: Fit, dim: str, rng: np.random.Generator) -> xr.DataArray:
    """Return the change of countries' own patterns over the levels of a trait."""
    effect = fit.posterior[f"country_{dim}_effect"]
    sigma = fit.posterior[f"sigma_country_{dim}"]
    if dim == "age" and SPREAD_AGE in fit.card.priors:
        logs = fit.posterior[SPREAD_AGE]
        drawn = sigma * np.exp(logs - logs.mean(dim)) * _drawn(effect, rng)
        return drawn - drawn.mean(dim) - effect
    columns = basis_of(fit.card, dim, effect.sizes[dim])
    shape = (*effect.transpose(..., dim).shape[:-1], columns.shape[1])
    waves = rng.normal(size=shape) @ columns.T
    return sigma * effect.transpose(..., dim).copy(data=waves) - effect


def _drawn(like: xr.DataArray, rng: np.random.Generator) -> xr.DataArray:
    return like.copy(data=rng.normal(size=like.shape))
