"""Figures: distributions between low and high, correlation of judgement, spreading over
countries, provenance.
"""

import re

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

import uncounted as un
from uncounted.errors import UncountedError
from uncounted.leaves.outside_figures import (
    BY_COUNTRY,
    BY_REGION,
    NONE,
    OutsideFigures,
    by_country,
    drawn_figures,
)

ROW = {"place": "GHA", "low": 100, "best": 200, "high": 500}
TOLD = {
    "source": "a report",
    "date": "2016-05-01",
    "judged_by": "a panel",
    "basis": "comments of the supervisory body",
}
HOW = {
    "distribution": "pert",
    "between_place_correlation": 0.5,
    "share_female": 0.4,
    "share_children": 0.1,
}


def read(*rows: dict, **told: object) -> OutsideFigures:
    table = pd.DataFrame([ROW | TOLD | row for row in rows or ({},)])
    return un.read_outside_figures(table, **(HOW | told))


@pytest.mark.parametrize(
    ("distribution", "mean", "coverage"),
    [("triangular", 800 / 3, None), ("pert", (100 + 800 + 500) / 6, None)],
)
def test_low_and_high_are_the_ends_of_two_of_them(distribution, mean, coverage):
    x = drawn_figures(read(distribution=distribution, coverage=coverage), 20_000, 1)
    assert float(x.min()) >= 100
    assert float(x.max()) <= 500
    assert float(x.mean()) == pytest.approx(mean, rel=0.02)


def test_a_lognormal_s_interval_is_as_stated_and_its_best_the_median():
    x = drawn_figures(read(distribution="log_normal", coverage=0.8), 40_000, 1)
    assert x.quantile([0.1, 0.5, 0.9]).values == pytest.approx(
        [100, 200, 500], rel=0.03
    )


@pytest.mark.parametrize("rho", [0.0, 0.5, 1.0])
def test_judgement_is_correlated_between_places(rho):
    places = [{"place": code} for code in ("GHA", "KEN", "PER", "FRA")]
    x = drawn_figures(read(*places, between_place_correlation=rho), 20_000, 2)
    ranks = spearmanr(x.to_numpy()).statistic
    spearman = 6 / np.pi * np.arcsin(rho / 2)
    assert ranks[np.triu_indices(4, 1)] == pytest.approx(np.full(6, spearman), abs=0.03)
    assert float(x.sum("place").std() / x.std("sample").sum()) == pytest.approx(
        np.sqrt((1 + 3 * rho) / 4), abs=0.03
    )


def test_a_region_s_figure_is_spread_by_population_and_says_so():
    world = un.read_world()
    figures = read(
        {},
        {"place": "Europe and Central Asia", "low": 1000, "best": 1000, "high": 1000},
    )
    draws = drawn_figures(figures, 50, 1)
    persons = by_country(draws, figures, world, ["0-17", "18+"], 2016)
    np.testing.assert_allclose(
        persons.sum(["country", "sex", "age"]), draws.sum("place"), rtol=1e-9
    )
    np.testing.assert_allclose(
        persons.sel(country="GHA").sum(["sex", "age"]),
        draws.sel(place="GHA"),
        rtol=1e-9,
    )
    of = persons.groupby("evidence").sum()
    assert set(of["evidence"].values) == {BY_COUNTRY, BY_REGION, NONE}
    assert float(of.sel(evidence=NONE).sum()) == 0
    europe = persons.isel(
        sample=0, country=(persons["evidence"] == BY_REGION).values
    ).sel(sex="female", age="adult")
    women = un.persons(world, ["18+"], 2016, nearest=True).sel(
        sex="female", age="18+", country=europe["country"]
    )
    np.testing.assert_allclose(europe / europe.sum(), women / women.sum(), rtol=1e-9)
    share = persons.isel(sample=0).sum("country")
    assert float(share.sel(sex="female").sum() / share.sum()) == pytest.approx(0.4)
    assert float(share.sel(age="child").sum() / share.sum()) == pytest.approx(0.1)


def test_a_seed_gives_the_same_draws_and_a_sure_figure_does_not_move():
    figures = read({"low": 7, "best": 7, "high": 7}, {"place": "KEN"})
    first, again = (drawn_figures(figures, 10, 3) for _ in range(2))
    assert bool((first == again).all())
    assert set(first.sel(place="GHA").values) == {7}


def test_shares_may_differ_by_place():
    figures = read(
        {"share_female": 0.9}, {"place": "KEN", "share_female": 0.1}, share_female=None
    )
    assert figures.table.set_index("place")["share_female"].to_dict() == {
        "GHA": 0.9,
        "KEN": 0.1,
    }


def test_shipped_figures_are_read():
    figures = un.read_outside_figures(
        "cases/state-imposed.csv",
        distribution="pert",
        between_place_correlation=0.5,
        name="state-imposed",
    )
    assert figures.table["source"].str.startswith("simulated").all()


@pytest.mark.parametrize(
    ("rows", "told", "sentence"),
    [
        (
            [{"basis": ""}],
            {},
            (
                "has no basis for some places. An outside figure says in every row"
                " where it is from"
            ),
        ),
        (
            [{"low": 300}],
            {},
            "has low, best and high that are no numbers or out of order, at line 2.",
        ),
        (
            [{"best": "many"}],
            {},
            "has low, best and high that are no numbers or out of order, at line 2.",
        ),
        ([{"low": -1}], {}, "has a low below 0, at line 2."),
        (
            [{"low": 0}],
            {"distribution": "log_normal", "coverage": 0.9},
            "has a low not above 0, at line 2.",
        ),
        ([{}, {}], {}, "has a place that is there before, at line 3."),
        (
            [{}],
            {"share_female": None},
            "share_female of the table of outside figures is neither a column nor an",
        ),
        (
            [{"share_female": 0.5}],
            {},
            "share_female of the table of outside figures is both a column and an",
        ),
        ([{}], {"share_children": 1.2}, "is not everywhere a share from 0 to 1."),
        (
            [{}],
            {"distribution": "normal"},
            "There is no distribution 'normal' of judged figures.",
        ),
        (
            [{}],
            {"between_place_correlation": 1.5},
            "between_place_correlation = 1.5 should be from 0 to 1.",
        ),
        (
            [{}],
            {"coverage": 0.9},
            "coverage says how much of a log_normal lies from low to high",
        ),
        (
            [{}],
            {"distribution": "log_normal"},
            "coverage says how much of a log_normal lies from low to high",
        ),
    ],
)
def test_what_is_refused(rows, told, sentence):
    with pytest.raises(UncountedError, match=re.escape(sentence)):
        read(*rows, **told)


def test_provenance_is_not_optional():
    for column in TOLD:
        table = pd.DataFrame([ROW | TOLD]).drop(columns=column)
        with pytest.raises(
            UncountedError, match=f"has no {column}. An outside figure says"
        ):
            un.read_outside_figures(table, **HOW)


def test_a_country_and_its_region_would_count_twice():
    figures = read({}, {"place": "Africa"})
    with pytest.raises(
        UncountedError,
        match="outside figures of GHA and of the region that they are in",
    ):
        by_country(
            drawn_figures(figures, 5, 1), figures, un.read_world(), ["18+"], 2016
        )
    figures = read({"place": "Ghana"})
    with pytest.raises(UncountedError, match="Ghana → GHA"):
        by_country(
            drawn_figures(figures, 5, 1), figures, un.read_world(), ["18+"], 2016
        )
