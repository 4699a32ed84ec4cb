"""Compiled: a model as nutpie takes it, with a program for its density in place of
compiled code.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pymc as pm
from nutpie.compile_pymc import CompiledPyMCModel
from pytensor.graph.basic import Variable

from uncounted.engine.draft import Draft
from uncounted.engine.graph import Graph, expressions_of, graph_of, undisturbed
from uncounted.engine.layout import Layout, layout_of
from uncounted.engine.library import Library
from uncounted.engine.lowering import write
from uncounted.engine.program import Program
from uncounted.engine.program_writer import program_of
from uncounted.engine.view import View, whole


def program(
    graph: Graph,
    dimensions: int,
    data: Mapping[str, np.ndarray],
    library: Library,
) -> Program:
    """Write the program of a graph with some data in place of the model's; raises
    Unknown for an operation that no program knows.
    """
    draft = Draft(frozenset(library.kernels))
    point = whole(dimensions)
    draft.define(graph.point, point)
    variables = graph.graph.inputs[1:]
    for variable, shared in zip(variables, graph.data, strict=True):
        value = data.get(str(shared.name), shared.get_value(borrow=True))
        draft.define(variable, np.asarray(value))
    for node in graph.graph.toposort():
        write(node, draft)
    outputs = [_output(draft, variable) for variable in graph.graph.outputs]
    log_density = outputs[0] if len(outputs) > 1 else None
    return program_of(
        draft.steps,
        point,
        outputs[-1],
        log_density,
        library,
    )


def _output(draft: Draft, variable: Variable) -> View:
    """Return an output as all of a buffer of its own."""
    operand = draft.operand(variable)
    if isinstance(operand, View) and operand.whole:
        return operand
    return draft.elementwise("Identity", [operand], operand.shape)


@dataclass(frozen=True, eq=False)
class Compiled:
    """A model's programs, and `nutpie`, its model that runs them."""

    layout: Layout
    graphs: tuple[Graph, Graph]
    library: Library
    density: Program
    expand: Program
    nutpie: CompiledPyMCModel

    def with_data(self, data: Mapping[str, np.ndarray]) -> "Compiled":
        """Return the model with other numbers in some pm.Data, in the same shapes."""
        return _written(
            self.layout,
            self.graphs,
            self.library,
            data,
            self.nutpie,
        )


def compiled(model: pm.Model, library: Library) -> Compiled:
    """Write a model's programs; raises Unknown for an operation that no program
    knows.
    """
    with undisturbed():
        layout = layout_of(model)
        terms = expressions_of(model, layout)
        density = graph_of(terms.point, [terms.log_density, terms.gradient])
        expand = graph_of(terms.point, [terms.expanded])
        frame = layout.frame(model, library.density_address, library.expand_address)
        return _written(
            layout,
            (density, expand),
            library,
            {},
            frame,
        )


def _written(
    layout: Layout,
    graphs: tuple[Graph, Graph],
    library: Library,
    data: Mapping[str, np.ndarray],
    frame: CompiledPyMCModel,
) -> Compiled:
    density, expand = (
        program(graph, layout.dimensions, data, library) for graph in graphs
    )
    addresses = np.array([density.address, expand.address], np.uintp)
    # nutpie's model holds the programs, so that they live as long as it runs.
    running = replace(
        frame,
        user_data=addresses,
        logp_func=density,
        expand_func=expand,
    )
    return Compiled(layout, graphs, library, density, expand, running)
