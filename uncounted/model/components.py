"""Components: the size of every level's σ in a normal model of surveys' logits, before
sampling.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from uncounted.model.card import Card
from uncounted.model.information import Level
from uncounted.model.seen import Seen
from uncounted.model.terms import BY_EVIDENCE
from uncounted.world.world import World

STEPS = 40  # of scoring, at most
SETTLED = 0.01  # log σ moves less
LEAP = 1.0  # log σ moves no more at once


@dataclass(frozen=True)
class Component:
    """A σ: the mode of log σ, on the scale of σ, and one sd of log σ below; of surveys,
    each by its kind (surveys,).
    """

    mode: np.ndarray
    low: np.ndarray


def components(
    card: Card,
    world: World,
    seen: Seen,
    weight: np.ndarray | None = None,
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
    z, noise, shown = _logits(card, seen, weight)
    fixed = np.diag(noise)
    of_priors = {"level": np.ones(len(z)), "trend": seen.survey_since[shown]}
    for key, covariate in of_priors.items():
        if key in card.priors:
            mean, sd = card.priors[key].numbers
            z = z - mean * covariate
            fixed = fixed + sd**2 * np.outer(covariate, covariate)
    levels: list[Level] = []
    for term in BY_EVIDENCE:
        levels += term.levels(card, world, seen)
    names = [name for name, _, _ in levels]
    designs = [design[shown] for _, _, design in levels]
    scale = np.array([scale for _, scale, _ in levels])
    theta, sd = _mode(z, fixed, designs, scale)
    low = np.exp(theta - sd)
    sizes: dict[str, Component] = {}
    for name in dict.fromkeys(names):
        if f"sigma_{name}" in card.priors:
            index = _positions(names, name)
            group = seen.series.groups(seen.source) if name == "survey" else 0
            index = index[group]
            sizes[name] = Component(np.exp(theta[index]), low[index])
    if "survey" in sizes and seen.series.member.any():
        _, kind = np.unique(seen.series.source, return_inverse=True)
        index = _positions(names, "series")[kind]
        sizes["series"] = Component(np.exp(theta[index]), low[index])
    return sizes


def _positions(names: list[str], name: str) -> np.ndarray:
    """Return at which positions of the names a name stands."""
    return np.flatnonzero(np.array(names) == name)


def _mode(
    z: np.ndarray,
    fixed: np.ndarray,
    designs: list[sparse.csr_array],
    scale: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mode of log σ and its sd (levels,), of z ~ N(0, fixed + Σ σ_k² Z_k
    Z_kᵀ).
    """
    size = [design.shape[1] for design in designs]  # pyright: ignore[reportOptionalSubscript] SciPy's stubs lack it
    levels = len(size)
    starts = np.cumsum([0, *size[:-1]])
    level = np.repeat(np.arange(levels), size)
    joined = sparse.csr_array(sparse.hstack(designs))
    theta = np.log(scale / 2)
    step = np.full(levels, np.inf)
    curvature = np.eye(levels)
    for _ in range(STEPS):
        if np.abs(step).max() < SETTLED:
            break
        variance = np.exp(2 * theta)
        of_levels = ((joined * variance[level]) @ joined.T).toarray()
        precision = np.linalg.inv(fixed + of_levels)
        crossed = joined.T @ (joined.T @ precision).T
        slope = joined.T @ (precision @ z)
        score = slope**2 - crossed.diagonal()
        summed = np.add.reduceat(score, starts)
        gradient = variance * summed + 1 - variance / scale**2
        squares = np.add.reduceat(crossed**2, starts, axis=0)
        squares = np.add.reduceat(squares, starts, axis=1)
        curvature = 2 * np.outer(variance, variance) * squares + 2 * np.eye(levels)
        newton = np.linalg.solve(curvature, gradient)
        step = np.clip(newton, -LEAP, LEAP)
        theta = theta + step
    return theta, np.sqrt(np.linalg.inv(curvature).diagonal())


def _logits(
    card: Card,
    seen: Seen,
    weight: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the empirical logit and its variance of each survey with respondents, and
    which surveys these are (surveys,).

    Prevalence and its variance under the identity link.
    """
    surveys = len(seen.surveys)
    rows = np.ones(len(seen.y)) if weight is None else weight
    y = np.bincount(seen.survey, seen.y * rows, surveys)
    n = np.bincount(seen.survey, seen.n * rows, surveys)
    shown = n > 0
    # y drawn of a part of a person may be above n
    no = np.maximum(n - y, 0.0)[shown] + 0.5
    y = y[shown] + 0.5
    excess = card.priors["deff_excess"].scale if "deff_excess" in card.priors else 0.0
    if card.link == "identity":
        p = y / (y + no)
        variance = (1 + excess) * p * (1 - p) / n[shown]
        return p, variance, shown
    variance = (1 + excess) * (1 / y + 1 / no)
    return np.log(y / no), variance, shown
