from pathlib import Path

import pandas as pd
import pytest

from uncounted.world.shelf import shelf
from uncounted.world.world import World, read_world


@pytest.fixture(scope="session")
def facts(shared: Path) -> Path:
    return shared / "facts"


@pytest.fixture(scope="session")
def world() -> World:
    return read_world()


@pytest.fixture(scope="session")
def tables() -> dict[str, pd.DataFrame]:
    """The shipped tables as text; copy before writing."""
    names = ("geography", "population", "covariates")
    return {
        n: pd.read_csv(shelf("data", f"{n}.csv"), dtype="str", keep_default_na=False)
        for n in names
    }


@pytest.fixture
def small() -> dict[str, pd.DataFrame]:
    """Three countries, two years, three age groups."""
    codes = ["GHA", "NAM", "TGO"]
    geography = pd.DataFrame(
        {
            "iso3": codes,
            "iso2": ["GH", "NA", "TG"],
            "name": ["Ghana", "Namibia", "Togo"],
            "region": "Africa",
            "subregion": ["West", "South", "West"],
        }
    )
    rows = [
        (c, s, a)
        for c in codes
        for s in ("female", "male")
        for a in ("0-4", "5-9", "10+")
    ]
    population = pd.DataFrame(rows, columns=["iso3", "sex", "age"])
    population["2015"] = [600.0 + 10 * i for i in range(len(rows))]
    population["2020"] = [700.0 + 20 * i for i in range(len(rows))]
    return {
        "geography": geography,
        "population": population,
        "covariates": pd.DataFrame({"iso3": codes, "hdi": [0.6, None, 0.5]}),
    }
