"""What is said of countries: covariates chosen by shrinkage or joined in a factor,
neighbours; found again.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.special import expit

import uncounted as un
from uncounted.errors import UncountedError
from uncounted.infer.derived import derived
from uncounted.infer.sampler import prepare
from uncounted.model.card import Card, Sampling
from uncounted.model.centring import centring
from uncounted.model.covariate_effects import indicators
from uncounted.model.factor import factor
from uncounted.model.holes import expected
from uncounted.model.neighbours import basis
from uncounted.model.priors import Prior

NAMES = (
    "human_development_index",
    "urban_pct",
    "gini_index",
    "unemployment_pct",
    "under5_mortality_per_1000",
)
PRIORS = {
    "level": Prior("normal", (-2.0, 1.0)),
    "sigma_country": Prior("half_normal", (0.7,)),
}
HOW = Sampling(chains=2, tune=400, draws=300, target_accept=0.95)
CARD = Card(
    title="x", outcome="x", ages=("0+",), year=2020, people=(), place=("country",), covariates=NAMES,
    priors=PRIORS | {"sigma_beta": Prior("half_normal", (0.5,))},
)  # fmt: skip


@pytest.fixture(scope="module")
def world():
    return un.read_world()


def with_priors(**priors: tuple) -> dict:
    return PRIORS | {
        key: Prior(family, numbers) for key, (family, *numbers) in priors.items()
    }


def observed(logit_p: np.ndarray, world, countries: int = 110) -> un.Evidence:
    rng = np.random.default_rng(4)
    some = np.sort(rng.choice(len(world.places), countries, replace=False))
    codes = world.places.index[some]
    rows = pd.DataFrame(
        {
            "survey": codes,
            "country": codes,
            "year": 2020,
            "sex": "both",
            "age": "0+",
            "n": 3000,
        }
    )
    return un.counts(rows.assign(y=rng.binomial(3000, expit(logit_p[some]))), "x")


def drawn(card: Card, world, evidence: un.Evidence):
    model = un.build(card, world, evidence)
    posterior, stats = prepare(model).run(3, HOW)
    computed = [name for name in ("beta",) if name in model and name not in posterior]
    return (
        posterior.merge(derived(model, posterior, computed)) if computed else posterior
    ), stats


@pytest.mark.parametrize(
    "priors",
    [
        {
            "tau_beta": ("half_student_t", 3.0, 0.1),
            "slab_beta": ("log_normal", 0.7, 0.5),
        },
        {"r2": ("beta", 1.0, 1.0)},
    ],
    ids=["horseshoe", "r2d2"],
)
@pytest.mark.long
def test_shrinkage_leaves_what_speaks_and_silences_the_rest(world, priors):
    x = expected(indicators(CARD, world)).to_numpy()
    truth = np.array([0.0, 0.0, 0.0, 0.8, 0.0])
    logit_p = -2 + x @ truth + np.random.default_rng(1).normal(0, 0.3, len(x))
    posterior, stats = drawn(
        replace(CARD, priors=with_priors(**priors)), world, observed(logit_p, world)
    )
    assert float(stats["diverging"].mean()) < 0.01
    mean, sd = (
        posterior["beta"].mean(("chain", "draw")),
        posterior["beta"].std(("chain", "draw")),
    )
    assert (np.abs(mean - truth) < 4 * sd).all()
    assert float(mean[3]) > 0.6
    assert float(np.abs(mean.to_numpy()[[0, 1, 2, 4]]).max()) < 0.12


SPREAD = replace(
    CARD,
    spread=("human_development_index",),
    priors=CARD.priors | {"spread": Prior("normal", (0.0, 0.5))},
)


def test_each_country_s_own_sd_follows_the_covariates_under_spread(world):
    model = un.build(SPREAD, world, observed(np.full(len(world.places), -2.0), world))
    values = {"sigma_country": 0.4, "spread": np.array([-0.7])}
    free = {rv.name: np.zeros(rv.shape.eval()) for rv in model.free_RVs} | values
    draws = xr.Dataset(
        {
            name: (("chain", "draw", *_dims(value)), np.asarray(value)[None, None])
            for name, value in free.items()
        }
    )
    sds = derived(model, draws, ["sigma_of_country"])["sigma_of_country"][0, 0]
    x = indicators(SPREAD, world)["human_development_index"].fillna(0.0)
    assert sds.to_numpy() == pytest.approx(0.4 * np.exp(-0.7 * x.to_numpy()), rel=1e-12)
    assert list(model.coords["spread_covariate"]) == ["human_development_index"]


def _dims(value) -> list[str]:
    return [f"{np.shape(value)}_{axis}" for axis in range(np.ndim(value))]


@pytest.mark.long
def test_what_countries_differ_by_is_found_again_where_it_isn_t_the_same_for_all(world):
    x = expected(indicators(SPREAD, world)).to_numpy()
    sds = 0.3 * np.exp(0.6 * x[:, 0])
    logit_p = -2 + x @ [0.5, 0, 0, 0, 0] + np.random.default_rng(5).normal(0, sds)
    posterior, stats = drawn(SPREAD, world, observed(logit_p, world))
    assert int(stats["diverging"].sum()) == 0
    found = posterior["spread"].sel(spread_covariate="human_development_index")
    assert abs(float(found.mean()) - 0.6) < 3 * float(found.std()) < 0.6


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            {"spread": ("human_developmnt_index",)},
            (
                "spread names 'human_developmnt_index', which is none of the"
                " covariates. Did"
            ),
        ),
        (
            {"priors": CARD.priors},
            r"\[priors\] lacks 'spread': countries whose own sd differs by a covariate",
        ),
        ({"spread": ()}, "'spread', which this card's model has not"),
    ],
)
def test_spread_that_cannot_be_is_refused(words, message):
    with pytest.raises(UncountedError, match=message):
        replace(SPREAD, **words)


def test_a_factor_has_the_loadings_it_was_made_with():
    rng = np.random.default_rng(2)
    loading = np.array([0.9, 0.7, -0.6, 0.5])
    score = rng.normal(size=4000)
    x = score[:, None] * loading + rng.normal(size=(4000, 4)) * np.sqrt(1 - loading**2)
    x[rng.random(x.shape) < 0.1] = np.nan
    x[7] = np.nan
    found = factor(pd.DataFrame(x, columns=list("abcd")))
    np.testing.assert_allclose(
        found.loadings, loading, atol=0.06
    )  # covariances are shrunk by 5 %
    assert (found.mean[7], found.sd[7]) == (0, 1)
    assert np.corrcoef(found.mean, score)[0, 1] > 0.9
    inside = np.abs(found.mean - score) < 1.96 * found.sd
    assert (
        0.93 < inside.mean() < 0.98
    )  # covariances are shrunk by 5 %, so noise is thought larger


@pytest.mark.long
def test_an_index_recovers_its_slope(world):
    card = replace(
        CARD, index=True, covariates=NAMES[:1] + NAMES[4:] + ("mean_years_schooling",)
    )
    found = factor(indicators(card, world))
    score = np.random.default_rng(5).normal(found.mean, found.sd)
    logit_p = -2 + 0.6 * score + np.random.default_rng(1).normal(0, 0.3, len(score))
    posterior, stats = drawn(card, world, observed(logit_p, world))
    assert int(stats["diverging"].sum()) == 0
    beta = posterior["beta"]
    assert abs(float(beta.mean()) - 0.6) < 4 * float(beta.std())
    assert float(beta.std()) < 0.15


@pytest.mark.parametrize("neighbours", ["borders", "covariates"])
@pytest.mark.long
def test_countries_that_resemble_their_neighbours(world, neighbours):
    card = replace(
        CARD, neighbours=neighbours, covariates=() if neighbours == "borders" else NAMES,
        priors=with_priors(rho=("beta", 1.0, 1.0), **({"beta": ("normal", 0, 0.1)} if neighbours != "borders" else {})),
    )  # fmt: skip
    field = basis(card, world)
    rng = np.random.default_rng(6)
    logit_p = -2 + 0.7 * (
        np.sqrt(0.8) * field @ rng.normal(size=field.shape[1])
        + np.sqrt(0.2) * rng.normal(size=len(field))
    )
    seen = observed(logit_p, world)
    posterior, _ = drawn(card, world, seen)
    rho, sigma = posterior["rho"], posterior["sigma_country"]
    assert abs(float(rho.mean()) - 0.8) < 3.5 * float(rho.std())
    assert abs(float(sigma.mean()) - 0.7) < 3.5 * float(sigma.std())
    assert float(rho.mean()) > 0.5


def test_the_rest_is_centred_by_what_is_left_to_it(world):
    card = replace(
        CARD,
        neighbours="borders",
        covariates=(),
        priors=with_priors(rho=("beta", 1.0, 1.0)),
    )
    seen = un.build(
        card, world, observed(np.full(len(world.places), -2.0), world)
    ).study.seen  # pyright: ignore
    lone = replace(card, neighbours="", priors=PRIORS)
    assert (
        centring(card, world, seen)["country"] <= centring(lone, world, seen)["country"]
    ).all()


def test_what_no_card_allows(world):
    with pytest.raises(UncountedError, match="say in one way"):
        replace(CARD, priors=CARD.priors | {"r2": Prior("beta", (1.0, 1.0))})
    with pytest.raises(UncountedError, match="lacks 'slab_beta'"):
        replace(CARD, priors=with_priors(tau_beta=("half_normal", 0.1)))
    with pytest.raises(UncountedError, match="lacks 'rho'"):
        replace(CARD, neighbours="borders")
    with pytest.raises(UncountedError, match="three covariates"):
        replace(CARD, index=True, covariates=NAMES[:2])
    with pytest.raises(UncountedError, match="none of the covariates"):
        replace(CARD, transforms={"gdp": "log"})
    logged = replace(
        CARD,
        covariates=("refugees_hosted",),
        transforms={"refugees_hosted": "logit_percent"},
    )
    with pytest.raises(
        UncountedError, match="logit_percent of 'refugees_hosted' cannot be taken"
    ):
        indicators(logged, world)


def test_transforms_come_before_z_scores(world):
    card = replace(
        CARD,
        covariates=("gdp_per_capita_ppp",),
        transforms={"gdp_per_capita_ppp": "log"},
    )
    own = np.log(world.covariates["gdp_per_capita_ppp"])
    z = indicators(card, world)["gdp_per_capita_ppp"]
    np.testing.assert_allclose(z, (own - own.mean()) / own.std(ddof=0))
