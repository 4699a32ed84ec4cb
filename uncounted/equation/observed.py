"""Observed: the lines of a model between the prevalence of cells and the counts that
surveys show.
"""

from collections.abc import Iterator

from uncounted.model.card import Card
from uncounted.model.symbols import brings, cell, effect_of, index_of, scale
from uncounted.model.trend import has_trend
from uncounted.model.vocabulary import of_sources
from uncounted.notation.formula import number
from uncounted.notation.line import Line
from uncounted.wording.numerals import whole
from uncounted.wording.words import Words

# of each prior: what divides the rows that it is about
AGAINST = {"bias": "source", "crosswalk": "definition"}
SHRUNK = "p̃[j] = {y[j] + 4 m}/{n[j] + 4}, m = {Σ[j] y[j] + 2}/{Σ[j] n[j] + 4}"


def observed(card: Card, say: Words) -> Iterator[Line]:
    """Return the lines from q, the prevalence that a row would show if all persons were
    alike and told the truth, to its counts y.

    Each step that the card has adds a prime to q: bias and crosswalk, the part that can
    show, the survey's own error. Then come mistakes, r, the row's own error and the
    likelihood.
    """
    yield _covered(card, say)
    yield from _instruments(card, say)
    shown = "q"
    if _has(card, *AGAINST):
        yield _shift(card, shown, say)
        shown += "'"
    if _has(card, "kappa", "duration"):
        yield _part(card, shown, say)
        shown += "'"
    if _has(card, "sigma_survey"):
        yield from _error(card, shown, say)
        shown += "'"
    if _has(card, "sensitivity", "specificity"):
        yield from _mistakes(card, shown, say)
        shown = "r"
    if _has(card, "sigma_row"):
        size = "size[a(j)] " if _has(card, "spread_age") else ""
        error = f"w[j] {size}ε[g(j)], ε[g] ~ Normal(0, sigma_row)"
        formula = f"logit {shown}'[j] = logit {shown}[j] + {error}"
        yield Line(formula, say("equation.row"), brings(card, "sigma_row"))
        shown += "'"
    yield from _likelihood(card, f"{shown}[j]", say)


def _has(card: Card, *keys: str) -> bool:
    return any(key in card.priors for key in keys)


def _covered(card: Card, say: Words) -> Line:
    """Return the line of q, a mean over the cells and years that a row covers."""
    indices = cell(card)
    by_source = any(map(of_sources, card.interactions))
    if card.forms and not by_source:
        formula = f"q[f,j] = Σ[{indices}] W[j,{indices}] p[f,{indices}]"
        return Line(formula, say("equation.covered"))
    prevalence = f"p[source(j),{indices}]" if by_source else f"p[{indices}]"
    word = "equation.covered"
    if has_trend(card):
        word = "equation.covered_years"
        prevalence += "(t)"
        indices += ",t"
    return Line(f"q[j] = Σ[{indices}] W[j,{indices}] {prevalence}", say(word))


def _instruments(card: Card, say: Words) -> Iterator[Line]:
    """Return the lines of the differences by sex, age or trait that belong to a kind of
    source.
    """
    products = [product for product in card.interactions if of_sources(product)]
    if not products:
        return
    indices = cell(card)
    effects = " + ".join(effect_of(card, product) for product in products)
    formula = f"logit p[k,{indices}] = logit p[{indices}] + {effects}"
    yield Line(formula, say("equation.instruments"))
    for product in products:
        yield _instrument(card, product, say)


def _instrument(card: Card, product: str, say: Words) -> Line:
    effect = effect_of(card, product)
    key = f"sigma_{product.replace(':', '_')}"
    dim = product.partition(":")[2]
    formula = f"{effect} ~ Normal(0, {key}), Σ[{index_of(card, dim)}] {effect} = 0"
    word = "equation.instrument_reference"
    if not card.reference_source:
        word = "equation.instrument"
        formula += f", Σ[k] {effect} = 0"
    words = dim.replace("_", " ")
    sentence = say(word, what=words, reference=card.reference_source)
    return Line(formula, sentence, brings(card, key))


def _shift(card: Card, shown: str, say: Words) -> Line:
    """Return the line of bias and crosswalk."""
    terms, sentences, keys = [], [], []
    for key, column in AGAINST.items():
        if key in card.priors:
            reference = getattr(card, f"reference_{column}")
            terms.append(f"{key}[{column}(j)]")
            sentences.append(say(f"equation.{key}", reference=reference))
            keys.append(key)
    formula = f"logit {shown}'[j] = logit {shown}[j] + {' + '.join(terms)}"
    return Line(formula, " ".join(sentences), brings(card, *keys))


