"""What would be published had the model, or the evidence, been otherwise."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from scipy.special import expit, logit

import uncounted as un
from uncounted.checks.scenarios import _noises, _numbers
from uncounted.errors import UncountedError
from uncounted.model.build import Study
from uncounted.model.seen import look

QUIET = {"progress": un.Progress(show=False), "workers": 1}


@pytest.fixture(scope="module")
def table(small):
    """Two compilations: with σ_ν drawn, and with it fixed."""
    return un.scenarios(small, seed=2, **QUIET).set_index(["scenario", "group"])


def width(table, scenario: str, group: str = "World") -> float:
    return table.loc[(scenario, group), "upper"] - table.loc[(scenario, group), "lower"]


def test_every_scenario_is_there_and_mixes(table):
    assert set(table.index.get_level_values("scenario")) == {
        "as fitted", "without phone", "without visit",
        "sd of surveys' own errors 0", "sd of surveys' own errors 0.6",
    }  # fmt: skip
    assert (table["rhat"] < 1.05).all()
    assert (table.loc["as fitted", "change"] == 0).all()
    assert (table.loc["as fitted", "draws"] == 2000).all()


def test_fewer_surveys_say_less(table):
    """Three quarters of the countries are visited, a quarter is telephoned.

    Widths are 193, 80 and 74 (two seeds: 1.09 between the last two). A width of 2,000
    draws that are worth 600 has an error of 4 %, a ratio of two 5.5 %: 0.8 is five of
    these below.
    """
    assert (
        width(table, "without visit")
        > width(table, "without phone")
        > 0.8 * width(table, "as fitted")
    )


def test_surveys_believed_to_err_more_say_less(table):
    errs = [width(table, f"sd of surveys' own errors {sd}") for sd in ("0", "0.6")]
    assert errs[1] > 1.15 * errs[0]
    changed = [
        table.loc[(f"sd of surveys' own errors {sd}", "World"), "median"]
        for sd in ("0", "0.6")
    ]
    assert changed[0] != changed[1]


def test_forms_shift_against_none_of_them_and_prevalence_itself_not_at_all(small):
    shares = xr.DataArray([0.6, 0.39], {"form": ["labour", "sexual"]}, dims="form")
    formed = un.shift_unsurveyed(
        replace(small, p=xr.zeros_like(small.p) + shares)
    ).set_index(["shift", "group"])
    assert formed["median"].max() < 1000  # per 1,000
    surveyed = small.p["country"].isin(small.evidence.rows["country"].unique())
    some = small.people.where(~surveyed, 0).sum() / small.people.sum()
    whole = 990 + float(some) * 1000 * (expit(logit(0.99) + 0.5) - 0.99)
    assert formed.loc[(0.5, "World"), "median"] == pytest.approx(whole, rel=1e-4)
    straight = replace(
        small, card=replace(small.card, link="identity", likelihood="fay_herriot")
    )
    with pytest.raises(UncountedError, match="it has no logits to shift"):
        un.shift_unsurveyed(straight)


def test_nothing_to_leave_out(small):
    rows = small.evidence.rows.assign(source="visit")
    priors = {
        key: prior for key, prior in small.card.priors.items() if key != "sigma_survey"
    }
    bare = replace(
        small, card=replace(small.card, priors=priors), evidence=replace(small.evidence, rows=rows),
        posterior=small.posterior.drop_vars("sigma_survey"),
    )  # fmt: skip
    with pytest.raises(UncountedError, match="nothing to leave out"):
        un.scenarios(bare, seed=2, **QUIET)


def test_without_covariates_their_slopes_say_nothing(simulated):
    """X = 0 everywhere is the model without them: p is the same whatever the slopes
    are.
    """
    card = un.Card(
        title="With", outcome="simulated", ages=("18+",), year=2020, people=(), place=("country",), name="with",
        covariates=("human_development_index",),
        priors={
            "level": un.Prior("normal", (-2.0, 1.0)), "sigma_country": un.Prior("half_normal", (0.7,)),
            "beta": un.Prior("normal", (0.0, 0.5)),
        },
    )  # fmt: skip
    seen = look(card, simulated.world, simulated.evidence)
    given = _numbers(Study(card, simulated.world, seen.evidence, seen))
    assert set(given) == {"without phone", "without visit", "without covariates"}
    numbers, no_covariates = given["without covariates"]
    assert no_covariates
    assert set(numbers) == {"centring"}
    assert _noises(Study(card, simulated.world, seen.evidence, seen)) == {}


def test_unsurveyed_countries_shifted(small):
    found = un.shift_unsurveyed(small).set_index(["shift", "group"])
    assert (found.loc[0.0, "change"] == 0).all()
    world = found.xs("World", level="group")["median"]
    assert world.is_monotonic_increasing
    surveyed = set(small.evidence.rows["country"])
    unseen = ~small.p["country"].isin(sorted(surveyed))
    p = small.p.astype(float)
    moved = p.where(~unseen, expit(logit(p) + 0.5))
    persons = (moved * small.people).sum(["country", "sex", "age"])
    expected = float((1000 * persons / small.people.sum()).median())
    assert world[0.5] == pytest.approx(expected, rel=1e-4)


def test_a_world_without_unsurveyed_countries_does_not_shift(small):
    rows = small.evidence.rows.iloc[[0] * small.p.sizes["country"]].assign(
        country=small.p["country"].to_numpy()
    )
    everywhere = replace(small, evidence=replace(small.evidence, rows=rows))
    assert np.allclose(un.shift_unsurveyed(everywhere)["change"], 0)
