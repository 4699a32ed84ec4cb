"""Derived: quantities that follow from a model's parameters, computed after sampling in
chunks of draws.
"""

from collections.abc import Callable, Sequence
from typing import Any

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
    model: pm.Model,
    draws: xr.Dataset,
    names: Sequence[str],
    dtype: DTypeLike = float,
) -> xr.Dataset:
    """Return Deterministics of a model for every draw, each (chain, draw, *its dims).

    `draws` holds the model's free variables. numpy evaluates the graph for a chunk of
    draws at once, which needs no compiling. Inside the sampler the graph would have to
    be compiled (stunting: 4 s for the effects, more for the cells) and evaluated once
    per draw.
    """
    return deriver(model, names, dtype)(draws)


def deriver(
    model: pm.Model,
    names: Sequence[str],
    dtype: DTypeLike = float,
) -> Callable[[xr.Dataset], xr.Dataset]:
    """Return `derived` as a function of draws, to be made once for many fits of a
    model; the model's pm.Data may change between calls.
    """
    targets = [model[name] for name in names]
    above = set(ancestors(targets))
    inputs = [rv for rv in model.free_RVs if rv in above]
    evaluate = _evaluator(inputs, targets)

    def derive(draws: xr.Dataset) -> xr.Dataset:
        values = [stacked(draws[rv.name]) for rv in inputs]
        shape = draws.sizes["chain"], draws.sizes["draw"]
        chunks = []
        for start in range(0, shape[0] * shape[1], CHUNK):
            inputs_of_chunk = [array[start : start + CHUNK] for array in values]
            chunks.append(evaluate(*inputs_of_chunk))
        quantities = {}
        for name, parts in zip(names, zip(*chunks, strict=True), strict=True):
            flat = np.concatenate([np.asarray(part, dtype) for part in parts])
            by_chain = flat.reshape(*shape, *flat.shape[1:])
            quantities[name] = _labelled(model, name, by_chain)
        return xr.Dataset(quantities)

    return derive


def _evaluator(
    inputs: Sequence[Any],
    targets: Sequence[Any],
) -> Callable[..., Any]:
    """Return a function of draws of the inputs (draws, …) that gives the targets of
    each draw.
    """
    batched = []
    for rv in inputs:
        shape = (None, *rv.type.shape)
        batched.append(pt.tensor(rv.name, dtype=rv.dtype, shape=shape))
    replacements = dict(zip(inputs, batched, strict=True))
    graphs = vectorize_graph(targets, replace=replacements)
    return function(
        batched,
        graphs,
        mode=Mode(linker="py", optimizer="fast_compile"),
        on_unused_input="ignore",
    )


def stacked(values: xr.DataArray) -> np.ndarray:
    """Return draws (chain, draw, …) as an array (draws, …), chain after chain."""
    by_draw = values.stack(sample=("chain", "draw")).transpose("sample", ...)
    return by_draw.to_numpy()


def dims_of(
    model: pm.Model,
    name: str,
    axes: int,
) -> Sequence[str]:
    """Return the names of a variable's dims, or the names that PyMC gives to dims
    without a name.
    """
    unnamed = [f"{name}_dim_{i}" for i in range(axes)]
    return model.named_vars_to_dims.get(name) or unnamed


def _labelled(
    model: pm.Model,
    name: str,
    values: np.ndarray,
) -> xr.DataArray:
    dims = dims_of(model, name, values.ndim - 2)
    coords = {dim: _labels(model, dim) for dim in dims if dim in model.coords}
    return xr.DataArray(
        values,
        coords,
        ("chain", "draw", *dims),
    )


def _labels(
    model: pm.Model,
    dim: str,
) -> list:
    labels = model.coords[dim]
    if labels is None:
        raise UncountedError(
            f"The dim '{dim}' of the model has no labels. Name them in"
            " pm.Model(coords=…)."
        )
    return list(labels)
