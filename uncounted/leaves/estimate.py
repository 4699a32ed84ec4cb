"""Estimate: leaves of unlike origin, added up draw by draw."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import escape

import numpy as np
import xarray as xr

from uncounted.errors import UncountedError, did_you_mean
from uncounted.infer.totals import expected
from uncounted.leaves.estimate_card import ADULT, GROUPS, TOTAL, EstimateCard
from uncounted.leaves.leaf import Leaf, by_group, of_fit
from uncounted.leaves.parts import SAMPLE, Parts
from uncounted.world.age import Band
from uncounted.world.world import World, persons

CELL = (*SAMPLE, "country", "sex", "age")
HALVES = (Band(0, 12 * ADULT), Band(12 * ADULT, None))  # children and adults: GROUPS


@dataclass(frozen=True)
class Estimate:
    """An estimate: its leaves, each persons (chain, draw, country, sex, age), and the
    draws they are made of.

    people (country, sex, age): children and adults of the reference year, the
    denominators. inputs: content hash of each source; simulated: those beside the
    surveys that say of themselves that they were made up. notes: sentences on how it
    was added up.
    """

    card: EstimateCard
    world: World
    leaves: Mapping[str, Leaf]
    parts: Parts
    people: xr.DataArray
    seed: int
    inputs: Mapping[str, str] = field(default_factory=dict)
    simulated: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """What is printed: the total first, then sums, then leaves."""
        return (TOTAL, *(one.name for one in self.card.sum), *self.leaves)

    def members(self, name: str) -> tuple[str, ...]:
        """Return the leaves that a sum, the total or a leaf is of."""
        if name == TOTAL:
            return tuple(self.leaves)
        if name in self.leaves:
            return (name,)
        for one in self.card.sum:
            if one.name == name:
                return one.leaves
        raise UncountedError(
            f"The estimate '{self.card.name}' adds up no"
            f" '{name}'.{did_you_mean(name, self.names)}"
        )

    def persons(self, name: str = TOTAL) -> xr.DataArray:
        """Return persons of a leaf, a sum or the total (chain, draw, country, sex,
        age), float32.
        """
        of = [self.leaves[leaf].persons for leaf in self.members(name)]
        total = plain(of[0])
        for one in of[1:]:
            total = total + plain(one)
        return total

    def _repr_html_(self) -> str:
        world = {
            name: self.persons(name).sum(["country", "sex", "age"], dtype=float) / 1e6
            for name in self.names
        }
        rows = "".join(
            f"<tr><td>{escape(name)}</td><td>{draws.median():.1f}</td>"
            f"<td>{draws.quantile(0.025):.1f}–{draws.quantile(0.975):.1f}</td></tr>"
            for name, draws in world.items()
        )
        head = (
            "<tr><th></th><th>million persons, median</th><th>95 % interval</th></tr>"
        )
        return (
            f"<b>{escape(self.card.title)}</b>,"
            f" {self.card.year}<table>{head}{rows}</table>"
        )


def plain(array: xr.DataArray) -> xr.DataArray:
    """Add persons up over traits beyond sex and age."""
    further = [dim for dim in array.dims if dim not in CELL]
    return array.sum(further, dtype=np.float32) if further else array


def denominators(world: World, year: int) -> xr.DataArray:
    """Return children and adults (country, sex, age) of a year."""
    people = persons(world, HALVES, year, nearest=True)
    return expected(people).assign_coords(age=list(GROUPS))


def shares(estimate: Estimate) -> dict[str, xr.DataArray]:
    """Return the persons of each share of a leaf (chain, draw, country, sex, age):
    p·p′·N in every draw.

    p is the leaf's, p′ its share's, in the cells of both model cards; p′ = 1 in the
    ages that the share calls whole. Raises UncountedError for ages of the leaf of which
    the share says nothing.
    """
    found = {}
    for one in estimate.card.share:
        of, part = (
            estimate.parts.fits[estimate.card[one.of].model],
            estimate.parts.fits[one.model],
        )
        if set(of.card.ages) != {*part.card.ages, *one.whole}:
            raise UncountedError(
                f"'{one.name}' multiplies the card '{of.card.name}', of ages"
                f" {', '.join(of.card.ages)}, with '{part.card.name}', of"
                f" {', '.join(part.card.ages)}. Give both the same, or say which are"
                " whole."
            )
        p = part.p.reindex(age=of.p["age"].values).fillna(1.0)
        found[one.name] = plain(by_group(of_fit(of) * p, of.card))
    return found


def at_correlation(estimate: Estimate, correlation: int) -> Estimate:
    """Return the estimate with leaves of surveys independent (0), or in the order of
    their world totals (1).

    For leaves that were not fitted jointly: their dependence is unknown, and these are
    its ends. At 1 every leaf of a model has its j-th smallest world total in the same
    draw; ratios go with the leaf they are of.
    """
    if correlation not in (0, 1):
        raise UncountedError(
            f"correlation = {correlation!r} is not one of the ends, 0 and 1."
        )
    fitted = [one.name for one in estimate.card.leaf if one.model]
    if estimate.card.lkj is not None and len(fitted) > 1:
        raise UncountedError(
            "The leaves of this estimate were fitted jointly, so their correlation"
            " isn't free."
        )
    if correlation == 0:
        return estimate
    turn = {
        name: np.argsort(_of_world(estimate.leaves[name]), kind="stable")
        for name in fitted
    }
    rank = {name: np.argsort(turn[name], kind="stable") for name in fitted}
    order = {
        name: np.argsort(rank[name], kind="stable")[rank[fitted[0]]] for name in fitted
    }
    moved = {
        name: (
            replace(leaf, persons=_reordered(leaf.persons, order[root]))
            if (root := estimate.card.root(name)) in order
            else leaf
        )
        for name, leaf in estimate.leaves.items()
    }
    return replace(estimate, leaves=moved)


def _of_world(leaf: Leaf) -> np.ndarray:
    return (
        plain(leaf.persons)
        .sum(["country", "sex", "age"], dtype=float)
        .transpose(*SAMPLE)
        .to_numpy()
        .ravel()
    )


def _reordered(persons: xr.DataArray, order: np.ndarray) -> xr.DataArray:
    values = persons.transpose(*SAMPLE, ...).to_numpy()
    flat = values.reshape(-1, *values.shape[2:])[order]
    return persons.transpose(*SAMPLE, ...).copy(data=flat.reshape(values.shape))
