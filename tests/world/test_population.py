import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from uncounted.errors import UncountedError
from uncounted.world.age import parse_band
from uncounted.world.population import at_year, in_bands, read_population
from uncounted.world.world import persons, read_world

counts = st.floats(0, 1e9, allow_subnormal=False)


def one(values: dict[int, float]) -> xr.DataArray:
    coords = {
        "year": list(values),
        "country": ["GHA"],
        "sex": ["female", "male"],
        "age": ["0+"],
    }
    some = np.broadcast_to(
        np.reshape(list(values.values()), (-1, 1, 1, 1)), (len(values), 1, 2, 1)
    )
    return xr.DataArray(some, coords, ("year", "country", "sex", "age"))


def wpp(own: pd.DataFrame, **columns: object) -> pd.DataFrame:
    """The same persons in the UN's layout, in thousands, with an aggregate row that has
    no code.
    """
    wide = own.melt(["iso3", "sex", "age"], var_name="Time").astype({"value": float})
    wide = (
        wide.set_index(["iso3", "Time", "age", "sex"])["value"]
        .to_xarray()
        .to_dataset("sex")
    )
    wide = wide.to_dataframe().reset_index()
    table = pd.DataFrame(
        {
            "ISO3_code": wide["iso3"],
            "Time": wide["Time"].astype(int),
            "AgeGrp": wide["age"],
            "PopMale": (wide["male"] / 1000).round(3),
            "PopFemale": (wide["female"] / 1000).round(3),
        }
    )
    world = pd.DataFrame(
        [
            {
                "ISO3_code": None,
                "Time": 2020,
                "AgeGrp": "0-4",
                "PopMale": 1e6,
                "PopFemale": 1e6,
            }
        ]
    )
    return pd.concat([world, table]).assign(Location="somewhere", **columns)


def test_totals_equal_the_source(world, facts):
    source = pd.read_csv(facts / "population.csv")
    for year in (2015, 2020):
        assert (
            world.population.sel(year=year).sum().item()
            == source[f"persons_{year}"].sum()
        )
    under5 = source.loc[source["age"] == "0-4", "persons_2020"].sum()
    assert persons(world, ["0-59 months"], 2020).sum().item() == pytest.approx(
        under5, rel=1e-12
    )
    girls = source.query(
        "iso3 == 'GHA' and sex == 'female' and age in ['15-19', '20-24']"
    )["persons_2015"].sum()
    assert (
        persons(world, ["15-24"], 2015).sel(country="GHA", sex="female").item() == girls
    )


def test_the_world_of_2020(world):
    assert world.population.sel(year=2020).sum().item() == 7_793_491_545
    assert persons(world, ["under 5"], 2020).sum().item() == pytest.approx(677_861_985)
    assert world.population.dims == ("year", "country", "sex", "age")
    assert world.population.dtype == np.float64
    assert list(world.population["sex"].values) == ["female", "male"]
    assert list(world.population["country"].values) == list(world.places.index)


def test_a_month_is_a_sixtieth_of_the_under_fives(world):
    months = persons(
        world,
        ["0-5 months", "6-11 months", "12-23 months", "24-59 months", "0-4"],
        2020,
    )
    assert list(months["age"].values) == [
        "0-5 months",
        "6-11 months",
        "12-23 months",
        "24-59 months",
        "0-4",
    ]
    np.testing.assert_allclose(
        months.sel(age="0-5 months"), 0.1 * months.sel(age="0-4")
    )
    np.testing.assert_allclose(
        months.isel(age=slice(4)).sum("age"), months.sel(age="0-4")
    )


def test_every_partition_of_the_ages_sums_to_the_world(world):
    for ages in (
        ["0-17", "18+"],
        ["0-4", "5-11", "12-14", "15-24", "25-64", "65+"],
        ["0-99", "100+"],
    ):
        assert persons(world, ages, 2018).sum().item() == pytest.approx(
            persons(world, ["0+"], 2018).sum().item()
        )


@given(counts, counts, st.floats(0, 1))
def test_between_years_persons_are_log_linear(a, b, u):
    found = at_year(one({2010: a, 2020: b}), 2010 + 10 * u).to_numpy()
    expected = a ** (1 - u) * b**u if a > 0 and b > 0 else (1 - u) * a + u * b
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
    assert (found >= 0).all()


