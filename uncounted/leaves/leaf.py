"""Leaf: one part of an estimate, as persons by country, sex, children and adults, in
every draw.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.cases.assistance import selected
from uncounted.errors import UncountedError
from uncounted.infer.backing import asked, behind
from uncounted.infer.fit import Fit
from uncounted.infer.totals import ALL
from uncounted.leaves.estimate_card import (
    ADULT,
    GROUPS,
    EstimateCard,
    LeafCard,
    Ratio,
    Stock,
)
from uncounted.leaves.parts import Parts
from uncounted.model.card import Card
from uncounted.model.people import SEXES
from uncounted.world.world import World, groups

SURVEY, RATIO, OUTSIDE = "survey", "ratio of records", "outside figures"
SELECTION = ("mean", "world_sd", "stratum_sd")
CLASSES = ("surveyed", "reported from elsewhere", "outside figure", "imputed")


@dataclass(frozen=True)
class Leaf:
    """A leaf of an estimate.

    persons (chain, draw, country, sex, age, …): persons affected at a moment, float32,
    ages children and adults; and further traits of persons where the survey's model has
    them. behind: by country, sex and age, each with `all`: evidence (a word of
    CLASSES), surveys, respondents, cases. origin: survey, ratio of records or outside
    figures. unknown: of sex and age, those of which its model says nothing.
    """

    name: str
    origin: str
    persons: xr.DataArray
    behind: pd.DataFrame
    unknown: tuple[str, ...] = ()


def leaves(card: EstimateCard, world: World, parts: Parts) -> dict[str, Leaf]:
    """Return every leaf of a card, those that are ratios of others after them:
    arithmetic on draws, no sampling.
    """
    odds = true_odds(card, parts)
    found: dict[str, Leaf] = {}
    for one in card.leaf:
        if one.model:
            found[one.name] = _of_model(one, parts)
        elif one.ratio:
            found[one.name] = _of_ratio(
                one, one.ratio, world, parts, found, odds[one.name]
            )
        else:
            found[one.name] = _of_figures(one, parts)
    return found


def true_odds(card: EstimateCard, parts: Parts) -> dict[str, xr.DataArray]:
    """Return persons per person of the other leaf, of all victims (chain, draw, region,
    sex), by leaf: `selected`.
    """
    of = {one.name: one.ratio.selection for one in card.leaf if one.ratio}
    if not of or parts.log_odds is None:
        return {}
    given = {
        word: {name: getattr(one, word) for name, one in of.items()}
        for word in SELECTION
    }
    log_true = selected(parts.log_odds.sel(ratio=list(of)), seed=parts.seed, **given)
    true = log_true.copy(data=np.exp(log_true.to_numpy()))
    return {name: true.sel(ratio=name, drop=True) for name in of}


def of_fit(fit: Fit) -> xr.DataArray:
    """Return persons of a fit by its own ages (chain, draw, country, sex, age, …): p·N,
    float32.
    """
    return (fit.p * fit.people.astype(np.float32)).astype(np.float32)


def by_group(persons: xr.DataArray, card: Card) -> xr.DataArray:
    """Add the ages of a model card up to children and adults; raises UncountedError for
    a band that holds both.
    """
    of = [_group(card, band.lower, band.end) for band in card.bands]
    parts = [
        persons.isel(age=[i for i, one in enumerate(of) if one == group]).sum(
            "age", dtype=np.float32
        )
        for group in GROUPS
    ]
    whole = xr.concat(
        parts, pd.Index(GROUPS, name="age"), coords="minimal", compat="override"
    )
    return whole.transpose(*persons.dims)


def stock_share(stock: Stock, duration: xr.DataArray) -> xr.DataArray:
    """Return S/N = μ/(T + μ) (chain, draw, …): what part of those affected in a window
    of T years is at a moment.
    """
    return duration / (stock.window_years + duration)


def _of_model(one: LeafCard, parts: Parts) -> Leaf:
    fit = parts.fits[one.model]
    persons = by_group(of_fit(fit), fit.card)
    if one.stock is not None:
        persons = persons * stock_share(one.stock, parts.duration[one.name]).astype(
            np.float32
        )
    return Leaf(one.name, SURVEY, _ordered(persons), _behind(fit), _unknown(fit.card))


def _behind(fit: Fit) -> pd.DataFrame:
    ages = [_group(fit.card, band.lower, band.end) for band in fit.card.bands]
    table = behind(fit, groups(fit.world, "country"), asked(fit, ages))
    others = [axis for axis in fit.card.axes if axis not in ("sex", "age")]
    table = table[(table[others] == ALL).all(axis=1)].set_index(["group", "sex", "age"])
    nothing = _nothing(fit.p["country"].to_numpy())
    kept = table[list(nothing.columns)].reindex(nothing.index)
    absent = kept["evidence"].isna()  # children, of a model of adults
    return kept.mask(absent, nothing)


def _unknown(card: Card) -> tuple[str, ...]:
    """Return which of sex and age, as children and adults, a model tells nothing of."""
    both = len({_group(card, band.lower, band.end) for band in card.bands}) > 1
    return tuple(
        axis
        for axis in ("sex", "age")
        if axis not in card.people and (axis == "sex" or both)
    )


def _of_ratio(
    one: LeafCard,
    ratio: Ratio,
    world: World,
    parts: Parts,
    found: Mapping[str, Leaf],
    odds: xr.DataArray,
) -> Leaf:
    """S′[c, s] = S[c, s]·R[r(c), s]·μ′/μ, S of the other leaf, its ages together."""
    other = found[ratio.of].persons.sum("age", dtype=np.float32)
    region = groups(world, "region").reindex(other["country"].values)
    unknown = sorted(set(region) - set(odds["region"].values))
    if unknown:
        raise UncountedError(
            f"The leaf '{one.name}' needs a ratio of records in {', '.join(unknown)},"
            " and the records' ratios are of"
            f" {', '.join(map(str, odds['region'].values))}. Group records by the"
            " world's own regions."
        )
    of_country = xr.DataArray(
        region.to_numpy(), {"country": other["country"]}, ("country",)
    )
    persons = other * odds.sel(region=of_country).drop_vars("region").astype(np.float32)
    persons = persons * parts.relative_duration.get(one.name, np.float32(1))
    persons = (
        persons.expand_dims(age=[ratio.ages]).reindex(age=list(GROUPS)).fillna(0.0)
    )
    return Leaf(
        one.name,
        RATIO,
        _ordered(persons.astype(np.float32)),
        _nothing(other["country"].values),
        found[ratio.of].unknown,
    )


def _of_figures(one: LeafCard, parts: Parts) -> Leaf:
    persons = parts.figures[one.name]
    table = _nothing(persons["country"].values)
    own = table.index.get_level_values("group").isin(
        persons.attrs.get("own_figure", [])
    )
    table.loc[own, "evidence"] = "outside figure"
    return Leaf(one.name, OUTSIDE, _ordered(persons), table)


def _ordered(persons: xr.DataArray) -> xr.DataArray:
    return persons.transpose("chain", "draw", "country", "sex", "age", ...).reindex(
        age=list(GROUPS)
    )


def _nothing(countries: np.ndarray) -> pd.DataFrame:
    """Return what is behind a leaf of which no country has evidence of its own."""
    labels = {"group": countries, "sex": [*SEXES, ALL], "age": [*GROUPS, ALL]}
    index = pd.MultiIndex.from_product(list(labels.values()), names=list(labels))
    return pd.DataFrame(
        {"evidence": "imputed", "surveys": 0, "respondents": 0.0, "cases": 0.0},
        index=index,
    )


def _group(card: Card, lower: float, end: float) -> str:
    if lower < 12 * ADULT < end:
        raise UncountedError(
            f"An age band of the card '{card.name}' holds both sides of {ADULT}, and an"
            f" estimate adds up children and adults. Cut `ages` at {ADULT}."
        )
    return GROUPS[int(lower >= 12 * ADULT)]
