"""Bounds of a prevalence: against closed forms and against how often they hold the
truth.
"""

import numpy as np
import pytest
from scipy import stats

from uncounted.figures.interval import clopper_pearson, korn_graubard, logit_interval

ARRAYS = {
    "p": np.array([0.0, 0.1, 1.0]),
    "n": np.array([100.0, 100.0, 100.0]),
    "df": np.array([20.0, 20.0, 20.0]),
}


def test_clopper_pearson_at_whole_counts() -> None:
    lower, upper = clopper_pearson(
        np.array([0.0, 0.1, 1.0]), np.array([20.0, 20.0, 20.0]), 0.95
    )
    exact = [stats.binomtest(k, 20).proportion_ci(0.95, "exact") for k in (0, 2, 20)]
    np.testing.assert_allclose(lower, [ci.low for ci in exact], atol=1e-12)
    np.testing.assert_allclose(upper, [ci.high for ci in exact], atol=1e-12)


def test_few_degrees_of_freedom_widen_every_interval() -> None:
    p, n = np.array([0.2]), np.array([400.0])
    few, many = np.array([3.0]), np.array([300.0])
    for bounds in (
        lambda df: korn_graubard(p, n, n, df, 0.95),
        lambda df: logit_interval(p, np.array([0.02]), df, 0.95),
    ):
        narrow, wide = bounds(many), bounds(few)
        assert wide[0] < narrow[0] < p < narrow[1] < wide[1]


@pytest.mark.parametrize("df", [0.0, -1.0, np.nan])
def test_without_degrees_of_freedom_there_is_no_interval(df: float) -> None:
    p, one = np.array([0.2]), np.array([50.0])
    assert np.isnan(korn_graubard(p, one, one, np.array([df]), 0.95)).all()
    assert np.isnan(logit_interval(p, np.array([0.1]), np.array([df]), 0.95)).all()


def test_logit_says_nothing_at_zero_and_one() -> None:
    lower, upper = logit_interval(
        ARRAYS["p"], np.array([0.0, 0.03, 0.0]), ARRAYS["df"], 0.95
    )
    assert np.isnan(lower[[0, 2]]).all()
    assert 0 < lower[1] < 0.1 < upper[1] < 1
