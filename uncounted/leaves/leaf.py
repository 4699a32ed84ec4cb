"""Leaf: one component of an estimate, as persons by country, sex, children and adults,
in every draw.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.cases.assistance import selected
from uncounted.errors import UncountedError
from uncounted.glance import outline
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

    __repr__ = outline


def leaves(
    card: EstimateCard,
    world: World,
    parts: Parts,
) -> dict[str, Leaf]:
    """Return every leaf of a card, in the card's order; a ratio follows the leaf that
    it is of. This is arithmetic on draws, no sampling.
    """
    odds = true_odds(card, parts)
    by_name: dict[str, Leaf] = {}
    for leaf in card.leaf:
        if leaf.model:
            by_name[leaf.name] = _of_model(leaf, parts)
        elif leaf.ratio:
            base = by_name[leaf.ratio.of]
            by_name[leaf.name] = _of_ratio(
                leaf.name,
                leaf.ratio,
                world,
                parts,
                base,
                odds[leaf.name],
            )
        else:
            by_name[leaf.name] = _of_figures(leaf, parts)
    return by_name


def true_odds(
    card: EstimateCard,
    parts: Parts,
) -> dict[str, xr.DataArray]:
    """Return persons per person of the other leaf, of all victims (chain, draw, region,
    sex), by leaf: `selected`.
    """
    selections = {leaf.name: leaf.ratio.selection for leaf in card.leaf if leaf.ratio}
    if not selections or parts.log_odds is None:
        return {}
    numbers = {}
    for word in SELECTION:
        numbers[word] = {
            name: getattr(selection, word) for name, selection in selections.items()
        }
    log_odds = parts.log_odds.sel(ratio=list(selections))
    log_true = selected(log_odds, seed=parts.seed, **numbers)
    odds = log_true.copy(data=np.exp(log_true.to_numpy()))
    return {name: odds.sel(ratio=name, drop=True) for name in selections}


def of_fit(fit: Fit) -> xr.DataArray:
    """Return persons of a fit by its own ages (chain, draw, country, sex, age, …): p·N,
    float32.
    """
    return (fit.p * fit.people.astype(np.float32)).astype(np.float32)


def by_group(
    persons: xr.DataArray,
    card: Card,
) -> xr.DataArray:
    """Return persons with the ages of a model card summed to children and adults;
    raises UncountedError for a band that holds both.
    """
    group_of_band = np.array(_groups_of_bands(card))
    sums = []
    for group in GROUPS:
        bands = persons.isel(age=np.flatnonzero(group_of_band == group))
        sums.append(bands.sum("age", dtype=np.float32))
    age = pd.Index(GROUPS, name="age")
    joined = xr.concat(sums, age, coords="minimal", compat="override")
    return joined.transpose(*persons.dims)


def stock_share(
    stock: Stock,
    duration: xr.DataArray,
) -> xr.DataArray:
    """Return S/N = μ/(T + μ) (chain, draw, …): the part of those affected in a window
    of T years who are affected at a moment.
    """
    return duration / (stock.window_years + duration)


def _of_model(leaf: LeafCard, parts: Parts) -> Leaf:
    fit = parts.fits[leaf.model]
    persons = by_group(of_fit(fit), fit.card)
    if leaf.stock is not None:
        share = stock_share(leaf.stock, parts.duration[leaf.name])
        persons = persons * share.astype(np.float32)
    return Leaf(leaf.name, SURVEY, _ordered(persons), _behind(fit), _unknown(fit.card))


def _behind(fit: Fit) -> pd.DataFrame:
    """Return the evidence behind a leaf of a model, by country, sex and age."""
    of_countries = asked(fit, _groups_of_bands(fit.card))
    table = behind(fit, groups(fit.world, "country"), of_countries)
    traits = [axis for axis in fit.card.axes if axis not in ("sex", "age")]
    everybody = (table[traits] == ALL).all(axis=1)
    table = table[everybody].set_index(["group", "sex", "age"])
    imputed = _imputed(fit.p["country"].to_numpy())
    table = table[list(imputed.columns)].reindex(imputed.index)
    absent = table["evidence"].isna()  # children, of a model of adults
    return table.mask(absent, imputed)


def _unknown(card: Card) -> tuple[str, ...]:
    """Return which of sex and age, as children and adults, a model tells nothing of."""
    unknown = []
    if "sex" not in card.people:
        unknown.append("sex")
    if "age" not in card.people and len(set(_groups_of_bands(card))) > 1:
        unknown.append("age")
    return tuple(unknown)


def _of_ratio(
    name: str,
    ratio: Ratio,
    world: World,
    parts: Parts,
    base: Leaf,
    odds: xr.DataArray,
) -> Leaf:
    """S′[c, s] = S[c, s]·R[r(c), s]·μ′/μ, S of the base leaf, its ages together."""
    stock = base.persons.sum("age", dtype=np.float32)
    countries = stock["country"]
    region = groups(world, "region").reindex(countries.values)
    regions = odds["region"].values
    unknown = sorted(set(region) - set(regions))
    if unknown:
        raise UncountedError(
            f"The leaf '{name}' needs a ratio of records in {', '.join(unknown)},"
            " and the records' ratios are of"
            f" {', '.join(map(str, regions))}. Group records by the"
            " world's own regions."
        )
    coords = {"country": countries}
    of_country = xr.DataArray(region.to_numpy(), coords, ("country",))
    country_odds = odds.sel(region=of_country).drop_vars("region")
    persons = stock * country_odds.astype(np.float32)
    persons = persons * parts.relative_duration.get(name, np.float32(1))
    persons = persons.expand_dims(age=[ratio.ages])
    persons = persons.reindex(age=list(GROUPS)).fillna(0.0).astype(np.float32)
    table = _imputed(countries.values)
    return Leaf(name, RATIO, _ordered(persons), table, base.unknown)


def _of_figures(leaf: LeafCard, parts: Parts) -> Leaf:
    persons = parts.figures[leaf.name]
    table = _imputed(persons["country"].values)
    codes = persons.attrs.get("own_figure", [])
    with_figure = table.index.get_level_values("group").isin(codes)
    table.loc[with_figure, "evidence"] = "outside figure"
    return Leaf(leaf.name, OUTSIDE, _ordered(persons), table)


def _ordered(persons: xr.DataArray) -> xr.DataArray:
    cells = persons.transpose("chain", "draw", "country", "sex", "age", ...)
    return cells.reindex(age=list(GROUPS))


def _imputed(countries: np.ndarray) -> pd.DataFrame:
    """Return the table behind a leaf of which no country has evidence of its own."""
    labels = [countries, [*SEXES, ALL], [*GROUPS, ALL]]
    index = pd.MultiIndex.from_product(labels, names=["group", "sex", "age"])
    columns = {"evidence": "imputed", "surveys": 0, "respondents": 0.0, "cases": 0.0}
    return pd.DataFrame(columns, index=index)


def _groups_of_bands(card: Card) -> list[str]:
    """Return for each age band of a card whether it is of children or adults."""
    names = []
    for band in card.bands:
        if band.lower < 12 * ADULT < band.end:
            raise UncountedError(
                f"An age band of the card '{card.name}' holds both sides of {ADULT},"
                " and an estimate adds up children and adults. Cut `ages` at"
                f" {ADULT}."
            )
        names.append(GROUPS[int(band.lower >= 12 * ADULT)])
    return names
