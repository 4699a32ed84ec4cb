"""Studies of the stunting estimate; each writes what it found under docs/, where
validation.md shows it.
"""

from pathlib import Path

import altair as alt
import pandas as pd
import pytest

import uncounted as un

DOCS = Path(__file__).resolve().parents[2] / "docs"
REFERENCE = Path(__file__).resolve().parents[1] / "reference"
PUBLISHED = {"year": 2024, "prevalence": 0.232, "persons": 150.2e6, "per_year": -0.005}

pytestmark = pytest.mark.study


@pytest.fixture(scope="module")
def fit(tmp_path_factory) -> un.Fit:
    done = un.estimate("stunting", tmp_path_factory.mktemp("out"))
    assert not done.findings.stopped
    return done.fit


def test_beside_the_published_estimate(fit):
    """Split the difference from the published number into trend, prevalence and
    denominator; each step changes one.
    """
    world = un.trend(fit, "world", [fit.card.year, 2024]).set_index("year")[
        "prevalence_mean"
    ]
    ours, people = float(world[fit.card.year]), float(fit.people.sum())
    carried = PUBLISHED["prevalence"] + PUBLISHED["per_year"] * (
        fit.card.year - PUBLISHED["year"]
    )
    population = PUBLISHED["persons"] / PUBLISHED["prevalence"]
    steps = [
        ("published, 2024", PUBLISHED["prevalence"], PUBLISHED["persons"]),
        ("trend: published, carried to 2020", carried, carried * population),
        ("prevalence: ours of 2020, published children", ours, ours * population),
        ("denominator: ours of 2020, children of 2020", ours, ours * people),
    ]
    table = pd.DataFrame(steps, columns=["step", "prevalence", "persons"])
    table["persons_change"] = table["persons"].diff()
    table.to_csv(DOCS / "beside-published.csv", index=False)
    yearly = (float(world[2024]) - ours) / 4
    assert -0.01 < yearly < 0  # falling, by about half a point a year


def test_figure_of_the_readme(fit):
    rows = pd.concat([un.prevalence(fit, "world"), un.prevalence(fit, "region")])
    base = alt.Chart(rows.drop(columns=["evidence"])).encode(
        y=alt.Y("group:N", title=None, sort=list(rows["group"]))
    )
    bars = base.mark_rule(strokeWidth=2, color="#1b6ca8").encode(
        x=alt.X(
            "lower:Q",
            title="children under five stunted, percent, 2020 (95 % interval)",
        ),
        x2="upper:Q",
    )
    dots = base.mark_point(filled=True, size=60, color="#1b6ca8", opacity=1).encode(
        x="median:Q"
    )
    (bars + dots).properties(width=560, height=170).save(DOCS / "stunting-regions.svg")


@pytest.fixture(scope="module")
def since_2000(tmp_path_factory) -> un.Fit:
    done = un.estimate("stunting-trend", tmp_path_factory.mktemp("out"))
    assert not done.findings.stopped
    return done.fit


def test_trend_since_2000_beside_the_published(since_2000):
    """Years of the world and of nine places; the published 23.2 % of 2024 and its fall
    of half a point a year.
    """
    world = un.trend(since_2000, "world").set_index("year")
    columns = [f"prevalence_{stat}" for stat in ("median", "lower", "upper")]
    world[[*columns, "weights"]].round(4).to_csv(DOCS / "stunting-trend.csv")
    places = [
        "World",
        "Africa",
        "Asia and the Pacific",
        "Ethiopia",
        "Guatemala",
        "India",
        "Nigeria",
        "Eritrea",
        "France",
    ]
    un.plot.trend(since_2000, places).save(DOCS / "stunting-trend.svg")
    yearly = (
        world.loc[2022, "prevalence_median"] - world.loc[2012, "prevalence_median"]
    ) / 10
    assert -0.01 < yearly < 0
    width = (world["prevalence_upper"] - world["prevalence_lower"]) / world[
        "prevalence_median"
    ]
    assert width[2024] > 1.5 * width[2015]  # what nobody has surveyed yet is known less


def test_a_trend_that_bends_agrees_with_a_straight_one_where_both_speak(
    fit, since_2000
):
    straight, bent = (un.prevalence(one, "world").iloc[0] for one in (fit, since_2000))
    assert abs(straight["median"] - bent["median"]) < (
        straight["upper"] - straight["lower"]
    )


def test_selection_of_covariates_is_stable(fit):
    table = un.selection(fit, seed=4)
    table.round(3).to_csv(DOCS / "stunting-selection.csv", index=False)
    assert table["same_sign"].between(0, 1).all()
    assert (
        table.loc[table["lower"].gt(0) | table["upper"].lt(0), "same_sign"] >= 0.8
    ).all()


@pytest.mark.parametrize("name", ["stunting", "stunting-trend"])
def test_reference_posteriors(name, fit, since_2000, reference):
    reference(fit if name == "stunting" else since_2000).to_csv(
        REFERENCE / f"{name}.csv"
    )
