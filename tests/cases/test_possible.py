"""Possible: what a published count may stand for, and the likelihood of a ratio that
follows.
"""

import numpy as np
import pytensor.tensor as pt
import pytest
from scipy.special import expit, gammaln, logsumexp
from scipy.stats import binom, norm

from uncounted.cases.curve import LOW, NODES, STEP, log_density, tabulated
from uncounted.cases.possible import pairs, possible, total


def likelihood(a, b, eta: float) -> float:
    x, y, weight = pairs(a, b)
    return float(logsumexp(weight + x * eta - (x + y) * np.logaddexp(0, eta)))


def test_a_suppressed_count_is_one_to_k_minus_one_and_never_zero():
    assert possible(0, below=5).values.tolist() == [1, 2, 3, 4]


def test_known_counts_give_the_binomial_s_likelihood():
    known = [
        likelihood(possible(7), possible(30), eta) - binom.logpmf(7, 37, expit(eta))
        for eta in (-3, -1, 0.5)
    ]
    assert np.ptp(known) == pytest.approx(0, abs=1e-12)


def test_a_suppressed_numerator_is_the_sum_over_what_it_may_be():
    """Given b and a flat log rate, a ~ NegBin(b, π): P(1 ≤ a ≤ 4) at each log odds, by
    the textbook.
    """
    b = 40

    def negative_binomial(eta: float) -> float:
        a = np.arange(1, 5)
        log_p = (
            gammaln(a + b)
            - gammaln(a + 1)
            - gammaln(b)
            + a * np.log(expit(eta))
            + b * np.log(expit(-eta))
        )
        return float(logsumexp(log_p))

    apart = [
        likelihood(possible(0, below=5), possible(b), eta) - negative_binomial(eta)
        for eta in (-4, -2, 0)
    ]
    assert np.ptp(apart) == pytest.approx(0, abs=1e-9)


def test_noise_is_a_mixture_of_counts_near_zero_and_far_from_it():
    near = possible(2.0, noise_sd=2.0)
    assert near.values.tolist() == list(range(13))  # 2 + 5 sds
    far, a = possible(60.0, noise_sd=3.0), np.arange(30.0, 91.0)

    def of_all(eta: float) -> float:
        kernel = (
            gammaln(a + 101)
            - gammaln(a + 1)
            - np.log(a + 100)
            + a * np.log(expit(eta))
            + 100 * np.log(expit(-eta))
        )
        return float(logsumexp(kernel, b=norm.pdf(60, a, 3)))

    apart = [
        likelihood(far, possible(100), eta) - of_all(eta) for eta in (-1.2, -0.5, 0.2)
    ]
    assert np.ptp(apart) == pytest.approx(0, abs=2e-3)


def test_noise_widens_and_suppression_says_less_than_a_count():
    """Curvature of the log likelihood at its top: known > noisy, known > suppressed."""

    def curvature(a, b, eta=-2.0, h=0.1):
        return (
            -(
                likelihood(a, b, eta + h)
                - 2 * likelihood(a, b, eta)
                + likelihood(a, b, eta - h)
            )
            / h**2
        )

    known = curvature(possible(12), possible(90))
    assert curvature(possible(12, noise_sd=4), possible(90, noise_sd=4)) < 0.7 * known
    assert curvature(possible(0, below=5), possible(20)) < curvature(
        possible(3), possible(20)
    )


def test_sums_convolve_and_shares_halve():
    both = total([possible(10), possible(0, below=3), possible(0, below=3)])
    assert both.values.tolist() == [12, 13, 14]
    assert np.exp(both.log_weight) == pytest.approx(
        np.array([1, 1, 0.25]) * np.exp(both.log_weight[0])
    )
    assert possible(3).times(0.5).values.tolist() == [1.5]
    assert total([]).values.tolist() == [0]


def test_curves_are_the_likelihoods_they_tabulate_and_straight_beyond():
    rows = [
        pairs(possible(0, below=5), possible(40)),
        pairs(possible(0, below=11), possible(0, below=5)),
    ]
    width = max(len(row[0]) for row in rows)
    a, b, w = (
        np.array(
            [
                np.pad(row[i], (0, width - len(row[i])), constant_values=fill)
                for row in rows
            ]
        )
        for i, fill in enumerate((0.0, 0.0, -1e9))
    )
    value, slope = (
        pt.as_tensor(table) for table in tabulated(np.array([0, 1]), a, b, w, 2)
    )
    inside = [-7.13, -3.02, -0.49, 1.77, 8.6]
    exact = [[likelihood_of(row, eta) for row in rows] for eta in inside]
    found = [
        log_density(value, pt.as_tensor(np.full(2, eta)), value, slope).eval()
        for eta in inside
    ]
    np.testing.assert_allclose(found, exact, atol=1e-3)
    high = LOW + STEP * (NODES - 1)
    for edge in (LOW, high):
        out = edge + np.sign(edge) * 3
        beyond = log_density(value, pt.as_tensor(np.full(2, out)), value, slope).eval()
        np.testing.assert_allclose(
            beyond, [likelihood_of(row, out) for row in rows], atol=1e-4
        )


def likelihood_of(row, eta: float) -> float:
    a, b, weight = row
    return float(logsumexp(weight + a * eta - (a + b) * np.logaddexp(0, eta)))
