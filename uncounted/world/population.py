"""Population: persons by country, sex, age group and further traits, in and between
the years of a table.
"""

import re
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.errors import UncountedError, did_you_mean
from uncounted.world.age import Band, ordered, overlapping, parse_band, shares
from uncounted.world.table import Source, numbers, read_table, require, years

SEXES = ["female", "male"]
KEYS = ["year", "iso3", "sex", "age"]
WPP = ["ISO3_code", "Time", "AgeGrp", "PopMale", "PopFemale"]
LISTED = 8  # rows that an error shows
# A trait's level that is the sum of the others, in tables and evidence.
EVERYBODY = "all"
# Levels that count people twice, or do not say who they are.
TOTALS = (EVERYBODY, "total", "both", "any", "_T", "")
# The UN's word for years past, which every projection goes on from.
ESTIMATES = "Estimates"
# Columns that repeat the same people, and divide nobody.
VARIANTS = ("variant", "scenario")
# Names of tables, dims and variables, which no trait may have.
TAKEN = frozenset(
    {
        "persons",
        "people",
        "population",
        "country",
        "region",
        "subregion",
        "world",
        "group",
        "grouping",
        "name",
        "survey",
        "source",
        "kind",
        "definition",
        "window",
        "year",
        "until",
        "covers",
        "estimate",
        "evidence",
        "outcome",
        "n",
        "y",
        "se",
        "lower",
        "upper",
        "median",
        "mean",
        "interval",
        "unit",
        "respondents",
        "cases",
        "deff",
        "breakdown",
        "prevalence",
        "weight",
        "stratum",
        "psu",
        "fpc",
        "id",
        "share",
        "row",
        "entry",
        "term",
        "wave",
        "covariate",
        "score",
        "host",
        "form",
        "chain",
        "draw",
        "sample",
        "number",
        "level",
        "female",
        "beta",
        "trend",
        "bias",
        "crosswalk",
        "p",
        "q",
        "place",
        "index",
        "variable",
        "trend_region",
        "trend_country",
        "smooth_region",
        "smooth_country",
        "sex_age",
        "region_sex",
        "region_age",
        "country_sex",
        "country_age",
    }
)


def read_population(source: Source, variant: str = "") -> xr.DataArray:
    """Return persons (year, country, sex, age, *traits) from a table of either layout,
    sorted, ages youngest first.

    The project's: iso3, sex (female, male), age and a column of persons for each year.
    The UN's (World Population Prospects 2022 and 2024): ISO3_code, Time, AgeGrp,
    PopMale, PopFemale, in thousands; its aggregates, rows without a code, are passed
    over, and a Time of 2020.5 is the middle of 2020. variant: which of several
    projections to read, as "Medium"; rows called "Estimates" are of every variant. Age
    groups stay as they are, five-year or single. A further column of the project's
    layout that divides the people of a country, sex and age, such as migrant, is a
    trait, one dim more; traits and their levels are sorted. Raises UncountedError
    listing rows that are there twice, missing, or no persons, and for several variants
    of which none is chosen.
    """
    raw = read_table(source, "population table")
    un = set(WPP) <= set(raw.columns)
    _check_layout(raw, variant, un)
    if un:
        traits = []
        long = _wpp(_of_variant(raw, variant))
    else:
        traits = _traits(raw)
        long = _own(raw, traits)
    keys = [*KEYS, *traits]
    _none(
        long.loc[~np.isfinite(long["persons"]) | (long["persons"] < 0)],
        "The population table has no number of persons, or one below 0, for {}. Mend"
        " those rows.",
    )
    bands = _bands(long["age"].unique())
    label = {text: band.label for text, band in bands.items()}
    long = long.assign(age=long["age"].map(label))
    _none(
        long.loc[long.duplicated(keys)],
        "The population table has more than one row for {}. Keep one of each, of one"
        " variant.",
    )
    ages = [band.label for band in ordered(bands.values())]
    return _filled(long, keys, ages)


def _filled(long: pd.DataFrame, keys: list[str], ages: list[str]) -> xr.DataArray:
    filled = long.set_index(keys)["persons"].to_xarray()
    filled = filled.reindex(sex=SEXES, age=ages)
    rows = filled.to_series().rename("persons").reset_index()
    _none(
        rows.loc[rows["persons"].isna()],
        "The population table lacks {}. Complete those countries.",
    )
    codes = filled["iso3"].to_numpy().astype(str)
    filled = filled.rename(iso3="country").assign_coords(country=codes)
    return filled.transpose("year", "country", "sex", "age", ...)


