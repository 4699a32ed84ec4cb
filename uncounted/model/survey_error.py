"""Survey error: the non-sampling error of each survey, and what surveys of a series
share of it.
"""

from collections.abc import Iterator

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable
from scipy import sparse

from uncounted.errors import UncountedError
from uncounted.model.belief import Belief
from uncounted.model.card import Card
from uncounted.model.information import Information, Level, Sizes
from uncounted.model.measurement import change
from uncounted.model.place import Countries
from uncounted.model.reference_shift import bias
from uncounted.model.seen import Seen
from uncounted.model.symbols import brings, scale
from uncounted.model.term import Term
from uncounted.notation.line import Line
from uncounted.wording.words import Words
from uncounted.world.world import World

SMALLEST = 1e-24  # a variance, log odds


def is_summed(card: Card, seen: Seen) -> bool:
    """Return whether countries' departures and lone surveys' errors are sampled as
    sums.
    """
    return "sigma_survey" in card.priors and bool(seen.lone.any())


def survey_error(
    belief: Belief, place: TensorVariable, course: TensorVariable | None, seen: Seen
) -> TensorVariable | float:
    """Return ν of each row's survey (rows,): N(0, σ_survey[kind of source]), one for
    all its rows; 0 without it.

    Centred, by information, on its country's level in its year as its kind of source
    shows it (see `Belief.exchangeable`). Surveys of one series share a part of it: ν =
    σ(√ρ s[series] + √(1 − ρ) e), s and e standard normal, ρ = series_share[kind of
    source], so that one survey of a series errs as a lone one does and k of them count
    as one to k.
    """
    if "sigma_survey" not in belief.card.priors:
        return 0.0
    survey_of = np.stack([seen.survey_country, seen.source])
    of_survey = pt.as_tensor(pm.Data("survey_of", survey_of))
    country, source = of_survey[0], of_survey[1]
    sigma = belief.variable("sigma_survey", "source")[source]
    since = seen.survey_since
    drift = change(belief, course, seen.survey_country, since, "survey_since", "survey")
    mean = _as_shown(belief, place[country] + drift, seen, source)
    if not seen.series.member.any():
        return belief.exchangeable("survey", mean, sigma, "survey")[seen.survey]
    shared, own_share = _series(belief, place, course, seen)
    own_part = own_share**0.5
    error = belief.nested("survey", mean, shared, sigma, own_part, "survey")
    return belief.effect("survey", error, "survey")[seen.survey]


def levels_and_errors(
    belief: Belief, countries: Countries, course: TensorVariable | None, seen: Seen
) -> tuple[TensorVariable, TensorVariable]:
    """Return each country's level (countries,) and ν of each row's survey (rows,), as
    `survey_error`, where most countries have one survey.

    A country's only survey shows the sum d = (θ − m) + ν and nothing of its parts,
    which are a ridge if sampled apart: few surveys ended in divergences. So d ~ N(0, T)
    is sampled, T² = σ_country² + σ_survey², and z ~ N(0, 1), with
    ν = d σ_survey²/T² + z σ_country σ_survey/T.
    """
    survey_of = np.stack([seen.survey_country, seen.source, seen.lone])
    of_survey = pt.as_tensor(pm.Data("survey_of", survey_of))
    country, source, lone = (of_survey[i] for i in range(3))
    sigma = belief.variable("sigma_survey", "source")[source]
    since = seen.survey_since
    drift = change(belief, course, seen.survey_country, since, "survey_since", "survey")
    nothing = pt.zeros(len(belief.world.places))
    shown = _as_shown(belief, nothing[country] + drift, seen, source)
    variance = countries.sigma**2 + nothing[country].inc(lone * sigma**2)
    # SMALLEST: a gradient where σ_country is fixed at 0
    total = pt.as_tensor(pt.sqrt(variance + SMALLEST))  # pyright: ignore[reportArgumentType] PyTensor types it None
    mean = countries.mean + nothing[country].inc(lone * shown)
    both = belief.centred("country", mean, total, "country")
    level = countries.mean + both
    seen_mean = level[country] + shown
    if seen.series.member.any():
        shared, own_share = _series(belief, level, course, seen)
        own_part = own_share**0.5
        error = belief.nested("survey", seen_mean, shared, sigma, own_part, "survey")
    else:
        error = belief.centred("survey", seen_mean, sigma, "survey")
    of_country = ((countries.sigma + nothing) / total)[country]
    part = lone * (sigma / total[country]) ** 2
    error = part * both[country] + of_country * error
    error = belief.effect("survey", error, "survey")
    departure = both - nothing[country].inc(lone * error)
    return countries.level(belief, departure), error[seen.survey]


def _as_shown(
    belief: Belief, level: TensorVariable, seen: Seen, source: TensorVariable
) -> TensorVariable:
    """Return levels as kinds of source show them, with their bias if the card has
    it.
    """
    if "bias" not in belief.card.priors:
        return level
    return level + bias(belief, seen)[source]