def _part(card: Card, shown: str, say: Words) -> Line:
    """Return the line of the part of the affected that a row can show."""
    window = number(card.window_years or 0)
    factors = {
        "kappa": "kappa[host(j)]",
        "duration": f"{{T[j] + duration}}/{{{window} + duration}}",
    }
    keys = [key for key in factors if key in card.priors]
    product = " ".join(factors[key] for key in keys)
    sentences = [say(f"equation.{key}", window=window) for key in keys]
    formula = f"{shown}'[j] = {product} {shown}[j]"
    return Line(formula, " ".join(sentences), brings(card, *keys))


def _error(card: Card, shown: str, say: Words) -> Iterator[Line]:
    """Return the lines of surveys' own errors."""
    before, after = f"{scale(card)}{shown}[j]", f"{scale(card)}{shown}'[j]"
    if card.forms:
        before = f"log {{{shown}[f,j]}}/{{{shown}[0,j]}}"
        after = f"log {{{shown}'[f,j]}}/{{{shown}'[0,j]}}"
    yield Line(f"{after} = {before} + ν[survey(j)]", say("equation.error"))
    sd, sentence = "sigma_survey[kind(i)]", say("equation.kinds")
    if not _has(card, "series_share"):
        yield Line(f"ν[i] ~ Normal(0, {sd})", sentence, brings(card, "sigma_survey"))
        return
    share = "series_share[kind(i)]"
    parts = f"√({share}) z[series(i)] + √(1 − {share}) ε[i]"
    normal = "z[h] ~ Normal(0, 1), ε[i] ~ Normal(0, 1)"
    priors = brings(card, "sigma_survey", "series_share")
    sentence = f"{sentence} {say('equation.series')}"
    yield Line(f"ν[i] = {sd} ({parts}), {normal}", sentence, priors)


def _mistakes(card: Card, shown: str, say: Words) -> Iterator[Line]:
    """Return the lines of sensitivity and specificity, and of their validation."""
    keys = [key for key in ("sensitivity", "specificity") if key in card.priors]
    formula = f"{shown}[j]"
    if "sensitivity" in keys:
        formula = f"sensitivity[kind(j)] {formula}"
    if "specificity" in keys:
        formula += f" + (1 − specificity[kind(j)]) (1 − {shown}[j])"
    sentence = " ".join(say(f"equation.{key}") for key in keys)
    yield Line(f"r[j] = {formula}", sentence, brings(card, *keys))
    for key in keys:
        pairs = _validations(card, key, say)
        if pairs:
            formula = f"k[kind] ~ Binomial(m[kind], {key}[kind])"
            yield Line(formula, say(f"equation.validated_{key}", pairs=pairs))


def _validations(card: Card, key: str, say: Words) -> str:
    """Return the counts of each kind of source that was validated, in words."""
    pairs = []
    for kind, table in card.validation.items():
        if key in table:
            k, n = table[key]
            pair = say(
                "equation.pair",
                kind=kind,
                k=whole(k, say),
                n=whole(n, say),
            )
            pairs.append(pair)
    return "; ".join(pairs)


def _likelihood(card: Card, shown: str, say: Words) -> Iterator[Line]:
    sentence = say(f"equation.{card.likelihood}")
    match card.likelihood:
        case "binomial":
            yield Line(f"y[j] ~ Binomial(n[j], {shown})", sentence)
            if _has(card, "unknown_n"):
                formula = "{y[j]}/{n[j]} ~ Beta(unknown_n m[j], unknown_n (1 − m[j]))"
                priors = brings(card, "unknown_n")
                yield Line(formula, say("equation.unknown_n"), priors)
        case "multinomial":
            shares = shown.replace("[", "[·,")
            yield Line(f"y[·,j] ~ Multinomial(n[j], {shares})", sentence)
        case "beta_binomial":
            formula = f"y[j] ~ BetaBinomial(n[j], ω[j] {shown}, ω[j] (1 − {shown}))"
            formula += ", ω[j] = {max(n[j] − 1, 1)}/{deff_excess}"
            yield Line(formula, sentence, brings(card, "deff_excess"))
        case "logit_normal":
            formula = f"logit {{y[j]}}/{{n[j]}} ~ Normal(logit {shown}, s[j])"
            yield Line(formula, sentence)
            formula = f"s[j]^2 = {{1}}/{{n[j] p̃[j] (1 − p̃[j])}}, {SHRUNK}"
            yield Line(formula, say("equation.shrunk"))
        case "fay_herriot":
            yield Line(f"{{y[j]}}/{{n[j]}} ~ Normal({shown}, s[j])", sentence)
            formula = f"s[j]^2 = {{p̃[j] (1 − p̃[j])}}/{{n[j]}}, {SHRUNK}"
            yield Line(formula, say("equation.shrunk"))
