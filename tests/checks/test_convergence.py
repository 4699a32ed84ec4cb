"""Nothing is published from a run that did not converge: each planted failure stops it."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

import uncounted as un


@pytest.fixture(scope="module")
def healthy(fit):
    """A fit whose draws are independent by construction, on thirty countries' worth of numbers."""
    rng = np.random.default_rng(5)
    shape = (4, 1000, *fit.p.shape[2:])
    p = xr.DataArray(
        rng.beta(20, 80, size=shape).astype(np.float32), dims=fit.p.dims, coords={d: fit.p[d] for d in fit.p.dims[2:]}
    )
    stats = xr.Dataset(
        {
            "diverging": (("chain", "draw"), np.zeros((4, 1000), bool)),
            "energy": (("chain", "draw"), rng.normal(size=(4, 1000))),
        }
    )
    return replace(fit, p=p, stats=stats)


@pytest.fixture(autouse=True)
def few_numbers(monkeypatch):
    """World, regions and subregions are enough to see a verdict; thousands of countries' cells are timed elsewhere."""
    monkeypatch.setattr("uncounted.checks.convergence.PUBLISHED", ("world", "region", "subregion"))


def verdicts(findings):
    return {finding.name: finding.verdict for finding in findings}


def test_healthy_draws_pass(healthy):
    assert not un.check(healthy).stopped


def test_one_divergence_stops(healthy):
    stats = healthy.stats.copy(deep=True)
    stats["diverging"][2, 17] = True
    found = un.check(replace(healthy, stats=stats))
    assert found.stopped
    assert verdicts(found)["divergences"] == "stop"


def test_a_stuck_chain_stops(healthy):
    p = healthy.p.copy(deep=True)
    p[3] = p[3, 0]
    found = un.check(replace(healthy, p=p))
    assert verdicts(found)["R-hat of the world and regions"] == "stop"
    assert verdicts(found)["bulk ESS of published numbers"] == "stop"


def test_chains_all_stuck_at_one_value_stop(healthy):
    p = healthy.p.copy(deep=True)
    p[:] = p[0, 0]
    assert verdicts(un.check(replace(healthy, p=p)))["R-hat of the world and regions"] == "stop"


def test_a_run_too_short_stops(healthy):
    found = un.check(replace(healthy, p=healthy.p.isel(draw=slice(0, 60))))
    assert verdicts(found)["bulk ESS of published numbers"] == "stop"


def test_energy_that_does_not_move_stops(healthy):
    stats = healthy.stats.copy(deep=True)
    stats["energy"][1] = np.cumsum(stats["energy"][1])
    assert verdicts(un.check(replace(healthy, stats=stats)))["E-BFMI"] == "stop"
