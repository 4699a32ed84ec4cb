"""The tables that ship say what their sources say, row by row."""

import pandas as pd
import pytest

from uncounted.world.shelf import shelf
from uncounted.world.world import read_world


def text(path) -> pd.DataFrame:
    return pd.read_csv(path, dtype="str", keep_default_na=False)


def test_geography(facts):
    source, ours = text(facts / "geography.csv"), text(shelf("data", "geography.csv"))
    ours = ours.loc[ours["iso3"] != "XKX"].reset_index(
        drop=True
    )  # of no list of ISO 3166; see data/SOURCES.md
    assert list(ours["iso3"]) == list(source["iso3"])
    for column in (
        "iso2",
        "name",
        "official_name",
        "un_region",
        "un_subregion",
        "who_region",
    ):
        pd.testing.assert_series_equal(ours[column], source[column])
    assert list(ours["region"]) == list(source["ilo_region"])
    assert list(ours["subregion"]) == list(source["ilo_subregion"])
    assert list(ours["m49"]) == list(source["m49"].str.zfill(3))
    income = (
        source["income_group"]
        .str.extract(r"^World Bank \((.*)\)$")[0]
        .str.capitalize()
        .fillna("")
    )
    assert list(ours["income_group"]) == list(income)
    for axis in ("lon", "lat"):
        assert list(ours[axis]) == [
            f"{float(x):.4f}" if x else "" for x in source[axis]
        ]


def test_population(facts):
    source, ours = text(facts / "population.csv"), text(shelf("data", "population.csv"))
    renamed = source.rename(columns={"persons_2015": "2015", "persons_2020": "2020"})
    pd.testing.assert_frame_equal(ours, renamed)


def test_covariates(facts):
    pd.testing.assert_frame_equal(
        text(shelf("data", "covariates.csv")), text(facts / "covariates.csv")
    )


def test_the_world_holds_every_row_of_population(world, facts):
    source = pd.read_csv(facts / "population.csv", keep_default_na=False).set_index(
        ["iso3", "sex", "age"]
    )
    for year in (2015, 2020):
        ours = (
            world.population.sel(year=year)
            .to_series()
            .rename_axis(["iso3", "sex", "age"])
        )
        assert len(ours) == len(source)
        assert (ours.loc[source.index] == source[f"persons_{year}"]).all()


@pytest.mark.parametrize(
    ("grouping", "column"),
    [
        ("ilo", "ilo_region"),
        ("m49", "un_region"),
        ("who", "who_region"),
        ("income", "income_group"),
    ],
)
def test_each_region_has_the_persons_of_its_countries(facts, grouping, column):
    source = (
        pd.read_csv(facts / "population.csv", keep_default_na=False)
        .groupby("iso3")["persons_2020"]
        .sum()
    )
    of = text(facts / "geography.csv").set_index("iso3")[column].loc[source.index]
    of = of.str.replace(
        r"^World Bank \((.*)\)$", lambda m: m[1].capitalize(), regex=True
    ).replace("", "not classified")
    world = read_world(grouping=grouping)
    ours = (
        world.population.sel(year=2020)
        .sum(["sex", "age"])
        .to_series()
        .groupby(world.places["region"])
        .sum()
    )
    assert ours.to_dict() == source.groupby(of).sum().to_dict()


def test_kosovo_is_where_its_neighbours_are():
    places = text(shelf("data", "geography.csv")).set_index("iso3")
    groups = ["region", "subregion", "un_region", "un_subregion", "who_region"]
    assert (
        places.loc[["SRB", "ALB", "MKD", "MNE"], groups] == places.loc["XKX", groups]
    ).all(axis=None)
    assert places.loc["XKX", ["iso2", "m49", "name"]].to_list() == ["XK", "", "Kosovo"]
    assert list(places.index) == sorted(places.index)
