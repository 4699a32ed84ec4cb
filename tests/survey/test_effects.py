"""Design effects: the smoother against a dense mixed model, and what is known of a row's own."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize_scalar

from uncounted.survey import effects


def simulated(seed: int, countries: int = 60, theta: float = 0.8, sigma: float = 0.3) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    size = rng.integers(1, 25, countries)
    country = pd.Series(np.repeat([f"C{i:03d}" for i in range(countries)], size)).sample(frac=1, random_state=seed)
    x = np.column_stack([np.ones(len(country)), rng.normal(6, 1, len(country))])
    u = pd.Series(rng.normal(0, sigma * np.sqrt(theta), countries), index=sorted(country.unique()))
    y = x @ [-1.5, 0.3] + country.map(u).to_numpy() + rng.normal(0, sigma, len(country))
    return y, x, country.reset_index(drop=True), u


def dense(
    theta: float, y: np.ndarray, x: np.ndarray, country: pd.Series
) -> tuple[float, np.ndarray, float, np.ndarray]:
    """Return log likelihood, β, σ² and E[u] with the whole covariance matrix V = I + θ Z Zᵀ written out."""
    z = pd.get_dummies(country).to_numpy(float)
    v = np.eye(len(y)) + theta * z @ z.T
    inverse = np.linalg.inv(v)
    beta = np.linalg.solve(x.T @ inverse @ x, x.T @ inverse @ y)
    r = y - x @ beta
    sigma2 = r @ inverse @ r / len(y)
    loglik = -0.5 * (len(y) * np.log(sigma2) + np.linalg.slogdet(v)[1])
    return loglik, beta, sigma2, theta * z.T @ inverse @ r


@pytest.mark.parametrize("seed", range(3))
def test_the_smoother_is_the_dense_mixed_model(seed):
    y, x, country, _ = simulated(seed, countries=20)
    fit = effects.smooth(y, x, country)
    best = minimize_scalar(lambda t: -dense(np.exp(t), y, x, country)[0], bounds=(-8, 4), method="bounded")
    assert np.log(fit.theta) == pytest.approx(best.x, abs=1e-3)
    _, beta, sigma2, u = dense(fit.theta, y, x, country)
    np.testing.assert_allclose(fit.beta, beta, rtol=1e-8)
    assert fit.sigma**2 == pytest.approx(sigma2, rel=1e-8)
    np.testing.assert_allclose(fit.country.sort_index(), u, atol=1e-9)


def test_the_smoother_recovers_what_it_was_drawn_from():
    fits = [effects.smooth(*simulated(seed)[:3]) for seed in range(20)]
    for found, truth in [
        ([fit.beta[1] for fit in fits], 0.3),
        ([fit.sigma for fit in fits], 0.3),
        ([fit.sigma * np.sqrt(fit.theta) for fit in fits], 0.3 * np.sqrt(0.8)),
    ]:
        error = np.std(found, ddof=1) / np.sqrt(len(found))
        assert abs(np.mean(found) - truth) < 4 * error + 0.02 * truth  # ML's bias: one of 60 countries
    y, x, country, u = simulated(1)
    shrunk = effects.smooth(y, x, country).country.reindex(u.index)
    assert np.corrcoef(shrunk, u)[0, 1] > 0.9


def test_prediction_adds_the_countrys_effect_and_none_for_a_stranger():
    y, x, country, _ = simulated(0)
    fit = effects.smooth(y, x, country)
    at = np.array([[1.0, 6.0], [1.0, 6.0]])
    known, stranger = fit.predict(at, pd.Series(["C000", "elsewhere"]))
    assert stranger == pytest.approx(np.exp(at[1] @ fit.beta))
    assert known == pytest.approx(stranger * np.exp(fit.country["C000"]))


def test_order_does_not_matter():
    y, x, country, _ = simulated(2)
    back = effects.smooth(y[::-1], x[::-1], country[::-1])
    fit = effects.smooth(y, x, country)
    np.testing.assert_allclose(back.beta, fit.beta, rtol=1e-6)
    np.testing.assert_allclose(back.country.sort_index(), fit.country.sort_index(), atol=1e-6)


def rows(count: int, **columns: object) -> pd.DataFrame:
    base = {"country": [f"C{i % 7}" for i in range(count)], "estimate": 0.2, "n": 500.0, "se": np.nan, "deff": np.nan}
    return pd.DataFrame(base | columns, index=range(count))


def test_a_design_effect_is_published_or_implied_by_ten_cases_or_more():
    found = effects.design_effects(
        rows(
            6,
            estimate=[0.2, 0.2, 0.019, 0.981, 0.02, 0.0],
            se=[0.02, 0.02, 0.01, 0.01, 0.01, 0.0],
            deff=[np.nan, 3.0, np.nan, np.nan, np.nan, np.nan],
        )
    )
    expected = [0.02**2 * 500 / 0.16, 3.0, np.nan, np.nan, 0.01**2 * 500 / (0.02 * 0.98), np.nan]
    np.testing.assert_allclose(found, expected)


def test_few_design_effects_give_their_geometric_mean_and_none_gives_one():
    table = rows(40, deff=[1.0, 4.0] + [np.nan] * 38)
    np.testing.assert_allclose(effects.smoothed(table), 2.0)
    np.testing.assert_array_equal(effects.smoothed(rows(40)), 1.0)


def test_smoothed_design_effects_follow_n_and_do_not_move_with_the_prevalence():
    rng = np.random.default_rng(3)
    n = rng.integers(200, 5000, 300).astype(float)
    deff = np.exp(-1 + 0.25 * np.log(n) + rng.normal(0, 0.2, 300))
    table = rows(300, n=n, deff=deff)
    found = effects.smoothed(table)
    np.testing.assert_allclose(np.log(found).mean(), np.log(deff).mean(), rtol=0.02)
    assert np.polyfit(np.log(n), np.log(found), 1)[0] == pytest.approx(0.25, abs=0.04)
    np.testing.assert_array_equal(found, effects.smoothed(table.assign(estimate=rng.uniform(0, 1, 300))))


@pytest.mark.parametrize("n", [500.0, np.nan])
def test_where_every_n_is_alike_or_unknown_there_is_still_a_mean(n):
    deff = np.exp(np.random.default_rng(4).normal(0.5, 0.3, 60))
    found = effects.smoothed(rows(60, n=n, deff=deff))
    assert np.isfinite(found).all()
    assert np.log(found).mean() == pytest.approx(np.log(deff).mean(), abs=0.05)


def test_design_effects_all_alike_stay_what_they_are():
    np.testing.assert_allclose(effects.smoothed(rows(60, n=np.arange(100.0, 160), deff=2.0)), 2.0)
    np.testing.assert_allclose(effects.smoothed(rows(60, deff=1.0)), 1.0)
