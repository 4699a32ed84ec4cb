"""Population: persons by country, sex and age group, in the years of a table and between them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.errors import UncountedError
from uncounted.world.age import Band, parse_band, shares
from uncounted.world.geography import read_text, require

SEXES = ["female", "male"]
WPP = ["ISO3_code", "Time", "AgeGrp", "PopMale", "PopFemale"]


def read_population(table: Path | pd.DataFrame) -> xr.DataArray:
    """Return persons (year, country, sex, age) from a table of either layout; countries sorted, ages youngest first.

    Own layout: iso3, sex, age and a column of persons for each year. The UN's: ISO3_code, Time, AgeGrp, PopMale,
    PopFemale, in thousands; its aggregates, rows without a code, are passed over. Raises UncountedError listing rows that are
    repeated, negative, not numbers, or missing.
    """
    raw = read_text(table)
    long = _wpp(raw) if set(WPP) <= set(raw.columns) else _own(raw)
    bad = long[~(long["persons"] >= 0)]
    if len(bad):
        raise UncountedError(f"The population table has no persons, or fewer than 0, for {_some(bad)}. Mend those rows.")
    keys = ["year", "iso3", "sex", "age"]
    repeated = long[long.duplicated(keys)]
    if len(repeated):
        raise UncountedError(f"The population table has more than one row for {_some(repeated)}. Keep one of each.")
    ages = sorted({parse_band(age) for age in long["age"].unique()}, key=lambda band: (band.lower, band.upper or 10**6))
    labels = {age: parse_band(age).label for age in long["age"].unique()}
    filled = long.assign(age=long["age"].map(labels)).set_index(keys)["persons"].to_xarray()
    filled = filled.sel(sex=SEXES, age=[band.label for band in ages]).rename(iso3="country")
    missing = filled.isnull().any(["year", "sex", "age"])
    if missing.any():
        codes = ", ".join(filled["country"].values[missing.values])
        raise UncountedError(f"The population table lacks some sex, age group or year of {codes}. Complete those countries.")
    return filled.astype(float).transpose("year", "country", "sex", "age").rename("persons")


def _own(raw: pd.DataFrame) -> pd.DataFrame:
    require(raw, ["iso3", "sex", "age"], "population table")
    years = [column for column in raw.columns if column.isdigit()]
    if not years:
        raise UncountedError("The population table has no column of persons named by its year, such as '2020'. Add one.")
    strange = sorted(set(raw["sex"]) - set(SEXES))
    if strange:
        raise UncountedError(f"The population table has the sex {', '.join(strange)}. Write female or male.")
    long = raw.melt(["iso3", "sex", "age"], years, "year", "persons")
    return long.assign(year=long["year"].astype(int), persons=pd.to_numeric(long["persons"], errors="coerce"))


def _wpp(raw: pd.DataFrame) -> pd.DataFrame:
    countries = raw[raw["ISO3_code"] != ""].rename(columns={"ISO3_code": "iso3", "Time": "year", "AgeGrp": "age"})
    long = countries.melt(["iso3", "year", "age"], ["PopFemale", "PopMale"], "sex", "persons")
    persons = 1000 * pd.to_numeric(long["persons"], errors="coerce")
    years = pd.to_numeric(long["year"], errors="coerce")
    if years.isna().any():
        raise UncountedError("The population table has rows whose Time is not a year. Mend or remove them.")
    return long.assign(sex=long["sex"].map({"PopFemale": "female", "PopMale": "male"}), year=years.astype(int), persons=persons)


def _some(rows: pd.DataFrame) -> str:
    told = [f"{r.iso3} {r.sex} {r.age} {r.year}" for r in rows.head(6).itertuples()]
    return ", ".join(told) + (f" and {len(rows) - 6} more" if len(rows) > 6 else "")


def at_year(population: xr.DataArray, year: int, nearest: bool = False) -> xr.DataArray:
    """Return persons (country, sex, age) of a year: log-linear between the table's years and one year beyond them.

    Further out, with `nearest`, the figures of the nearest year, said so in attrs["note"]; without it, UncountedError.
    """
    years = population["year"].values
    if not years.min() - 1 <= year <= years.max() + 1:
        return _nearest(population, year, nearest)
    if year in years or len(years) == 1:
        return population.sel(year=year, method="nearest").drop_vars("year").assign_attrs(year=int(year), note="")
    after = int(np.clip(np.searchsorted(years, year), 1, len(years) - 1))
    a, b = population.isel(year=after - 1, drop=True), population.isel(year=after, drop=True)
    t = (year - years[after - 1]) / (years[after] - years[after - 1])
    both = (a > 0) & (b > 0)
    curve = np.exp(np.log(a.where(both, 1)) * (1 - t) + np.log(b.where(both, 1)) * t)
    return curve.where(both, np.maximum(a * (1 - t) + b * t, 0)).assign_attrs(year=int(year), note="")


def _nearest(population: xr.DataArray, year: int, allowed: bool) -> xr.DataArray:
    years = population["year"].values
    close = int(years[np.abs(years - year).argmin()])
    if not allowed:
        raise UncountedError(
            f"Persons of {year} cannot be told from a population table of {years.min()}–{years.max()}. Give your own table "
            f"to read_world(population=…), or ask for prevalence only."
        )
    note = f"population of {close} used as weights for {year}"
    return population.sel(year=close).drop_vars("year").assign_attrs(year=close, note=note)


def in_bands(people: xr.DataArray, bands: Sequence[Band]) -> xr.DataArray:
    """Return persons (country, sex, age) in other bands: a band that cuts a group takes its months' share of it."""
    share = shares(bands, [parse_band(age) for age in people["age"].values])
    values = people.transpose("country", "sex", "age").to_numpy() @ share.T
    coords = {"country": people["country"].values, "sex": people["sex"].values, "age": [band.label for band in bands]}
    return xr.DataArray(values, dims=("country", "sex", "age"), coords=coords, attrs=people.attrs, name="persons")
