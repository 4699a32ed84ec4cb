"""Mixing: many numbers measured at once are measured as ArviZ measures each."""

import numpy as np
import pandas as pd
import pytest
from arviz_stats.base.array import array_stats as one_by_one

from uncounted.checks.mixing import MEASURES, measure

SAME = [name for name in MEASURES if name != "mcse_bound"]


def arviz_s(draws: np.ndarray) -> pd.DataFrame:
    with np.errstate(invalid="ignore", divide="ignore"):
        table = {
            "rhat": one_by_one.rhat(draws, 1, 2, method="rank"),
            "ess_bulk": one_by_one.ess(draws, 1, 2, method="bulk"),
            "ess_tail": one_by_one.ess(draws, 1, 2, method="tail", prob=(0.025, 0.975)),
            "mcse_share": (
                one_by_one.mcse(draws, 1, 2, method="mean") / draws.std(axis=(1, 2))
            ),
        }
    return pd.DataFrame(table)[SAME]


def planted(kind: str, chains: int, size: int) -> np.ndarray:
    rng = np.random.default_rng(size + chains)
    noise = rng.normal(size=(60, chains, size))
    walk = noise.cumsum(axis=2)
    if kind == "alternating":
        noise[:, :, 1::2] = 0.1 * noise[:, :, 1::2] - noise[:, :, : size // 2 * 2 : 2]
    made = {
        "independent": noise,
        "walk": walk,
        "slow": 0.1 * walk + rng.normal(size=noise.shape),
    }
    return made.get(kind, noise.round(1) if kind == "ties" else noise)


@pytest.mark.parametrize(
    ("chains", "size"), [(4, 501), (2, 650), (4, 50), (4, 11), (4, 6), (3, 5), (2, 4)]
)
@pytest.mark.parametrize("kind", ["independent", "walk", "slow", "alternating", "ties"])
def test_each_number_is_arviz_s(kind, chains, size):
    draws = planted(kind, chains, size)
    draws[0, 1] += 1
    pd.testing.assert_frame_equal(measure(draws)[SAME], arviz_s(draws), rtol=1e-11)


def test_what_does_not_move_sticks_or_is_no_number():
    draws = np.random.default_rng(1).normal(size=(4, 4, 100))
    draws[0] = 3.0
    draws[1, 2] = draws[1, 2, 0]
    draws[2, 0, 7] = np.nan
    draws[3, 1, 5] = np.inf
    found = measure(draws)
    pd.testing.assert_frame_equal(found.loc[:2, SAME], arviz_s(draws[:3]), rtol=1e-11)
    assert found[3:].isna().to_numpy().all()  # ArviZ gives infinite draws an R-hat
    assert measure(draws[:, :, :3]).isna().to_numpy().all()


@pytest.mark.parametrize("kind", ["independent", "alternating"])
def test_the_error_of_a_bound_is_arviz_s_but_for_its_quantiles(kind):
    """ArviZ takes 16 and 84 % of a beta law, here a binomial standard error each way:
    alike within a fifth or so.
    """
    draws = planted(kind, 4, 501)
    both = [
        one_by_one.mcse(draws, 1, 2, method="quantile", prob=q) for q in (0.025, 0.975)
    ]
    ratio = measure(draws)["mcse_bound"] / np.maximum(*both)
    assert ratio.median() == pytest.approx(1.0, abs=0.1)
    assert ratio.between(0.5, 2.0).all()
