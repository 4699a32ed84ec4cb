"""Cards are compared by what they predicted, with the uncertainty of the difference;
one survey is no leave-one-out.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import uncounted as un
from uncounted.checks.held_out import HeldOut
from uncounted.errors import UncountedError

COUNTRIES = [f"C{i:02d}" for i in range(40)]
RNG = np.random.default_rng(6)
SCORES = RNG.normal(-5, 1, 40)


def held(scores: np.ndarray, by: str = "country", **more) -> HeldOut:
    """A hold-out of one survey in each country, whose log scores are given."""
    nothing = dict.fromkeys(
        ("error", "crps", "world_mean", "region_mean", "region_geometric_mean"), 0.01
    )
    nothing |= {
        f"{name}{what}": 0.5 for name in list(nothing)[2:] for what in ("_crps", "_pit")
    }
    columns = {
        "outcome": "x", "country": COUNTRIES, "survey": COUNTRIES, "region": "Africa", "evidence": "imputed",
        "source": "visit", "rows": 2, "n": 100.0, "observed": 0.1, "pit": np.linspace(0, 1, 40), "log_score": scores,
        "log_score_mcse": 0.1, "by": by, "fold": by,
    }  # fmt: skip
    return HeldOut(pd.DataFrame({**columns, **nothing, **more}))


def test_the_better_card_is_first_and_the_difference_has_its_error():
    gain = RNG.normal(0.3, 0.5, 40)
    found = un.compare_cards({"plain": held(SCORES), "better": held(SCORES + gain)})
    best, plain = found.table.iloc[0], found.table.iloc[1]
    assert (best["card"], plain["card"]) == ("better", "plain")
    assert (best["difference"], best["difference_error"]) == (0, 0)
    assert plain["difference"] == pytest.approx(-gain.sum())
    assert plain["difference_error"] == pytest.approx(np.sqrt(40) * gain.std(ddof=1))
    assert plain["mcse"] == pytest.approx(0.1 * np.sqrt(40))
    np.testing.assert_allclose(found.differences["plain"], -gain)


def test_scores_of_a_country_count_once():
    """Two surveys of a country have its joint score in both rows."""
    table = held(SCORES).table
    twice = HeldOut(
        pd.concat(
            [table, table.assign(survey=table["survey"] + "-2")], ignore_index=True
        )
    )
    found = un.compare_cards([twice, twice]).table
    assert found["log_score"].tolist() == pytest.approx([SCORES.sum()] * 2)
    assert set(found["card"]) == {"card 1", "card 2"}


def test_what_shares_an_error_is_one_unit():
    """Two outcomes of a country, and the countries of a region, depart together."""
    gain = RNG.normal(0.3, 0.5, 40)
    two = [
        pd.concat([held(s).table, held(s).table.assign(outcome="y")], ignore_index=True)
        for s in (SCORES, SCORES + gain)
    ]
    plain = un.compare_cards([HeldOut(one) for one in two]).table.iloc[1]
    assert plain["difference_error"] == pytest.approx(
        2 * np.sqrt(40) * gain.std(ddof=1)
    )
    assert plain["units"] == 40
    regions = np.repeat(["Africa", "Americas", "Arab States", "Europe"], 10)
    shared = np.repeat([0.5, -0.5, 1.0, 0.2], 10)
    table = un.compare_cards(
        [held(s, by="region", region=regions) for s in (SCORES, SCORES + shared)]
    ).table
    assert table.loc[1, "units"] == 4
    assert table.loc[1, "difference_error"] == pytest.approx(
        np.sqrt(4) * 10 * np.std([0.5, -0.5, 1.0, 0.2], ddof=1)
    )
    together = un.compare_cards(
        [held(s, by="countries") for s in (SCORES, SCORES + gain)]
    ).table
    assert np.isnan(together.loc[1, "difference_error"])


def test_joint_models_are_compared_by_their_joint_score():
    both = [
        pd.concat(
            [
                held(
                    SCORES,
                    joint_log_score=2 * SCORES + more,
                    joint_log_score_mcse=0.1,
                    outcome=o,
                ).table
                for o in "xy"
            ],
            ignore_index=True,
        )
        for more in (0.0, 0.25)
    ]
    table = un.compare_cards(
        {"apart": HeldOut(both[0]), "joint": HeldOut(both[1])}
    ).table
    assert table["card"].tolist() == ["joint", "apart"]
    assert table.loc[1, "difference"] == pytest.approx(-10)
    assert table.loc[0, "log_score"] == pytest.approx(2 * SCORES.sum() + 10)


def test_what_cannot_be_compared():
    with pytest.raises(UncountedError, match="other effective counts"):
        un.compare_cards([held(SCORES), held(SCORES, n=50.0)])
    with pytest.raises(UncountedError, match="There is 1 hold-out"):
        un.compare_cards([held(SCORES)])
    for other in (
        held(SCORES, by="survey"),
        held(SCORES, observed=0.2),
        held(SCORES, rows=3),
    ):
        with pytest.raises(UncountedError, match="not held out of the same evidence"):
            un.compare_cards([held(SCORES), other])


def test_leave_one_out_by_weights_tells_where_it_fails(small):
    """Without a country's only survey its level is its prior's, which the draws at hand
    know less of: k̂ tells.
    """
    some = {"draw": slice(None, None, 5)}
    table = un.psis_loo(
        replace(small, p=small.p.isel(some), posterior=small.posterior.isel(some))
    )
    assert len(table) == 80
    assert np.isfinite(table["log_score"]).all()
    assert (table["sure"] == (table["khat"] < 0.7)).all()
    rounds = table.groupby("country")["survey"].transform("size")
    assert table["khat"][rounds == 1].median() > table["khat"][rounds == 2].median()
