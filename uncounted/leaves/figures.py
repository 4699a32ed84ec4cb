"""Figures: persons that others judged, low, best and high, as draws whose judgements are correlated between places."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import ndtr, ndtri
from scipy.stats import beta, triang

from uncounted.errors import UncountedError, did_you_mean
from uncounted.leaves.card import GROUPS, Figures
from uncounted.leaves.estimate import denominators
from uncounted.leaves.parts import SAMPLE
from uncounted.model.people import SEXES
from uncounted.world.shelf import shipped
from uncounted.world.table import Source, numbers, read_table
from uncounted.world.world import World, check_codes

PROVENANCE = ("source", "date", "judged_by", "basis")
NUMBERS = ("low", "best", "high", "share_female", "share_children")
COVERAGE = 0.95  # of low to high, under a lognormal, which has no ends


@dataclass(frozen=True, eq=False)
class OutsideFigures:
    """Judged figures: table has place (a country's code or a region), NUMBERS (persons; shares 0 to 1), PROVENANCE."""

    name: str
    table: pd.DataFrame

    def _repr_html_(self) -> str:
        return f"<b>{self.name}</b>: {len(self.table)} figures{self.table.to_html(index=False)}"


def read_outside_figures(source: Source) -> OutsideFigures:
    """Read outside figures: one row per country (iso3) or region, persons at a moment, and where each is from.

    Columns: place, low, best, high, share_female and share_children (of persons), and source, date, judged_by, basis,
    none of them blank. Raises UncountedError for what is missing, a place twice, or not 0 ≤ low ≤ best ≤ high.
    """
    named = shipped(source) if isinstance(source, str) else source
    raw = read_table(named, "table of outside figures", ["place", *NUMBERS, *PROVENANCE])
    for column in ("place", *PROVENANCE):
        if (raw[column].str.strip() == "").any():
            raise UncountedError(f"The table of outside figures has a row without {column}. Say where each figure is from.")
    table = raw.assign(**{column: numbers(raw[column]) for column in NUMBERS})
    ordered = (table["low"] >= 0) & (table["low"] <= table["best"]) & (table["best"] <= table["high"])
    shares = table["share_female"].between(0, 1) & table["share_children"].between(0, 1)
    if not (ordered & shares).all():
        wrong = ", ".join(table.loc[~(ordered & shares), "place"])
        raise UncountedError(f"Not 0 ≤ low ≤ best ≤ high, or a share outside 0 to 1, in the outside figures of {wrong}.")
    if table["place"].duplicated().any():
        raise UncountedError(f"The outside figures of {table['place'][table['place'].duplicated()].iloc[0]} are there twice.")
    return OutsideFigures(str(source) if isinstance(source, str) else "figures", table.sort_values("place", ignore_index=True))


def draw_outside_figures(
    figures: OutsideFigures, world: World, how: Figures, year: int, size: tuple[int, int], seed: int
) -> xr.DataArray:
    """Return persons (chain, draw, country, sex, age) of outside figures, children and adults, float32.

        x[place] = F⁻¹( Φ( √ρ z + √(1−ρ) z[place] ) ),    z iid N(0, 1)

    F is the distribution that the card names, of low, best and high (`DISTRIBUTIONS`), ρ its between-place correlation
    of judgement: whoever judged one place too high judged others so. A region's figure is of those of its countries
    that have none of their own, spread by their children and adults, females and males; attrs["own_figure"] lists the
    countries with one. Places with neither have none. Raises UncountedError for a place that is no country or region.
    """
    if how.distribution not in DISTRIBUTIONS:
        near = did_you_mean(how.distribution, DISTRIBUTIONS)
        raise UncountedError(f"There is no distribution of outside figures '{how.distribution}'.{near}")
    table, rho = figures.table, how.between_place_correlation
    rng = np.random.default_rng(seed)
    z = np.sqrt(rho) * rng.normal(size=(*size, 1)) + np.sqrt(1 - rho) * rng.normal(size=(*size, len(table)))
    drawn = DISTRIBUTIONS[how.distribution](z, *(table[word].to_numpy(float) for word in ("low", "best", "high")))
    weight, own = _weights(table, world, year)
    persons = np.einsum("ijp,pcsa->ijcsa", drawn, weight).astype(np.float32)
    coords = {"country": list(world.places.index), "sex": list(SEXES), "age": list(GROUPS)}
    return xr.DataArray(persons, coords, (*SAMPLE, *coords), attrs={"own_figure": own})


def _weights(table: pd.DataFrame, world: World, year: int) -> tuple[np.ndarray, list[str]]:
    """Return the part of each place's figure in each cell (place, country, sex, age), and the countries with their own."""
    people = denominators(world, year).transpose("country", "sex", "age")
    places, regions = set(world.places.index), world.places["region"]
    own = [place for place in table["place"] if place in places]
    check_codes(world, [place for place in table["place"] if place not in set(regions)], "The table of outside figures")
    found = np.zeros((len(table), *people.shape))
    for i, row in table.iterrows():
        inside = people["country"].isin([row["place"]] if row["place"] in places else _others(regions, row["place"], own))
        if not inside.any():
            raise UncountedError(f"The outside figure of {row['place']} is of nobody: each of its countries has its own.")
        shares = np.outer([row["share_female"], 1 - row["share_female"]], [row["share_children"], 1 - row["share_children"]])
        there = people.to_numpy() * inside.to_numpy()[:, None, None]
        found[i] = there / np.maximum(there.sum(axis=0), 1e-9) * shares
    return found, own


def _others(regions: pd.Series, region: str, own: list[str]) -> list[str]:
    return [code for code in regions.index[regions == region] if code not in own]


def _triangular(z: np.ndarray, low: np.ndarray, best: np.ndarray, high: np.ndarray) -> np.ndarray:
    width = np.maximum(high - low, 1e-9)
    return triang.ppf(ndtr(z), (best - low) / width, low, width)


def _pert(z: np.ndarray, low: np.ndarray, best: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return low + width·Beta(1 + 4m, 5 − 4m), m = (best − low)/width: mean (low + 4 best + high)/6."""
    width = np.maximum(high - low, 1e-9)
    m = (best - low) / width
    return low + width * beta.ppf(ndtr(z), 1 + 4 * m, 5 - 4 * m)


def _log_normal(z: np.ndarray, low: np.ndarray, best: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return best·exp(σz), σ on either side of best so that low to high holds COVERAGE."""
    if (low <= 0).any():
        raise UncountedError("A lognormal has no low of 0. Give a low above 0, or say triangular or pert.")
    reach = ndtri((1 + COVERAGE) / 2)
    return best * np.exp(np.where(z < 0, np.log(best / low), np.log(high / best)) / reach * z)


DISTRIBUTIONS: dict[str, Callable[..., np.ndarray]] = {
    "triangular": _triangular,
    "pert": _pert,
    "log_normal": _log_normal,
}
