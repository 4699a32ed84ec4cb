"""Equation: the model of a card as typeset mathematics (MathML), a line and a sentence for each of its pieces."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup
from scipy.special import expit

from uncounted.model.card import Card
from uncounted.model.priors import Prior
from uncounted.report.wording import Words, rate, rates, read_words

INDEX = {"region": "r", "subregion": "d", "country": "c", "sex": "s", "age": "a"}
FAMILY = {
    "normal": "Normal",
    "half_normal": "HalfNormal",
    "exponential": "Exponential",
    "half_student_t": "HalfStudentT",
}
SPACE = {"logit": Markup(' lspace="0" rspace="0.3em"'), ",": Markup(' rspace="1.2em"')}
GREEK = {"sigma": "σ", "beta": "β"}


@dataclass(frozen=True)
class Line:
    """One formula as MathML, what it says, and the priors of what it brings: (key on the card, MathML)."""

    math: str
    sentence: str
    priors: tuple[tuple[str, str], ...] = ()


def equation(card: Card) -> list[Line]:
    """Return the lines of the card's model, from the prevalence of a cell to the counts of surveys and the totals."""
    say = read_words()
    lines = [_cell(card, say), *_people(card, say), *_places(card, say), *_covariates(card, say), *_trend(card, say)]
    return [*lines, *_surveys(card, say), _total(say)]


def _cell(card: Card, say: Words) -> Line:
    terms = [_sub(_name("country"), "c"), *(_sub(_name(one), INDEX[one]) for one in card.people)]
    terms += [_sub(_product(one), _indices(one)) for one in card.interactions]
    total = Markup("").join(term if i == 0 else _op("+") + term for i, term in enumerate(terms))
    return Line(_math(_op("logit"), _p(), _op("="), total), say("equation.cell", year=card.year))


def _people(card: Card, say: Words) -> Iterator[Line]:
    if "sex" in card.people:
        half = Markup('<mfrac><mn>1</mn><mn>2</mn></mfrac><mspace width="0.2em"/>') + _name("female")
        female = [_sub(_name("sex"), "female"), _op("="), half, _op(",")]
        male = [_sub(_name("sex"), "male"), _op("="), _op("−"), half]
        yield Line(_math(*female, *male), say("equation.sex"), _priors(card, "female"))
    if "age" in card.people:
        yield _deviations(card, "age", say)
    for one in card.interactions:
        yield _deviations(card, one, say)


def _deviations(card: Card, factor: str, say: Words) -> Line:
    """Return the line of a factor or product: normal deviations that sum to zero along each index, if they do."""
    key = "sigma_" + factor.replace(":", "_")
    indices = _indices(factor)
    effect = _sub(_product(factor) if ":" in factor else _name(factor), indices)
    parts = [effect, _op("∼"), _family("Normal", _number(0), _variable(key))]
    zero = factor not in card.exchangeable
    for index in indices.split(",") if zero else []:
        parts += [_op(","), _sum(index), effect, _op("="), _number(0)]
    what = factor.replace(":", " × ")
    sentence = say("equation.zero_sum" if zero else "equation.exchangeable", what=what)
    return Line(_math(*parts), sentence, _priors(card, key))


def _places(card: Card, say: Words) -> Iterator[Line]:
    normal = card.priors["level"]
    mean, sd = normal.numbers if normal.family == "normal" else (float("nan"), float("nan"))
    middle, low, high = (float(expit(mean + z * sd)) for z in (0.0, -1.96, 1.96))
    told = say("equation.level", rate=rate(middle, card.show), rates=rates(low, high, card.show))
    yield Line(_math(_name("level"), _op("∼"), _prior(normal)), told)
    above: Markup = _name("level")
    for rung in card.place:
        own = _sub(_name(rung), INDEX[rung])
        mean_of = above + (_op("+") + _slope_term() if rung == "country" and card.covariates else Markup(""))
        parts = [own, _op("∼"), _family("Normal", mean_of, _variable(f"sigma_{rung}"))]
        zero = rung == "region" and rung not in card.exchangeable
        if zero:
            gap = _fence(own + _op("−") + _name("level"))
            parts += [_op(","), _sum("r"), gap, _op("="), _number(0)]
        yield Line(_math(*parts), say(f"equation.{rung}"), _priors(card, f"sigma_{rung}"))
        above = _sub(_name(rung), f"{INDEX[rung]}({INDEX[_below(card, rung)]})")


def _below(card: Card, rung: str) -> str:
    at = card.place.index(rung) + 1
    return card.place[at] if at < len(card.place) else "country"


def _covariates(card: Card, say: Words) -> Iterator[Line]:
    if not card.covariates:
        return
    beta = _sub(Markup("<mi>β</mi>"), "k")
    names = ", ".join(name.replace("_", " ") for name in card.covariates)
    if "beta" in card.priors:
        yield Line(_math(beta, _op("∼"), _prior(card.priors["beta"])), say("equation.beta", names=names))
        return
    math = _math(beta, _op("∼"), _family("Normal", _number(0), _variable("sigma_beta")))
    yield Line(math, say("equation.beta", names=names), _priors(card, "sigma_beta"))


