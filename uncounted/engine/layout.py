"""Layout: where the numbers of a model's values lie in a point, and where chains
begin.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
import pymc as pm
from nutpie.compile_pymc import (
    CompiledPyMCModel,
    _prepare_dims_and_coords,  # pyright: ignore[reportPrivateUsage]
)
from pymc.initial_point import make_initial_point_fn
from pytensor.tensor.variable import TensorVariable

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Address:
    """Where a function lies in memory, as nutpie asks for it."""

    address: int


@dataclass(frozen=True, eq=False)
class Layout:
    """The values of a model's free variables in the order of a point, then the
    variables that follow from them.

    dimensions: how many numbers a point has. start: the point at which a chain begins,
    by its seed.
    """

    names: list[str]
    shapes: list[Shape]
    dimensions: int
    start: Callable[..., np.ndarray]

    @property
    def expanded(self) -> int:
        """How many numbers follow from a point, itself among them."""
        return sum(prod(shape) for shape in self.shapes)

    def frame(
        self,
        model: pm.Model,
        density: int,
        expand: int,
    ) -> CompiledPyMCModel:
        """Return nutpie's model with the addresses of two functions, without the data
        that they read.
        """
        sizes = map(prod, self.shapes)
        ends = np.cumsum([0, *sizes]).tolist()
        slices = [slice(begin, end) for begin, end in pairwise(ends)]
        shape_info = (self.names, slices, self.shapes)
        transformed = []
        for rv in model.free_RVs:
            if model.rvs_to_transforms.get(rv) is not None:
                transformed.append(str(model.rvs_to_values[rv].name))
        dims, coords = _prepare_dims_and_coords(model, shape_info, transformed)
        return CompiledPyMCModel(
            dims=dims,
            reparameterized_names=transformed,
            # nutpie asks for the address alone.
            compiled_logp_func=Address(density),  # pyright: ignore[reportArgumentType]
            compiled_expand_func=Address(expand),  # pyright: ignore[reportArgumentType]
            initial_point_func=self.start,
            shared_data={},
            shared_var_keys={},
            user_data=np.empty(0),
            n_expanded=self.expanded,
            shape_info=shape_info,
            logp_func=None,
            expand_func=None,
            _n_dim=self.dimensions,
            _shapes=dict(zip(self.names, self.shapes, strict=True)),
            _coords=coords,
        )


def layout_of(model: pm.Model) -> Layout:
    """Return the layout of a model's values and free variables."""
    start = make_initial_point_fn(
        model=model, jitter_rvs=set(model.free_RVs), return_transformed=True
    )
    values_at_start = start(0).items()
    shapes = {str(name): np.shape(value) for name, value in values_at_start}
    values = [str(model.rvs_to_values[rv].name) for rv in model.free_RVs]
    for rv in model.free_RVs:
        if rv.name not in values:
            shapes[str(rv.name)] = _shape(rv, model, shapes)
    names = [*values, *(str(variable.name) for variable in following(model))]
    return Layout(
        names=names,
        shapes=[shapes[name] for name in names],
        dimensions=sum(prod(shapes[name]) for name in values),
        start=_starting(start, values),
    )


def following(model: pm.Model) -> list[TensorVariable]:
    """Return the free variables that follow from values by a transform, in the model's
    order.
    """
    values = {model.rvs_to_values[rv].name for rv in model.free_RVs}
    names = {rv.name for rv in model.free_RVs} - values
    variables = model.unobserved_value_vars
    return [variable for variable in variables if variable.name in names]


def _starting(
    start: Callable[..., Mapping[str, np.ndarray]], names: Sequence[str]
) -> Callable[..., np.ndarray]:
    """Return where a chain begins by its seed, as one vector; threads take turns, for
    they share one generator.
    """
    lock = threading.Lock()

    def point(seed: int | None = None) -> np.ndarray:
        with lock:
            drawn = start(seed)
        parts = [np.ravel(drawn[name]) for name in names]
        return np.concatenate(parts).astype(float)

    return point


def _shape(
    variable: TensorVariable, model: pm.Model, shapes: Mapping[str, Shape]
) -> Shape:
    """Return a free variable's shape: its value's, where the transform goes number by
    number.
    """
    transform = model.rvs_to_transforms.get(variable)
    if transform is not None and transform.ndim_supp == 0:
        return shapes[str(model.rvs_to_values[variable].name)]
    lengths: Any = variable.type.shape
    if None in lengths:
        lengths = variable.shape.eval()
    return tuple(int(length) for length in lengths)
