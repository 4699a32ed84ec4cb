"""Holes: what is missing of covariates is told by all columns of the table, with an sd that is right."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import uncounted as un
from uncounted.model.covariates import indicators, others
from uncounted.model.holes import expected, given_rest

CARD = un.read_card("stunting")


@pytest.fixture(scope="module")
def world() -> un.World:
    return un.read_world()


def test_columns_beside_tell_of_holes(world):
    """A tenth of each covariate is taken away ten times: all columns predict it better than the card's alone."""
    x, beside, rng = indicators(CARD, world), others(CARD, world), np.random.default_rng(1)
    errors = {"card": [], "all": []}
    for _ in range(10):
        gone = (rng.random(x.shape) < 0.1) & x.notna().to_numpy()
        bare = x.mask(gone)
        truth = x.to_numpy()[gone]
        errors["card"] += list(expected(bare).to_numpy()[gone] - truth)
        errors["all"] += list(expected(bare, beside).to_numpy()[gone] - truth)
    # 0.44 of a standard deviation, and 0.50
    rmse = {name: float(np.sqrt(np.mean(np.square(values)))) for name, values in errors.items()}
    assert rmse["all"] < 0.95 * rmse["card"]


def test_means_and_spreads_are_those_of_a_normal():
    """Of a known normal in six columns: what is missing lies within its 95 % as often as that says."""
    rng = np.random.default_rng(2)
    root = np.tril(rng.normal(size=(6, 6))) + 2 * np.eye(6)
    whole = rng.normal(size=(600, 6)) @ root.T
    whole = pd.DataFrame((whole - whole.mean(axis=0)) / whole.std(axis=0))
    gone = rng.random((600, 3)) < 0.2
    x, beside = whole[[0, 1, 2]].mask(gone), whole[[3, 4, 5]].mask(rng.random((600, 3)) < 0.2)
    mean, cholesky = given_rest(x, beside)
    sd = np.sqrt((cholesky**2).sum(axis=1))
    z = (whole[[0, 1, 2]].to_numpy()[gone] - mean) / sd
    assert len(z) == gone.sum()
    assert np.mean(np.abs(z) < 1.96) == pytest.approx(0.95, abs=4 * np.sqrt(0.95 * 0.05 / len(z)))
    alone = np.sqrt((given_rest(x)[1] ** 2).sum(axis=1))
    assert sd.mean() < alone.mean()


def test_a_row_of_holes_alone_and_useless_columns_do_no_harm(world):
    x = indicators(CARD, world).copy()
    x.iloc[3] = np.nan
    beside = others(CARD, world)
    assert beside.notna().mean().min() >= 0.5
    assert np.isfinite(expected(x, beside).to_numpy()).all()
    assert np.isfinite(expected(x, beside.iloc[:, :0]).to_numpy()).all()
    strange = world.covariates.assign(
        same=1.0, rare=np.where(np.arange(len(world.covariates)) < 9, 2.0, np.nan), text="a"
    )

    known = others(CARD, replace(world, covariates=strange))
    assert list(known) == list(beside)
