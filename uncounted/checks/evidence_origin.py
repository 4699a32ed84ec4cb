"""Evidence origin: what evidence was made from, so that design effects can be smoothed
anew without the rows of a fold.
"""

import warnings
from collections.abc import Mapping
from dataclasses import replace

from uncounted.errors import UncountedError
from uncounted.infer.recipe import Recipe
from uncounted.model.card import Card
from uncounted.model.survey_list import evidence_of
from uncounted.observations.evidence import ELSEWHERE, Evidence
from uncounted.world.world import World


def with_origins(
    recipe: Recipe,
    supplied: Evidence | Mapping[str, Evidence] | None,
) -> Recipe:
    """Return the recipe with the origins of its evidence: its own, those of the
    evidence supplied, or read again.
    """
    if isinstance(supplied, Evidence):
        by_outcome: Mapping[str, Evidence] = {supplied.outcome: supplied}
    else:
        by_outcome = supplied or {}
    evidences = []
    for card, evidence in zip(recipe.cards, recipe.evidences, strict=True):
        if by_outcome or not evidence.origin:
            source = by_outcome.get(evidence.outcome)
            evidence = _with_origin(card, evidence, source, recipe.world)
        evidences.append(evidence)
    return replace(recipe, evidences=tuple(evidences))


def deff_note(recipe: Recipe) -> str:
    """Say whether design effects are smoothed without the rows of a fold."""
    if all(evidence.origin for evidence in recipe.evidences):
        return "smoothed without it"
    return "as they are"


def _with_origin(
    card: Card,
    evidence: Evidence,
    source: Evidence | None,
    world: World,
) -> Evidence:
    if source is not None:
        if not source.holds(evidence):
            raise UncountedError(
                f"The evidence given on '{evidence.outcome}' isn't what the fit was"
                " made from. Give what evidence_of makes of its card, or fit again."
            )
        return replace(evidence, origin=source.origin)
    if not card.evidence:
        rows = evidence.rows
        if (rows["deff"] != 1).any() or (rows["source"] == ELSEWHERE).any():
            message = (
                f"The card '{card.name}' names no surveys, and this fit doesn't know"
                " what its evidence was made from: design effects, and what families"
                " in a country that is out told of others, stay as they are. Give the"
                " evidence that was used: hold_out(..., evidence=...)."
            )
            warnings.warn(message, UserWarning, stacklevel=4)
        return evidence
    again = evidence_of(card, world)
    if again.holds(evidence):
        return replace(evidence, origin=again.origin)
    message = (
        f"The surveys that the card '{card.name}' names are no longer what the fit was"
        " made from, so design effects stay those of all surveys. Fit again, or give"
        " the evidence that was used."
    )
    warnings.warn(message, UserWarning, stacklevel=4)
    return evidence
