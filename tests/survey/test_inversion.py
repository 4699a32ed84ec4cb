"""Effective respondents from intervals: every formula is undone, whatever was rounded
or cut.
"""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uncounted.figures.interval import (
    clopper_pearson,
    logit_interval,
    wald_interval,
    wilson_interval,
)
from uncounted.figures.inversion import METHODS, common_method, effective_n

KNOWN = [method for method in METHODS if method != "unknown"]


def interval(
    method: str, p: np.ndarray, n: np.ndarray, level: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    p, n = np.atleast_1d(p).astype(float), np.atleast_1d(n).astype(float)
    if method == "wald":
        return wald_interval(p, n, level)
    if method == "wilson":
        return wilson_interval(p, n, level)
    if method == "logit":
        return logit_interval(
            p, np.sqrt(p * (1 - p) / n), np.full(p.shape, np.inf), level
        )
    return clopper_pearson(p, n, level)


def printed(numbers: np.ndarray, half: float) -> np.ndarray:
    return np.round(numbers / (2 * half)) * 2 * half


sizes = st.floats(20, 1e6)
shares = st.floats(1e-4, 1 - 1e-4)
halves = st.sampled_from([0.005, 0.0005, 0.00005, 0.000005])


@pytest.mark.parametrize("method", KNOWN)
@given(n=sizes, share=shares, level=st.sampled_from([0.8, 0.9, 0.95, 0.99]))
@settings(deadline=None, max_examples=60)
def test_every_formula_is_undone(
    method: str, n: float, share: float, level: float
) -> None:
    p = np.array([np.clip(share, 0.5 / n, 1 - 0.5 / n)])
    lower, upper = interval(method, p, np.array([n]), level)
    inverted = effective_n(p, lower, upper, level, method)
    np.testing.assert_allclose(inverted.n, n, rtol=1e-5)
    assert inverted.method.tolist() == [method]
    assert inverted.width[0] < 1e-4


@pytest.mark.parametrize("method", KNOWN)
@given(n=sizes, share=shares, half=halves)
@settings(deadline=None, max_examples=60)
def test_width_bounds_the_error_of_rounded_numbers(
    method: str, n: float, share: float, half: float
) -> None:
    p = np.array([np.clip(share, 0.5 / n, 1 - 0.5 / n)])
    lower, upper = interval(method, p, np.array([n]))
    rounded = [printed(numbers, half) for numbers in (p, lower, upper)]
    inverted = effective_n(*rounded, method=method, digits=half)
    inner = 0 < rounded[0][0] < 1
    if np.isfinite(inverted.n[0]) and inner:
        # exact formulas hold at the printed estimate, and to a hundredth or two where
        # it was rounded
        slack = 0.02 if method in ("exact", "korn_graubard") else 1e-4
        assert abs(np.log(inverted.n[0] / n)) <= inverted.width[0] * (1 + 1e-6) + slack


@given(n=sizes, share=shares, half=halves | st.none(), method=st.sampled_from(METHODS))
@settings(deadline=None, max_examples=60)
def test_persons_without_it_are_as_many(
    n: float, share: float, half: float | None, method: str
) -> None:
    p = np.array([np.clip(share, 0.5 / n, 1 - 0.5 / n)])
    lower, upper = interval("logit", p, np.array([n]))
    affected = effective_n(p, lower, upper, method=method, digits=half)
    others = effective_n(1 - p, 1 - upper, 1 - lower, method=method, digits=half)
    np.testing.assert_allclose(others.n, affected.n, rtol=1e-4)


@given(
    p=st.floats(1e-4, 0.5),
    reach=st.floats(0.05, 0.9),
    shrink=st.floats(0.01, 0.98),
    method=st.sampled_from(METHODS),
    half=st.sampled_from([None, 0.00001]),
)
@settings(deadline=None, max_examples=80)
def test_wider_intervals_are_of_fewer(
    p: float, reach: float, shrink: float, method: str, half: float | None
) -> None:
    estimate = np.array([p, p])
    upper = p + (0.999 - p) * reach * np.array([1.0, shrink])
    if half and upper[1] - p < 3 * half:
        return
    inverted = effective_n(
        estimate, np.full(2, np.nan), upper, method=method, digits=half
    )
    assert inverted.n[0] <= inverted.n[1] * (1 + 1e-6)


@given(
    p=st.sampled_from([0.0, 1.0]) | st.floats(1e-9, 1 - 1e-9),
    low=st.floats(0, 1),
    high=st.floats(1e-3, 0.999),
    half=halves | st.none(),
)
@settings(deadline=None, max_examples=80)
def test_an_upper_bound_above_its_estimate_always_gives_an_n(
    p: float, low: float, high: float, half: float | None
) -> None:
    upper = p + (1 - p) * high
    if not p < upper < 1:
        return
    estimate, lower, upper = (
        np.full(len(METHODS), number) for number in (p, p * low, upper)
    )
    methods = np.array(METHODS, dtype=object)
    inverted = effective_n(estimate, lower, upper, method=methods, digits=half)
    assert (inverted.n > 0).all()
    assert (inverted.width >= 0).all()
    assert set(inverted.method) <= set(KNOWN)


@given(n=sizes, share=shares, method=st.sampled_from(KNOWN))
@settings(deadline=None, max_examples=60)
def test_more_digits_determine_more(n: float, share: float, method: str) -> None:
    p = np.array([np.clip(share, 0.5 / n, 1 - 0.5 / n)])
    bounds = interval(method, p, np.array([n]))
    coarse = effective_n(p, *bounds, method=method, digits=0.0005)
    fine = effective_n(p, *bounds, method=method, digits=0.00005)
    assert fine.width[0] <= coarse.width[0] + 1e-3


@given(u=st.floats(1e-5, 0.5), level=st.sampled_from([0.9, 0.95]))
@settings(deadline=None)
def test_zeros_are_undone_by_their_upper_bound(u: float, level: float) -> None:
    z = {0.9: 1.6448536269514722, 0.95: 1.959963984540054}[level]
    whole = np.log((1 - level) / 2) / np.log1p(-u)
    wilson = z**2 * (1 - u) / u
    methods = np.array(METHODS, dtype=object)
    zeros, uppers = np.zeros(len(METHODS)), np.full(len(METHODS), u)
    inverted = effective_n(zeros, zeros, uppers, level, methods)
    expected = np.where(methods == "wilson", wilson, whole)
    np.testing.assert_allclose(inverted.n, expected, rtol=1e-6)
    mirrored = effective_n(1 - zeros, 1 - uppers, 1 - zeros, level, methods)
    np.testing.assert_allclose(mirrored.n, expected, rtol=1e-6)


def test_zero_to_three_in_a_thousand_is_no_case_of_1228() -> None:
    digits = 0.0005
    inverted = effective_n(np.zeros(1), np.zeros(1), np.array([0.003]), digits=digits)
    assert inverted.n[0] == pytest.approx(np.log(0.025) / np.log(1 - 0.003))
    assert inverted.n[0] == pytest.approx(1227.8, abs=0.05)
    assert inverted.method[0] == "exact"


def test_wald_cut_at_zero_is_read_by_its_upper_bound() -> None:
    p, n = np.array([0.001, 0.002, 0.005]), np.full(3, 300.0)
    lower, upper = wald_interval(p, n, 0.95)
    assert (lower == 0).all()
    for method in ("wald", "unknown"):
        inverted = effective_n(p, lower, upper, method=method)
        np.testing.assert_allclose(inverted.n, n, rtol=1e-6)
        assert (inverted.method == "wald").all()


def test_unknown_is_the_fewest_of_the_formulas_that_give_both_bounds() -> None:
    # Wilson's bounds are symmetric on the logit scale: both fit, and Wilson's n is the
    # smaller
    p, n = np.array([0.01]), np.array([500.0])
    bounds = interval("logit", p, n)
    unknown = effective_n(p, *bounds)
    wilson = effective_n(p, *bounds, method="wilson")
    assert unknown.method[0] == "wilson"
    assert unknown.n[0] == wilson.n[0] < 500
    np.testing.assert_allclose(wilson_interval(p, wilson.n, 0.95), bounds, rtol=1e-9)


def test_bounds_of_no_formula_are_logit_s_by_the_upper() -> None:
    p, upper = np.array([0.01]), np.array([0.02])
    unknown = effective_n(p, np.array([0.009]), upper)
    assert unknown.method[0] == "logit"
    np.testing.assert_allclose(interval("logit", p, unknown.n)[1], upper)


def test_bounds_that_a_declared_method_cannot_have_give_n_by_the_upper() -> None:
    p, upper = np.full(5, 0.01), np.full(5, 0.02)
    inverted = effective_n(
        p, np.full(5, 0.009), upper, method=np.array(KNOWN, dtype=object)
    )
    for method, n in zip(KNOWN, inverted.n, strict=True):
        np.testing.assert_allclose(
            interval(method, p[:1], np.array([n]))[1], upper[:1], rtol=1e-6
        )


@pytest.mark.parametrize("method", METHODS)
def test_bounds_without_width_say_nothing(method: str) -> None:
    p = np.array([0.0, 0.1, 0.1, np.nan, 1.0])
    lower = np.array([0.0, 0.1, np.nan, 0.1, 1.0])
    upper = np.array([0.0, 0.1, np.nan, 0.2, 1.0])
    inverted = effective_n(p, lower, upper, method=method, digits=0.0005)
    assert np.isnan(inverted.n).all()
    assert (inverted.method == "").all()
    assert np.isinf(inverted.width).all()


@pytest.mark.parametrize("method", KNOWN)
def test_a_missing_bound_is_done_without(method: str) -> None:
    p, n = np.array([0.05, 0.05]), np.array([400.0, 400.0])
    lower, upper = interval(method, p, n)
    lower[0], upper[1] = np.nan, np.nan
    np.testing.assert_allclose(
        effective_n(p, lower, upper, method=method).n, n, rtol=1e-6
    )


def test_digits_may_differ_by_row_and_number() -> None:
    p, n = np.full(2, 0.0123), np.full(2, 2000.0)
    lower, upper = wilson_interval(p, n, 0.95)
    by_row = effective_n(
        p, lower, upper, method="wilson", digits=np.array([0.0005, 0.0])
    )
    assert by_row.width[0] > 0.01 > by_row.width[1]
    by_number = effective_n(p, lower, upper, method="wilson", digits=(0.0005, 0.0, 0.0))
    np.testing.assert_allclose(by_number.n, n, rtol=1e-2)
    assert (by_number.width < by_row.width[0]).all()


def test_a_method_without_a_formula_is_refused() -> None:
    with pytest.raises(ValueError, match="No method of intervals is called 'score'"):
        effective_n(np.array([0.1]), np.array([0.05]), np.array([0.2]), method="score")


@pytest.mark.parametrize("method", ["wald", "wilson", "exact"])
def test_a_table_shows_the_method_that_its_rows_do_not(method: str) -> None:
    rng = np.random.default_rng(1)
    n = np.full(40, 800.0)
    p = rng.binomial(800, 0.01, 40) / 800
    bounds = interval(method, p, n)
    rounded = [printed(numbers, 0.00005) for numbers in (p, *bounds)]
    assert common_method(*rounded, digits=0.00005) == method
    # by itself the row of most cases would be of fewer by another's formula
    by_row = effective_n(*rounded, digits=0.00005)
    assert (
        by_row.n <= 1.02 * effective_n(*rounded, method=method, digits=0.00005).n
    ).all()


def test_zeros_without_intervals_tell_logit_from_wilson() -> None:
    p, n = np.array([0.0, 0.002, 0.004]), np.full(3, 500.0)
    lower, upper = interval("logit", p, n)
    assert common_method(p, lower, upper) == "logit"
    assert common_method(p[1:], lower[1:], upper[1:]) == "wilson"


def test_a_table_of_many_methods_is_of_none() -> None:
    p, n = np.array([0.01, 0.02, 0.03]), np.full(3, 900.0)
    mixed = [interval(name, p, n) for name in ("wald", "wilson", "exact")]
    lower = np.array([mixed[row][0][row] for row in range(3)])
    upper = np.array([mixed[row][1][row] for row in range(3)])
    assert common_method(p, lower, upper) == "unknown"
    assert common_method(np.zeros(2), np.zeros(2), np.full(2, 0.01)) == "unknown"


def test_fifteen_thousand_figures_take_a_moment() -> None:
    rng = np.random.default_rng(1)
    n = np.exp(rng.uniform(np.log(300), np.log(20000), 15000))
    p = rng.binomial(n.astype(int), 0.01) / n.astype(int)
    rounded = [
        printed(numbers, 0.0005) for numbers in (p, *clopper_pearson(p, n, 0.95))
    ]
    start = time.process_time()
    effective_n(*rounded, digits=0.0005)
    assert time.process_time() - start < 1
