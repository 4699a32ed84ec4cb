"""Centring: how far each level of the model is centred on its mean, from what the evidence says of it.

With ξ ~ N(λm, σ^λ) and θ = m + σ^(1−λ)·(ξ − λm), θ ~ N(m, σ) for every λ [Papaspiliopoulos et al. 2007; Gorinova
et al. 2020]: λ = 1 is centred, which samples well where data speak loudly, λ = 0 is not, which samples well where they
whisper.
λ = Iτ²/(1 + Iτ²), the share of the level's variance that the data resolve: I is the Fisher information about it, τ the
scale of its prior. The weights are pm.Data, so that whoever holds rows out sets them anew without compiling.
"""

import numpy as np

from uncounted.model.card import Card
from uncounted.model.place import region_of, rungs
from uncounted.model.seen import Seen
from uncounted.model.trend import has_trend
from uncounted.world.world import World

FEW = 40
LEVELS = ("survey", "country", "subregion", "trend_country")  # always exchangeable, a λ for each member


def centring(card: Card, world: World, seen: Seen, weight: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Return λ of every level of the card's model, by name; `belief.flat` makes it the pm.Data `centring`.

    weight (rows,): 0 for a row held out.
    """
    scale = {key: prior.scale for key, prior in card.priors.items()}
    rows = _information(seen) * (1.0 if weight is None else weight) / (1 + scale.get("deff_excess", 0.0))
    if card.neighbours:  # what is left to the countries themselves
        a, b = card.priors["rho"].numbers
        scale["sigma_country"] *= np.sqrt(b / (a + b))
    about: dict[str, np.ndarray] = {}
    about["survey"] = np.bincount(seen.survey, rows, len(seen.surveys))
    survey = _passed(about["survey"], scale.get("sigma_survey", 0.0))
    about["country"] = np.bincount(seen.survey_country, survey, len(world.places))
    below, levels = about["country"], rungs(card, world)
    for rung, above in zip(levels[:0:-1], levels[-2::-1], strict=True):
        below = np.bincount(rung.parent, _passed(below, scale[f"sigma_{rung.name}"]), len(above.labels))
        about[above.name] = below
    if has_trend(card):
        about["trend_country"] = _about_slopes(seen, survey, about["country"])
        by_region = _passed(about["trend_country"], scale["sigma_trend_country"])
        about["trend_region"] = np.bincount(region_of(card, world), by_region)
    cell = (seen.w.T @ rows).reshape(len(world.places), -1, len(card.ages))
    for factor in [*(one for one in card.people if one == "age"), *card.interactions]:
        about[factor.replace(":", "_")] = _about_factor(cell, factor, region_of(card, world))
    return {
        name: _lambda(card, name, i, scale[f"sigma_{name}"]) for name, i in about.items() if f"sigma_{name}" in scale
    }


def _lambda(card: Card, name: str, information: np.ndarray, scale: float) -> np.ndarray:
    """Return λ of each member of a level, or one for a block that sums to zero.

    τ = scale·k/(k + FEW), k members: few members cannot keep their σ away from zero, where a centred level is a funnel.
    With τ = scale five regions gave stunting 2 to 18 divergences, and exchangeable ages gave the pooling reference 437;
    so none.
    """
    tau2 = (scale * information.size / (information.size + FEW)) ** 2
    block = name not in LEVELS and name.replace("_", ":") not in card.exchangeable
    about = np.asarray(information.mean()) if block else information
    return about * tau2 / (1 + about * tau2)


def _information(seen: Seen) -> np.ndarray:
    """Fisher information of each row about a logit: n·p(1−p), p shrunk to the evidence's mean by two respondents."""
    p = (seen.y + 2 * seen.y.sum() / seen.n.sum()) / (seen.n + 2)
    return seen.n * p * (1 - p)


def _passed(information: np.ndarray, scale: float) -> np.ndarray:
    """Information about the mean of a level whose members have variance scale² themselves: 1/(scale² + 1/I)."""
    return information / (1 + information * scale**2)


def _about_slopes(seen: Seen, survey: np.ndarray, country: np.ndarray) -> np.ndarray:
    """Information about each country's slope, its level unknown: Σ I_j (t_j − t̄)²; nothing from surveys of one year."""
    first = np.bincount(seen.survey_country, survey * seen.survey_since, len(country))
    second = np.bincount(seen.survey_country, survey * seen.survey_since**2, len(country))
    return np.maximum(second - first**2 / np.maximum(country, 1e-12), 0.0)


def _about_factor(cell: np.ndarray, factor: str, region: np.ndarray) -> np.ndarray:
    """Sum the cells' information (countries, sexes, ages) over what the factor leaves out."""
    by_region = np.stack([np.bincount(region, column) for column in cell.reshape(len(cell), -1).T], axis=1)
    table = by_region.reshape(-1, *cell.shape[1:])
    left_out = tuple(axis for axis, dim in enumerate(("region", "sex", "age")) if dim not in factor.split(":"))
    return table.sum(axis=left_out)
