"""Equation: the model of a card, a formula and a sentence for each of its pieces."""

from collections.abc import Iterator

from scipy.special import expit

from uncounted.equation.line import (
    INDEX,
    Line,
    brings,
    cell,
    distribution,
    effect_of,
    index_of,
    scale,
)
from uncounted.equation.observed import observed
from uncounted.model.card import Card
from uncounted.model.trend import has_trend, is_smooth
from uncounted.model.vocabulary import of_countries, of_sources
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
    terms = [
        "country[c]",
        *(
            effect_of(card, one)
            for one in (*card.people, *card.interactions)
            if not of_sources(one)
        ),
    ]
    traits = " and ".join(trait.replace("_", " ") for trait in card.traits)
    told = say(
        "equation.cell_traits" if traits else "equation.cell",
        year=card.year,
        traits=traits,
    )
    if card.forms:
        told = (
            say(
                "equation.cell_forms",
                forms=", ".join(form.replace("_", " ") for form in card.forms),
            )
            + " "
            + told
        )
        return Line(
            f"log {{p[f,{cell(card)}]}}/{{p[0,{cell(card)}]}} = {' + '.join(terms)}",
            told,
        )
    told = (
        say("equation.cell_identity", year=card.year)
        if card.link == "identity"
        else told
    )
    return Line(f"{scale(card)}p[{cell(card)}] = {' + '.join(terms)}", told)


def _people(card: Card, say: Words) -> Iterator[Line]:
    if "sex" in card.people:
        halves = "sex[female] = {1}/{2} female, sex[male] = − {1}/{2} female"
        yield Line(halves, say("equation.sex"), brings(card, "female"))
    for one in (*(one for one in card.people if one != "sex"), *card.interactions):
        if not of_sources(one):
            yield _deviations(card, one, say)
    if "spread_age" in card.priors:
        sizes = "log size[a] = spread_age[a] − {1}/{A} Σ[b] spread_age[b]"
        yield Line(sizes, say("equation.sizes"), brings(card, "spread_age"))


def _deviations(card: Card, factor: str, say: Words) -> Line:
    """Return the line of a factor or product: exchangeable, in the order of ages, or
    summing to zero along each index.

    The last two are σ times a matrix with orthonormal columns, or a walk's waves, times
    standard normal draws. Departures of countries sum to zero over persons alone.
    """
    key, effect = f"sigma_{factor.replace(':', '_')}", effect_of(card, factor)
    normal, what = (
        f"{effect} ~ Normal(0, {key})",
        factor.replace(":", " × ").replace("_", " "),
    )
    if factor in card.exchangeable:
        return Line(normal, say("equation.exchangeable", what=what), brings(card, key))
    if of_countries(factor):
        return _of_countries(card, factor, say)
    if card.age_order and "age" in factor.split(":"):
        order = say(f"equation.walk_{card.age_order}")
        return Line(
            _walk(card, factor, key, effect),
            say(_sentence(factor), what=what, order=order),
            brings(card, key),
        )
    zero = [f"Σ[{index}] {effect} = 0" for index in index_of(card, factor).split(",")]
    return Line(
        ", ".join([normal, *zero]),
        say("equation.zero_sum", what=what),
        brings(card, key),
    )


def _of_countries(card: Card, factor: str, say: Words) -> Line:
    dim = factor.removeprefix("country:")
    key, effect, index = (
        f"sigma_country_{dim}",
        effect_of(card, factor),
        index_of(card, dim),
    )
    what = dim.replace("_", " ")
    if dim == "age" and card.age_order:
        order = say(f"equation.walk_{card.age_order}")
        formula = f"{effect} = {key} Σ[k] B[a,k] z[c,k], z[c,k] ~ Normal(0, 1)"
        return Line(
            formula,
            say("equation.of_countries_ordered", what=what, order=order),
            brings(card, key),
        )
    sized = dim == "age" and "spread_age" in card.priors
    formula = (
        f"{effect} ~ Normal(0, {key}{' size[a]' if sized else ''}), Σ[{index}]"
        f" {effect} = 0"
    )
    return Line(formula, say("equation.of_countries", what=what), brings(card, key))


def _walk(card: Card, factor: str, key: str, effect: str) -> str:
    if factor == "age":
        return f"{effect} = {key} Σ[k] B[a,k] z[k], z[k] ~ Normal(0, 1)"
    other = next(one for one in factor.split(":") if one != "age")
    return (
        f"{effect} = {key} Σ[l,k] H[{index_of(card, other)},l] B[a,k] z[l,k], z[l,k] ~"
        " Normal(0, 1)"
    )


def _sentence(factor: str) -> str:
    return "equation.ordered" if factor == "age" else "equation.ordered_product"


def _places(card: Card, say: Words) -> Iterator[Line]:
    level = card.priors["level"]
    mean, sd = level.numbers
    bounds = [mean + z * sd for z in (0.0, -1.96, 1.96)]
    middle, low, high = (
        bounds if card.link == "identity" else (float(expit(one)) for one in bounds)
    )
    word = "equation.level_identity" if card.link == "identity" else "equation.level"
    told = say(
        word, rate=rate(middle, card.show, say), rates=rates(low, high, card.show, say)
    )
    yield Line(f"level ~ {distribution(level)}", told)
    above = "level"
    for rung in card.place:
        if rung == "country":
            yield from _country(card, above, say)
            continue
        own = f"{rung}[{INDEX[rung]}]"
        formula = f"{own} ~ Normal({above}, sigma_{rung})"
        if rung == "region" and rung not in card.exchangeable:
            formula += f", Σ[r] ({own} − level) = 0"
        yield Line(formula, say(f"equation.{rung}"), brings(card, f"sigma_{rung}"))
        above = (
            f"{rung}[{INDEX[rung]}({INDEX[card.place[card.place.index(rung) + 1]]})]"
        )


