"""Components: σ of every level, found before sampling, against its truth and against a
plain optimiser.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import multivariate_normal, norm

import uncounted as un
from uncounted.infer.derived import derived
from uncounted.infer.prior import draw_prior
from uncounted.model.card import Card
from uncounted.model.components import Component, components
from uncounted.model.priors import Prior
from uncounted.model.seen import Seen, look

PRIORS = {
    "level": ("normal", -1.0, 1.0), "sigma_region": ("half_normal", 0.5), "sigma_country": ("half_normal", 0.5),
    "sigma_beta": ("half_normal", 0.5), "trend": ("normal", 0.0, 0.05), "sigma_trend_region": ("half_normal", 0.05),
    "sigma_trend_country": ("half_normal", 0.05), "sigma_smooth_region": ("half_normal", 0.3),
    "sigma_smooth_country": ("half_normal", 0.3), "sigma_survey": ("half_normal", 0.3),
}  # fmt: skip
LEVELS, TRUTHS = ("sigma_region", "sigma_country", "sigma_survey"), 25


@pytest.fixture(scope="module")
def world():
    return un.read_world()


@pytest.fixture(scope="module")
def card() -> Card:
    """Two covariates, one of which many countries lack, and a trend that bends."""
    priors = {
        key: Prior(family, tuple(numbers)) for key, (family, *numbers) in PRIORS.items()
    }
    return Card(
        title="x", outcome="x", ages=("0+",), people=(), place=("region", "country"), year=2015, years=(2000, 2020),
        covariates=("human_development_index", "gender_inequality_index"), priors=priors,
    )  # fmt: skip


@pytest.fixture(scope="module")
def evidence() -> un.Evidence:
    """240 surveys of 80 countries, of two kinds."""
    rng = np.random.default_rng(3)
    codes = rng.choice(un.read_world().places.index, 80, replace=False)
    rows = pd.DataFrame(
        {
            "country": np.repeat(codes, 3),
            "year": rng.integers(2000, 2021, 240),
            "n": 3000.0,
            "y": 300.0,
        }
    )
    kinds = {
        "survey": [f"s{i}" for i in range(240)],
        "source": np.tile(["one", "two"], 120),
    }
    return un.counts(rows.assign(**kinds, sex="both", age="0+"), "x")


@pytest.fixture(scope="module")
def drawn(card, world, evidence):
    """Truths from the card's priors, and what the surveys would find of each."""
    model = un.build(card, world, evidence)
    truths = draw_prior(model, 8, TRUTHS)
    reported = derived(model, truths, ["reported"])["reported"].to_numpy()[0]
    rng = np.random.default_rng(9)
    seen = look(card, world, evidence)
    return truths, [
        replace(seen, y=rng.binomial(seen.n.astype(int), expit(each)).astype(float))
        for each in reported
    ]


def by_kind(found: dict[str, Component], seen: Seen) -> dict[str, Component]:
    """Return the components with that of surveys once for each of their kinds."""
    first = np.unique(seen.source, return_index=True)[1]
    return found | {
        "survey": Component(found["survey"].mode[first], found["survey"].low[first])
    }


def test_components_are_about_the_truth_and_their_low_ends_below_it(card, world, drawn):
    truths, evidence = drawn
    far = []
    for i, seen in enumerate(evidence):
        for name, found in by_kind(components(card, world, seen), seen).items():
            truth = truths[f"sigma_{name}"].to_numpy()[0, i]
            far.append(
                (np.log(truth) - np.log(found.mode)) / np.log(found.mode / found.low)
            )
    far = np.concatenate([np.atleast_1d(one) for one in far])
    assert len(far) == TRUTHS * (
        len(PRIORS) - 2 + 1
    )  # all σ, one more of surveys' two kinds, without level and trend
    assert (far > 2).mean() < 0.05
    assert 0.75 < (far > -1).mean() < 0.9
    assert abs(np.median(far)) < 0.25


