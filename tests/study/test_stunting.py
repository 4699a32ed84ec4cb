"""Studies of the stunting estimate; each writes what it found under docs/, where validation.md shows it."""

from pathlib import Path

import altair as alt
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.special import expit, logit

import uncounted as un
from uncounted.model.place import region_of

DOCS = Path(__file__).resolve().parents[2] / "docs"
PUBLISHED = {"year": 2024, "prevalence": 0.232, "persons": 150.2e6, "per_year": -0.005}

pytestmark = pytest.mark.study


@pytest.fixture(scope="module")
def fit(tmp_path_factory) -> un.Fit:
    done = un.estimate("stunting", tmp_path_factory.mktemp("out"))
    assert not done.findings.stopped
    return done.fit


def test_ten_countries_held_out(fit):
    """Predict the surveys of ten surveyed countries, drawn at random, by a model that wasn't shown them."""
    surveyed = sorted(fit.evidence.rows["country"].unique())
    ten = np.random.default_rng(20261124).choice(surveyed, 10, replace=False)
    table = un.hold_out(fit, ten, seed=3)
    table.round(4).to_csv(DOCS / "held-out-ten-countries.csv", index=False)
    by_country = table.groupby("country")["covered"].mean()
    assert by_country.mean() > 0.6  # below the 99.9 % binomial bound of ten countries at 95 %, something is broken


def test_beside_the_published_estimate(fit):
    """Split the difference from the published number into trend, prevalence and denominator; each step changes one."""
    ours, people = world_in(fit, fit.card.year), float(fit.people.sum())
    carried = PUBLISHED["prevalence"] + PUBLISHED["per_year"] * (fit.card.year - PUBLISHED["year"])
    population = PUBLISHED["persons"] / PUBLISHED["prevalence"]
    steps = [
        ("published, 2024", PUBLISHED["prevalence"], PUBLISHED["persons"]),
        ("trend: published, carried to 2020", carried, carried * population),
        ("prevalence: ours of 2020, published children", float(ours.mean()), float(ours.mean()) * population),
        ("denominator: ours of 2020, children of 2020", float(ours.mean()), float(ours.mean()) * people),
    ]
    table = pd.DataFrame(steps, columns=["step", "prevalence", "persons"])
    table["persons_change"] = table["persons"].diff()
    table.to_csv(DOCS / "beside-published.csv", index=False)
    yearly = (float(world_in(fit, 2024).mean()) - float(ours.mean())) / 4
    assert -0.01 < yearly < 0  # falling, by about half a point a year


def world_in(fit: un.Fit, year: int) -> xr.DataArray:
    """Return the world's prevalence in a year by the fit's own trend, children of the reference year."""
    regional = fit.posterior["trend_region_effect"].isel(
        region=xr.DataArray(region_of(fit.card, fit.world), dims="country")
    )
    slope = (fit.posterior["trend"] + regional).assign_coords(country=fit.p["country"].values)
    eta = logit(fit.p.astype(float).clip(1e-9, 1 - 1e-9)) + (slope + fit.posterior["trend_country_effect"]) * (
        year - fit.card.year
    )
    return (xr.apply_ufunc(expit, eta) * fit.people).sum(["country", "sex", "age"]) / fit.people.sum()


def test_figure_of_the_readme(fit):
    rows = pd.concat([un.prevalence(fit, "world"), un.prevalence(fit, "region")])
    base = alt.Chart(rows.drop(columns=["evidence"])).encode(y=alt.Y("group:N", title=None, sort=list(rows["group"])))
    bars = base.mark_rule(strokeWidth=2, color="#1b6ca8").encode(
        x=alt.X("lower:Q", title="children under five stunted, percent, 2020 (95 % interval)"), x2="upper:Q"
    )
    dots = base.mark_point(filled=True, size=60, color="#1b6ca8", opacity=1).encode(x="median:Q")
    (bars + dots).properties(width=560, height=170).save(DOCS / "stunting-regions.svg")
