"""Calibration passes a model that is right, and fails one whose truth comes from
elsewhere.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import uncounted as un
from uncounted.checks.calibration import RANKS, Calibration, _given
from uncounted.errors import UncountedError
from uncounted.infer.derived import derived
from uncounted.infer.prior import draw_prior
from uncounted.infer.recipe import studies_of

QUIET = {"progress": un.Progress(show=False), "workers": 1}
SHORT = {"chains": 2, "tune": 350, "draws": 350}
CARD = un.Card(
    title="Small", outcome="simulated", ages=("18+",), year=2020, people=(), place=("region", "country"), name="small",
    priors={
        "level": un.Prior("normal", (-2.0, 0.5)),
        "sigma_region": un.Prior("half_normal", (0.3,)),
        "sigma_country": un.Prior("half_normal", (0.7,)),
    },
)  # fmt: skip


@pytest.fixture(scope="module")
def evidence(simulated) -> un.Evidence:
    """The first fifteen of the small world's surveys: few enough that the priors
    matter.
    """
    rows = simulated.evidence.rows
    table = rows[
        rows["survey"].isin(rows["survey"].unique()[:15]) & (rows["sex"] == "female")
    ]
    columns = ["survey", "country", "year", "source", "age", "n", "y"]
    return un.counts(
        table.assign(sex="both", age="18+")[[*columns, "sex"]], "simulated"
    )


def test_even_ranks_pass_and_others_fail():
    """Of 200 simulations: even ranks stay in their band; a bias, intervals too narrow
    or too wide leave it.
    """
    even = (np.arange(200) * (RANKS + 1)) // 200
    low = (even**1.6 / (RANKS + 1) ** 0.6).astype(int)
    narrow = np.where(even % 4 == 0, np.where(even < 50, 0, RANKS), even)
    wide = 50 + ((even - 50) * 0.6).astype(int)
    named = {"even": even, "biased": low, "narrow": narrow, "wide": wide}
    tables = [
        pd.DataFrame({"quantity": name, "kind": "total", "rank": rank, "ess": 400.0})
        for name, rank in named.items()
    ]
    found = Calibration(pd.concat(tables, ignore_index=True))
    good = found.summary.set_index("quantity")
    assert good["calibrated"].to_dict() == {
        "even": True,
        "biased": False,
        "narrow": False,
        "wide": False,
    }
    assert good.loc["even", "inside_80"] == pytest.approx(0.8, abs=0.02)
    assert good.loc["narrow", "inside_95"] < good.loc["narrow", "low_95"]
    assert good.loc["wide", "inside_50"] > good.loc["wide", "high_50"]
    with pytest.raises(UncountedError, match="No quantity 'odd'"):
        found.curve("odd")


@pytest.fixture(scope="module")
def right(evidence, simulated) -> Calibration:
    return un.calibrate(CARD, simulated.world, evidence, 30, seed=1, **QUIET, **SHORT)


@pytest.mark.long
def test_a_right_model_is_calibrated(right):
    summary = right.summary.set_index("quantity")
    regions = 5
    assert (summary["kind"] == "parameter").sum() == 3
    assert (
        summary["kind"] == "total"
    ).sum() == 1 + regions + 1 + 3  # the world, regions, unsurveyed, three of them
    assert (summary["simulations"] == 30).all()
    assert (
        summary["calibrated"].mean() > 0.8
    )  # each with a chance of 95 %, and they depend on each other
    assert (right.table["rhat"] < 1.1).mean() > 0.97


@pytest.mark.long
def test_a_truth_from_another_prior_is_not(right, evidence, simulated):
    """Countries that differ twice as much, about a level two sd higher, than the card
    believes.
    """
    priors = CARD.priors | {
        "level": un.Prior("normal", (-1.0, 0.2)),
        "sigma_country": un.Prior("log_normal", (1.6, 0.1)),
    }
    truth = replace(CARD, priors=priors)
    wrong = un.calibrate(
        CARD, simulated.world, evidence, 30, seed=1, truth=truth, **QUIET, **SHORT
    )
    summary = wrong.summary.set_index("quantity")
    assert not summary.loc["level", "calibrated"]
    assert not summary.loc["sigma_country", "calibrated"]
    assert summary["calibrated"].mean() < right.summary["calibrated"].mean()
    assert wrong.table.query("quantity == 'level'")["rank"].mean() > 60


def test_simulations_that_did_not_mix_are_told_apart():
    rng = np.random.default_rng(2)
    table = pd.DataFrame(
        {
            "simulation": np.repeat([f"{i}" for i in range(40)], 2),
            "quantity": ["a", "b"] * 40,
        }
    )
    table = table.assign(
        kind="total",
        truth=0.0,
        rank=rng.integers(0, 100, 80),
        rhat=1.0,
        ess=300.0,
        divergences=0,
    )
    table.loc[3, "rhat"], table.loc[10, "divergences"] = 1.2, 1
    mixed = Calibration(table).mixed
    assert set(table["simulation"]) - set(mixed.table["simulation"]) == {"1", "5"}
    assert len(mixed.table) == 76


def test_one_simulation_is_refused(evidence, simulated):
    with pytest.raises(
        UncountedError, match="simulations = 1 tell nothing of how even ranks are"
    ):
        un.calibrate(CARD, simulated.world, evidence, 1, seed=1, **QUIET, **SHORT)


def test_a_truth_of_other_parameters_is_refused(evidence, simulated):
    priors = {key: prior for key, prior in CARD.priors.items() if key != "sigma_region"}
    other = replace(CARD, place=("country",), priors=priors)
    with pytest.raises(UncountedError, match=r"Only one of the cards.*sigma_region"):
        un.calibrate(
            CARD, simulated.world, evidence, 2, seed=1, truth=other, **QUIET, **SHORT
        )


def test_counts_that_are_drawn_never_lie_above_the_respondents_that_are_read(
    evidence, simulated
):
    """Where nearly everybody is affected, of effective n with fractions; n is the same
    on average.
    """
    rows = evidence.rows
    half = replace(
        evidence, rows=rows.assign(n=np.floor(rows["n"]) + 0.5, y=0.9 * rows["n"])
    )
    priors = CARD.priors | {"level": un.Prior("normal", (6.0, 0.1))}
    model = un.build(replace(CARD, priors=priors), simulated.world, half)
    truth = draw_prior(model, 1, 1)
    whole = truth.merge(derived(model, truth, ["reported", "p"]))
    studies = studies_of(model)
    given = [_given(studies, whole, 1, i)[0] for i in range(20)]
    n, y = (np.stack([one[name] for one in given]) for name in ("n", "y_observed"))
    assert (n == np.round(n)).all()
    assert (y <= n).all()
    assert (y == n).mean() > 0.1
    np.testing.assert_allclose(n.mean(), (np.floor(rows["n"]) + 0.5).mean(), rtol=0.01)
