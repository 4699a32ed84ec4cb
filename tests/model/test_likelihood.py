"""Likelihoods: known distributions on whole numbers, normalised, drawn as they are
written, and recovered.
"""

from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import arviz as az
import numpy as np
import pandas as pd
import pymc as pm
import pytensor
import pytensor.tensor as pt
import pytest
from scipy.special import expit, logit, softmax
from scipy.stats import betabinom, binom, kstest, multinomial, norm

from uncounted.errors import UncountedError
from uncounted.infer.derived import derived
from uncounted.infer.sampler import prepare
from uncounted.model import density
from uncounted.model.belief import Belief
from uncounted.model.card import Card, Sampling
from uncounted.model.distribution import UNKNOWN_N, shrunk
from uncounted.model.likelihood import LIKELIHOODS, direct_normal, lone_share
from uncounted.model.priors import Prior
from uncounted.world.world import World

ETA = np.array([-2.0, 0.3, -5.0])
Y, N = np.array([7.0, 12.0, 1.0]), np.array([40.0, 20.0, 300.0])
DEFF = 2.5


def belief(scale: float = 1.0) -> Belief:
    card = SimpleNamespace(
        link="logit", priors={"deff_excess": Prior("half_normal", (scale,))}
    )
    return Belief(
        cast(Card, card), cast(World, None), {"deff_excess": pt.as_tensor([scale])}, {}
    )


def model_of(word: str, eta=ETA, y=Y, n=N, excess: float | None = DEFF - 1) -> pm.Model:
    """Observe rows at fixed logits eta; excess: of the beta-binomial's deff, or None to
    leave it free.
    """
    rows = {"row": range(len(y)), "answer": range(np.shape(y)[-1])}
    with pm.Model(coords=rows) as model:
        LIKELIHOODS[word](pm.Data("eta", eta), y, n, belief())
    return (
        model
        if excess is None or word != "beta_binomial"
        else pm.do(model, {"deff_excess": excess})
    )


def log_density(model: pm.Model) -> np.ndarray:
    return model.compile_logp(vars=[model["y"]], sum=False, mode="FAST_COMPILE")({})[0]


def densities(word: str, y: np.ndarray, n: float, eta: float) -> np.ndarray:
    return np.exp(
        log_density(model_of(word, np.full(len(y), eta), y, np.full(len(y), n)))
    )


def draws(model: pm.Model, size: int = 20_000) -> np.ndarray:
    return pm.draw(model["y"], draws=size, random_seed=4, mode="FAST_COMPILE")


def kappa(n, excess: float = DEFF - 1):
    deff = 1 + excess * (n - 1) / (n - 1 + excess)
    return (n - deff) / (deff - 1)


def test_binomial_is_scipy_s():
    np.testing.assert_allclose(
        log_density(model_of("binomial")), binom.logpmf(Y, N, expit(ETA)), rtol=1e-10
    )


def test_beta_binomial_is_scipy_s():
    k, p = kappa(N), expit(ETA)
    np.testing.assert_allclose(
        log_density(model_of("beta_binomial")),
        betabinom.logpmf(Y, N, k * p, k * (1 - p)),
        rtol=1e-8,
    )


def test_multinomial_is_scipy_s():
    eta = np.array([[0.0, -1.0, -3.0], [0.5, 0.2, 0.0]])
    y, n = np.array([[20.0, 9.0, 1.0], [3.0, 0.0, 4.0]]), np.array([30.0, 7.0])
    wanted = [multinomial.logpmf(y[i], int(n[i]), softmax(eta[i])) for i in range(2)]
    np.testing.assert_allclose(
        log_density(model_of("multinomial", eta, y, n)), wanted, rtol=1e-10
    )


def test_multinomial_of_two_forms_is_the_binomial():
    eta, y = (
        np.column_stack([ETA, np.zeros(3)]),
        np.column_stack([Y + 0.25, N - Y - 0.25]),
    )
    np.testing.assert_allclose(
        log_density(model_of("multinomial", eta, y, N)),
        log_density(model_of("binomial", y=Y + 0.25)),
        rtol=1e-10,
    )


def test_normals_are_scipy_s():
    p = shrunk(Y, N)
    se = 1 / np.sqrt(N * p * (1 - p))
    jacobian = np.log(N / (Y * (N - Y)))
    np.testing.assert_allclose(
        log_density(model_of("logit_normal")),
        norm.logpdf(logit(Y / N), ETA, se) + jacobian,
    )
    se = np.sqrt(p * (1 - p) / N)
    np.testing.assert_allclose(
        log_density(model_of("fay_herriot")), norm.logpdf(Y, N * expit(ETA), N * se)
    )


