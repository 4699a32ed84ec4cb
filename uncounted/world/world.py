"""World: places, people and covariates that agree with each other."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.errors import UncountedError, did_you_mean
from uncounted.glance import glance
from uncounted.world.age import Band, parse_band
from uncounted.world.codes import check_known
from uncounted.world.covariates import read_covariates, z_scores
from uncounted.world.geography import read_geography
from uncounted.world.grouping import LEVELS, apart, is_word, labels, members
from uncounted.world.population import at_year, in_bands, read_population
from uncounted.world.shelf import shelf
from uncounted.world.table import Source, read_table

GROUPS = ("world", "region", "subregion", "country", *LEVELS)


def _rounded_text(array: xr.DataArray) -> bytes:
    """Write numbers to five significant figures, which every processor gives alike:
    the last digits of drawn shares hang on the order of sums.
    """
    return " ".join(f"{number:.5g}" for number in array.to_numpy().ravel()).encode()


@dataclass(frozen=True, eq=False)
class World:
    """Places, people and covariates of every country.

    places: one row per country, index iso3 sorted: iso2, m49, name, official_name,
    region and subregion of the chosen grouping, every named grouping, lon, lat.
    population (year, country, sex, age, *traits): persons, countries in the order of
    places. covariates: index like places, raw values, NaN where missing. elsewhere:
    rows like those of places for the territories that have no population table. shares:
    draws of the shares of traits that only surveys know (draw, country, …, trait),
    whose means the population has (`shares.with_shares`).
    """

    places: pd.DataFrame
    population: xr.DataArray
    covariates: pd.DataFrame
    elsewhere: pd.DataFrame
    shares: tuple[xr.DataArray, ...] = ()

    @property
    def traits(self) -> tuple[str, ...]:
        """The traits that the population is divided by beyond sex and age."""
        return tuple(str(dim) for dim in self.population.dims[4:])

    @property
    def digest(self) -> str:
        """SHA-256 of the contents of the tables, whatever order their rows had."""
        covariates = self.covariates.sort_index(axis=1, kind="stable")
        axes = []
        for dim in self.population.dims:
            labels = [str(label) for label in self.population[dim].to_numpy()]
            axes.append(f"{dim}: {labels}")
        text = self.places.to_csv() + covariates.to_csv() + "\n".join(axes)
        digest = hashlib.sha256(text.encode())
        if not self.shares:
            digest.update(self.population.to_numpy().astype("<f8").tobytes())
            return digest.hexdigest()
        digest.update(_rounded_text(self.population))
        for array in self.shares:
            draws = array.astype(np.float64)
            digest.update(_rounded_text(draws.mean("draw")))
            digest.update(_rounded_text(draws.std("draw")))
        return digest.hexdigest()

    def __repr__(self) -> str:
        places = self.places
        ages = self.population["age"].to_numpy()
        subregions = places["subregion"].nunique()
        regions = f"{subregions} subregions of {places['region'].nunique()} regions"
        traits = "".join(f", and by {trait}" for trait in self.traits)
        shares = self.covariates.isna().mean().sort_values(kind="stable")
        missing = [f"{name} {share:.0%}" for name, share in shares.items()]
        return glance(
            f"World: {len(places):,} countries in {regions};"
            f" {len(self.elsewhere):,} territories have no population",
            f"Persons: {self._persons()}, by sex and {len(ages)} age groups, {ages[0]}"
            f" to {ages[-1]}{traits}",
            f"{len(missing)} covariates, with the share of countries without each:"
            f" {', '.join(missing)}",
        )

    def _persons(self) -> str:
        persons = self.population.sum(self.population.dims[1:])
        years = [
            f"{total.item() / 1e6:,.0f} million in {total['year'].item()}"
            for total in persons
        ]
        if len(years) <= 3:
            return ", ".join(years)
        return f"{years[0]} to {years[-1]}, {len(years)} years"


def read_world(
    geography: Source | None = None,
    population: Source | None = None,
    covariates: Source | None = None,
    grouping: Source = "ilo",
    variant: str = "",
) -> World:
    """Read the world from the tables that ship, or your own: each the path of a CSV
    file, or a DataFrame.

    grouping: "ilo", "m49", "who", "income", or a table with iso3, region and, for two
    levels, subregion. Population in the UN's own CSV layout is known by its columns;
    variant: which of several projections in it to read, as "Medium". A further column
    of your own, such as migrant, is a trait of persons (`population.read_population`).
    Covariates that ship are those of your own geography's countries. Raises
    UncountedError listing the codes on which two tables disagree.
    """
    if geography is None:
        geography = shelf("data", "geography.csv")
    if population is None:
        population = shelf("data", "population.csv")
    everywhere = read_geography(geography, grouping)
    people = read_population(population, variant)
    countries = people["country"].to_numpy()
    check_known(countries, everywhere, "The population table")
    if covariates is None:
        covariates = _shipped_covariates(everywhere)
    indicators = read_covariates(covariates, everywhere)
    peopled = everywhere.index.isin(countries)
    places = everywhere.loc[peopled]
    return World(
        places=places,
        population=people,
        covariates=indicators.reindex(places.index),
        elsewhere=everywhere.loc[~peopled],
    )


def _shipped_covariates(places: pd.DataFrame) -> pd.DataFrame:
    """Return the covariates that ship, of these places: a geography of your own may
    have few.
    """
    table = read_table(shelf("data", "covariates.csv"), "covariates table", ["iso3"])
    return table[table["iso3"].isin(places.index)]


def check_codes(
    world: World,
    codes: Iterable[str],
    where: str,
) -> set[str]:
    """Return the codes that geography knows and the population table lacks; `where`
    begins an error.

    Raises UncountedError listing the codes that are in neither, each with the nearest:
    "Viet Nam → VNM".
    """
    requested = {str(code) for code in codes}
    check_known(requested, _everywhere(world), where)
    return requested & set(world.elsewhere.index)


def _everywhere(world: World) -> pd.DataFrame:
    return pd.concat([world.places, world.elsewhere])


def persons(
    world: World,
    ages: Sequence[str | Band],
    year: float,
    nearest: bool = False,
    traits: Sequence[str] = (),
) -> xr.DataArray:
    """Return persons (country, sex, age, *traits) in age bands in a year; the ages are
    labelled by `Band.label`.

    Persons are summed over the traits that are not requested; UncountedError for a
    trait that the population table lacks. A band that cuts one of the table's groups
    takes its months' share of it (`age.share`). Years between and beyond the table's
    are `population.at_year`'s, which with `nearest` names in attrs["note"] the year
    that stands in.
    """
    if isinstance(ages, str | Band):
        ages = [ages]
    bands = [age if isinstance(age, Band) else parse_band(age) for age in ages]
    for trait in traits:
        levels(world, trait)
    people = world.population
    summed = [trait for trait in world.traits if trait not in traits]
    if summed:
        people = people.sum(summed)
    people = at_year(people, year, nearest)
    return in_bands(people.transpose("country", "sex", "age", *traits), bands)


def levels(world: World, trait: str) -> list[str]:
    """Return the levels of a trait of persons; raises UncountedError for one that the
    population table lacks.
    """
    if trait not in world.traits:
        raise UncountedError(
            "The population table is not divided by"
            f" '{trait}'.{did_you_mean(trait, world.traits)} Give one that is:"
            " read_world(population=…)."
        )
    return [str(level) for level in world.population[trait].to_numpy()]


def standardised(
    world: World,
    names: Sequence[str],
    transforms: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Return z-scores of covariates (countries, names), missing kept missing:
    `covariates.z_scores`.
    """
    if isinstance(names, str):
        names = [names]
    return z_scores(world.covariates, names, transforms or {})


