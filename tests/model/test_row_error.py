"""Row error: rows of one survey and age err together; their joint density is the
integral over that error.
"""

from dataclasses import replace

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logsumexp

import uncounted as un
from uncounted.infer.derived import derived
from uncounted.model.build import Study
from uncounted.model.distribution import KINDS, erring
from uncounted.model.prediction import derived_names, predict
from uncounted.model.row_error import drawn, shifted

# A sum over even steps h of a smooth density of width s errs by exp(-2π²s²/h²): with
# n < 8,104 in three rows and τ ≤ 0.2, s > 0.06, so less than 1e-40.
GRID = np.linspace(-10, 10, 801)


def integral(y, eta, tau, n) -> float:
    """Return log ∫ Π f(y | η + τz) N(z; 0, 1) dz of rows, f without log C(n, y), by
    brute force.
    """
    x = eta + tau * GRID[:, None]
    log_density = (
        (y * x - n * np.logaddexp(0, x)).sum(axis=1)
        - GRID**2 / 2
        - np.log(2 * np.pi) / 2
    )
    return float(logsumexp(log_density) + np.log(GRID[1] - GRID[0]))


@pytest.fixture(scope="module")
def of_rows():
    """Return a function of y, η, τ, n, left, group that gives every row's part of the
    groups' densities.
    """
    y, eta, tau, n, left = (
        pt.vector(name) for name in ("y", "eta", "tau", "n", "left")
    )
    group = pt.lvector("group")
    x, taken = shifted(y, eta, tau, n, left, group)
    density = left * (y * x - n * pt.softplus(x)) - taken
    return pytensor.function(
        [y, eta, tau, n, left, group], density, mode="FAST_COMPILE"
    )


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_rows_that_err_together_have_the_density_of_the_integral(of_rows, data):
    """Counts within three standard deviations of what is expected; two groups, one of
    three rows.
    """
    size, group = 4, np.array([0, 1, 0, 0])
    eta = np.array(data.draw(st.lists(st.floats(-6, 3), min_size=size, max_size=size)))
    n = np.exp(
        np.array(data.draw(st.lists(st.floats(0, 9), min_size=size, max_size=size)))
    )
    tau = np.full(size, data.draw(st.floats(0.0, 0.2)))
    away = np.array(
        data.draw(st.lists(st.floats(-1.5, 1.5), min_size=size, max_size=size))
    )
    error = np.array(data.draw(st.lists(st.floats(-1.5, 1.5), min_size=2, max_size=2)))[
        group
    ]
    p = expit(eta + tau * error)
    y = np.clip(n * p + away * np.sqrt(n * p * (1 - p)), 0, n)
    density = of_rows(y, eta, tau, n, np.ones(size), group)
    for at in (np.flatnonzero(group == 0), np.flatnonzero(group == 1)):
        assert density[at].sum() == pytest.approx(
            integral(y[at], eta[at], tau[at], n[at]), abs=0.005
        )


def test_rows_held_out_tell_nothing_and_without_an_error_it_is_the_binomial(of_rows):
    y, eta, n = (
        np.array([3.0, 40.0, 7.0]),
        np.array([-2.0, -1.0, -1.5]),
        np.array([30.0, 90.0, 60.0]),
    )
    group, left = np.array([0, 0, 0]), np.array([1.0, 0.0, 1.0])
    two = of_rows(
        y[[0, 2]], eta[[0, 2]], np.full(2, 0.3), n[[0, 2]], np.ones(2), np.zeros(2, int)
    )
    three = of_rows(y, eta, np.full(3, 0.3), n, left, group)
    np.testing.assert_allclose(three[[0, 2]], two)
    assert three[1] == 0
    none = of_rows(y, eta, np.zeros(3), n, np.ones(3), group)
    np.testing.assert_allclose(none, y * eta - n * np.logaddexp(0, eta))


def test_rows_that_err_together_are_drawn_together():
    rng, group = np.random.default_rng(1), np.array([0, 1, 0])
    eta = drawn(np.zeros((20_000, 3)), np.full((20_000, 3), 0.4), group, rng)
    found = np.corrcoef(eta.T)
    assert found[0, 2] == pytest.approx(1)
    assert abs(found[0, 1]) < 5 / np.sqrt(20_000)
    assert eta.std() == pytest.approx(0.4, rel=5 / np.sqrt(2 * 40_000))


