import dataclasses

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from uncounted.errors import UncountedError
from uncounted.world.grouping import GROUPINGS, NO_GROUP
from uncounted.world.world import (
    GROUPS,
    check_codes,
    groups,
    persons,
    read_world,
    standardised,
)


def same(a, b):
    pd.testing.assert_frame_equal(a.places, b.places)
    pd.testing.assert_frame_equal(a.covariates, b.covariates)
    pd.testing.assert_frame_equal(a.elsewhere, b.elsewhere)
    xr.testing.assert_identical(a.population, b.population)
    assert a.digest == b.digest


def test_the_shipped_world(world):
    assert (len(world.places), len(world.elsewhere), world.covariates.shape[1]) == (
        200,
        50,
        18,
    )
    assert world.places.index.is_monotonic_increasing
    assert list(world.covariates.index) == list(world.places.index)
    assert (world.places["region"] == world.places["ilo_region"]).all()
    assert world.places["region"].nunique() == 5
    assert world.places["subregion"].nunique() == 12
    with pytest.raises(dataclasses.FrozenInstanceError):
        world.places = None


def test_a_geography_of_ones_own_takes_its_countries_covariates(world):
    codes = ["GHA", "KEN", "XKX"]
    geography = pd.DataFrame(
        {"iso3": codes, "name": codes, "region": "One", "subregion": "One"}
    )
    cells = pd.MultiIndex.from_product(
        [codes, ["female", "male"], ["0-14", "15+"]], names=["iso3", "sex", "age"]
    )
    few = read_world(geography, cells.to_frame(index=False).assign(**{"2020": 1e6}))
    pd.testing.assert_frame_equal(
        few.covariates.loc[["GHA", "KEN"]], world.covariates.loc[["GHA", "KEN"]]
    )
    assert few.covariates.loc["XKX"].isna().all()


def test_the_shipped_world_is_what_it_was_before_kosovo_had_a_row(world):
    """Nothing that ships may move because a territory without population was added."""
    assert (
        world.digest
        == "e9833b2c1b3aecf61ef3b194e08e6aebcb3730784988a3dced3d540c40648b7a"
    )
    assert "XKX" not in world.places.index
    assert "XKX" in world.elsewhere.index


def test_shipped_geography_is_the_source(world, facts):
    source = pd.read_csv(
        facts / "geography.csv", dtype="str", keep_default_na=False
    ).set_index("iso3")
    assert set(world.places.index) == set(
        source.index[source["in_population"] == "True"]
    )
    source = source.loc[world.places.index]
    for column in (
        "iso2",
        "name",
        "official_name",
        "ilo_region",
        "ilo_subregion",
        "un_region",
        "un_subregion",
    ):
        assert (world.places[column] == source[column]).all(), column
    assert (world.places["m49"] == source["m49"].str.zfill(3)).all()
    income = (
        source["income_group"]
        .str.removeprefix("World Bank (")
        .str.removesuffix(")")
        .str.capitalize()
    )
    assert (world.places["income_group"] == income.replace("", NO_GROUP)).all()


def test_shipped_covariates_are_the_source(world, facts):
    source = (
        pd.read_csv(facts / "covariates.csv", index_col="iso3")
        .astype(float)
        .loc[world.places.index]
    )
    np.testing.assert_allclose(world.covariates, source, rtol=1e-12)
    assert list(world.covariates.columns) == list(source.columns)


def test_namibia_and_a_country_called_not_available_survive(small, tmp_path):
    small["geography"].loc[0, "name"] = "N/A"
    paths = {}
    for name, table in small.items():
        paths[name] = tmp_path / f"{name}.csv"
        table.to_csv(paths[name], index=False)
    world = read_world(**paths)
    assert world.places.loc["NAM", "iso2"] == "NA"
    assert world.places.loc["GHA", "name"] == "N/A"
    same(world, read_world(**small))
    same(world, read_world(**{name: str(path) for name, path in paths.items()}))


def test_namibia_ships(world):
    assert world.places.loc["NAM", "iso2"] == "NA"
    assert check_codes(world, ["NAM"], where="A test") == set()


@pytest.mark.parametrize("seed", range(3))
def test_rows_in_any_order_are_the_same_world(world, tables, seed):
    same(
        world,
        read_world(
            **{
                name: table.sample(frac=1, random_state=seed)
                for name, table in tables.items()
            }
        ),
    )


def test_the_digest_sees_every_table(small):
    digests = {read_world(**small).digest, read_world(**small, grouping="ilo").digest}
    assert len(digests) == 1
    for name, column, value in [
        ("geography", "subregion", "North"),
        ("population", "2020", 1.0),
        ("covariates", "hdi", 0.1),
    ]:
        table = small[name].copy()
        table.loc[0, column] = value
        digests.add(read_world(**(small | {name: table})).digest)
    assert len(digests) == 4


