"""Hierarchy: all ratios of an estimate as one pm.Model, by region and sex, with effects
of programmes and units.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from uncounted.cases.curve import log_density, tabulated
from uncounted.cases.records import SEXES
from uncounted.cases.tally import Tally
from uncounted.errors import UncountedError, did_you_mean
from uncounted.model.belief import contrasts
from uncounted.model.distribution import log_choose
from uncounted.model.likelihood import effective_binomial
from uncounted.model.priors import Prior, parse_prior

SIGN = np.array([0.5, -0.5])  # of `female`, females minus males, in the order of SEXES
FIXED = ("level", "female")
EFFECTS = (*FIXED, "region", "region_sex", "programme", "period", "unit", "unit_sex")
type Priors = Mapping[str, Mapping[str, Prior | Mapping[str, object]]]


def needed(tally: Tally) -> tuple[str, ...]:
    """Return the priors that ratios need: level, female and sigma_ of each effect;
    programme and period if several.
    """
    several = {
        "programme": len(_programmes(tally)) > 1,
        "period": len(tally.periods) > 1,
    }
    return tuple(_key(effect) for effect in EFFECTS if several.get(effect, True))


def hierarchy(tally: Tally, priors: Priors) -> pm.Model:
    """Return the model of the ratios' log odds, one graph for all of them.

        θ[k,r,s]   = level[k] + region[k,r] ± ½(female[k] + region_sex[k,r])
                     + period[k,t of the estimate]
        η[k,u,s,t] = θ[k,r(u),s] with period[k,t]
                     + programme[k,g(u)] + unit[k,u] ± ½ unit_sex[k,u]
        y[k,u,s,t] ~ Binomial( n[k,u,s,t], logit⁻¹ η[k,u,s,t] )
                     numerator among both sides: odds = ratio of persons
        Σ_pairs w · π^a (1−π)^b
                     where a count is suppressed or noisy (`curve`)

    + is for females; a unit is a programme in a country. Regions, region × sex and
    periods sum to zero. The effects of programmes and units are of registrations (whom
    this programme met) and no part of θ, the `log_odds` (ratio, region, sex): counts
    are tens of thousands, but of few programmes. What units share is one matrix
    product, X·coefficient with coefficient = mean + sd·z, z standard normal: terms one
    by one took three times as long to compile, and centred units had 115 divergent
    transitions where they hardly differ. priors: ratio → `needed` key → prior; level
    and female normal, sd's half-normal. Whatever a refit may change is pm.Data
    (`refit_data`).
    """
    ratios, units, sexes, periods = tally.shape
    numbers = _numbers(tally, priors)
    coords = {
        "ratio": [ratio.name for ratio in tally.ratios],
        "region": list(tally.regions),
        "sex": list(SEXES),
        "effect": [key for key in needed(tally) if key not in FIXED],
        "cell": range(tally.y.size),
    }
    with pm.Model(coords=coords) as model:
        data = {
            name: pt.as_tensor(pm.Data(name, value)) for name, value in numbers.items()
        }
        fixed_sd = data["prior_sd"][: len(FIXED)]
        sigma_sd = data["prior_sd"][len(FIXED) :]
        effect = data["effect_of"]
        sigma = pm.HalfNormal("sigma", sigma_sd, dims=("effect", "ratio"))
        sd = pt.as_tensor(pt.concatenate([fixed_sd, sigma]))
        z = pm.Normal("z", shape=(len(numbers["effect_of"]), ratios))
        coefficient = data["prior_mean"][effect] + sd[effect] * z
        z_unit = pm.Normal("z_unit", shape=(2, units, ratios))
        of_units = sigma[-2:, None, :] * z_unit
        unit = of_units[0][:, None, None, :]
        unit_sex = of_units[1][:, None, None, :]
        shared = pt.dot(data["cells"], coefficient)
        shared = shared.reshape((units, sexes, periods, ratios))
        departure = unit + SIGN[:, None, None] * unit_sex
        eta = (shared + departure).transpose(3, 0, 1, 2).ravel()
        _observe(tally, eta, data)
        theta = pt.dot(data["strata"], coefficient).T
        theta = theta.reshape((ratios, len(tally.regions), sexes))
        pm.Deterministic("log_odds", theta, dims=("ratio", "region", "sex"))
    return model


def refit_data(tally: Tally, priors: Priors) -> dict[str, np.ndarray]:
    """Return all pm.Data of the model, for `Sampler.with_data`: other records with as
    many units and programmes.
    """
    y = tally.y.ravel()
    n = tally.n.ravel()
    observed = {
        "y_observed": y,
        "n": n,
        "log_choose": log_choose(n, y),
    }
    return _numbers(tally, priors) | observed


def prior_of(
    priors: Priors,
    ratio: str,
    key: str,
) -> Prior:
    """Return a prior, from `Prior` or { family = numbers }; raises UncountedError where
    it is missing or impossible.
    """
    if ratio not in priors:
        raise UncountedError(
            f"The ratio '{ratio}' has no priors. Give priors = {{'{ratio}': {{…}}}}."
        )
    keys = [_key(effect) for effect in EFFECTS]
    for word in priors[ratio]:
        if word not in keys:
            raise UncountedError(
                f"The ratio '{ratio}' has no parameter '{word}'."
                + did_you_mean(word, keys)
            )
    if key not in priors[ratio]:
        raise UncountedError(
            f"The ratio '{ratio}' has no prior of {key}. Say what is believed: {key} ="
            " { … }."
        )
    prior = priors[ratio][key]
    if not isinstance(prior, Prior):
        prior = parse_prior(key, prior)
    family = "normal" if key in FIXED else "half_normal"
    if prior.family != family:
        raise UncountedError(
            f"{key} = {prior.text} of '{ratio}' should be {family}: ratios have no"
            " other."
        )
    return prior


def _key(effect: str) -> str:
    return effect if effect in FIXED else f"sigma_{effect}"


def _programmes(tally: Tally) -> pd.Index:
    return pd.Index(sorted(set(tally.units["programme"])))


def _numbers(tally: Tally, priors: Priors) -> dict[str, np.ndarray]:
    """Return the priors' numbers (effects, ratios), the designs and the curves."""
    keys = needed(tally)
    prior_mean = np.zeros((len(keys), len(tally.ratios)))
    prior_sd = np.zeros_like(prior_mean)
    for row, key in enumerate(keys):
        for column, ratio in enumerate(tally.ratios):
            prior = prior_of(priors, ratio.name, key)
            prior_sd[row, column] = prior.numbers[-1]
            if key in FIXED:
                prior_mean[row, column] = prior.numbers[0]
    effect_of, cells, strata = _designs(tally)
    data = {
        "prior_mean": prior_mean,
        "prior_sd": prior_sd,
        "effect_of": effect_of,
        "cells": cells,
        "strata": strata,
    }
    if len(tally.cell):
        data["unsure_value"], data["unsure_slope"] = tabulated(
            tally.cell, tally.a, tally.b, tally.log_weight, tally.y.size
        )
    return data


