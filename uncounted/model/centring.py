"""Centring: how far each level of the model is centred on its mean, from the evidence's
information about it.

With ξ ~ N(λm, σ^λ) and θ = m + σ^(1−λ)·(ξ − λm), θ ~ N(m, σ) for every λ
[Papaspiliopoulos et al. 2007; Gorinova et al. 2020]: λ = 1 is centred, which samples
well where data are many, λ = 0 is not, which samples well where they are few. λ =
Iτ²/(1 + Iτ²), the share of the level's variance that the data resolve: I is the Fisher
information about it, τ the least size that it is likely to have, by its prior and
number of members, and no more than the rows show of it, of persons' factors by
`factor_evidence`, of all other levels by `components`: where τ is larger than σ may be,
σ's draws end in a funnel. The weights are pm.Data, so that a refit with rows held out
sets them anew without compiling.
"""

import numpy as np

from uncounted.model.card import Card
from uncounted.model.components import components
from uncounted.model.factor_evidence import factor_evidence
from uncounted.model.information import Information, Sizes, passed
from uncounted.model.seen import Seen
from uncounted.model.survey_error import mean_share
from uncounted.model.terms import BY_EVIDENCE
from uncounted.model.vocabulary import of_countries
from uncounted.world.world import World

FEW = 40
# always exchangeable, a λ for each member
LEVELS = ("survey", "series", "country", "subregion", "trend_country", "beta")
Scales = dict[str, float | np.ndarray]  # by prior, of each member or of all


def centring(
    card: Card,
    world: World,
    seen: Seen,
    weight: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Return λ of every level of the card's model, by name; `belief.flat` makes it the
    pm.Data `centring`.

    weight (rows,): 0 for a row held out.
    """
    row_weight = 1.0 if weight is None else weight
    scale: Scales = {key: prior.scale for key, prior in card.priors.items()}
    rows = _row_information(card, seen, scale, row_weight)
    levels = components(card, world, seen, weight)
    mode = {name: level.mode for name, level in levels.items()}
    lower = {name: level.low for name, level in levels.items()}
    if card.neighbours:  # what is left to the countries themselves
        a, b = card.priors["rho"].numbers
        share = np.sqrt(b / (a + b))
        mode["country"] = mode["country"] * share
        lower["country"] = lower["country"] * share
    if "series" in mode:
        scale |= _scales_in_series(card, seen)
    information = Information(card, world, seen, rows, mode)
    about: Sizes = {}
    for term in BY_EVIDENCE:
        about |= term.about(information, about)
    likely = _likely_sizes(seen, scale, about, lower)
    if "survey" in likely:
        about, likely = _sum_lone_surveys(seen, about, likely)
    exchangeable = (*LEVELS, *card.exchangeable)
    lam = {
        name: _lambda(about[name], tau, name in exchangeable)
        for name, tau in likely.items()
    }
    evidence = factor_evidence(card, world, seen, rows, row_weight)
    for factor, (information, shown, members) in evidence.items():
        name = factor.replace(":", "_")
        tau = np.minimum(_few(scale[f"sigma_{name}"], members), shown)
        by_member = of_countries(factor) or factor in card.exchangeable
        lam[name] = _lambda(information, tau, by_member)
    return lam


def _row_information(
    card: Card,
    seen: Seen,
    scale: Scales,
    weight: np.ndarray | float,
) -> np.ndarray:
    """Return the information of each row (rows,), weighted, its design effect and its
    own error taken into account.
    """
    deff = 1 + scale.get("deff_excess", 0.0)
    rows = _information(card, seen) * weight / deff
    # half of the prior's scale: a larger error would take too much of the information
    # about patterns, whatever its posterior
    half = scale.get("sigma_row", 0.0) / 2
    part = np.sqrt(seen.row_ages.sum(axis=1))
    return passed(rows, half * part)


def _likely_sizes(seen: Seen, scale: Scales, about: Sizes, lower: Sizes) -> Sizes:
    """Return τ of every level that has information: what rows show of it, and no more
    than its prior and number of members let it be.
    """
    members = _members(seen)
    likely: Sizes = {}
    for name, low in lower.items():
        if name in about:
            count = members.get(name, about[name].size)
            tau = _few(scale[f"sigma_{name}"], count)
            likely[name] = np.minimum(low, tau)
    return likely


def _sum_lone_surveys(seen: Seen, about: Sizes, likely: Sizes) -> tuple[Sizes, Sizes]:
    """Return information and size where countries with one survey have those of what is
    sampled of them, departure and error in one; the rest of the error is not centred.
    """
    lone = np.flatnonzero(seen.lone)
    country = seen.survey_country[lone]
    survey = about["survey"]
    of_country = about["country"].copy()
    error = np.broadcast_to(likely["survey"], survey.shape)[lone]
    departure = np.broadcast_to(likely["country"], of_country.shape).copy()
    departure[country] = np.hypot(departure[country], error)
    of_country[country] = survey[lone]
    of_survey = np.where(seen.lone, 0.0, survey)
    return (
        about | {"country": of_country, "survey": of_survey},
        likely | {"country": departure},
    )


def _members(seen: Seen) -> dict[str, np.ndarray]:
    """Return how many surveys (surveys,), and series (series,), share the standard
    deviation of each.
    """
    group = seen.series.groups(seen.source)
    counts = {"survey": np.bincount(group)[group]}
    if seen.series.member.any():
        counts["series"] = np.bincount(seen.series.source)[seen.series.source]
    return counts


def _scales_in_series(card: Card, seen: Seen) -> Scales:
    """Return the scales of σ_survey of each survey (surveys,), a part of it in a
    series, and of what series share.
    """
    scale = card.priors["sigma_survey"].scale
    common = mean_share(card)
    part = np.where(seen.series.member, np.sqrt(1 - common), 1.0)
    return {"sigma_survey": scale * part, "sigma_series": scale * np.sqrt(common)}


def _lambda(
    information: np.ndarray,
    tau: float | np.ndarray,
    by_member: bool,
) -> np.ndarray:
    """Return λ of each member of a level, or one for a block that sums to zero."""
    about = information if by_member else np.asarray(information.mean())
    ratio = about * tau**2
    return ratio / (1 + ratio)


def _few(scale: float | np.ndarray, members: int | np.ndarray) -> float | np.ndarray:
    """Return τ of a level by its prior: scale·k/(k + FEW), k being how many members
    share its σ.

    Few members cannot keep their σ away from zero, where a centred level is a funnel:
    with τ = scale five regions gave stunting 2 to 18 divergences, and exchangeable ages
    gave the pooling reference 437; so none.
    """
    return scale * members / (members + FEW)


def _information(card: Card, seen: Seen) -> np.ndarray:
    """Return the Fisher information of each row about a logit: n·p(1−p), p shrunk to
    the evidence's mean by two respondents.

    About p itself, under the identity link: n/p(1−p).
    """
    # a count drawn of a part of a person may be above n
    y = np.minimum(seen.y, seen.n)
    cases = 2 * y.sum() / seen.n.sum()
    p = (y + cases) / (seen.n + 2)
    if card.link == "identity":
        return seen.n / (p * (1 - p))
    variance = seen.n * p * (1 - p)
    # Sheppard's, of a count that is printed rounded
    rounding = (2 * seen.n * seen.rounding) ** 2 / 12
    exact = np.ones(len(p))
    share = np.divide(variance, variance + rounding, exact, where=rounding > 0)
    return variance * share