def _traits(raw: pd.DataFrame) -> list[str]:
    """Return the columns that divide the people of a country, sex and age; raises
    UncountedError for levels of totals.

    A column that is the same wherever these three are, such as a country's name,
    divides nobody.
    """
    cell = ["iso3", "sex", "age"]
    require(raw, cell, "population table")
    passed_over = {*KEYS, *years(raw.columns), *VARIANTS}
    further = [column for column in raw if column not in passed_over]
    if not further:
        return []
    levels = raw.groupby(cell, sort=False)[further].nunique()
    divides = (levels > 1).any()
    traits = sorted(str(column) for column in divides.index[divides])
    for trait in traits:
        check_trait(trait, "The population table")
        totals = sorted(set(raw[trait]) & set(TOTALS))
        if totals:
            raise UncountedError(
                f"The population table divides people by '{trait}', and has the {trait}"
                f" '{totals[0]}': they would count twice, or nobody knows who they are."
                " Leave totals out and name every level."
            )
    return traits


def check_trait(name: str, where: str) -> None:
    """Raise a sentence, begun by `where`, unless a trait's name is a word in small
    letters that has no other meaning.
    """
    if name in TAKEN:
        fault = "taken"
    elif not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        fault = "no word in small letters"
    else:
        return
    raise UncountedError(
        f"{where} has a trait of persons called '{name}', which is"
        f" {fault}. Rename it, as urban_rural."
    )


def _own(raw: pd.DataFrame, traits: list[str]) -> pd.DataFrame:
    columns = years(raw.columns)
    if not columns:
        raise UncountedError(
            "The population table has no column of persons named by its year, such as"
            " '2020'. Add one."
        )
    strange = sorted(set(raw["sex"]) - set(SEXES))
    if strange:
        listed = ", ".join(f"'{sex}'" for sex in strange)
        raise UncountedError(
            f"The population table has the sex {listed}. Write female or male; leave"
            " totals out."
        )
    long = raw.melt(["iso3", "sex", "age", *traits], columns, "year", "persons")
    year = long["year"].astype(int)
    return long.assign(year=year, persons=numbers(long.loc[:, "persons"]))


def _check_layout(raw: pd.DataFrame, variant: str, un: bool) -> None:
    """Raise a sentence for the UN's tables without ISO3 codes (2019 and before), and
    for a variant of a table in another layout.
    """
    if "LocID" in raw and "AgeGrp" in raw and "ISO3_code" not in raw:
        raise UncountedError(
            "The population table is in the UN's layout of 2019, which has no"
            " ISO3_code. Add that column, empty for aggregates: un.country_codes(…)"
            " makes it of the LocID of countries, which are below 900."
        )
    if variant and not un:
        raise UncountedError(
            f"variant='{variant}' is of the UN's layout; this population table has"
            " another."
        )


def _of_variant(raw: pd.DataFrame, variant: str) -> pd.DataFrame:
    """Return the rows of one projection of the UN's; raises UncountedError if there are
    several and none is chosen.
    """
    column = raw.get("Variant", pd.Series("", raw.index))
    variants = set(column[raw["ISO3_code"] != ""])
    projections = sorted(variants - {"", ESTIMATES})
    if variant and variant not in projections:
        raise UncountedError(
            "The population table has no variant"
            f" '{variant}'.{did_you_mean(variant, projections)}"
        )
    if not variant and len(projections) > 1:
        choices = ", ".join(f"'{name}'" for name in projections)
        raise UncountedError(
            f"The population table has several variants, {choices}, which count the"
            " same people. Choose one, as read_world(population=…,"
            f" variant='{projections[0]}'), or keep its rows alone."
        )
    if not variant:
        return raw
    return raw.loc[column.isin([variant, "", ESTIMATES])]


def _wpp(raw: pd.DataFrame) -> pd.DataFrame:
    names = ["iso3", "year", "age", "male", "female"]
    countries = raw.loc[raw["ISO3_code"] != "", WPP].set_axis(names, axis=1)
    if countries.empty:
        raise UncountedError(
            "The population table has no row with an ISO3_code. Keep the countries'"
            " rows."
        )
    long = countries.assign(year=_calendar_year(countries["year"]))
    long = long.melt(["iso3", "year", "age"], SEXES, "sex", "persons")
    # rounded, because 1.005 thousand are 1,005, not 1,004.9999999999999
    persons = (1000 * numbers(long["persons"])).round(6)
    return long.assign(persons=persons)


