"""Estimate: leaves of unlike origin, added up draw by draw."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.errors import UncountedError, did_you_mean
from uncounted.glance import glance
from uncounted.infer.fit import TOTAL, Fit
from uncounted.infer.totals import expected
from uncounted.leaves.estimate_card import ADULT, GROUPS, EstimateCard
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
        sums = [leaf_sum.name for leaf_sum in self.card.sum]
        return (TOTAL, *sums, *self.leaves)

    @property
    def fits(self) -> Mapping[str, Fit]:
        """The models behind it, by model card."""
        return self.parts.fits

    def cells(self, name: str = TOTAL) -> tuple[xr.DataArray, xr.DataArray]:
        """Return persons of a leaf, a sum or the total, and weights of one."""
        persons = self.persons(name)
        return persons, unit_weights(persons)

    def members(
        self,
        name: str,
    ) -> tuple[str, ...]:
        """Return the leaves that a sum, the total or a leaf is of."""
        if name == TOTAL:
            return tuple(self.leaves)
        if name in self.leaves:
            return (name,)
        for leaf_sum in self.card.sum:
            if leaf_sum.name == name:
                return leaf_sum.leaves
        raise UncountedError(
            f"The estimate '{self.card.name}' adds up no"
            f" '{name}'.{did_you_mean(name, self.names)}"
        )

    def persons(self, name: str = TOTAL) -> xr.DataArray:
        """Return persons of a leaf, a sum or the total (chain, draw, country, sex,
        age), float32.
        """
        leaf, *further = self.members(name)
        total = plain(self.leaves[leaf].persons)
        for leaf in further:
            total = total + plain(self.leaves[leaf].persons)
        return total

    def __repr__(self) -> str:
        rows = []
        for name in self.names:
            persons = self.persons(name)
            millions = persons.sum(["country", "sex", "age"], dtype=float) / 1e6
            low, middle, high = millions.quantile([0.025, 0.5, 0.975]).to_numpy()
            rows.append((name, middle, low, high))
        columns = ["component", "million persons", "lower", "upper"]
        return glance(
            f"{self.card.title}, {self.card.year}: medians and 95 % intervals",
            table=pd.DataFrame(rows, columns=columns),
        )


def plain(array: xr.DataArray) -> xr.DataArray:
    """Return persons summed over traits beyond sex and age."""
    traits = [dim for dim in array.dims if dim not in CELL]
    return array.sum(traits, dtype=np.float32) if traits else array


def unit_weights(persons: xr.DataArray) -> xr.DataArray:
    """Return a weight of one for each cell of persons (chain, draw, …)."""
    cells = persons.isel(chain=0, draw=0, drop=True)
    return xr.ones_like(cells, dtype=float)


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
    fits = estimate.parts.fits
    persons = {}
    for share in estimate.card.share:
        leaf_fit = fits[estimate.card[share.of].model]
        share_fit = fits[share.model]
        card, share_card = leaf_fit.card, share_fit.card
        if set(card.ages) != {*share_card.ages, *share.whole}:
            raise UncountedError(
                f"'{share.name}' multiplies the card '{card.name}', of ages"
                f" {', '.join(card.ages)}, with '{share_card.name}', of"
                f" {', '.join(share_card.ages)}. Give both the same, or say which are"
                " whole."
            )
        p = share_fit.p.reindex(age=leaf_fit.p["age"].values).fillna(1.0)
        persons[share.name] = plain(by_group(of_fit(leaf_fit) * p, card))
    return persons


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
    card = estimate.card
    fitted = [leaf.name for leaf in card.leaf if leaf.model]
    if card.lkj is not None and len(fitted) > 1:
        raise UncountedError(
            "The leaves of this estimate were fitted jointly, so their correlation"
            " isn't free."
        )
    if correlation == 0 or not fitted:
        return estimate
    ascending = {}
    for name in fitted:
        totals = _world_totals(estimate.leaves[name])
        ascending[name] = np.argsort(totals, kind="stable")
    rank = np.argsort(ascending[fitted[0]], kind="stable")
    moved = {}
    for name, leaf in estimate.leaves.items():
        root = card.root(name)
        if root in ascending:
            persons = _reordered(leaf.persons, ascending[root][rank])
            leaf = replace(leaf, persons=persons)
        moved[name] = leaf
    return replace(estimate, leaves=moved)


def _world_totals(leaf: Leaf) -> np.ndarray:
    """Return the world's persons of a leaf, chain after chain (draws,)."""
    totals = plain(leaf.persons).sum(["country", "sex", "age"], dtype=float)
    return totals.transpose(*SAMPLE).to_numpy().ravel()


def _reordered(
    persons: xr.DataArray,
    order: np.ndarray,
) -> xr.DataArray:
    """Return persons with their draws, chain after chain, in another order."""
    draws_first = persons.transpose(*SAMPLE, ...)
    values = draws_first.to_numpy()
    flat = values.reshape(-1, *values.shape[2:])[order]
    return draws_first.copy(data=flat.reshape(values.shape))
