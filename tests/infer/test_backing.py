"""Backing: a number's evidence and surveys are of its own people; counts stand where
they are released.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import uncounted as un
from uncounted.infer.backing import asked

AGES = ("0-17", "18-39", "40+")
COUNTRIES = ("KEN", "BRA", "IND", "FRA")
CARD = un.Card(
    title="Asked", outcome="asked", ages=AGES, year=2020, people=("sex", "age"), place=("region", "country"),
    priors={
        "level": un.Prior("normal", (-2.0, 1.0)), "female": un.Prior("normal", (0.0, 0.5)),
        **{f"sigma_{name}": un.Prior("half_normal", (0.5,)) for name in ("age", "region", "country", "survey")},
    },
    name="asked",
)  # fmt: skip


def fit_of(rows: list[tuple[str, str, str, str]], world: un.World) -> un.Fit:
    """Return a fit of made-up draws whose evidence has rows of (survey, country, sex,
    age).
    """
    table = pd.DataFrame(rows, columns=["survey", "country", "sex", "age"]).assign(
        year=2020, n=200.0, y=20.0
    )
    evidence = un.counts(table, "asked")
    labels = {
        "country": list(world.places.index),
        "sex": ["female", "male"],
        "age": list(AGES),
    }
    shape = (1, 4, *map(len, labels.values()))
    p = xr.DataArray(np.full(shape, 0.1, "f4"), labels, ("chain", "draw", *labels))
    people = un.persons(world, CARD.ages, 2020, nearest=True)
    nothing = xr.Dataset()
    return un.Fit(
        p, p, nothing, nothing, people, CARD, world, evidence, 1, {"sampler": "none"}
    )


@pytest.fixture(scope="module")
def world() -> un.World:
    return un.read_world()


def test_a_survey_of_women_is_none_of_men(world):
    fit = fit_of([("dhs", "KEN", "female", "18-39")], world)
    rows = un.estimates(fit, ["country", "region"]).set_index(["group", "sex", "age"])
    assert rows.loc[("KEN", "female", "18-39"), "evidence"] == "surveyed"
    assert rows.loc[("KEN", "all", "all"), "evidence"] == "surveyed"
    others = [
        ("KEN", "male", "all"),
        ("KEN", "male", "18-39"),
        ("KEN", "female", "40+"),
        ("KEN", "all", "0-17"),
    ]
    assert (rows.loc[others, "evidence"] == "imputed").all()
    assert (rows.loc[others, "surveys"] == 0).all()
    assert rows.loc[("KEN", "all", "all"), "respondents"] == 200
    apart = rows[
        (rows.index.get_level_values("sex") != "all")
        | (rows.index.get_level_values("age") != "all")
    ]
    assert apart[["respondents", "cases", "cases_elsewhere"]].isna().all(axis=None)
    assert (
        rows.loc[("Africa", "all", "all"), "evidence"] == "imputed"
    )  # Kenya is few of Africa's people


ROW = st.tuples(
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from(COUNTRIES),
    st.sampled_from(["female", "male", "both"]),
    st.sampled_from(["0-17", "18-39", "40+", "0-39", "18+", "0+"]),
)
HOLDS = {"0-39": {"0-17", "18-39"}, "18+": {"18-39", "40+"}, "0+": set(AGES)}


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(ROW, min_size=1, max_size=8, unique=True))
def test_surveys_of_a_number_are_those_that_asked_such_people(world, rows):
    rows = [
        (f"{survey}-{country}", country, sex, age) for survey, country, sex, age in rows
    ]
    found = asked(fit_of(rows, world))["surveys"]
    for country in COUNTRIES:
        for sex in ("female", "male", "all"):
            for age in (*AGES, "all"):
                surveys = {
                    survey
                    for survey, of, asked_sex, asked_age in rows
                    if of == country
                    and (sex == "all" or asked_sex in (sex, "both"))
                    and (age == "all" or age in HOLDS.get(asked_age, {asked_age}))
                }
                assert int(found.sel(country=country, sex=sex, age=age)) == len(surveys)
    elsewhere = found.sel(sex="all", age="all").drop_sel(country=list(COUNTRIES))
    assert int(elsewhere.sum()) == 0


def test_ages_are_put_together_without_counting_a_survey_twice(world):
    fit = fit_of(
        [
            ("a", "KEN", "both", "18-39"),
            ("a", "KEN", "both", "40+"),
            ("b", "KEN", "both", "40+"),
        ],
        world,
    )
    found = asked(fit, ["children", "adults", "adults"])["surveys"].sel(
        country="KEN", sex="all"
    )
    assert found["age"].to_numpy().tolist() == ["children", "adults", "all"]
    assert found.to_numpy().tolist() == [0, 2, 2]


def test_a_group_is_surveyed_if_half_of_such_people_live_where_they_were_asked(world):
    asia = world.places.index[world.places["region"] == "Asia and the Pacific"]
    fit = fit_of(
        [(code, code, "female", "0+") for code in asia if code not in ("CHN", "IDN")],
        world,
    )
    rows = un.estimates(replace(fit, people=fit.people), ["region"]).set_index(
        ["group", "sex", "age"]
    )
    of_women = rows.loc[("Asia and the Pacific", "female", "all")]
    assert (of_women["evidence"], of_women["surveys"]) == ("surveyed", len(asia) - 2)
    assert rows.loc[("Asia and the Pacific", "male", "all"), "evidence"] == "imputed"
