"""Centring: λ by information, and what holding rows out does to it."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from uncounted.model.card import Card, read_card
from uncounted.model.centring import centring
from uncounted.model.priors import Prior
from uncounted.model.seen import look
from uncounted.observations.evidence import counts, evidence
from uncounted.world.world import read_world

EACH = ("country", "trend_country")
NEARLY = 0.05  # a country more or less says little of how large the levels are


@pytest.fixture(scope="module")
def world():
    return read_world()


@pytest.fixture(scope="module")
def card():
    return read_card("stunting")


@pytest.fixture(scope="module")
def seen(card, world, stunting):
    return look(card, world, evidence(stunting, "stunting", years=card.years))


@pytest.fixture(scope="module")
def full(card, world, seen):
    return centring(card, world, seen)


def test_every_level_of_the_card_has_its_weights(card, world, seen, full):
    levels = {
        key.removeprefix("sigma_") for key in card.priors if key.startswith("sigma_")
    }
    assert set(full) == levels - {"row"}  # which is summed out
    assert full["country"].shape == full["trend_country"].shape == (len(world.places),)
    assert full["survey"].shape == (len(seen.surveys),)
    assert full["subregion"].shape == (world.places["subregion"].nunique(),)
    for name, value in full.items():
        assert np.all((value >= 0) & (value <= 1)), name


def test_where_nobody_looked_nothing_is_centred(world, seen, full):
    looked = np.isin(np.arange(len(world.places)), seen.country)
    for name in EACH:
        assert (full[name][~looked] == 0).all()
    assert (full["country"][looked] > 0).all()
    assert (full["survey"] > 0).all()
    assert not seen.lone.any()  # most countries have several surveys


def test_surveys_are_centred_by_what_they_tell(seen, full):
    """Information about a logit is Σ n p(1−p), less what rows err by: a large survey of
    a rare outcome tells little.
    """
    rows = seen.y * (1 - seen.y / seen.n)
    information = np.bincount(
        seen.survey, rows / (1 + rows * 0.1**2 * seen.row_ages.sum(axis=1))
    )
    for kind in range(len(seen.sources)):
        of = seen.source == kind
        assert spearmanr(information[of], full["survey"][of]).statistic > 0.99
    assert full["survey"][information > 700].min() > 0.8
    assert full["survey"][information < 5].max() < 0.5


@pytest.mark.parametrize("country", ["NGA", "IND", "GUY"])
def test_a_country_held_out_loses_its_own_and_others_nearly_keep_theirs(
    card, world, seen, full, country
):
    at = world.places.index.get_loc(country)
    assert (seen.country == at).any()
    held = centring(card, world, seen, weight=(seen.country != at).astype(float))
    for name in EACH:
        assert held[name][at] == 0
        np.testing.assert_allclose(
            np.delete(held[name], at), np.delete(full[name], at), atol=NEARLY
        )
    of = seen.survey_country == at
    assert (held["survey"][of] == 0).all()
    np.testing.assert_allclose(held["survey"][~of], full["survey"][~of], atol=NEARLY)
    subregion = sorted(world.places["subregion"].unique()).index(
        world.places.loc[country, "subregion"]
    )
    assert held["subregion"][subregion] < full["subregion"][subregion]
    others = np.delete(np.arange(len(full["subregion"])), subregion)
    np.testing.assert_allclose(
        held["subregion"][others], full["subregion"][others], atol=NEARLY
    )


def test_one_survey_held_out_leaves_its_countrys_other(card, world, seen, full):
    several = int(np.flatnonzero(np.bincount(seen.survey_country) == 2)[0])
    gone = np.flatnonzero(seen.survey_country == several)[0]
    held = centring(card, world, seen, weight=(seen.survey != gone).astype(float))
    assert held["survey"][gone] == 0
    assert 0 < held["country"][several] < full["country"][several]
    assert held["trend_country"][several] == pytest.approx(
        0, abs=1e-9
    )  # one year tells no slope


def test_all_held_out_is_not_centred_at_all(card, world, seen):
    none = centring(card, world, seen, weight=np.zeros(len(seen.y)))
    assert all(np.all(value == 0) for value in none.values())


def test_weights_of_one_change_nothing(card, world, seen, full):
    same = centring(card, world, seen, weight=np.ones(len(seen.y)))
    for name, value in full.items():
        np.testing.assert_array_equal(same[name], value)


def small(card_priors: dict, **words: object) -> Card:
    return Card(
        title="x",
        outcome="x",
        ages=("0-4",),
        people=(),
        place=("country",),
        year=2020,
        priors=card_priors,
        **words,
    )


def test_more_respondents_and_wider_priors_centre_more(world):
    table = pd.DataFrame(
        {
            "survey": ["a", "b", "c"],
            "country": ["GHA", "KEN", "NGA"],
            "year": 2018,
            "sex": "both",
        }
    )
    table = table.assign(age="0-4", n=[50.0, 500.0, 5000.0], y=[10.0, 100.0, 1000.0])
    lam = {}
    for sd in (0.2, 0.7):
        some = small(
            {
                "level": Prior("normal", (0, 1)),
                "sigma_country": Prior("half_normal", (sd,)),
            }
        )
        seen = look(some, world, counts(table, "x"))
        lam[sd] = centring(some, world, seen)["country"][seen.country]
        assert (np.diff(lam[sd]) > 0).all()
    assert (lam[0.7] > lam[0.2]).all()
    assert lam[0.7].max() < 1


def test_survey_error_makes_a_country_less_sure(world):
    table = pd.DataFrame(
        {
            "survey": ["a"],
            "country": ["GHA"],
            "year": 2018,
            "sex": "both",
            "age": "0-4",
            "n": 5e3,
            "y": 1e3,
        }
    )
    priors = {
        "level": Prior("normal", (0, 1)),
        "sigma_country": Prior("half_normal", (0.5,)),
    }
    seen = look(small(priors), world, counts(table, "x"))
    without = centring(small(priors), world, seen)["country"].max()
    wide = priors | {"sigma_survey": Prior("half_normal", (0.6,))}
    assert centring(small(wide), world, seen)["country"].max() < without


def test_a_trend_without_regions(world):
    priors = {
        "level": Prior("normal", (0, 1)),
        "sigma_country": Prior("half_normal", (0.5,)),
    }
    priors |= {
        "trend": Prior("normal", (0, 0.05)),
        "sigma_trend_country": Prior("half_normal", (0.03,)),
    }
    table = pd.DataFrame(
        {
            "survey": ["a", "b"],
            "country": "GHA",
            "year": [2010, 2020],
            "sex": "both",
            "age": "0-4",
        }
    )
    seen = look(small(priors), world, counts(table.assign(n=5e3, y=1e3), "x"))
    lam = centring(small(priors), world, seen)
    assert set(lam) == {"country", "trend_country"}
    assert (lam["trend_country"] > 0).sum() == 1
