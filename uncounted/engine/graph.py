"""Graph: a model's log density and gradient, and what follows from a point, as PyTensor writes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.compile.mode import optdb
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.gradient import grad
from pytensor.graph.basic import Variable
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.replace import clone_replace
from pytensor.graph.rewriting.db import RewriteDatabaseQuery
from pytensor.graph.rewriting.utils import rewrite_graph
from pytensor.graph.traversal import graph_inputs
from pytensor.tensor.rewriting.shape import ShapeFeature

STABLE = ("canonicalize", "stabilize")  # before the gradient: log(sigmoid(x)) has one that never overflows
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
        # The logarithms are stable since before the gradient. What these find besides gains a program nothing, and
        # takes a quarter of the time in which a graph is written.
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
    data = [each for each in graph_inputs(outputs) if isinstance(each, SharedVariable)]
    graph = FunctionGraph([point, *data], list(outputs), clone=True)
    graph.attach_feature(ShapeFeature())
    optdb.query(QUERY).rewrite(graph)
    return Graph(graph, graph.inputs[0], tuple(data))


@dataclass(frozen=True, eq=False)
class Graphs:
    """A model's graphs and the layout of its point.

    names, shapes: the values of the free variables in the point's order, then what `expand` gives besides; dimensions:
    how many numbers a point has.
    """

    density: Graph
    expand: Graph
    names: list[str]
    shapes: list[tuple[int, ...]]
    dimensions: int


def graphs_of(model: pm.Model, shapes: dict[str, tuple[int, ...]], names: Sequence[str]) -> Graphs:
    """Return the graphs of a model; shapes: of its values by name; names: the variables that `expand` gives."""
    free = [model.rvs_to_values[rv] for rv in model.free_RVs]
    lengths = [prod(shapes[value.name]) for value in free]
    ends = np.cumsum([0, *lengths])
    point: Any = pt.vector("point", dtype="float64", shape=(int(ends[-1]),))
    parts: Any = {
        value: point[begin:end].reshape(shapes[value.name]).astype(value.dtype)
        for value, (begin, end) in zip(free, pairwise(ends.tolist()), strict=True)
    }
    log_density: Any = rewrite_graph(model.logp(), include=list(STABLE))
    slopes: Any = grad(log_density, free)
    gradient: Any = pt.concatenate([pt.as_tensor(slope).ravel() for slope in slopes])
    density = graph_of(point, clone_replace([log_density, gradient], parts))
    given = {value.name for value in free}
    others = [v for v in model.unobserved_value_vars if v.name not in given and v.name in set(names)]
    expanded: Any = pt.concatenate([point, *(pt.as_tensor(part).ravel() for part in clone_replace(others, parts))])
    expand = graph_of(point, [expanded])
    all_names = [str(v.name) for v in (*free, *others)]
    return Graphs(density, expand, all_names, [shapes[name] for name in all_names], int(ends[-1]))
