"""Lowering: each operation of PyTensor that a program knows, one entry a kind."""

from collections.abc import Sequence
from functools import reduce, singledispatch
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple
from pymc.logprob.utils import CheckParameterValue
from pytensor.compile.builders import OpFromGraph
from pytensor.graph.basic import Apply, Constant, Variable
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
    unflatten_index_variables,
)

from uncounted.engine.draft import Draft, Unknown, broadcast, spread
from uncounted.engine.function import write_function
from uncounted.engine.steps import Loop, Operand, Single
from uncounted.engine.view import View, row_major, whole

REDUCTIONS = {
    "Add": "Sum",
    "Maximum": "Max",
    "Minimum": "Min",
    "Mul": "Product",
    "AND": "Product",
    "OR": "Max",
}
SHORTER = {"float16", "float32", "complex64", "complex128"}
Result = Operand | tuple[Operand, ...]  # one for each output


def write(node: Apply, draft: Draft) -> None:
    """Write the steps of one node, or compute it now if all its inputs are known."""
    if isinstance(node.op, OpFromGraph):
        _write_inside(node.op, node, draft)
    elif all(draft.is_known(each) for each in node.inputs):
        _compute(node, draft)
    else:
        _check_precision(node)
        result = lower(node.op, node, draft)
        results = result if isinstance(result, tuple) else (result,)
        for output, each in zip(node.outputs, results, strict=True):
            draft.define(output, each)


def _write_inside(op: OpFromGraph, node: Apply, draft: Draft) -> None:
    """Write the operations of which one is made; variables inside it are its own, and
    are met again in others.
    """
    inner = Draft(draft.kernels, steps=draft.steps)
    for outside, inside in zip(node.inputs, op.fgraph.inputs, strict=True):
        inner.define(inside, draft.operand(outside))
    for each in op.fgraph.toposort():
        write(each, inner)
    for outside, inside in zip(node.outputs, op.fgraph.outputs, strict=True):
        draft.define(outside, inner.operand(inside))


def _check_precision(node: Apply) -> None:
    """Raise Unknown where numbers would be rounded to fewer digits than doubles
    have.
    """
    kinds = {getattr(output.type, "dtype", "float64") for output in node.outputs}
    chosen = (
        isinstance(node.op, Elemwise) and type(node.op.scalar_op).__name__ == "Switch"
    )
    moved = isinstance(
        node.op, DimShuffle | Subtensor | AdvancedSubtensor | Reshape | Alloc
    )
    if kinds & SHORTER and not (chosen or moved):
        raise Unknown(f"numbers of the kind {', '.join(sorted(kinds))}")


def _compute(node: Apply, draft: Draft) -> None:
    storage: list[list[Any]] = [[None] for _ in node.outputs]
    arguments = [
        each.data if isinstance(each, Constant) else draft.known[each]
        for each in node.inputs
    ]
    if (
        isinstance(node.op, Elemwise) and len(arguments) > 30
    ):  # numpy takes no more at a time
        function = {"Add": np.add, "Mul": np.multiply}[type(node.op.scalar_op).__name__]
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
    operands = [draft.operand(each) for each in node.inputs]
    return write_function(draft, op.scalar_op, operands, node)


@lower.register
def _reduce(op: CAReduce, node: Apply, draft: Draft) -> Result:
    (variable,) = node.inputs
    source = draft.view(variable)
    name = type(op.scalar_op).__name__
    if name not in REDUCTIONS:
        raise Unknown(f"the reduction {op}")
    axes = (
        range(len(source.shape))
        if op.axis is None
        else normalize_axis_tuple(op.axis, len(source.shape))
    )
    kept = [axis for axis in range(len(source.shape)) if axis not in axes]
    shape = tuple(source.shape[axis] for axis in kept)
    size, inner = prod(shape), prod(source.shape[axis] for axis in axes)
    if inner == 1 and name not in ("AND", "OR"):
        return (
            source.reshaped(shape)
            if source.contiguous
            else draft.written(source).reshaped(shape)
        )
    if name == "Add" and size == 1 and inner > 0:
        return draft.add(Loop("Total", (source,), whole(1, shape), source.size))
    outer, within = (_offsets(source, some) for some in (kept, axes))
    steps = _step_of(outer), _step_of(within)
    result = whole(size, shape)
    if name == "Add" and steps[0] is not None and steps[1] is not None:
        return draft.add(
            Single("Sum", (source,), result, size, inner, (steps[0], steps[1]))
        )
    kind = "SumTable" if name == "Add" else REDUCTIONS[name]
    return draft.add(
        Single(kind, (source,), result, size, inner, tables=(outer, within))
    )


