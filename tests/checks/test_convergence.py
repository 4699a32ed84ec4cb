"""Nothing is published from a run that did not converge: each planted failure stops it."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from arviz_stats.base.array import array_stats

import uncounted as un
from uncounted.checks.convergence import measure


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


def test_numbers_are_arviz_s_own():
    """Normal scores are made once here; R-hat and bulk ESS must be what ArviZ makes of the draws, ties and all."""
    draws = np.random.default_rng(3).normal(size=(30, 4, 501)).round(1)
    draws[0, 1] += 1
    found = measure(draws)
    np.testing.assert_allclose(found["rhat"], array_stats.rhat(draws, 1, 2, method="rank"), rtol=1e-12)
    np.testing.assert_allclose(found["ess_bulk"], array_stats.ess(draws, 1, 2, method="bulk"), rtol=1e-12)


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
