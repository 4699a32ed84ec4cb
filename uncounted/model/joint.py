"""Joint: several outcomes in one pm.Model, their countries' effects correlated; a part of it for each outcome."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pymc as pm
import pytensor.tensor as pt

from uncounted.errors import UncountedError
from uncounted.model.build import Study, coords, say
from uncounted.model.card import Card
from uncounted.model.correlation import Correlated, cholesky
from uncounted.model.seen import look
from uncounted.survey.evidence import Evidence
from uncounted.world.world import World


@dataclass(frozen=True)
class Joint:
    """What a joint model was built from: each outcome's Study, and LKJ's η; `build_jointly` leaves it on the model."""

    studies: Mapping[str, Study]
    lkj: float


class Part(pm.Model):
    """The model of one outcome inside a joint one: its dims bear its name ("forced_labour::row"), as its variables do.

    Inside it, pieces of the model use both without: PyMC's own nested models share dims, and each outcome has its rows.
    """

    @property
    def coords(self) -> dict[str, tuple | None]:
        """The labels of dims, its own under their names without the outcome's."""
        return {self.name_of(dim): labels for dim, labels in super().coords.items()}

    @property
    def dim_lengths(self) -> dict[str, Any]:
        """The lengths of dims, by the same names."""
        return {self.name_of(dim): length for dim, length in super().dim_lengths.items()}

    def add_coord(self, name: str, *labels: Any, **length: Any) -> None:
        """Register a dim under its name with the outcome's."""
        super().add_coord(self.name_for(name), *labels, **length)

    def add_named_variable(self, var: Any, dims: tuple[str | None, ...] | None = None) -> None:
        """Register a variable, and its dims by the names they have outside."""
        super().add_named_variable(var, dims)
        if dims is not None:
            own = (dims,) if isinstance(dims, str) else dims
            self.named_vars_to_dims[var.name] = tuple(dim and self.name_for(dim) for dim in own)


def build_jointly(cards: Sequence[Card], world: World, evidences: Sequence[Evidence], *, lkj: float) -> pm.Model:
    """Return one model of several outcomes, each as `build` says it, with correlated effects of countries.

        θ_k[c] − m_k[c] = σ_k Σ_{j≤k} L_kj ε_j[c],    Ω = LLᵀ ~ LKJ(η),  η = lkj

    θ − m is what `country[c]` departs from its mean by, in each outcome's own equation; where the card has neighbours,
    the part that doesn't follow them. lkj = 1 holds all correlation matrices equally likely, more draws them to zero.
    Variables and dims bear their outcome's name ("forced_labour::level"), so ages, years of evidence and covariates may
    differ between cards. Raises UncountedError for fewer than two cards, outcomes named alike or not as their evidence,
    other reference years, or an lkj not above 0.
    """
    _check(cards, evidences, lkj)
    names = [card.outcome for card in cards]
    studies: dict[str, Study] = {}
    with pm.Model(coords={"outcome": names, "other_outcome": names}) as model:
        scores = ()
        for row, card, evidence in zip(cholesky(len(cards), lkj), cards, evidences, strict=True):
            seen = look(card, world, evidence)
            with Part(card.outcome, coords=coords(card, world, seen)) as part:
                say(card, world, seen, Correlated(row, scores))
            scores = (*scores, pt.as_tensor(part["country_score"]))
            studies[card.outcome] = Study(card, world, seen.evidence, seen)
    model.joint = Joint(studies, lkj)  # pyright: ignore[reportAttributeAccessIssue] PyMC's Model takes any attribute
    return model


def _check(cards: Sequence[Card], evidences: Sequence[Evidence], lkj: float) -> None:
    names = [card.outcome for card in cards]
    if len(cards) < 2 or len(evidences) != len(cards):
        raise UncountedError(
            f"A joint model needs two cards or more and the evidence of each; here are {len(cards)} and "
            f"{len(evidences)}. One outcome alone is build(card, world, evidence)."
        )
    for card, evidence in zip(cards, evidences, strict=True):
        if not card.outcome or names.count(card.outcome) > 1:
            raise UncountedError(
                f"The outcomes of the cards are {names}: in a joint model each needs a name of its own, which its "
                "variables bear. Write another `outcome` on one card."
            )
        if card.outcome != evidence.outcome:
            raise UncountedError(
                f"The card '{card.name}' speaks of '{card.outcome}', the evidence in its place of "
                f"'{evidence.outcome}'. Give the evidence in the order of the cards."
            )
        if card.year != cards[0].year:
            raise UncountedError(
                f"The reference years differ: {cards[0].year} on the card of '{names[0]}', {card.year} on that of "
                f"'{card.outcome}', and sums over outcomes would mix them. Write one `year` on all cards."
            )
    if not lkj > 0:
        raise UncountedError(f"lkj = {lkj!r} should be a number above 0: 1 holds all correlations equally likely.")