@lower.register
def _cumulation(op: CumOp, node: Apply, draft: Draft) -> Result:
    (variable,) = node.inputs
    source = draft.written(draft.view(variable))
    source = source.reshaped((source.size,)) if op.axis is None else source
    axis = 0 if op.axis is None else op.axis % len(source.shape)
    kept = [each for each in range(len(source.shape)) if each != axis]
    outer, within = _offsets(source, kept), _offsets(source, [axis])
    result = whole(source.size, source.shape)
    kind = {"add": "CumulativeSum", "mul": "CumulativeProduct"}[op.mode]
    return draft.add(
        Single(kind, (source,), result, len(outer), len(within), tables=(outer, within))
    )


@lower.register
def _dim_shuffle(op: DimShuffle, node: Apply, draft: Draft) -> Result:
    (variable,) = node.inputs
    order = op.new_order

    def shuffled(numbers: np.ndarray) -> np.ndarray:
        kept = [axis for axis in order if axis != "x"]
        dropped = tuple(axis for axis in range(numbers.ndim) if axis not in kept)
        squeezed = numbers.transpose([*kept, *dropped])[(..., *[0] * len(dropped))]
        return squeezed[
            (*(None if axis == "x" else slice(None) for axis in order), ...)
        ]

    return draft.views[variable].through(shuffled)


@lower.register
def _subtensor(op: Subtensor, node: Apply, draft: Draft) -> Result:
    index = _index(draft, node.inputs[1:], op.idx_list)
    return draft.view(node.inputs[0]).through(lambda numbers: numbers[(*index, ...)])


@lower.register
def _advanced_subtensor(op: AdvancedSubtensor, node: Apply, draft: Draft) -> Result:
    if not all(draft.is_known(each) for each in node.inputs[1:]):
        return _taken_at(draft, op, node)
    index = _index(draft, node.inputs[1:], op.idx_list)
    return draft.taken(draft.view(node.inputs[0]), index)


def _taken_at(draft: Draft, op: AdvancedSubtensor, node: Apply) -> View:
    """Write what lies at places that are computed: of an array with an index for each
    axis, Σ index·stride.
    """
    source = draft.operand(node.inputs[0])
    indices = [draft.operand(each) for each in node.inputs[1:]]
    if op.idx_list != tuple(range(len(source.shape))):
        raise Unknown("an index that is computed for some axes alone")
    source = draft.written(source) if isinstance(source, View) else source
    shape = np.broadcast_shapes(*(index.shape for index in indices))
    place: Operand = np.zeros(())
    for index, length, stride in zip(
        indices, source.shape, row_major(source.shape), strict=True
    ):
        part = _stepped(draft, index, length, stride)
        if isinstance(part, np.ndarray) and isinstance(place, np.ndarray):
            place = place + part
        else:
            place = draft.elementwise("Add", [place, part], shape)
    size = prod(shape)
    operands = (source, broadcast(place, shape))
    return draft.add(Loop("GatherAt", operands, whole(size, shape), size))


def _stepped(draft: Draft, index: Operand, length: int, stride: int) -> Operand:
    """Return an axis's index, counted from its end where negative, times its stride."""
    if isinstance(index, np.ndarray):
        return np.where(index < 0, index + length, index) * float(stride)
    negative = draft.elementwise("LT", [index, np.zeros(())], index.shape)
    from_end = draft.elementwise("Add", [index, np.asarray(float(length))], index.shape)
    counted = draft.elementwise("Switch", [negative, from_end, index], index.shape)
    return draft.elementwise("Mul", [counted, np.asarray(float(stride))], index.shape)


