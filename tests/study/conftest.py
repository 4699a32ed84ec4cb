"""Fixtures that studies share."""

from collections.abc import Callable

import arviz as az
import pandas as pd
import pytest

import uncounted as un
from uncounted.infer.totals import affected_in_all
from uncounted.world.world import groups


@pytest.fixture(scope="session")
def reference() -> Callable[[un.Fit], pd.DataFrame]:
    """Return what tests/infer/test_reference.py holds shorter fits to: every
    hyperparameter, and the world.
    """

    def told(fit: un.Fit) -> pd.DataFrame:
        few = [
            name
            for name, values in fit.posterior.items()
            if values[0, 0].size <= 6 and not str(name).endswith("_raw")
        ]
        people = fit.people
        world = (
            affected_in_all(fit.p, people, groups(fit.world, "world")).isel(
                group=0, drop=True
            )
            / people.sum()
        )
        table = az.summary(
            fit.posterior[few].assign(world=world), kind="all", round_to="none"
        )
        return (
            table[["mean", "sd", "mcse_mean"]]
            .rename(columns={"mcse_mean": "mcse"})
            .rename_axis("name")
        )

    return told
