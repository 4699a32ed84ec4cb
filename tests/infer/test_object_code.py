"""Object code of numba: the same density, kept for models of the same structure,
compiled anew for others.
"""

import ctypes
import subprocess
import sys
from pathlib import Path

import numpy as np
import pymc as pm
import pytest

from uncounted.engine.layout import layout_of
from uncounted.infer.object_code import object_code, structure
from uncounted.infer.packed import packed
from uncounted.infer.sampler import compiled_by_numba

Y = np.array([3.0, 0.0, 7.0])


def model_of(
    y: np.ndarray = Y, *, sd: float = 1.0, likelihood: str = "poisson"
) -> pm.Model:
    with pm.Model(coords={"row": range(len(y))}) as model:
        size = pm.HalfNormal("size", sd)
        x = pm.Normal("x", 0, size, dims="row")
        seen = pm.Data("y", y, dims="row")
        if likelihood == "poisson":
            pm.Poisson("cases", pm.math.exp(x), observed=seen)
        else:
            pm.Normal("cases", x, 1, observed=seen)
    return model


def key_of(model: pm.Model) -> str | None:
    return structure(model, layout_of(model), packed(model))


def density(sampled, point: np.ndarray) -> tuple[int, float, np.ndarray]:
    kind = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_uint64, *[ctypes.c_void_p] * 4)
    function = kind(sampled.nutpie.compiled_logp_func.address)
    gradient, log_density = np.empty(len(point)), np.empty(1)
    data = sampled.nutpie.user_data
    arrays = [array.ctypes.data for array in (point, gradient, log_density, data)]
    return function(len(point), *arrays), float(log_density[0]), gradient


@pytest.fixture(scope="module")
def ours():
    return compiled_by_numba(model_of())


def test_the_density_is_the_models_own_with_its_data_and_with_others(ours):
    point = np.array([0.2, 0.5, -1.0, 1.5])
    for y in (Y, Y + 1):
        model = model_of(y)
        at = {"size_log__": point[0], "x": point[1:]}
        status, log_density, gradient = density(ours.with_data({"y": y}), point)
        assert status == 0
        assert log_density == pytest.approx(float(model.compile_logp()(at)), rel=1e-12)
        np.testing.assert_allclose(gradient, model.compile_dlogp()(at), rtol=1e-12)


def test_what_is_not_finite_is_told_by_the_numbers_that_nutpie_knows(ours):
    assert density(ours, np.array([0.2, 0.5, -1.0, 1000.0]))[0] in (3, 4)


def test_the_key_is_of_the_structure_not_of_the_data():
    key = key_of(model_of())
    assert key is not None
    assert key == key_of(model_of(Y + 1))
    others = [
        model_of(np.append(Y, 2.0)),
        model_of(sd=2.0),
        model_of(likelihood="normal"),
    ]
    assert len({key, *map(key_of, others)}) == 4


def test_another_process_loads_what_one_has_compiled(ours):
    code = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_object_code import *
found = compiled_by_numba(model_of())
print(found.kept, density(found, np.array([0.2, 0.5, -1.0, 1.5]))[1])
"""
    told = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout.split()
    assert told[0] == "True"
    assert float(told[1]) == density(ours, np.array([0.2, 0.5, -1.0, 1.5]))[1]


def test_a_damaged_file_is_compiled_anew(tmp_path, monkeypatch):
    monkeypatch.setattr("pytensor.link.numba.cache.NUMBA_CACHE_PATH", tmp_path)
    model = model_of(sd=3.0)
    told = model, layout_of(model), packed(model)
    assert not object_code(*told).kept
    assert object_code(*told).kept
    ours = [
        path
        for path in tmp_path.glob("*.nbc")
        if "-density_" in path.name or "-expand_" in path.name
    ]
    assert len(ours) == 2
    for path in (
        ours
    ):  # PyTensor's own files lie beside them, and it runs what is in them unseen
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    assert not object_code(*told).kept
    assert object_code(*told).kept
