"""What stops an estimate from being published."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

import uncounted as un
from uncounted.leaves.estimate_convergence import diagnostics


def test_independent_draws_pass_and_every_distinct_number_is_measured(estimate):
    numbers = diagnostics(estimate)
    assert not un.check(estimate).stopped
    world = numbers[numbers["grouping"] == "world"]
    adults = world[world["leaf"] == "Labour, adults"]
    assert sorted(adults["sex"]) == [
        "all",
        "female",
        "male",
    ]  # adults are all there are in it
    assert len(world[world["leaf"] == "total"]) == 9


def test_a_chain_that_is_stuck_elsewhere_stops_the_estimate(estimate):
    leaf = estimate.leaves["Marriage"]
    factor = np.ones((4, 1, 1, 1, 1), np.float32)
    factor[0] = 5
    stuck = replace(leaf, persons=leaf.persons * factor)
    bad = replace(estimate, leaves={**estimate.leaves, "Marriage": stuck})
    findings = {finding.name: finding.verdict for finding in un.check(bad)}
    assert findings["R-hat of the total and regions"] == "stop"


def test_a_divergence_behind_any_leaf_stops_the_estimate(estimate):
    fit = estimate.parts.fits["marriage"]
    diverging = fit.stats["diverging"].copy()
    diverging[0, 0] = True
    fits = {
        **estimate.parts.fits,
        "marriage": replace(fit, stats=fit.stats.assign(diverging=diverging)),
    }
    found = un.check(replace(estimate, parts=replace(estimate.parts, fits=fits)))
    told = next(finding for finding in found if finding.name == "divergences")
    assert (told.verdict, told.number) == ("stop", 1)
    assert "1 of 3,000" in told.sentence


def test_priors_in_conflict_are_told_of_each_model(estimate):
    """A level's prior far from its draws is a warning under the name of the model, and
    stops nothing.
    """
    fit = estimate.parts.fits["before-18"]
    far = replace(
        fit,
        card=replace(
            fit.card, priors=fit.card.priors | {"level": un.Prior("normal", (5, 0.5))}
        ),
    )
    bad = replace(
        estimate,
        parts=replace(estimate.parts, fits={**estimate.parts.fits, "before-18": far}),
    )
    before, after = (_verdicts(estimate), _verdicts(bad))
    assert (
        before["before-18: priors beside the data"],
        after["before-18: priors beside the data"],
    ) == ("pass", "warn")
    assert (
        before["labour: priors beside the data"]
        == after["labour: priors beside the data"]
    )
    assert not un.check(bad).stopped


def _verdicts(estimate) -> dict[str, str]:
    return {finding.name: finding.verdict for finding in un.check(estimate)}


def test_parts_that_did_not_converge_stop_the_estimate(estimate):
    odds = estimate.parts.log_odds
    assert odds is not None
    apart = (
        odds
        + xr.DataArray(np.linspace(0, 2.8, odds.sizes["chain"]), dims="chain")
        * odds.std()
    )
    wrong = replace(
        estimate, parts=replace(estimate.parts, log_odds=apart.transpose(*odds.dims))
    )
    found = {finding.name: finding for finding in un.check(wrong)}
    assert found["R-hat of subregions and countries"].verdict == "stop"
    assert "ratio of" in found["R-hat of subregions and countries"].sentence


def test_a_part_that_is_given_and_not_sampled_stops_nothing(estimate):
    odds = estimate.parts.log_odds
    assert odds is not None
    fixed = replace(
        estimate, parts=replace(estimate.parts, log_odds=xr.zeros_like(odds))
    )
    assert not un.check(fixed).stopped


def test_questions_are_put_to_an_estimate_as_to_a_fit(estimate):
    total = estimate.persons("Labour").sum(["country", "sex", "age"], dtype=float)
    rate = 1000 * total / float(estimate.people.sum())
    middle = float(rate.median())
    row = un.exceeds(estimate, middle, "world", name="Labour").iloc[0]
    assert row["exceeds"] == float((rate > middle).mean())
    said = un.hypothesis(estimate, f"World > {middle:.6f}", name="Labour")
    assert abs(said.probability - 0.5) < 0.01
    ranked = un.ranks(estimate, "country", 1)
    assert ranked["among"].sum() == pytest.approx(1)
    with pytest.raises(un.UncountedError, match="no component 'Labour'"):
        un.exceeds(estimate.fits["labour"], 1.0, name="Labour")
