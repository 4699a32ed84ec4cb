"""Fit: the draws of a sampled model for every cell of the world, and all that is needed
to repeat them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape

import xarray as xr

from uncounted.errors import UncountedError
from uncounted.model.card import Card
from uncounted.observations.evidence import Evidence
from uncounted.world.world import World

TOTAL = "total"  # the name of all components together


@dataclass(frozen=True)
class JointSampling:
    """What one call of `sample_jointly` sampled: its outcomes, and η of the prior of
    their correlation.
    """

    outcomes: tuple[str, ...]
    lkj: float


@dataclass(frozen=True)
class Fit:
    """Draws of p over the world's cells, and what made them.

    p (chain, draw, country, sex, age, *traits, and form where the card has forms):
    prevalence in the reference year given the data, float32. prior (the same dims):
    prevalence before any data. posterior: the draws of the parameters. stats: the
    sampler's statistics per draw. people (country, sex, age, *traits): persons in the
    reference year; chain and draw stand first where shares of a trait are uncertain.
    seconds: the wall time of each stage. notes: sentences on what was done to the draws
    after sampling. joint: what it was sampled together with, None if alone.
    """

    p: xr.DataArray
    prior: xr.DataArray
    posterior: xr.Dataset
    stats: xr.Dataset
    people: xr.DataArray
    card: Card
    world: World
    evidence: Evidence
    seed: int
    versions: Mapping[str, str]
    seconds: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    joint: JointSampling | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Its one component: the total."""
        return (TOTAL,)

    @property
    def fits(self) -> dict[str, "Fit"]:
        """The models behind it: itself."""
        return {"": self}

    @property
    def inputs(self) -> dict[str, str]:
        """The content hash of each source."""
        return {
            "world": self.world.digest,
            "evidence": self.evidence.digest,
            "card": self.card.digest,
        }

    def cells(self, name: str = TOTAL) -> tuple[xr.DataArray, xr.DataArray]:
        """Return prevalence and the persons it is of."""
        if name != TOTAL:
            raise UncountedError(
                f"A fit has no component '{name}'. Leave the name out, or give an"
                " estimate of components."
            )
        return self.p, self.people

    def _repr_html_(self) -> str:
        size = self.p.sizes
        traits = ""
        for trait in self.card.axes[2:]:
            traits += f" × {size[trait]} of {escape(trait)}"
        notes = "".join(f"<br>{escape(note)}" for note in self.notes)
        return (
            f"<b>{self.card.title}</b>: {size['chain']} chains × {size['draw']:,} draws"
            f" of {size['country']} countries × {size['sex']} sexes × {size['age']} age"
            f" bands{traits}, {self.card.year}; {self.evidence.source}; seed"
            f" {self.seed}{notes}"
        )
