"""Questions of rank and threshold, answered from draws whose order is known."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import uncounted as un
from uncounted.errors import UncountedError


@pytest.fixture(scope="module")
def fit(small):
    """Draws in which Ghana has 10 per 1,000, Togo 20 in three quarters of the draws,
    else 5, and all others 1.
    """
    p = (small.p * 0 + 0.001).copy()
    p.loc[{"country": "GHA"}] = 0.010
    p.loc[{"country": "TGO"}] = 0.020
    p.loc[{"country": "TGO", "draw": p["draw"].values[::4]}] = 0.005
    p.loc[{"country": "GHA", "sex": "female"}] = 0.012
    p.loc[{"country": "GHA", "sex": "male"}] = 0.008
    return replace(small, p=p)


def test_one_place_above_another(fit):
    asked = un.hypothesis(fit, "Togo > Ghana")
    assert asked.probability == 0.75
    assert 0.005 < asked.error < 0.02
    assert asked.difference == pytest.approx(10, abs=0.2)
    assert un.hypothesis(fit, "TGO < GHA").probability == 0.25
    assert "P(Togo > Ghana) = 0.750" in str(asked)
    assert "Togo > Ghana" in repr(asked)


def test_a_place_against_a_number_in_the_card_s_unit(fit):
    assert un.hypothesis(fit, "Togo > 6").probability == 0.75
    assert un.hypothesis(fit, "30 > Togo").probability == 1.0
    agreed = un.hypothesis(fit, "World < 1.5")
    assert 0 < agreed.error < 0.001
    assert "> 0.99" in str(agreed)
    assert "in all draws" in str(agreed)


def test_sexes_and_regions(fit):
    assert un.hypothesis(fit, "Ghana, female > Ghana, male").probability == 1.0
    assert un.hypothesis(fit, "Africa > Americas").probability == 1.0
    country = fit.p.sel(country="GHA", sex="female").mean() * 1000
    assert un.hypothesis(fit, "GHA, female > 0").difference == pytest.approx(
        float(country), rel=1e-5
    )


def test_forms_can_be_named_and_all_of_them_are_any(fit):
    shares = xr.DataArray([0.75, 0.25], {"form": ["labour", "sexual"]}, dims="form")
    formed = replace(fit, p=fit.p * shares)
    assert un.hypothesis(formed, "GHA > 6").difference == pytest.approx(
        un.hypothesis(fit, "GHA > 6").difference
    )
    part = un.hypothesis(formed, "GHA, sexual, female > 0").difference
    assert part == pytest.approx(
        0.25 * un.hypothesis(fit, "GHA, female > 0").difference
    )
    assert un.hypothesis(formed, "World, labour > World, sexual").probability == 1.0


def test_it_knows_the_dependence_of_both_sides(small):
    """Two halves of one region move together: the draws say so, intervals laid side by
    side don't.
    """
    asked = un.hypothesis(small, "Africa > Africa, female")
    assert asked.probability == 0.0
    names = sorted(small.world.places["region"].unique())
    p = small.p.isel(country=0).mean(["sex", "age"])
    assert 0 <= un.hypothesis(small, f"{names[0]} > {names[1]}").probability <= 1
    assert p.sizes["chain"] == 4


def test_ranks_are_made_draw_by_draw(fit):
    table = un.ranks(fit, highest=1).set_index("group")
    assert table.loc["TGO", "among"] == 0.75
    assert table.loc["GHA", "among"] == 0.25
    assert table.loc["TGO", "rank_median"] == 1
    assert table.loc["TGO", "rank_upper"] == 2
    assert table["among"].sum() == pytest.approx(1)
    assert list(table.index[:2]) == ["TGO", "GHA"]


def test_a_target_by_country_and_own_grouping(fit):
    table = un.exceeds(fit, 6).set_index("group")["exceeds"]
    assert (table["TGO"], table["GHA"]) == (0.75, 1.0)
    own = pd.DataFrame({"iso3": ["GHA", "TGO"], "bloc": "coast"})
    assert set(un.exceeds(fit, 6, own)["group"]) == {"coast", "not classified"}
    assert np.isfinite(un.exceeds(fit, 6, "region")["exceeds_error"]).all()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Togo", "two sides and a sign"),
        ("Togo > Ghana > Mali", "two sides and a sign"),
        ("Togo >", "two sides and a sign"),
        ("1 > 2", "Name a place"),
        ("Tugo > Ghana", "Did you mean 'Togo'"),
        ("Togo, femal > Ghana", "Did you mean 'female'"),
    ],
)
def test_what_is_no_question(fit, text, told):
    with pytest.raises(UncountedError, match=told):
        un.hypothesis(fit, text)


def test_ranks_of_more_than_there_are(fit):
    with pytest.raises(UncountedError, match="highest=5000"):
        un.ranks(fit, highest=5000)