def test_counts_sum_to_one():
    y = np.arange(41.0)
    for word in ("binomial", "beta_binomial"):
        assert densities(word, y, 40, -1.0).sum() == pytest.approx(1, abs=1e-9), word


@pytest.mark.parametrize(
    ("word", "low", "high"),
    [("logit_normal", 1e-3, 40 - 1e-3), ("fay_herriot", -30.0, 60.0)],
)
def test_densities_integrate_to_one(word, low, high):
    """Over y = n·estimate; the se is data, and stays what it is for 7 of 40."""
    y = np.linspace(low, high, 4001)
    model = model_of(word, np.full(4001, -1.5), np.full(4001, 7.0), np.full(4001, 40.0))
    jacobian = (
        {"log_jacobian": np.log(40 / (y * (40 - y)))} if word == "logit_normal" else {}
    )
    with model:
        pm.set_data({"y_observed": y} | jacobian)
    assert np.trapezoid(np.exp(log_density(model)), y) == pytest.approx(1, abs=1e-4)


def test_a_row_in_which_all_answer_alike_at_most():
    """The deff may exceed a row's n: the row's own stays below its n, and its density
    finite and whole.
    """
    for n in (1.0, 2.0, 3.0):
        y = np.arange(n + 1)
        with pm.Model(coords={"row": range(len(y))}) as model:
            LIKELIHOODS["beta_binomial"](
                pm.Data("eta", np.full(len(y), -1.0)), y, np.full(len(y), n), belief()
            )
        found = np.exp(log_density(pm.do(model, {"deff_excess": 50.0})))
        assert np.isfinite(found).all()
        assert found.sum() == pytest.approx(1)


@pytest.mark.parametrize("word", ["binomial", "beta_binomial", "fay_herriot"])
def test_random_draws_have_the_mean_and_variance_that_are_written(word):
    n = np.array([40.0, 20.0, 300.5])
    found, p, s = draws(model_of(word, n=n)), expit(ETA), shrunk(Y, n)
    spread = {
        "binomial": n * p * (1 - p),
        "beta_binomial": n * p * (1 - p) * (1 + (n - 1) / (kappa(n) + 1)),
        "fay_herriot": n * s * (1 - s),
    }[word]
    np.testing.assert_array_less(
        np.abs(found.mean(axis=0) - n * p), 4 * np.sqrt(spread / len(found))
    )
    np.testing.assert_allclose(found.var(axis=0), spread, rtol=0.06)


def test_random_draws_of_a_logit_are_normal_on_its_scale():
    found, s = draws(model_of("logit_normal")), shrunk(Y, N)
    sd = 1 / np.sqrt(N * s * (1 - s))
    on_scale = logit(found / N)
    np.testing.assert_array_less(
        np.abs(on_scale.mean(axis=0) - ETA), 4 * sd / np.sqrt(len(found))
    )
    np.testing.assert_allclose(on_scale.std(axis=0), sd, rtol=0.03)


def test_random_draws_of_forms():
    eta, n = np.array([[0.0, -1.0, -3.0], [0.5, 0.2, 0.0]]), np.array([30.0, 7.4])
    found = draws(model_of("multinomial", eta, np.column_stack([n, 0 * n, 0 * n]), n))
    p = softmax(eta, axis=1)
    np.testing.assert_allclose(found.mean(axis=0), n[:, None] * p, rtol=0.05)
    np.testing.assert_allclose(
        found[:, 0].var(axis=0), 30 * p[0] * (1 - p[0]), rtol=0.05
    )
    assert (found[:, 0].sum(axis=1) == 30).all()
    assert set(found[:, 1].sum(axis=1)) == {7.0, 8.0}


@pytest.mark.parametrize("word", LIKELIHOODS)
def test_weight_zero_takes_a_row_out_exactly(word):
    eta, y = ETA, Y
    if word == "multinomial":
        eta, y = np.column_stack([ETA, 0 * ETA]), np.column_stack([Y, N - Y])
    whole, short = model_of(word, eta, y), model_of(word, eta[:2], y[:2], N[:2])
    full = log_density(whole)
    with whole:
        pm.set_data({"row_weight": np.array([1.0, 1.0, 0.0])})
    left = log_density(whole)
    assert left[2] == 0
    np.testing.assert_array_equal(left[:2], full[:2])
    if word in (
        "binomial",
        "beta_binomial",
        "multinomial",
    ):  # the others' se is shrunk to the mean of all rows
        np.testing.assert_allclose(left[:2], log_density(short), rtol=1e-12)