@lower.register(IncSubtensor)
@lower.register(AdvancedIncSubtensor)
def _increment(op: Any, node: Apply, draft: Draft) -> Result:
    start, values, *indices = node.inputs
    if getattr(op, "ignore_duplicates", False):
        raise Unknown("an increment that ignores duplicates")
    index = _index(draft, indices, op.idx_list)
    add = not op.set_instead_of_inc
    return draft.put(draft.operand(start), draft.operand(values), index, add=add)


def _index(draft: Draft, variables: Sequence[Variable], positions: tuple) -> tuple:
    """Return the index of numpy that a Subtensor's variables stand for; they must be
    known.
    """
    values = [draft.value(each) for each in variables]
    index = unflatten_index_variables(values, positions)
    return tuple(_plain(entry) for entry in index)


@lower.register
def _reshape(op: Reshape, node: Apply, draft: Draft) -> Result:
    variable, shape = node.inputs
    source = draft.written(draft.views[variable])
    lengths = [int(length) for length in np.atleast_1d(draft.value(shape))]
    missing = source.size // max(prod(length for length in lengths if length != -1), 1)
    return source.reshaped(tuple(missing if each == -1 else each for each in lengths))


@lower.register
def _alloc(op: Alloc, node: Apply, draft: Draft) -> Result:
    variable, *lengths = node.inputs
    shape = tuple(int(draft.value(length)) for length in lengths)
    return draft.view(variable).through(lambda numbers: np.broadcast_to(numbers, shape))


@lower.register
def _join(op: Join, node: Apply, draft: Draft) -> Result:
    return _joined(draft, [draft.operand(part) for part in node.inputs], op.axis)


@lower.register
def _make_vector(op: MakeVector, node: Apply, draft: Draft) -> Result:
    parts = [draft.operand(part) for part in node.inputs]
    ones = [
        part[None] if isinstance(part, np.ndarray) else part.reshaped((1,))
        for part in parts
    ]
    return _joined(draft, ones, 0)


def _joined(draft: Draft, parts: list[Operand], axis: int) -> View:
    axis %= len(parts[0].shape)
    ends = np.cumsum([0, *(part.shape[axis] for part in parts)])
    shape = tuple(
        int(ends[-1]) if each == axis else length
        for each, length in enumerate(parts[0].shape)
    )
    joined = whole(prod(shape), shape)
    for part, begin, end in zip(parts, ends[:-1], ends[1:], strict=True):
        if prod(part.shape) == 0:
            continue
        here = joined.through(
            lambda numbers, a=begin, b=end: numbers.swapaxes(0, axis)[a:b].swapaxes(
                0, axis
            )
        )
        if here.contiguous:
            draft.add(Loop("Identity", (part,), here, prod(part.shape)))
        else:
            places = here.offsets.ravel() + here.offset
            source = draft.written(part)
            draft.add(
                Single(
                    "ScatterSet",
                    (source,),
                    joined,
                    len(places),
                    strides=(1,),
                    tables=(places,),
                    fresh=False,
                )
            )
    return joined


@lower.register
def _split(op: Split, node: Apply, draft: Draft) -> Result:
    variable, lengths = node.inputs
    ends = np.cumsum([0, *draft.value(lengths)])
    along = op.axis
    source = draft.view(variable)
    return tuple(
        source.through(
            lambda numbers, a=begin, b=end: numbers.swapaxes(0, along)[a:b].swapaxes(
                0, along
            )
        )
        for begin, end in pairwise(ends.tolist())
    )


@lower.register
def _dot(op: Dot, node: Apply, draft: Draft) -> Result:
    left, right = (draft.operand(each) for each in node.inputs)
    result = whole(left.shape[0] * right.shape[1], (left.shape[0], right.shape[1]))
    return _product(draft, left, right, result)


