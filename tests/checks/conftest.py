"""A small world of surveys whose truth is known, and one fit of it that the checks'
tests share.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

import uncounted as un

LEVEL, REGION, COUNTRY, FEMALE, SURVEY = -2.0, 0.5, 0.6, 0.4, 0.25
CARD = un.Card(
    title="Simulated", outcome="simulated", ages=("18+",), year=2020, people=("sex",), place=("region", "country"),
    priors={
        "level": un.Prior("normal", (-2.0, 1.0)),
        "female": un.Prior("normal", (0.0, 0.5)),
        "sigma_region": un.Prior("half_normal", (0.7,)),
        "sigma_country": un.Prior("half_normal", (0.7,)),
        "sigma_survey": un.Prior("half_normal", (0.3,)),
    },
    sampling=un.Sampling(chains=4, tune=500, draws=500, target_accept=0.9),
    name="simulated",
)  # fmt: skip


@dataclass(frozen=True)
class Simulated:
    """Surveys of 60 countries, two rounds in every third of them, and the logit of
    every country.
    """

    world: un.World
    evidence: un.Evidence
    truth: pd.Series


@pytest.fixture(scope="session")
def simulated() -> Simulated:
    return simulate(un.read_world(), 20261125)


def simulate(world: un.World, seed: int) -> Simulated:
    """Draw every country's logit, choose 60 to survey, and draw what their surveys
    find.
    """
    rng = np.random.default_rng(seed)
    region = world.places["region"]
    shift = pd.Series(
        REGION * rng.normal(size=region.nunique()), index=sorted(region.unique())
    )
    truth = LEVEL + region.map(shift) + COUNTRY * rng.normal(size=len(region))
    surveyed = np.sort(rng.choice(world.places.index, 60, replace=False))
    rows = []
    for i, code in enumerate(surveyed):
        for year in (2018, 2021)[: 2 if i % 3 == 0 else 1]:
            nu = SURVEY * rng.normal()
            for sex, sign in (("female", 0.5), ("male", -0.5)):
                y = rng.binomial(600, expit(truth[code] + sign * FEMALE + nu))
                kind = "phone" if i % 4 == 1 else "visit"
                rows.append((f"{code}-{year}", code, year, kind, sex, "18+", 600, y))
    table = pd.DataFrame(
        rows, columns=["survey", "country", "year", "source", "sex", "age", "n", "y"]
    )
    return Simulated(world, un.counts(table, "simulated"), truth)


@pytest.fixture(scope="session")
def small(simulated) -> un.Fit:
    model = un.build(CARD, simulated.world, simulated.evidence)
    return un.sample(model, seed=7, progress=un.Progress(show=False))
