"""World: places, people and covariates that agree with each other."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import pandas as pd
import xarray as xr

from uncounted.errors import UncountedError, did_you_mean
from uncounted.world.age import Band, parse_band
from uncounted.world.codes import check_known
from uncounted.world.covariates import read_covariates, z_scores
from uncounted.world.geography import read_geography
from uncounted.world.grouping import LEVELS, apart, is_word, labels, members
from uncounted.world.population import at_year, in_bands, read_population
from uncounted.world.shelf import shelf
from uncounted.world.table import Source, read_table

GROUPS = ("world", "region", "subregion", "country", *LEVELS)


@dataclass(frozen=True, eq=False)
class World:
    """What is known of every country before a survey is opened.

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
        """SHA-256 of what the three tables say of the countries, whatever order their
        rows had.
        """
        axes = [
            f"{dim}: {list(map(str, self.population[dim].to_numpy()))}"
            for dim in self.population.dims
        ]
        text = (
            self.places.to_csv()
            + self.covariates.sort_index(axis=1, kind="stable").to_csv()
            + "\n".join(axes)
        )
        arrays = [
            self.population.astype("<f8"),
            *(one.astype("<f4") for one in self.shares),
        ]
        return hashlib.sha256(
            text.encode() + b"".join(one.to_numpy().tobytes() for one in arrays)
        ).hexdigest()

    def _repr_html_(self) -> str:
        places, ages = self.places, self.population["age"].to_numpy()
        regions = (
            f"{places['subregion'].nunique()} subregions of"
            f" {places['region'].nunique()} regions"
        )
        traits = "".join(f", and by {escape(trait)}" for trait in self.traits)
        return (
            f"<p><b>World</b>: {len(places):,} countries in {regions};"
            f" {len(self.elsewhere):,} territories have no population.<br>Persons:"
            f" {self._persons()}, by sex and {len(ages)} age groups, {ages[0]} to"
            f" {ages[-1]}{traits}.</p><details><summary>{self.covariates.shape[1]}"
            " covariates, and the share of countries without"
            f" each</summary><table>{self._missing()}</table></details>"
        )

    def _persons(self) -> str:
        total = self.population.sum(
            [dim for dim in self.population.dims if dim != "year"]
        )
        told = [f"{n.item() / 1e6:,.0f} million in {n['year'].item()}" for n in total]
        return (
            ", ".join(told)
            if len(told) <= 3
            else f"{told[0]} to {told[-1]}, {len(told)} years"
        )

    def _missing(self) -> str:
        shares = self.covariates.isna().mean().sort_values(kind="stable").items()
        return "".join(
            f"<tr><td>{escape(str(name))}</td><td>{share:.0%}</td></tr>"
            for name, share in shares
        )


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
    everywhere = read_geography(
        shelf("data", "geography.csv") if geography is None else geography, grouping
    )
    people = read_population(
        shelf("data", "population.csv") if population is None else population, variant
    )
    countries = people["country"].to_numpy()
    check_known(countries, everywhere, "The population table")
    x = read_covariates(
        _shipped_covariates(everywhere) if covariates is None else covariates,
        everywhere,
    )
    peopled = everywhere.index.isin(countries)
    places = everywhere.loc[peopled]
    return World(places, people, x.reindex(places.index), everywhere.loc[~peopled])


def _shipped_covariates(places: pd.DataFrame) -> pd.DataFrame:
    """Return the covariates that ship of the places that there are: a geography of your
    own may have few.
    """
    table = read_table(shelf("data", "covariates.csv"), "covariates table", ["iso3"])
    return table[table["iso3"].isin(places.index)]


def check_codes(world: World, codes: Iterable[str], where: str) -> set[str]:
    """Return the codes that geography knows and the population table lacks; `where`
    begins an error.

    Raises UncountedError listing the codes that are in neither, each with the nearest:
    "Viet Nam → VNM".
    """
    asked = {str(code) for code in codes}
    check_known(asked, _everywhere(world), where)
    return asked & set(world.elsewhere.index)


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

    Traits of the population table that aren't asked for are summed over; UncountedError
    for one it lacks. A band that cuts one of the table's groups takes its months' share
    of it (`age.share`); years between and beyond the table's are
    `population.at_year`'s, which with `nearest` says in attrs["note"] whose figures
    stand in.
    """
    given = [ages] if isinstance(ages, str | Band) else ages
    bands = [age if isinstance(age, Band) else parse_band(age) for age in given]
    for trait in traits:
        levels(world, trait)
    others = [trait for trait in world.traits if trait not in traits]
    people = at_year(
        world.population.sum(others) if others else world.population, year, nearest
    )
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
    world: World, names: Sequence[str], transforms: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Return z-scores of covariates (countries, names), missing kept missing:
    `covariates.z_scores`.
    """
    return z_scores(
        world.covariates, [names] if isinstance(names, str) else names, transforms or {}
    )


def groups(world: World, by: Source | pd.Series) -> pd.Series:
    """Return each country's group by "world", "region", "subregion", "country", another
    grouping or your own.

    Your own is a Series by iso3, or a table (CSV path or DataFrame) with iso3 and one
    other column. Who is in no group is "not classified", so that every grouping sums to
    the world. Raises UncountedError for an unknown word or code, and for a country in
    several groups (`divisions`).
    """
    index = world.places.index
    if not isinstance(by, str) or not is_word(by):
        return labels(by, _everywhere(world)).reindex(index)
    if by not in GROUPS:
        raise UncountedError(f"There is no grouping '{by}'.{did_you_mean(by, GROUPS)}")
    own = {"world": ["World"] * len(index), "country": list(index)}
    return pd.Series(
        own.get(by) or list(world.places[by]), index=index, name=by, dtype="str"
    )


def divisions(world: World, by: Source | pd.Series) -> list[pd.Series]:
    """Return `groups`, or several divisions of the countries if groups of your own
    table overlap.

    Each overlapping group is whole in one division, where "not classified" says nothing
    and should not be shown: what groups have in common counts in each of them, and
    their sum is not the world's.
    """
    if isinstance(by, str) and is_word(by):
        return [groups(world, by)]
    pairs = members(by, _everywhere(world))
    if not pairs["iso3"].duplicated().any():
        return [groups(world, by)]
    return apart(pairs, world.places.index)
