"""The posterior of a card stays what a longer run found: tests/reference/NAME.csv,
written by `make study`.
"""

from pathlib import Path

import arviz as az
import numpy as np
import pandas as pd
import pytest

from uncounted.leaves.estimate_card import is_estimate_card
from uncounted.world.shelf import shelf

REFERENCE = Path(__file__).resolve().parents[1] / "reference"


def test_every_card_has_a_reference_posterior():
    cards = {
        path.stem
        for path in shelf("models").glob("*.toml")
        if not is_estimate_card(path)
    }
    assert cards == {path.stem for path in REFERENCE.glob("*.csv")}


def test_stunting_is_what_it_was(fit):
    known = pd.read_csv(REFERENCE / "stunting.csv", index_col="name")
    names = [
        name
        for name in fit.posterior
        if name in {key.split("[")[0] for key in known.index}
    ]
    own = az.summary(fit.posterior[names], kind="all", round_to="none")
    known = known.loc[own.index]
    error = np.hypot(own["mcse_mean"], known["mcse"])
    gap = (own["mean"] - known["mean"]).abs()
    assert (gap < 5 * error).all(), gap[gap >= 5 * error]
    assert len(own) > 30


@pytest.mark.parametrize(
    "path", sorted(REFERENCE.glob("*.csv")), ids=lambda path: path.stem
)
def test_a_reference_is_precise(path):
    known = pd.read_csv(path, index_col="name")
    assert (known["mcse"] < 0.08 * known["sd"]).all()
