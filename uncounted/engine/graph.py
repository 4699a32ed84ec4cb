"""Graph: a model's log density and gradient, and what follows from a point, as PyTensor
writes them.
"""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from typing import Any

import pymc as pm
import pytensor.tensor as pt
from pytensor.compile.mode import optdb
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.configdefaults import config
from pytensor.gradient import grad
from pytensor.graph.basic import Variable
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.replace import clone_replace
from pytensor.graph.rewriting.db import RewriteDatabaseQuery
from pytensor.graph.rewriting.utils import rewrite_graph
from pytensor.graph.traversal import graph_inputs
from pytensor.tensor.rewriting.shape import ShapeFeature

from uncounted.engine.layout import Layout, following

# before the gradient: log(sigmoid(x)) has one that never overflows
STABLE = ("canonicalize", "stabilize")
QUERY = RewriteDatabaseQuery(
    include=["fast_run"],
    exclude=[
        "fusion",
        "inplace",
        "BlasOpt",
        "local_careduce_fusion",
        "scan_make_inplace",
        "c_blas",
        "blas",
        "cxx_only",
        "numba_only",
        "jax_only",
        "add_destroy_handler",
        # The logarithms are stable since before the gradient. What these find besides
        # gains a program nothing, and takes a quarter of the time in which a graph is
        # written.
        "stabilize",
        "specialize",
        "uncanonicalize",
        "dot_diag_to_elemwise",
        "selection_dot_to_indexing",
    ],
)


@dataclass(frozen=True, eq=False)
class Graph:
    """A graph of one point, and the data that it reads."""

    graph: FunctionGraph
    point: Variable
    data: tuple[SharedVariable, ...]


def graph_of(point: Variable, outputs: Sequence[Variable]) -> Graph:
    """Return a graph without what only PyTensor's own compilers need."""
    inputs = graph_inputs(outputs)
    data = [variable for variable in inputs if isinstance(variable, SharedVariable)]
    graph = FunctionGraph(
        [point, *data],
        list(outputs),
        clone=True,
    )
    graph.attach_feature(ShapeFeature())
    optdb.query(QUERY).rewrite(graph)
    return Graph(graph, graph.inputs[0], tuple(data))


@dataclass(frozen=True, eq=False)
class Expressions:
    """A model's log density, its gradient, and what follows from a point, in terms of
    one vector, the point.
    """

    point: Variable
    log_density: Variable
    gradient: Variable
    expanded: Variable


def expressions_of(model: pm.Model, layout: Layout) -> Expressions:
    """Return the expressions of a model, as PyTensor writes them."""
    values = [model.rvs_to_values[rv] for rv in model.free_RVs]
    point: Any = pt.vector(
        "point",
        dtype="float64",
        shape=(layout.dimensions,),
    )
    parts = _parts(point, values, layout)
    log_density: Any = rewrite_graph(model.logp(), include=list(STABLE))
    slopes: Any = grad(log_density, values)
    gradient = _vector(slopes)
    log_density, gradient = clone_replace([log_density, gradient], parts)
    followers: Any = clone_replace(following(model), parts)
    expanded = _vector([point, *followers])
    return Expressions(point, log_density, gradient, expanded)


def _parts(point: Any, values: Sequence[Variable], layout: Layout) -> Any:
    """Return the part of a point that each value is, in the value's shape."""
    shapes = layout.shapes[: len(values)]
    parts: dict[Any, Any] = {}
    begin = 0
    for value, shape in zip(values, shapes, strict=True):
        end = begin + prod(shape)
        part = point[begin:end].reshape(shape)
        parts[value] = part.astype(value.type.dtype)
        begin = end
    return parts


def _vector(parts: Sequence[Any]) -> Any:
    """Return the numbers of all parts one behind the other."""
    return pt.concatenate([pt.as_tensor(part).ravel() for part in parts])


@contextmanager
def undisturbed() -> Iterator[None]:
    """Build graphs without traces of where each node was made and without collecting
    rubbish: a third of the time.
    """
    collected = gc.isenabled()
    gc.disable()
    try:
        with config.change_flags(traceback__limit=0):  # pyright: ignore[reportAttributeAccessIssue]
            yield
    finally:
        if collected:
            gc.enable()
