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

DRAWS = 1000
QUICK = "FAST_COMPILE"  # numpy, uncompiled: one evaluation serves all draws


def draw_prior(model: pm.Model, seed: int, draws: int = DRAWS) -> xr.Dataset:
    """Draw a model's free variables from their priors, each (chain, draw, *its dims)
    with one chain.

    One evaluation of the graph draws them all: of variables that depend on no other
    one, as many as asked; of normal ones whose mean or sd do, μ + σz for every draw. A
    model with other dependence, written by hand, is drawn from one draw after another,
    by PyMC.
    """
    free = list(model.free_RVs)
    if not all(_alone(rv, free) or isinstance(rv.owner.op, NormalRV) for rv in free):
        return _one_by_one(model, seed, draws)
    many: dict[Variable, Variable] = {}
    for rv in (
        free
    ):  # in the order in which they were made, so none comes before what it depends on
        many[rv] = (
            change_dist_size(rv, (draws,), expand=True)
            if _alone(rv, free)
            else _normal(rv, many, draws)
        )
    values: Any = compiled([], list(many.values()), random_seed=seed, mode=QUICK)()
    return xr.Dataset(
        {
            str(rv.name): _labelled(model, rv, drawn)
            for rv, drawn in zip(free, values, strict=True)
        }
    )


def _alone(rv: TensorVariable, free: Sequence[TensorVariable]) -> bool:
    """Say whether a variable depends on no other free one."""
    assert rv.owner is not None
    return not set(ancestors(rv.owner.inputs)) & set(free)


def _normal(
    rv: TensorVariable, many: Mapping[Variable, Variable], draws: int
) -> TensorVariable:
    """Return μ + σz of every draw, z standard normal, from the draws of what μ and σ
    depend on.
    """
    assert rv.owner is not None
    numbers: list[Any] = list(rv.owner.op.dist_params(rv.owner))
    drawn: Any = vectorize_graph(numbers, replace=many)
    pairs = zip(numbers, drawn, strict=True)
    mean, sd = (
        _beside(each, rv.ndim - one.ndim) if each.ndim > one.ndim else each
        for one, each in pairs
    )
    return mean + sd * pm.Normal.dist(shape=(draws, *rv.shape))


def _beside(drawn: TensorVariable, axes: int) -> TensorVariable:
    """Return draws (draws, …) with so many axes behind the first, as numbers of every
    draw stand beside (draws, …).
    """
    return drawn[(slice(None), *[None] * axes)]


def _labelled(model: pm.Model, rv: TensorVariable, drawn: np.ndarray) -> xr.DataArray:
    """Return draws with the labels of their dims, or numbers where a dim has none, as
    PyMC gives them.
    """
    dims = model.named_vars_to_dims.get(rv.name) or [
        f"{rv.name}_dim_{i}" for i in range(rv.ndim)
    ]
    array = xr.DataArray(drawn[None], dims=("chain", "draw", *dims))
    return array.assign_coords(
        {d: list(model.coords.get(str(d)) or range(n)) for d, n in array.sizes.items()}
    )


def _one_by_one(model: pm.Model, seed: int, draws: int) -> xr.Dataset:
    quiet = logging.getLogger("pymc.sampling.forward")
    level, names = quiet.level, [rv.name for rv in model.free_RVs]
    quiet.setLevel(logging.WARNING)  # else it lists every variable
    try:
        mode = {"mode": QUICK}
        tree = pm.sample_prior_predictive(
            draws, model=model, var_names=names, random_seed=seed, compile_kwargs=mode
        )
    finally:
        quiet.setLevel(level)
    return tree["prior"].dataset