def test_what_cannot_be_read_is_a_sentence():
    with pytest.raises(
        UncountedError, match=r"1 row\(s\) of evidence show exactly 0 or 100 %"
    ):
        model_of("logit_normal", y=np.array([0.0, 3.0, 4.0]))
    with pytest.raises(UncountedError, match="column of their own"):
        model_of("multinomial", np.zeros((3, 2)), np.column_stack([Y, Y]), N)
    with (
        pytest.raises(UncountedError, match=r"lacks 'deff_excess'"),
        pm.Model(coords={"row": range(3)}),
    ):
        LIKELIHOODS["beta_binomial"](pm.Data("eta", ETA), Y, N, None)


HOW = Sampling(chains=4, tune=500, draws=300)


@pytest.mark.parametrize("word", ["beta_binomial", "logit_normal"])
@pytest.mark.long
def test_recovers_what_was_simulated(word):
    """30 places whose logits are N(−1.5, 0.5), 4 rows of 40 to 400 each, design effect
    2.5 (the logit-normal: 1).
    """
    rng = np.random.default_rng(12)
    place, n = np.repeat(np.arange(30), 4), rng.integers(40, 400, 120).astype(float)
    truth = rng.normal(-1.5, 0.5, 30)[place]
    k = kappa(n) if word == "beta_binomial" else np.full(120, 1e8)
    y = rng.binomial(
        n.astype(int), rng.beta(k * expit(truth), k * expit(-truth))
    ).astype(float)
    with pm.Model(coords={"row": range(120), "place": range(30)}) as model:
        level, sigma = pm.Normal("level", 0, 2), pm.HalfNormal("sigma", 1)
        eta = level + sigma * pm.Normal("z", 0, 1, dims="place")
        LIKELIHOODS[word](eta[place], y, n, belief())
    sampler = prepare(model)
    posterior, stats = sampler.run(3, HOW)
    assert int(stats["diverging"].sum()) == 0
    true = {"level": -1.5, "sigma": 0.5} | (
        {"deff_excess": DEFF - 1} if word == "beta_binomial" else {}
    )
    for name, value in true.items():
        found = posterior[name].to_numpy()
        assert abs(found.mean() - value) < 2.5 * found.std(), name
        assert found.std() < 0.4, name
    # Nothing but the prior, half-normal, is left: its sd is 0.6, and 4,000 draws are
    # worth 1,000, so an error of 0.019.
    blind, _ = sampler.with_data(row_weight=np.zeros(120)).run(
        3, replace(HOW, draws=1000)
    )
    assert float(blind["sigma"].mean()) == pytest.approx(np.sqrt(2 / np.pi), abs=0.1)


@pytest.mark.parametrize("word", LIKELIHOODS)
def test_log_likelihood_and_predictive_checks_are_defined(word):
    forms = word == "multinomial"
    y = np.column_stack([Y, N - Y]) if forms else Y
    with pm.Model(coords={"row": range(3), "answer": range(2)}):
        eta = pm.Normal("level", 0, 1) + pm.Data(
            "eta", np.column_stack([ETA, 0 * ETA]) if forms else ETA
        )
        LIKELIHOODS[word](eta, y, N, belief())
        mode = {"mode": "FAST_COMPILE"}
        drawn = pm.sample_prior_predictive(20, random_seed=1, compile_kwargs=mode)[
            "prior"
        ].dataset
        posterior = az.from_dict(
            {
                "posterior": {
                    name: drawn[name].to_numpy() for name in drawn if name != "deff"
                }
            }
        )
        again = pm.sample_posterior_predictive(
            posterior, random_seed=1, compile_kwargs=mode, progressbar=False
        )
        told = pm.compute_log_likelihood(
            posterior, progressbar=False, compile_kwargs=mode
        )
    assert again["posterior_predictive"]["y"].shape == (1, 20, *y.shape)
    assert told["log_likelihood"]["y"].shape == (1, 20, 3)
    assert np.isfinite(told["log_likelihood"]["y"]).all()


