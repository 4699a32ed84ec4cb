"""Totals of your own groups, which may overlap: each is the sum of its countries, draw
by draw.
"""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import uncounted as un
from uncounted.cli import main
from uncounted.errors import UncountedError
from uncounted.infer.totals import affected
from uncounted.tables.estimates import OVERLAP
from uncounted.world.grouping import NO_GROUP
from uncounted.world.world import divisions

TABLE = pd.DataFrame(
    [
        ("KEN", "LDC"),
        ("UGA", "EAC"),
        ("TZA", "EAC"),
        ("KEN", "EAC"),
        ("FRA", "LDC"),
        ("MCO", "small"),
    ],
    columns=["iso3", "group"],
)  # Monaco has no population here
STATS = {"median": np.median, "mean": np.mean}


def by_hand(fit, countries: list[str]) -> np.ndarray:
    """Return persons affected in some countries, in every draw."""
    world = affected(fit.p, fit.people, un.groups(fit.world, "country")).sel(
        sex="all", age="all"
    )
    return world.sel(group=countries).sum("group").to_numpy().ravel()


def test_an_overlapping_group_is_the_sum_of_its_countries_in_every_draw(fit):
    rows = un.affected(fit, TABLE).set_index("group")
    assert list(rows.index) == ["EAC", "LDC"]
    for name, countries in {
        "EAC": ["KEN", "TZA", "UGA"],
        "LDC": ["FRA", "KEN"],
    }.items():
        draws = by_hand(fit, countries)
        for stat, of_draws in STATS.items():
            assert rows.loc[name, stat] == pytest.approx(of_draws(draws), rel=1e-9)
        assert rows.loc[name, "lower"] == pytest.approx(
            np.quantile(draws, 0.025), rel=1e-9
        )
        assert rows.loc[name, "population"] == pytest.approx(
            fit.people.sel(country=countries).sum().item()
        )


def test_an_overlapping_group_is_what_it_is_alone(fit):
    together = un.estimates(fit, [TABLE])
    for name, group in TABLE.groupby("group"):
        if name != "small":
            alone = un.estimates(fit, [group])
            own = (
                together.loc[together["group"] == name]
                .drop(columns="note")
                .reset_index(drop=True)
            )
            pd.testing.assert_frame_equal(
                own, alone.loc[alone["group"] == name].reset_index(drop=True)
            )


def test_rows_of_overlapping_groups_say_so(fit):
    rows = un.prevalence(fit, [TABLE, "sex"])
    assert set(rows["note"]) == {OVERLAP}
    assert list(rows["group"]) == ["EAC", "EAC", "LDC", "LDC"]
    assert list(rows["sex"]) == ["female", "male"] * 2
    both = un.estimates(fit, ["world", TABLE])
    assert set(both.loc[both["grouping"] == "world", "note"]) == {""}
    assert "note" not in un.estimates(fit, ["world"])


def test_groups_that_divide_the_world_are_listed_with_the_countries_in_none(fit):
    rows = un.affected(fit, TABLE.loc[TABLE["group"] == "EAC"])
    assert list(rows["group"]) == ["EAC", NO_GROUP]
    assert "note" not in rows
    assert rows["population"].sum() == pytest.approx(fit.people.sum().item())


def test_a_table_may_be_a_path_a_frame_or_a_series_alone_or_in_a_list(fit, tmp_path):
    path = tmp_path / "groups.csv"
    TABLE.to_csv(path, index=False)
    series = TABLE.set_index("iso3")["group"]
    expected = un.prevalence(fit, TABLE)
    for table in (path, str(path), TABLE.set_index("iso3"), series):
        for by in (table, [table]):
            pd.testing.assert_frame_equal(un.prevalence(fit, by), expected)
    with pytest.raises(
        UncountedError,
        match=r"more than one grouping of places\. Ask for region and your own table",
    ):
        un.prevalence(fit, ["region", TABLE])


@pytest.mark.parametrize(
    "columns",
    [
        ("iso.country", "groupname"), ("iso3c", "group_name"), ("ISO3", "Region"), ("country_code", "Classification"),
        ("code", "group"), ("Country Code", "anything"), ("ISO3_code", "category"), ("country", "Group"),
    ],
)  # fmt: skip
def test_usual_headers_are_understood(fit, columns):
    pd.testing.assert_frame_equal(
        un.affected(fit, TABLE.set_axis(columns, axis=1)), un.affected(fit, TABLE)
    )


