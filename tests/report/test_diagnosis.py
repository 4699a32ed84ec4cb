"""Figures of whether to believe it show what was found."""

import numpy as np
import pandas as pd
import pytest

import uncounted as un
from uncounted.checks.calibration import Calibration
from uncounted.checks.held_out import HeldOut
from uncounted.checks.predictive import Predictive
from uncounted.wording.words import read_words


def data(chart) -> pd.DataFrame:
    sets = chart.to_dict()["datasets"]
    return pd.DataFrame(max(sets.values(), key=len))


def test_bars_of_predictions_weigh_countries_alike():
    """One country's nine surveys all fell high, nine countries' single ones are spread
    evenly below.
    """
    pits = [*[0.97] * 9, *(np.arange(9) + 0.5) / 10]
    codes = ["A"] * 9 + [f"B{i}" for i in range(9)]
    table = pd.DataFrame(
        {
            "outcome": "x",
            "country": codes,
            "survey": range(18),
            "source": "visit",
            "pit": pits,
        }
    )
    bars = data(un.plot.pit(HeldOut(table))).set_index("bin")
    assert np.allclose(bars["share"], 0.1)
    assert (bars["low"] == 0).all()
    assert bars["high"].iloc[0] == pytest.approx(0.3)


def test_a_line_that_leaves_its_band_is_coloured():
    even = np.arange(100)
    ranks = {"good": even, "bad": even // 2}
    tables = [
        pd.DataFrame({"quantity": name, "kind": "total", "rank": rank})
        for name, rank in ranks.items()
    ]
    drawn = data(un.plot.ranks(Calibration(pd.concat(tables))))
    held = drawn.groupby("quantity")["held"].first()
    assert held.to_dict() == {"good": "within its band", "bad": "leaves its band"}
    assert set(
        data(un.plot.ranks(Calibration(pd.concat(tables)), ["bad"], "fr"))["quantity"]
    ) == {"bad"}


def test_widths_are_by_what_stands_behind_them(fit):
    drawn = data(un.plot.interval_widths(fit))
    assert set(drawn["evidence"]) == {"surveyed", "imputed"}
    assert len(drawn) == len(fit.world.places)
    rows = (
        un.estimates(fit, ["country"])
        .query("sex == 'all' and age == 'all'")
        .set_index("name")
    )
    one = drawn.iloc[0]
    expected = (
        rows.loc[one["name"], "prevalence_upper"]
        / rows.loc[one["name"], "prevalence_lower"]
    )
    assert one["ratio"] == pytest.approx(expected)


def test_replicated_surveys_beside_the_real_ones():
    rows = {
        "outcome": "x",
        "survey": ["a", "b"],
        "country": "GHA",
        "source": ["visit", "phone"],
    }
    surveys = pd.DataFrame(
        {**rows, "observed": [0.1, 0.2], "median": 0.15, "lower": 0.1, "upper": 0.2}
    )
    drawn = data(
        un.plot.replicated(Predictive(pd.DataFrame(), surveys, False, 0.95), "percent")
    )
    assert list(drawn["observed"]) == [10.0, 20.0]


def test_every_language_names_what_is_drawn():
    assert read_words("fr")("diagnosis.inside") != read_words("en")("diagnosis.inside")
