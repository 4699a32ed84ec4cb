"""Observed: the lines of a model between the prevalence of cells and the counts that
surveys show.
"""

from collections.abc import Iterator

from uncounted.equation.formula import number
from uncounted.equation.line import Line, brings, cell, effect_of, index_of, scale
from uncounted.model.card import Card
from uncounted.model.trend import has_trend
from uncounted.model.vocabulary import of_sources
from uncounted.wording.numerals import whole
from uncounted.wording.words import Words

AGAINST = {
    "bias": "source",
    "crosswalk": "definition",
}  # prior: what its rows are told apart by
SHRUNK = "p̃[j] = {y[j] + 4 m}/{n[j] + 4}, m = {Σ[j] y[j] + 2}/{Σ[j] n[j] + 4}"


def observed(card: Card, say: Words) -> Iterator[Line]:
    """Return the lines from q, what a row would see if all were alike and told the
    truth, to its counts y.

    Each step that the card has adds a prime to q: bias and crosswalk, the part that can
    show, the survey's own error. Then come mistakes, r, the row's own error and the
    likelihood.
    """
    yield _covered(card, say)
    yield from _instruments(card, say)
    seen = "q"
    for has, step in (
        (_has(card, *AGAINST), _shift),
        (_has(card, "kappa", "duration"), _part),
        (_errs(card), _error),
    ):
        if has:
            yield from step(card, seen, say)
            seen += "'"
    if _has(card, "sensitivity", "specificity"):
        yield from _mistakes(card, seen, say)
        seen = "r"
    if _has(card, "sigma_row"):
        size = "size[a(j)] " if _has(card, "spread_age") else ""
        formula = (
            f"logit {seen}'[j] = logit {seen}[j] + w[j] {size}ε[g(j)], ε[g] ~ Normal(0,"
            " sigma_row)"
        )
        yield Line(formula, say("equation.row"), brings(card, "sigma_row"))
        seen += "'"
    yield from _likelihood(card, f"{seen}[j]", say)


def _has(card: Card, *keys: str) -> bool:
    return any(key in card.priors for key in keys)


def _errs(card: Card) -> bool:
    return _has(card, "sigma_survey")


def _covered(card: Card, say: Words) -> Line:
    at = cell(card)
    if any(map(of_sources, card.interactions)):
        years = has_trend(card)
        entry = f"{at},t" if years else at
        shown = f"p[source(j),{at}]{'(t)' if years else ''}"
        return Line(
            f"q[j] = Σ[{entry}] W[j,{entry}] {shown}",
            say(f"equation.covered{'_years' if years else ''}"),
        )
    if card.forms:
        return Line(f"q[f,j] = Σ[{at}] W[j,{at}] p[f,{at}]", say("equation.covered"))
    if has_trend(card):
        return Line(
            f"q[j] = Σ[{at},t] W[j,{at},t] p[{at}](t)", say("equation.covered_years")
        )
    return Line(f"q[j] = Σ[{at}] W[j,{at}] p[{at}]", say("equation.covered"))


def _instruments(card: Card, say: Words) -> Iterator[Line]:
    """Return the lines of what a kind of source shows of persons apart from the
    others.
    """
    products = [one for one in card.interactions if of_sources(one)]
    if not products:
        return
    at = cell(card)
    added = " + ".join(effect_of(card, one) for one in products)
    yield Line(
        f"logit p[k,{at}] = logit p[{at}] + {added}", say("equation.instruments")
    )
    for one in products:
        effect, key = effect_of(card, one), f"sigma_{one.replace(':', '_')}"
        dim = one.partition(":")[2]
        zero = f"Σ[{index_of(card, dim)}] {effect} = 0"
        other = (
            "equation.instrument_reference"
            if card.reference_source
            else "equation.instrument"
        )
        zero += "" if card.reference_source else f", Σ[k] {effect} = 0"
        told = say(other, what=dim.replace("_", " "), reference=card.reference_source)
        yield Line(f"{effect} ~ Normal(0, {key}), {zero}", told, brings(card, key))


def _shift(card: Card, seen: str, say: Words) -> Iterator[Line]:
    keys = [key for key in AGAINST if key in card.priors]
    added = " + ".join(f"{key}[{AGAINST[key]}(j)]" for key in keys)
    told = " ".join(
        say(f"equation.{key}", reference=getattr(card, f"reference_{AGAINST[key]}"))
        for key in keys
    )
    yield Line(
        f"logit {seen}'[j] = logit {seen}[j] + {added}", told, brings(card, *keys)
    )