@pytest.mark.parametrize("grouping", GROUPINGS)
def test_every_grouping_sums_to_the_world(grouping):
    world = read_world(grouping=grouping)
    people = persons(world, ["0+"], 2020).sum(["sex", "age"]).to_series()
    for by in GROUPS:
        assert people.groupby(groups(world, by)).sum().sum() == pytest.approx(
            7_793_491_545
        )
    regions = world.places.groupby("subregion")["region"].nunique()
    assert (regions == 1).all()


def test_groupings_of_one_level(world):
    who = read_world(grouping="who").places
    assert (who["region"] == who["subregion"]).all()
    assert who.loc["PRI", "region"] == NO_GROUP
    assert who.loc["GHA", "region"] == "Africa"
    assert read_world(grouping="income").places.loc["ETH", "region"] == NO_GROUP
    assert (
        read_world(grouping="un").places.loc["GHA", "subregion"] == "Sub-Saharan Africa"
    )
    assert (world.places["who_region"] == who["region"]).all()


def test_your_own_grouping(small, tmp_path):
    own = pd.DataFrame(
        {"iso3": ["TGO", "GHA"], "region": ["A", "A"], "subregion": ["a1", ""]}
    )
    path = tmp_path / "own.csv"
    own.to_csv(path, index=False)
    for given in (own, path, str(path), own.set_index("iso3")):
        places = read_world(**small, grouping=given).places
        assert list(places["region"]) == ["A", NO_GROUP, "A"]
        assert list(places["subregion"]) == ["A", NO_GROUP, "a1"]
        assert list(places["ilo_subregion"]) == ["West", "South", "West"]


@pytest.mark.parametrize(
    ("own", "sentence"),
    [
        ({"iso3": ["GHA", "GHA"], "region": ["A", "B"]}, "more than one row for GHA"),
        ({"iso3": ["Ghana"], "region": ["A"]}, "grouping table has codes.*Ghana → GHA"),
        (
            {"iso3": ["GHA"], "regoin": ["A"]},
            "no column 'region'. Did you mean 'regoin'",
        ),
        (
            {"iso3": ["GHA", "TGO"], "region": ["A", "B"], "subregion": ["x", "x"]},
            "'x' is in more than one region: A, B",
        ),
    ],
)
def test_a_grouping_that_does_not_divide_the_world_is_a_sentence(small, own, sentence):
    with pytest.raises(UncountedError, match=sentence):
        read_world(**small, grouping=pd.DataFrame(own))


def test_an_unknown_grouping_is_a_sentence(world, small):
    with pytest.raises(UncountedError, match=r"no grouping 'iol'. Did you mean 'ilo'"):
        read_world(grouping="iol")
    with pytest.raises(
        UncountedError, match=r"no grouping 'subregon'. Did you mean 'subregion'"
    ):
        groups(world, "subregon")
    with pytest.raises(
        UncountedError, match=r"no file .*groups.csv for the grouping table"
    ):
        read_world(grouping="groups.csv")
    with pytest.raises(UncountedError, match="which who_region it is in"):
        read_world(**small, grouping="who")


def test_groups(world):
    assert set(groups(world, "world")) == {"World"}
    assert (groups(world, "country") == world.places.index).all()
    assert groups(world, "region").loc["VNM"] == "Asia and the Pacific"
    for by in GROUPS:
        found = groups(world, by)
        assert list(found.index) == list(world.places.index)
        assert found.index.name == "iso3"
        assert found.notna().all()


def test_your_own_groups(world):
    own = pd.Series({"VNM": "river", "LAO": "river", "ATA": "ice"})
    frame = pd.DataFrame({"iso3": own.index, "kind": own.to_numpy()})
    for given in (own, frame, frame.assign(region=own.to_numpy())):
        found = groups(world, given)
        assert set(found.index[found == "river"]) == {"VNM", "LAO"}
        assert (found == NO_GROUP).sum() == 198
    with pytest.raises(
        UncountedError, match="Rename the one 'iso3' and the other 'group'"
    ):
        groups(world, frame.assign(other=1))
    with pytest.raises(UncountedError, match="Viet Nam → VNM"):
        groups(world, pd.Series({"Viet Nam": "river"}))


