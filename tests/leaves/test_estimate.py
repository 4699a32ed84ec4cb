"""Leaves add up draw by draw, keep their dependence, and say what is behind them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import uncounted as un
from uncounted.leaves.estimate import (
    Estimate,
    at_correlation,
    denominators,
    plain,
    shares,
)
from uncounted.leaves.leaf import leaves
from uncounted.leaves.parts import paired
from uncounted.tables.breakdown import NOT_A_PREVALENCE
from uncounted.tables.estimates import OVERLAP

CELL = ["country", "sex", "age"]


def world_of(persons: xr.DataArray) -> np.ndarray:
    return persons.sum(CELL, dtype=float).to_numpy().ravel()


def test_the_total_is_the_sum_of_leaves_in_every_draw(estimate):
    by_leaf = sum(world_of(leaf.persons) for leaf in estimate.leaves.values())
    np.testing.assert_allclose(world_of(estimate.persons()), by_leaf, rtol=1e-6)
    labour = ["Labour, adults", "Sexual, adults", "Labour, children", "State"]
    np.testing.assert_allclose(
        world_of(estimate.persons("Labour")),
        sum(world_of(estimate.persons(name)) for name in labour),
        rtol=1e-6,
    )


def test_a_window_becomes_a_stock_by_its_own_draw_of_the_duration(estimate, parts):
    fit = parts.fits["labour"]
    n = (fit.p * fit.people).sum("age")
    mu = parts.duration["Labour, adults"]
    expected = n * mu / (5 + mu)
    found = estimate.leaves["Labour, adults"].persons
    np.testing.assert_allclose(
        found.sel(age="adults"), expected.transpose(*found.dims[:4]), rtol=1e-5
    )
    assert (found.sel(age="children") == 0).all()


def test_a_ratio_leaf_follows_the_leaf_it_is_of_and_its_selection(
    card, world, parts, estimate
):
    adults, children = (
        estimate.persons(name) for name in ("Labour, adults", "Labour, children")
    )
    odds = np.exp(parts.log_odds.sel(ratio="Labour, children", region="West"))
    for code in ("GHA", "TGO"):
        expected = adults.sel(country=code, age="adults") * odds
        np.testing.assert_allclose(
            children.sel(country=code, age="children"),
            expected.transpose("chain", "draw", "sex"),
            rtol=1e-5,
        )
    fixed = replace(parts, log_odds=xr.zeros_like(parts.log_odds))
    same = leaves(card, world, fixed)["Labour, children"].persons.sel(age="children")
    np.testing.assert_allclose(same, adults.sel(age="adults"), rtol=1e-5)


def test_the_world_sd_of_selection_is_one_draw_for_all_places(card, world, parts):
    """δ_world moves every region alike; drawn by stratum it would average out of the
    world's interval.
    """
    fixed = replace(parts, log_odds=xr.zeros_like(parts.log_odds))
    leaf = card["Sexual, adults"]
    alone = replace(
        leaf, ratio=replace(leaf.ratio, selection=un.Selection(0.0, 1.0, 0.0))
    )
    changed = replace(
        card, leaf=tuple(alone if one.name == leaf.name else one for one in card.leaf)
    )
    found = leaves(changed, world, fixed)
    factor = found["Sexual, adults"].persons.sel(age="adults") / found[
        "Labour, adults"
    ].persons.sel(age="adults")
    assert factor.std(["country", "sex"]).max() < 1e-5
    assert np.log(factor.isel(country=0, sex=0)).std() == pytest.approx(1.0, rel=0.08)


def test_groups_that_overlap_are_sums_of_their_countries(estimate):
    first, second, third = list(estimate.world.places.index[:3])
    table = pd.DataFrame(
        {"iso3": [first, second, second, third], "group": ["a", "a", "b", "b"]}
    )
    keys = ["leaf", "sex", "age"]
    rows = (
        un.breakdown(estimate, [table, "country"])
        .set_index(["group", *keys])
        .sort_index()
    )
    assert set(rows.loc["a", "note"]) <= {OVERLAP, f"{NOT_A_PREVALENCE}; {OVERLAP}"}
    assert set(rows.loc[first, "note"]) <= {"", NOT_A_PREVALENCE}
    for name, countries in {"a": [first, second], "b": [second, third]}.items():
        for column in ("persons_mean", "persons_print", "population"):
            total = sum(rows.loc[country, column] for country in countries)
            np.testing.assert_allclose(
                rows.loc[name, column], total.reindex(rows.loc[name].index), rtol=1e-6
            )


def test_rows_add_up_and_say_what_is_behind_them(estimate):
    rows = un.breakdown(estimate, ["world", "region", "country"])
    for column in ("persons_mean", "persons_print"):
        sums = rows.pivot_table(
            column, ["leaf", "sex", "age"], "grouping", aggfunc="sum"
        )
        np.testing.assert_allclose(sums["country"], sums["world"], rtol=1e-6)
        np.testing.assert_allclose(sums["region"], sums["world"], rtol=1e-6)
    printed = rows.set_index(["grouping", "group", "leaf", "sex", "age"])[
        "persons_print"
    ].sort_index()
    of_leaf = {
        name: printed["world", "World", name, "all", "all"] for name in estimate.leaves
    }
    assert printed["world", "World", "total", "all", "all"] == sum(of_leaf.values())
    assert (printed % 1 == 0).all()
    assert rows["leaf"].iloc[0] == "total"
    countries = rows[
        (rows["grouping"] == "country")
        & (rows["sex"] == "all")
        & (rows["age"] == "all")
    ]
    evidence = countries.set_index(["leaf", "group"])[["evidence", "country_evidence"]]
    assert tuple(evidence.loc[("Labour, adults", "GHA")]) == ("surveyed", 1)
    assert tuple(evidence.loc[("Labour, adults", "NAM")]) == ("imputed", 0)
    assert tuple(evidence.loc[("Sexual, adults", "GHA")]) == ("imputed", 0)
    assert tuple(evidence.loc[("State", "GHA")]) == ("outside figure", 1)
    assert evidence.loc[("State", "KEN"), "evidence"] == "imputed"
    assert 0 < evidence.loc[("total", "GHA"), "country_evidence"] < 1


def test_prevalence_has_the_denominator_of_its_row(estimate, world):
    rows = un.breakdown(estimate, ["world"]).set_index(["leaf", "sex", "age"])
    children = un.persons(world, ["0-17"], 2020).sum().item()
    everybody = un.persons(world, ["0+"], 2020).sum().item()
    assert rows.loc[
        ("Labour, children", "all", "children"), "population"
    ] == pytest.approx(children)
    total = rows.loc[("total", "all", "all")]
    assert total["population"] == pytest.approx(everybody)
    assert total["prevalence_mean"] == pytest.approx(total["persons_mean"] / everybody)
    assert np.isclose(
        rows.loc[("Labour, adults", "all", "children"), "persons_mean"], 0
    )


def test_a_share_multiplies_a_leaf_and_enters_no_sum(estimate, parts):
    part = shares(estimate)["Married before 18"]
    whole = estimate.persons("Marriage")
    assert (part <= whole * (1 + 1e-5)).all()
    np.testing.assert_allclose(
        part.sel(age="children"), whole.sel(age="children"), rtol=1e-5
    )
    fits = parts.fits
    adults = fits["marriage"].p.sel(age=["18-39", "40+"]) * fits["marriage"].people.sel(
        age=["18-39", "40+"]
    )
    np.testing.assert_allclose(
        part.sel(age="adults"), (adults * fits["before-18"].p).sum("age"), rtol=1e-4
    )
    rows = un.breakdown(estimate, ["world"])
    told = rows[rows["leaf"] == "Married before 18"]
    assert told["note"].str.contains("no prevalence").all()
    assert (rows[rows["leaf"] != "Married before 18"]["note"] == "").all()


def test_correlation_of_leaves_that_were_fitted_apart(estimate, jointly):
    apart, together = (at_correlation(estimate, r) for r in (0, 1))
    assert apart is estimate
    for name in ("Labour, adults", "Marriage"):
        before, after = (
            np.sort(world_of(one.persons(name))) for one in (estimate, together)
        )
        np.testing.assert_allclose(before, after)
    ranks = [
        pd.Series(world_of(together.persons(name))).rank()
        for name in ("Labour, adults", "Marriage")
    ]
    assert ranks[0].corr(ranks[1]) > 0.999
    assert (
        world_of(together.persons()).std() > 1.05 * world_of(estimate.persons()).std()
    )
    with pytest.raises(un.UncountedError, match="fitted jointly"):
        at_correlation(replace(estimate, card=jointly), 1)


def test_independent_draws_are_paired_chain_beside_chain_and_none_twice():
    draws = xr.DataArray(
        np.arange(12.0).reshape(2, 6), dims=("chain", "draw"), name="μ"
    )
    found = paired(draws, 2, 3)
    assert found.sizes == {"chain": 2, "draw": 3}
    assert len(np.unique(found)) == 6
    assert (
        found.to_numpy() // 6 == [[0], [1]]
    ).all()  # each of its own chain, so that R-hat sees chains apart
    assert (
        np.diff(found.to_numpy(), axis=1) > 0
    ).all()  # in their order, so that ESS sees slow ones
    with pytest.raises(un.UncountedError, match="has 2 × 6"):
        paired(draws, 3, 3)


def test_a_target_is_met_as_often_as_the_course_of_two_editions_says(estimate):
    fit = estimate.parts.fits["labour"]
    later = replace(fit, card=replace(fit.card, year=2024), p=fit.p * np.float32(0.8))
    told = un.prospect(fit, later, fall=0.5, by=2030, seed=1)
    p = [(one.p * one.people).sum(CELL).to_numpy().ravel() for one in (fit, later)]
    rng = np.random.default_rng(2)
    by_hand = (rng.permutation(p[1]) / rng.permutation(p[0])) ** (10 / 4)
    assert told.probability == pytest.approx(
        (by_hand <= 0.5).mean(), abs=5 * 0.016 * 2**0.5
    )
    assert 0.05 < told.probability < 0.95
    other = replace(
        later,
        card=replace(
            later.card,
            people=("age",),
            priors={k: v for k, v in fit.card.priors.items() if k != "female"},
        ),
    )
    with pytest.raises(un.UncountedError, match="different cards"):
        un.prospect(fit, other, fall=0.5, by=2030, seed=1)


def test_published_rows_stand_beside_the_estimates(estimate):
    published = pd.DataFrame(
        {"edition": "2017", "year": 2016, "grouping": "world", "group": "World", "sex": ["all", "female"], "age": "all",
         "leaf": ["total", "Marriage"], "persons": [2e5, 1.0], "per_1000": [5.4, 2.0], "note": "as published, rounded"}
    )  # fmt: skip
    both = un.beside_published(estimate, published)
    rows = un.breakdown(estimate, ["world"]).set_index(["leaf", "sex", "age"])
    assert both["median"].tolist() == [
        rows.loc[key, "persons_median"]
        for key in [("total", "all", "all"), ("Marriage", "female", "all")]
    ]
    assert both["inside"].tolist()[1] is False or not both["inside"].iloc[1]
    with pytest.raises(
        un.UncountedError, match="no like in the estimate, as Debt, World, all, all"
    ):
        un.beside_published(estimate, published.assign(leaf="Debt"))


def test_rows_of_a_sex_that_a_leaf_was_not_asked_of_are_not_written(card, world, parts):
    def without(*axes: str) -> pd.DataFrame:
        fit = parts.fits["marriage"]
        people = tuple(axis for axis in fit.card.people if axis not in axes)
        lost = {{"sex": "female", "age": "sigma_age"}[axis] for axis in axes}
        priors = {
            key: prior for key, prior in fit.card.priors.items() if key not in lost
        }
        less = replace(fit, card=replace(fit.card, people=people, priors=priors))
        made = replace(parts, fits={**parts.fits, "marriage": less})
        estimate = Estimate(
            card, world, leaves(card, world, made), made, denominators(world, 2020), 1
        )
        return un.breakdown(estimate, ["world", "country"]).set_index("leaf")

    for axis in ("sex", "age"):
        rows = without(axis)
        assert (
            set(rows.loc["Marriage", axis]) == set(rows.loc["total", axis]) == {"all"}
        )
        assert len(set(rows.loc["Labour", axis])) == 3
    assert len(set(without().loc["total", "sex"])) == 3


def test_evidence_of_a_leaf_is_of_its_own_people(estimate):
    """Both surveys asked people of 40 and over: they say nothing of children."""
    rows = un.breakdown(estimate, ["country"]).set_index(
        ["leaf", "group", "sex", "age"]
    )
    assert rows.loc[("Marriage", "GHA", "all", "adults"), "evidence"] == "surveyed"
    assert rows.loc[
        ("Marriage", "GHA", "all", "children"), ["evidence", "surveys"]
    ].tolist() == ["imputed", 0]
    assert rows.loc[("Marriage", "GHA", "female", "adults"), "surveys"] == 1
    whole = (rows.index.get_level_values("sex") == "all") & (
        rows.index.get_level_values("age") == "all"
    )
    assert rows.loc[~whole, ["respondents", "cases"]].isna().all(axis=None)
    assert rows.loc[("Marriage", "GHA", "all", "all"), "respondents"] == 1000


def test_ages_on_both_sides_of_18_are_refused(card, world, parts):
    fit = parts.fits["marriage"]
    wrong = replace(
        parts,
        fits={
            **parts.fits,
            "marriage": replace(fit, card=replace(fit.card, ages=("0-39", "40+"))),
        },
    )
    with pytest.raises(un.UncountedError, match="both sides of 18"):
        leaves(card, world, wrong)


def test_plain_adds_further_traits_up(estimate):
    persons = estimate.persons("Marriage")
    apart = xr.concat(
        [persons * 0.25, persons * 0.75], pd.Index(["migrant", "other"], name="migrant")
    )
    np.testing.assert_allclose(
        plain(apart).transpose(*persons.dims), persons, rtol=1e-6
    )


def test_migrants_apart(estimate, world):
    """A quarter of everybody are migrants, and half of those in a leaf: their
    prevalence is thrice that of others.
    """
    share = xr.DataArray([0.25, 0.75], {"migrant": ["yes", "no"]}, ("migrant",))
    table = (
        (world.population * share)
        .to_series()
        .rename("2020")
        .reset_index()
        .rename(columns={"country": "iso3"})
    )
    divided = un.read_world(
        world.places.reset_index().rename(columns={"country": "iso3"})[
            ["iso3", "name", "region", "subregion"]
        ],
        table[["iso3", "sex", "age", "migrant", "2020"]],
        pd.DataFrame({"iso3": list(world.places.index), "x": 0.0}),
        (
            world.places.reset_index()[["iso3", "region"]]
            if "iso3" in world.places.reset_index()
            else None
        ),
    )
    half = xr.DataArray([0.5, 0.5], {"migrant": ["yes", "no"]}, ("migrant",)).astype(
        np.float32
    )
    moved = {
        name: replace(leaf, persons=leaf.persons * half) if name != "State" else leaf
        for name, leaf in estimate.leaves.items()
    }
    rows = un.by_trait(
        replace(estimate, world=divided, leaves=moved), "migrant", ["world", "region"]
    )
    assert "State" not in set(rows["leaf"])
    of = rows.query(
        "leaf == 'Marriage' and group == 'World' and sex == 'all' and age == 'all'"
    ).set_index("migrant")
    assert of.loc["yes", "prevalence_mean"] == pytest.approx(
        3 * of.loc["no", "prevalence_mean"], rel=1e-5
    )
    whole = (
        un.breakdown(estimate, ["world"])
        .set_index(["leaf", "sex", "age"])
        .loc[("Marriage", "all", "all")]
    )
    assert of.loc["all", "persons_median"] == pytest.approx(
        whole["persons_median"], rel=1e-5
    )
    assert of.loc["all", "population"] == pytest.approx(whole["population"])
    with pytest.raises(
        un.UncountedError, match="No leaf of 'small' tells persons by 'migrant'"
    ):
        un.by_trait(replace(estimate, world=divided), "migrant")


def test_the_interval_widens_and_the_mean_rises_with_the_selection_s_world_sd(estimate):
    told = un.by_selection(estimate, [0.0, 0.7, 1.5], name="Sexual, adults").set_index(
        "world_sd"
    )
    width = np.log(told["upper"] / told["lower"])
    assert width.is_monotonic_increasing
    assert told.loc[1.5, "mean"] / told.loc[0, "mean"] == pytest.approx(
        np.exp(1.5**2 / 2), rel=0.25
    )
    assert told.loc[1.5, "median"] / told.loc[0, "median"] == pytest.approx(1, rel=0.12)
    rows = un.breakdown(estimate, ["world"]).set_index(["leaf", "sex", "age"])
    assert told.loc[0.7, "median"] == pytest.approx(
        rows.loc[("Sexual, adults", "all", "all"), "persons_median"], rel=1e-5
    )
