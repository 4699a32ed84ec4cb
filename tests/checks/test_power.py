"""Power-scaling against what is known, and what it says of a fit."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

import uncounted as un
from uncounted.checks import power
from uncounted.infer.derived import derived
from uncounted.infer.recipe import recipe_of

SHAPE = (4, 2000)
Y, ERROR = 1.5, 0.8  # of a normal with a prior N(0, 1)


@pytest.fixture(scope="module")
def normal() -> np.ndarray:
    """Draws of x given y ~ N(x, ERROR), x ~ N(0, 1)."""
    precision = 1 + ERROR**-2
    return np.random.default_rng(4).normal(
        Y * ERROR**-2 / precision, precision**-0.5, SHAPE
    )


@pytest.fixture(scope="module")
def table(small):
    return un.power_scaling(small)


def test_a_prior_to_a_power_is_a_normal_of_other_precision(normal):
    """N(0, 1)^α is N(0, 1/√α): the posterior's mean is y/s² over α + 1/s²."""
    draws = 10 + normal
    table = power._component("prior", -(normal**2) / 2, {("world", "World"): draws})
    row = table.iloc[0]
    for alpha, column in ((0.8, "less"), (1.25, "more")):
        exact = 10 + Y * ERROR**-2 / (alpha + ERROR**-2)
        assert row[column] == pytest.approx(exact / draws.mean() - 1, abs=0.0015)
    assert row["less"] > 0 > row["more"]
    assert row["sensitivity"] > power.SENSITIVE
    assert row["khat"] < power.SURE


def test_what_has_no_say_moves_nothing(normal):
    table = power._component("nothing", np.zeros(SHAPE), {("world", "World"): normal})
    assert table.iloc[0][["sensitivity", "less", "more"]].abs().max() < 1e-9


def test_draws_that_cannot_tell_say_so(normal):
    table = power._component("sharp", -200 * normal**2, {("world", "World"): normal})
    assert table.iloc[0]["khat"] > power.SURE
    assert "can't tell" in table.iloc[0]["told"]


def test_components_are_the_card_s_priors_and_the_likelihood(table, small):
    assert set(table["component"]) == {*small.card.priors, "all priors", "likelihood"}
    assert (
        table.groupby("component")["group"].nunique()
        == 1 + small.world.places["region"].nunique()
    ).all()
    assert not table["told"].str.contains("nan").any()


def test_surveys_say_more_than_priors(table):
    """60 countries with 600 respondents each: the priors of the card hardly move the
    world.
    """
    world = table[table["grouping"] == "world"].set_index("component")
    assert world.loc["all priors", "sensitivity"] < 0.2
    assert world.loc[["level", "female"], "sensitivity"].max() < power.SENSITIVE
    assert (world[["less", "more"]].abs().drop("likelihood") < 0.02).all(axis=None)


def test_a_prior_that_fights_the_data_moves_the_world(small, table):
    tight = replace(
        small.card,
        priors=small.card.priors | {"level": un.Prior("normal", (-3.5, 0.3))},
    )
    found = un.power_scaling(replace(small, card=tight)).set_index(
        ["component", "group"]
    )["sensitivity"]
    before = table.set_index(["component", "group"])["sensitivity"]
    assert found["level", "World"] > 3 * before["level", "World"]
    assert found["level", "World"] > power.SENSITIVE


def test_the_likelihood_is_that_of_the_counts(small):
    density = power._log_likelihood(small)
    assert density.shape == (4, 500)
    model = recipe_of(small).build()
    seen = model.study.seen
    eta = derived(model, small.posterior.isel(chain=[1], draw=[7]), ["reported"])[
        "reported"
    ].to_numpy()[0, 0]
    whole = (
        np.isclose(seen.n, np.round(seen.n)).all()
        and np.isclose(seen.y, np.round(seen.y)).all()
    )
    assert whole
    exact = binom.logpmf(
        np.round(seen.y), np.round(seen.n), 1 / (1 + np.exp(-eta))
    ).sum()
    assert density[1, 7] == pytest.approx(exact, rel=1e-6)
