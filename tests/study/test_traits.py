"""Traits of persons: coverage over many simulated worlds; what it found is kept under
docs/.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pymc as pm
import pytest
from scipy.special import softmax

import uncounted as un
from uncounted.infer.derived import derived
from uncounted.infer.prior import draw_prior
from uncounted.infer.sampler import prepare
from uncounted.model.belief import flat
from uncounted.model.centring import centring
from uncounted.model.distribution import log_choose
from uncounted.model.seen import look
from uncounted.world.pooled_shares import Cells, pooled_shares

DOCS = Path(__file__).resolve().parents[2] / "docs"
WORLDS, N, ASKED = 60, 400, 40
CODES = [
    "BRA",
    "CHL",
    "COL",
    "PER",
    "FRA",
    "DEU",
    "ITA",
    "ESP",
    "GHA",
    "KEN",
    "NGA",
    "SEN",
    "IND",
    "NPL",
    "THA",
    "VNM",
]
SURVEYED = sorted(CODES[::2] + CODES[1::4])
PEOPLE = {
    "sex": ("female", "male"),
    "age": ("15-29", "30-64"),
    "migrant": ("migrant", "native"),
}
NAMES = (
    "sigma_region",
    "sigma_country",
    "sigma_age",
    "sigma_migrant",
    "sigma_sex_migrant",
    "sigma_region_migrant",
)

pytestmark = pytest.mark.study


def test_coverage_where_truth_is_drawn_from_the_priors():
    """Draw truth from the card's priors, surveys from truth; count intervals that hold
    it, by who was asked.
    """
    card = un.Card(
        title="Small", outcome="y", ages=PEOPLE["age"], year=2020, place=("region", "country"), people=tuple(PEOPLE),
        interactions=("sex:migrant", "region:migrant"),
        priors={"level": un.Prior("normal", (-2.0, 1.0)), "female": un.Prior("normal", (0.0, 0.5))}
        | {name: un.Prior("half_normal", (0.5,)) for name in NAMES},
        sampling=un.Sampling(chains=4, tune=500, draws=250, target_accept=0.95),
    )  # fmt: skip
    cells = pd.MultiIndex.from_product(
        [CODES, *PEOPLE.values()], names=["iso3", *PEOPLE]
    ).to_frame(index=False)
    share = np.where(cells["migrant"] == "migrant", 0.1, 0.9)
    world = un.read_world(population=cells.assign(**{"2020": share * 1e6}))
    asked = pd.MultiIndex.from_product(
        [SURVEYED, *PEOPLE.values()], names=["country", *PEOPLE]
    ).to_frame(index=False)
    asked = asked.assign(
        survey=asked["country"] + "-1", year=2020, n=float(N), y=N / 10
    )
    model = un.build(card, world, un.counts(asked, "y", by=card.people))
    truths = derived(model, draw_prior(model, 5, WORLDS), ["p"])["p"].isel(chain=0)
    ready, rng = prepare(model), np.random.default_rng(6)
    found = [
        _one(card, world, model, ready, truths.isel(draw=i), asked, rng, i)
        for i in range(WORLDS)
    ]
    table = (
        pd.DataFrame(found)
        .mean()
        .round(4)
        .rename("share")
        .rename_axis("inside")
        .reset_index()
    )
    table.assign(worlds=WORLDS).to_csv(DOCS / "traits-coverage.csv", index=False)
    inside = pd.DataFrame(found).mean()
    assert inside["surveyed 95 %"] > 0.92
    assert inside["imputed 95 %"] > 0.9


def test_shares_known_from_some_countries():
    """Draw true shares and surveys of 40 of 60 countries; count intervals that hold the
    truth, asked and imputed.
    """
    found = []
    for groups, levels, n, worlds in (
        (1, 2, 300, 60),
        (3, 2, 100, 60),
        (1, 3, 200, 40),
        (3, 3, 1000, 20),
    ):
        rng, inside = np.random.default_rng(1), []
        for seed in range(worlds):
            truth, cells = simulated(rng, groups, levels, n)
            drawn, row = pooled_shares(cells, seed, 400), {}
            for level in (0.8, 0.95):
                low, high = np.quantile(
                    drawn, [(1 - level) / 2, (1 + level) / 2], axis=0
                )
                held = (truth >= low) & (truth <= high)
                row |= {
                    f"asked {level:.0%}": held[:ASKED].mean(),
                    f"imputed {level:.0%}": held[ASKED:].mean(),
                }
            inside.append(row)
        table = pd.DataFrame(inside)
        about = {"groups": groups, "levels": levels, "n": n, "worlds": worlds}
        found.append(about | table.mean().round(3).to_dict())
        assert (table[["asked 95%", "imputed 95%"]].mean() > 0.92).all()
    pd.DataFrame(found).to_csv(DOCS / "shares-coverage.csv", index=False)


def simulated(
    rng: np.random.Generator, groups: int, levels: int, n: int
) -> tuple[np.ndarray, Cells]:
    """Draw true shares (countries, groups, levels) from the model and counts of n
    respondents where somebody asked.
    """
    root = np.linalg.cholesky((np.eye(levels - 1) + 1) / 2)
    region = np.arange(60) % 5
    z = (
        rng.normal(-1.5, 0.5, (groups, levels - 1))
        + (0.6 * rng.normal(size=(5, levels - 1)) @ root.T)[region][:, None]
    )
    z = z + 0.5 * rng.normal(size=(60, 1, levels - 1)) @ root.T
    z = z + (groups > 1) * 0.3 * rng.normal(size=(60, groups, levels - 1)) @ root.T
    truth = softmax(np.concatenate([z, np.zeros((60, groups, 1))], axis=-1), axis=-1)
    country, group = (one.ravel() for one in np.indices((ASKED, groups)))
    counts = rng.multinomial(n, truth[country, group]).astype(float)
    return truth, Cells(counts, country, group, region, groups)


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
    with model:
        pm.set_data(data)  # what is derived from the draws is centred as they were
    cells = derived(model, draws, ["p"])["p"]
    found = {"diverging": float(stats["diverging"].mean())}
    for level in (0.8, 0.95):
        low, high = cells.quantile(
            [(1 - level) / 2, (1 + level) / 2], ["chain", "draw"]
        )
        inside = (truth >= low) & (truth <= high)
        for who, codes in {
            "surveyed": SURVEYED,
            "imputed": sorted(set(CODES) - set(SURVEYED)),
        }.items():
            found[f"{who} {level:.0%}".replace("%", " %")] = float(
                inside.sel(country=codes).mean()
            )
    return found