def _country(card: Card, above: str, say: Words) -> Iterator[Line]:
    slope = " + index[c] · beta" if card.index else " + x[c] · beta"
    mean, sigma = (
        above + (slope if card.covariates else ""),
        ("σ[c]" if card.spread else "sigma_country"),
    )
    if card.neighbours:
        parts = (
            f"country[c] = {mean} + {sigma} (√(rho) u[c] + √(1 − rho) ε[c]), ε[c] ~"
            " Normal(0, 1)"
        )
        yield Line(
            parts, say("equation.neighbours"), brings(card, "sigma_country", "rho")
        )
        yield Line(
            "u[c] = Σ[k] K[c,k] z[k], z[k] ~ Normal(0, 1)",
            say(f"equation.near_{card.neighbours}"),
        )
    else:
        yield Line(
            f"country[c] ~ Normal({mean}, {sigma})",
            say("equation.country"),
            brings(card, "sigma_country"),
        )
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
    if card.index:
        yield Line(
            "index[c] = m[c] + s[c] z[c], z[c] ~ Normal(0, 1)",
            say("equation.index", names=names),
        )
    told, k = (
        (
            say("equation.beta_index")
            if card.index
            else say("equation.beta", names=names)
        ),
        _each(card),
    )
    if "beta" in card.priors:
        yield Line(f"beta{k} ~ {distribution(card.priors['beta'])}", told)
    elif "tau_beta" in card.priors:
        yield Line(
            f"beta{k} = z{k} tau_beta λ̃{k}, z{k} ~ Normal(0, 1)",
            told,
            brings(card, "tau_beta"),
        )
        local = (
            f"λ̃{k}^2 = {{slab_beta^2 λ{k}^2}}/{{slab_beta^2 + tau_beta^2 λ{k}^2}}, λ{k}"
            " ~ HalfCauchy(1)"
        )
        yield Line(local, say("equation.horseshoe"), brings(card, "slab_beta"))
    elif "r2" in card.priors:
        part = f"φ{k} " if k else ""
        formula = (
            f"beta{k} = z{k} sigma_country √({part}{{r2}}/{{1 − r2}}), z{k} ~"
            " Normal(0, 1)"
        )
        yield Line(formula, told, brings(card, "r2"))
        if k:
            yield Line("φ ~ Dirichlet(0.5, …, 0.5)", say("equation.shares"))
    else:
        yield Line(f"beta{k} ~ Normal(0, sigma_beta)", told, brings(card, "sigma_beta"))


def _each(card: Card) -> str:
    return "" if card.index else "[k]"


def _indicator(card: Card, name: str, say: Words) -> str:
    transform, plain = card.transforms.get(name, ""), say.term(name.replace("_", " "))
    return (
        say("equation.transformed", how=transform.replace("_percent", ""), of=plain)
        if transform
        else plain
    )


def _trend(card: Card, say: Words) -> Iterator[Line]:
    if not has_trend(card):
        return
    bend = " + bend[c](t)" if is_smooth(card) else ""
    line = (
        f"logit p[{cell(card)}](t) = logit p[{cell(card)}] + slope[c] (t −"
        f" {card.year}){bend}"
    )
    yield Line(
        line, say("equation.course" if bend else "equation.trend", year=card.year)
    )
    regional = "region" in card.place
    mean = "trend + trend_region[r(c)]" if regional else "trend"
    slope = f"slope[c] ~ Normal({mean}, sigma_trend_country)"
    yield Line(
        slope, say("equation.slope"), brings(card, "trend", "sigma_trend_country")
    )
    if regional:
        region = (
            "trend_region[r] ~ Normal(0, sigma_trend_region), Σ[r] trend_region[r] = 0"
        )
        yield Line(
            region, say("equation.trend_region"), brings(card, "sigma_trend_region")
        )
    if bend:
        yield from _bend(card, say)


def _bend(card: Card, say: Words) -> Iterator[Line]:
    bend = f"bend[c](t) = Σ[k] (V[t,k] − V[{card.year},k]) wave[c,k]"
    yield Line(bend, say("equation.bend", year=card.year))
    wave = (
        "wave[c,k] = sigma_smooth_region z[r(c),k] + sigma_smooth_country z[c,k], z ~"
        " Normal(0, 1)"
    )
    yield Line(
        wave,
        say("equation.wave"),
        brings(card, "sigma_smooth_region", "sigma_smooth_country"),
    )


def _total(card: Card, say: Words) -> Line:
    people = "c ∈ G, " + cell(card).removeprefix("c,").replace(",", ", ")
    if card.forms:
        formula = f"affected[f,G] = Σ[{people}] N[{cell(card)}] p[f,{cell(card)}]"
        return Line(formula, f"{say('equation.total')} {say('equation.total_forms')}")
    return Line(
        f"affected[G] = Σ[{people}] N[{cell(card)}] p[{cell(card)}]",
        say("equation.total"),
    )