def _part(card: Card, seen: str, say: Words) -> Iterator[Line]:
    keys = [key for key in ("kappa", "duration") if key in card.priors]
    window = number(card.window_years or 0)
    factor = {
        "kappa": "kappa[host(j)]",
        "duration": f"{{T[j] + duration}}/{{{window} + duration}}",
    }
    told = " ".join(say(f"equation.{key}", window=window) for key in keys)
    yield Line(
        f"{seen}'[j] = {' '.join(factor[key] for key in keys)} {seen}[j]",
        told,
        brings(card, *keys),
    )


def _error(card: Card, seen: str, say: Words) -> Iterator[Line]:
    if card.forms:
        formula = (
            f"log {{{seen}'[f,j]}}/{{{seen}'[0,j]}} = log"
            f" {{{seen}[f,j]}}/{{{seen}[0,j]}} + ν[survey(j)]"
        )
    else:
        formula = f"{scale(card)}{seen}'[j] = {scale(card)}{seen}[j] + ν[survey(j)]"
    yield Line(formula, say("equation.error"))
    if not _has(card, "series_share"):
        yield Line(
            "ν[i] ~ Normal(0, sigma_survey[kind(i)])",
            say("equation.kinds"),
            brings(card, "sigma_survey"),
        )
        return
    parts = "√(series_share[kind(i)]) z[series(i)] + √(1 − series_share[kind(i)]) ε[i]"
    formula = (
        f"ν[i] = sigma_survey[kind(i)] ({parts}), z[h] ~ Normal(0, 1), ε[i] ~"
        " Normal(0, 1)"
    )
    told = f"{say('equation.kinds')} {say('equation.series')}"
    yield Line(formula, told, brings(card, "sigma_survey", "series_share"))


def _mistakes(card: Card, seen: str, say: Words) -> Iterator[Line]:
    keys = [key for key in ("sensitivity", "specificity") if key in card.priors]
    found = "sensitivity[kind(j)] " if "sensitivity" in keys else ""
    wrong = (
        f" + (1 − specificity[kind(j)]) (1 − {seen}[j])"
        if "specificity" in keys
        else ""
    )
    told = " ".join(say(f"equation.{key}") for key in keys)
    yield Line(f"r[j] = {found}{seen}[j]{wrong}", told, brings(card, *keys))
    for key in keys:
        counts = {
            kind: table[key] for kind, table in card.validation.items() if key in table
        }
        if counts:
            pairs = "; ".join(
                say("equation.pair", kind=kind, k=whole(k, say), n=whole(n, say))
                for kind, (k, n) in counts.items()
            )
            formula = f"k[kind] ~ Binomial(m[kind], {key}[kind])"
            yield Line(formula, say(f"equation.validated_{key}", pairs=pairs))


def _likelihood(card: Card, shown: str, say: Words) -> Iterator[Line]:
    told = say(f"equation.{card.likelihood}")
    match card.likelihood:
        case "binomial":
            yield Line(f"y[j] ~ Binomial(n[j], {shown})", told)
            if _has(card, "unknown_n"):
                formula = "{y[j]}/{n[j]} ~ Beta(unknown_n m[j], unknown_n (1 − m[j]))"
                yield Line(
                    formula, say("equation.unknown_n"), brings(card, "unknown_n")
                )
        case "multinomial":
            yield Line(f"y[·,j] ~ Multinomial(n[j], {shown.replace('[', '[·,')})", told)
        case "beta_binomial":
            formula = f"y[j] ~ BetaBinomial(n[j], ω[j] {shown}, ω[j] (1 − {shown}))"
            yield Line(
                f"{formula}, ω[j] = {{max(n[j] − 1, 1)}}/{{deff_excess}}",
                told,
                brings(card, "deff_excess"),
            )
        case "logit_normal":
            yield Line(f"logit {{y[j]}}/{{n[j]}} ~ Normal(logit {shown}, s[j])", told)
            yield Line(
                f"s[j]^2 = {{1}}/{{n[j] p̃[j] (1 − p̃[j])}}, {SHRUNK}",
                say("equation.shrunk"),
            )
        case "fay_herriot":
            yield Line(f"{{y[j]}}/{{n[j]}} ~ Normal({shown}, s[j])", told)
            yield Line(
                f"s[j]^2 = {{p̃[j] (1 − p̃[j])}}/{{n[j]}}, {SHRUNK}",
                say("equation.shrunk"),
            )
