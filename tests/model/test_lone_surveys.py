"""Lone surveys: where a country has one survey, its departure and the survey's error are
sampled as one sum, and their law is the same.
"""

from dataclasses import replace

import arviz as az
import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

import uncounted as un
from uncounted.infer.derived import derived
from uncounted.infer.prior import draw_prior
from uncounted.model.centring import centring
from uncounted.model.seen import look

COUNTRY, SURVEY = 0.5, 0.3
PRIORS = {
    "level": un.Prior("normal", (-3.0, 1.0)),
    "sigma_country": un.Prior("half_normal", (1.0,)),
    "sigma_survey": un.Prior("half_normal", (0.3,)),
}


def card(**priors: un.Prior) -> un.Card:
    return un.Card(
        title="Few surveys",
        outcome="affected",
        ages=("18+",),
        year=2020,
        people=(),
        place=("country",),
        priors=PRIORS | priors,
        sampling=un.Sampling(chains=2, tune=700, draws=700),
    )


def surveys(countries: list[str], n: list[float], p: np.ndarray) -> un.Evidence:
    table = pd.DataFrame({"country": countries, "year": 2020, "sex": "both"})
    table["survey"] = [f"s{i}" for i in range(len(table))]
    rows = table.assign(age="18+", n=n, y=np.array(n) * p, source="interviews")
    return un.counts(rows, "affected")


def test_departures_and_errors_keep_their_law():
    """Whatever is sampled: normal, of the sizes on the card, independent; of a survey of
    few or many respondents, alone in its country or not.
    """
    fixed = {
        "sigma_country": un.Prior("log_normal", (COUNTRY, 0.001)),
        "sigma_survey": un.Prior("log_normal", (SURVEY, 0.001)),
    }
    evidence = surveys(
        ["KEN", "GHA", "NPL", "PER", "PER"],
        [200.0, 50_000.0, 3_000.0, 900.0, 1_100.0],
        np.full(5, 0.1),
    )
    model = un.build(card(**fixed), un.read_world(), evidence)
    lone = model.study.seen.lone
    np.testing.assert_array_equal(lone, [1, 1, 1, 0, 0])
    draws = draw_prior(model, 4, 5000)
    values = derived(model, draws, ["country_effect", "survey_effect"])
    error = values["survey_effect"].to_numpy()[0]
    country = values["country_effect"]
    departure = country.sel(country=["KEN", "GHA", "PER", "FRA"]).to_numpy()[0]
    np.testing.assert_allclose(error.std(axis=0), SURVEY, rtol=0.05)
    np.testing.assert_allclose(departure.std(axis=0), COUNTRY, rtol=0.05)
    together = np.corrcoef(np.hstack([departure, error]).T)
    np.testing.assert_allclose(together, np.eye(9), atol=0.06)  # 4 standard errors


def test_a_lone_survey_centres_its_country_and_not_itself():
    """Of a country's only survey the sum is sampled, of which the survey tells more than
    of the departure alone; small surveys, and those of countries with several, are not
    summed.
    """
    world = un.read_world()
    countries = ["KEN", "GHA", "NPL", "BRA", "PER", "PER"]
    n = [400.0, 50_000.0, 3_000.0, 800.0, 900.0, 1_100.0]
    seen = look(card(), world, surveys(countries, n, np.full(6, 0.1)))
    lone = seen.lone == 1
    np.testing.assert_array_equal(seen.surveys[~lone], ["s4", "s5"])
    lam = centring(card(), world, seen)
    assert (lam["survey"][lone] == 0).all()
    assert (lam["survey"][~lone] > 0).all()
    places = seen.survey_country
    order = np.argsort(n[:4], kind="stable")
    assert (np.diff(lam["country"][places[:4]][order]) > 0).all()
    apart = centring(card(), world, replace(seen, lone=np.zeros(6, int)))
    assert (lam["country"][places[:4]] > apart["country"][places[:4]]).all()
    held = centring(card(), world, seen, (seen.country != places[0]).astype(float))
    assert held["country"][places[0]] == 0
    small = look(card(), world, surveys(countries[:4], [20.0] * 4, np.full(4, 0.1)))
    assert not small.lone.any()


@pytest.mark.parametrize("seed", [1, 2])
def test_few_surveys_of_one_country_each_are_sampled_without_divergences(seed):
    """Sampled apart, departure and error gave up to 13 divergences at a target_accept of
    0.95, and standard deviations of which 6 to 60 draws of 1,400 were effective.
    """
    rng = np.random.default_rng(seed)
    world = un.read_world()
    countries = list(rng.choice(world.places.index, 60, replace=False))
    n = rng.integers(300, 3000, 60).astype(float)
    p = expit(-3 + COUNTRY * rng.normal(size=60) + SURVEY * rng.normal(size=60))
    model = un.build(
        card(), world, surveys(countries, list(n), rng.binomial(n.astype(int), p) / n)
    )
    fit = un.sample(model, seed=seed, progress=un.Progress(show=False))
    effective = az.ess(fit.posterior[["sigma_country", "sigma_survey"]])
    assert int(fit.stats["diverging"].sum()) == 0
    assert float(effective["sigma_country"].min()) > 70
    assert float(effective["sigma_survey"].min()) > 70