@pytest.fixture(scope="module")
def milk(shared):
    """Fay and Herriot's model on 43 areas with the EBLUPs of R's sae; θ = major area's
    mean + u, u ~ N(0, σ_u).
    """
    folder = shared / "reference/area"
    table, expected = (
        pd.read_csv(folder / "milk.csv"),
        pd.read_csv(folder / "expected-milk-fay-herriot.csv"),
    )
    major = table["MajorArea"].to_numpy() - 1
    y, se = table["yi"].to_numpy(), table["SD"].to_numpy()
    with pm.Model(coords={"row": range(len(y)), "major": range(4)}) as model:
        beta, sigma = (
            pm.Normal("beta", 0, 10, dims="major"),
            pm.HalfNormal("sigma_u", 1),
        )
        theta = pm.Deterministic(
            "theta", beta[major] + sigma * pm.Normal("z", 0, 1, dims="row")
        )
        direct_normal(theta, y, np.ones(len(y)), se)
    posterior, stats = prepare(model).run(
        3, replace(HOW, draws=1000, target_accept=0.95)
    )
    assert int(stats["diverging"].sum()) == 0
    return (
        expected,
        posterior.merge(derived(model, posterior, ["theta"])),
        hierarchical_bayes(y, se, major),
    )


def hierarchical_bayes(y, se, major):
    """Mean and sd of θ over a grid of σ_u, β flat: p(σ_u | y) ∝ p(σ_u)·Π N(y|xβ̂,
    σ_u²+se²)·|V|^½ [Rao 2003, §10.3].
    """
    x, weight, mean, square = np.eye(4)[major], [], [], []
    for sigma in (grid := np.linspace(1e-4, 1.0, 2000)):
        total = sigma**2 + se**2
        v = np.linalg.inv(x.T @ (x / total[:, None]))
        beta = v @ (x.T @ (y / total))
        gap = y - x @ beta
        weight.append(
            norm.logpdf(gap, 0, np.sqrt(total)).sum()
            + 0.5 * np.linalg.slogdet(v)[1]
            - sigma**2 / 2
        )
        shrink = sigma**2 / total
        mean.append(shrink * y + (1 - shrink) * (x @ beta))
        square.append(
            shrink * se**2
            + (1 - shrink) ** 2 * np.einsum("ri,ij,rj->r", x, v, x)
            + mean[-1] ** 2
        )
    w = np.exp(np.array(weight) - max(weight))
    w /= w.sum()
    return (
        w @ np.array(mean),
        np.sqrt(w @ np.array(square) - (w @ np.array(mean)) ** 2),
        w @ grid,
    )


def test_fay_herriot_is_the_bayesian_answer_and_close_to_the_eblup(milk):
    """Sampled = summed over the grid; from the EBLUP (REML) a twentieth of its SE at
    most, its sd within a tenth.
    """
    expected, posterior, (mean, sd, sigma) = milk
    theta, n_eff = posterior["theta"], 1500  # the least ESS was 1,480
    ours, spread = (
        getattr(theta, stat)(("chain", "draw")).to_numpy() for stat in ("mean", "std")
    )
    np.testing.assert_array_less(np.abs(ours - mean), 5 * spread / np.sqrt(n_eff))
    np.testing.assert_allclose(spread, sd, rtol=0.1)  # an error of 1/√(2·1500) = 0.018
    assert float(posterior["sigma_u"].mean()) == pytest.approx(
        sigma, abs=5 * 0.03 / np.sqrt(n_eff)
    )
    eblup, se = (
        expected["eblup_REML"].to_numpy(),
        np.sqrt(expected["mse_REML"].to_numpy()),
    )
    assert (np.abs(mean - eblup) / se).max() < 0.05
    assert (np.abs(ours - eblup) / se).max() < 0.05 + 5 / np.sqrt(n_eff)
    np.testing.assert_allclose(sd, se, rtol=0.1)


def lone(
    size: float, y: np.ndarray, n: float, eta: float, unknown: bool = True
) -> pm.Model:
    card = SimpleNamespace(
        link="logit", priors={UNKNOWN_N: Prior("log_normal", (1000.0, 1.0))}
    )
    told = Belief(
        cast(Card, card),
        cast(World, None),
        {UNKNOWN_N: pt.as_tensor([1000.0, 1.0])},
        {},
    )
    full = np.full(len(y), n)
    with pm.Model(coords={"row": range(len(y))}) as model:
        lone_share(
            pm.Data("eta", np.full(len(y), eta)),
            y,
            full,
            told,
            np.full(len(y), unknown),
        )
    return pm.do(model, {UNKNOWN_N: size})