@lower.register(BatchedDot)
@lower.register(Blockwise)
def _matrix_products(op: Any, node: Apply, draft: Draft) -> Result:
    """Write products of matrices one after the other."""
    if isinstance(op, Blockwise) and not isinstance(op.core_op, Dot):
        raise Unknown(f"the operation {op}")
    left, right = (draft.operand(each) for each in node.inputs)
    batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    shape = (*batch, left.shape[-2], right.shape[-1])
    result = whole(prod(shape), shape)
    left, right = (spread(each, (*batch, *each.shape[-2:])) for each in (left, right))
    for index in np.ndindex(*batch):
        one, other = (_at(each, index) for each in (left, right))
        _product(
            draft,
            one,
            other,
            result.through(lambda numbers, at=index: numbers[(*at, ...)]),
        )
    return result


def _product(draft: Draft, left: Operand, right: Operand, result: View) -> View:
    (rows, inner), (_, columns) = left.shape, right.shape
    a, b = (
        each.strides if isinstance(each, View) else row_major(each.shape)
        for each in (left, right)
    )
    if columns == 1:
        step = Single(
            "MatrixVector", (left, right), result, rows, inner, (a[0], a[1], b[0])
        )
    elif rows == 1:
        step = Single(
            "MatrixVector", (right, left), result, columns, inner, (b[1], b[0], a[1])
        )
    else:
        step = Single(
            "MatrixMatrix",
            (left, right),
            result,
            rows,
            inner,
            (*a, *b),
            columns=columns,
        )
    return draft.add(step)


@lower.register
def _parameter_check(op: CheckParameterValue, node: Apply, draft: Draft) -> Result:
    variable, *conditions = node.inputs
    if not op.can_be_replaced_by_ninf:
        raise Unknown(f"the check '{op.msg}'")
    source = draft.operand(variable)
    holds: Operand = np.asarray(True)
    for condition in conditions:
        holds = _both(draft, holds, draft.operand(condition))
    return draft.elementwise(
        "Switch", [holds, source, np.asarray(-np.inf)], source.shape
    )


def _both(draft: Draft, one: Operand, other: Operand) -> Operand:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return np.asarray(one.all() and other.all())
    return draft.elementwise("AND", [one, other], ())


@lower.register
def _check(op: CheckAndRaise, node: Apply, draft: Draft) -> Result:
    if not all(
        draft.is_known(condition) and draft.value(condition).all()
        for condition in node.inputs[1:]
    ):
        raise Unknown(f"the check '{op.msg}'")
    return draft.views[node.inputs[0]]


@lower.register(SpecifyShape)
@lower.register(TensorFromScalar)
@lower.register(ScalarFromTensor)
def _same_numbers(op: Op, node: Apply, draft: Draft) -> Result:
    return draft.views[node.inputs[0]]


@lower.register
def _shape(op: Shape, node: Apply, draft: Draft) -> Result:
    return np.array(draft.views[node.inputs[0]].shape)


@lower.register
def _one_length(op: Shape_i, node: Apply, draft: Draft) -> Result:
    return np.array(draft.views[node.inputs[0]].shape[op.i])


def _offsets(view: View, axes: Sequence[int]) -> np.ndarray:
    """Return where the elements of some axes lie, at the others' first, in C order."""
    some = View(
        view.buffer,
        0,
        tuple(view.shape[a] for a in axes),
        tuple(view.strides[a] for a in axes),
    )
    return some.offsets.ravel()


def _step_of(places: np.ndarray) -> int | None:
    """Return the step between places that are evenly apart, else None."""
    if len(places) < 2:
        return 1
    step = int(places[1] - places[0])
    return step if (np.diff(places) == step).all() else None


def _at(operand: Operand, index: tuple[int, ...]) -> Operand:
    return (
        operand[index]
        if isinstance(operand, np.ndarray)
        else operand.through(lambda numbers: numbers[(*index, ...)])
    )


def _plain(entry: Any) -> Any:
    """Return an entry of an index with numpy's numbers for PyTensor's."""
    if isinstance(entry, slice):
        return slice(
            *(
                None if part is None else int(part)
                for part in (entry.start, entry.stop, entry.step)
            )
        )
    return (
        int(entry)
        if np.ndim(entry) == 0 and np.asarray(entry).dtype.kind != "b"
        else np.asarray(entry)
    )
