"""Lowering: each operation of PyTensor that a program knows, one entry a kind."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce, singledispatchmethod
from math import prod
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple
from pymc.logprob.utils import CheckParameterValue
from pytensor.compile.builders import OpFromGraph
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.graph.op import Op
from pytensor.raise_op import CheckAndRaise
from pytensor.scalar.basic import ScalarOp
from pytensor.tensor.basic import Alloc, Join, MakeVector, ScalarFromTensor, Split, TensorFromScalar
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

from uncounted.engine.steps import Loop, Operand, Single, Steps
from uncounted.engine.view import View, row_major, whole

CHAINED = {"Add", "Mul", "Maximum", "Minimum", "AND", "OR"}
TRUTHS = {"AND", "OR", "Invert"}
REDUCTIONS = {"Add": "Sum", "Maximum": "Max", "Minimum": "Min", "Mul": "Product", "AND": "Product", "OR": "Max"}


class Unknown(Exception):
    """An operation that no program knows; the model takes PyTensor's own way."""


@dataclass
class Lowering:
    """Steps of a graph, written operation by operation.

    known: values that follow from constants and data; views: where the program computes the others. kernels: the names
    of the elementwise functions that the machine has.
    """

    kernels: frozenset[str]
    known: dict[Variable, np.ndarray] = field(default_factory=dict)
    views: dict[Variable, View] = field(default_factory=dict)
    steps: Steps = field(default_factory=Steps)
    small: dict[View, View] = field(default_factory=dict)
    logs: dict[View, View] = field(default_factory=dict)

    def operand(self, variable: Variable) -> Operand:
        """Return a variable's view, or its value where that is known."""
        return self.views[variable] if variable in self.views else self.value(variable)

    def value(self, variable: Variable) -> np.ndarray:
        """Return a value that is known; raises Unknown for what the program computes."""
        if variable in self.known:
            return self.known[variable]
        if isinstance(variable, Constant):
            return np.asarray(variable.data)
        raise Unknown(f"a number that depends on parameters decides a shape or a place ({variable})")

    def view(self, variable: Variable) -> View:
        """Return a variable as a view, written out if it is known."""
        operand = self.operand(variable)
        return operand if isinstance(operand, View) else self.written(operand)

    def is_known(self, variable: Variable) -> bool:
        """Whether a variable's value follows from constants and data."""
        return isinstance(variable, Constant) or variable in self.known

    def node(self, node: Apply) -> None:
        """Write the steps of one node, or compute it now if all its inputs are known."""
        if isinstance(node.op, OpFromGraph):
            self._inside(node.op, node)
        elif all(self.is_known(each) for each in node.inputs):
            self._compute(node)
        else:
            self._check_precision(node)
            self.lower(node.op, node)

    def _inside(self, op: OpFromGraph, node: Apply) -> None:
        """Write the operations of which one is made; variables inside it are its own, and are met again in others."""
        inner = Lowering(self.kernels, steps=self.steps)
        for outside, inside in zip(node.inputs, op.fgraph.inputs, strict=True):
            if self.is_known(outside):
                inner.known[inside] = self.value(outside)
            else:
                inner.views[inside] = self.views[outside]
        for each in op.fgraph.toposort():
            inner.node(each)
        for outside, inside in zip(node.outputs, op.fgraph.outputs, strict=True):
            if inner.is_known(inside):
                self.known[outside] = inner.value(inside)
            else:
                self.views[outside] = inner.views[inside]

    def _check_precision(self, node: Apply) -> None:
        """Raise Unknown where numbers would be rounded to fewer digits than doubles have."""
        kinds = {getattr(output.type, "dtype", "float64") for output in node.outputs}
        chosen = isinstance(node.op, Elemwise) and type(node.op.scalar_op).__name__ == "Switch"
        moved = isinstance(node.op, DimShuffle | Subtensor | AdvancedSubtensor | Reshape | Alloc)
        if kinds & {"float16", "float32", "complex64", "complex128"} and not (chosen or moved):
            raise Unknown(f"numbers of the kind {', '.join(sorted(kinds))}")

    def _compute(self, node: Apply) -> None:
        storage: list[list[Any]] = [[None] for _ in node.outputs]
        arguments = [each.data if isinstance(each, Constant) else self.known[each] for each in node.inputs]
        if isinstance(node.op, Elemwise) and len(arguments) > 30:  # numpy takes no more at a time
            function = {"Add": np.add, "Mul": np.multiply}[type(node.op.scalar_op).__name__]
            storage[0][0] = reduce(function, arguments)
        else:
            node.op.perform(node, arguments, storage)
        for output, (value,) in zip(node.outputs, storage, strict=True):
            self.known[output] = np.asarray(value)

    # --- what several operations write --------------------------------------------------------------------------------

    def elementwise(self, kernel: str, operands: Sequence[Operand], shape: tuple[int, ...]) -> View:
        """Write kernel(operands), broadcast to a shape."""
        if kernel not in self.kernels:
            raise Unknown(f"the function {kernel}")
        size = prod(shape)
        result = whole(size, shape)
        return self.steps.add(Loop(kernel, tuple(broadcast(each, shape) for each in operands), result, size))

    def written(self, operand: Operand) -> View:
        """Write an array out, so that its numbers follow each other."""
        if isinstance(operand, View) and operand.contiguous:
            return operand
        return self.elementwise("Identity", [operand], operand.shape)

    def taken(self, source: View, index: Any) -> View:
        """Write what an index of numpy takes of an array."""
        places = source.offsets[index]
        result = whole(places.size, places.shape)
        return self.steps.add(Loop("Gather", (source,), result, places.size, table=places.ravel()))

    def put(self, start: Operand, values: Operand, index: Any, *, add: bool) -> View:
        """Write a copy of an array with values added or set where an index of numpy says."""
        shape = start.shape
        places = np.arange(prod(shape)).reshape(shape)[index]
        values = broadcast(values, places.shape)
        base = None if isinstance(start, np.ndarray) and not start.any() else self._base(start)
        result = whole(prod(shape), shape)
        if add:
            return self.steps.add(Loop("ScatterAdd", (values,), result, places.size, places.ravel(), base))
        alike = isinstance(values, np.ndarray) and values.size == 1
        source = values if alike else self.written(values)
        tables = (places.ravel(),)
        return self.steps.add(
            Single(
                "ScatterSet", (source,), result, places.size, strides=(0 if alike else 1,), tables=tables, start=base
            )
        )

    def _base(self, start: Operand) -> Operand:
        return self.written(start) if isinstance(start, View) else start

    # --- operations ---------------------------------------------------------------------------------------------------

    @singledispatchmethod
    def lower(self, op: Op, node: Apply) -> None:
        """Write an operation's steps; raises Unknown for one that has no entry below."""
        raise Unknown(f"the operation {op}")

    @lower.register
    def _(self, op: Elemwise, node: Apply) -> None:
        operands = [self.operand(each) for each in node.inputs]
        self.views[node.outputs[0]] = self._function(op.scalar_op, operands, node)

    def _function(self, function: ScalarOp, operands: list[Operand], node: Apply) -> View:
        """Write a function of numbers, element by element."""
        shape = np.broadcast_shapes(*(operand.shape for operand in operands))
        name = type(function).__name__
        if name in TRUTHS and node.outputs[0].type.dtype != "bool":
            raise Unknown(f"the function {name} of bits")
        match name:
            case "Composite":
                return self._composite(function, operands)
            case "Cast" if _cuts(node):
                to_truth = node.outputs[0].type.dtype == "bool"
                return (
                    self.elementwise("NEQ", [*operands, np.zeros(())], shape)
                    if to_truth
                    else self.elementwise("Trunc", operands, shape)
                )
            case "Cast":
                return self.elementwise("Identity", operands, shape)
            case "Second":
                return self.elementwise("Identity", operands[1:], shape)
            case "Pow" if isinstance(operands[1], np.ndarray) and operands[1].size == 1:
                return self._power(operands[0], float(operands[1].ravel()[0]), shape)
            case "Pow":
                return self._powers(operands[0], operands[1], shape)
            case "Sigmoid" | "Softplus":
                return self.elementwise(name, [operands[0], self._small(operands[0])], shape)
            case _ if name in CHAINED:
                return self._chained(name, operands, shape)
            case _:
                return self.elementwise(name, operands, shape)

    def _composite(self, function: Any, operands: list[Operand]) -> View:
        """Write a function that PyTensor has put together of others."""
        inner = function.fgraph
        found: dict[Variable, Operand] = dict(zip(inner.inputs, operands, strict=True))
        for node in inner.toposort():
            parts = [found[each] if each in found else self.value(each) for each in node.inputs]
            found[node.outputs[0]] = self._function(node.op, parts, node)
        (output,) = inner.outputs
        result = found[output]
        assert isinstance(result, View)
        return result

    def _chained(self, name: str, operands: list[Operand], shape: tuple[int, ...]) -> View:
        """Write x₁ ∘ x₂ ∘ …, the known ones at once; what is smaller than the result is joined first."""
        known = [operand for operand in operands if isinstance(operand, np.ndarray)]
        parts: list[Operand] = [operand for operand in operands if isinstance(operand, View)]
        if known and name in ("Add", "Mul"):
            parts.append(reduce(np.add if name == "Add" else np.multiply, known))
        else:
            parts += known
        parts.sort(key=lambda part: prod(part.shape))
        total = parts[0]
        for part in parts[1:]:
            total = self.elementwise(name, [total, part], np.broadcast_shapes(total.shape, part.shape))
        if total.shape != shape or isinstance(total, np.ndarray):
            total = self.elementwise("Identity", [total], shape)
        return total

    def _small(self, operand: Operand) -> View:
        """Write exp(−|x|), of which both the logistic function and the log of its denominator are made."""
        if isinstance(operand, np.ndarray):
            return self.elementwise("ExpOfMinusAbs", [operand], operand.shape)
        if operand not in self.small:
            self.small[operand] = self.elementwise("ExpOfMinusAbs", [operand], operand.shape)
        return self.small[operand]

    def _powers(self, base: Operand, exponent: Operand, shape: tuple[int, ...]) -> View:
        """Write x^y; where one x is raised to many known powers, each power once."""
        if isinstance(base, View) and base not in self.logs:
            self.logs[base] = self.elementwise("Log", [base], base.shape)
        log = self.logs[base] if isinstance(base, View) else _log(base)
        if isinstance(exponent, np.ndarray) and prod(base.shape) == 1:
            different, places = np.unique(exponent, return_inverse=True)
            if 2 * len(different) <= exponent.size:
                one, its_log = (
                    each.reshape(()) if isinstance(each, np.ndarray) else each.reshaped(()) for each in (base, log)
                )
                powers = self.elementwise("Pow", [one, different, its_log], different.shape)
                return self.taken(powers, places.ravel()).reshaped(shape)
        return self.elementwise("Pow", [base, exponent, log], shape)

    def _power(self, base: Operand, exponent: float, shape: tuple[int, ...]) -> View:
        match exponent:
            case 1.0:
                return self.elementwise("Identity", [base], shape)
            case 2.0:
                return self.elementwise("Sqr", [base], shape)
            case 3.0:
                return self.elementwise("Mul", [self.elementwise("Sqr", [base], shape), base], shape)
            case _ if exponent in (-1.0, -2.0, -3.0):
                return self.elementwise("Reciprocal", [self._power(base, -exponent, shape)], shape)
            case _:
                return self._powers(base, np.asarray(exponent), shape)

    @lower.register
    def _(self, op: CAReduce, node: Apply) -> None:
        (variable,), (output,) = node.inputs, node.outputs
        source = self.view(variable)
        name = type(op.scalar_op).__name__
        if name not in REDUCTIONS:
            raise Unknown(f"the reduction {op}")
        axes = range(len(source.shape)) if op.axis is None else normalize_axis_tuple(op.axis, len(source.shape))
        kept = [axis for axis in range(len(source.shape)) if axis not in axes]
        shape = tuple(source.shape[axis] for axis in kept)
        size, inner = prod(shape), prod(source.shape[axis] for axis in axes)
        if name == "Add" and size == 1 and inner > 0:
            self.views[output] = self.steps.add(Loop("Total", (source,), whole(1, shape), source.size))
            return
        outer, within = (_offsets(source, some) for some in (kept, axes))
        steps = _step_of(outer), _step_of(within)
        result = whole(size, shape)
        if name == "Add" and steps[0] is not None and steps[1] is not None:
            self.views[output] = self.steps.add(Single("Sum", (source,), result, size, inner, (steps[0], steps[1])))
            return
        kind = "SumTable" if name == "Add" else REDUCTIONS[name]
        self.views[output] = self.steps.add(Single(kind, (source,), result, size, inner, tables=(outer, within)))

    @lower.register
    def _(self, op: CumOp, node: Apply) -> None:
        (variable,), (output,) = node.inputs, node.outputs
        source = self.written(self.view(variable))
        source = source.reshaped((source.size,)) if op.axis is None else source
        axis = 0 if op.axis is None else op.axis % len(source.shape)
        kept = [each for each in range(len(source.shape)) if each != axis]
        outer, within = _offsets(source, kept), _offsets(source, [axis])
        result = whole(source.size, source.shape)
        kind = {"add": "CumulativeSum", "mul": "CumulativeProduct"}[op.mode]
        self.views[output] = self.steps.add(
            Single(kind, (source,), result, len(outer), len(within), tables=(outer, within))
        )

    @lower.register
    def _(self, op: DimShuffle, node: Apply) -> None:
        (variable,), (output,) = node.inputs, node.outputs
        order = op.new_order

        def shuffled(numbers: np.ndarray) -> np.ndarray:
            kept = [axis for axis in order if axis != "x"]
            dropped = tuple(axis for axis in range(numbers.ndim) if axis not in kept)
            squeezed = numbers.transpose([*kept, *dropped])[(..., *[0] * len(dropped))]
            return squeezed[(*(None if axis == "x" else slice(None) for axis in order), ...)]

        self.views[output] = self.views[variable].through(shuffled)

    @lower.register
    def _(self, op: Subtensor, node: Apply) -> None:
        index = self._index(node.inputs[1:], op.idx_list)
        self.views[node.outputs[0]] = self.view(node.inputs[0]).through(lambda numbers: numbers[(*index, ...)])

    @lower.register
    def _(self, op: AdvancedSubtensor, node: Apply) -> None:
        if not all(self.is_known(each) for each in node.inputs[1:]):
            self.views[node.outputs[0]] = self._taken_at(op, node)
            return
        index = self._index(node.inputs[1:], op.idx_list)
        self.views[node.outputs[0]] = self.taken(self.view(node.inputs[0]), index)

    def _taken_at(self, op: AdvancedSubtensor, node: Apply) -> View:
        """Write what lies at places that are computed: of an array with an index for each axis, Σ index·stride."""
        source = self.operand(node.inputs[0])
        indices = [self.operand(each) for each in node.inputs[1:]]
        if op.idx_list != tuple(range(len(source.shape))):
            raise Unknown("an index that is computed for some axes alone")
        source = self.written(source) if isinstance(source, View) else source
        shape = np.broadcast_shapes(*(index.shape for index in indices))
        place: Operand = np.zeros(())
        for index, length, stride in zip(indices, source.shape, row_major(source.shape), strict=True):
            part = self._stepped(index, length, stride)
            if isinstance(part, np.ndarray) and isinstance(place, np.ndarray):
                place = place + part
            else:
                place = self.elementwise("Add", [place, part], shape)
        size = prod(shape)
        operands = (source, broadcast(place, shape))
        return self.steps.add(Loop("GatherAt", operands, whole(size, shape), size))

    def _stepped(self, index: Operand, length: int, stride: int) -> Operand:
        """Return an axis's index, counted from its end where negative, times its stride."""
        if isinstance(index, np.ndarray):
            return np.where(index < 0, index + length, index) * float(stride)
        negative = self.elementwise("LT", [index, np.zeros(())], index.shape)
        from_end = self.elementwise("Add", [index, np.asarray(float(length))], index.shape)
        counted = self.elementwise("Switch", [negative, from_end, index], index.shape)
        return self.elementwise("Mul", [counted, np.asarray(float(stride))], index.shape)

    @lower.register(IncSubtensor)
    @lower.register(AdvancedIncSubtensor)
    def _(self, op: Any, node: Apply) -> None:
        start, values, *indices = node.inputs
        if getattr(op, "ignore_duplicates", False):
            raise Unknown("an increment that ignores duplicates")
        index = self._index(indices, op.idx_list)
        add = not op.set_instead_of_inc
        self.views[node.outputs[0]] = self.put(self.operand(start), self.operand(values), index, add=add)

    def _index(self, variables: Sequence[Variable], positions: tuple) -> tuple:
        """Return the index of numpy that a Subtensor's variables stand for; they must be known."""
        values = [self.value(each) for each in variables]
        index = unflatten_index_variables(values, positions)
        return tuple(_plain(entry) for entry in index)

    @lower.register
    def _(self, op: Reshape, node: Apply) -> None:
        variable, shape = node.inputs
        source = self.written(self.views[variable])
        lengths = [int(length) for length in np.atleast_1d(self.value(shape))]
        missing = source.size // max(prod(length for length in lengths if length != -1), 1)
        self.views[node.outputs[0]] = source.reshaped(tuple(missing if each == -1 else each for each in lengths))

    @lower.register
    def _(self, op: Alloc, node: Apply) -> None:
        variable, *lengths = node.inputs
        shape = tuple(int(self.value(length)) for length in lengths)
        self.views[node.outputs[0]] = self.view(variable).through(lambda numbers: np.broadcast_to(numbers, shape))

    @lower.register
    def _(self, op: Join, node: Apply) -> None:
        self._join([self.operand(part) for part in node.inputs], op.axis, node.outputs[0])

    @lower.register
    def _(self, op: MakeVector, node: Apply) -> None:
        parts = [self.operand(part) for part in node.inputs]
        ones = [part[None] if isinstance(part, np.ndarray) else part.reshaped((1,)) for part in parts]
        self._join(ones, 0, node.outputs[0])

    def _join(self, parts: list[Operand], axis: int, output: Variable) -> None:
        axis %= len(parts[0].shape)
        ends = np.cumsum([0, *(part.shape[axis] for part in parts)])
        shape = tuple(int(ends[-1]) if each == axis else length for each, length in enumerate(parts[0].shape))
        joined = whole(prod(shape), shape)
        for part, begin, end in zip(parts, ends[:-1], ends[1:], strict=True):
            if prod(part.shape) == 0:
                continue
            here = joined.through(lambda numbers, a=begin, b=end: numbers.swapaxes(0, axis)[a:b].swapaxes(0, axis))
            if here.contiguous:
                self.steps.add(Loop("Identity", (part,), here, prod(part.shape)))
            else:
                places = here.offsets.ravel() + here.offset
                source = self.written(part)
                self.steps.add(
                    Single("ScatterSet", (source,), joined, len(places), strides=(1,), tables=(places,), fresh=False)
                )
        self.views[output] = joined

    @lower.register
    def _(self, op: Split, node: Apply) -> None:
        variable, lengths = node.inputs
        ends = np.cumsum([0, *self.value(lengths)])
        along = op.axis
        for output, begin, end in zip(node.outputs, ends[:-1], ends[1:], strict=True):
            self.views[output] = self.view(variable).through(
                lambda numbers, a=begin, b=end: numbers.swapaxes(0, along)[a:b].swapaxes(0, along)
            )

    @lower.register
    def _(self, op: Dot, node: Apply) -> None:
        left, right = (self.operand(each) for each in node.inputs)
        result = whole(left.shape[0] * right.shape[1], (left.shape[0], right.shape[1]))
        self.views[node.outputs[0]] = self._product(left, right, result)

    @lower.register(BatchedDot)
    @lower.register(Blockwise)
    def _(self, op: Any, node: Apply) -> None:
        """Write products of matrices one after the other."""
        if isinstance(op, Blockwise) and not isinstance(op.core_op, Dot):
            raise Unknown(f"the operation {op}")
        left, right = (self.operand(each) for each in node.inputs)
        batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
        shape = (*batch, left.shape[-2], right.shape[-1])
        result = whole(prod(shape), shape)
        left, right = (_spread(each, (*batch, *each.shape[-2:])) for each in (left, right))
        for index in np.ndindex(*batch):
            one, other = (_at(each, index) for each in (left, right))
            self._product(one, other, result.through(lambda numbers, at=index: numbers[(*at, ...)]))
        self.views[node.outputs[0]] = result

    def _product(self, left: Operand, right: Operand, result: View) -> View:
        (rows, inner), (_, columns) = left.shape, right.shape
        a, b = (each.strides if isinstance(each, View) else row_major(each.shape) for each in (left, right))
        if columns == 1:
            step = Single("MatrixVector", (left, right), result, rows, inner, (a[0], a[1], b[0]))
        elif rows == 1:
            step = Single("MatrixVector", (right, left), result, columns, inner, (b[1], b[0], a[1]))
        else:
            step = Single("MatrixMatrix", (left, right), result, rows, inner, (*a, *b), columns=columns)
        return self.steps.add(step)

    @lower.register
    def _(self, op: CheckParameterValue, node: Apply) -> None:
        variable, *conditions = node.inputs
        if not op.can_be_replaced_by_ninf:
            raise Unknown(f"the check '{op.msg}'")
        source = self.operand(variable)
        holds: Operand = np.asarray(True)
        for condition in conditions:
            holds = self._both(holds, self.operand(condition))
        self.views[node.outputs[0]] = self.elementwise("Switch", [holds, source, np.asarray(-np.inf)], source.shape)

    def _both(self, one: Operand, other: Operand) -> Operand:
        if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
            return np.asarray(one.all() and other.all())
        return self.elementwise("AND", [one, other], ())

    @lower.register
    def _(self, op: CheckAndRaise, node: Apply) -> None:
        if not all(self.is_known(condition) and self.value(condition).all() for condition in node.inputs[1:]):
            raise Unknown(f"the check '{op.msg}'")
        self.views[node.outputs[0]] = self.views[node.inputs[0]]

    @lower.register(SpecifyShape)
    @lower.register(TensorFromScalar)
    @lower.register(ScalarFromTensor)
    def _(self, op: Op, node: Apply) -> None:
        self.views[node.outputs[0]] = self.views[node.inputs[0]]

    @lower.register
    def _(self, op: Shape, node: Apply) -> None:
        self.known[node.outputs[0]] = np.array(self.views[node.inputs[0]].shape)

    @lower.register
    def _(self, op: Shape_i, node: Apply) -> None:
        self.known[node.outputs[0]] = np.array(self.views[node.inputs[0]].shape[op.i])


