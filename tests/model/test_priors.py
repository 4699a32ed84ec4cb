"""Priors: families, their numbers, and what they cannot be of."""

import numpy as np
import pymc as pm
import pytest

from uncounted.errors import UncountedError
from uncounted.model.priors import FAMILIES, Prior, parse_prior

SOME = {
    "normal": (-0.5, 1.5),
    "half_normal": (0.7,),
    "exponential": (0.4,),
    "half_student_t": (5.0, 0.7),
    "beta": (0.5, 2.0),
    "log_normal": (2.0, 0.5),
    "pc": (1.0, 0.05),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_quantiles_are_of_the_same_law(family):
    with pm.Model():
        variable = FAMILIES[family].make("x", *SOME[family])
    draws = pm.draw(variable, 20_000, random_seed=1)
    for q in (0.005, 0.3, 0.5, 0.995):
        assert abs(
            (draws < Prior(family, SOME[family]).quantile(q)).mean() - q
        ) < 4 * np.sqrt(q * (1 - q) / 20_000)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_is_the_density_it_is_named_for(family):
    """Against scipy, with the card's numbers in the card's order."""
    from scipy import stats

    known = {
        "normal": lambda x: stats.norm.logpdf(x, -0.5, 1.5),
        "half_normal": lambda x: stats.halfnorm.logpdf(x, scale=0.7),
        "exponential": lambda x: stats.expon.logpdf(x, scale=0.4),
        "half_student_t": lambda x: np.log(2) + stats.t.logpdf(x, 5, scale=0.7),
        "beta": lambda x: stats.beta.logpdf(x, 0.5, 2.0),
        "log_normal": lambda x: stats.lognorm.logpdf(x, 0.5, scale=2.0),
        "pc": lambda x: stats.expon.logpdf(
            x, scale=1 / -np.log(0.05)
        ),  # P(x > 1) = 0.05
    }
    with pm.Model():
        variable = FAMILIES[family].make("x", *SOME[family])
    for x in (0.1, 0.7) if family == "beta" else (0.1, 0.7, 2.0):
        assert pm.logp(variable, x).eval(mode="FAST_COMPILE") == pytest.approx(
            known[family](x)
        )


def test_the_scale_is_a_typical_size():
    assert Prior("normal", (3.0, 1.5)).scale == 1.5
    assert Prior("half_normal", (0.7,)).scale == pytest.approx(0.7)
    assert Prior("exponential", (0.5,)).scale == pytest.approx(np.sqrt(2) * 0.5)
    assert Prior("half_student_t", (4.0, 0.7)).scale == pytest.approx(0.7)
    assert Prior("pc", (1.0, 0.05)).scale == pytest.approx(np.sqrt(2) / -np.log(0.05))
    assert Prior("log_normal", (2.0, 0.5)).scale == pytest.approx(2 * np.exp(0.25))
    assert Prior("beta", (1.0, 1.0)).scale == pytest.approx(np.sqrt(1 / 12))


@pytest.mark.parametrize(("family", "numbers"), SOME.items())
def test_a_prior_is_read_as_it_is_written(family, numbers):
    prior = parse_prior(
        "x", {family: list(numbers) if len(numbers) > 1 else numbers[0]}
    )
    assert prior == Prior(family, numbers)
    listed = ", ".join(f"{n:g}" for n in numbers)
    assert (
        prior.text
        == f"{{ {family} = {f'[{listed}]' if len(numbers) > 1 else listed} }}"
    )


def test_long_numbers_are_written_in_full():
    assert (
        Prior("normal", (-1.23456789, 1e-7)).text == "{ normal = [-1.23456789, 1e-07] }"
    )
    assert Prior("half_normal", (1 / 3,)).text == "{ half_normal = 0.3333333333333333 }"


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (0.5, "should be one family with its numbers"),
        ({}, "should be one family"),
        ({"normal": [0, 1], "half_normal": 1}, "should be one family"),
        ({"normall": [0, 1]}, "unknown family 'normall'. Did you mean 'normal'?"),
        ({"normal": 1}, "normal of 'x' takes mean and sd, not 1"),
        ({"normal": [0, "1"]}, "takes mean and sd, not [0, '1']"),
        ({"half_normal": [0.5, 0.5]}, "half_normal of 'x' takes sd, not [0.5, 0.5]"),
        (
            {"half_student_t": [0, 1]},
            "half_student_t of 'x' has df = 0; it must be above 0",
        ),
        ({"half_normal": float("inf")}, "takes sd, not inf"),
        ({"half_normal": True}, "takes sd, not True"),
    ],
)
def test_a_prior_that_cannot_be_names_its_key(value, sentence):
    with pytest.raises(UncountedError) as caught:
        parse_prior("x", value)
    assert sentence in str(caught.value)
    assert caught.value.word == "x"


@pytest.mark.parametrize("key", ["level", "female", "beta", "trend"])
@pytest.mark.parametrize(
    "family", ["half_normal", "exponential", "half_student_t", "beta"]
)
def test_an_effect_has_either_sign(key, family):
    with pytest.raises(
        UncountedError,
        match=rf"{key} is an effect, of either sign\. Write one of: normal\.",
    ):
        Prior(family, SOME[family]).fits(key)
    Prior("normal", (0.0, 1.0)).fits(key)


@pytest.mark.parametrize(
    "family", ["normal", "half_normal", "exponential", "half_student_t"]
)
def test_a_share_lies_between_0_and_1(family):
    with pytest.raises(
        UncountedError, match=r"rho is a share, between 0 and 1\. Write one of: beta\."
    ):
        Prior(family, SOME[family]).fits("rho")
    Prior("beta", (0.5, 0.5)).fits("rho")


def test_a_standard_deviation_is_never_negative():
    with pytest.raises(
        UncountedError, match="Write one of: half_normal, exponential, half_student_t"
    ) as caught:
        Prior("normal", (0.0, 1.0)).fits("sigma_country")
    assert caught.value.word == "sigma_country"
    Prior("log_normal", (0.65, 0.2)).fits("sigma_country")
    with pytest.raises(UncountedError, match="sigma_country is a standard deviation"):
        Prior("beta", (1.0, 1.0)).fits("sigma_country")
