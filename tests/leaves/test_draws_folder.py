"""An estimate opens again, and adds up to the same numbers."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

import uncounted as un
from uncounted.leaves.draws_folder import PARTS, read_draws, write_draws


def test_an_estimate_opens_again_with_the_same_draws(estimate, tmp_path):
    estimate = replace(estimate, simulated=("records", "figures of State"))
    again = read_draws(write_draws(estimate, tmp_path / "draws"))
    assert again.simulated == estimate.simulated
    assert again.card == estimate.card
    assert again.seed == estimate.seed
    for name in estimate.names:
        xr.testing.assert_allclose(again.persons(name), estimate.persons(name))
    for leaf in estimate.leaves:
        assert (
            again.leaves[leaf].behind["evidence"].tolist()
            == estimate.leaves[leaf].behind["evidence"].tolist()
        )
    one, other = (un.breakdown(each, ["region"]) for each in (estimate, again))
    np.testing.assert_allclose(one["persons_upper"], other["persons_upper"], rtol=1e-6)


def test_a_folder_without_an_estimate_is_a_sentence(tmp_path):
    with pytest.raises(un.UncountedError, match=f"{PARTS} is missing"):
        read_draws(tmp_path)
