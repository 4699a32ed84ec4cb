"""Shares of a trait that only surveys know: pooled, imputed, and uncertain wherever
they enter.
"""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import uncounted as un
from uncounted.world.pooled_shares import Cells, pooled_shares
from uncounted.world.shares import persons_drawn
from uncounted.world.world import persons

REGIONS, COUNTRIES, ASKED, DRAWS = 5, 60, 40, 400


def simulated(
    rng: np.random.Generator, groups: int, levels: int, n: float
) -> tuple[np.ndarray, Cells]:
    """Draw true shares (countries, groups, levels) from the model and counts of n
    respondents where somebody asked.
    """
    root = np.linalg.cholesky((np.eye(levels - 1) + 1) / 2)
    region = np.arange(COUNTRIES) % REGIONS
    z = rng.normal(-1.5, 0.5, (groups, levels - 1))
    z = z + (0.6 * rng.normal(size=(REGIONS, levels - 1)) @ root.T)[region][:, None]
    z = z + 0.5 * rng.normal(size=(COUNTRIES, 1, levels - 1)) @ root.T
    z = (
        z
        + (groups > 1) * 0.3 * rng.normal(size=(COUNTRIES, groups, levels - 1)) @ root.T
    )
    odds = np.exp(np.concatenate([z, np.zeros((COUNTRIES, groups, 1))], axis=-1))
    truth = odds / odds.sum(axis=-1, keepdims=True)
    country, group = (one.ravel() for one in np.indices((ASKED, groups)))
    counts = rng.multinomial(int(n), truth[country, group]).astype(float)
    return truth, Cells(counts, country, group, region, groups)


@pytest.mark.parametrize(("groups", "levels", "n"), [(1, 3, 300), (2, 2, 100)])
def test_intervals_hold_the_truth_as_often_as_they_say(groups, levels, n):
    """Four worlds each; tests/study counts many."""
    rng, inside = np.random.default_rng(groups + 10 * levels), []
    for seed in range(4):
        truth, cells = simulated(rng, groups, levels, n)
        low, high = np.quantile(pooled_shares(cells, seed, DRAWS), [0.1, 0.9], axis=0)
        inside.append((truth >= low) & (truth <= high))
    held = np.stack(inside)
    assert 0.7 < held[:, :ASKED].mean() < 0.9
    assert (
        0.65 < held[:, ASKED:].mean() < 0.93
    )  # of 4 × 20 countries, 80 % within three of its binomial sd's


def test_a_country_without_data_varies_as_countries_do_and_one_with_data_is_drawn_to_them():
    truth, cells = simulated(np.random.default_rng(3), 1, 2, 300)
    odds = pooled_shares(cells, 1, DRAWS)[:, :, 0, 0]
    logit = np.log(odds / (1 - odds))
    assert np.median(logit[:, ASKED:].std(axis=0)) > 0.4  # sd between countries is 0.5
    assert np.median(logit[:, :ASKED].std(axis=0)) < 0.25
    correlation = np.corrcoef(logit[:, ASKED:].T)[np.triu_indices(COUNTRIES - ASKED, 1)]
    assert abs(correlation.mean()) < 0.1  # no draw is shared
    del truth


def test_no_counts_of_zero_break_it():
    _, cells = simulated(np.random.default_rng(4), 1, 2, 300)
    none = Cells(
        np.array([[0.0, 50.0]] * 10),
        cells.country[:10],
        cells.group[:10],
        cells.region,
        1,
    )
    drawn = pooled_shares(none, 1, 200)
    assert np.isfinite(drawn).all()
    assert np.median(drawn[:, :10, 0, 0]) < 0.02


def table(world: un.World, **columns: object) -> pd.DataFrame:
    codes = list(world.places.index[::2])
    rows = [
        (code, level, share)
        for code in codes
        for level, share in (("urban", 0.7), ("rural", 0.3))
    ]
    return pd.DataFrame(rows, columns=["iso3", "area", "share"]).assign(
        se=0.03, **columns
    )