def _trend(card: Card, say: Words) -> Iterator[Line]:
    if "trend" not in card.priors:
        return
    slope, year = _sub(_name("slope"), "c"), _number(card.year)
    time = _fence(Markup("<mi>t</mi>") + _op("−") + year)
    at = _p() + _fence(Markup("<mi>t</mi>"))
    yield Line(
        _math(_op("logit"), at, _op("="), _op("logit"), _p(), _op("+"), slope, time),
        say("equation.trend", year=card.year),
    )
    regional = "region" in card.place
    own = _sub(_name("trend region"), "r(c)")
    mean = _name("trend") + (_op("+") + own if regional else Markup(""))
    math = _math(slope, _op("∼"), _family("Normal", mean, _variable("sigma_trend_country")))
    yield Line(math, say("equation.slope"), _priors(card, "trend", "sigma_trend_country"))
    if regional:
        one = _sub(_name("trend region"), "r")
        spread = _family("Normal", _number(0), _variable("sigma_trend_region"))
        math = _math(one, _op("∼"), spread, _op(","), _sum("r"), one, _op("="), _number(0))
        yield Line(math, say("equation.trend_region"), _priors(card, "sigma_trend_region"))


def _surveys(card: Card, say: Words) -> Iterator[Line]:
    q, error = _sub(Markup("<mi>q</mi>"), "j"), "sigma_survey" in card.priors
    when = _fence(_sub(Markup("<mi>t</mi>"), "j")) if "trend" in card.priors else Markup("")
    weight = _sub(Markup("<mi>W</mi>"), "j,c,s,a")
    yield Line(_math(q, _op("="), _sum("c,s,a"), weight, _p(), when), say("equation.covered"))
    shown = q
    if error:
        shown = Markup("<msubsup><mi>q</mi><mi>j</mi><mo>′</mo></msubsup>")
        nu = _sub(Markup("<mi>ν</mi>"), "survey(j)")
        yield Line(_math(_op("logit"), shown, _op("="), _op("logit"), q, _op("+"), nu), say("equation.error"))
        each = _sub(Markup("<mi>ν</mi>"), "i")
        math = _math(each, _op("∼"), _family("Normal", _number(0), _variable("sigma_survey", "kind(i)")))
        yield Line(math, say("equation.kinds"), _priors(card, "sigma_survey"))
    y, n = _sub(Markup("<mi>y</mi>"), "j"), _sub(Markup("<mi>n</mi>"), "j")
    yield Line(_math(y, _op("∼"), _family("Binomial", n, shown)), say("equation.counts"))


def _total(say: Words) -> Line:
    persons = _sub(Markup("<mi>N</mi>"), "c,s,a")
    math = _math(_sub(_name("affected"), "G"), _op("="), _sum("c ∈ G, s, a"), persons, _p())
    return Line(math, say("equation.total"))


def _priors(card: Card, *keys: str) -> tuple[tuple[str, str], ...]:
    return tuple((key, _math(_variable(key), _op("∼"), _prior(card.priors[key]), block=False)) for key in keys)


def _prior(prior: Prior) -> Markup:
    return _family(FAMILY.get(prior.family, prior.family), *(_number(n) for n in prior.numbers))


def _math(*parts: Markup, block: bool = True) -> str:
    opening = Markup('<math display="block">') if block else Markup("<math>")
    return str(opening + Markup("<mrow>") + Markup("").join(parts) + Markup("</mrow></math>"))


def _p() -> Markup:
    return _sub(Markup("<mi>p</mi>"), "c,s,a")


def _slope_term() -> Markup:
    return _sub(Markup("<mi>x</mi>"), "c") + _op("·") + Markup("<mi>β</mi>")


def _name(word: str) -> Markup:
    return Markup("<mtext>{}</mtext>").format(word)


def _number(value: float) -> Markup:
    return Markup("<mn>{}</mn>").format(f"{value:g}".replace("-", "−"))


def _op(sign: str) -> Markup:
    return Markup("<mo{}>{}</mo>").format(SPACE.get(sign, Markup("")), sign)


def _fence(inside: Markup) -> Markup:
    return Markup('<mo stretchy="false">(</mo>{}<mo stretchy="false">)</mo>').format(inside)


def _family(name: str, *numbers: Markup) -> Markup:
    return Markup("<mtext>{}</mtext>").format(name) + _fence(Markup('<mo rspace="0.3em">,</mo>').join(numbers))


def _sub(base: Markup, index: str) -> Markup:
    return Markup("<msub><mrow>{}</mrow>{}</msub>").format(base, _index(index))


def _index(text: str) -> Markup:
    """Typeset an index such as "r(c)": single letters italic, words upright."""
    marks = []
    for token in re.findall(r"[^\W\d_]+(?: [^\W\d_]+)*|\S", text):
        tag = "mtext" if len(token) > 1 else "mi" if token.isalpha() else "mo"
        attribute = Markup(' lspace="0" rspace="0.1em" stretchy="false"') if tag == "mo" else Markup("")
        marks.append(Markup("<{}{}>{}</{}>").format(Markup(tag), attribute, token, Markup(tag)))
    return Markup("<mrow>{}</mrow>").format(Markup("").join(marks))


def _sum(index: str) -> Markup:
    return _sum_over(_index(index))


def _sum_over(under: Markup) -> Markup:
    return Markup('<munder><mo movablelimits="false">∑</mo>{}</munder>').format(under)


def _product(pair: str) -> Markup:
    first, second = pair.split(":")
    return _fence(_name(first) + _op("×") + _name(second))


def _indices(factor: str) -> str:
    return ",".join(INDEX[one] for one in factor.split(":"))


def _variable(key: str, index: str = "") -> Markup:
    """Typeset a variable of the card: sigma_country is σ with its name beneath, female is a word."""
    head, _, rest = key.partition("_")
    if head not in GREEK:
        return _name(key.replace("_", " "))
    below = ", ".join(part for part in (rest.replace("_", " "), index) if part)
    base = Markup("<mi>{}</mi>").format(GREEK[head])
    return _sub(base, "β" if below == "beta" else below) if below else base
