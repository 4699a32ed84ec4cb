"""Replicated surveys look like the real ones if the model is right, and don't where
something is planted.
"""

from dataclasses import replace

import numpy as np
import pytest

import uncounted as un
from uncounted.checks.predictive import Predictive


@pytest.fixture(scope="module")
def found(small) -> Predictive:
    return un.predictive(small, seed=3)


def of(predictive: Predictive, statistic: str, source: str = "all", group: str = "all"):
    table = predictive.table.set_index(["statistic", "source", "group"])
    return table.loc[statistic, source, group]


def test_the_right_model_makes_surveys_like_these(found):
    assert found.table["below"].between(0.005, 0.995).all()
    assert set(found.table["source"]) == {"all", "phone", "visit"}
    inside = (found.surveys["lower"] <= found.surveys["observed"]) & (
        found.surveys["observed"] <= found.surveys["upper"]
    )
    assert len(found.surveys) == 80
    assert inside.mean() > 0.9
    assert "given the data" in repr(found)


def test_what_was_observed_is_the_evidence(found, small):
    rows = small.evidence.rows
    assert of(found, "prevalence")["observed"] == pytest.approx(
        rows["y"].sum() / rows["n"].sum()
    )
    mine = rows[(rows["sex"] == "female") & (rows["source"] == "phone")]
    sex = of(found, "prevalence by sex", "phone", "female")
    assert sex["observed"] == pytest.approx(mine["y"].sum() / mine["n"].sum())


def test_a_level_that_is_off_is_seen(small):
    """Surveys with 60 % of the cases that the fit was made from: no replicate has so
    few.
    """
    rows = small.evidence.rows.assign(y=0.6 * small.evidence.rows["y"])
    found = un.predictive(
        replace(small, evidence=replace(small.evidence, rows=rows)), seed=3
    )
    assert of(found, "prevalence")["below"] < 0.01
    assert of(found, "prevalence", "visit")["below"] < 0.01


def test_sexes_that_differ_the_other_way_are_seen(small):
    fit = replace(
        small, posterior=small.posterior.assign(female=-small.posterior["female"])
    )
    found = un.predictive(fit, seed=3)
    assert of(found, "prevalence by sex", group="female")["below"] > 0.99
    assert of(found, "prevalence by sex", group="male")["below"] < 0.01


def test_zeros_that_no_model_makes_are_seen(small):
    """Every tenth survey without a case, at a prevalence of 12 % among 600: nobody's
    model makes these.
    """
    rows = small.evidence.rows.copy()
    rows.loc[
        rows["survey"].isin(sorted(rows["survey"].unique())[::10]), ["y", "cases"]
    ] = 0.0
    found = un.predictive(
        replace(small, evidence=replace(small.evidence, rows=rows)), seed=3
    )
    zeros = of(found, "surveys without a case")
    assert zeros["observed"] == 8
    assert zeros["upper"] == 0
    assert zeros["below"] == 1.0


def test_before_any_data_anything_may_come(small, found):
    prior = un.predictive(small, seed=3, prior=True)
    assert prior.prior
    assert "before any data" in repr(prior)
    width = {
        one.prior: of(one, "prevalence")["upper"] - of(one, "prevalence")["lower"]
        for one in (found, prior)
    }
    assert width[True] > 3 * width[False]


def test_the_same_seed_gives_the_same(small, found):
    again = un.predictive(small, seed=3)
    np.testing.assert_array_equal(again.surveys["median"], found.surveys["median"])
