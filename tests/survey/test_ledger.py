"""The ledger: one line for each row that did not enter as it stood."""

import pandas as pd

from uncounted.figures.ledger import COLUMNS, Ledger


def rows(*surveys: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "survey": surveys,
            "country": "GHA",
            "year": 2014,
            "sex": "both",
            "age": "all",
            "estimate": 0.1,
        }
    )


def test_a_ledger_grows_and_never_changes():
    empty = Ledger()
    first = empty.add(rows("a", "b"), "excluded", "why")
    second = first.add(rows("a"), "repaired", "how")
    assert (len(empty.lines), len(first.lines), len(second.lines)) == (0, 2, 3)
    assert list(second.lines.columns) == COLUMNS
    assert list(second.lines.index) == [0, 1, 2]
    assert second.add(rows(), "excluded", "nothing") is second


def test_split_keeps_one_part_and_writes_the_other_down():
    table = rows("a", "b", "c")
    kept, ledger = Ledger().split(table, table["survey"] == "b", "not wanted")
    assert list(kept["survey"]) == ["a", "c"]
    assert ledger.lines[["action", "why", "survey"]].to_numpy().tolist() == [
        ["excluded", "not wanted", "b"]
    ]


def test_less_forgets_exactly_these_rows():
    table = pd.concat(
        [rows("a", "b"), rows("a").assign(sex="female")], ignore_index=True
    )
    ledger = (
        Ledger().add(table, "repaired", "how").add(table.iloc[[1]], "excluded", "why")
    )
    left = ledger.less(table.iloc[[0]]).lines
    assert left[["survey", "sex", "action"]].to_numpy().tolist() == [
        ["b", "both", "repaired"],
        ["a", "female", "repaired"],
        ["b", "both", "excluded"],
    ]
    assert len(Ledger().less(table).lines) == 0


def test_the_summary_counts_rows_and_surveys():
    ledger = (
        Ledger()
        .add(rows("a", "a", "b"), "excluded", "why")
        .add(rows("a"), "excluded", "other")
        .add(rows("c"), "repaired", "how")
    )
    told = ledger.summary()
    assert list(told.columns) == ["action", "why", "rows", "surveys", "respondents"]
    assert told[["action", "why", "rows", "surveys"]].to_numpy().tolist() == [
        ["excluded", "why", 3, 2],
        ["excluded", "other", 1, 1],
        ["repaired", "how", 1, 1],
    ]
    assert told["respondents"].isna().all()  # nobody said how many they are
    assert Ledger().summary().empty
    assert list(Ledger().summary().columns) == list(told.columns)
    assert "excluded: 1 row of 1 survey, other" in repr(ledger)
    assert repr(Ledger()) == "Every row entered as it stood."


def test_only_excluded_lines_leave_out_persons():
    table = rows("a", "b", "c").assign(
        n=[100.0, 50.0, None], respondents=[120.0, None, None], cases=[3.0, None, None]
    )
    ledger = (
        Ledger()
        .add(table, "excluded", "why")
        .add(table, "repaired", "how")
        .add(table, "not used again", "twice")
    )
    lost = ledger.lines.loc[
        ledger.lines["action"] == "excluded", ["respondents", "cases"]
    ]
    assert lost.fillna(-1).to_numpy().tolist() == [[120, 3], [50, -1], [-1, -1]]
    others = ledger.lines.loc[
        ledger.lines["action"] != "excluded", ["respondents", "cases"]
    ]
    assert others.isna().all(axis=None)
    assert ledger.summary().set_index("why")["respondents"].fillna(-1).to_dict() == {
        "why": 170,
        "how": -1,
        "twice": -1,
    }


def test_a_ledger_is_said_in_lines():
    ledger = (
        Ledger()
        .add(rows("a", "a"), "excluded", "why")
        .add(rows("c"), "repaired", "how")
    )
    assert (
        str(ledger)
        == "excluded: 2 rows of 1 survey, why\nrepaired: 1 row of 1 survey, how"
    )