def test_growth_goes_on_for_one_year_and_no_further():
    people = one({2015: 100.0, 2020: 200.0})
    np.testing.assert_allclose(at_year(people, 2021), 200 * 2 ** (1 / 5))
    np.testing.assert_allclose(at_year(people, 2014), 100 / 2 ** (1 / 5))
    for year in (2013, 2022, 2024):
        with pytest.raises(
            UncountedError,
            match=rf"{year} are more than a year beyond.*2015 to 2020.*population=…",
        ):
            at_year(people, year)


def test_a_group_that_died_out_has_no_negative_persons():
    assert at_year(one({2015: 10.0, 2020: 0.0}), 2021).min() == 0
    np.testing.assert_allclose(at_year(one({2015: 10.0, 2020: 0.0}), 2018), 4.0)


def test_the_nearest_year_says_so(world):
    found = persons(world, ["15+"], 2024, nearest=True)
    assert found.attrs == {
        "year": 2020,
        "asked": 2024,
        "note": "population of 2020 used as weights for 2024",
    }
    xr.testing.assert_equal(found, persons(world, ["15+"], 2020))
    assert persons(world, ["15+"], 1990, nearest=True).attrs["year"] == 2015
    assert persons(world, ["15+"], 2018, nearest=True).attrs == {
        "year": 2018,
        "asked": 2018,
        "note": "",
    }


def test_a_table_of_one_year_serves_the_years_beside_it():
    people = one({2020: 100.0})
    assert at_year(people, 2020).attrs["note"] == ""
    for year in (2019, 2021):
        assert (
            at_year(people, year).attrs["note"]
            == f"population of 2020 used as weights for {year}"
        )
    with pytest.raises(UncountedError, match="Persons of 2022"):
        at_year(people, 2022)


def test_bands_that_cannot_be_made_are_a_sentence(world):
    with pytest.raises(
        UncountedError, match=r"'100-104' cuts the population group '100\+'"
    ):
        persons(world, ["100-104"], 2020)
    assert persons(world, "15-24", 2020).sizes["age"] == 1


def test_the_un_layout_equals_ours(tables, world):
    un = read_world(population=wpp(tables["population"]))
    xr.testing.assert_identical(un.population, world.population)
    assert un.digest == world.digest


def test_the_un_layout_is_read_from_a_file(tmp_path, small):
    path = tmp_path / "WPP.csv"
    wpp(small["population"]).to_csv(path, index=False)
    xr.testing.assert_identical(
        read_population(path), read_population(small["population"])
    )


def test_single_years_are_used_as_they_are(small):
    rows = [
        (s, a, 100.0 + 7 * i)
        for s in ("female", "male")
        for i, a in enumerate([*map(str, range(10)), "10+"])
    ]
    table = pd.DataFrame(
        [("GHA", *row) for row in rows], columns=["iso3", "sex", "age", "2020"]
    )
    people = read_population(table)
    assert people.sizes["age"] == 11
    xr.testing.assert_identical(read_population(wpp(table)), people)
    w = read_world(**(small | {"population": table}))
    assert persons(w, ["7-8"], 2020).sel(sex="female").item() == 100 + 49 + 100 + 56
    assert persons(w, ["0-4"], 2020).sel(sex="female").item() == 500 + 70


def test_any_years(small):
    table = small["population"].rename(columns={"2015": "1999", "2020": 2031})
    assert list(read_population(table)["year"].values) == [1999, 2031]


