"""A small estimate whose draws are made up: leaves are arithmetic, and need no
sampler.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.special import expit

import uncounted as un
from uncounted.leaves.estimate import Estimate, denominators
from uncounted.leaves.estimate_card import parse_estimate_card
from uncounted.leaves.leaf import leaves
from uncounted.leaves.parts import Parts

CODES = ["GHA", "KEN", "NAM", "TGO", "ZAF"]
REGION = ["West", "East", "South", "West", "South"]
AGES = ("0-17", "18-39", "40+")
CHAINS, DRAWS = 4, 250
CARD = """
title = "Forced labour and marriage"
year = 2020
[[leaf]]
name = "Labour, adults"
model = "labour"
stock = { window_years = 5 }
[[leaf]]
name = "Sexual, adults"
[leaf.ratio]
of = "Labour, adults"
which = "sexual"
ages = "adults"
durations = "equal"
selection = { mean = -0.5, world_sd = 0.7, stratum_sd = 0.3 }
[[leaf]]
name = "Labour, children"
[leaf.ratio]
of = "Labour, adults"
which = "children"
ages = "children"
durations = "equal"
selection = { mean = 0, world_sd = 0, stratum_sd = 0 }
[[leaf]]
name = "State"
figures = { file = "state.csv", distribution = "pert", between_place_correlation = 0.5 }
[[leaf]]
name = "Marriage"
model = "marriage"
[[sum]]
name = "Labour"
leaves = ["Labour, adults", "Sexual, adults", "Labour, children", "State"]
[[share]]
name = "Married before 18"
of = "Marriage"
model = "before-18"
whole = ["0-17"]
"""


@pytest.fixture(scope="session")
def world() -> un.World:
    geography = pd.DataFrame(
        {"iso3": CODES, "name": CODES, "region": REGION, "subregion": REGION}
    )
    cells = pd.MultiIndex.from_product(
        [CODES, ["female", "male"], AGES], names=["iso3", "sex", "age"]
    )
    people = cells.to_frame(index=False).assign(
        **{"2020": np.linspace(8e5, 3e6, len(cells))}
    )
    own = pd.DataFrame({"iso3": CODES, "region": REGION})
    return un.read_world(
        geography, people, pd.DataFrame({"iso3": CODES, "x": 0.0}), own
    )


def fit_of(
    world: un.World, name: str, level: float, ages: tuple[str, ...], seed: int
) -> un.Fit:
    """Draws of logits with a common, a country's and a cell's part; Ghana and Kenya
    surveyed.
    """
    rows = {
        "survey": ["gha-2019", "ken-2018"],
        "country": ["GHA", "KEN"],
        "year": [2019, 2018],
        "sex": "both",
    }
    seen = un.counts(
        pd.DataFrame(rows).assign(age=ages[-1], n=1000.0, y=12.0),
        name,
        "Household surveys",
    )
    priors = {
        "level": un.Prior("normal", (-2, 1)),
        "sigma_country": un.Prior("half_normal", (0.5,)),
    }
    priors |= {
        "female": un.Prior("normal", (0, 1)),
        "sigma_age": un.Prior("half_normal", (0.5,)),
    }
    card = un.Card(
        name,
        name,
        ages,
        priors,
        2020,
        people=("sex", "age"),
        place=("country",),
        name=name,
    )
    n = un.persons(world, ages, 2020)
    rng = np.random.default_rng(seed)
    shape = (CHAINS, DRAWS, len(CODES), 2, len(ages))
    common = rng.normal(level, 0.3, (CHAINS, DRAWS, 1, 1, 1))
    logits = common + rng.normal(0, 0.4, (*shape[:3], 1, 1)) + rng.normal(0, 0.1, shape)
    coords = {dim: n[dim].values for dim in ("country", "sex", "age")}
    p = xr.DataArray(
        expit(logits).astype(np.float32),
        coords,
        ("chain", "draw", "country", "sex", "age"),
    )
    posterior = xr.Dataset({"level": (("chain", "draw"), common[:, :, 0, 0, 0])})
    calm = {
        "diverging": np.zeros((CHAINS, DRAWS), bool),
        "energy": rng.normal(size=(CHAINS, DRAWS)),
    }
    stats = xr.Dataset({key: (("chain", "draw"), value) for key, value in calm.items()})
    return un.Fit(p, p, posterior, stats, n, card, world, seen, 1, {})


@pytest.fixture(scope="session")
def parts(world) -> Parts:
    rng = np.random.default_rng(5)
    fits = {
        "labour": fit_of(world, "labour", -5, ("18-39", "40+"), 1),
        "marriage": fit_of(world, "marriage", -6, AGES, 2),
        "before-18": fit_of(world, "before-18", -1, ("18-39", "40+"), 3),
    }
    regions = ["East", "South", "West"]
    at = {
        "ratio": ["Sexual, adults", "Labour, children"],
        "region": regions,
        "sex": ["female", "male"],
    }
    odds = rng.normal(-1, 0.2, (2, CHAINS, DRAWS, 3, 2))
    log_odds = xr.DataArray(odds, at, ("ratio", "chain", "draw", "region", "sex"))
    years = xr.DataArray(
        rng.normal(2, 0.1, (CHAINS, DRAWS, 2)),
        {"sex": at["sex"]},
        ("chain", "draw", "sex"),
    )
    state = rng.uniform(1e3, 2e3, (CHAINS, DRAWS, 5, 2, 2)).astype(np.float32)
    coords = {"country": CODES, "sex": at["sex"], "age": ["children", "adults"]}
    figures = xr.DataArray(
        state, coords, ("chain", "draw", *coords), attrs={"own_figure": ["GHA"]}
    )
    return Parts(
        fits, log_odds, {"Labour, adults": years}, {}, {"State": figures}, seed=9
    )


@pytest.fixture(scope="session")
def card() -> un.EstimateCard:
    return parse_estimate_card(CARD, "small")


@pytest.fixture(scope="session")
def estimate(card, world, parts) -> Estimate:
    return Estimate(
        card, world, leaves(card, world, parts), parts, denominators(world, 2020), 1
    )


@pytest.fixture(scope="session")
def jointly(card) -> un.EstimateCard:
    return replace(card, lkj=2.0)
