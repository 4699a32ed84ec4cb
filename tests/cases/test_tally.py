"""Tally: each person once, by the rule; what is left out and why; which counts are not
known for sure.
"""

import re

import numpy as np
import pandas as pd
import pytest

import uncounted as un
from uncounted.cases.tally import tally
from uncounted.errors import UncountedError

ADULTS = "sexual per labour, adults"
CELL = {
    "year": 2015,
    "country": "GHA",
    "sex": "female",
    "age": "adult",
    "labour": 1,
    "sexual": 0,
    "count": 40,
}
SEXUAL = {"labour": 0, "sexual": 1, "count": 10}
BOTH = {"labour": 1, "sexual": 1, "count": 6}


@pytest.fixture(scope="module")
def world() -> un.World:
    return un.read_world()


@pytest.fixture
def counted(world):
    """Return a function that tallies rows of a table, each CELL with changes."""

    def of(
        *rows: dict,
        ratios=(ADULTS,),
        both="sexual",
        periods=((2014, 2016),),
        year=2016,
        **more,
    ):
        records = un.read_records(
            pd.DataFrame([CELL | row for row in rows]).astype("str"), **more
        )
        return tally(records, world, ratios, both=both, periods=periods, year=year)

    return of


@pytest.mark.parametrize(
    ("both", "y", "n"),
    [("sexual", 16, 56), ("labour", 10, 56), ("shared", 13, 56), ("apart", 10, 50)],
)
def test_somebody_in_both_forms_counts_once_by_the_stated_rule(counted, both, y, n):
    found = counted({}, SEXUAL, BOTH, both=both)
    assert (found.y.sum(), found.n.sum()) == (y, n)
    assert found.left_out["reason"].tolist() == (
        ["in several forms, left out by the rule"] if both == "apart" else []
    )


def test_an_unknown_form_matters_only_where_it_could_change_the_answer(counted):
    unknown = {"labour": "", "sexual": 1, "count": 5}
    assert counted({}, unknown, both="sexual").y.sum() == 5
    found = counted({}, SEXUAL, unknown, both="labour")
    assert found.y.sum() == 10
    assert found.left_out.to_dict("records") == [
        {"reason": "form unknown", "rows": 1, "registrations": 5}
    ]


def test_all_ratios_and_periods_are_counted_apart(counted):
    rows = [
        {},
        SEXUAL,
        {"age": "child", "count": 8},
        SEXUAL | {"age": "child", "count": 4, "year": 2012},
    ]
    found = counted(*rows, ratios=list(un.RATIOS), periods=[(2012, 2013), (2014, 2016)])
    assert found.at == 1
    assert found.y.sum(axis=(1, 2)).tolist() == [[0, 10], [0, 8], [4, 0]]
    assert found.n.sum(axis=(1, 2)).tolist() == [[0, 50], [0, 48], [4, 10]]


def test_places_are_codes_of_two_or_three_letters_or_regions(counted):
    found = counted(
        {"country": "GH"},
        SEXUAL,
        {"country": "Africa", "count": 9},
        {"country": "", "count": 2},
    )
    assert found.units["place"].tolist() == ["Africa", "GHA"]
    assert found.units["region"].tolist() == ["Africa", "Africa"]
    assert found.n.sum() == 59
    assert found.left_out["reason"].tolist() == ["country unknown"]


def test_a_suppressed_count_makes_its_year_unsure_and_no_other(counted):
    found = counted(
        {},
        SEXUAL | {"count": "<5"},
        {"year": 2016, "count": 30},
        SEXUAL | {"year": 2016, "count": 7},
    )
    assert (found.y.sum(), found.n.sum()) == (7, 37)
    assert found.a[0][found.log_weight[0] > -1e8].tolist() == [1, 2, 3, 4]
    assert set(found.b[0]) == {40}


def test_rows_of_a_person_each_are_never_unsure(world):
    rows = pd.DataFrame([CELL, CELL, CELL | SEXUAL]).drop(columns="count")
    found = tally(
        un.read_records(rows),
        world,
        [ADULTS],
        both="sexual",
        periods=[(2015, 2015)],
        year=2015,
    )
    assert (found.y.sum(), found.n.sum(), len(found.cell)) == (1, 3, 0)


def test_shipped_records_lose_only_what_is_blank(world):
    records = un.read_records("cases/records.csv")
    periods = [(2012, 2013), (2014, 2016)]
    found = tally(
        records, world, list(un.RATIOS), both="sexual", periods=periods, year=2016
    )
    assert found.left_out["registrations"].sum() < 0.1 * records.registrations
    assert np.isin(found.cell, np.arange(found.y.size)).all()


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (
            {"both": "each"},
            (
                "both = 'each' doesn't say how somebody in several forms counts. Name"
                " the form under which"
            ),
        ),
        ({"ratios": ["sexual per labour, adult"]}, f"Did you mean '{ADULTS}'?"),
        (
            {"ratios": [un.Ratio("a", ("begging", "adult"), ("labour", "adult"))]},
            "is of adults in 'begging', which",
        ),
        (
            {"ratios": [un.Ratio("a", ("labour", "adult"), ("labour", "adult"))]},
            "has the same persons on both sides",
        ),
        ({"ratios": []}, "The ratios are none, or two have one name."),
        ({"periods": [(2014, 2016), (2016, 2017)]}, "overlap or run backwards."),
        ({"year": 2019}, "holds 2019, the year that the estimate speaks of. Add one."),
    ],
)
def test_what_cannot_be_asked_for(counted, told, sentence):
    with pytest.raises(UncountedError, match=re.escape(sentence)):
        counted({}, SEXUAL, **told)


def test_an_unknown_country_is_named_with_the_nearest(counted):
    with pytest.raises(UncountedError, match="Viet Nam → VNM"):
        counted({"country": "Viet Nam"})


def test_records_that_tell_nothing_are_refused(counted):
    with pytest.raises(
        UncountedError,
        match=(
            r"have nobody whose ratio could be told. Left out: sex unknown \(1 rows\)"
        ),
    ):
        counted({"sex": ""})
