"""Durations: the likelihood integrates to one, draws follow it, a known mean is
recovered, stock is S = N μ/(T+μ).
"""

import re

import numpy as np
import pytest
import xarray as xr
from scipy.integrate import quad
from scipy.stats import kstest, lognorm, weibull_min

import uncounted as un
from uncounted.cases.durations import Durations, durations_model, without_model
from uncounted.cases.lasting import FAMILIES, draw_touching, log_touching
from uncounted.cases.spells import Spells
from uncounted.errors import UncountedError
from uncounted.simulate.interviewed_spells import spells as simulated

T, MU = 5.0, {"female": 1.5, "male": 2.5}
PRIORS = {"duration": {"log_normal": [2.0, 0.5]}, "shape": {"log_normal": [1.0, 0.3]}}
SHAPES = [("log_normal", 1.0), ("weibull", 0.8), ("weibull", 1.0)]


@pytest.fixture(scope="module")
def spells() -> Spells:
    table = simulated(3, MU, 1.0, spells=400, window_years=T, asked=2016.5)
    return un.read_spells(table, T, "sex")


@pytest.fixture(scope="module")
def fit(spells) -> Durations:
    return un.fit_durations(spells, PRIORS, seed=1, chains=2, tune=300, draws=400)


@pytest.mark.parametrize(("family", "shape"), SHAPES)
def test_what_touches_a_window_ends_in_it_or_goes_on(family, shape):
    """∫ T f(d)/(T+μ) dd = T/(T+μ), ∫ (1−F(a))/(T+μ) da = μ/(T+μ)."""
    import pytensor
    import pytensor.tensor as pt

    years = pt.dscalar()
    density = pytensor.function(
        [years],
        pt.exp(
            log_touching(years, *map(pt.as_tensor, (2.0, shape, T)), FAMILIES[family])
        ),
    )
    ended, ongoing = (
        quad(lambda d, s=sign: float(density(s * d)), 1e-9, 400, limit=800)[0]
        for sign in (1, -1)
    )
    assert ended == pytest.approx(T / (T + 2.0), abs=2e-3)
    assert ongoing == pytest.approx(2.0 / (T + 2.0), abs=2e-3)


@pytest.mark.parametrize(("family", "shape"), SHAPES)
def test_draws_follow_their_family(family, shape):
    rng = np.random.default_rng(1)
    years = draw_touching(
        *map(np.array, (2.0, shape, T)), FAMILIES[family], rng, (20_000,)
    )
    assert (years < 0).mean() == pytest.approx(2 / 7, abs=0.012)
    scale = 2.0 / weibull_min.mean(shape)
    whole = (
        lognorm(shape, scale=2 * np.exp(-(shape**2) / 2))
        if family == "log_normal"
        else weibull_min(shape, scale=scale)
    )
    assert kstest(years[years > 0], whole.cdf).pvalue > 0.001
    so_far = -years[years < 0]  # density (1 − F(a))/μ: its mean is E d²/2μ
    assert so_far.mean() == pytest.approx(whole.moment(2) / 4, rel=0.1)


def test_a_known_mean_is_recovered_and_the_checks_agree(fit):
    found, truth = fit.mu.sel(group=list(MU)), np.array(list(MU.values()))
    low, high = (
        found.quantile(q, ["chain", "draw"]).to_numpy() for q in (0.001, 0.999)
    )
    assert (low < truth).all()
    assert (truth < high).all()
    checks = fit.checks
    for check in ("going_on", "inside_window"):
        se = np.hypot(checks[f"{check}_se"], checks["by_model_sd"])
        assert ((checks[check] - checks["by_model"]).abs() < 3.5 * se).all()
    assert (checks["by_model_sd"] < checks["going_on_se"]).all()


def test_the_same_spells_in_the_other_convention_give_the_same_likelihood(spells):
    other = spells.table[["group", "years", "ongoing"]].rename(
        columns={"years": "duration", "group": "sex"}
    )
    again = un.read_spells(other.assign(ongoing=other["ongoing"].astype(int)), T, "sex")
    models = [durations_model(of, PRIORS) for of in (spells, again)]
    of = [model.compile_logp()(model.initial_point()) for model in models]
    assert of[0] == pytest.approx(of[1])


def test_stock_is_incidence_times_mean_length_in_every_draw(fit):
    mu = fit.mu.rename(group="sex")
    affected = 7000 * xr.ones_like(mu)
    stock = un.stock(affected, mu, T)
    xr.testing.assert_allclose(stock, 7000 * mu / (5 + mu))
    assert set(stock.dims) == {"chain", "draw", "sex"}
    with pytest.raises(
        UncountedError,
        match=re.escape("overstates the stock by 1.8 (exponential lengths) to 2.1"),
    ):
        un.stock(affected, mu, T, how="complete")
    with pytest.raises(UncountedError, match="have another draw: 399 and 400"):
        un.stock(affected.isel(draw=slice(399)), mu, T)


def test_groups_that_share_strength_have_one_shape_and_a_sd_between_them(spells):
    model = durations_model(spells, PRIORS | {"sigma_duration": {"half_normal": 0.3}})
    assert {rv.name for rv in model.free_RVs} == {
        "duration",
        "shape",
        "sigma_duration",
        "group_raw",
    }
    assert model["mu"].eval().shape == (2,)


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"family": "gamma"}, "There is no family of durations 'gamma'."),
        (
            {"priors": {"duration": {"log_normal": [2, 0.5]}}},
            "The prior of shape is missing.",
        ),
        (
            {"priors": PRIORS | {"mean": {"normal": [0, 1]}}},
            "Durations have no parameter 'mean'.",
        ),
        (
            {"priors": PRIORS | {"duration": {"normal": [2, 1]}}},
            "duration is a size, above 0.",
        ),
    ],
)
def test_what_cannot_be_asked_for(spells, told, sentence):
    with pytest.raises(UncountedError, match=re.escape(sentence)):
        durations_model(**({"spells": spells, "priors": PRIORS} | told))


def test_both_counts_without_a_model_are_unbiased():
    """Over many simulated windows: going on and time inside both average μ/(T+μ),
    complete means do not.
    """
    found = [without_model(un.read_spells(simulated(s, {"a": 2.0}, 1.0, spells=300, window_years=T, asked=2016.5), T))
             for s in range(40)]  # fmt: skip
    for column in ("going_on", "inside_window"):
        each = np.array([of[column].iloc[0] for of in found])
        assert abs(each.mean() - 2 / 7) < 4 * each.std() / np.sqrt(len(each))
