"""Trends: zero in the reference year, found again where surveys were, wider where none
were.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from pytensor.compile.maker import function
from scipy.special import expit, logit

import uncounted as un
from uncounted.errors import UncountedError
from uncounted.model.belief import ages_walk
from uncounted.model.card import Card
from uncounted.model.place import region_of
from uncounted.model.priors import Prior
from uncounted.model.seen import look
from uncounted.model.structure import walk
from uncounted.model.trend import term_names, terms, years_of

LINE = {
    "level": ("normal", -1.0, 1.0), "sigma_region": ("half_normal", 0.5), "sigma_country": ("half_normal", 0.5),
    "trend": ("normal", 0.0, 0.05), "sigma_trend_region": ("half_normal", 0.03),
    "sigma_trend_country": ("half_normal", 0.03),
}  # fmt: skip
BENT = LINE | {
    "sigma_smooth_region": ("half_normal", 0.3),
    "sigma_smooth_country": ("half_normal", 0.2),
}


def card(priors: dict[str, tuple], **words: object) -> Card:
    given = {
        "title": "x",
        "outcome": "x",
        "ages": ("0+",),
        "year": 2015,
        "years": (2000, 2020),
        "people": (),
    }
    made = {
        key: Prior(family, tuple(numbers)) for key, (family, *numbers) in priors.items()
    }
    return Card(**(given | {"place": ("region", "country"), "priors": made} | words))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def world():
    return un.read_world()


def test_a_straight_trend_is_years_since_the_reference():
    np.testing.assert_array_equal(
        terms(card(LINE), np.array([2010, 2015, 2022])), [[-5], [0], [7]]
    )
    assert term_names(card(LINE)) == ["line"]


def test_waves_are_zero_in_the_reference_year_and_nearly_a_random_walk():
    bent = card(BENT)
    found = terms(bent, years_of(bent))
    assert (found[years_of(bent) == 2015] == 0).all()
    assert found.shape == (21, len(term_names(bent)))
    whole = walk(21, 2)
    expected = (whole - whole[15]) @ (whole - whole[15]).T
    np.testing.assert_allclose(
        found[:, 1:] @ found[:, 1:].T, expected, atol=0.02 * np.abs(expected).max()
    )


def test_fieldwork_of_several_years_averages_them(world):
    rows = pd.DataFrame(
        {
            "survey": ["a"],
            "country": "GHA",
            "year": 2010,
            "until": 2012,
            "sex": "both",
            "age": "0+",
        }
    )
    seen = look(card(LINE), world, un.counts(rows.assign(n=10.0, y=1.0), "x"))
    assert (seen.since[0], seen.span[0]) == (-5, 3)
    model = un.build(card(LINE), world, seen.evidence)
    point = model.initial_point() | {"trend": np.array(0.5)}
    values = [model.rvs_to_values[rv] for rv in model.free_RVs]
    both = model.replace_rvs_by_values([model["reported"], model["p"]])
    reported, p = function(values, both, mode="FAST_COMPILE", on_unused_input="ignore")(
        **point
    )
    level = logit(p[0, 0, 0])
    assert reported[0] == pytest.approx(
        logit(expit(level + 0.5 * np.array([-5, -4, -3])).mean())
    )


def test_ordered_ages_are_walks_between_their_midpoints():
    ordered = card(
        LINE | {"sigma_age": ("half_normal", 1)},
        ages=("0-4", "5-14", "15+"),
        people=("age",),
        age_order=1,
    )
    np.testing.assert_allclose(ages_walk(ordered), walk([30, 120, 300], 1))
    second = ages_walk(replace(ordered, age_order=2))
    assert second.shape == (3, 2)
    np.testing.assert_allclose(second.sum(axis=0), 0, atol=1e-9)


def test_what_no_card_allows():
    with pytest.raises(UncountedError, match="lacks 'sigma_smooth_country'"):
        card(
            {key: value for key, value in BENT.items() if key != "sigma_smooth_country"}
        )
    with pytest.raises(UncountedError, match="needs `years`"):
        card(BENT, years=None)
    with pytest.raises(UncountedError, match="needs more than 2 ages"):
        card(LINE, age_order=2)


@pytest.fixture(scope="module")
def recovered(world):
    """Truth by country and year, drawn from the priors' family, and a fit to five
    surveys of each of 90 countries.
    """
    rng, bent = np.random.default_rng(12), card(BENT)
    size, years = len(world.places), years_of(bent)
    region = region_of(bent, world)
    waves = terms(bent, years)[:, 1:]
    level = -1 + rng.normal(0, 0.4, 5)[region] + rng.normal(0, 0.5, size)
    slope = -0.03 + rng.normal(0, 0.02, 5)[region] + rng.normal(0, 0.02, size)
    z = 0.3 * rng.normal(size=(5, waves.shape[1]))[region] + 0.15 * rng.normal(
        size=(size, waves.shape[1])
    )
    truth = pd.DataFrame(
        level[:, None] + slope[:, None] * (years - bent.year) + z @ waves.T,
        index=world.places.index,
        columns=years,
    )
    where = rng.choice(size, 90, replace=False)
    rows = pd.DataFrame(
        {
            "country": np.repeat(truth.index[where], 5),
            "year": rng.integers(2000, 2016, 450),
        }
    )
    rows = rows.drop_duplicates().reset_index(drop=True)
    p = expit(
        [
            truth.loc[country, year]
            for country, year in zip(rows["country"], rows["year"], strict=True)
        ]
    )
    rows = rows.assign(
        survey=[f"s{i}" for i in range(len(rows))],
        sex="both",
        age="0+",
        n=1500,
        y=rng.binomial(1500, p),
    )
    model = un.build(bent, world, un.counts(rows, "x"))
    how = {"chains": 4, "tune": 400, "draws": 400, "target_accept": 0.9}
    return (
        truth,
        set(rows["country"]),
        un.sample(model, seed=5, progress=un.Progress(show=False), **how),
    )


@pytest.mark.long
def test_courses_are_found_again(recovered):
    truth, surveyed, fit = recovered
    assert int(fit.stats["diverging"].sum()) == 0
    table = un.trend(fit, "country", [2002, 2008, 2015, 2020])
    true = expit([truth.loc[row.group, row.year] for row in table.itertuples()])
    inside = (table["prevalence_lower"] <= true) & (true <= table["prevalence_upper"])
    seen = table["group"].isin(surveyed)
    assert 0.88 < inside[seen].mean() < 0.99
    assert 0.88 < inside[~seen].mean() <= 1
    sigma = fit.posterior["sigma_smooth_country"]
    assert abs(float(sigma.mean()) - 0.15) < 4 * float(sigma.std())


@pytest.mark.long
def test_intervals_widen_where_nobody_surveyed(recovered):
    _, surveyed, fit = recovered
    table = un.trend(fit, "country", [2010, 2015, 2020]).assign(
        width=lambda d: logit(d["prevalence_upper"]) - logit(d["prevalence_lower"])
    )
    width = (
        table.assign(seen=table["group"].isin(surveyed))
        .groupby(["seen", "year"])["width"]
        .median()
    )
    assert width[True, 2010] < width[True, 2015] < width[True, 2020]
    assert (width[False] > width[True]).all()


@pytest.mark.long
def test_a_year_beyond_the_calendar_is_refused(recovered):
    with pytest.raises(UncountedError, match="outside the years"):
        un.trend(recovered[2], "world", [2025])
    with pytest.raises(
        UncountedError, match="no country, region or world called 'Atlantis'"
    ):
        un.plot.trend(recovered[2], "Atlantis")


@pytest.mark.long
def test_a_fit_without_a_trend_speaks_of_one_year(recovered):
    fit = recovered[2]
    still = replace(
        fit,
        card=card({key: value for key, value in LINE.items() if "trend" not in key}),
    )
    with pytest.raises(UncountedError, match="has no trend"):
        un.trend(still, "world", [2010])


@pytest.mark.long
def test_a_plot_has_a_course_and_dots(recovered):
    _, surveyed, fit = recovered
    drawn = un.plot.trend(fit, ["World", sorted(surveyed)[0]]).to_dict()
    values = pd.DataFrame(next(iter(drawn["datasets"].values())))
    assert {"median", "lower", "upper", "observed"} <= set(values)
    assert values["observed"].notna().sum() >= 1