def test_the_population_is_divided_by_mean_shares_and_keeps_its_sum(world):
    divided = un.with_shares(world, table(world), "area", seed=1, draws=200)
    assert divided.traits == ("area",)
    assert divided.digest != world.digest
    old, new = (
        persons(world, ["15-64"], 2020),
        persons(divided, ["15-64"], 2020, traits=["area"]),
    )
    xr.testing.assert_allclose(new.sum("area"), old)
    share = new.sum(["sex", "age"]) / old.sum(["sex", "age"])
    asked, imputed = world.places.index[::2], world.places.index[1::2]
    np.testing.assert_allclose(
        share.sel(area="urban", country=list(asked)), 0.7, atol=0.03
    )
    assert (
        share.sel(area="urban", country=list(imputed)).std() < 0.05
    )  # all asked alike, so expected alike
    drawn = persons_drawn(divided, [un.world.age.parse_band("15-64")], 2020, ["area"])
    assert drawn.dims == ("draw", "country", "sex", "age", "area")
    np.testing.assert_allclose(drawn.sum("area").isel(draw=0), old, rtol=1e-5)
    np.testing.assert_allclose(drawn.mean("draw"), new, rtol=1e-3)
    assert persons_drawn(divided, [un.world.age.parse_band("15-64")], 2020, []) is None


def test_shares_by_sex_and_age_go_to_the_groups_of_their_bands(world):
    rows = [
        table(world, sex=sex, age=age)
        for sex in ("female", "male")
        for age in ("15-64", "65+")
    ]
    rows = pd.concat(rows)
    more = np.where(rows["sex"] == "female", 0.1, 0.0) * np.where(
        rows["area"] == "urban", 1, -1
    )
    rows = rows.assign(share=rows["share"] + more)
    divided = un.with_shares(world, rows.assign(se=0.01), "area", seed=1, draws=100)
    share = divided.shares[0].mean("draw").sel(country="AFG", area="urban")
    assert float(share.sel(sex="female", age="15-19")) == pytest.approx(0.8, abs=0.03)
    assert float(share.sel(sex="male", age="60-64")) == pytest.approx(0.7, abs=0.03)
    with pytest.raises(
        un.UncountedError, match="has ages that the population table lacks"
    ):
        persons(divided, ["0-14"], 2020)


def test_draws_from_elsewhere_are_taken_as_they_are(world):
    rng = np.random.default_rng(2)
    coords = {"country": world.places.index.to_numpy()}
    p = xr.DataArray(
        rng.beta(2, 5, (2, 30, len(coords["country"]))),
        coords,
        ("chain", "draw", "country"),
    )
    both = xr.concat([p, 1 - p], pd.Index(["migrant", "native"], name="migrant"))
    divided = un.with_shares(world, both, "migrant")
    assert divided.shares[0].sizes["draw"] == 60
    people = persons(divided, ["15-64"], 2020, traits=["migrant"])
    np.testing.assert_allclose(
        people.sel(migrant="migrant").sum(["sex", "age"])
        / people.sum(["sex", "age", "migrant"]),
        p.mean(["chain", "draw"]),
        rtol=1e-5,
    )
    for wrong, told in (
        (both * 2, "do not sum to 1 along migrant"),
        (both.isel(country=slice(5)), "lack"),
        (both.rename(country="place"), "should have dims"),
    ):
        with pytest.raises(un.UncountedError, match=told):
            un.with_shares(world, wrong, "migrant")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda t: t.drop(columns="se"), "no column 'se'"),
        (
            lambda t: t.assign(share=0.6),
            "shares of AFG do not sum to 1|shares of ABW do not sum to 1",
        ),
        (lambda t: t.assign(se=-1), "wrong se for"),
        (lambda t: t.assign(share="many"), "wrong share for"),
        (lambda t: pd.concat([t, t]), "the same iso3, area twice|do not sum to 1"),
        (
            lambda t: t.assign(area=t["area"].replace("urban", "all")),
            "has the area 'all'",
        ),
        (lambda t: t[t["area"] == "urban"], "one area only"),
        (lambda t: t.assign(sex="both"), "has the sex 'both'"),
        (lambda t: t.assign(age="15-62"), "not made of the population's age groups"),
        (lambda t: t.assign(iso3="XXX"), "XXX"),
    ],
)
def test_what_no_shares_can_be_made_of_is_a_sentence(world, change, told):
    with pytest.raises(un.UncountedError, match=told):
        un.with_shares(world, change(table(world)), "area", seed=1, draws=20)


def test_a_seed_is_asked_for_and_repeats_the_draws(world):
    with pytest.raises(un.UncountedError, match="Give with_shares a seed"):
        un.with_shares(world, table(world), "area")
    one, again = (
        un.with_shares(world, table(world), "area", seed=5, draws=50).shares[0]
        for _ in range(2)
    )
    assert (one == again).all()
    with pytest.raises(un.UncountedError, match="divided by 'area' already"):
        un.with_shares(
            un.with_shares(world, table(world), "area", seed=1, draws=20),
            table(world),
            "area",
            seed=1,
        )
