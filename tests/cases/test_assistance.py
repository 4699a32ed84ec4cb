"""Selection: one world draw per ratio, one stratum draw per region and sex, nothing by
default.
"""

import re

import numpy as np
import pytest
import xarray as xr

import uncounted as un
from uncounted.errors import UncountedError

DIMS = {
    "ratio": ["a", "b"],
    "chain": range(4),
    "draw": range(2000),
    "region": list("NESW"),
    "sex": ["female", "male"],
}
NOTHING = xr.DataArray(np.zeros([len(labels) for labels in DIMS.values()]), DIMS)


def test_the_world_s_part_is_shared_by_strata_and_not_by_ratios():
    found = un.selected(NOTHING, mean=-0.5, world_sd=0.7, stratum_sd=0.0, seed=1)
    assert float(found.std(["region", "sex"]).max()) == pytest.approx(0, abs=1e-12)
    of = found.isel(region=0, sex=0)
    assert of.mean(["chain", "draw"]).values == pytest.approx([-0.5, -0.5], abs=0.04)
    assert of.std(["chain", "draw"]).values == pytest.approx([0.7, 0.7], abs=0.03)
    assert (
        abs(
            np.corrcoef(
                of.sel(ratio="a").values.ravel(), of.sel(ratio="b").values.ravel()
            )[0, 1]
        )
        < 0.05
    )


def test_the_average_over_strata_keeps_the_world_s_part_and_loses_the_rest():
    found = un.selected(NOTHING, mean=0.0, world_sd=0.6, stratum_sd=0.4, seed=2).mean(
        ["region", "sex"]
    )
    sd = found.std(["chain", "draw"]).values
    assert sd == pytest.approx(np.sqrt(0.6**2 + 0.4**2 / 8), rel=0.05)


def test_each_ratio_may_have_its_own_numbers_and_a_seed_gives_them_again():
    told = {"mean": {"a": 0.0, "b": 1.0}, "world_sd": 0.0, "stratum_sd": 0.0}
    assert un.selected(NOTHING, **told, seed=1).mean(
        ["chain", "draw", "region", "sex"]
    ).values.tolist() == [0, 1]
    again = [
        un.selected(NOTHING, mean=0, world_sd=1, stratum_sd=1, seed=seed)
        for seed in (3, 3, 4)
    ]
    assert bool((again[0] == again[1]).all())
    assert not bool((again[0] == again[2]).any())


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"world_sd": -1.0}, "world_sd of the selection is below 0 or no number."),
        ({"stratum_sd": {"a": 0.1}}, "stratum_sd of 'b' is not given."),
        (
            {"mean": {"a": 0.1, "b": 0, "c": 0}},
            "mean of 'c' is given for no ratio of these.",
        ),
    ],
)
def test_what_is_refused(told, sentence):
    with pytest.raises(UncountedError, match=re.escape(sentence)):
        un.selected(
            NOTHING,
            **({"mean": 0.0, "world_sd": 1.0, "stratum_sd": 1.0, "seed": 1} | told),
        )


def test_nothing_has_a_default():
    for left_out in ("mean", "world_sd", "stratum_sd", "seed"):
        told = {"mean": 0.0, "world_sd": 1.0, "stratum_sd": 1.0, "seed": 1}
        del told[left_out]
        with pytest.raises(TypeError, match=left_out):
            un.selected(NOTHING, **told)
