"""Disclosure: small observed counts are masked, and with them what would give them
back.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import uncounted as un
from uncounted.figures.ledger import Ledger
from uncounted.observations.disclosure import (
    masked,
    released,
    released_inputs,
    released_ledger,
    released_sums,
)
from uncounted.observations.elsewhere import ELSEWHERE
from uncounted.observations.evidence import Evidence

GROUP = pd.Series(
    {"GHA": "West", "TGO": "West", "KEN": "East", "UGA": "East", "FRA": "North"}
)


@pytest.fixture
def seen() -> Evidence:
    """Return five surveys: plain, with three cases, with eight respondents, with two
    without a case, from abroad.
    """
    rows = pd.DataFrame(
        {
            "survey": ["plain", "rare", "small", "common", "abroad"],
            "country": ["GHA", "TGO", "KEN", "UGA", "TGO"],
            "year": 2015,
            "sex": "both",
            "age": "15+",
            "n": [500.0, 400.0, 8.0, 100.0, 900.0],
            "y": [40.0, 3.0, 1.0, 98.0, 4.0],
            "source": ["survey"] * 4 + [ELSEWHERE],
        }
    )
    return un.counts(rows, "outcome")


def test_small_counts_are_masked_with_what_gives_them_back(seen):
    table = released(seen)
    assert dict(table["masked"]) == {
        "abroad": "cases",
        "common": "cases",
        "plain": "",
        "rare": "cases",
        "small": "respondents, cases",
    }
    of_cases = table[["cases", "prevalence", "deff", "effective_n"]]
    assert of_cases.loc["plain"].notna().all()
    assert of_cases.drop("plain").isna().all(axis=None)
    assert table["respondents"].isna().to_dict() == {
        "abroad": False,
        "common": False,
        "plain": False,
        "rare": False,
        "small": True,
    }


def test_a_survey_that_is_public_masks_nothing(seen):
    public = replace(seen, rows=seen.rows.assign(mask_below=0.0))
    assert (released(public)["masked"] == "").all()
    assert released(public).loc["rare", "cases"] == 3
    assert released(public).loc["small", "prevalence"] == pytest.approx(1 / 8)


def test_a_sum_is_shown_where_all_behind_it_is(seen):
    sums = released_sums(seen, ELSEWHERE, GROUP).set_index("group")
    assert (
        sums.loc["West", "respondents"] == 900
    )  # the surveys of GHA and TGO, not what was reported from abroad
    assert np.isnan(sums.loc["West", "cases"])  # else 40 + 3 gives back the 3
    assert np.isnan(sums.loc["West", "cases_elsewhere"])
    assert sums.loc["East", ["respondents", "cases"]].isna().all()
    assert sums.loc["East", "cases_elsewhere"] == 0
    assert list(sums.loc["North", ["respondents", "cases", "cases_elsewhere"]]) == [
        0,
        0,
        0,
    ]  # a true zero
    assert dict(sums["masked"]) == {
        "East": "respondents, cases",
        "North": "",
        "West": "cases, cases_elsewhere",
    }


def test_sums_by_country_and_by_group_tell_no_more_than_surveys(seen):
    """What is shown of a group is the sum of what is shown of its surveys."""
    table = released(seen)
    for group in (GROUP, pd.Series(GROUP.index, GROUP.index)):
        sums = released_sums(seen, ELSEWHERE, group).set_index("group")
        of = table[table["source"] != ELSEWHERE].groupby(table["country"].map(group))
        for count in ("respondents", "cases"):
            by_hand = (
                of[count]
                .apply(lambda counts: counts.sum(skipna=False))
                .reindex(sums.index, fill_value=0)
            )
            pd.testing.assert_series_equal(sums[count], by_hand, check_names=False)


def test_unknown_respondents_are_judged_by_their_effective_number(seen):
    bare = replace(seen, rows=seen.rows.assign(respondents=np.nan, cases=np.nan))
    assert dict(released(bare)["masked"]) == dict(released(seen)["masked"])


def test_the_ledger_hides_which_cell_it_was(seen):
    ledger = Ledger().add(
        seen.rows.assign(age="15-24").head(2), "excluded", "exactly 0 or 100 %"
    )
    assert set(released_ledger(replace(seen, ledger=ledger))["age"]) == {"masked"}
    public = replace(seen, rows=seen.rows.assign(mask_below=0.0), ledger=ledger)
    assert set(released_ledger(public)["age"]) == {"15-24"}


def test_inputs_are_rows_of_public_surveys_and_totals_of_others(seen):
    least = seen.rows["survey"].map({"plain": 0.0}).fillna(10.0)
    table = released_inputs(
        replace(seen, rows=seen.rows.assign(mask_below=least))
    ).set_index("survey")
    assert table.loc["plain", "ages"] == "15+"
    assert table.loc["plain", "y"] == 40
    assert (
        table.loc[["rare", "small", "common"], ["estimate", "n", "y", "cases", "deff"]]
        .isna()
        .all(axis=None)
    )
    assert table.loc["rare", "respondents"] == 400


def test_held_out_results_of_few_cases_are_masked(seen):
    table = pd.DataFrame(
        {
            "survey": ["plain", "rare"],
            "year": 2015,
            "observed": [0.08, 0.0075],
            "median": 0.05,
        }
    )
    table = table.assign(
        lower=0.01, upper=0.1, covered=True, below=[0.7, 0.1], log_score=-3.0
    )
    told = masked(table, seen).set_index("survey")
    assert told.loc["rare", ["observed", "covered", "below", "log_score"]].isna().all()
    assert told.loc["rare", ["year", "median", "lower", "upper"]].notna().all()
    assert told.loc["plain"].notna().all()


def test_a_card_says_below_what_is_masked(card_of_survey):
    rows = [
        {
            "survey": "s",
            "country": "GHA",
            "year": 2015,
            "estimate": 0.2,
            "n": 40,
            "sex": "both",
            "age": "all",
        }
    ]
    for words, least, shown in (
        ({}, 10, False),
        ({"mask_below": 0}, 0, True),
        ({"mask_below": 5}, 5, True),
    ):
        seen = un.evidence(
            un.read_survey(card_of_survey(rows, **words)), "wasting", by=()
        )
        assert (seen.rows["mask_below"] == least).all()
        assert released(seen)["cases"].notna().all() == shown


@pytest.mark.parametrize("wrong", [-1, "few", True])
def test_a_threshold_that_is_no_number_of_persons_is_refused(card_of_survey, wrong):
    rows = [
        {
            "survey": "s",
            "country": "GHA",
            "year": 2015,
            "estimate": 0.2,
            "n": 40,
            "sex": "both",
            "age": "all",
        }
    ]
    with pytest.raises(un.UncountedError, match="mask_below"):
        un.read_survey(card_of_survey(rows, mask_below=wrong))


def test_the_threshold_is_no_part_of_the_digest(seen):
    from uncounted.observations.evidence import digest_of

    assert digest_of(seen.rows.assign(mask_below=0.0)) == seen.digest


def test_interviews_and_families_bring_their_threshold():
    people = pd.DataFrame({"cty": ["GHA"] * 40, "yr": 2015, "k": [1] * 4 + [0] * 36})
    columns = {"country": "cty", "year": "yr"}
    told = un.read_respondents(
        people, columns, "k", constants={"sex": "female", "age": "15+"}, mask_below=3
    )
    seen = un.evidence(told, "k", by=())
    assert (seen.rows["mask_below"] == 3).all()
    assert released(seen)["cases"].iloc[0] == 4
    with pytest.raises(un.UncountedError, match="mask_below"):
        un.read_respondents(people, columns, "k", mask_below=-1)
