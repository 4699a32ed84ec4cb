"""Leaf durations: the mean length of spells that each leaf is multiplied by."""

import xarray as xr

from uncounted.errors import UncountedError, did_you_mean
from uncounted.leaves.estimate_card import EstimateCard, LeafCard
from uncounted.model.people import SEXES

EQUAL = "equal"


def needs_durations(card: EstimateCard) -> bool:
    """Say whether some leaf of a card is made with durations of spells."""
    return any(leaf.stock or is_relative(leaf) for leaf in card.leaf)


def is_relative(leaf: LeafCard) -> bool:
    """Say whether a leaf is a ratio to a leaf whose spells last otherwise."""
    return leaf.ratio is not None and leaf.ratio.durations != EQUAL


def duration(
    leaf: LeafCard,
    mu: xr.DataArray | None,
) -> xr.DataArray:
    """Return μ of a leaf's spells (chain, draw), or of each sex (chain, draw, sex)."""
    assert mu is not None
    assert leaf.stock is not None
    if leaf.stock.group:
        return _of_group(leaf, mu, leaf.stock.group)
    spell_groups = _spell_groups(mu)
    if set(spell_groups) != set(SEXES):
        raise UncountedError(
            f"The leaf '{leaf.name}' has durations by sex, and the spells' groups are"
            f" {', '.join(spell_groups)}. Say which it is: stock = {{ window_years = …,"
            ' group = "…" }.'
        )
    return mu.rename(group="sex").sel(sex=list(SEXES))


def relative_duration(
    leaf: LeafCard,
    mu: xr.DataArray | None,
) -> xr.DataArray:
    """Return μ′/μ: records are of persons met within a time, and stocks last as long as
    spells do.
    """
    assert mu is not None
    assert leaf.ratio is not None
    durations = leaf.ratio.durations
    if isinstance(durations, str) or len(durations) != 2:
        raise UncountedError(
            f"The leaf '{leaf.name}' says durations = {durations!r}. Say"
            ' "equal", or the groups of spells of this leaf and of the other, as'
            ' ["sexual", "labour"].'
        )
    leaf_group, base_group = durations
    return _of_group(leaf, mu, leaf_group) / _of_group(leaf, mu, base_group)


def _of_group(
    leaf: LeafCard,
    mu: xr.DataArray,
    group: str,
) -> xr.DataArray:
    spell_groups = _spell_groups(mu)
    if group not in spell_groups:
        raise UncountedError(
            f"The leaf '{leaf.name}' asks for spells of"
            f" '{group}'.{did_you_mean(group, spell_groups)}"
        )
    return mu.sel(group=group, drop=True)


def _spell_groups(mu: xr.DataArray) -> list[str]:
    return [str(group) for group in mu["group"].values]
