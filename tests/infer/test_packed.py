"""Tests of pm.Data in one vector: the density is the same, and what no model was
compiled for is refused.
"""

import numpy as np
import pymc as pm
import pytest

from uncounted.errors import UncountedError
from uncounted.infer.packed import PACKED, check_data, packed
from uncounted.infer.sampler import prepare
from uncounted.model.card import Sampling

GROUP, SIZE, Y = (
    np.array([0, 1, 1, 0, 2]),
    np.array([[1.5], [0.5]]),
    np.array([0.3, -1.0, 2.0, 0.1, 0.7]),
)


def model_of(group: np.ndarray, size: np.ndarray, y: np.ndarray) -> pm.Model:
    """Return a model whose data are whole numbers, a matrix, and what is observed."""
    with pm.Model(coords={"group": list("abc")}) as model:
        sigma = pm.HalfNormal("sigma", pm.Data("size", size)[0, 0])
        mean = pm.Normal("mean", 0, pm.Data("size_2", size)[1, 0], dims="group")
        pm.Normal(
            "y",
            mean[pm.Data("group_of", group)],
            sigma,
            observed=pm.Data("y_observed", y),
        )
    return model


def test_the_density_is_the_same_and_so_is_the_order_of_its_coordinates():
    plain = model_of(GROUP, SIZE, Y)
    model, _ = packed(plain).inside(plain)
    assert (
        [rv.name for rv in model.free_RVs]
        == [rv.name for rv in plain.free_RVs]
        == ["sigma", "mean"]
    )
    at = {"sigma_log__": np.array(0.4), "mean": np.array([0.2, -0.3, 1.0])}
    assert model.compile_logp()(at) == pytest.approx(
        float(plain.compile_logp()(at)), rel=1e-12
    )
    assert model.compile_dlogp()(at) == pytest.approx(
        plain.compile_dlogp()(at), rel=1e-12
    )


def test_other_numbers_are_other_data():
    plain = model_of(GROUP, SIZE, Y)
    one, other = packed(plain), (GROUP[::-1], SIZE, Y + 1)
    model, _ = one.inside(plain)
    names = dict(zip(("group_of", "y_observed"), (other[0], other[2]), strict=True))
    vector = next(v for v in model.compile_logp().f.get_shared() if v.name == PACKED)
    vector.set_value(one.with_data(names).values)
    at = {"sigma_log__": np.array(0.4), "mean": np.array([0.2, -0.3, 1.0])}
    assert model.compile_logp()(at) == pytest.approx(
        float(model_of(*other).compile_logp()(at)), rel=1e-12
    )


def test_what_was_not_compiled_for_is_refused_in_a_sentence():
    model = model_of(GROUP, SIZE, Y)
    with pytest.raises(
        UncountedError, match=r"no pm.Data 'y_observd'. Did you mean 'y_observed'"
    ):
        check_data(model, {"y_observd": Y})
    with pytest.raises(
        UncountedError,
        match=r"'y_observed' was compiled with the shape \(5,\) and is given \(3,\)",
    ):
        check_data(model, {"y_observed": Y[:3]})


def test_models_that_cannot_be_packed_are_sampled_as_they_are():
    with pm.Model() as plain:
        pm.Normal("x", pm.Data("mean", 2.0), 1.0, initval=0.5)
    assert packed(plain).inside(plain) == (plain, None)
    draws, _ = prepare(plain).run(
        1, Sampling(chains=2, tune=200, draws=1000, target_accept=0.8)
    )
    assert draws["x"].mean() == pytest.approx(
        2, abs=0.5
    )  # 2,000 draws are worth 500 or more: an error of 0.045
