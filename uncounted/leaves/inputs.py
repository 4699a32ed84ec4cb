"""Edition: all that one estimate is made from, as its card names it."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from inspect import signature
from pathlib import Path
from typing import Any

import pandas as pd

from uncounted.cases.records import Records, read_records
from uncounted.cases.spells import Spells, read_spells
from uncounted.errors import UncountedError, did_you_mean
from uncounted.evidence.evidence import Evidence
from uncounted.evidence.survey_folder import read_survey
from uncounted.leaves.estimate_card import EstimateCard, Figures, read_estimate_card
from uncounted.leaves.outside_figures import OutsideFigures, read_outside_figures
from uncounted.model.card import Card, read_card
from uncounted.model.survey_list import evidence_of
from uncounted.world.world import World, read_world

OF_RATIOS = ("both", "periods", "priors")
OF_DURATIONS = ("family", "priors")


@dataclass(frozen=True)
class Edition:
    """What an estimate is made from: cards, the world, evidence by model card, records,
    spells, figures by leaf.
    """

    card: EstimateCard
    cards: Mapping[str, Card]
    world: World
    evidence: Mapping[str, Evidence]
    records: Records | None = None
    spells: Spells | None = None
    figures: Mapping[str, OutsideFigures] = field(default_factory=dict)

    @property
    def digests(self) -> dict[str, str]:
        """The content hash of each source, by its name."""
        found = {"estimate card": self.card.digest, "world": self.world.digest}
        found |= {f"card {name}": card.digest for name, card in self.cards.items()}
        found |= {
            f"evidence of {name}": one.digest for name, one in self.evidence.items()
        }
        tables = {"records": self.records, "spells": self.spells}
        found |= {what: _digest(one.table) for what, one in tables.items() if one}
        return found | {
            f"figures of {name}": _digest(one.table)
            for name, one in self.figures.items()
        }

    @property
    def simulated(self) -> tuple[str, ...]:
        """The tables beside the surveys, named as in `digests`, that say of themselves
        that they were simulated.
        """
        tables = {"records": self.records, "spells": self.spells}
        tables |= {f"figures of {name}": one for name, one in self.figures.items()}
        return tuple(name for name, one in tables.items() if one and one.simulated)


def read_edition(
    card: EstimateCard | str | Path, world: World | None = None
) -> Edition:
    """Read all that an estimate card names: its model cards, their surveys, records,
    spells and outside figures.
    """
    card = card if isinstance(card, EstimateCard) else read_estimate_card(card)
    world = world or read_world()
    cards = {name: read_card(name) for name in card.models}
    once = cache(
        read_survey
    )  # cards share surveys, and each is read once for all of them
    return Edition(
        card,
        cards,
        world,
        {name: evidence_of(one, world, once) for name, one in cards.items()},
        records_of(card) if card.records else None,
        spells_of(card) if card.durations else None,
        {
            one.name: outside_figures(one.figures, one.name)
            for one in card.leaf
            if one.figures
        },
    )


def records_of(card: EstimateCard, table: pd.DataFrame | None = None) -> Records:
    """Read victim records as a card says, or a table in the place of its file."""
    words = _reading(card.records, OF_RATIOS, read_records, "records")
    if table is not None:
        words["source"] = table
    return read_records(**words)


def spells_of(card: EstimateCard, table: pd.DataFrame | None = None) -> Spells:
    """Read spells as a card says, or a table in the place of its file."""
    words = _reading(card.durations, OF_DURATIONS, read_spells, "durations")
    if table is not None:
        words["source"] = table
    return read_spells(**words)


def outside_figures(
    words: Figures, name: str, table: pd.DataFrame | None = None
) -> OutsideFigures:
    """Read the outside figures of a leaf as its card says, or a table in the place of
    its file.
    """
    told = asdict(words)
    file = told.pop("file")
    return read_outside_figures(file if table is None else table, name=name, **told)


def _reading(
    words: Mapping[str, Any], of_model: tuple[str, ...], reader: Callable, table: str
) -> dict[str, Any]:
    """Return the words of a table of the card that its reader is told, the rest being
    the model's.
    """
    known = list(signature(reader).parameters)
    for word in words:
        if word not in (*known, *of_model):
            near = did_you_mean(word, [*known, *of_model])
            raise UncountedError(
                f"[{table}] has '{word}', which is none of its words.{near}"
            )
    for word in of_model:
        if word not in words:
            raise UncountedError(
                f"[{table}] lacks `{word}`: what the model of it is told has no"
                " default."
            )
    return {word: value for word, value in words.items() if word not in of_model}


def _digest(table: pd.DataFrame) -> str:
    """Return the content hash of a table."""
    return hashlib.sha256(
        table.to_csv(index=False, float_format="%.12g").encode()
    ).hexdigest()