def _calendar_year(times: pd.Series) -> np.ndarray:
    """Return the year of each Time; 2020 and 2020.5 are both the middle of 2020, as in
    all population tables here.
    """
    time = numbers(times)
    half_years = np.isin(2 * time, np.arange(20_000))
    if not ((time > 0) & (time < 10_000) & half_years).all():
        raise UncountedError(
            "The population table has rows whose Time is no whole year. Mend or remove"
            " them."
        )
    return np.floor(time).astype(int)


def _bands(texts: Iterable[str]) -> dict[str, Band]:
    """Return the band of each text; together they may not overlap, or people would be
    counted twice.
    """
    try:
        bands = {text: parse_band(text) for text in texts}
    except UncountedError as error:
        raise UncountedError(
            f"The population table has a wrong age: {error} Leave totals out."
        ) from error
    overlap = overlapping(bands.values())
    if overlap:
        younger, older = overlap
        raise UncountedError(
            f"The population table has overlapping ages, {younger.label} and"
            f" {older.label}: people would count twice. Keep bands that don't"
            " overlap."
        )
    return bands


def _none(rows: pd.DataFrame, sentence: str) -> None:
    """Raise the sentence with the rows listed in it, if there are any."""
    if rows.empty:
        return
    traits = [column for column in rows if column not in (*KEYS, "persons")]
    cells = rows[["iso3", "sex", "age", *traits, "year"]].head(LISTED).astype("str")
    listed = "; ".join(cells.agg(" ".join, axis=1))
    if len(rows) > LISTED:
        listed += f" and {len(rows) - LISTED:,} more"
        countries = sorted(set(rows["iso3"]))
        if len(countries) > 1:
            listed += f" (of {', '.join(countries)})"
    raise UncountedError(sentence.format(listed))


def at_year(
    population: xr.DataArray, year: float, nearest: bool = False
) -> xr.DataArray:
    """Return persons (country, sex, age, *traits) of a year, log-linear between the
    table's years and one year beyond.

    N(t) = N₀^(1−u) · N₁^u, u = (t − t₀) / (t₁ − t₀), for each country, sex and age
    group; linear, and never below 0, where N₀ or N₁ is 0. Further out, with `nearest`,
    the figures of the nearest year. attrs: `asked`, the `year` whose figures these are,
    and a `note` where they differ, else "". Raises UncountedError further out without
    `nearest`.
    """
    years_of_table = population["year"].to_numpy()
    nearest_year = int(years_of_table[np.abs(years_of_table - year).argmin()])
    beyond = not years_of_table.min() - 1 <= year <= years_of_table.max() + 1
    if beyond and not nearest:
        raise UncountedError(_too_far(years_of_table, year))
    if beyond or nearest_year == year or len(years_of_table) == 1:
        return _in_year_of_table(population, nearest_year, year)
    position = np.searchsorted(years_of_table, year)
    after = int(np.clip(position, 1, len(years_of_table) - 1))
    start, end = years_of_table[after - 1], years_of_table[after]
    n0 = population.isel(year=after - 1, drop=True)
    n1 = population.isel(year=after, drop=True)
    u = float((year - start) / (end - start))
    positive = (n0 > 0) & (n1 > 0)
    curve = n0.where(positive, 1.0) ** (1 - u) * n1.where(positive, 1.0) ** u
    line = ((1 - u) * n0 + u * n1).clip(min=0.0)
    persons = curve.where(positive, line)
    return persons.assign_attrs(year=year, asked=year, note="")


def _in_year_of_table(
    population: xr.DataArray, year_of_table: int, year: float
) -> xr.DataArray:
    note = ""
    if year_of_table != year:
        note = f"population of {year_of_table} used as weights for {year}"
    persons = population.sel(year=year_of_table, drop=True)
    return persons.assign_attrs(year=year_of_table, asked=year, note=note)


def _too_far(years_of_table: np.ndarray, year: float) -> str:
    span = f"{years_of_table[0]}"
    if len(years_of_table) > 1:
        span += f" to {years_of_table[-1]}"
    return (
        f"Persons of {year} are more than a year beyond the population table, {span}."
        f" Give your own table that reaches {year}: read_world(population=…)."
    )


def in_bands(people: xr.DataArray, bands: Sequence[Band]) -> xr.DataArray:
    """Return persons (country, sex, age, …) in other bands; one that cuts a group takes
    its share by months.
    """
    groups = [parse_band(age) for age in people["age"].to_numpy()]
    by_group = people.transpose(..., "age").to_numpy()
    by_band = by_group @ shares(bands, groups).T
    labels = {"age": [band.label for band in bands]}
    coords = {str(dim): people[dim].to_numpy() for dim in people.dims} | labels
    values = np.moveaxis(by_band, -1, people.get_axis_num("age"))
    return xr.DataArray(values, coords, people.dims, "persons", people.attrs)