def change(
    table: pd.DataFrame, column: str, value: object, row: int = 4
) -> pd.DataFrame:
    table = table.astype({column: object})
    table.loc[row, column] = value
    return table


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (
            lambda t: pd.concat([t, t.head(1)]),
            "more than one row for GHA female 0-4 2015; GHA female 0-4 2020",
        ),
        (
            lambda t: change(t, "2020", -1),
            "no number of persons, or one below 0, for GHA male 5-9 2020",
        ),
        (lambda t: change(t, "2020", None), "no number of persons.*GHA male 5-9 2020"),
        (
            lambda t: change(t, "2020", "many"),
            "no number of persons.*GHA male 5-9 2020",
        ),
        (
            lambda t: change(t, "2020", float("inf")),
            "no number of persons.*GHA male 5-9 2020",
        ),
        (lambda t: t.drop(4), "lacks GHA male 5-9 2015; GHA male 5-9 2020. Complete"),
        (lambda t: t[t["sex"] == "male"], "lacks GHA female 0-4 2015.*more"),
        (lambda t: t[t["iso3"] != "GHA"].tail(5), "lacks"),
        (
            lambda t: change(t, "sex", "both"),
            "has the sex 'both'. Write female or male",
        ),
        (lambda t: change(t, "age", "Total"), "wrong age: 'Total' is no age band"),
        (lambda t: change(t, "age", "0-17"), "overlapping ages, 0-4 and 0-17"),
        (
            lambda t: change(t, "age", "0-59 months"),
            "more than one row for GHA male 0-4",
        ),
        (lambda t: change(t, "iso3", "Ghana"), "lacks GHA male 5-9|GHA"),
        (lambda t: t.drop(columns="age"), "population table has no column 'age'"),
        (
            lambda t: t.drop(columns=["2015", "2020"]),
            "no column of persons named by its year",
        ),
        (lambda t: t.head(0), "has no rows"),
        (lambda t: wpp(t, ISO3_code=""), "no row with an ISO3_code"),
        (lambda t: wpp(t, Time="mid-2020"), "Time is no whole year"),
        (lambda t: wpp(t, Time=2020.25), "Time is no whole year"),
        (
            lambda t: pd.concat([wpp(t), wpp(t, Variant="High")]),
            "more than one row for",
        ),
    ],
)
def test_a_bad_table_is_a_sentence(small, spoil, sentence):
    with pytest.raises(UncountedError, match=sentence):
        read_population(spoil(small["population"]))


def test_in_bands_keeps_persons(small):
    people = at_year(read_population(small["population"]), 2020)
    assert in_bands(people, []).sizes["age"] == 0
    whole = in_bands(people, [parse_band("0-2"), parse_band("3+")]).sum()
    assert whole.item() == pytest.approx(people.sum().item())


UN_COLUMNS = [  # of the csv files of World Population Prospects 2022 and 2024
    "SortOrder", "LocID", "Notes", "ISO3_code", "ISO2_code", "SDMX_code", "LocTypeID", "LocTypeName", "ParentID",
    "Location", "VarID", "Variant", "Time", "MidPeriod", "AgeGrp", "AgeGrpStart", "AgeGrpSpan", "PopMale", "PopFemale",
    "PopTotal",
]  # fmt: skip
UN_PLACES = [
    (1, 900, "", "", "", "1", 1, "World", 0, "World"),
    (20, 404, "", "KEN", "KE", "404", 4, "Country/Area", 910, "Kenya"),
    (30, 516, "", "NAM", "NA", "516", 4, "Country/Area", 913, "Namibia"),
    (
        40,
        412,
        "8",
        "XKX",
        "XK",
        "383",
        4,
        "Country/Area",
        925,
        "Kosovo (under UNSC res. 1244)",
    ),
    (50, 384, "", "CIV", "CI", "384", 4, "Country/Area", 914, "Côte d'Ivoire"),
]


def un_file(ages: list[str], years=(2020, 2021), variants=("Medium",)) -> pd.DataFrame:
    """A made-up file of the UN, with all of its columns: persons in thousands, which
    name their place, year and age.
    """
    rows = []
    for place in UN_PLACES:
        for variant in variants:
            for year in years:
                for age in ages:
                    start = int(age.split("-")[0].rstrip("+"))
                    male = place[1] + start / 1000
                    rows.append(
                        (
                            *place,
                            2,
                            variant,
                            year,
                            year + 0.5,
                            age,
                            start,
                            5,
                            male,
                            male + 1,
                            2 * male + 1,
                        )
                    )
    return pd.DataFrame(rows, columns=UN_COLUMNS)


FIVE_YEARS = [*(f"{a}-{a + 4}" for a in range(0, 100, 5)), "100+"]
SINGLE_YEARS = [*map(str, range(100)), "100+"]


