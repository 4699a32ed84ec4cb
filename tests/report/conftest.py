"""A fit of random draws over the real world, its rows and what may be released of it:
no sampling.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import uncounted as un
from uncounted.charts.drawings import draw
from uncounted.figures.ledger import Ledger
from uncounted.infer.fit import Fit
from uncounted.release.fit_release import release_of

GOOD = un.Finding(
    "R-hat of the total and regions", "pass", 1.003, 1.01, "The largest is 1.003."
)


@pytest.fixture(scope="session")
def fit():
    """Return a fit of random draws over the real world, with a few surveys and a
    ledger.
    """
    card, world = un.read_card("stunting"), un.read_world()
    rng = np.random.default_rng(1)
    countries, ages = list(world.places.index), [band.label for band in card.bands]
    rows = pd.DataFrame(
        {
            "country": countries[::2],
            "year": 2015,
            "sex": "both",
            "age": "0-59 months",
            "n": 500.0,
        }
    )
    evidence = un.counts(
        rows.assign(survey=rows["country"] + "-2015", y=100.0),
        "stunting",
        source="A test",
    )
    ledger = Ledger().add(
        rows.head(3).assign(survey="x1"), "excluded", "no denominator"
    )
    coords = {"country": countries, "sex": ["female", "male"], "age": ages}
    draws = [
        rng.beta(2, 8, size=(2, 6, len(countries), 2, len(ages))).astype("f4")
        for _ in range(2)
    ]
    p, prior = (
        xr.DataArray(one, dims=("chain", "draw", *coords), coords=coords)
        for one in draws
    )
    people = un.persons(world, card.ages, 2020, nearest=True)
    versions = {"sampler": "nutpie", "uncounted": "0.1.0"}
    return Fit(
        p,
        prior,
        xr.Dataset(),
        xr.Dataset(),
        people,
        card,
        world,
        replace(evidence, ledger=ledger),
        7,
        versions,
    )


@pytest.fixture(scope="session")
def rows(fit) -> pd.DataFrame:
    return un.estimates(fit)


@pytest.fixture(scope="session")
def few(rows) -> pd.DataFrame:
    """Return the rows without countries' sexes and ages: quicker to write and to read
    back.
    """
    return rows[
        (rows["grouping"] != "country")
        | (rows["sex"] == "all") & (rows["age"] == "all")
    ]


@pytest.fixture(scope="session")
def release(fit, rows):
    return release_of(fit, rows, [GOOD])


@pytest.fixture(scope="session")
def small(fit, few):
    return release_of(fit, few, [GOOD])


@pytest.fixture(scope="session")
def drawings(small):
    return draw(small)
