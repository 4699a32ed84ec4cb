"""Prior: a model's free variables drawn from their priors, all draws at once."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pymc as pm
import xarray as xr
from pymc.distributions.shape_utils import change_dist_size
from pymc.pytensorf import compile as compiled
from pytensor.graph.basic import Variable
from pytensor.graph.replace import vectorize_graph
from pytensor.graph.traversal import ancestors
from pytensor.tensor.random.basic import NormalRV
from pytensor.tensor.variable import TensorVariable

from uncounted.infer.derived import dims_of

DRAWS = 1000
QUICK = "FAST_COMPILE"  # numpy, uncompiled: one evaluation serves all draws


def draw_prior(
    model: pm.Model,
    seed: int,
    draws: int = DRAWS,
) -> xr.Dataset:
    """Draw a model's free variables from their priors, each (chain, draw, *its dims)
    with one chain.

    One evaluation of the graph draws all variables. A variable that depends on no other
    free one is drawn `draws` times. A normal variable that depends on others is μ + σz
    in every draw. PyMC draws a model with other dependence, written by hand, one draw
    after another.
    """
    free = list(model.free_RVs)
    independent = [_is_independent(rv, free) for rv in free]
    normal = [isinstance(rv.owner.op, NormalRV) for rv in free]
    if not np.logical_or(independent, normal).all():
        return _one_by_one(model, seed, draws)
    repeated: dict[Variable, Variable] = {}
    # Variables stand in the order in which they were made: what one depends on is
    # before it.
    for rv, alone in zip(free, independent, strict=True):
        if alone:
            repeated[rv] = change_dist_size(
                rv,
                (draws,),
                expand=True,
            )
        else:
            repeated[rv] = _normal(rv, repeated, draws)
    evaluate: Any = compiled(
        [],
        list(repeated.values()),
        random_seed=seed,
        mode=QUICK,
    )
    variables = {}
    for rv, values in zip(free, evaluate(), strict=True):
        variables[str(rv.name)] = _labelled(
            model,
            rv,
            values,
        )
    return xr.Dataset(variables)


def _is_independent(
    rv: TensorVariable,
    free: Sequence[TensorVariable],
) -> bool:
    """Return whether a variable depends on no other free variable."""
    assert rv.owner is not None
    return not set(ancestors(rv.owner.inputs)) & set(free)


def _normal(
    rv: TensorVariable,
    repeated: Mapping[Variable, Variable],
    draws: int,
) -> TensorVariable:
    """Return μ + σz in every draw, z standard normal, from the draws of the variables
    on which μ and σ depend.
    """
    assert rv.owner is not None
    parameters: list[Any] = list(rv.owner.op.dist_params(rv.owner))
    drawn: Any = vectorize_graph(parameters, replace=repeated)
    mean, sd = (
        _aligned(values, parameter, rv)
        for parameter, values in zip(parameters, drawn, strict=True)
    )
    return mean + sd * pm.Normal.dist(shape=(draws, *rv.shape))


def _aligned(
    values: TensorVariable,
    parameter: TensorVariable,
    rv: TensorVariable,
) -> TensorVariable:
    """Return a parameter's draws (draws, …) with axes after the first, so that they
    broadcast against the variable's draws; a parameter without draws stays as it is.
    """
    if values.ndim <= parameter.ndim:
        return values
    lacking = [None] * (rv.ndim - parameter.ndim)
    return values[(slice(None), *lacking)]


def _labelled(
    model: pm.Model,
    rv: TensorVariable,
    values: np.ndarray,
) -> xr.DataArray:
    """Return draws with the labels of their dims, or with numbers where a dim has no
    labels, as PyMC does.
    """
    dims = dims_of(model, str(rv.name), rv.ndim)
    array = xr.DataArray(values[None], dims=("chain", "draw", *dims))
    labels = {}
    for dim, size in array.sizes.items():
        labels[dim] = list(model.coords.get(str(dim)) or range(size))
    return array.assign_coords(labels)


def _one_by_one(
    model: pm.Model,
    seed: int,
    draws: int,
) -> xr.Dataset:
    logger = logging.getLogger("pymc.sampling.forward")
    level = logger.level
    logger.setLevel(logging.WARNING)  # else it lists every variable
    try:
        tree = pm.sample_prior_predictive(
            draws,
            model=model,
            var_names=[rv.name for rv in model.free_RVs],
            random_seed=seed,
            compile_kwargs={"mode": QUICK},
        )
    finally:
        logger.setLevel(level)
    return tree["prior"].dataset
