"""An estimate opens again, and adds up to the same numbers."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

import uncounted as un
from uncounted.infer.fit import JointSampling
from uncounted.infer.joint_fit import sources
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


def test_what_was_sampled_together_is_known_again(estimate, tmp_path):
    together = JointSampling(("labour", "marriage"), 2.0)
    fits = dict(estimate.parts.fits)
    for name in together.outcomes:
        fits[name] = replace(fits[name], joint=together)
    joint = replace(estimate, parts=replace(estimate.parts, fits=fits))
    again = read_draws(write_draws(joint, tmp_path / "draws")).parts.fits
    assert [fit.joint for fit in again.values()] == [together, together, None]
    grouped = sources(again)
    assert list(grouped) == ["", "before-18"]
    assert set(grouped[""]) == set(together.outcomes)
    assert list(sources({"labour": again["labour"]})) == ["labour"]


def test_a_file_of_before_says_by_its_draws_what_was_sampled_together(
    estimate, tmp_path
):
    fit = estimate.parts.fits["labour"]
    outcomes = ["labour", "marriage"]
    dims = ("chain", "draw", "outcome", "other_outcome")
    one = np.ones((*[fit.p.sizes[dim] for dim in dims[:2]], 2, 2))
    coords = {"outcome": outcomes, "other_outcome": outcomes}
    correlation = xr.DataArray(one, coords, dims, attrs={"lkj": 2.0})
    posterior = fit.posterior.assign(correlation=correlation)
    path = un.write_fit(replace(fit, posterior=posterior), tmp_path / "fit.nc")
    assert un.read_fit(path).joint == JointSampling(tuple(outcomes), 2.0)
