"""A variance budget gives back shares that are known beforehand."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from scipy.signal import lfilter

import uncounted as un
from uncounted.checks.variance_shares import first_order
from uncounted.errors import UncountedError


@pytest.fixture
def draws():
    """Return a function that gives independent standard normal draws (chain, draw, …),
    the same in every test.
    """
    rng = np.random.default_rng(8)

    def draw(*more: int, size: int = 1000) -> xr.DataArray:
        dims = ("chain", "draw", *(f"dim_{i}" for i in range(len(more))))
        return xr.DataArray(rng.normal(size=(4, size, *more)), dims=dims)

    return draw


def shares(total: xr.DataArray, **components: xr.DataArray) -> dict[str, float]:
    table = first_order(total, components)
    assert table["share"].sum() == pytest.approx(1)
    return dict(zip(table["component"], table["share"], strict=True))


def test_a_sum_divides_as_its_variances_do(draws):
    a, b, c = draws(), draws(), draws(3)
    found = shares(a + 2 * b + c.sum("dim_0"), a=a, b=b, c=c)
    np.testing.assert_allclose(
        [found["a"], found["b"], found["c"]], [1 / 8, 4 / 8, 3 / 8], atol=0.03
    )
    assert abs(found["interaction"]) < 0.04


def test_what_works_only_together_is_the_remainder(draws):
    """A product's tails are heavy: in 4,000 draws chance alone gives both parts 0.015,
    in 16,000 a quarter of that.
    """
    a, b = draws(size=4000), draws(size=4000)
    found = shares(a * b, a=a, b=b)
    assert found["a"] + found["b"] < 0.02
    assert found["interaction"] > 0.98


def test_a_product_of_lognormals(draws):
    """S = exp(σ₁a + σ₂b): the first-order share of a is (e^σ₁² − 1)/(e^(σ₁²+σ₂²) − 1),
    though S is no line in a.
    """
    a, b = draws(), draws()
    found = shares(np.exp(0.3 * a + 0.5 * b), a=a, b=b)
    whole = np.expm1(0.3**2 + 0.5**2)
    assert found["a"] == pytest.approx(np.expm1(0.3**2) / whole, abs=0.04)
    assert found["b"] == pytest.approx(np.expm1(0.5**2) / whole, abs=0.05)


def test_squares_of_several_numbers_are_seen(draws):
    a = draws(2)
    assert shares((a**2).sum("dim_0"), a=a)["a"] > 0.98


def test_numbers_that_say_nothing_account_for_nothing(draws):
    """250 columns and their squares beside 4,000 draws: a plain R² would be an
    eighth.
    """
    table = first_order(draws(), {"nothing": draws(250)})
    nothing = table.iloc[0]
    assert nothing["share"] < 3 * nothing["error"] + 0.01
    assert nothing["columns"] == 250


def alike(value: xr.DataArray, by: float) -> xr.DataArray:
    """Return normal draws of which neighbours in a chain correlate, made of independent
    ones.
    """
    return value.copy(
        data=lfilter([np.sqrt(1 - by**2)], [1, -by], value.to_numpy(), axis=1)
    )


def test_draws_that_are_like_their_neighbours_explain_no_more(draws):
    """A share of 0.2 in 100 columns beside 2,000 draws: the adjusted R² of these is
    0.31 on average.
    """
    found = []
    for _ in range(10):
        c, b = alike(draws(100, size=500), 0.7), alike(draws(size=500), 0.7)
        found.append(
            first_order(
                c.sum("dim_0") * np.sqrt(0.2 / 100) + b * np.sqrt(0.8), {"c": c}
            ).iloc[0]
        )
    shares, errors = (
        np.array([one[name] for one in found]) for name in ("share", "error")
    )
    assert shares.mean() == pytest.approx(0.2, abs=3 * shares.std() / np.sqrt(10))
    assert shares.std() == pytest.approx(errors.mean(), rel=0.6)


@pytest.mark.parametrize("by", [0.0, 0.8])
@pytest.mark.parametrize(
    ("how", "share"),
    [
        (lambda a, b: a + b, 0.5),
        (lambda a, b: np.exp(0.8 * (a + b)), np.expm1(0.64) / np.expm1(1.28)),
    ],
)
def test_the_standard_error_is_that_of_repetitions(by, how, share):
    """Of a sum, and of a product whose tails are heavy; of draws that are independent,
    and that are not.

    Over 600 repetitions 2 standard errors held the share in 92 to 94 % of cases: they
    are Student's t of 20 blocks.
    """
    rng, off = np.random.default_rng(9), []
    for _ in range(100):
        a, b = (
            alike(xr.DataArray(rng.normal(size=(4, 1000)), dims=("chain", "draw")), by)
            for _ in "ab"
        )
        found = first_order(how(a, b), {"a": a}).iloc[0]
        off.append((found["share"] - share) / found["error"])
    assert (np.abs(off) < 2).mean() > 0.86
    assert np.std(off) == pytest.approx(1.1, abs=0.25)


def test_what_has_no_budget(draws):
    a = draws()
    with pytest.raises(UncountedError, match="no variance to divide"):
        first_order(a * 0, {"a": a})
    with pytest.raises(UncountedError, match="Give draws of one run"):
        first_order(a, {"b": a.isel(draw=slice(10))})
    few = {"draw": slice(50)}
    with pytest.raises(UncountedError, match="too few to tell"):
        first_order(a.isel(few), {"b": draws(100).isel(few)})
    with pytest.raises(UncountedError, match=r"worth 1\d\d independent ones"):
        first_order(alike(a, 0.95), {"b": draws(100)})


@pytest.fixture(scope="module")
def table(small):
    return un.variance_budget(small).set_index("component")


def test_a_fit_s_budget(small, table):
    assert list(table.index) == [
        "sampling",
        "non-sampling",
        "between countries",
        "shared by countries",
        "interaction",
    ]
    assert table["share"][:-1].between(0, 1).all()
    surveyed = small.evidence.rows["country"].unique()
    assert table.loc["between countries", "columns"] == small.p.sizes["country"] - len(
        surveyed
    )
    assert (
        table.loc["sampling", "columns"] == table.loc["non-sampling", "columns"] == 80
    )


def test_countries_that_nobody_surveyed_take_their_part(small, table):
    """With what they depart from their means by four times as large, they account for
    more of the world's number.
    """
    seen = sorted(set(small.evidence.rows["country"]))
    odds = np.exp(3 * small.posterior["country_effect"]).where(
        ~small.p["country"].isin(seen), 1.0
    )
    odds = small.p / (1 - small.p) * odds
    wild = replace(small, p=(odds / (1 + odds)).transpose(*small.p.dims))
    share = un.variance_budget(wild).set_index("component")["share"]
    assert share["between countries"] > table["share"]["between countries"] + 0.1
