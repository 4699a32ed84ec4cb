"""What the engine's tests share: its library, and the densities of PyTensor that
programs must give.
"""

import os
from collections.abc import Callable
from functools import reduce

import numpy as np
import pymc as pm
import pytest
from nutpie.compile_pymc import _make_functions
from pymc.initial_point import make_initial_point_fn
from pytensor.compile.mode import Mode
from pytensor.tensor.elemwise import Elemwise

from uncounted.engine.library import Library, library

Density = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@pytest.fixture(scope="session")
def machine() -> Library:
    found = library()
    if found is None:
        sentence = (
            "The engine's library isn't built here, so it isn't tested (python -m"
            " uncounted.engine builds it)."
        )
        (
            pytest.fail(sentence)
            if os.environ.get("CI") == "true"
            else pytest.skip(sentence)
        )
    return found


@pytest.fixture
def density_of(monkeypatch) -> Callable[[pm.Model], tuple[Density, Callable]]:
    """Return a function from a model to its log density with gradient, and its
    expansion, by PyTensor in Python.
    """
    of_few = Elemwise.perform

    def of_many(self, node, inputs, outputs):
        """Numpy's functions take 32 arguments; canonical sums have more."""
        if len(inputs) <= 30:
            return of_few(self, node, inputs, outputs)
        function = {"Add": np.add, "Mul": np.multiply}[type(self.scalar_op).__name__]
        outputs[0][0] = np.asarray(reduce(function, inputs))
        return None

    monkeypatch.setattr(Elemwise, "perform", of_many)

    def functions(model: pm.Model):
        start = make_initial_point_fn(model=model, return_transformed=True)
        names = [rv.name for rv in model.free_RVs]
        _, _, density, expand, *_ = _make_functions(
            model, mode=Mode(linker="py", optimizer=None), compute_grad=True, join_expanded=True,
            pymc_initial_point_fn=start, var_names=names,
        )  # fmt: skip
        return density, expand

    return functions
