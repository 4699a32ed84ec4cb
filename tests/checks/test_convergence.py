"""Nothing is published from a run that did not converge: each planted failure stops
it.
"""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

import uncounted as un


@pytest.fixture(scope="module")
def healthy(fit):
    """A fit whose draws are independent by construction, on thirty countries' worth of
    numbers.
    """
    rng = np.random.default_rng(5)
    shape = (4, 1000, *fit.p.shape[2:])
    p = xr.DataArray(
        rng.beta(20, 80, size=shape).astype(np.float32),
        dims=fit.p.dims,
        coords={d: fit.p[d] for d in fit.p.dims[2:]},
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
    """World, regions and subregions are enough to see a verdict; thousands of
    countries' cells are timed elsewhere.
    """
    monkeypatch.setattr(
        "uncounted.checks.convergence.PUBLISHED", ("world", "region", "subregion")
    )


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


def test_divergences_name_a_survey_of_very_many_respondents(healthy):
    stats = healthy.stats.copy(deep=True)
    stats["diverging"][2, 17] = True
    (told,) = [
        one.sentence
        for one in un.check(replace(healthy, stats=stats))
        if one.name == "divergences"
    ]
    assert "times the median" not in told
    rows = healthy.evidence.rows
    census = rows["survey"] == rows["survey"].iloc[0]
    huge = replace(healthy.evidence, rows=rows.assign(n=rows["n"].mask(census, 1e8)))
    (told,) = [
        f.sentence
        for f in un.check(replace(healthy, stats=stats, evidence=huge))
        if f.name == "divergences"
    ]
    assert f"The survey {rows['survey'].iloc[0]} counts as" in told
    assert "Look at its n, or write deff on its card." in told


def test_bounds_that_are_not_as_exact_as_they_are_printed_are_told(healthy):
    """With 4,000 draws of an sd of 4 points regions' bounds err by a tenth of a point,
    with 0.2 by less.
    """
    narrow = replace(healthy, p=0.2 + 0.05 * (healthy.p - 0.2))
    few = replace(
        healthy,
        p=healthy.p.isel(draw=slice(40)),
        stats=healthy.stats.isel(draw=slice(40)),
    )
    name = "Monte Carlo error of bounds"
    found = (
        {one.name: one for one in un.check(narrow)}[name],
        {one.name: one for one in un.check(few)}[name],
    )
    assert [one.verdict for one in found] == ["pass", "warn"]
    assert found[0].number < found[0].threshold == 0.001 < found[1].number


def test_a_stuck_chain_stops(healthy):
    p = healthy.p.copy(deep=True)
    p[3] = p[3, 0]
    posterior = healthy.posterior.copy(deep=True)
    posterior["level"][3] = float(posterior["level"].max()) + 1
    found = un.check(replace(healthy, p=p, posterior=posterior))
    assert "Of the parameters level mixes worst" in found[0].sentence
    assert verdicts(found)["R-hat of the total and regions"] == "stop"
    assert verdicts(found)["bulk ESS of published numbers"] == "stop"


def test_chains_all_stuck_at_one_value_stop(healthy):
    p = healthy.p.copy(deep=True)
    p[:] = p[0, 0]
    assert (
        verdicts(un.check(replace(healthy, p=p)))["R-hat of the total and regions"]
        == "stop"
    )


def test_a_run_too_short_stops(healthy):
    found = un.check(replace(healthy, p=healthy.p.isel(draw=slice(0, 60))))
    assert verdicts(found)["bulk ESS of published numbers"] == "stop"


def test_energy_that_does_not_move_stops(healthy):
    stats = healthy.stats.copy(deep=True)
    stats["energy"][1] = np.cumsum(stats["energy"][1])
    assert verdicts(un.check(replace(healthy, stats=stats)))["E-BFMI"] == "stop"
