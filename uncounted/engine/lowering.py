"""Lowering: each operation of PyTensor that a program knows, one entry a kind."""

from functools import reduce, singledispatch
from itertools import pairwise
from typing import Any

import numpy as np
from pymc.logprob.utils import CheckParameterValue
from pytensor.compile.builders import OpFromGraph
from pytensor.graph.basic import Apply, Constant
from pytensor.graph.op import Op
from pytensor.raise_op import CheckAndRaise
from pytensor.tensor.basic import (
    Alloc,
    Join,
    MakeVector,
    ScalarFromTensor,
    Split,
    TensorFromScalar,
)
from pytensor.tensor.blas import BatchedDot
from pytensor.tensor.blockwise import Blockwise
from pytensor.tensor.elemwise import CAReduce, DimShuffle, Elemwise
from pytensor.tensor.extra_ops import CumOp
from pytensor.tensor.math import Dot
from pytensor.tensor.shape import Reshape, Shape, Shape_i, SpecifyShape
from pytensor.tensor.subtensor import (
    AdvancedIncSubtensor,
    AdvancedSubtensor,
    IncSubtensor,
    Subtensor,
)

from uncounted.engine.array_index import index_of, taken_at
from uncounted.engine.draft import Draft, Unknown
from uncounted.engine.function import write_function
from uncounted.engine.joined_arrays import between, joined
from uncounted.engine.matrix_product import matrix_products
from uncounted.engine.reduction import REDUCTIONS, cumulated, reduced
from uncounted.engine.steps import Operand

SHORTER = {"float16", "float32", "complex64", "complex128"}
MOVING = DimShuffle | Subtensor | AdvancedSubtensor | Reshape | Alloc
MOST_ARGUMENTS = 30  # numpy's functions take no more at a time
Result = Operand | tuple[Operand, ...]  # one for each output


def write(node: Apply, draft: Draft) -> None:
    """Write the steps of one node, or compute it now if all its inputs are known."""
    if isinstance(node.op, OpFromGraph):
        _write_inside(node.op, node, draft)
    elif all(map(draft.is_known, node.inputs)):
        _compute(node, draft)
    else:
        _check_precision(node)
        result = lower(node.op, node, draft)
        results = result if isinstance(result, tuple) else (result,)
        for output, operand in zip(node.outputs, results, strict=True):
            draft.define(output, operand)


def _write_inside(op: OpFromGraph, node: Apply, draft: Draft) -> None:
    """Write the operations of which an operation is made.

    Variables inside it are its own, and other operations have the same ones.
    """
    inner = Draft(draft.kernels, steps=draft.steps)
    for outside, inside in zip(node.inputs, op.fgraph.inputs, strict=True):
        inner.define(inside, draft.operand(outside))
    for inner_node in op.fgraph.toposort():
        write(inner_node, inner)
    for outside, inside in zip(node.outputs, op.fgraph.outputs, strict=True):
        draft.define(outside, inner.operand(inside))


def _check_precision(node: Apply) -> None:
    """Raise Unknown where numbers would be rounded to fewer digits than doubles
    have.
    """
    kinds = {getattr(output.type, "dtype", "float64") for output in node.outputs}
    if not kinds & SHORTER or isinstance(node.op, MOVING):
        return
    if isinstance(node.op, Elemwise) and _name(node.op.scalar_op) == "Switch":
        return
    raise Unknown(f"numbers of the kind {', '.join(sorted(kinds))}")


def _name(function: Any) -> str:
    return type(function).__name__


def _compute(node: Apply, draft: Draft) -> None:
    """Compute a node's outputs now."""
    arguments = []
    for variable in node.inputs:
        is_constant = isinstance(variable, Constant)
        arguments.append(variable.data if is_constant else draft.known[variable])
    storage: list[list[Any]] = [[None] for _ in node.outputs]
    if isinstance(node.op, Elemwise) and len(arguments) > MOST_ARGUMENTS:
        functions = {"Add": np.add, "Mul": np.multiply}
        function = functions[_name(node.op.scalar_op)]
        storage[0][0] = reduce(function, arguments)
    else:
        node.op.perform(node, arguments, storage)
    for output, (value,) in zip(node.outputs, storage, strict=True):
        draft.define(output, np.asarray(value))


@singledispatch
def lower(op: Op, node: Apply, draft: Draft) -> Result:
    """Write an operation's steps and return its outputs; raises Unknown for one that
    has no entry below.
    """
    raise Unknown(f"the operation {op}")


@lower.register
def _elemwise(op: Elemwise, node: Apply, draft: Draft) -> Result:
    operands = [draft.operand(variable) for variable in node.inputs]
    return write_function(draft, op.scalar_op, operands, node)


@lower.register
def _reduce(op: CAReduce, node: Apply, draft: Draft) -> Result:
    function = _name(op.scalar_op)
    if function not in REDUCTIONS:
        raise Unknown(f"the reduction {op}")
    return reduced(draft, draft.view(node.inputs[0]), function, op.axis)


@lower.register
def _cumulation(op: CumOp, node: Apply, draft: Draft) -> Result:
    source = draft.view(node.inputs[0])
    return cumulated(draft, source, op.mode, op.axis)