@pytest.mark.parametrize(
    "columns",
    [
        ("a", "b"),
        ("code", "country_code"),
        ("iso3", "x", "y"),
        ("iso3", "group", "region"),
    ],
)
def test_headers_that_are_not_clear_say_what_to_rename(fit, columns):
    table = pd.DataFrame([["KEN"] * len(columns)], columns=list(columns))
    with pytest.raises(
        UncountedError,
        match=rf"columns '{columns[0]}', .*Rename the one 'iso3' and the other 'group'",
    ):
        un.prevalence(fit, table)


def test_further_columns_may_stay(fit):
    named = TABLE.assign(country="a name", source="somebody")
    pd.testing.assert_frame_equal(un.affected(fit, named), un.affected(fit, TABLE))


def test_codes_of_groups_are_listed_together(fit):
    wrong = TABLE.replace({"KEN": "Kenya", "UGA": "UG", "FRA": "qqq"})
    with pytest.raises(
        UncountedError,
        match=r"grouping table has codes.*Kenya → KEN; UG → UGA; qqq\. Use",
    ):
        un.affected(fit, wrong)


def test_regions_of_a_world_still_divide_it():
    with pytest.raises(
        UncountedError,
        match=r"more than one row for KEN.*un\.prevalence\(fit, by=table\)",
    ):
        un.read_world(grouping=TABLE.rename(columns={"group": "region"}))
    with pytest.raises(
        UncountedError,
        match=r"several groups: KEN \(LDC, EAC\).*un\.prevalence\(fit, by=table\)",
    ):
        un.groups(un.read_world(), TABLE)


@settings(max_examples=30, deadline=None)
@given(
    st.sets(
        st.tuples(
            st.sampled_from(["KEN", "UGA", "TZA", "FRA", "NER", "LBR"]),
            st.sampled_from("abcd"),
        ),
        min_size=1,
    )
)
def test_divisions_have_each_group_whole_in_one_of_them(pairs):
    table = pd.DataFrame(sorted(pairs), columns=["iso3", "group"])
    found = {}
    for labels in divisions(SIX, table):
        assert list(labels.index) == list(SIX.places.index)
        for name in set(labels) - {NO_GROUP}:
            assert name not in found
            found[name] = set(labels.index[labels == name])
    assert found == {name: set(rows["iso3"]) for name, rows in table.groupby("group")}


def _six() -> un.World:
    codes = ["FRA", "KEN", "LBR", "NER", "TZA", "UGA"]
    people = pd.MultiIndex.from_product(
        [codes, ["female", "male"], ["0+"]], names=["iso3", "sex", "age"]
    )
    places = pd.DataFrame(
        {"iso3": codes, "name": codes, "region": "all", "subregion": "all"}
    )
    population = people.to_frame(index=False).assign(**{"2020": 100.0})
    return un.read_world(places, population, pd.DataFrame({"iso3": codes}))


SIX = _six()


def test_the_command_line_writes_a_row_for_each_group(
    monkeypatch, capsys, fit, tmp_path
):
    groups = tmp_path / "groups.csv"
    TABLE.to_csv(groups, index=False)
    monkeypatch.setattr("uncounted.read_fit", lambda _: fit)
    monkeypatch.setattr(
        "sys.argv", ["uncounted", "totals", "fit.nc", "--by", str(groups)]
    )
    with pytest.raises(SystemExit) as done:
        main()
    assert done.value.code in (0, None)
    lines = capsys.readouterr().out.splitlines()
    assert (
        sum(",EAC," in line for line in lines)
        == sum(",LDC," in line for line in lines)
        > 0
    )
    assert all(OVERLAP in line for line in lines[1:])


def test_the_command_line_says_what_to_rename(monkeypatch, capsys, fit, tmp_path):
    groups = tmp_path / "groups.csv"
    TABLE.set_axis(["a", "b"], axis=1).to_csv(groups, index=False)
    monkeypatch.setattr("uncounted.read_fit", lambda _: fit)
    monkeypatch.setattr(
        "sys.argv", ["uncounted", "totals", "fit.nc", "--by", str(groups)]
    )
    with pytest.raises(SystemExit) as done:
        main()
    assert done.value.code == 2
    assert (
        "Error: The grouping table has the columns 'a', 'b'" in capsys.readouterr().err
    )
