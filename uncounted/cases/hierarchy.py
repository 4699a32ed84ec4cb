"""Hierarchy: all ratios of an estimate as one pm.Model, by region and sex, with what
registrations depart from it.
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

        θ[k,r,s]   = level[k] + region[k,r] ± ½(female[k] + region_sex[k,r]) +
        period[k,t of the estimate] η[k,u,s,t] = θ[k,r(u),s] with period[k,t] +
        programme[k,g(u)] + unit[k,u] ± ½ unit_sex[k,u] y[k,u,s,t] ~ Binomial(
        n[k,u,s,t], logit⁻¹ η[k,u,s,t] )     numerator among both sides: odds = ratio of
        persons Σ_pairs w · π^a (1−π)^b                                     where a
        count is suppressed or noisy (`curve`)

    + for females; a unit is a programme in a country. Regions, region × sex and periods
    sum to zero. What programmes and units depart by is of registrations (whom this one
    met) and no part of θ, the `log_odds` (ratio, region, sex): counts are tens of
    thousands, but of few programmes. What units share is one matrix product,
    X·coefficient with coefficient = mean + sd·z, z standard normal: terms one by one
    took three times as long to compile, and centred units had 115 divergent transitions
    where they hardly differ. priors: ratio → `needed` key → prior; level and female
    normal, sd's half-normal. Whatever a refit may change is pm.Data (`refit_data`).
    """
    ratios, units, sexes, periods = tally.shape
    given = _numbers(tally, priors)
    coords = {
        "ratio": [ratio.name for ratio in tally.ratios],
        "region": list(tally.regions),
        "sex": list(SEXES),
    }
    coords |= {
        "effect": [key for key in needed(tally) if key not in FIXED],
        "cell": range(tally.y.size),
    }
    with pm.Model(coords=coords) as model:
        data = {
            name: pt.as_tensor(pm.Data(name, value)) for name, value in given.items()
        }
        sigma = pm.HalfNormal(
            "sigma", data["prior_sd"][len(FIXED) :], dims=("effect", "ratio")
        )
        sd = pt.as_tensor(pt.concatenate([data["prior_sd"][: len(FIXED)], sigma]))
        z = pm.Normal("z", shape=(len(given["effect_of"]), ratios))
        coefficient = data["prior_mean"][data["effect_of"]] + sd[data["effect_of"]] * z
        apart = sigma[-2:, None, :] * pm.Normal("z_unit", shape=(2, units, ratios))
        shared = pt.dot(data["cells"], coefficient).reshape(
            (units, sexes, periods, ratios)
        )
        own = (
            apart[0][:, None, None, :]
            + SIGN[:, None, None] * apart[1][:, None, None, :]
        )
        _observe(tally, (shared + own).transpose(3, 0, 1, 2).ravel(), data)
        theta = pt.dot(data["strata"], coefficient).T.reshape(
            (ratios, len(tally.regions), sexes)
        )
        pm.Deterministic("log_odds", theta, dims=("ratio", "region", "sex"))
    return model


def refit_data(tally: Tally, priors: Priors) -> dict[str, np.ndarray]:
    """Return all pm.Data of the model, for `Sampler.with_data`: other records with as
    many units and programmes.
    """
    y, n = tally.y.ravel(), tally.n.ravel()
    return _numbers(tally, priors) | {
        "y_observed": y,
        "n": n,
        "log_choose": log_choose(n, y),
    }


def prior_of(priors: Priors, ratio: str, key: str) -> Prior:
    """Return a prior, from `Prior` or { family = numbers }; raises UncountedError where
    it is missing or impossible.
    """
    if ratio not in priors:
        raise UncountedError(
            f"The ratio '{ratio}' has no priors. Give priors = {{'{ratio}': {{…}}}}."
        )
    known = [_key(effect) for effect in EFFECTS]
    for word in priors[ratio]:
        if word not in known:
            raise UncountedError(
                f"The ratio '{ratio}' has no parameter"
                f" '{word}'.{did_you_mean(word, known)}"
            )
    if key not in priors[ratio]:
        raise UncountedError(
            f"The ratio '{ratio}' has no prior of {key}. Say what is believed: {key} ="
            " { … }."
        )
    given = priors[ratio][key]
    prior = given if isinstance(given, Prior) else parse_prior(key, given)
    family = "normal" if key in FIXED else "half_normal"
    if prior.family != family:
        raise UncountedError(
            f"{key} = {prior.text} of '{ratio}' should be {family}: ratios have no"
            " other."
        )
    return prior


