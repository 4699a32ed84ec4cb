"""Cells: a quantity of the model over many cells, computed after sampling, in chunks of draws."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr
from pytensor.compile.maker import function
from pytensor.compile.mode import Mode
from pytensor.graph.replace import vectorize_graph
from pytensor.graph.traversal import ancestors

from uncounted.errors import UncountedError

CHUNK = 500  # draws at a time: some 20 MB for 2,400 cells


def cells(model: pm.Model, draws: xr.Dataset, name: str) -> xr.DataArray:
    """Return the Deterministic `name` of a model for every draw (chain, draw, *its dims), float32.

    `draws` holds the model's free variables. The graph is evaluated for whole chunks of draws at once with numpy, which
    needs no compiling; inside the sampler it would cost compiling and one evaluation per draw.
    """
    target = model[name]
    above = set(ancestors([target]))
    inputs = [rv for rv in model.free_RVs if rv in above]
    batched = [pt.tensor(rv.name, dtype=rv.dtype, shape=(None, *rv.type.shape)) for rv in inputs]
    graph = vectorize_graph(target, replace=dict(zip(inputs, batched, strict=True)))
    mode = Mode(linker="py", optimizer="fast_compile")
    evaluate = function(batched, graph, mode=mode, on_unused_input="ignore")
    flat = [draws[rv.name].stack(sample=("chain", "draw")).transpose("sample", ...).to_numpy() for rv in inputs]
    size = draws.sizes["chain"] * draws.sizes["draw"]
    parts = [np.array(evaluate(*(a[i : i + CHUNK] for a in flat)), np.float32) for i in range(0, size, CHUNK)]
    values = np.concatenate(parts).reshape(draws.sizes["chain"], draws.sizes["draw"], *parts[0].shape[1:])
    dims = model.named_vars_to_dims[name]
    coords = {dim: _labels(model, dim) for dim in dims}
    return xr.DataArray(values, dims=("chain", "draw", *dims), coords=coords, name=name)


def _labels(model: pm.Model, dim: str) -> list:
    labels = model.coords[dim]
    if labels is None:
        raise UncountedError(f"The dim '{dim}' of the model has no labels. Name them in pm.Model(coords=…).")
    return list(labels)
