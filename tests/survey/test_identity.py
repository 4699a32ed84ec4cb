"""Identity: what one survey is, what was asked alike in it, and ids that several
sources share.
"""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import uncounted as un
from uncounted.errors import UncountedError
from uncounted.figures.identity import distinct, parts, shared_ids

ROW = {
    "survey": "wave", "country": "KEN", "source": "home", "year": 2014, "until": np.nan, "sex": "both", "age": "all",
    "definition": "", "window": np.nan,
}  # fmt: skip
CELL = ["sex", "age"]


def told(*changes: dict) -> pd.DataFrame:
    return distinct(pd.DataFrame([ROW | change for change in changes]), CELL)


@pytest.mark.parametrize(
    ("changes", "ids"),
    [
        (({}, {"sex": "female"}), ["wave", "wave"]),
        (({}, {"country": "UGA"}), ["wave (KEN)", "wave (UGA)"]),
        (({}, {"source": "phone"}), ["wave (home)", "wave (phone)"]),
        (
            ({}, {"source": "phone"}, {"country": "UGA"}),
            ["wave (KEN, home)", "wave (KEN, phone)", "wave (UGA)"],
        ),
        (({}, {"year": 2015}), ["wave (2014)", "wave (2015)"]),
        (({}, {"year": 2015, "country": "UGA"}), ["wave (KEN)", "wave (UGA)"]),
        (
            ({}, {"country": "UGA"}, {"year": 2015}),
            ["wave (KEN) (2014)", "wave (UGA)", "wave (KEN) (2015)"],
        ),
        (({"survey": "a"}, {"survey": "b", "country": "UGA"}), ["a", "b"]),
    ],
)
def test_a_survey_is_of_one_country_source_and_fieldwork(changes, ids):
    assert list(told(*changes)["survey"]) == ids


def test_years_of_which_no_cell_repeats_are_one_fieldwork():
    rows = told(
        {"sex": "female"},
        {"sex": "male", "year": 2015},
        {"survey": "other", "year": 2016},
    )
    assert list(rows["survey"]) == ["wave", "wave", "other"]
    assert list(rows["year"]) == [2014, 2014, 2016]
    np.testing.assert_array_equal(rows["until"], [2015, 2015, np.nan])
    assert list(rows["series"]) == [""] * 3


def test_fieldwork_that_a_table_declares_stays():
    rows = told({"sex": "female", "until": 2016}, {"sex": "male", "year": 2015})
    assert list(rows["until"]) == [2016, 2016]


def test_the_same_cell_in_several_years_is_a_survey_a_year_and_one_series():
    rows = told({}, {"year": 2015}, {"year": 2016, "sex": "female"})
    assert list(rows["survey"]) == ["wave (2014)", "wave (2015)", "wave (2016)"]
    assert set(rows["series"]) == {"wave"}
    assert list(rows["year"]) == [2014, 2015, 2016]
    assert rows["until"].isna().all()


def test_a_series_of_the_table_keeps_its_name():
    rows = told(
        {"series": "register"}, {"series": "register", "year": 2015, "sex": "female"}
    )
    assert list(rows["survey"]) == ["wave (2014)", "wave (2015)"]
    assert set(rows["series"]) == {"register"}


def test_cells_of_other_wordings_or_windows_do_not_repeat():
    for change in ({"definition": "narrow"}, {"window": 5.0}):
        assert set(told({}, {"year": 2015, **change})["survey"]) == {"wave"}


def test_parts_of_a_survey_were_asked_alike():
    rows = pd.DataFrame(
        [
            ROW,
            ROW | {"sex": "female"},
            ROW | {"window": 5.0},
            ROW | {"window": 1.0},
            ROW | {"definition": "narrow"},
            ROW | {"survey": "other"},
        ]
    )
    assert parts(rows).nunique() == 5
    assert parts(rows)[0] == parts(rows)[1]
    assert list(parts(rows.iloc[::-1]).sort_index()) == list(parts(rows))


SURVEYS = st.lists(
    st.fixed_dictionaries(
        {
            "survey": st.sampled_from(["a", "b"]),
            "country": st.sampled_from(["KEN", "UGA"]),
            "source": st.sampled_from(["home", "phone"]),
            "year": st.integers(2010, 2012),
            "sex": st.sampled_from(["female", "male", "both"]),
            "series": st.sampled_from(["", "s"]),
        }
    ),
    min_size=1,
    max_size=8,
)


@settings(deadline=None)
@given(SURVEYS)
def test_whatever_ids_repeat_no_survey_counts_a_cell_twice(changes):
    rows = pd.DataFrame([ROW | change for change in changes])
    rows = rows.drop_duplicates(
        ["survey", "country", "source", "year", *CELL], ignore_index=True
    )
    named = distinct(rows, CELL)
    assert len(named) == len(rows)
    assert (
        named.groupby("survey")[["country", "source", "year"]].nunique().max(axis=None)
        == 1
    )
    assert not named.duplicated(["survey", *CELL]).any()
    # rows of several ids, countries or sources are never of one survey
    before = rows[["survey", "country", "source"]].apply(tuple, axis=1)
    assert before.groupby(named["survey"]).nunique().max() == 1
    again = distinct(rows.iloc[::-1], CELL).sort_index()
    pd.testing.assert_frame_equal(again, named)


def counted(*rows: tuple[str, str]) -> un.Evidence:
    about = {"year": 2015, "sex": "both", "age": "15+", "n": 100.0, "y": 5.0}
    return un.counts(
        pd.DataFrame(
            [{"survey": survey, "country": country} | about for survey, country in rows]
        ),
        "x",
    )


def test_sources_may_share_an_id_between_countries_but_no_survey():
    first, second = counted(("wave", "KEN"), ("own", "KEN")), counted(("wave", "UGA"))
    assert shared_ids([first.rows, second.rows]) == []
    seen = un.pooled([first, second])
    assert sorted(seen.rows["survey"]) == ["own", "wave (KEN)", "wave (UGA)"]
    assert len(seen.surveys) == 3
    remade = seen.remade((seen.rows["country"] == "UGA").to_numpy())
    assert list(remade["left"]) == list(seen.rows["country"] != "UGA")
    assert shared_ids([first.rows, first.rows.iloc[:1]]) == [
        f"{first.rows['survey'][0]} of KEN"
    ]
    with pytest.raises(UncountedError, match=r"share the survey\(s\) wave of KEN"):
        un.pooled([first, counted(("wave", "KEN"))])