def _key(effect: str) -> str:
    return effect if effect in FIXED else f"sigma_{effect}"


def _programmes(tally: Tally) -> list[str]:
    return sorted(set(tally.units["programme"]))


def _numbers(tally: Tally, priors: Priors) -> dict[str, np.ndarray]:
    keys = needed(tally)
    asked = [
        [prior_of(priors, ratio.name, key) for ratio in tally.ratios] for key in keys
    ]
    effect_of, cells, strata = _designs(tally)
    told = {
        "prior_mean": np.array(
            [
                [p.numbers[0] if key in FIXED else 0.0 for p in row]
                for key, row in zip(keys, asked, strict=True)
            ]
        ),
        "prior_sd": np.array([[prior.numbers[-1] for prior in row] for row in asked]),
        "effect_of": effect_of,
        "cells": cells,
        "strata": strata,
    }
    if len(tally.cell):
        names = ("unsure_value", "unsure_slope")
        told |= zip(
            names,
            tabulated(tally.cell, tally.a, tally.b, tally.log_weight, tally.y.size),
            strict=True,
        )
    return told


def _designs(tally: Tally) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return each coefficient's effect, and X of cells (unit × sex × period) and of
    strata (region × sex).

    A stratum is of the period of the estimate, and of no programme.
    """
    _, units, sexes, periods = tally.shape
    unit, sex, period = (index.ravel() for index in np.indices((units, sexes, periods)))
    region = pd.Index(tally.regions).get_indexer(pd.Index(tally.units["region"]))[unit]
    programme = pd.Index(_programmes(tally)).get_indexer(
        pd.Index(tally.units["programme"])
    )[unit]
    of_region, of_sex = (
        index.ravel() for index in np.indices((len(tally.regions), sexes))
    )
    nobody = np.full(of_sex.size, -1)
    effects = [effect for effect in EFFECTS[:-2] if _key(effect) in needed(tally)]
    cells = _columns(tally, region, sex, period, programme)
    strata = _columns(tally, of_region, of_sex, np.full(of_sex.size, tally.at), nobody)
    effect_of = np.repeat(
        np.arange(len(effects)), [cells[effect].shape[1] for effect in effects]
    )
    x, x_strata = (
        np.column_stack([columns[effect] for effect in effects])
        for columns in (cells, strata)
    )
    return effect_of, x, x_strata


def _columns(
    tally: Tally,
    region: np.ndarray,
    sex: np.ndarray,
    period: np.ndarray,
    programme: np.ndarray,
) -> dict[str, np.ndarray]:
    """Return what each effect's coefficients are multiplied by in every row; programme
    −1: none of them.
    """
    sign, regions, periods = (
        SIGN[sex][:, None],
        contrasts(len(tally.regions))[region],
        len(tally.periods),
    )
    return {
        "level": np.ones((len(sex), 1)),
        "female": sign,
        "region": regions,
        "region_sex": regions * sign,
        "programme": (
            (programme[:, None] == np.arange(len(_programmes(tally)))).astype(float)
        ),
        "period": (
            contrasts(periods)[period] if periods > 1 else np.zeros((len(sex), 0))
        ),
    }


def _observe(
    tally: Tally, eta: TensorVariable, data: Mapping[str, TensorVariable]
) -> None:
    """Observe what is known by its binomial and the rest by its curves."""
    effective_binomial(
        eta, tally.y.ravel(), tally.n.ravel(), name="registered", dim="cell"
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
