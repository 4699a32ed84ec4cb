"""Place: the levels of places, world > region > subregion > country, each pooled
towards the one above.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable
from scipy.special import expit

from uncounted.model.belief import Belief
from uncounted.model.card import Card
from uncounted.model.correlation import Correlated, shared
from uncounted.model.information import Information, Level, Sizes, membership, passed
from uncounted.model.neighbours import basis, structured
from uncounted.model.seen import Seen
from uncounted.model.spread import spread
from uncounted.model.symbols import INDEX, brings, distribution, mean_and_size
from uncounted.model.term import Choice, Term
from uncounted.model.vocabulary import sigma_of
from uncounted.notation.line import Line
from uncounted.wording.numerals import rate, rates
from uncounted.wording.words import Words
from uncounted.world.world import World, groups


@dataclass(frozen=True)
class Rung:
    """A level of the ladder: its places' labels, and the index of each one's parent in
    the rung above, or 0.
    """

    name: str
    labels: pd.Index
    parent: np.ndarray


def rungs(card: Card, world: World) -> list[Rung]:
    """Return the card's levels from the top down; the last is country, in the order of
    `world.places`.
    """
    levels: list[Rung] = []
    above = pd.Series("World", index=world.places.index)
    for name in card.place:
        label = groups(world, name)
        labels = pd.Index(sorted(label.unique()), name=name)
        parent = above.groupby(label).first().reindex(labels)
        tops = levels[-1].labels if levels else pd.Index(["World"])
        levels.append(Rung(name, labels, tops.get_indexer(pd.Index(parent))))
        above = label
    return levels


def region_of(card: Card, world: World) -> np.ndarray:
    """Return the index of each country's region (countries,)."""
    levels = rungs(card, world)
    index = np.arange(len(levels[-1].labels))
    for rung in reversed(levels[1:]):
        index = rung.parent[index]
    return index


@dataclass(frozen=True)
class Countries:
    """The distribution of countries' levels by the levels above, before their own
    departures.

    mean, sigma: the mean and standard deviation of each level (countries,), log odds.
    scored: whether other outcomes' countries depend on these departures.
    """

    mean: TensorVariable
    sigma: TensorVariable
    scored: bool

    def levels(self, belief: Belief) -> TensorVariable:
        """Return each country's level (countries,), its departure by itself."""
        departure = belief.centred("country", self.mean, self.sigma, "country")
        return self.level(belief, departure)

    def level(self, belief: Belief, departure: TensorVariable) -> TensorVariable:
        """Return each country's level (countries,) from its departure, which is named
        in the posterior.
        """
        effect = belief.effect("country", departure, "country")
        if self.scored:
            pm.Deterministic("country_score", effect / self.sigma, dims="country")
        return self.mean + effect


def ladder(
    belief: Belief,
    shift: TensorVariable | float,
    correlated: Correlated | None = None,
) -> Countries:
    """Return the mean and sd of every country's level: logit prevalence averaged over
    the effects of persons.

    level ~ prior; region r = level + ρ_r, Σρ = 0 (or exchangeable, if the card says
    so); subregion d ~ N(its region, σ_subregion); country c ~ N(its subregion +
    shift_c, σ_country), shift = x·β. By `spread` each country has its own σ
    (`spread.spread`). With neighbours, a share ρ of the countries' variance follows
    them (`neighbours.structured`); the rest of it is correlated with other outcomes'
    where there are any (`correlation.shared`).
    """
    *upper, country = rungs(belief.card, belief.world)
    value: TensorVariable = pt.atleast_1d(belief.variable("level"))
    for rung in upper:
        mean = value[rung.parent]
        if rung.name == "region":
            value = mean + belief.deviations("region")
            continue
        sigma = belief.variable(f"sigma_{rung.name}")
        value = mean + belief.exchangeable(rung.name, mean, sigma, rung.name)
    sigma = belief.variable("sigma_country")
    return _countries(belief, value[country.parent] + shift, sigma, correlated)


def _countries(
    belief: Belief,
    mean: TensorVariable,
    sigma: TensorVariable,
    correlated: Correlated | None,
) -> Countries:
    sigma = spread(belief, sigma)
    if belief.card.neighbours:
        neighbours, sigma = structured(belief, sigma, basis(belief.card, belief.world))
        mean = mean + neighbours
    if correlated is not None:
        of_others, sigma = shared(correlated, sigma)
        mean = mean + of_others
    return Countries(mean, sigma, scored=correlated is not None)


def _lines(card: Card, _: str, say: Words) -> Iterator[Line]:
    yield _level(card, say)
    for level in card.place:
        if level == "country" and card.neighbours:
            continue
        effect = f"{level}[{INDEX[level]}]"
        mean, size = mean_and_size(card, level)
        formula = f"{effect} ~ Normal({mean}, {size})"
        if level == "region" and level not in card.exchangeable:
            formula += f", Σ[r] ({effect} − level) = 0"
        yield Line(formula, say(f"equation.{level}"), brings(card, sigma_of(level)))


def _level(card: Card, say: Words) -> Line:
    """Return the line of the world's level, with the prevalence that its prior
    implies.
    """
    prior = card.priors["level"]
    mean, sd = prior.numbers
    bounds = mean + np.array([0.0, -1.96, 1.96]) * sd
    word = "equation.level_identity"
    if card.link != "identity":
        bounds = expit(bounds)
        word = "equation.level"
    median, lower, upper = bounds.tolist()
    sentence = say(
        word,
        rate=rate(median, card.show, say),
        rates=rates(lower, upper, card.show, say),
    )
    return Line(f"level ~ {distribution(prior)}", sentence)


def _needs(card: Card) -> Iterator[Choice]:
    yield ("level",)
    for level in card.place:
        yield (sigma_of(level),)


def _levels(card: Card, world: World, seen: Seen) -> Iterator[Level]:
    index = seen.survey_country
    for rung in reversed(rungs(card, world)):
        scale = card.priors[sigma_of(rung.name)].scale
        yield rung.name, scale, membership(index)
        index = rung.parent[index]


def _about(information: Information, about: Sizes) -> Sizes:
    of_level = _about_countries(information, about)
    of_levels = {"country": of_level}
    upwards = rungs(information.card, information.world)[::-1]
    for rung, above in pairwise(upwards):
        of_members = passed(of_level, information.mode[rung.name])
        of_level = np.bincount(rung.parent, of_members, len(above.labels))
        of_levels[above.name] = of_level
    return of_levels


def _about_countries(information: Information, about: Sizes) -> np.ndarray:
    """Return the information about each country's level (countries,).

    Surveys of a series give no more information about the country than their series
    does.
    """
    seen, mode = information.seen, information.mode
    survey = information.by_surveys
    countries = len(information.world.places)
    if "series" not in mode:
        return np.bincount(seen.survey_country, survey, countries)
    lone = ~seen.series.member
    of_lone = np.bincount(seen.survey_country[lone], survey[lone], countries)
    series = passed(about["series"], mode["series"])
    return of_lone + np.bincount(seen.series.country, series, countries)


TERM = Term(_lines, needs=_needs, levels=_levels, about=_about)