@lower.register
def _dim_shuffle(op: DimShuffle, node: Apply, draft: Draft) -> Result:
    kept = [axis for axis in op.new_order if axis != "x"]
    index = tuple(None if axis == "x" else slice(None) for axis in op.new_order)

    def shuffled(numbers: np.ndarray) -> np.ndarray:
        dropped = [axis for axis in range(numbers.ndim) if axis not in kept]
        moved = numbers.transpose([*kept, *dropped])
        squeezed = moved[(..., *[0] * len(dropped))]
        return squeezed[(*index, ...)]

    return draft.views[node.inputs[0]].through(shuffled)


@lower.register
def _subtensor(op: Subtensor, node: Apply, draft: Draft) -> Result:
    index = index_of(draft, node.inputs[1:], op.idx_list)
    return draft.view(node.inputs[0]).through(lambda numbers: numbers[(*index, ...)])


@lower.register
def _advanced_subtensor(op: AdvancedSubtensor, node: Apply, draft: Draft) -> Result:
    variable, *indices = node.inputs
    if all(map(draft.is_known, indices)):
        index = index_of(draft, indices, op.idx_list)
        return draft.taken(draft.view(variable), index)
    source = draft.operand(variable)
    if op.idx_list != tuple(range(len(source.shape))):
        raise Unknown("an index that is computed for some axes alone")
    return taken_at(draft, source, [draft.operand(index) for index in indices])


@lower.register(IncSubtensor)
@lower.register(AdvancedIncSubtensor)
def _increment(op: Any, node: Apply, draft: Draft) -> Result:
    start, values, *indices = node.inputs
    if getattr(op, "ignore_duplicates", False):
        raise Unknown("an increment that ignores duplicates")
    index = index_of(draft, indices, op.idx_list)
    add = not op.set_instead_of_inc
    return draft.put(
        draft.operand(start),
        draft.operand(values),
        index,
        add=add,
    )


@lower.register
def _reshape(op: Reshape, node: Apply, draft: Draft) -> Result:
    variable, shape = node.inputs
    source = draft.written(draft.views[variable])
    lengths = np.atleast_1d(draft.value(shape)).astype(int)
    present = int(lengths[lengths != -1].prod())
    lengths[lengths == -1] = source.size // max(present, 1)
    return source.reshaped(tuple(lengths.tolist()))


@lower.register
def _alloc(op: Alloc, node: Apply, draft: Draft) -> Result:
    variable, *lengths = node.inputs
    shape = tuple(int(draft.value(length)) for length in lengths)
    return draft.view(variable).through(lambda numbers: np.broadcast_to(numbers, shape))


@lower.register
def _join(op: Join, node: Apply, draft: Draft) -> Result:
    parts = [draft.operand(variable) for variable in node.inputs]
    return joined(draft, parts, op.axis)


@lower.register
def _make_vector(op: MakeVector, node: Apply, draft: Draft) -> Result:
    parts: list[Operand] = []
    for variable in node.inputs:
        part = draft.operand(variable)
        is_array = isinstance(part, np.ndarray)
        parts.append(part[None] if is_array else part.reshaped((1,)))
    return joined(draft, parts, 0)


@lower.register
def _split(op: Split, node: Apply, draft: Draft) -> Result:
    variable, lengths = node.inputs
    source = draft.view(variable)
    ends = np.cumsum([0, *draft.value(lengths)]).tolist()
    bounds = pairwise(ends)
    return tuple(between(source, begin, end, op.axis) for begin, end in bounds)


@lower.register(Dot)
@lower.register(BatchedDot)
@lower.register(Blockwise)
def _products(op: Any, node: Apply, draft: Draft) -> Result:
    if isinstance(op, Blockwise) and not isinstance(op.core_op, Dot):
        raise Unknown(f"the operation {op}")
    left, right = node.inputs
    return matrix_products(draft, draft.operand(left), draft.operand(right))


@lower.register
def _parameter_check(op: CheckParameterValue, node: Apply, draft: Draft) -> Result:
    variable, *conditions = node.inputs
    if not op.can_be_replaced_by_ninf:
        raise Unknown(f"the check '{op.msg}'")
    source = draft.operand(variable)
    holds: Operand = np.asarray(True)
    for condition in conditions:
        holds = _and(draft, holds, draft.operand(condition))
    operands = [holds, source, np.asarray(-np.inf)]
    return draft.elementwise("Switch", operands, source.shape)


def _and(draft: Draft, left: Operand, right: Operand) -> Operand:
    if isinstance(left, np.ndarray) and isinstance(right, np.ndarray):
        return np.asarray(left.all() and right.all())
    return draft.elementwise("AND", [left, right], ())


@lower.register
def _check(op: CheckAndRaise, node: Apply, draft: Draft) -> Result:
    variable, *conditions = node.inputs
    for condition in conditions:
        if not (draft.is_known(condition) and draft.value(condition).all()):
            raise Unknown(f"the check '{op.msg}'")
    return draft.views[variable]


@lower.register(SpecifyShape)
@lower.register(TensorFromScalar)
@lower.register(ScalarFromTensor)
def _same_numbers(op: Op, node: Apply, draft: Draft) -> Result:
    return draft.views[node.inputs[0]]


@lower.register
def _shape(op: Shape, node: Apply, draft: Draft) -> Result:
    return np.array(draft.views[node.inputs[0]].shape)


@lower.register
def _length(op: Shape_i, node: Apply, draft: Draft) -> Result:
    return np.array(draft.views[node.inputs[0]].shape[op.i])
