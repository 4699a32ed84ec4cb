"""Sums cohere in every draw, and groups are sums."""

import numpy as np
import pandas as pd
import xarray as xr

import uncounted as un
from uncounted.infer.totals import affected, population


def test_world_is_the_sum_of_regions_and_of_countries_in_every_draw(fit):
    totals = {
        by: affected(fit.p, fit.people, un.groups(fit.world, by)).sum("group")
        for by in ("world", "region", "country")
    }
    for by in ("region", "country"):
        np.testing.assert_allclose(totals[by], totals["world"], rtol=1e-10)


def test_all_is_the_sum_of_sexes_and_of_ages_in_every_draw(fit):
    regions = affected(fit.p, fit.people, un.groups(fit.world, "region"))
    parts = regions.drop_sel(sex="all", age="all").sum(["sex", "age"])
    np.testing.assert_allclose(parts, regions.sel(sex="all", age="all"), rtol=1e-10)


def test_a_grouping_with_unclassified_places_still_sums_to_the_world(fit):
    by_income = population(fit.people, un.groups(fit.world, "income_group"))
    assert "not classified" in by_income["group"]
    np.testing.assert_allclose(
        by_income.sel(sex="all", age="all").sum(), fit.people.sum(), rtol=1e-12
    )


def test_affected_by_hand():
    p = xr.DataArray(
        [[[[0.1], [0.2]], [[0.5], [0.0]]]],
        dims=("draw", "country", "sex", "age"),
        coords={"country": ["AAA", "BBB"], "sex": ["female", "male"], "age": ["0-4"]},
    )
    people = xr.DataArray(
        [[[10.0], [20.0]], [[4.0], [6.0]]],
        dims=("country", "sex", "age"),
        coords=p.isel(draw=0).coords,
    )
    total = affected(p, people, pd.Series({"AAA": "x", "BBB": "x"}))
    assert (
        total.sel(group="x", sex="all", age="all").item()
        == 10 * 0.1 + 20 * 0.2 + 4 * 0.5
    )
    assert total.sel(group="x", sex="female", age="0-4").item() == 10 * 0.1 + 4 * 0.5
