"""Derived: quantities of the model that follow from its parameters, computed after
sampling in chunks of draws.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr
from numpy.typing import DTypeLike
from pytensor.compile.maker import function
from pytensor.compile.mode import Mode
from pytensor.graph.replace import vectorize_graph
from pytensor.graph.traversal import ancestors

from uncounted.errors import UncountedError

CHUNK = 500  # draws at a time: some 20 MB for 2,400 cells


def derived(
    model: pm.Model, draws: xr.Dataset, names: Sequence[str], dtype: DTypeLike = float
) -> xr.Dataset:
    """Return Deterministics of a model for every draw, each (chain, draw, *its dims).

    `draws` holds the model's free variables. The graph is evaluated for whole chunks of
    draws at once with numpy, which needs no compiling; inside the sampler it would cost
    compiling (stunting: 4 s for the effects, more for the cells) and one evaluation per
    draw.
    """
    return deriver(model, names, dtype)(draws)


def deriver(
    model: pm.Model, names: Sequence[str], dtype: DTypeLike = float
) -> Callable[[xr.Dataset], xr.Dataset]:
    """Return `derived` as a function of draws, made once where many fits of a model
    follow; its pm.Data may change.
    """
    targets = [model[name] for name in names]
    above = set(ancestors(targets))
    inputs = [rv for rv in model.free_RVs if rv in above]
    batched = [
        pt.tensor(rv.name, dtype=rv.dtype, shape=(None, *rv.type.shape))
        for rv in inputs
    ]
    graphs = vectorize_graph(targets, replace=dict(zip(inputs, batched, strict=True)))
    evaluate = function(
        batched,
        graphs,
        mode=Mode(linker="py", optimizer="fast_compile"),
        on_unused_input="ignore",
    )

    def derive(draws: xr.Dataset) -> xr.Dataset:
        flat = [
            draws[rv.name]
            .stack(sample=("chain", "draw"))
            .transpose("sample", ...)
            .to_numpy()
            for rv in inputs
        ]
        chains, size = draws.sizes["chain"], draws.sizes["draw"]
        parts = [
            evaluate(*(a[i : i + CHUNK] for a in flat))
            for i in range(0, chains * size, CHUNK)
        ]
        found = {}
        for name, values in zip(names, zip(*parts, strict=True), strict=True):
            whole = np.concatenate([np.asarray(value, dtype) for value in values])
            dims = model.named_vars_to_dims.get(name) or [
                f"{name}_dim_{i}" for i in range(whole.ndim - 1)
            ]
            coords = {dim: _labels(model, dim) for dim in dims if dim in model.coords}
            found[name] = xr.DataArray(
                whole.reshape(chains, size, *whole.shape[1:]),
                coords,
                ("chain", "draw", *dims),
            )
        return xr.Dataset(found)

    return derive


def _labels(model: pm.Model, dim: str) -> list:
    labels = model.coords[dim]
    if labels is None:
        raise UncountedError(
            f"The dim '{dim}' of the model has no labels. Name them in"
            " pm.Model(coords=…)."
        )
    return list(labels)
