"""Reporting: what was simulated with mistakes, other definitions, windows and places is
found again.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

import uncounted as un
from uncounted.errors import UncountedError
from uncounted.infer.sampler import prepare
from uncounted.model.card import Card, Sampling, parse_card
from uncounted.model.priors import Prior

PRIORS = {
    "level": Prior("normal", (-2.0, 1.0)),
    "sigma_country": Prior("half_normal", (0.7,)),
}
HOW = Sampling(chains=4, tune=400, draws=400, target_accept=0.9)
SMALL = Card(
    title="x",
    outcome="x",
    ages=("0+",),
    priors=PRIORS,
    year=2020,
    people=(),
    place=("country",),
)
MEAN, SD = -2.0, 0.5


@pytest.fixture(scope="module")
def world():
    return un.read_world()


@pytest.fixture(scope="module")
def truth(world) -> pd.Series:
    rng = np.random.default_rng(8)
    return pd.Series(rng.normal(MEAN, SD, len(world.places)), index=world.places.index)


def surveys(
    logit_r: pd.Series, seed: int, survey: str, n: int = 2000, **columns: object
) -> pd.DataFrame:
    """One survey of n in each country, of what logit_r says people report."""
    y = np.random.default_rng(seed).binomial(n, expit(logit_r.to_numpy()))
    rows = pd.DataFrame(
        {"country": logit_r.index, "survey": survey + logit_r.index, "n": n, "y": y}
    )
    return rows.assign(year=2020, sex="both", age="0+", **columns)


def drawn(card: Card, world, *tables: pd.DataFrame):
    model = un.build(card, world, un.counts(pd.concat(tables, ignore_index=True), "x"))
    posterior, stats = prepare(model).run(3, HOW)
    assert int(stats["diverging"].sum()) == 0
    return posterior


def near(draws, truth: float, sds: float = 4.0) -> bool:
    """Say whether the truth lies within some posterior sds of the mean; and that data
    told more than nothing.
    """
    return abs(float(draws.mean()) - truth) < sds * float(draws.std())


def with_priors(**priors: tuple) -> dict:
    return PRIORS | {
        key: Prior(family, numbers) for key, (family, *numbers) in priors.items()
    }


@pytest.mark.long
def test_bias_and_crosswalk_are_found_again(world, truth):
    some = truth.iloc[:80]
    card = replace(
        SMALL, reference_source="good", reference_definition="wide",
        priors=with_priors(bias=("normal", 0.0, 0.5), crosswalk=("normal", 0.0, 0.5)),
    )  # fmt: skip
    posterior = drawn(
        card, world,
        surveys(some, 1, "a", source="good", definition="wide"),
        surveys(some + 0.4, 2, "b", source="poor", definition="wide"),
        surveys(some - 0.6, 3, "c", source="good", definition="narrow"),
    )  # fmt: skip
    assert near(posterior["bias"], 0.4)
    assert near(posterior["crosswalk"], -0.6)
    assert float(posterior["bias"].std()) < 0.1
    assert near(posterior["level"], MEAN)


@pytest.mark.long
def test_mistakes_told_by_validation_counts_are_taken_out(world, truth):
    sensitivity, specificity = 0.8, 0.9
    reported = pd.Series(
        logit(sensitivity * expit(truth) + (1 - specificity) * expit(-truth)),
        index=truth.index,
    )
    card = replace(
        SMALL, validation={"survey": {"sensitivity": (800, 1000), "specificity": (4500, 5000)}},
        priors=with_priors(sensitivity=("beta", 1, 1), specificity=("beta", 1, 1)),
    )  # fmt: skip
    posterior = drawn(card, world, surveys(reported.iloc[:60], 4, "a"))
    assert near(posterior["sensitivity"], sensitivity)
    assert near(posterior["specificity"], specificity)
    assert near(posterior["level"], MEAN)
    naive = logit(expit(reported.iloc[:60]).mean())
    assert naive > MEAN + 0.3  # what would be believed without


@pytest.mark.long
def test_another_window_and_reports_from_elsewhere(world, truth):
    """Windows of one and five years differ by (1 + μ)/(5 + μ); families abroad see a
    part κ of each host's victims.
    """
    rare, duration, kappa = truth - 1.5, 2.0, 0.3
    factor = (1 + duration) / (5 + duration)
    year = pd.Series(logit(factor * expit(rare)), index=rare.index)
    seen = pd.Series(logit(kappa * expit(rare)), index=rare.index).iloc[:10]
    card = replace(
        SMALL, window_years=5.0,
        priors=with_priors(level=("normal", -3.5, 1.0), duration=("log_normal", 3.0, 0.7), kappa=("beta", 2, 4)),
    )  # fmt: skip
    posterior = drawn(
        card, world,
        surveys(rare, 5, "a", window=5.0, source="survey"), surveys(year, 6, "b", window=1.0, source="survey"),
        surveys(seen, 7, "c", n=50_000, window=5.0, source="reported from elsewhere"),
    )  # fmt: skip
    assert near(posterior["duration"], duration)
    assert near(posterior["level"], MEAN - 1.5)
    mean, sd = (
        posterior["kappa"].mean(("chain", "draw")),
        posterior["kappa"].std(("chain", "draw")),
    )
    assert (np.abs(mean - kappa) < 4 * sd).all()
    assert float(np.abs(mean - kappa).mean()) < 0.08


def test_what_no_card_allows(world, truth):
    elsewhere = un.counts(surveys(truth, 1, "a", source="reported from elsewhere"), "x")
    with pytest.raises(UncountedError, match=r"kappa = \{ beta"):
        un.build(SMALL, world, elsewhere)
    windows = un.counts(surveys(truth, 1, "a", window=1.0), "x")
    with pytest.raises(UncountedError, match="another quantity for every T"):
        un.build(replace(SMALL, window_years=5.0), world, windows)
    with pytest.raises(UncountedError, match="needs the word `reference_source`"):
        replace(SMALL, priors=with_priors(bias=("normal", 0.0, 1.0)))
    biased = replace(
        SMALL, reference_source="god", priors=with_priors(bias=("normal", 0.0, 1.0))
    )
    both = pd.concat(
        [surveys(truth, 1, "a", source="good"), surveys(truth, 1, "b", source="poor")]
    )
    with pytest.raises(UncountedError, match="Did you mean 'good'"):
        un.build(biased, world, un.counts(both, "x"))


def test_a_card_says_its_validation():
    card = replace(
        SMALL, validation={"survey": {"sensitivity": (8, 10)}}, window_years=5.0, reference_source="good",
        priors=with_priors(sensitivity=("beta", 1, 1), bias=("normal", 0, 1), duration=("log_normal", 2, 1)),
    )  # fmt: skip
    assert parse_card(card.text, card.name).text == card.text
    with pytest.raises(UncountedError, match="should be tables"):
        parse_card(card.text.replace("[8, 10]", "[11, 10]"), "x")
    with pytest.raises(UncountedError, match="no prior"):
        replace(
            card,
            priors=with_priors(bias=("normal", 0, 1), duration=("log_normal", 2, 1)),
        )
