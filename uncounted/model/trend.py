"""Trend: how a country's prevalence changes over the years, in log odds, zero in the
reference year.
"""

from collections.abc import Iterator
from functools import cache

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable
from scipy import sparse

from uncounted.errors import UncountedError
from uncounted.model.belief import Belief
from uncounted.model.card import Card
from uncounted.model.information import Information, Level, Sizes, membership, passed
from uncounted.model.place import region_of
from uncounted.model.seen import Seen
from uncounted.model.structure import walk
from uncounted.model.symbols import brings, cell
from uncounted.model.term import Choice, Term
from uncounted.notation.line import Line
from uncounted.wording.words import Words
from uncounted.world.world import World

SMOOTH = ("sigma_smooth_region", "sigma_smooth_country")
KEPT = 0.995  # of the variance lies in the waves kept: six of 23, over 25 years


def has_trend(card: Card) -> bool:
    """Say whether the card's model has a trend: its priors name one."""
    return "trend" in card.priors


def is_smooth(card: Card) -> bool:
    """Say whether the trend bends: the card's priors name the size of what departs from
    the straight line.
    """
    return "sigma_smooth_region" in card.priors


def terms(card: Card, years: np.ndarray) -> np.ndarray:
    """Return what a country's course is a combination of, in years (…) of the calendar:
    (…, terms).

    The first term is the straight line t − reference; the others are waves: the
    eigenvectors of a second-order random walk over the card's years, scaled to a
    typical variance of 1 (`structure.walk`), less their value in the reference year. So
    a smooth f(t) − f(reference) is a weighted sum of waves with normal weights.
    """
    years = np.asarray(years)
    line = (years - card.year)[..., None].astype(float)
    if not is_smooth(card):
        return line
    calendar = years_of(card)
    waves = _waves(len(calendar))
    anchored = waves - waves[np.searchsorted(calendar, card.year)]
    of_years = anchored[np.searchsorted(calendar, years)]
    return np.concatenate([line, of_years], axis=-1)


def years_of(card: Card) -> np.ndarray:
    """Return the calendar: every year from the card's first to its last, with the
    reference year; (years,).
    """
    start, end = card.years or (card.year, card.year)
    return np.arange(min(start, card.year), max(end, card.year) + 1)


def term_names(card: Card) -> list[str]:
    """Return the labels of the terms of a course."""
    waves = len(terms(card, np.array(card.year))) - 1
    return ["line", *(f"wave {i + 1}" for i in range(waves))]


def courses(belief: Belief) -> TensorVariable | None:
    """Return each country's weights of the `terms` (countries, terms); None without a
    trend.

    line_c ~ N(trend + trend_region[r(c)], σ_trend_country), Σ trend_region = 0: a
    country's last survey is carried to the reference year by its own slope, pooled to
    its region's, so its interval widens with the years since. If smooth, wave_ck =
    σ_smooth_region z_rk + σ_smooth_country z_ck with standard normal z: a region's
    departure from the line is a random walk of second order, and its countries'
    departures from the region's another; both go on widening where there are no
    surveys.
    """
    card, world = belief.card, belief.world
    if not has_trend(card):
        return None
    region = region_of(card, world)
    mean = belief.variable("trend") * np.ones(len(world.places))
    if "region" in card.place:
        sigma = belief.variable("sigma_trend_region")
        mean = mean + belief.zero_sum("trend_region", sigma, "region")[region]
    sigma = belief.variable("sigma_trend_country")
    line = mean + belief.exchangeable("trend_country", mean, sigma, "country")
    if not is_smooth(card):
        return line[:, None]
    sigma = belief.variable("sigma_smooth_region")
    of_region = belief.scaled("smooth_region", sigma, "region", "wave")
    sigma = belief.variable("sigma_smooth_country")
    of_country = belief.scaled("smooth_country", sigma, "country", "wave")
    waves = of_region[region] + of_country
    return pt.as_tensor(pt.concatenate([line[:, None], waves], axis=1))


@cache
def _waves(size: int) -> np.ndarray:
    return walk(size, 2, share=KEPT)


def _lines(card: Card, _: str, say: Words) -> Iterator[Line]:
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


def _needs(card: Card) -> Iterator[Choice]:
    bends = set(SMOOTH) & set(card.priors)
    if bends or "trend" in card.priors or "sigma_trend_region" in card.priors:
        yield from (("trend",), ("sigma_trend_country",))
        if "region" in card.place:
            yield ("sigma_trend_region",)
    if bends:
        yield from ((key,) for key in SMOOTH)


def _check(card: Card) -> None:
    bends = set(SMOOTH) & set(card.priors)
    if bends and (card.years is None or "region" not in card.place):
        raise UncountedError(
            "a trend that bends needs `years`, the first and the last, and regions"
            " under place.",
            "years",
        )


def _levels(
    card: Card,
    world: World,
    seen: Seen,
) -> Iterator[Level]:
    """Yield the levels of trends of regions and of countries, straight and smooth."""
    if not has_trend(card):
        return
    when = terms(card, card.year + seen.survey_since)
    country = seen.survey_country
    places = {"region": region_of(card, world)[country], "country": country}
    for place, index in places.items():
        member = membership(index)
        name = f"trend_{place}"
        if f"sigma_{name}" in card.priors:
            yield name, card.priors[f"sigma_{name}"].scale, member * when[:, :1]
        if is_smooth(card):
            name = f"smooth_{place}"
            waves = [member * wave[:, None] for wave in when[:, 1:].T]
            scale = card.priors[f"sigma_{name}"].scale
            yield name, scale, sparse.csr_array(sparse.hstack(waves))


def _about(information: Information, _: Sizes) -> Sizes:
    if not has_trend(information.card):
        return {}
    of_country = _about_slopes(information)
    passed_on = passed(of_country, information.mode["trend_country"])
    region = region_of(information.card, information.world)
    of_region = np.bincount(region, passed_on)
    return {"trend_country": of_country, "trend_region": of_region}


def _about_slopes(information: Information) -> np.ndarray:
    """Return the information about each country's slope, its level unknown: Σ I_j (t_j
    − t̄)²; nothing from surveys of one year.
    """
    seen, survey = information.seen, information.by_surveys
    since = seen.survey_since
    sums = []
    for values in (survey, survey * since, survey * since**2):
        countries = len(information.world.places)
        sums.append(np.bincount(seen.survey_country, values, countries))
    country, moment, square = sums
    total = np.maximum(country, 1e-12)
    return np.maximum(square - moment**2 / total, 0.0)


TERM = Term(
    _lines, needs=_needs, check=_check, levels=_levels, about=_about, on_logits=True
)