def _series(
    belief: Belief,
    place: TensorVariable,
    course: TensorVariable | None,
    seen: Seen,
) -> tuple[TensorVariable, TensorVariable]:
    """Return what each survey's series adds to its error, 0 without one, and the share
    1 − ρ that is its own, else 1.

    Both (surveys,). The series' part σ√ρ·s is `series_effect`, centred, by information,
    on the country's level in the middle year of its surveys.
    """
    series = seen.series
    belief.label("series", list(series.labels))
    belief.label("series_source", list(series.kinds))
    series_of = np.stack([series.country, series.source])
    of_series = pt.as_tensor(pm.Data("series_of", series_of))
    kind_of_series = series.kind(series.source, seen.sources)
    kind = series.kind(seen.source, seen.sources)
    kind_of_survey = np.where(series.member, kind, -1)
    survey_series = np.stack([series.survey, kind_of_survey])
    of_survey = pt.as_tensor(pm.Data("survey_series", survey_series))
    share = belief.variable("series_share", "series_source")
    sigma = belief.variable("sigma_survey", "source")[of_series[1]]
    drift = change(
        belief, course, series.country, series.since, "series_since", "series"
    )
    mean = _as_shown(belief, place[of_series[0]] + drift, seen, of_series[1])
    part = share[kind_of_series] ** 0.5
    deviation = belief.nested("series", mean, 0.0, sigma, part, "series")
    effect = belief.effect("series", deviation, "series")
    # −1, a survey in no series, picks what is put last
    shared = pt.as_tensor(pt.concatenate([effect, pt.zeros(1)]))
    own_share = pt.as_tensor(pt.concatenate([1 - share, pt.ones(1)]))
    return shared[of_survey[0]], own_share[of_survey[1]]


def _lines(card: Card, shown: str, say: Words) -> Iterator[Line]:
    """Return the lines of surveys' own errors."""
    if "sigma_survey" not in card.priors:
        return
    before, after = f"{scale(card)}{shown}[j]", f"{scale(card)}{shown}'[j]"
    if card.forms:
        before = f"log {{{shown}[f,j]}}/{{{shown}[0,j]}}"
        after = f"log {{{shown}'[f,j]}}/{{{shown}'[0,j]}}"
    yield Line(f"{after} = {before} + ν[survey(j)]", say("equation.error"))
    sd, sentence = "sigma_survey[kind(i)]", say("equation.kinds")
    if "series_share" not in card.priors:
        yield Line(f"ν[i] ~ Normal(0, {sd})", sentence, brings(card, "sigma_survey"))
        return
    share = "series_share[kind(i)]"
    parts = f"√({share}) z[series(i)] + √(1 − {share}) ε[i]"
    normal = "z[h] ~ Normal(0, 1), ε[i] ~ Normal(0, 1)"
    priors = brings(card, "sigma_survey", "series_share")
    sentence = f"{sentence} {say('equation.series')}"
    yield Line(f"ν[i] = {sd} ({parts}), {normal}", sentence, priors)


def _check(card: Card) -> None:
    if "series_share" in card.priors and "sigma_survey" not in card.priors:
        raise UncountedError(
            "series_share is a share of the variance of surveys' own errors, and"
            " [priors] lacks 'sigma_survey', their size. Write sigma_survey = {"
            " half_normal = 0.3 } or what is believed, or leave series_share out.",
            "series_share",
        )


def _levels(card: Card, _: World, seen: Seen) -> Iterator[Level]:
    """Yield the levels of surveys' own errors, one for each group of surveys, and of
    series, one for each kind.

    What surveys of a series have of their own is a component beside that of lone
    surveys, and so is what they share: the model ties the three by one σ and ρ, whose
    prior mean gives the scales here.
    """
    if "sigma_survey" not in card.priors:
        return
    scale = card.priors["sigma_survey"].scale
    series = seen.series
    group = series.groups(seen.source)
    identity = np.eye(len(seen.source))
    common = mean_share(card) if series.member.any() else 0.0
    for label in range(group.max() + 1):
        members = group == label
        part = np.sqrt(1 - common) if series.member[members].all() else 1.0
        yield "survey", scale * part, sparse.csr_array(identity[:, members])
    for kind in np.unique(series.source):
        members = np.flatnonzero(series.source == kind)
        shared = (series.survey[:, None] == members).astype(float)
        yield "series", scale * np.sqrt(common), sparse.csr_array(shared)


def mean_share(card: Card) -> float:
    """Return the prior mean of series_share, of the family beta; raises UncountedError
    if the card lacks it.
    """
    a, b = card.priors["series_share"].numbers
    return a / (a + b)


def _about(information: Information, _: Sizes) -> Sizes:
    about = {"survey": information.of_surveys}
    if "series" in information.mode:
        member = information.seen.series.member
        series = information.seen.series.survey[member]
        about["series"] = np.bincount(series, information.by_surveys[member])
    return about


TERM = Term(
    _lines,
    ("sigma_survey", "series_share"),
    check=_check,
    levels=_levels,
    about=_about,
    shows="{}'",
)
