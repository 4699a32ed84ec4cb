"""Dims: the labels of a model's dims."""

from uncounted.model.card import Card
from uncounted.model.people import SEXES
from uncounted.model.place import rungs
from uncounted.model.seen import Seen
from uncounted.model.trend import has_trend, is_smooth, term_names
from uncounted.world.world import World, levels


def coords(card: Card, world: World, seen: Seen) -> dict[str, list]:
    """Return the labels of the model's dims."""
    labels = {rung.name: list(rung.labels) for rung in rungs(card, world)}
    labels["country"] = list(world.places.index)
    if has_trend(card):
        labels["term"] = term_names(card)
        if is_smooth(card):
            labels["wave"] = labels["term"][1:]
    labels["sex"] = list(SEXES)
    labels["age"] = [band.label for band in card.bands]
    labels["covariate"] = list(card.covariates)
    if card.spread:
        labels["spread_covariate"] = list(card.spread)
    for trait in card.traits:
        labels[trait] = levels(world, trait)
    if card.forms:
        labels["form"] = list(card.forms)
    labels["survey"] = list(seen.surveys)
    labels["source"] = list(seen.sources)
    labels["row"] = list(range(len(seen.y)))
    return labels