@pytest.mark.parametrize(
    ("size", "p"),
    [(40.0, 0.23), (4000.0, 0.23), (160.0, 0.004), (40.0, 0.004), (30.0, 0.99)],
)
def test_a_share_of_unknown_n_has_a_law_of_what_was_published(size, p):
    """Nobody, everybody and shares between have probability 1 together and p on
    average, and are drawn so.
    """
    eta, y = logit(p), 1000 * expit(np.linspace(-25, 25, 20_001))
    law = np.exp(log_density(lone(size, np.concatenate([[0], y, [1000]]), 1000.0, eta)))
    none, between, every = law[0], law[1:-1], law[-1]
    assert none == pytest.approx((1 - p) ** (size + 1))
    assert every == pytest.approx(p ** (size + 1))
    assert none + every + np.trapezoid(between, y) == pytest.approx(1, abs=1e-4)
    assert every + np.trapezoid(between * y, y) / 1000 == pytest.approx(p, rel=1e-4)
    var = every + np.trapezoid(between * (y / 1000) ** 2, y) - p**2
    if size * min(p, 1 - p) > 5:
        assert var == pytest.approx(p * (1 - p) / (size + 1), rel=0.01)
    drawn = (
        pm.draw(
            lone(size, np.full(8000, 1.0), 1000.0, eta)["y"],
            random_seed=3,
            mode="FAST_COMPILE",
        )
        / 1000
    )
    sd = np.sqrt(var)
    assert drawn.mean() == pytest.approx(p, abs=4 * sd / 8000**0.5)
    assert drawn.std() == pytest.approx(sd, rel=0.08)
    for share, chance in (((drawn == 0).mean(), none), ((drawn == 1).mean(), every)):
        assert share == pytest.approx(
            chance, abs=4 * np.sqrt(chance * (1 - chance) / 8000) + 1e-9
        )


def test_a_share_of_unknown_n_needs_a_prior():
    told = Belief(
        cast(Card, SimpleNamespace(link="logit", priors={})), cast(World, None), {}, {}
    )
    with pytest.raises(
        UncountedError, match=r"1 row\(s\) of evidence have neither n nor SE"
    ):
        lone_share(
            pt.zeros(2), np.ones(2), np.full(2, 9.0), told, np.array([True, False])
        )


def test_the_unknown_n_is_found_where_surveys_often_meet_nobody():
    """The truth's place in a posterior on a grid is even, whether few or many are
    affected.
    """
    rng, grid = np.random.default_rng(5), np.exp(np.linspace(-4, 4, 161)) * 200
    y, eta, each, n, choose, unknown = (pt.vector() for _ in range(6))
    row = (y, eta, each, n, choose, unknown)
    log_likelihood = pytensor.function(
        row, density.lone_share(*row).sum(), mode="FAST_COMPILE"
    )
    prior = -0.5 * np.log(grid / 200) ** 2
    places = []
    for truth in 200 * np.exp(rng.standard_normal(200)):
        known = (np.full(30, 1000.0), np.zeros(30), np.ones(30))
        at = rng.uniform(-7, -4, 30)
        seen = density.draw_lone_share(
            at, np.full(30, truth), *known, rng=rng, size=(30,)
        )
        posterior = (
            np.array(
                [log_likelihood(seen, at, np.full(30, size), *known) for size in grid]
            )
            + prior
        )
        weight = np.exp(posterior - posterior.max())
        places.append(weight[grid < truth].sum() / weight.sum())
    assert kstest(places, "uniform").pvalue > 0.05  # of a scaled binomial: 1e-61


def test_a_share_of_known_n_is_the_binomial_whatever_the_unknown_n():
    y = np.arange(0.0, 31.0)
    of_known = log_density(lone(40.0, y, 30.0, -1.2, unknown=False))
    np.testing.assert_allclose(of_known, binom.logpmf(y, 30, expit(-1.2)), rtol=1e-9)
    drawn = pm.draw(
        lone(40.0, np.full(8000, 1.0), 30.0, -1.2, unknown=False)["y"],
        random_seed=3,
        mode="FAST_COMPILE",
    )
    assert set(drawn) <= set(y)
    assert drawn.mean() == pytest.approx(
        30 * expit(-1.2), abs=4 * np.sqrt(30 * expit(-1.2) * expit(1.2) / 8000)
    )
