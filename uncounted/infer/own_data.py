"""Own data: the share of the knowledge of a country that comes from its own surveys."""

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

    Dims are group (country), sex, age and further axes, each with `all`. This fit also
    gives the denominator: in every draw, the country's departures from what its region,
    neighbours and covariates predict (its level and its patterns of persons) are drawn
    anew from the distribution of countries' departures. In a joint fit they are drawn
    given the departures of the other outcomes. 0 means that the country's own data do
    not inform its number, for example because nobody was asked there; 1 means that they
    settle it. The share is empty for models written by hand, whose departures are not
    known.
    """
    group = groups(fit.world, "country")
    people = totals.expected(fit.people)
    size = totals.size(fit.p, people, group)
    without = _without_own(fit)
    if without is None:
        return size * np.nan
    with_own_data = _variance(fit, fit.p, people, group, size)
    without_own_data = _variance(fit, without, people, group, size)
    return (1 - with_own_data / without_own_data).clip(0.0, 1.0)


def _variance(
    fit: Fit,
    p: xr.DataArray,
    people: xr.DataArray,
    group: pd.Series,
    size: xr.DataArray,
) -> xr.DataArray:
    share = totals.affected(p, people, group) / size
    if fit.card.link != "identity":
        share = logit(share.clip(SMALLEST, 1 - SMALLEST))
    return share.var(["chain", "draw"])


def _without_own(fit: Fit) -> xr.DataArray | None:
    """Return p with each country's departures drawn anew; None where the posterior does
    not hold them.
    """
    rng = np.random.default_rng([fit.seed, len("own data")])
    prefixes = [f"{form}::" for form in fit.card.forms] or [""]
    changes = []
    for prefix in prefixes:
        of_form = replace(fit, posterior=part(fit.posterior, prefix))
        change = _change(of_form, rng)
        if change is None:
            return None
        changes.append(change)
    if fit.card.forms:
        together = xr.DataArray(xr.concat(changes, fit.p["form"]))
        return _of_forms(fit.p, together)
    change = changes[0].astype(np.float32)
    if fit.card.link == "identity":
        return (fit.p + change).transpose(*fit.p.dims)
    moved = logit(fit.p.clip(1e-9, 1 - 1e-7)) + change
    p = moved.copy(data=expit(moved.to_numpy()))
    return p.transpose(*fit.p.dims)


def _of_forms(
    p: xr.DataArray,
    change: xr.DataArray,
) -> xr.DataArray:
    """Return prevalence of exclusive forms after a change of their log odds against
    none of the forms.
    """
    none = (1 - p.sum("form")).clip(SMALLEST)
    log_odds = np.log(p.clip(SMALLEST)) - np.log(none) + change
    of_forms = xr.DataArray(log_odds).transpose(*p.dims).to_numpy()
    of_none = np.zeros((*of_forms.shape[:-1], 1))
    values = np.concatenate([of_forms, of_none], axis=-1)
    log_p = log_softmax(values, axis=-1)[..., :-1]
    return p.copy(data=np.exp(log_p))


def _change(
    fit: Fit,
    rng: np.random.Generator,
) -> xr.DataArray | None:
    """Return the change of countries' log odds when their departures are drawn anew
    (chain, draw, country, …); None where the posterior does not hold the departures.
    """
    dims = []
    for factor in filter(of_countries, fit.card.interactions):
        dim = factor.partition(":")[2]
        # A single level departs from nothing.
        if fit.p.sizes[dim] > 1:
            dims.append(dim)
    needed = {f"sigma_country_{dim}" for dim in dims}
    needed |= {"country_effect", "sigma_country"}
    if not needed <= set(fit.posterior.data_vars):
        return None
    change = _level(fit, rng)
    for dim in dims:
        change = change + _pattern(fit, dim, rng)
    return change


def _level(
    fit: Fit,
    rng: np.random.Generator,
) -> xr.DataArray:
    """Return the change of countries' levels: of their own departures, and of the
    departures that they share with neighbours.
    """
    posterior = fit.posterior
    effect = posterior["country_effect"]
    sigma = posterior.get("sigma_of_country", posterior["sigma_country"])
    change = xr.zeros_like(effect)
    if fit.card.neighbours:
        rho = posterior["rho"]
        sd = sigma * np.sqrt(rho)
        field = posterior["neighbours_effect"] / sd
        redrawn = _given_neighbours(fit, field, rng)
        change = change + sd * (redrawn - field)
        sigma = sigma * np.sqrt(1 - rho)
    if fit.joint:
        effect = effect + posterior.get("outcomes_effect", 0.0)
        z = _standard_normal(effect, rng)
        score = posterior[OTHERS_MEAN] + posterior[OTHERS_SD] * z
        return change + sigma * score - effect
    return change + sigma * _standard_normal(effect, rng) - effect


def _given_neighbours(
    fit: Fit, field: xr.DataArray, rng: np.random.Generator
) -> xr.DataArray:
    """Return the field at each country, drawn given its values at the countries that
    share a border with it.

    u = Bz is normal with Σ = BBᵀ. Given its neighbours N, a country has the mean Σ_cN
    Σ_NN⁺ u_N and the variance Σ_cc − Σ_cN Σ_NN⁺ Σ_Nc. A field over likeness has few
    basis functions, so that the other countries determine it: it stays as it is.
    """
    if fit.card.neighbours != "borders":
        return field
    waves = basis(fit.card, fit.world)
    borders = read_borders(None, fit.world)
    labels = fit.p["country"].to_numpy()
    weight = np.zeros((len(labels), len(labels)))
    variance = (waves**2).sum(axis=1)
    for country, code in enumerate(labels):
        is_neighbour = np.isin(labels, borders.of(str(code)))
        neighbours = np.flatnonzero(is_neighbour)
        wave = waves[country]
        pull = wave @ np.linalg.pinv(waves[neighbours])
        weight[country, neighbours] = pull
        explained = pull @ waves[neighbours] @ wave
        variance[country] = max(0.0, variance[country] - explained)
    expected = field.copy(data=field.to_numpy() @ weight.T)
    sd = np.sqrt(xr.DataArray(variance, dims="country"))
    return expected + sd * _standard_normal(field, rng)


def _pattern(
    fit: Fit,
    dim: str,
    rng: np.random.Generator,
) -> xr.DataArray:
    """Return the change of countries' own patterns over the levels of a trait."""
    effect = fit.posterior[f"country_{dim}_effect"]
    sigma = fit.posterior[f"sigma_country_{dim}"]
    if dim == "age" and SPREAD_AGE in fit.card.priors:
        log_spread = fit.posterior[SPREAD_AGE]
        spread = np.exp(log_spread - log_spread.mean(dim))
        pattern = sigma * spread * _standard_normal(effect, rng)
        return pattern - pattern.mean(dim) - effect
    columns = basis_of(fit.card, dim, effect.sizes[dim])
    by_level = effect.transpose(..., dim)
    shape = (*by_level.shape[:-1], columns.shape[1])
    waves = rng.normal(size=shape) @ columns.T
    return sigma * by_level.copy(data=waves) - effect


def _standard_normal(
    like: xr.DataArray,
    rng: np.random.Generator,
) -> xr.DataArray:
    return like.copy(data=rng.normal(size=like.shape))
