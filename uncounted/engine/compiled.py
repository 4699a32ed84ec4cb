"""Compiled: a model as nutpie takes it, with a program for its density in place of compiled code."""

import gc
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
import pymc as pm
from nutpie.compile_pymc import CompiledPyMCModel, _prepare_dims_and_coords  # pyright: ignore[reportPrivateUsage]
from pymc.initial_point import make_initial_point_fn
from pytensor.configdefaults import config
from pytensor.graph.basic import Variable
from pytensor.tensor.variable import TensorVariable

from uncounted.engine.draft import Draft
from uncounted.engine.graph import Graph, Graphs, graphs_of
from uncounted.engine.library import Library
from uncounted.engine.lowering import write
from uncounted.engine.program import Program, program_of
from uncounted.engine.view import View, whole


@dataclass(frozen=True)
class Address:
    """Where a function of the machine lies, as nutpie asks for it."""

    address: int


def program(graph: Graph, dimensions: int, data: Mapping[str, np.ndarray], library: Library) -> Program:
    """Write the program of a graph with some data in place of the model's; raises Unknown for what it cannot."""
    draft = Draft(frozenset(library.kernels))
    point = whole(dimensions)
    draft.define(graph.point, point)
    for variable, shared in zip(graph.graph.inputs[1:], graph.data, strict=True):
        draft.define(variable, np.asarray(data.get(str(shared.name), shared.get_value(borrow=True))))
    for node in graph.graph.toposort():
        write(node, draft)
    *log_density, output = (_output(draft, variable) for variable in graph.graph.outputs)
    return program_of(draft.steps, point, output, log_density[0] if log_density else None, library)


def _output(draft: Draft, variable: Variable) -> View:
    """Return an output as all of a buffer of its own."""
    operand = draft.operand(variable)
    if isinstance(operand, View) and operand.whole:
        return operand
    return draft.elementwise("Identity", [operand], operand.shape)


@dataclass(frozen=True, eq=False)
class Compiled:
    """A model's programs, and `nutpie`, its model that runs them."""

    graphs: Graphs
    library: Library
    density: Program
    expand: Program
    nutpie: CompiledPyMCModel

    def with_data(self, data: Mapping[str, np.ndarray]) -> "Compiled":
        """Return the model with other numbers in some pm.Data, in the same shapes."""
        return _written(self.graphs, self.library, data, self.nutpie)


def compiled(model: pm.Model, library: Library) -> Compiled:
    """Write a model's programs; raises Unknown for what they cannot express."""
    with _undisturbed():
        start = make_initial_point_fn(model=model, jitter_rvs=set(model.free_RVs), return_transformed=True)
        values = [model.rvs_to_values[rv] for rv in model.free_RVs]
        shapes = {str(name): np.shape(value) for name, value in start(0).items()}
        shapes |= {str(rv.name): _shape(rv, model, shapes) for rv in model.free_RVs if rv.name not in shapes}
        graphs = graphs_of(model, shapes, [str(rv.name) for rv in model.free_RVs])
        frame = _frame(model, graphs, library, _initial(start, [str(value.name) for value in values]))
        return _written(graphs, library, {}, frame)


def _initial(start: Callable[..., Mapping[str, np.ndarray]], names: Sequence[str]) -> Callable[..., np.ndarray]:
    """Return where a chain begins by its seed, as one vector; threads take turns, for they share what is drawn from."""
    lock = threading.Lock()

    def initial(seed: int | None = None) -> np.ndarray:
        with lock:
            drawn = start(seed)
        return np.concatenate([np.ravel(drawn[name]) for name in names]).astype(float)

    return initial


def _frame(model: pm.Model, graphs: Graphs, library: Library, initial: Callable[..., np.ndarray]) -> CompiledPyMCModel:
    """Return nutpie's model without a program: what is drawn, under which names, and where chains begin."""
    ends = np.cumsum([0, *(prod(shape) for shape in graphs.shapes)])
    slices = [slice(begin, end) for begin, end in pairwise(ends.tolist())]
    layout = (graphs.names, slices, graphs.shapes)
    transformed = [
        str(model.rvs_to_values[rv].name) for rv in model.free_RVs if model.rvs_to_transforms.get(rv) is not None
    ]
    dims, coords = _prepare_dims_and_coords(model, layout, transformed)
    return CompiledPyMCModel(
        dims=dims,
        reparameterized_names=transformed,
        compiled_logp_func=Address(library.density_address),  # pyright: ignore[reportArgumentType] all it is asked for
        compiled_expand_func=Address(library.expand_address),  # pyright: ignore[reportArgumentType]
        initial_point_func=initial,
        shared_data={},
        shared_var_keys={},
        user_data=np.empty(0),
        n_expanded=int(ends[-1]),
        shape_info=layout,
        logp_func=None,
        expand_func=None,
        _n_dim=graphs.dimensions,
        _shapes=dict(zip(graphs.names, graphs.shapes, strict=True)),
        _coords=coords,
    )


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Build graphs without traces of where each node was made and without collecting rubbish: a third of the time."""
    collected = gc.isenabled()
    gc.disable()
    try:
        with config.change_flags(traceback__limit=0):  # pyright: ignore[reportAttributeAccessIssue]
            yield
    finally:
        if collected:
            gc.enable()


def _shape(variable: TensorVariable, model: pm.Model, shapes: Mapping[str, tuple[int, ...]]) -> tuple[int, ...]:
    """Return a free variable's shape: its value's, where the transform goes number by number."""
    transform = model.rvs_to_transforms.get(variable)
    if transform is not None and transform.ndim_supp == 0:
        return shapes[str(model.rvs_to_values[variable].name)]
    known = variable.type.shape
    whole: Any = variable.shape.eval() if None in known else known
    return tuple(int(length) for length in whole)


def _written(graphs: Graphs, library: Library, data: Mapping[str, np.ndarray], frame: CompiledPyMCModel) -> Compiled:
    density = program(graphs.density, graphs.dimensions, data, library)
    expand = program(graphs.expand, graphs.dimensions, data, library)
    addresses = np.array([density.address, expand.address], np.uintp)
    # nutpie's model holds the programs, so that they live as long as it runs.
    running = replace(frame, user_data=addresses, logp_func=density, expand_func=expand)
    return Compiled(graphs, library, density, expand, running)
