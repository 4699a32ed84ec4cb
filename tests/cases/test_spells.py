"""Spells: two conventions that are never mixed, what is left out, what is refused."""

import re

import pandas as pd
import pytest

import uncounted as un
from uncounted.cases.durations import without_model
from uncounted.errors import UncountedError


def calendar(*rows: tuple) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["start", "end", "asked"]).assign(sex="female")


def lengths(*rows: tuple) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["duration", "ongoing"])


def test_calendar_spells_know_what_lies_inside_the_window():
    spells = un.read_spells(
        calendar((2008.0, 2013.5, 2016.5), (2015.5, "", 2016.5), (2009.0, "", 2016.5)),
        5,
    )
    assert spells.table[["years", "ongoing", "inside"]].to_numpy().tolist() == [
        [5.5, False, 2.0],
        [1.0, True, 1.0],
        [7.5, True, 5.0],
    ]


def test_dates_are_read_as_years():
    spells = un.read_spells(calendar(("2015-07-01", "", "2016-07-01")), 5)
    assert spells.table["years"].tolist() == [pytest.approx(1.0, abs=0.01)]


def test_lengths_do_not_tell_when_a_spell_ended():
    spells = un.read_spells(lengths((2.0, 0), (3.0, 1), ("", 1)), 5)
    assert spells.table["inside"].isna().tolist() == [True, False]
    assert spells.ledger.to_dict("records") == [
        {"reason": "duration unknown", "spells": 1}
    ]


def test_spells_that_cannot_touch_the_window_are_left_out_and_told():
    rows = calendar(
        (2008.0, 2010.0, 2016.5), (2015.0, "", 2016.5), ("", 2015.0, 2016.5)
    )
    told = un.read_spells(rows, 5).ledger.set_index("reason")["spells"].to_dict()
    assert told == {"ended before the window": 1, "start unknown": 1}


def test_both_counts_without_a_model_are_those_by_hand():
    rows = [
        (2012.5, 2014.5, 2016.5),
        (2015.5, "", 2016.5),
        (2000.0, "", 2016.5),
        (2010.5, 2013.0, 2016.5),
    ]
    told = without_model(un.read_spells(calendar(*rows), 5, "sex")).loc["female"]
    assert told["going_on"] == 0.5
    assert told["inside_window"] == pytest.approx((2 + 1 + 5 + 1.5) / 4 / 5)
    of_length = without_model(
        un.read_spells(lengths((2.0, 0), (9.0, 0), (3.0, 1)), 5)
    ).loc["all"]
    assert of_length["inside_window"] == pytest.approx((2 - 4 / 10 + 2.5 + 3) / 3 / 5)


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (
            calendar((2014.0, "", 2016.0)).assign(duration=2.0, ongoing=1),
            "mixes two conventions: start, end, asked,",
        ),
        (calendar((2014.0, "", 2016.0)).assign(ongoing=1), "mixes two conventions"),
        (
            calendar((2014.0, "", 2016.0)).drop(columns="asked"),
            "has start, end. Give start, end and asked, or duration",
        ),
        (
            calendar((2014.0, 2017.0, 2016.0)),
            "has a start or an end after the interview in 1 row(s), at line 2.",
        ),
        (
            calendar((2014.0, 2013.0, 2016.0)),
            "has an end before the start in 1 row(s), at line 2.",
        ),
        (
            calendar((2014, 2014, 2016)),
            (
                "has no length, as where start and end are whole years: give months or"
                " dates"
            ),
        ),
        (
            calendar(("spring", "", 2016)),
            "has a start that is no year and no date in 1 row(s), at line 2.",
        ),
        (
            calendar((2014.0, "", "")),
            "has no time of the interview in 1 row(s), at line 2.",
        ),
        (
            lengths((0, 0), (1, 1)),
            "has no duration in years above 0 in 1 row(s), at line 2.",
        ),
        (
            lengths((1, "perhaps")),
            "has an `ongoing` that is neither 1 nor 0 in 1 row(s), at line 2.",
        ),
        (
            lengths((1, 0), (2, 0)),
            (
                "has no spell of 'all' that goes on at the interview. Complete spells"
                " alone overstate"
            ),
        ),
        (
            calendar((2014.0, "", 2016.0)).drop(columns=["start", "end", "asked"]),
            "has no column of either convention.",
        ),
    ],
)
def test_what_a_table_may_not_say(rows, sentence):
    with pytest.raises(
        UncountedError, match=re.escape(f"The table of spells {sentence}")
    ):
        un.read_spells(rows, 5)


def test_groups_and_windows_must_be_there():
    with pytest.raises(UncountedError, match=r"has no column 'gender'\."):
        un.read_spells(calendar((2014.0, "", 2016.0)), 5, "gender")
    with pytest.raises(UncountedError, match="window_years = 0 should be the years"):
        un.read_spells(calendar((2014.0, "", 2016.0)), 0)
