"""Studies of whether the cards may be believed; docs/checks.md tells what they wrote
under docs/.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import uncounted as un
from uncounted.checks.calibration import Calibration
from uncounted.observations.evidence import digest_of

ROOT = Path(__file__).resolve().parents[2]
DOCS, OUT = ROOT / "docs", ROOT / "out" / "study"
SIMULATIONS, SEED, SHORT = 60, 20261126, {"tune": 300, "draws": 300}
CARDS = {  # how each is sampled: trends and an n that nobody published mix more slowly
    "forced-labour": SHORT,
    "forced-marriage": SHORT,
    "married-before-18": SHORT,
    "stunting": {"tune": 500, "draws": 600, "target_accept": 0.97, "seed": 20261127},
    "child-labour": {"tune": 700, "draws": 800, "target_accept": 0.97},
}
JOINT = ("forced-labour", "forced-marriage")
CORNER = {"sd of surveys' own errors 0", "sd of surveys' own errors 0.6", "as fitted"}

pytestmark = pytest.mark.study


@pytest.fixture(scope="module")
def fit() -> un.Fit:
    folder = OUT / "stunting"
    return (
        un.estimate("stunting", OUT).fit
        if not (folder / "fit.nc").is_file()
        else un.read_fit(folder / "fit.nc")
    )


def test_every_country_held_out(fit):
    """Folds are kept in out/study/, so a study that was interrupted goes on."""
    held = un.hold_out(
        fit, by="country", seed=20200801, keep=OUT / "stunting" / "held-out" / "country"
    )
    columns = [
        "country",
        "survey",
        "year",
        "region",
        "source",
        "rows",
        "n",
        "observed",
        "median",
        "lower",
        "upper",
    ]
    columns += [
        "pit",
        "crps",
        "region_mean",
        "region_mean_crps",
        "log_score",
        "log_score_mcse",
        "rhat",
        "ess",
        "draws",
    ]
    held.table[columns].round(4).to_csv(DOCS / "held-out-countries.csv", index=False)
    held.coverage.round(4).to_csv(DOCS / "held-out-coverage.csv", index=False)
    held.errors.round(4).to_csv(DOCS / "held-out-errors.csv", index=False)
    un.plot.write(un.plot.pit(held), DOCS / "held-out-pit.svg")
    assert held.table["country"].nunique() == fit.evidence.rows["country"].nunique()
    assert not un.check(fit, held).stopped


@pytest.mark.parametrize("name", CARDS)
def test_calibration(name):
    """Ranks of every quantity lie within their band but for the one in twenty that
    leaves it by chance.
    """
    card, world = un.read_card(name), un.read_world()
    seen, keep = un.evidence_of(card, world), OUT / "calibration" / name
    write_calibration(
        name,
        un.calibrate(
            card, world, seen, SIMULATIONS, keep=keep, **({"seed": SEED} | CARDS[name])
        ),
    )


def test_calibration_of_a_joint_model():
    """The two models of modern slavery whose countries are correlated, as the estimate
    fits them.
    """
    cards, world = [un.read_card(name) for name in JOINT], un.read_world()
    seen, keep = (
        [un.evidence_of(card, world) for card in cards],
        OUT / "calibration" / "modern-slavery",
    )
    found = un.calibrate(
        cards, world, seen, SIMULATIONS, seed=SEED, lkj=2.0, keep=keep, **SHORT
    )
    write_calibration("modern-slavery", found)


def test_calibration_of_a_trend_that_bends():
    """On the surveys of every fourth country: of all, a simulation takes three times as
    long.
    """
    card, world = un.read_card("stunting-trend"), un.read_world()
    seen, keep = un.evidence_of(card, world), OUT / "calibration" / "stunting-trend"
    rows = seen.rows[
        seen.rows["country"].isin(np.unique(seen.rows["country"])[::4])
    ].reset_index(drop=True)
    some = replace(seen, rows=rows, digest=digest_of(rows), origin=())
    how = {"tune": 600, "draws": 900, "target_accept": 0.97}
    found = un.calibrate(card, world, some, SIMULATIONS, seed=SEED, keep=keep, **how)
    write_calibration("stunting-trend", found)


def write_calibration(name: str, found: Calibration) -> None:
    summary = found.summary.assign(
        card=name, mixed=found.mixed.table["simulation"].nunique()
    )
    path = DOCS / "calibration.csv"
    before = pd.read_csv(path).query("card != @name") if path.is_file() else None
    pd.concat([before, summary[["card", *summary.columns.drop("card")]]]).round(
        3
    ).to_csv(path, index=False)
    un.plot.write(un.plot.ranks(found), DOCS / f"calibration-{name}.svg")
    assert summary["calibrated"].mean() > 0.8


def test_sensitivity(fit):
    """Scenarios, unsurveyed countries shifted, and powers of priors and likelihood."""
    scenarios = un.scenarios(fit, seed=20200801)
    shifted = un.shift_unsurveyed(fit)
    shifted = shifted.assign(
        scenario=[f"unsurveyed logits {shift:+g}" for shift in shifted["shift"]]
    )
    columns = ["scenario", "grouping", "group", "median", "lower", "upper", "change"]
    pd.concat([scenarios[columns], shifted[columns]]).round(4).to_csv(
        DOCS / "stunting-scenarios.csv", index=False
    )
    un.power_scaling(fit).round(4).to_csv(DOCS / "stunting-power.csv", index=False)
    un.variance_budget(fit).round(3).to_csv(DOCS / "stunting-budget.csv", index=False)
    assert set(scenarios["scenario"]) > CORNER
    assert (scenarios["rhat"] < 1.05).all()


def test_replicated_surveys(fit):
    found = un.predictive(fit, seed=20200801)
    found.table.round(4).to_csv(DOCS / "stunting-predictive.csv", index=False)
    un.plot.write(un.plot.interval_widths(fit), DOCS / "stunting-widths.svg")
    assert (
        found.table.query("statistic == 'prevalence'")["below"]
        .between(0.005, 0.995)
        .all()
    )
