"""Scores against their definitions."""

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from uncounted.checks.fold_score import lattice
from uncounted.checks.scores import band, crps, inside, log_score, pit, spread_about


def test_crps_of_a_normal_is_its_formula():
    draws = norm.ppf((np.arange(20_000) + 0.5) / 20_000, 1.0, 2.0)
    z = (2.5 - 1.0) / 2.0
    expected = 2.0 * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi))
    assert abs(crps(draws, 2.5) - expected) < 1e-3
    assert crps(np.full(10, 0.3), 0.5) == 0.2


def test_pit_of_counts_is_uniform_with_ties_and_zeros():
    rng = np.random.default_rng(1)
    draws = rng.poisson(0.7, size=(3000, 400))
    at = np.array([pit(one[1:], one[0], rng, 1.0, 1.0) for one in draws])
    edges = np.histogram(at, bins=10, range=(0, 1))[0] / 3000
    assert np.abs(edges - 0.1).max() < 0.025
    assert abs(inside(at, 0.8).mean() - 0.8) < 0.03


def test_pit_of_numbers_without_a_lattice():
    draws = np.arange(100.0)
    assert pit(draws, 24.5, np.random.default_rng(1), 0.0, 0.0) == 0.25


def test_log_score_and_its_error():
    rng = np.random.default_rng(2)
    draws = rng.normal(size=(4, 5000))
    found, error = log_score(0.5 * draws)
    assert abs(found - 0.125) < 4 * error
    several = [log_score(0.5 * rng.normal(size=(4, 500)))[0] for _ in range(200)]
    assert 0.8 < np.std(several) / (error * np.sqrt(10)) < 1.25


def test_log_score_is_of_the_expected_density_though_draws_are_few():
    """Of normal log densities of sd 2 the log of the mean of 400 draws is 0.05 low; its
    error is told a fifth low.
    """
    rng = np.random.default_rng(4)
    found = np.array([log_score(2 * rng.normal(size=(2, 200))) for _ in range(2000)])
    assert abs(found[:, 0].mean() - 2) < 0.025
    assert 0.7 < found[:, 1].mean() / found[:, 0].std() < 1


def test_band_holds_its_share():
    low, high = band(140, 0.95, 0.999)
    assert (low, high) == (123 / 140, 140 / 140) or (
        0.85 < low < 0.9 and 0.98 < high <= 1
    )


def test_spread_about_is_the_prediction_interval_of_one_more():
    mean, scale, df = spread_about(np.array([1.0, 2.0, 3.0, 4.0]))
    assert (mean, df) == (2.5, 3)
    assert abs(scale - np.std([1, 2, 3, 4], ddof=1) * np.sqrt(1.25)) < 1e-12
    assert quad(lambda x: norm.pdf(x), -1, 1)[0] > 0.68


def test_a_share_of_unknown_n_is_predicted_alike_whatever_n_stands_in():
    """Half a person of 20 is 2.5 %, and shares lie near 0.5 %: spread by it, all of
    them would be held.
    """
    rng = np.random.default_rng(3)
    shares, found = rng.beta(40, 8000, 4000), []
    for n in (20.0, 200.0, 1000.0, 1e6):
        rows = pd.DataFrame({"n": [n], "unknown": 1.0, "rounding": 0.0, "deff": 1.0})
        found.append(
            pit(shares * n, 0.0066 * n, np.random.default_rng(4), *lattice(rows))
        )
    assert found == pytest.approx([np.mean(shares < 0.0066)] * 4)
    nobody = np.where(rng.random(4000) < 0.3, 0.0, shares)
    rows = pd.DataFrame({"n": [500.0], "unknown": 1.0, "rounding": 0.0, "deff": 1.0})
    of_nobody = [
        pit(nobody * 500, 0.0, np.random.default_rng(seed), *lattice(rows))
        for seed in range(300)
    ]
    assert np.mean(of_nobody) == pytest.approx(0.15, abs=4 * 0.3 / np.sqrt(12 * 300))
    assert max(of_nobody) <= 0.31