def broadcast(operand: Operand, shape: tuple[int, ...]) -> Operand:
    """Return an operand in a loop's shape; a single known number stays one."""
    if operand.shape == shape:
        return operand
    if isinstance(operand, np.ndarray) and operand.size == 1:
        return operand.reshape(())
    return _spread(operand, shape)


def _log(array: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.log(array)


def _cuts(node: Apply) -> bool:
    """Whether a cast takes the fractions of numbers."""
    source, target = (np.dtype(each.type.dtype) for each in (node.inputs[0], node.outputs[0]))
    return source.kind == "f" and target.kind != "f"


def _offsets(view: View, axes: Sequence[int]) -> np.ndarray:
    """Return where the elements of some axes lie, at the others' first, in C order."""
    some = View(view.buffer, 0, tuple(view.shape[a] for a in axes), tuple(view.strides[a] for a in axes))
    return some.offsets.ravel()


def _step_of(places: np.ndarray) -> int | None:
    """Return the step between places that are evenly apart, else None."""
    if len(places) < 2:
        return 1
    step = int(places[1] - places[0])
    return step if (np.diff(places) == step).all() else None


def _spread(operand: Operand, shape: tuple[int, ...]) -> Operand:
    """Return an operand broadcast to a shape."""
    if isinstance(operand, np.ndarray):
        return np.broadcast_to(operand, shape)
    return operand.through(lambda numbers: np.broadcast_to(numbers, shape))


def _at(operand: Operand, index: tuple[int, ...]) -> Operand:
    return (
        operand[index] if isinstance(operand, np.ndarray) else operand.through(lambda numbers: numbers[(*index, ...)])
    )


def _plain(entry: Any) -> Any:
    """Return an entry of an index with numpy's numbers for PyTensor's."""
    if isinstance(entry, slice):
        return slice(*(None if part is None else int(part) for part in (entry.start, entry.stop, entry.step)))
    return int(entry) if np.ndim(entry) == 0 and np.asarray(entry).dtype.kind != "b" else np.asarray(entry)
