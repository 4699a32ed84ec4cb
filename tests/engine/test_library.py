"""The machine's library: built where there is a compiler, of these sources alone, the
same for every processor.
"""

import shutil

import numpy as np
import pymc as pm
import pytest

from uncounted.engine import library as made
from uncounted.engine.compiled import compiled


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    if made.compiler() is None:
        pytest.skip("There is no C compiler here, so building isn't tested.")
    folder = tmp_path_factory.mktemp("library")
    return folder, made.build(folder)


def test_it_is_built_for_any_processor_and_for_faster_ones(built):
    folder, files = built
    assert len(files) == 1 + made.X86
    assert sorted(folder.iterdir()) == sorted(files)
    found = made.library(folder)
    assert found is not None
    assert found.path in files


def test_every_variant_gives_the_same_density(built):
    with pm.Model() as model:
        sd = pm.HalfNormal("sd")
        x = pm.Normal("x", 0, sd, shape=300)
        pm.Binomial("y", 50, pm.math.sigmoid(x), observed=np.arange(300) % 50)
    point = np.random.default_rng(1).normal(0, 1, 301)
    densities = [
        compiled(model, made.load(path)).density.density(point) for path in built[1]
    ]
    for log_density, gradient, status in densities:
        assert status == 0
        np.testing.assert_allclose(log_density, densities[0][0], rtol=1e-13)
        np.testing.assert_allclose(gradient, densities[0][1], rtol=1e-12, atol=1e-12)


def test_a_library_of_other_sources_is_not_used(built, monkeypatch):
    folder, files = built
    monkeypatch.setattr(made, "digest", lambda: "other")
    with pytest.raises(OSError, match="compiled from other sources"):
        made.load(files[0])
    made.library.cache_clear()
    assert made.library(folder) is None
    made.library.cache_clear()


def test_a_file_that_is_no_library_is_none(tmp_path):
    (tmp_path / f"machine{made.SUFFIX}").write_text("no library", encoding="utf-8")
    assert made.library(tmp_path) is None


def test_without_a_compiler_nothing_is_built(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(made, "find_spec", lambda _: None)
    assert made.build(tmp_path) == []


def test_the_compiler_in_a_wheel_serves_where_the_system_has_none(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(made, "find_spec", lambda _: object())
    assert made.compiler()[1:] == ["-m", "ziglang", "cc"]


def test_names_of_kernels_and_kinds_are_read_from_the_machine(machine):
    assert {"Add", "Exp", "Gather", "Fill"} <= set(machine.kernels)
    assert {"Block", "Sum", "MatrixVector"} <= set(machine.kinds)
    assert len(set(machine.kernels.values())) == len(machine.kernels)