@pytest.mark.parametrize("ages", [FIVE_YEARS, SINGLE_YEARS])
@pytest.mark.parametrize("suffix", ["csv", "csv.gz"])
def test_the_un_s_files_are_read_as_they_are(tmp_path, ages, suffix):
    path = tmp_path / f"WPP2024_PopulationByAgeSex_Medium.{suffix}"
    un_file(ages).to_csv(path, index=False, encoding="utf-8")
    world = read_world(population=path)
    assert list(world.places.index) == ["CIV", "KEN", "NAM", "XKX"]
    assert list(world.population["age"].to_numpy()) == [
        parse_band(age).label for age in ages
    ]
    assert list(world.population["year"].to_numpy()) == [2020, 2021]
    kosovo = world.population.sel(
        country="XKX", year=2020, sex="female", age="100+"
    ).item()
    assert kosovo == pytest.approx(1000 * (412 + 100 / 1000 + 1))
    assert world.covariates.loc["XKX"].isna().all()
    assert persons(world, ["0-4"], 2020).sel(country="XKX").sum() > 0


def test_kosovo_beside_kenya_in_the_un_s_layout():
    rows = [("", "KEN", 2020, "0-4", 3.5, 3.4), ("", "XKX", 2020, "0-4", 0.06, 0.06)]
    table = pd.DataFrame(
        rows, columns=["Notes", "ISO3_code", "Time", "AgeGrp", "PopMale", "PopFemale"]
    )
    world = read_world(population=table)
    assert world.population.sel(year=2020).sum(
        ["sex", "age"]
    ).to_series().to_dict() == {"KEN": 6900, "XKX": 120}


def test_the_middle_of_a_year_is_that_year():
    table = un_file(["0-4", "5+"])
    xr.testing.assert_identical(
        read_population(table.assign(Time=table["MidPeriod"])), read_population(table)
    )
    xr.testing.assert_identical(
        read_population(table.assign(Time=table["Time"].astype(float))),
        read_population(table),
    )


def test_of_several_variants_one_is_chosen_by_its_name():
    table = un_file(["0-4", "5+"], variants=("Medium", "High"))
    table.loc[table["Variant"] == "High", ["PopMale", "PopFemale"]] *= 2
    with pytest.raises(
        UncountedError, match=r"several variants, 'High', 'Medium'.*variant='High'"
    ):
        read_population(table)
    high, medium = (read_population(table, variant) for variant in ("High", "Medium"))
    xr.testing.assert_allclose(high, 2 * medium)
    xr.testing.assert_identical(
        medium, read_population(table[table["Variant"] == "Medium"])
    )
    xr.testing.assert_identical(
        read_world(population=table, variant="High").population, high
    )
    with pytest.raises(
        UncountedError, match=r"no variant 'Medum'. Did you mean 'Medium'"
    ):
        read_population(table, "Medum")


def test_variants_of_different_years_are_several_too():
    table = pd.concat(
        [un_file(["0+"], (2020,), ("Medium",)), un_file(["0+"], (2021,), ("High",))]
    )
    with pytest.raises(UncountedError, match="several variants"):
        read_population(table)


def test_estimates_of_years_past_are_of_every_variant():
    past = un_file(["0+"], (2019, 2020), ("Estimates",))
    table = pd.concat([past, un_file(["0+"], (2021,), ("Medium", "High"))])
    for variant in ("Medium", "High"):
        assert list(read_population(table, variant)["year"].to_numpy()) == [
            2019,
            2020,
            2021,
        ]
    assert list(
        read_population(pd.concat([past, un_file(["0+"], (2021,))]))["year"].to_numpy()
    ) == [2019, 2020, 2021]


def test_layouts_without_codes_or_variants_are_a_sentence(small):
    old = un_file(["0+"]).drop(columns=["ISO3_code", "ISO2_code"])
    with pytest.raises(
        UncountedError, match=r"layout of 2019, which has no ISO3_code.*country_codes"
    ):
        read_population(old)
    with pytest.raises(UncountedError, match=r"variant='Medium' is of the UN's layout"):
        read_population(small["population"], "Medium")
