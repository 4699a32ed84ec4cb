"""Components: how large every level's σ shows itself to be, in a normal model of
surveys' logits, before sampling.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from uncounted.model.card import Card
from uncounted.model.covariate_effects import indicators, known
from uncounted.model.holes import expected
from uncounted.model.place import region_of, rungs
from uncounted.model.seen import Seen
from uncounted.model.trend import has_trend, is_smooth, terms
from uncounted.world.world import World

STEPS, SETTLED, LEAP = (
    40,
    0.01,
    1.0,
)  # of scoring: at most so many, until log σ moves less, by no more at once
SLOPES = (
    "sigma_beta",
    "beta",
    "slab_beta",
    "sigma_country",
)  # the first on the card tells how large slopes may be


@dataclass(frozen=True)
class Component:
    """A σ: the mode of log σ, on the scale of σ, and one sd of log σ below; of surveys,
    each by its kind (surveys,).
    """

    mode: np.ndarray
    low: np.ndarray


def components(
    card: Card, world: World, seen: Seen, weight: np.ndarray | None = None
) -> dict[str, Component]:
    """Return the component of every level above persons that has a σ on the card,
    "country" for sigma_country.

    z ~ N(level + trend·t, V), V = diag(v) + Σ σ_k² Z_k Z_kᵀ, with z the empirical logit
    of a survey and v its variance [Cox & Snell 1989, §2.1], Z_k the members of level k
    that a survey shows, and level and trend normal as on the card. With the scale s of
    its prior, log σ_k has the density of a half-normal σ_k; its mode θ is found by
    Fisher scoring [Searle et al. 1992, §6.6]. There, minus the second derivatives are
    2σ_k²σ_l² ‖Z_kᵀV⁻¹Z_l‖² + 2·1[k = l] in expectation, so that no sd exceeds 0.7, and
    a level that shows nothing gets a σ such as its members could hide. Persons'
    composition is not accounted for. weight (rows,): 0 for a row held out.
    """
    z, noise, told = _logits(card, seen, weight)
    fixed = np.diag(noise)
    for key, what in {
        "level": np.ones(len(z)),
        "trend": seen.survey_since[told],
    }.items():
        if key in card.priors:
            mean, sd = card.priors[key].numbers
            z, fixed = z - mean * what, fixed + sd**2 * np.outer(what, what)
    levels = list(_levels(card, world, seen))
    theta, sd = _mode(
        z,
        fixed,
        [design[told] for _, _, design in levels],
        np.array([scale for _, scale, _ in levels]),
    )
    found: dict[str, Component] = {}
    for name in dict.fromkeys(
        name for name, _, _ in levels if f"sigma_{name}" in card.priors
    ):
        own = np.array([i for i, (one, _, _) in enumerate(levels) if one == name])
        own = own[seen.series.groups(seen.source)] if name == "survey" else own[0]
        found[name] = Component(np.exp(theta[own]), np.exp(theta - sd)[own])
    if "survey" in found and seen.series.member.any():
        own = np.array([i for i, (name, _, _) in enumerate(levels) if name == "series"])
        _, kind = np.unique(seen.series.source, return_inverse=True)
        found["series"] = Component(
            np.exp(theta[own][kind]), np.exp(theta - sd)[own][kind]
        )
    return found


def _mode(
    z: np.ndarray, fixed: np.ndarray, designs: list[sparse.csr_array], scale: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mode of log σ and its sd (levels,), of z ~ N(0, fixed + Σ σ_k² Z_k
    Z_kᵀ).
    """
    size = [design.shape[1] for design in designs]  # pyright: ignore[reportOptionalSubscript] SciPy's stubs lack it
    starts, level = np.cumsum([0, *size[:-1]]), np.repeat(np.arange(len(size)), size)
    whole = sparse.csr_array(sparse.hstack(designs))
    theta, step, curvature = (
        np.log(scale / 2),
        np.full(len(size), np.inf),
        np.eye(len(size)),
    )
    for _ in range(STEPS):
        if np.abs(step).max() < SETTLED:
            break
        variance = np.exp(2 * theta)
        precision = np.linalg.inv(
            fixed + ((whole * variance[level]) @ whole.T).toarray()
        )
        crossed = whole.T @ (whole.T @ precision).T
        score = (whole.T @ (precision @ z)) ** 2 - crossed.diagonal()
        gradient = variance * np.add.reduceat(score, starts) + 1 - variance / scale**2
        squares = np.add.reduceat(
            np.add.reduceat(crossed**2, starts, axis=0), starts, axis=1
        )
        curvature = 2 * np.outer(variance, variance) * squares + 2 * np.eye(len(size))
        step = np.clip(np.linalg.solve(curvature, gradient), -LEAP, LEAP)
        theta = theta + step
    return theta, np.sqrt(np.linalg.inv(curvature).diagonal())


