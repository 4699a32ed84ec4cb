"""What a figure borrows of others: n of zeros with a margin, and n that few digits
leave open.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uncounted.figures.shrinkage import n_of_zeros, shrunk_n

logs = st.lists(st.floats(3, 11), min_size=2, max_size=30)


def test_a_zero_with_a_margin_is_of_as_many_as_the_others() -> None:
    # 0 % with an SE of 0.1 points beside 1 % with one of 0.29
    other = 0.01 * 0.99 / 0.0029**2
    n, source = n_of_zeros(
        np.array([np.nan, other]), np.array([True, False]), np.array(["KEN", "UGA"])
    )
    assert n[0] == pytest.approx(1177, abs=0.5)
    assert source.tolist() == ["all", ""]


def test_a_zero_asks_its_own_country_first() -> None:
    n = np.array([250_000.0, 100.0, 300.0, 5000.0, 9000.0])
    country = np.array(["A", "A", "A", "B", "B"])
    filled, source = n_of_zeros(
        n, np.array([True, False, False, False, False]), country
    )
    assert filled.tolist() == [200.0, 100.0, 300.0, 5000.0, 9000.0]
    assert source.tolist() == ["group", "", "", "", ""]


def test_zeros_alone_stay_unknown() -> None:
    filled, source = n_of_zeros(
        np.array([1e5, 1e6]), np.array([True, True]), np.array(["A", "B"])
    )
    assert np.isnan(filled).all()
    assert source.tolist() == ["", ""]


@given(logs=logs, width=st.floats(0.2, 1.5))
@settings(deadline=None)
def test_errors_of_the_size_of_rounding_are_shrunk_away(
    logs: list[float], width: float
) -> None:
    middle = logs[0]
    spread = np.asarray(logs) - np.mean(logs)
    scale = np.sqrt(np.mean(spread**2)) or 1
    n = np.exp(middle + spread / scale * width / 4)
    shrunk = shrunk_n(n, np.full(n.size, width))
    within = np.abs(np.log(n) - np.log(n).mean()) <= width
    np.testing.assert_allclose(shrunk[within], np.exp(np.log(n).mean()), rtol=1e-9)


@given(logs=logs, widths=st.lists(st.floats(0, 2), min_size=30, max_size=30))
@settings(deadline=None)
def test_shrunk_n_stays_among_what_would_be_printed_alike(
    logs: list[float], widths: list[float]
) -> None:
    n, width = np.exp(np.asarray(logs)), np.asarray(widths[: len(logs)])
    shrunk = shrunk_n(n, width)
    assert (np.abs(np.log(shrunk / n)) <= width + 1e-9).all()
    assert (shrunk >= n.min() * (1 - 1e-9)).all()
    assert (shrunk <= n.max() * (1 + 1e-9)).all()


def test_sure_sizes_keep_apart_and_unknown_ones_are_filled() -> None:
    n = np.array([300.0, 20_000.0, 1000.0, np.nan])
    shrunk = shrunk_n(n, np.array([0.0, 0.0, 0.05, np.inf]))
    np.testing.assert_allclose(shrunk[:3], n[:3], rtol=2e-3)
    assert 300 < shrunk[3] < 20_000
    assert np.isnan(shrunk_n(np.array([np.nan, np.nan]), np.full(2, np.inf))).all()


def test_each_table_is_shrunk_by_itself() -> None:
    rng = np.random.default_rng(1)
    n, width = np.exp(rng.normal(7, 1, (3, 10))), rng.uniform(0.1, 2, (3, 10))
    together = shrunk_n(n, width)
    for table in range(3):
        np.testing.assert_allclose(together[table], shrunk_n(n[table], width[table]))
