"""Prospect: the probability of meeting a target, if the change between two editions
goes on.
"""

from dataclasses import dataclass

import numpy as np

from uncounted.errors import UncountedError, did_you_mean
from uncounted.glance import glance
from uncounted.infer.fit import TOTAL, Fit
from uncounted.leaves.estimate import Estimate
from uncounted.leaves.rates import rates


@dataclass(frozen=True)
class Prospect:
    """The probability of a target, and what remains in every draw (draws,): the rate in
    `by` over the one before.
    """

    group: str
    name: str
    fall: float
    by: int
    probability: float
    remaining: np.ndarray
    mcse: float

    def __repr__(self) -> str:
        low, middle, high = np.quantile(self.remaining, [0.025, 0.5, 0.975])
        return glance(
            f"{self.group}, {self.name}: the rate falls by"
            f" {self.fall:.0%} by {self.by} with probability {self.probability:.2f}"
            f" (Monte Carlo error {self.mcse:.2f}); {middle:.0%} of it remains (95 %"
            f" interval {low:.0%}–{high:.0%})"
        )


def prospect(
    before: Fit | Estimate,
    after: Fit | Estimate,
    *,
    fall: float,
    by: int,
    seed: int,
    group: str = "World",
    grouping: str = "world",
    name: str = TOTAL,
) -> Prospect:
    """Return the probability that a rate falls by a share from the first edition's year
    to `by`.

        g = log(p₁/p₀)/(t₁ − t₀),    p(by) = p₁·exp(g·(by − t₁)),
        P( p(by) ≤ (1 − fall)·p₀ )

    p₀ and p₁ are the editions' rates in their reference years, drawn apart: they share
    no data unless they are one fit. The same yearly change goes on: nothing is said of
    what would bend it, so the probability is of that course alone. Raises
    UncountedError for editions of one year or of unlike cards: a change of method would
    read as a change of the world, so fit both under one model.
    """
    _check(before, after, fall, by)
    p0 = rates(before, grouping, name)
    p1 = rates(after, grouping, name)
    if group not in p0.columns:
        raise UncountedError(
            f"There is no group '{group}' in"
            f" '{grouping}'.{did_you_mean(group, p0.columns)}"
        )
    size = min(len(p0), len(p1))
    rng = np.random.default_rng(seed)
    log_p0 = np.log(rng.permutation(p0[group].to_numpy())[:size])
    log_p1 = np.log(rng.permutation(p1[group].to_numpy())[:size])
    t0, t1 = before.card.year, after.card.year
    remaining = np.exp((log_p1 - log_p0) * (by - t0) / (t1 - t0))
    probability = float((remaining <= 1 - fall).mean())
    mcse = float(np.sqrt(probability * (1 - probability) / size))
    return Prospect(group, name, fall, by, probability, remaining, mcse)


def _check(
    before: Fit | Estimate,
    after: Fit | Estimate,
    fall: float,
    by: int,
) -> None:
    if not 0 < fall < 1:
        raise UncountedError(
            f"fall={fall} should be a share between 0 and 1: 0.5 is half."
        )
    t0, t1 = before.card.year, after.card.year
    if not t0 < t1 <= by:
        raise UncountedError(
            f"The editions speak of {t0} and {t1}, the target of {by}: each"
            " should be later."
        )
    if type(before) is not type(after) or said(before) != said(after):
        raise UncountedError(
            "The editions were made under different cards, so that a change of method"
            " would read as a change of the world. Fit both under one model: the same"
            " card but for year, years, evidence and sampling."
        )


def said(edition: Fit | Estimate) -> object:
    """Return the assumptions of an edition's cards: all but years, evidence, name and
    sampling.
    """
    if isinstance(edition, Fit):
        card = edition.card
        return (
            card.people,
            card.ages,
            card.place,
            card.interactions,
            card.covariates,
            dict(card.priors),
            card.likelihood,
        )
    models = {name: said(fit) for name, fit in edition.parts.fits.items()}
    return edition.card.leaf, edition.card.sum, edition.card.lkj, models
