"""Fit: the draws of a sampled model for every cell of the world, and all that is needed
to repeat them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import arviz as az
import pandas as pd
import xarray as xr

from uncounted.errors import UncountedError
from uncounted.glance import glance
from uncounted.infer.totals import affected_in_all, axes
from uncounted.model.card import Card
from uncounted.observations.evidence import Evidence
from uncounted.wording.numerals import SHOW
from uncounted.world.world import World

FEWEST = 4  # draws of a chain of which there is an R-hat
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

    def __repr__(self) -> str:
        return glance(
            f"{self.card.title}, {self.card.year}: {self._world()}",
            f"Data: {len(self.evidence.surveys):,} surveys of"
            f" {self.evidence.rows['country'].nunique()} countries, of"
            f" {len(self.world.places)}; {self.evidence.source}",
            f"Sampling: {self._sampling()}; seed {self.seed}",
            *self.notes,
        )

    def _world(self) -> str:
        """Return the prevalence of the world's persons in words, with its interval."""
        group = pd.Series("World", self.world.places.index)
        persons = self.people.sum([*axes(self.people), "country"])
        rate = affected_in_all(self.p, self.people, group) / persons
        unit = SHOW[self.card.show]
        lower, upper = (rate * unit).quantile([0.025, 0.975]).to_numpy()
        return (
            f"{rate.mean().item() * unit:.3g} {self.card.show}"
            f" {self.card.universe.named() or 'worldwide'} (95 % interval"
            f" {lower:.3g}–{upper:.3g})"
        )

    def _sampling(self) -> str:
        """Return the size of the sample and how its chains mix, as far as known."""
        size = self.p.sizes
        sentence = f"{size['chain']} chains × {size['draw']:,} draws"
        if "diverging" in self.stats:
            sentence += f", {int(self.stats['diverging'].sum()):,} divergent"
        if size["chain"] > 1 and size["draw"] >= FEWEST:
            regions = self.world.places["region"]
            persons = affected_in_all(self.p, self.people, regions)
            worst = az.rhat(persons).max().item()
            sentence += f", worst R-hat of a region {worst:.3f}"
        return sentence
