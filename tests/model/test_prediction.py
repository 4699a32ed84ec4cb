"""What surveys would show: the survey's own error summed out against brute force, and
draws with the right moments.
"""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import betabinom, binom, norm

from uncounted.model.distribution import KINDS
from uncounted.model.prediction import Prediction

DRAWS = 7
ETA = np.random.default_rng(1).normal([-4.0, -2.0, -2.5], 0.2, size=(DRAWS, 3))
N, Y = np.array([400.5, 3000.0, 250.0]), np.array([5.2, 410.0, 0.0])
FINE = np.linspace(-12, 12, 40_001)


def prediction(
    likelihood: str = "binomial", sigma: float = 0.3, se: float = 1.0, sp: float = 1.0
) -> Prediction:
    y = (
        np.where(Y == 0, 12.3, Y)
        if likelihood in ("logit_normal", "fay_herriot")
        else Y
    )
    kind = KINDS[likelihood]
    return Prediction(
        kind=kind,
        link="logit",
        covered=ETA,
        sigma=np.full(ETA.shape, sigma),
        se=np.full(ETA.shape, se),
        sp=np.full(ETA.shape, sp),
        extra=np.full((DRAWS, len(kind.takes)), 0.8),
        y=y,
        known=kind.known(y, N),
        survey=np.array([0, 0, 1]),
        sigma_series=np.zeros(ETA.shape),
        series=np.full(3, -1),
        row_size=np.zeros(ETA.shape),
    )


@pytest.mark.parametrize(
    "likelihood", ["binomial", "beta_binomial", "logit_normal", "fay_herriot"]
)
@pytest.mark.parametrize(
    ("sigma", "se", "sp"),
    [(0.3, 1.0, 1.0), (1.5, 1.0, 1.0), (0.3, 0.8, 0.99), (0.01, 1.0, 1.0)],
)
def test_the_survey_s_own_error_is_summed_out(likelihood, sigma, se, sp):
    one = prediction(likelihood, sigma, se, sp)
    found = one.log_scores()
    for survey in (0, 1):
        rows = one.rows(np.flatnonzero(one.survey == survey))
        density = rows.log_density((FINE * sigma)[:, None, None]).sum(axis=-1)
        brute = np.log(
            np.trapezoid(np.exp(density) * norm.pdf(FINE)[:, None], FINE, axis=0)
        )
        np.testing.assert_allclose(found[survey], brute, atol=1e-3)


def test_without_an_error_of_its_own_it_is_the_likelihood():
    one = prediction(sigma=0.0)
    y, n = np.round(Y), np.round(N)
    whole = replace(one, y=y, known=KINDS["binomial"].known(y, n))
    expected = binom.logpmf(y, n, expit(ETA))
    np.testing.assert_allclose(whole.log_scores()[0], expected[:, :2].sum(axis=1))
    np.testing.assert_allclose(whole.log_scores()[1], expected[:, 2])


def test_a_beta_binomial_takes_its_design_effect():
    y, n = np.round(Y), np.round(N)
    one = replace(
        prediction("beta_binomial"), y=y, known=KINDS["beta_binomial"].known(y, n)
    )
    kappa = (n - 1) / 0.8
    p = expit(ETA)
    expected = betabinom.logpmf(y, n, kappa * p, kappa * (1 - p))
    np.testing.assert_allclose(
        one.log_density(np.zeros((1, 1, 1)))[0], expected, rtol=1e-9
    )


def test_rows_of_a_survey_share_its_error():
    many = 20_000
    covered = np.tile(np.array([-1.0, -1.0, -1.0]), (many, 1))
    one = replace(
        prediction(sigma=0.5), covered=covered, **{name: np.ones_like(covered) for name in ("se", "sp")},
        sigma=np.full(covered.shape, 0.5), sigma_series=np.zeros_like(covered),
        extra=np.zeros((many, 0)), known=KINDS["binomial"].known(Y, np.full(3, 1e6)),
    )  # fmt: skip
    shown = logit(one.counts(np.random.default_rng(2)) / 1e6)
    together = np.corrcoef(shown.T)
    assert together[0, 1] > 0.99
    assert abs(together[0, 2]) < 0.03
    np.testing.assert_allclose(shown.std(axis=0), 0.5, rtol=0.03)


def test_mistakes_are_made_of_what_is_shown():
    one = prediction(sigma=0.0, se=0.7, sp=0.98)
    counts = np.mean(
        [one.counts(np.random.default_rng(seed)) for seed in range(400)], axis=0
    )
    expected = N * (0.7 * expit(ETA) + 0.02 * (1 - expit(ETA)))
    np.testing.assert_allclose(counts, expected, rtol=0.1)