@pytest.fixture(scope="module")
def model() -> pm.Model:
    """Ten countries' surveys of stunting, both sexes by age, and a total."""
    card = un.read_card("stunting")
    evidence = un.evidence_of(card)
    rows = evidence.rows
    some = sorted(rows.loc[rows["source"] == "DHS-like", "country"].unique())[:10]
    few = rows[rows["country"].isin(some)].reset_index(drop=True)
    return un.build(card, un.read_world(), replace(evidence, rows=few))


@pytest.fixture(scope="module")
def study(model) -> Study:
    return model.study


def test_what_is_predicted_of_a_survey_is_the_density_of_its_rows_with_both_errors(
    model, study
):
    """Of the survey's and of every age's, by brute force over both, in three draws."""
    quiet = un.Progress(show=False)
    fit = un.sample(model, seed=1, chains=1, tune=50, draws=3, progress=quiet)
    draws = fit.posterior
    whole = draws.merge(derived(model, draws, derived_names(study)))
    survey = int(study.seen.survey[0])
    rows = np.flatnonzero(study.seen.survey == survey)
    mine = predict(study, whole, rows)
    score = mine.log_scores()[survey]
    nu = np.linspace(-8, 8, 801)
    for draw in range(3):
        of_nu = []
        for z in nu:
            shown, total = mine.covered[draw] + mine.sigma[draw, 0] * z, 0.0
            for group in np.unique(mine.known["row_group"]):
                at = np.flatnonzero(mine.known["row_group"] == group)
                total += integral(
                    mine.y[at], shown[at], mine.row_size[draw, at], mine.n[at]
                )
            of_nu.append(
                total
                + mine.known["log_choose"].sum()
                - z**2 / 2
                - np.log(2 * np.pi) / 2
            )
        assert score[draw] == pytest.approx(
            logsumexp(of_nu) + np.log(nu[1] - nu[0]), abs=0.02
        )


def test_a_row_of_several_ages_errs_by_their_mean(study):
    seen = study.seen
    part = np.sqrt(seen.row_ages.sum(axis=1))
    ages = (seen.row_ages > 0).sum(axis=1)
    np.testing.assert_allclose(part[ages == 1], 1)
    assert (part[ages == 6] < 0.5).all()
    assert (part[ages == 6] >= 1 / np.sqrt(6)).all()
    pairs = {
        tuple(sorted(seen.evidence.rows["sex"][seen.row_group == group]))
        for group in np.unique(seen.row_group)
    }
    assert ("female", "male") in pairs


def test_rows_of_unknown_n_have_no_such_error_besides(study):
    seen = study.seen
    unknown = np.arange(len(seen.y)) % 2 == 0
    kind = erring(KINDS["binomial"], replace(seen, unknown=unknown))
    known = kind.known(seen.y, seen.n)
    eta, sigma = np.full((400, len(seen.y)), -1.0), np.full((400, len(seen.y)), 1.0)
    counts = kind.draw(
        eta, sigma, *known.values(), rng=np.random.default_rng(2), size=eta.shape
    )
    spread = (counts / seen.n).std(axis=0) / np.sqrt(expit(-1.0) * expit(1.0) / seen.n)
    large = seen.n > 100
    assert np.median(spread[unknown & large]) == pytest.approx(1, abs=0.1)
    assert np.median(spread[~unknown & large]) > 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"likelihood": "logit_normal"}, "sigma_row is the error of a survey's row"),
        ({"interactions": ("sex:age",)}, "spread_age lets countries' patterns"),
        ({"exchangeable": ("source:age",)}, "exchangeable has 'source:age'"),
    ],
)
def test_words_that_cannot_go_together_are_refused(words, told):
    card = un.read_card("stunting")
    gone = {
        f"sigma_{one.replace(':', '_')}"
        for one in set(card.interactions)
        - set(words.get("interactions", card.interactions))
    }
    priors = {key: prior for key, prior in card.priors.items() if key not in gone}
    with pytest.raises(un.UncountedError, match=told):
        replace(card, priors=priors, **words)
