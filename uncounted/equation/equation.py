"""Equation: the model of a card, a formula and a sentence for each of its terms."""

from collections.abc import Iterator

import numpy as np
from scipy.special import expit

from uncounted.equation.observed import observed
from uncounted.model.card import Card
from uncounted.model.symbols import (
    INDEX,
    brings,
    cell,
    distribution,
    effect_of,
    index_of,
    scale,
)
from uncounted.model.trend import has_trend, is_smooth
from uncounted.model.vocabulary import of_countries, of_sources
from uncounted.notation.line import Line
from uncounted.wording.numerals import rate, rates
from uncounted.wording.words import Words, read_words


def equation(card: Card, language: str = "en") -> list[Line]:
    """Return the lines of the card's model, from the prevalence of a cell to the counts
    of surveys and the totals.
    """
    say = read_words(language)
    lines = [
        _cell(card, say),
        *_people(card, say),
        *_places(card, say),
        *_covariates(card, say),
        *_trend(card, say),
    ]
    return [*lines, *observed(card, say), _total(card, say)]


def _cell(card: Card, say: Words) -> Line:
    terms = ["country[c]"]
    for factor in (*card.people, *card.interactions):
        if not of_sources(factor):
            terms.append(effect_of(card, factor))
    effects = " + ".join(terms)
    traits = " and ".join(map(_words, card.traits))
    word = "equation.cell_traits" if traits else "equation.cell"
    sentence = say(word, year=card.year, traits=traits)
    if card.forms:
        forms = say("equation.cell_forms", forms=", ".join(map(_words, card.forms)))
        ratio = f"{{p[f,{cell(card)}]}}/{{p[0,{cell(card)}]}}"
        return Line(f"log {ratio} = {effects}", f"{forms} {sentence}")
    if card.link == "identity":
        sentence = say("equation.cell_identity", year=card.year)
    return Line(f"{scale(card)}p[{cell(card)}] = {effects}", sentence)


def _words(key: str) -> str:
    """Return a name on the card as words."""
    return key.replace(":", " × ").replace("_", " ")


def _people(card: Card, say: Words) -> Iterator[Line]:
    if "sex" in card.people:
        halves = "sex[female] = {1}/{2} female, sex[male] = − {1}/{2} female"
        yield Line(halves, say("equation.sex"), brings(card, "female"))
    for factor in (*card.people, *card.interactions):
        if factor != "sex" and not of_sources(factor):
            yield _deviations(card, factor, say)
    if "spread_age" in card.priors:
        sizes = "log size[a] = spread_age[a] − {1}/{A} Σ[b] spread_age[b]"
        yield Line(sizes, say("equation.sizes"), brings(card, "spread_age"))


def _deviations(card: Card, factor: str, say: Words) -> Line:
    """Return the line of a factor or product: exchangeable, in the order of ages, or
    summing to zero along each index.

    The last two are σ times a matrix with orthonormal columns, or a walk's waves, times
    standard normal draws. Departures of countries sum to zero over persons alone.
    """
    key = f"sigma_{factor.replace(':', '_')}"
    effect = effect_of(card, factor)
    formula = f"{effect} ~ Normal(0, {key})"
    words = _words(factor)
    priors = brings(card, key)
    if factor in card.exchangeable:
        return Line(formula, say("equation.exchangeable", what=words), priors)
    if of_countries(factor):
        return _of_countries(card, factor, say)
    if card.age_order and "age" in factor.split(":"):
        product = "" if factor == "age" else "_product"
        order = say(f"equation.walk_{card.age_order}")
        sentence = say(f"equation.ordered{product}", what=words, order=order)
        return Line(_walk(card, factor, key, effect), sentence, priors)
    for index in index_of(card, factor).split(","):
        formula += f", Σ[{index}] {effect} = 0"
    return Line(formula, say("equation.zero_sum", what=words), priors)


def _of_countries(card: Card, factor: str, say: Words) -> Line:
    dim = factor.removeprefix("country:")
    key = f"sigma_country_{dim}"
    effect = effect_of(card, factor)
    words = _words(dim)
    if dim == "age" and card.age_order:
        order = say(f"equation.walk_{card.age_order}")
        sentence = say("equation.of_countries_ordered", what=words, order=order)
        formula = f"{effect} = {key} Σ[k] B[a,k] z[c,k], z[c,k] ~ Normal(0, 1)"
    else:
        sentence = say("equation.of_countries", what=words)
        has_sizes = dim == "age" and "spread_age" in card.priors
        sd = f"{key} size[a]" if has_sizes else key
        zero = f"Σ[{index_of(card, dim)}] {effect} = 0"
        formula = f"{effect} ~ Normal(0, {sd}), {zero}"
    return Line(formula, sentence, brings(card, key))


def _walk(
    card: Card,
    factor: str,
    key: str,
    effect: str,
) -> str:
    if factor == "age":
        return f"{effect} = {key} Σ[k] B[a,k] z[k], z[k] ~ Normal(0, 1)"
    (crossed,) = (dim for dim in factor.split(":") if dim != "age")
    waves = f"H[{index_of(card, crossed)},l] B[a,k] z[l,k]"
    return f"{effect} = {key} Σ[l,k] {waves}, z[l,k] ~ Normal(0, 1)"


def _places(card: Card, say: Words) -> Iterator[Line]:
    yield _level(card, say)
    above = "level"
    for position, level in enumerate(card.place):
        if level == "country":
            yield from _country(card, above, say)
            continue
        index = INDEX[level]
        effect = f"{level}[{index}]"
        formula = f"{effect} ~ Normal({above}, sigma_{level})"
        if level == "region" and level not in card.exchangeable:
            formula += f", Σ[r] ({effect} − level) = 0"
        yield Line(formula, say(f"equation.{level}"), brings(card, f"sigma_{level}"))
        below = INDEX[card.place[position + 1]]
        above = f"{level}[{index}({below})]"


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