def groups(world: World, by: Source | pd.Series) -> pd.Series:
    """Return each country's group by "world", "region", "subregion", "country", another
    grouping or your own.

    Your own is a Series by iso3, or a table (CSV path or DataFrame) with iso3 and one
    other column. A country in no group is "not classified", so that every grouping sums
    to the world. Raises UncountedError for an unknown word or code, and for a country
    in several groups (`divisions`).
    """
    index = world.places.index
    if not isinstance(by, str) or not is_word(by):
        return labels(by, _everywhere(world)).reindex(index)
    if by not in GROUPS:
        raise UncountedError(f"There is no grouping '{by}'.{did_you_mean(by, GROUPS)}")
    if by == "world":
        names = ["World"] * len(index)
    elif by == "country":
        names = list(index)
    else:
        names = list(world.places[by])
    return pd.Series(
        names,
        index=index,
        name=by,
        dtype="str",
    )


def divisions(world: World, by: Source | pd.Series) -> list[pd.Series]:
    """Return `groups`, or several divisions of the countries if groups of your own
    table overlap.

    Each overlapping group is whole in one division, where "not classified" has no
    meaning and should not be shown: a country counts in each of its groups, and their
    sum is not the world's.
    """
    if isinstance(by, str) and is_word(by):
        return [groups(world, by)]
    pairs = members(by, _everywhere(world))
    if not pairs["iso3"].duplicated().any():
        return [groups(world, by)]
    return apart(pairs, world.places.index)
