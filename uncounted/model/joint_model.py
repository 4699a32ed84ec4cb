"""Joint model: several outcomes in one pm.Model, a part of it for each, with correlated
effects of countries.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from uncounted.errors import UncountedError
from uncounted.model.build import Study, say
from uncounted.model.card import Card
from uncounted.model.correlation import Correlated, cholesky
from uncounted.model.dims import coords
from uncounted.model.part import Part
from uncounted.model.seen import look
from uncounted.observations.evidence import Evidence
from uncounted.world.universe import within
from uncounted.world.world import World


@dataclass(frozen=True)
class Joint:
    """What a joint model was built from: each outcome's Study, and LKJ's η;
    `build_jointly` leaves it on the model.
    """

    studies: Mapping[str, Study]
    lkj: float


def build_jointly(
    cards: Sequence[Card],
    world: World,
    evidences: Sequence[Evidence],
    *,
    lkj: float,
) -> pm.Model:
    """Return one model of several outcomes, each with the terms of `build`, with
    correlated effects of countries.

        θ_k[c] − m_k[c] = σ_k Σ_{j≤k} L_kj ε_j[c],    Ω = LLᵀ ~ LKJ(η),  η = lkj

    θ − m is what `country[c]` departs from its mean by, in each outcome's own equation;
    where the card has neighbours, the part that doesn't follow them. lkj = 1 holds all
    correlation matrices equally likely, more draws them to zero. Variables and dims
    bear their outcome's name ("forced_labour::level"), so ages, years of evidence and
    covariates may differ between cards. Raises UncountedError for fewer than two cards,
    outcomes named alike or not as their evidence, other reference years, or an lkj not
    above 0.
    """
    _check(cards, evidences, lkj)
    names = [card.outcome for card in cards]
    world = within(world, cards[0].universe)
    studies: dict[str, Study] = {}
    with pm.Model(coords={"outcome": names, "other_outcome": names}) as model:
        scores = ()
        rows = cholesky(len(cards), lkj)
        for row, card, evidence in zip(rows, cards, evidences, strict=True):
            seen = look(card, world, evidence)
            # what outcomes share are departures by themselves
            seen = replace(seen, lone=np.zeros_like(seen.lone))
            with Part(card.outcome, coords=coords(card, world, seen)) as part:
                say(card, world, seen, Correlated(row, scores))
            scores = (*scores, pt.as_tensor(part["country_score"]))
            studies[card.outcome] = Study(card, world, seen.evidence, seen)
    model.joint = Joint(studies, lkj)  # pyright: ignore[reportAttributeAccessIssue] PyMC's Model takes any attribute
    return model


def _check(
    cards: Sequence[Card],
    evidences: Sequence[Evidence],
    lkj: float,
) -> None:
    names = [card.outcome for card in cards]
    if len(cards) < 2 or len(evidences) != len(cards):
        raise UncountedError(
            "A joint model needs two cards or more and the evidence of each; here are"
            f" {len(cards)} and {len(evidences)}. One outcome alone is build(card,"
            " world, evidence)."
        )
    for card, evidence in zip(cards, evidences, strict=True):
        if not card.outcome or names.count(card.outcome) > 1:
            raise UncountedError(
                f"The outcomes of the cards are {names}: in a joint model each needs a"
                " name of its own, which its variables bear. Write another `outcome`"
                " on one card."
            )
        if card.outcome != evidence.outcome:
            raise UncountedError(
                f"The card '{card.name}' speaks of '{card.outcome}', the evidence in"
                f" its place of '{evidence.outcome}'. Give the evidence in the order of"
                " the cards."
            )
        if (card.who, card.where) != (cards[0].who, cards[0].where):
            raise UncountedError(
                f"The cards of '{names[0]}' and '{card.outcome}' are about other"
                " people. Write one `who` and one `where` on all cards."
            )
        if card.year != cards[0].year:
            raise UncountedError(
                f"The reference years differ: {cards[0].year} on the card of"
                f" '{names[0]}', {card.year} on that of '{card.outcome}', and sums over"
                " outcomes would mix them. Write one `year` on all cards."
            )
    if not lkj > 0:
        raise UncountedError(
            f"lkj = {lkj!r} should be a number above 0: 1 holds all correlations"
            " equally likely."
        )