def _logits(
    card: Card, seen: Seen, weight: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the empirical logit and its variance of each survey that tells something,
    and which do (surveys,).

    Prevalence and its variance under the identity link.
    """
    size = len(seen.surveys)
    rows = np.ones(len(seen.y)) if weight is None else weight
    y, n = (np.bincount(seen.survey, each * rows, size) for each in (seen.y, seen.n))
    told = n > 0
    y, no = (
        y[told] + 0.5,
        np.maximum(n - y, 0.0)[told] + 0.5,
    )  # y drawn of a part of a person may be above n
    excess = card.priors["deff_excess"].scale if "deff_excess" in card.priors else 0.0
    if card.link == "identity":
        p = y / (y + no)
        return p, (1 + excess) * p * (1 - p) / n[told], told
    return np.log(y / no), (1 + excess) * (1 / y + 1 / no), told


def _levels(
    card: Card, world: World, seen: Seen
) -> Iterator[tuple[str, float, sparse.csr_array]]:
    """Yield the name, the scale of σ and Z (surveys, members) of each level.

    Countries that lack a covariate depart from what their slopes say by a component of
    their own, "hole": taken for the sd of countries, it made that a tenfold of what
    sampling finds where σ_country was 0.02 and slopes 0.6.
    """
    scale = {
        key.removeprefix("sigma_"): prior.scale for key, prior in card.priors.items()
    }
    country = seen.survey_country
    if "survey" in scale:
        yield from _survey_levels(card, seen)
    index = country
    for rung in reversed(rungs(card, world)):
        yield rung.name, scale[rung.name], _members(index)
        index = rung.parent[index]
    if card.covariates:
        x = indicators(card, world)
        wide = next(card.priors[key].scale for key in SLOPES if key in card.priors)
        filled = known(card, world) if card.index else expected(x)
        yield "beta", wide, sparse.csr_array(filled.to_numpy()[country])
        hole = x.isna().any(axis=1).to_numpy()[country]
        if hole.any() and not card.index:
            yield "hole", wide, _members(country) * hole[:, None]
    if has_trend(card):
        when = terms(card, card.year + seen.survey_since)
        for place, index in {
            "region": region_of(card, world)[country],
            "country": country,
        }.items():
            each = _members(index)
            if f"trend_{place}" in scale:
                yield f"trend_{place}", scale[f"trend_{place}"], each * when[:, :1]
            if is_smooth(card):
                waves = [each * wave[:, None] for wave in when[:, 1:].T]
                yield (
                    f"smooth_{place}",
                    scale[f"smooth_{place}"],
                    sparse.csr_array(sparse.hstack(waves)),
                )


def _survey_levels(
    card: Card, seen: Seen
) -> Iterator[tuple[str, float, sparse.csr_array]]:
    """Yield the levels of surveys' own errors, one for each group of surveys, and of
    series, one for each kind.

    What surveys of a series have of their own is a component beside that of lone
    surveys, and so is what they share: the model ties the three by one σ and ρ, whose
    prior mean tells the scales here.
    """
    scale, series = card.priors["sigma_survey"].scale, seen.series
    group, each = series.groups(seen.source), np.eye(len(seen.source))
    common = mean_share(card) if series.member.any() else 0.0
    for label in range(group.max() + 1):
        mine = group == label
        part = np.sqrt(1 - common) if series.member[mine].all() else 1.0
        yield "survey", scale * part, sparse.csr_array(each[:, mine])
    for kind in np.unique(series.source):
        mine = np.flatnonzero(series.source == kind)
        shared = (series.survey[:, None] == mine).astype(float)
        yield "series", scale * np.sqrt(common), sparse.csr_array(shared)


def mean_share(card: Card) -> float:
    """Return the prior mean of series_share, of the family beta; raises UncountedError
    if the card lacks it.
    """
    a, b = card.priors["series_share"].numbers
    return a / (a + b)


def _members(index: np.ndarray) -> sparse.csr_array:
    """Return 1 where a survey (surveys,) is of a member, else 0 (surveys, members
    shown).
    """
    shown, at = np.unique(index, return_inverse=True)
    return sparse.csr_array(
        (np.ones(len(at)), (np.arange(len(at)), at)), shape=(len(at), len(shown))
    )
