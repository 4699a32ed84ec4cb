"""World: places, people and covariates that agree with each other."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import xarray as xr

from uncounted.errors import UncountedError, did_you_mean
from uncounted.world import covariates as indicators
from uncounted.world.age import Band, parse_band
from uncounted.world.geography import NO_GROUP, check_known, read_geography, read_text, require
from uncounted.world.population import at_year, in_bands, read_population
from uncounted.world.shelf import shelf

GROUPED = ("region", "subregion", "ilo_region", "ilo_subregion", "un_region", "un_subregion", "who_region", "income_group")


@dataclass(frozen=True)
class World:
    """What is known of every country before a survey is opened.

    places: one row per country, index iso3, sorted: m49, name, region and subregion of the chosen grouping, every other
    grouping, lon, lat. population (year, country, sex, age): persons. covariates: index like places, NaN where missing.
    elsewhere: names of territories that geography knows and the population table lacks, index iso3.
    """

    places: pd.DataFrame
    population: xr.DataArray
    covariates: pd.DataFrame
    elsewhere: pd.Series

    @property
    def digest(self) -> str:
        """Content hash of the three tables, whatever order their files had."""
        text = self.places.to_csv() + self.covariates.to_csv() + self.population.to_series().to_csv()
        return hashlib.sha256(text.encode()).hexdigest()

    def _repr_html_(self) -> str:
        places, years = self.places, self.population["year"].values
        persons = ", ".join(f"{self.population.sel(year=year).sum().item() / 1e6:,.0f} million in {year}" for year in years)
        missing = self.covariates.isna().to_numpy().mean()
        return (
            f"<b>World</b>: {len(places)} countries in {places['subregion'].nunique()} subregions of "
            f"{places['region'].nunique()} regions; {persons}; {self.covariates.shape[1]} covariates, {missing:.0%} of values "
            f"missing"
        )


def read_world(
    geography: Path | str | pd.DataFrame | None = None,
    population: Path | str | pd.DataFrame | None = None,
    covariates: Path | str | pd.DataFrame | None = None,
    grouping: str | Path | pd.DataFrame = "ilo",
) -> World:
    """Read the world: the tables that ship with the package, or your own (a CSV path or a DataFrame).

    grouping: "ilo", "m49", "who", "income", or a table with iso3, region and, if there are two levels, subregion.
    Raises UncountedError listing the countries on which two tables disagree.
    """
    everywhere = read_geography(_table(geography, "geography.csv"), grouping)
    people = read_population(_table(population, "population.csv"))
    check_known(people["country"].values, everywhere, "The population table")
    x = indicators.read_covariates(_table(covariates, "covariates.csv"), everywhere)
    places = everywhere.loc[people["country"].values]
    places.index.name = "iso3"
    return World(places, people, x.reindex(places.index), everywhere["name"].drop(places.index))


def _table(given: Path | str | pd.DataFrame | None, shipped: str) -> Path | pd.DataFrame:
    if given is None:
        return shelf("data", shipped)
    return given if isinstance(given, pd.DataFrame) else Path(given)


def check_codes(world: World, codes: Iterable[str], where: str) -> set[str]:
    """Return the codes that geography knows but the population table lacks; raise UncountedError for those in neither."""
    known = pd.concat([world.places["name"], world.elsewhere]).to_frame("name")
    asked = {str(code) for code in codes}
    check_known(asked, known, where)
    return asked & set(world.elsewhere.index)


def persons(world: World, ages: Sequence[str | Band], year: int, nearest: bool = False) -> xr.DataArray:
    """Return persons (country, sex, age) in age bands in a year.

    A band that cuts one of the table's groups takes its months' share of it: people are spread evenly over a group's
    months. Years: `population.at_year`; attrs["note"] says so where another year's figures stand in.
    """
    bands = [age if isinstance(age, Band) else parse_band(age) for age in ages]
    return in_bands(at_year(world.population, year, nearest), bands)


def standardised(world: World, names: Sequence[str]) -> pd.DataFrame:
    """Return the z-scores of some covariates (countries, names), missing kept missing."""
    return indicators.standardised(world.covariates, names)


def groups(world: World, by: str | Path | pd.DataFrame) -> pd.Series:
    """Return each country's group: by "world", "country", "region", "subregion", another grouping, or your own table.

    Your own table (a CSV path or DataFrame) has iso3 and one other column. Who is in no group is "not classified", so that
    every grouping sums to the world.
    """
    index = world.places.index
    if isinstance(by, pd.DataFrame) or Path(by).suffix:
        own = read_text(by)
        require(own, ["iso3"], "grouping table")
        check_codes(world, own["iso3"], "The grouping table")
        named = own.set_index("iso3").iloc[:, 0]
        return named[~named.index.duplicated()].reindex(index).replace("", None).fillna(NO_GROUP)
    if by == "world":
        return pd.Series("World", index=index)
    if by == "country":
        return pd.Series(index, index=index)
    if by not in GROUPED:
        raise UncountedError(f"There is no grouping '{by}'.{did_you_mean(str(by), ['world', 'country', *GROUPED])}")
    return world.places[by]
