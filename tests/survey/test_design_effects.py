"""Design effects: the smoother against a dense mixed model, and what is known of a
row's own.
"""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize_scalar

from uncounted.figures import design_effects as effects
from uncounted.figures import factors


def simulated(
    seed: int, countries: int = 60, theta: float = 0.8, sigma: float = 0.3
) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    size = rng.integers(1, 25, countries)
    country = pd.Series(
        np.repeat([f"C{i:03d}" for i in range(countries)], size)
    ).sample(frac=1, random_state=seed)
    x = np.column_stack([np.ones(len(country)), rng.normal(6, 1, len(country))])
    u = pd.Series(
        rng.normal(0, sigma * np.sqrt(theta), countries), index=sorted(country.unique())
    )
    y = x @ [-1.5, 0.3] + country.map(u).to_numpy() + rng.normal(0, sigma, len(country))
    return y, x, country.reset_index(drop=True), u


def dense(
    theta: float, y: np.ndarray, x: np.ndarray, country: pd.Series
) -> tuple[float, np.ndarray, float, np.ndarray]:
    """Return log likelihood, β, σ² and E[u] with the whole covariance matrix V = I + θ
    Z Zᵀ written out.
    """
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
    best = minimize_scalar(
        lambda t: -dense(np.exp(t), y, x, country)[0], bounds=(-8, 4), method="bounded"
    )
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
        assert (
            abs(np.mean(found) - truth) < 4 * error + 0.02 * truth
        )  # ML's bias: one of 60 countries
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
    np.testing.assert_allclose(
        back.country.sort_index(), fit.country.sort_index(), atol=1e-6
    )


def rows(count: int, **columns: object) -> pd.DataFrame:
    base = {
        "country": [f"C{i % 7}" for i in range(count)],
        "survey": [f"s{i}" for i in range(count)],
    }
    base |= {"estimate": 0.2, "n": 500.0, "se": np.nan, "deff": np.nan}
    return pd.DataFrame(base | columns, index=range(count))


def predicted(table: pd.DataFrame) -> np.ndarray:
    fit = effects.fitted(table)
    assert fit is not None
    return fit.predict(table)


def test_a_design_effect_is_published_or_implied_whatever_the_cases():
    found = effects.design_effects(
        rows(
            5,
            estimate=[0.2, 0.2, 0.019, 0.02, 0.0],
            se=[0.02, 0.02, 0.01, 0.01, 0.01],
            deff=[np.nan, 3.0, np.nan, np.nan, np.nan],
        )
    )
    expected = [
        0.02**2 * 500 / 0.16,
        3.0,
        0.01**2 * 500 / (0.019 * 0.981),
        0.01**2 * 500 / (0.02 * 0.98),
        np.nan,
    ]
    np.testing.assert_allclose(found, expected)


def test_few_design_effects_give_the_mean_of_their_variances_and_none_gives_nothing():
    table = rows(40, deff=[1.0, 4.0] + [np.nan] * 38)
    np.testing.assert_allclose(predicted(table), 2.5)
    assert effects.fitted(rows(40)) is None
    assert (
        effects.fitted(rows(3, n=20.0, estimate=0.05, deff=2.0)) is None
    )  # three cases say nothing


def test_smoothed_design_effects_follow_n_and_do_not_move_with_a_row_s_own_prevalence():
    rng = np.random.default_rng(3)
    n = rng.integers(200, 5000, 300).astype(float)
    deff = np.exp(-1 + 0.25 * np.log(n) + rng.normal(0, 0.2, 300))
    table = rows(300, n=n, deff=deff)
    found = predicted(table)
    assert (found * n).sum() == pytest.approx((deff * n).sum(), rel=0.05)
    assert np.polyfit(np.log(n), np.log(found), 1)[0] == pytest.approx(0.25, abs=0.04)
    # one survey of 300 moves the mean of all by a little, and its own no more than
    # others'
    lone = predicted(table.assign(deff=table["deff"].where(table.index != 7, 20.0)))
    np.testing.assert_allclose(lone[7] / found[7], np.median(lone / found), rtol=0.02)


@pytest.mark.parametrize("n", [500.0, 2000.0])
def test_where_every_n_is_alike_there_is_still_a_mean(n):
    deff = np.exp(np.random.default_rng(4).normal(0.5, 0.3, 60))
    found = predicted(rows(60, n=n, deff=deff))
    assert np.isfinite(found).all()
    assert found.mean() == pytest.approx(deff.mean(), rel=0.05)


def test_design_effects_all_alike_stay_what_they_are():
    np.testing.assert_allclose(
        predicted(rows(60, n=np.arange(100.0, 160), deff=2.0)), 2.0
    )
    np.testing.assert_allclose(predicted(rows(60, deff=1.0)), 1.0)


def test_expected_cases_do_not_follow_what_a_row_happened_to_find():
    """Rows that differ by sampling alone all expect their mean; rows that truly differ
    expect their own.
    """
    rng = np.random.default_rng(5)
    drawn = rng.binomial(1000, 0.01, 400) / 1000
    expected = effects.expected_cases(rows(400, n=1000.0, estimate=drawn))
    assert np.median(expected) == pytest.approx(10, rel=0.05)
    assert (
        np.polyfit(1000 * drawn, expected, 1)[0] < 0.3
    )  # observed cases would follow themselves: 1
    apart = np.repeat([0.02, 0.2], 200)
    expected = effects.expected_cases(rows(400, n=1000.0, estimate=apart))
    assert np.median(expected[:200]) == pytest.approx(20, rel=0.25)
    assert np.median(expected[200:]) == pytest.approx(200, rel=0.1)


def test_surveys_of_many_cases_keep_their_own_variance():
    """Where true design effects differ and cases are many, an own factor counts nearly
    whole.
    """
    rng = np.random.default_rng(8)
    n, p = 20_000.0, 0.3
    true = np.exp(rng.normal(0.7, 0.5, 120))
    df = 400
    se = np.sqrt(p * (1 - p) * true / n * rng.chisquare(df, 120) / df)
    table = rows(120, n=n, estimate=p, se=se, psus=df + 1.0)
    deff = predicted(table)
    surveys = table.assign(rows=1, variance=se**2, independent=p * (1 - p) * deff / n)
    assert np.std(np.log(deff * factors.smoothed(surveys) / true)) < 0.15
    assert np.std(np.log(deff / true)) > 0.4  # their kind alone
