"""Inputs: all that one estimate is made from, as its card names it."""

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
from uncounted.glance import outline
from uncounted.leaves.estimate_card import EstimateCard, Figures, read_estimate_card
from uncounted.leaves.outside_figures import OutsideFigures, read_outside_figures
from uncounted.model.card import Card, read_card
from uncounted.model.survey_list import evidence_of
from uncounted.observations.evidence import Evidence
from uncounted.observations.survey_folder import read_survey
from uncounted.world.world import World, read_world

RATIO_WORDS = ("both", "periods", "priors")
DURATION_WORDS = ("family", "priors")


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

    __repr__ = outline

    @property
    def digests(self) -> dict[str, str]:
        """The content hash of each source, by its name."""
        digests = {"estimate card": self.card.digest, "world": self.world.digest}
        for name, card in self.cards.items():
            digests[f"card {name}"] = card.digest
        for name, evidence in self.evidence.items():
            digests[f"evidence of {name}"] = evidence.digest
        for name, source in self._tables.items():
            digests[name] = _digest(source.table)
        return digests

    @property
    def simulated(self) -> tuple[str, ...]:
        """The tables beside the surveys, named as in `digests`, that say of themselves
        that they were simulated.
        """
        return tuple(name for name, source in self._tables.items() if source.simulated)

    @property
    def _tables(self) -> dict[str, Records | Spells | OutsideFigures]:
        """The sources beside the surveys, by their name."""
        tables: dict[str, Records | Spells | OutsideFigures] = {}
        if self.records:
            tables["records"] = self.records
        if self.spells:
            tables["spells"] = self.spells
        for name, figures in self.figures.items():
            tables[f"figures of {name}"] = figures
        return tables


def read_edition(
    card: EstimateCard | str | Path,
    world: World | None = None,
) -> Edition:
    """Read all that an estimate card names: its model cards, their surveys, records,
    spells and outside figures.
    """
    if not isinstance(card, EstimateCard):
        card = read_estimate_card(card)
    world = world or read_world()
    # cards share surveys, and each survey is read once for all of them
    read_once = cache(read_survey)
    cards = {}
    evidence = {}
    for name in card.models:
        cards[name] = read_card(name)
        evidence[name] = evidence_of(cards[name], world, read_once)
    figures = {}
    for leaf in card.leaf:
        if leaf.figures:
            figures[leaf.name] = outside_figures(leaf.figures, leaf.name)
    return Edition(
        card,
        cards,
        world,
        evidence,
        records_of(card) if card.records else None,
        spells_of(card) if card.durations else None,
        figures,
    )


def records_of(
    card: EstimateCard,
    table: pd.DataFrame | None = None,
) -> Records:
    """Read victim records as a card says, or a table in the place of its file."""
    words = _reader_words(card.records, RATIO_WORDS, read_records, "records")
    if table is not None:
        words["source"] = table
    return read_records(**words)


def spells_of(
    card: EstimateCard,
    table: pd.DataFrame | None = None,
) -> Spells:
    """Read spells as a card says, or a table in the place of its file."""
    words = _reader_words(card.durations, DURATION_WORDS, read_spells, "durations")
    if table is not None:
        words["source"] = table
    return read_spells(**words)


def outside_figures(
    words: Figures,
    name: str,
    table: pd.DataFrame | None = None,
) -> OutsideFigures:
    """Read the outside figures of a leaf as its card says, or a table in the place of
    its file.
    """
    arguments = asdict(words)
    file = arguments.pop("file")
    source = file if table is None else table
    return read_outside_figures(source, name=name, **arguments)


def _reader_words(
    words: Mapping[str, Any],
    model_words: tuple[str, ...],
    reader: Callable,
    table: str,
) -> dict[str, Any]:
    """Return the words of a table of the card that are arguments of its reader; the
    others are the model's.
    """
    vocabulary = [*signature(reader).parameters, *model_words]
    for word in words:
        if word not in vocabulary:
            hint = did_you_mean(word, vocabulary)
            raise UncountedError(
                f"[{table}] has '{word}', which is none of its words.{hint}"
            )
    for word in model_words:
        if word not in words:
            raise UncountedError(
                f"[{table}] lacks `{word}`: what the model of it is told has no"
                " default."
            )
    return {word: value for word, value in words.items() if word not in model_words}


def _digest(table: pd.DataFrame) -> str:
    """Return the content hash of a table."""
    text = table.to_csv(index=False, float_format="%.12g")
    return hashlib.sha256(text.encode()).hexdigest()
