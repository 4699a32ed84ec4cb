"""Records: both layouts, what is unknown and why, suppressed and noisy counts, what is
refused.
"""

import re

import pandas as pd
import pytest

import uncounted as un
from uncounted.errors import UncountedError

PUBLIC = {
    "yearOfRegistration": ["2015", "2016", "-99", "2015", "2015"],
    "CountryOfExploitation": ["GH", "KE", "GH", "00", "GH"],
    "gender": ["Female", "Male", "Woman", "", "Female"],
    "majorityStatusAtExploit": ["Adult", "Minor", "-99", "Adult", "Adult"],
    "citizenship": ["NG", "UG", "NG", "NG", "NG"],
    "isForcedLabour": ["1", "0", "-99", "1", "1"],
    "isSexualExploit": ["0", "1", "1", "1", "0"],
    "isOtherExploit": ["0", "0", "0", "0", "0"],
}
CELL = {
    "year": 2015,
    "country": "GHA",
    "sex": "female",
    "age": "adult",
    "labour": 1,
    "sexual": 0,
}


def table(*rows: dict, **more: object) -> pd.DataFrame:
    return pd.DataFrame([CELL | more | row for row in rows])


def test_the_public_layout_is_read_and_keeps_what_is_unknown():
    records = un.read_records(pd.DataFrame(PUBLIC), "public case data")
    assert records.people
    assert records.registrations == 5
    assert records.forms == ("labour", "sexual", "other")
    two = records.table[records.table["count"] == 2].iloc[0]
    assert two[["year", "country", "sex", "age", "labour", "sexual"]].tolist() == [
        2015,
        "GH",
        "female",
        "adult",
        1,
        0,
    ]
    told = records.ledger.set_index(["column", "reason"])["registrations"]
    assert told.to_dict() == {
        ("year", "not stated in the source"): 1,
        ("country", "masked in the source"): 1,
        ("sex", "blank"): 1,
        ("age", "not stated in the source"): 1,
        ("labour", "not stated in the source"): 1,
    }
    assert records.table["labour"].isna().sum() == 1


def test_ages_are_read_as_words_bands_and_years():
    ages = ["9--17", "18--20", "48+", "15-24", "17", "18", "adult", "child", ""]
    records = un.read_records(
        table(*({"age": age, "year": 2000 + i} for i, age in enumerate(ages)))
    )
    assert records.table["age"].tolist() == [
        "child",
        "adult",
        "adult",
        "",
        "child",
        "adult",
        "adult",
        "child",
        "",
    ]
    assert set(records.ledger["reason"]) == {
        "blank",
        "the age band holds children and adults",
    }


def test_age_and_majority_status_complete_each_other_and_may_not_disagree():
    rows = table(
        {"age": "9-17", "majority": ""},
        {"age": "20", "majority": "child"},
        {"age": "", "majority": "Adult"},
    )
    records = un.read_records(rows.assign(year=[2000, 2001, 2002]))
    assert records.table["age"].tolist() == ["child", "", "adult"]
    assert records.ledger["reason"].tolist() == ["age and majority status disagree"]


def test_suppressed_counts_are_kept_as_an_interval_and_noise_as_its_sd():
    rows = table(
        {"count": "<5"}, {"count": "12", "sex": "male"}, {"count": "*", "age": "child"}
    )
    records = un.read_records(rows, suppressed={"*": 11})
    assert records.table.sort_values("below")["below"].tolist()[:2] == [5, 11]
    assert records.registrations == 14
    noisy = un.read_records(
        table({"count": -2.4}, {"count": 31.2, "sex": "male"}), noise_sd=3
    )
    assert noisy.table["noise_sd"].tolist() == [3, 3]


def test_forms_may_stand_in_one_column():
    rows = pd.DataFrame([CELL | {"form": "labour+sexual", "count": 3}]).drop(
        columns=["labour", "sexual"]
    )
    assert un.read_records(rows).table[["labour", "sexual"]].to_numpy().tolist() == [
        [1, 1]
    ]


def test_files_of_other_kinds_and_those_that_ship_are_read(tmp_path):
    table(CELL, CELL).to_parquet(tmp_path / "records.parquet")
    assert un.read_records(tmp_path / "records.parquet").registrations == 2
    shipped = un.read_records("cases/records.csv")
    assert 40_000 < shipped.registrations < 120_000
    assert shipped.table["below"].eq(5).sum() > 1000


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (
            [{"sex": "feminin"}],
            (
                "have no sex (female, male) in 1 row(s): 'feminin'. Mend them, or say"
                " in values="
            ),
        ),
        ([{"age": "old"}], "have no age in 1 row(s): 'old'."),
        ([{"labour": 2}], "have neither 1 nor 0 for 'labour' in 1 row(s): '2'."),
        ([{"year": 15}], "have no year in 1 row(s): '15'."),
        ([{"count": "few"}], "have no whole count from 0 in 1 row(s): 'few'."),
        ([{"count": 2.5}], "have no whole count from 0 in 1 row(s): '2.5'."),
        ([{"count": "<1"}], "have a suppressed count below 2 in 1 row(s): '<1'."),
        ([{"count": 5}, {"count": 6}], "have 1 cell(s) more than once"),
        ([{"count": 5}, {"count": 5}], "have 1 cell(s) more than once"),
    ],
)
def test_what_a_table_may_not_say(rows, sentence):
    with pytest.raises(
        UncountedError, match=re.escape(f"The victim records The table {sentence}")
    ):
        un.read_records(table(*rows))


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (
            {"layout": "public"},
            (
                "There is no layout 'public' of victim records. Known: own, public case"
                " data."
            ),
        ),
        ({"columns": {"gendre": "sex"}}, "Victim records have no role 'gendre'."),
        (
            {"columns": {"country": "land"}},
            "has no column for country (looked for 'land').",
        ),
        ({"forms": {"labour": "work"}}, "has no column for form (looked for 'work')."),
        ({"noise_sd": -1}, "have no sd of its noise"),
    ],
)
def test_what_may_not_be_said_of_a_table(told, sentence):
    with pytest.raises(UncountedError, match=re.escape(sentence)):
        un.read_records(table({"count": 3}), **told)
