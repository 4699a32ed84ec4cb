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
        labels |= {"wave": labels["term"][1:]} if is_smooth(card) else {}
    labels |= {
        "sex": list(SEXES),
        "age": [band.label for band in card.bands],
        "covariate": list(card.covariates),
    }
    labels |= {"spread_covariate": list(card.spread)} if card.spread else {}
    labels |= {trait: levels(world, trait) for trait in card.traits}
    labels |= {"form": list(card.forms)} if card.forms else {}
    return labels | {
        "survey": list(seen.surveys),
        "source": list(seen.sources),
        "row": list(range(len(seen.y))),
    }