def _country(card: Card, above: str, say: Words) -> Iterator[Line]:
    mean = above
    if card.covariates:
        mean += " + index[c] · beta" if card.index else " + x[c] · beta"
    sigma = "σ[c]" if card.spread else "sigma_country"
    if card.neighbours:
        shared = "√(rho) u[c] + √(1 − rho) ε[c]"
        formula = f"country[c] = {mean} + {sigma} ({shared}), ε[c] ~ Normal(0, 1)"
        priors = brings(card, "sigma_country", "rho")
        yield Line(formula, say("equation.neighbours"), priors)
        formula = "u[c] = Σ[k] K[c,k] z[k], z[k] ~ Normal(0, 1)"
        yield Line(formula, say(f"equation.near_{card.neighbours}"))
    else:
        formula = f"country[c] ~ Normal({mean}, {sigma})"
        priors = brings(card, "sigma_country")
        yield Line(formula, say("equation.country"), priors)
    if card.spread:
        names = ", ".join(_indicator(card, name, say) for name in card.spread)
        sds = "log σ[c] = log sigma_country + Σ[k] x[c,k] spread[k]"
        yield Line(sds, say("equation.spread", names=names), brings(card, "spread"))


def _covariates(card: Card, say: Words) -> Iterator[Line]:
    """Return the lines of x or of the index, and of the slopes, by the prior that the
    card names.
    """
    if not card.covariates:
        return
    names = ", ".join(_indicator(card, name, say) for name in card.covariates)
    k, sentence = "[k]", say("equation.beta", names=names)
    if card.index:
        formula = "index[c] = m[c] + s[c] z[c], z[c] ~ Normal(0, 1)"
        yield Line(formula, say("equation.index", names=names))
        k, sentence = "", say("equation.beta_index")
    if "beta" in card.priors:
        yield Line(f"beta{k} ~ {distribution(card.priors['beta'])}", sentence)
    elif "tau_beta" in card.priors:
        formula = f"beta{k} = z{k} tau_beta λ̃{k}, z{k} ~ Normal(0, 1)"
        yield Line(formula, sentence, brings(card, "tau_beta"))
        ratio = f"{{slab_beta^2 λ{k}^2}}/{{slab_beta^2 + tau_beta^2 λ{k}^2}}"
        formula = f"λ̃{k}^2 = {ratio}, λ{k} ~ HalfCauchy(1)"
        yield Line(formula, say("equation.horseshoe"), brings(card, "slab_beta"))
    elif "r2" in card.priors:
        part = f"φ{k} " if k else ""
        root = f"√({part}{{r2}}/{{1 − r2}})"
        formula = f"beta{k} = z{k} sigma_country {root}, z{k} ~ Normal(0, 1)"
        yield Line(formula, sentence, brings(card, "r2"))
        if k:
            yield Line("φ ~ Dirichlet(0.5, …, 0.5)", say("equation.shares"))
    else:
        formula = f"beta{k} ~ Normal(0, sigma_beta)"
        yield Line(formula, sentence, brings(card, "sigma_beta"))


def _indicator(card: Card, name: str, say: Words) -> str:
    """Return the words for a covariate and its transformation."""
    plain = say.term(name.replace("_", " "))
    transform = card.transforms.get(name, "")
    if not transform:
        return plain
    how = transform.replace("_percent", "")
    return say("equation.transformed", how=how, of=plain)


def _trend(card: Card, say: Words) -> Iterator[Line]:
    if not has_trend(card):
        return
    indices = cell(card)
    word, bend = "equation.trend", ""
    if is_smooth(card):
        word, bend = "equation.course", " + bend[c](t)"
    line = (
        f"logit p[{indices}](t) = logit p[{indices}] + slope[c] (t − {card.year}){bend}"
    )
    yield Line(line, say(word, year=card.year))
    is_regional = "region" in card.place
    mean = "trend + trend_region[r(c)]" if is_regional else "trend"
    slope = f"slope[c] ~ Normal({mean}, sigma_trend_country)"
    priors = brings(card, "trend", "sigma_trend_country")
    yield Line(slope, say("equation.slope"), priors)
    if is_regional:
        effect = "trend_region[r]"
        region = f"{effect} ~ Normal(0, sigma_trend_region), Σ[r] {effect} = 0"
        priors = brings(card, "sigma_trend_region")
        yield Line(region, say("equation.trend_region"), priors)
    if bend:
        yield from _bend(card, say)


def _bend(card: Card, say: Words) -> Iterator[Line]:
    bend = f"bend[c](t) = Σ[k] (V[t,k] − V[{card.year},k]) wave[c,k]"
    yield Line(bend, say("equation.bend", year=card.year))
    sizes = "sigma_smooth_region z[r(c),k] + sigma_smooth_country z[c,k]"
    priors = brings(card, "sigma_smooth_region", "sigma_smooth_country")
    yield Line(f"wave[c,k] = {sizes}, z ~ Normal(0, 1)", say("equation.wave"), priors)


def _total(card: Card, say: Words) -> Line:
    indices = cell(card)
    people = "c ∈ G, " + indices.removeprefix("c,").replace(",", ", ")
    sentence = say("equation.total")
    if card.forms:
        formula = f"affected[f,G] = Σ[{people}] N[{indices}] p[f,{indices}]"
        return Line(formula, f"{sentence} {say('equation.total_forms')}")
    return Line(f"affected[G] = Σ[{people}] N[{indices}] p[{indices}]", sentence)