def test_the_mode_is_that_of_the_density(card, world, drawn):
    """A general optimiser on the whole normal density, written out, with σ's of two
    levels alone.
    """
    short = replace(
        card,
        covariates=(),
        years=None,
        priors={k: v for k, v in card.priors.items() if k in ("level", *LEVELS)},
    )
    seen = drawn[1][0]
    found = by_kind(components(short, world, seen), seen)
    region = world.places["region"].iloc[seen.survey_country].to_numpy()
    same = [
        region[:, None] == region,
        seen.survey_country[:, None] == seen.survey_country,
    ]
    same += [np.diag(seen.source == kind) for kind in range(2)]
    scale = np.array(
        [short.priors[name].numbers[0] for name in (*LEVELS[:2], LEVELS[2], LEVELS[2])]
    )
    y, n = (np.bincount(seen.survey, one) for one in (seen.y, seen.n))
    z = np.log((y + 0.5) / (n - y + 0.5))
    v = (
        np.diag(1 / (y + 0.5) + 1 / (n - y + 0.5))
        + short.priors["level"].numbers[1] ** 2
    )

    def less(theta: np.ndarray) -> float:
        whole = v + sum(
            np.exp(2 * one) * kernel for one, kernel in zip(theta, same, strict=True)
        )
        given = multivariate_normal(
            np.full(len(z), short.priors["level"].numbers[0]), whole
        ).logpdf(z)
        return -given - (norm.logpdf(np.exp(theta), 0, scale) + theta).sum()

    best = minimize(less, np.log(scale), method="BFGS").x
    mode = np.concatenate(
        [[found["region"].mode, found["country"].mode], found["survey"].mode]
    )
    np.testing.assert_allclose(mode, np.exp(best), rtol=0.01)


def test_rows_held_out_are_as_if_they_were_not_there(card, world, evidence, drawn):
    seen = drawn[1][1]
    out = np.arange(len(seen.y)) % 3 == 0
    rows = evidence.rows.assign(y=seen.y)[~out].reset_index(drop=True)
    alone = look(card, world, replace(evidence, rows=rows))
    fewer = by_kind(components(card, world, alone), alone)
    for name, one in by_kind(
        components(card, world, seen, (~out).astype(float)), seen
    ).items():
        np.testing.assert_allclose(one.mode, fewer[name].mode, rtol=1e-6)


def test_slopes_of_any_prior_are_no_part_of_countries(card, world, drawn):
    seen = drawn[1][2]
    learned = components(card, world, seen)
    priors = {key: prior for key, prior in card.priors.items() if key != "sigma_beta"}
    for other in (
        {"beta": Prior("normal", (0.0, 0.5))},
        {"r2": Prior("beta", (1.0, 1.0))},
    ):
        found = components(replace(card, priors=priors | other), world, seen)
        assert set(learned) - set(found) == {"beta"}
        np.testing.assert_allclose(
            found["country"].mode, learned["country"].mode, rtol=0.1
        )


def test_nothing_seen_leaves_the_prior(card, world, drawn):
    none = components(card, world, drawn[1][0], np.zeros(len(drawn[1][0].y)))
    for name, one in none.items():
        np.testing.assert_allclose(
            one.mode, card.priors[f"sigma_{name}"].numbers[0], rtol=0.02
        )


def test_counts_above_n_tell_no_less_than_everybody(card, world, drawn):
    """A row of a part of a person, drawn as one person, may show more cases than n."""
    seen = drawn[1][0]
    few = np.full(len(seen.y), 0.6)
    above = components(card, world, replace(seen, y=np.ones(len(few)), n=few))
    everybody = components(card, world, replace(seen, y=few, n=few))
    for name, one in above.items():
        assert np.isfinite(one.low).all()
        np.testing.assert_allclose(one.mode, everybody[name].mode, rtol=0.5)
