"""Traits of persons: coverage over many simulated worlds; what it found is kept under docs/."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import uncounted as un
from uncounted.infer.derived import derived
from uncounted.infer.sample import draw_prior
from uncounted.infer.sampler import prepare
from uncounted.model.belief import flat
from uncounted.model.centring import centring
from uncounted.model.likelihood import log_choose
from uncounted.model.seen import look

DOCS = Path(__file__).resolve().parents[2] / "docs"
WORLDS, N = 60, 400
CODES = ["BRA", "CHL", "COL", "PER", "FRA", "DEU", "ITA", "ESP", "GHA", "KEN", "NGA", "SEN", "IND", "NPL", "THA", "VNM"]
SURVEYED = sorted(CODES[::2] + CODES[1::4])
PEOPLE = {"sex": ("female", "male"), "age": ("15-29", "30-64"), "migrant": ("migrant", "native")}
NAMES = ("sigma_region", "sigma_country", "sigma_age", "sigma_migrant", "sigma_sex_migrant", "sigma_region_migrant")

pytestmark = pytest.mark.study


def test_coverage_where_truth_is_drawn_from_the_priors():
    """Draw truth from the card's priors, surveys from truth; count intervals that hold it, by who was asked."""
    card = un.Card(
        title="Small", outcome="y", ages=PEOPLE["age"], year=2020, place=("region", "country"), people=tuple(PEOPLE),
        interactions=("sex:migrant", "region:migrant"),
        priors={"level": un.Prior("normal", (-2.0, 1.0)), "female": un.Prior("normal", (0.0, 0.5))}
        | {name: un.Prior("half_normal", (0.5,)) for name in NAMES},
        sampling=un.Sampling(chains=4, tune=500, draws=250, target_accept=0.95),
    )  # fmt: skip
    cells = pd.MultiIndex.from_product([CODES, *PEOPLE.values()], names=["iso3", *PEOPLE]).to_frame(index=False)
    share = np.where(cells["migrant"] == "migrant", 0.1, 0.9)
    world = un.read_world(population=cells.assign(**{"2020": share * 1e6}))
    asked = pd.MultiIndex.from_product([SURVEYED, *PEOPLE.values()], names=["country", *PEOPLE]).to_frame(index=False)
    asked = asked.assign(survey=asked["country"] + "-1", year=2020, n=float(N), y=N / 10)
    model = un.build(card, world, un.counts(asked, "y", by=card.people))
    truths = derived(model, draw_prior(model, 5, WORLDS), ["p"])["p"].isel(chain=0)
    ready, rng = prepare(model), np.random.default_rng(6)
    found = [_one(card, world, model, ready, truths.isel(draw=i), asked, rng, i) for i in range(WORLDS)]
    table = pd.DataFrame(found).mean().round(4).rename("share").rename_axis("inside").reset_index()
    table.assign(worlds=WORLDS).to_csv(DOCS / "traits-coverage.csv", index=False)
    inside = pd.DataFrame(found).mean()
    assert inside["surveyed 95 %"] > 0.92
    assert inside["imputed 95 %"] > 0.9


def _one(card, world, model, ready, truth, asked, rng, seed) -> dict[str, float]:
    p = truth.to_series().rename("p").reset_index()
    keys = ["country", *PEOPLE]
    rows = asked.merge(p, on=keys)
    rows = rows.assign(y=rng.binomial(N, rows["p"]).astype(float))
    seen = look(card, world, un.counts(rows, "y", by=card.people))
    data = {
        "y_observed": seen.y,
        "log_choose": log_choose(seen.n, seen.y),
        "centring": flat(centring(card, world, seen)),
    }
    draws, stats = ready.with_data(**data).run(seed, card.sampling)
    cells = derived(model, draws, ["p"])["p"]
    found = {"diverging": float(stats["diverging"].mean())}
    for level in (0.8, 0.95):
        low, high = cells.quantile([(1 - level) / 2, (1 + level) / 2], ["chain", "draw"])
        inside = (truth >= low) & (truth <= high)
        for who, codes in {"surveyed": SURVEYED, "imputed": sorted(set(CODES) - set(SURVEYED))}.items():
            found[f"{who} {level:.0%}".replace("%", " %")] = float(inside.sel(country=codes).mean())
    return found