def _designs(tally: Tally) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return each coefficient's effect, and X of cells (unit × sex × period) and of
    strata (region × sex).

    A stratum is of the period of the estimate, and of no programme.
    """
    _, units, sexes, periods = tally.shape
    regions = pd.Index(tally.regions)
    programmes = _programmes(tally)
    region_of_unit = regions.get_indexer(pd.Index(tally.units["region"]))
    programme_of_unit = programmes.get_indexer(pd.Index(tally.units["programme"]))
    unit, sex, period = np.indices((units, sexes, periods)).reshape(3, -1)
    cells = _columns(tally, region_of_unit[unit], sex, period, programme_of_unit[unit])
    region, sex = np.indices((len(regions), sexes)).reshape(2, -1)
    period = np.full_like(sex, tally.at)
    programme = np.full_like(sex, -1)
    strata = _columns(tally, region, sex, period, programme)
    keys = needed(tally)
    effects = [effect for effect in EFFECTS[:-2] if _key(effect) in keys]
    widths = [cells[effect].shape[1] for effect in effects]
    return (
        np.repeat(np.arange(len(effects)), widths),
        np.column_stack([cells[effect] for effect in effects]),
        np.column_stack([strata[effect] for effect in effects]),
    )


def _columns(
    tally: Tally,
    region: np.ndarray,
    sex: np.ndarray,
    period: np.ndarray,
    programme: np.ndarray,
) -> dict[str, np.ndarray]:
    """Return what each effect's coefficients are multiplied by in every row; programme
    −1: no programme.
    """
    sign = SIGN[sex][:, None]
    regions = contrasts(len(tally.regions))[region]
    programmes = np.arange(len(_programmes(tally)))
    if len(tally.periods) > 1:
        periods = contrasts(len(tally.periods))[period]
    else:
        periods = np.zeros((len(sex), 0))
    return {
        "level": np.ones((len(sex), 1)),
        "female": sign,
        "region": regions,
        "region_sex": regions * sign,
        "programme": (programme[:, None] == programmes).astype(float),
        "period": periods,
    }


def _observe(
    tally: Tally,
    eta: TensorVariable,
    data: Mapping[str, TensorVariable],
) -> None:
    """Observe what is known by its binomial and the rest by its curves."""
    effective_binomial(
        eta,
        tally.y.ravel(),
        tally.n.ravel(),
        name="registered",
        dim="cell",
    )
    if "unsure_value" in data:
        pm.CustomDist(
            "unsure",
            eta,
            data["unsure_value"],
            data["unsure_slope"],
            logp=log_density,
            signature="(),(m),(m)->()",
            observed=np.zeros(tally.y.size),
        )
