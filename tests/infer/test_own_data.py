"""Own data: a share that is 0 where a country's draws are those of the prior, and known
where normals are known.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.special import expit

import uncounted as un
from uncounted.infer.fit import JointSampling
from uncounted.infer.joint_fit import given_others
from uncounted.infer.own_data import own_data_share
from uncounted.infer.prior import draw_prior
from uncounted.infer.sample import Drawn, fitted
from uncounted.model.joint_model import build_jointly

DRAWS = 2000
AGES = ("0-17", "18-39", "40-59", "60+")
PRIORS = {
    "level": un.Prior("normal", (-2.0, 0.3)),
    "female": un.Prior("normal", (0.0, 0.2)),
    **{
        f"sigma_{name}": un.Prior("log_normal", (0.5, 0.05))
        for name in ("region", "country", "survey", "age")
    },
}
CARD = un.Card(
    title="Prior", outcome="prior", ages=AGES, year=2020, people=("sex", "age"), place=("region", "country"),
    priors=PRIORS, name="prior",
)  # fmt: skip
ROWS = pd.DataFrame(
    {
        "country": ["KEN", "BRA", "IND", "FRA"],
        "year": 2020,
        "sex": "both",
        "age": "18-39",
        "n": 500.0,
    }
)


def evidence(outcome: str = "prior") -> un.Evidence:
    return un.counts(ROWS.assign(survey=ROWS["country"], y=100.0), outcome)


def with_words(**priors: un.Prior) -> dict[str, un.Prior]:
    return PRIORS | priors


X = ("human_development_index", "urban_pct")
SLOPE = un.Prior("normal", (0.0, 0.1))
BY_AGE = un.Prior("log_normal", (0.8, 0.05))
CARDS = {
    "levels": CARD,
    "ages": replace(
        CARD, interactions=("country:age",), priors=with_words(sigma_country_age=BY_AGE)
    ),
    "ages in order": replace(
        CARD,
        interactions=("country:age",),
        age_order=1,
        priors=with_words(sigma_country_age=BY_AGE),
    ),
    "sizes by age": replace(
        CARD,
        interactions=("country:age",),
        priors=with_words(
            sigma_country_age=BY_AGE, spread_age=un.Prior("normal", (0.0, 0.3))
        ),
    ),
    "sexes": replace(
        CARD, interactions=("country:sex",), priors=with_words(sigma_country_sex=BY_AGE)
    ),
    "borders": replace(
        CARD, neighbours="borders", priors=with_words(rho=un.Prior("beta", (8.0, 4.0)))
    ),
    "likeness": replace(
        CARD,
        neighbours="covariates",
        covariates=X,
        priors=with_words(beta=SLOPE, rho=un.Prior("beta", (8.0, 4.0))),
    ),
    "spread": replace(
        CARD,
        covariates=X,
        spread=X[:1],
        priors=with_words(beta=SLOPE, spread=un.Prior("normal", (0.0, 0.2))),
    ),
    "trend": replace(
        CARD,
        years=(2010, 2020),
        priors=with_words(
            trend=SLOPE,
            sigma_trend_region=un.Prior("log_normal", (0.02, 0.1)),
            sigma_trend_country=un.Prior("log_normal", (0.02, 0.1)),
        ),
    ),
    "identity": replace(CARD, link="identity", likelihood="fay_herriot"),
}


def of_prior(model, study, draws: xr.Dataset, prefix: str = "") -> un.Fit:
    drawn = Drawn(draws, xr.Dataset(), study.card.sampling, 5, "prior")
    return fitted(model, study, drawn, draws.isel(draw=slice(2)), prefix)


@pytest.mark.parametrize("name", CARDS)
def test_draws_of_the_prior_hold_no_data_of_a_country(name):
    """Departures drawn anew have the law that they had: of 250 ratios of variances half
    lie below 1, all near it.
    """
    model = un.build(CARDS[name], un.read_world(), evidence())
    fit = of_prior(model, model.study, draw_prior(model, 3, DRAWS))
    share = own_data_share(fit).isel(dict.fromkeys(fit.card.axes, -1))
    assert share.sizes["group"] == fit.p.sizes["country"]
    assert float(share.max()) < 0.25
    assert 0.25 < float((share > 0).mean()) < 0.75


def test_draws_of_the_prior_of_exclusive_forms_hold_no_data_of_a_country():
    card = replace(CARD, likelihood="multinomial", forms=("first", "second"))
    seen = un.exclusive({form: evidence(form) for form in card.forms}, "prior")
    model = un.build(card, un.read_world(), seen)
    share = own_data_share(of_prior(model, model.study, draw_prior(model, 3, DRAWS)))
    for form in ("first", "second", "all"):
        of_form = share.sel(sex="all", age="all", form=form)
        assert float(of_form.max()) < 0.25
        assert 0.25 < float((of_form > 0).mean()) < 0.75


def test_draws_of_a_joint_prior_hold_no_data_of_a_country():
    cards = [
        replace(CARD, outcome=name, name=name) for name in ("first", "second", "third")
    ]
    model = build_jointly(
        cards, un.read_world(), [evidence(card.outcome) for card in cards], lkj=1.0
    )
    draws = draw_prior(model, 3, DRAWS)
    fits = given_others(
        {
            name: replace(
                of_prior(model, one, draws, f"{name}::"),
                joint=JointSampling(tuple(model.joint.studies), 1.0),
            )
            for name, one in model.joint.studies.items()
        }
    )
    for fit in fits.values():
        share = own_data_share(fit).isel(dict.fromkeys(fit.card.axes, -1))
        assert float(share.max()) < 0.25
        assert 0.25 < float((share > 0).mean()) < 0.75


@pytest.mark.parametrize("left", [0.1, 0.5, 0.9])
def test_the_share_is_what_normals_give(left):
    """σ = 1 and a posterior sd of √left: the share is 1 − left, in every row of one
    kind of people.
    """
    model = un.build(CARD, un.read_world(), evidence())
    fit = of_prior(model, model.study, draw_prior(model, 3, 4000))
    rng = np.random.default_rng(1)
    effect = fit.posterior["country_effect"]
    own = effect.copy(data=np.sqrt(left) * rng.normal(size=effect.shape))
    one = xr.ones_like(fit.posterior["sigma_country"])
    p = xr.zeros_like(fit.p) + expit(own - 2.0).astype(np.float32)
    posterior = fit.posterior.assign(country_effect=own, sigma_country=one)
    share = own_data_share(
        replace(fit, p=p.transpose(*fit.p.dims), posterior=posterior)
    )
    np.testing.assert_allclose(share, 1 - left, atol=0.1)
    assert float(share.mean()) == pytest.approx(1 - left, abs=0.01)


def test_rows_have_it_of_countries_alone_and_imputed_ones_have_none(fit):
    rows = un.estimates(fit)
    countries = rows[rows["grouping"] == "country"]
    assert rows.loc[rows["grouping"] != "country", "own_data_share"].isna().all()
    imputed = countries["evidence"] == "imputed"
    assert (countries.loc[imputed, "own_data_share"] == 0).all()
    surveyed = (
        countries[~imputed]
        .query("sex == 'all' and age == 'all'")
        .set_index("group")["own_data_share"]
    )
    assert surveyed.between(0.2, 1).all()
    assert (
        surveyed["PER"] > 0.98 > surveyed["LVA"]
    )  # 18 surveys, and one of few children


def test_a_model_written_by_hand_has_none(fit):
    bare = replace(fit, posterior=fit.posterior.drop_vars("country_effect"))
    rows = un.estimates(bare, ["country"])
    assert rows.loc[rows["evidence"] == "surveyed", "own_data_share"].isna().all()
    assert (rows.loc[rows["evidence"] == "imputed", "own_data_share"] == 0).all()