def test_codes_are_listed_all_at_once_with_what_was_meant(world):
    wrong = [
        "GHA",
        "Viet Nam",
        "Cote d'Ivoire",
        "United Republic of Tanzania",
        "na",
        "gh",
        "ken",
        "288",
        "qqq",
    ]
    with pytest.raises(UncountedError) as caught:
        check_codes(world, wrong, where="The survey 'x'")
    sentence = str(caught.value)
    assert sentence.startswith(
        "The survey 'x' has codes that the geography table lacks: "
    )
    meant = {
        "Viet Nam": "VNM",
        "Cote d'Ivoire": "CIV",
        "United Republic of Tanzania": "TZA",
        "na": "NAM",
        "gh": "GHA",
    }
    for given, code in (meant | {"ken": "KEN", "288": "GHA"}).items():
        assert f"{given} → {code}" in sentence
    assert "; qqq." in sentence


def test_territories_without_population_are_returned(world):
    assert check_codes(world, ["GHA", "MCO", "GRL"], where="A test") == {"MCO", "GRL"}
    assert list(world.elsewhere.columns) == list(world.places.columns)


@pytest.mark.parametrize("name", ["population", "covariates"])
def test_tables_that_disagree_on_countries_are_a_sentence(small, name):
    table = small[name].replace({"GHA": "Ghana", "TGO": "XKX"})
    with pytest.raises(
        UncountedError, match=rf"The {name} table has codes.*Ghana → GHA; XKX"
    ):
        read_world(**(small | {name: table}))


def test_countries_without_covariates_are_missing(small):
    world = read_world(**(small | {"covariates": small["covariates"].iloc[:2]}))
    assert world.covariates["hdi"].isna().tolist() == [False, True, True]


def test_countries_without_population_are_elsewhere(small):
    world = read_world(
        **(small | {"population": small["population"].query("iso3 != 'NAM'")})
    )
    assert list(world.places.index) == ["GHA", "TGO"]
    assert world.elsewhere["name"].to_dict() == {"NAM": "Namibia"}


@pytest.mark.parametrize("blank", ["", "NA", "..", None])
def test_a_missing_number_may_be_written_in_several_ways(small, blank):
    table = small["covariates"].astype({"hdi": object})
    table.loc[0, "hdi"] = blank
    assert np.isnan(
        read_world(**(small | {"covariates": table})).covariates.loc["GHA", "hdi"]
    )


@pytest.mark.parametrize("wrong", ["high", "0,6", "inf", "1e999"])
def test_a_covariate_that_is_no_number_is_a_sentence(small, wrong):
    table = small["covariates"].astype({"hdi": object})
    table.loc[2, "hdi"] = wrong
    with pytest.raises(
        UncountedError, match=f"covariate 'hdi' of TGO is '{wrong}', no number"
    ):
        read_world(**(small | {"covariates": table}))


def test_z_scores(world):
    z = standardised(world, ["gini_index", "urban_pct"])
    assert z.shape == (200, 2)
    np.testing.assert_allclose(z.mean(), 0, atol=1e-12)
    np.testing.assert_allclose((z**2).mean(), 1)
    assert (z.isna() == world.covariates[["gini_index", "urban_pct"]].isna()).all(
        axis=None
    )


def test_z_scores_of_what_is_not_there_or_constant(world, small):
    with pytest.raises(
        UncountedError, match=r"no covariate 'urban'. Did you mean 'urban_pct'"
    ):
        standardised(world, ["urban"])
    table = small["covariates"].assign(hdi=0.1)
    with pytest.raises(UncountedError, match="'hdi' is the same in every country"):
        standardised(read_world(**(small | {"covariates": table})), ["hdi"])


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("iso3", "TGO", "more than one row for TGO"),
        ("iso3", "", "rows without an iso3 code: Ghana"),
        (
            "lon",
            "far",
            "lon of GHA in the geography table is no number of degrees within ±180",
        ),
        ("lat", 91, "lat of GHA"),
    ],
)
def test_a_bad_geography_is_a_sentence(small, column, value, sentence):
    table = small["geography"].assign(lon=0.0, lat=0.0).astype({column: object})
    table.loc[0, column] = value
    with pytest.raises(UncountedError, match=sentence):
        read_world(**(small | {"geography": table}))


def test_a_small_geography_is_enough(small):
    geography = small["geography"][["iso3", "name"]]
    own = pd.DataFrame({"iso3": ["GHA"], "region": ["A"]})
    world = read_world(**(small | {"geography": geography}), grouping=own)
    assert (world.places["who_region"] == NO_GROUP).all()
    assert world.places["lon"].isna().all()


def test_a_world_at_a_glance(world, small):
    page = repr(world)
    assert "200 countries in 12 subregions of 5 regions; 50 territories" in page
    assert "7,379 million in 2015, 7,793 million in 2020" in page
    assert "adult_literacy_pct 38%" in page
    bare = small | {"covariates": pd.DataFrame({"iso3": ["GHA"]})}
    assert "0 covariates" in repr(read_world(**bare))
