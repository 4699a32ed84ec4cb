"""Function: a function of numbers, written element by element."""

from functools import reduce
from math import prod
from typing import Any

import numpy as np
from pytensor.graph.basic import Apply, Variable
from pytensor.scalar.basic import ScalarOp

from uncounted.engine.draft import Draft, Unknown
from uncounted.engine.steps import Operand
from uncounted.engine.view import View

CHAINED = {"Add", "Mul", "Maximum", "Minimum", "AND", "OR"}
TRUTHS = {"AND", "OR", "Invert"}
Shape = tuple[int, ...]


def write_function(
    draft: Draft,
    function: ScalarOp,
    operands: list[Operand],
    node: Apply,
) -> View:
    """Write a function of numbers, element by element."""
    shape = np.broadcast_shapes(*(operand.shape for operand in operands))
    name = type(function).__name__
    if name in TRUTHS and node.outputs[0].type.dtype != "bool":
        raise Unknown(f"the function {name} of bits")
    match name:
        case "Composite":
            return _composite(draft, function, operands)
        case "Cast":
            return _cast(draft, operands, node, shape)
        case "Second":
            return draft.elementwise("Identity", operands[1:], shape)
        case "Pow":
            base, exponent = operands
            return _power(draft, base, exponent, shape)
        case "Sigmoid" | "Softplus":
            exponential = _exp_of_minus_abs(draft, operands[0])
            return draft.elementwise(name, [operands[0], exponential], shape)
        case _ if name in CHAINED:
            return _chained(draft, name, operands, shape)
    return draft.elementwise(name, operands, shape)


def _composite(draft: Draft, function: Any, operands: list[Operand]) -> View:
    """Write a function that PyTensor has put together of others."""
    inner = function.fgraph
    values: dict[Variable, Operand] = dict(zip(inner.inputs, operands, strict=True))
    for node in inner.toposort():
        parts = []
        for variable in node.inputs:
            is_inside = variable in values
            parts.append(values[variable] if is_inside else draft.value(variable))
        values[node.outputs[0]] = write_function(draft, node.op, parts, node)
    (output,) = inner.outputs
    result = values[output]
    assert isinstance(result, View)
    return result


def _cast(
    draft: Draft,
    operands: list[Operand],
    node: Apply,
    shape: Shape,
) -> View:
    """Write numbers of another kind; only whole numbers and truths of fractions
    differ.
    """
    source = np.dtype(node.inputs[0].type.dtype)
    target = np.dtype(node.outputs[0].type.dtype)
    if source.kind != "f" or target.kind == "f":
        return draft.elementwise("Identity", operands, shape)
    if target.kind == "b":
        return draft.elementwise("NEQ", [*operands, np.zeros(())], shape)
    return draft.elementwise("Trunc", operands, shape)


def _chained(
    draft: Draft,
    name: str,
    operands: list[Operand],
    shape: Shape,
) -> View:
    """Write x₁ ∘ x₂ ∘ …: the known ones at once, and operands smaller than the result
    first.
    """
    arrays = [operand for operand in operands if isinstance(operand, np.ndarray)]
    parts: list[Operand] = [part for part in operands if isinstance(part, View)]
    if arrays and name in ("Add", "Mul"):
        parts.append(reduce(np.add if name == "Add" else np.multiply, arrays))
    else:
        parts += arrays
    parts.sort(key=lambda part: prod(part.shape))
    total = parts[0]
    for part in parts[1:]:
        partial = np.broadcast_shapes(total.shape, part.shape)
        total = draft.elementwise(name, [total, part], partial)
    if total.shape != shape or isinstance(total, np.ndarray):
        total = draft.elementwise("Identity", [total], shape)
    return total


def _exp_of_minus_abs(draft: Draft, operand: Operand) -> View:
    """Write exp(−|x|), of which both the logistic function and the log of its
    denominator are made.
    """
    if isinstance(operand, View) and operand in draft.exponentials:
        return draft.exponentials[operand]
    exponential = draft.elementwise("ExpOfMinusAbs", [operand], operand.shape)
    if isinstance(operand, View):
        draft.exponentials[operand] = exponential
    return exponential


def _power(
    draft: Draft,
    base: Operand,
    exponent: Operand,
    shape: Shape,
) -> View:
    """Write x^y; of a single known y as products where it is a small whole number."""
    if isinstance(exponent, np.ndarray) and exponent.size == 1:
        return _known_power(draft, base, float(exponent.ravel()[0]), shape)
    return _powers(draft, base, exponent, shape)


def _known_power(
    draft: Draft,
    base: Operand,
    exponent: float,
    shape: Shape,
) -> View:
    match exponent:
        case 1.0:
            return draft.elementwise("Identity", [base], shape)
        case 2.0:
            return draft.elementwise("Sqr", [base], shape)
        case 3.0:
            square = draft.elementwise("Sqr", [base], shape)
            return draft.elementwise("Mul", [square, base], shape)
        case -1.0 | -2.0 | -3.0:
            inverse = _known_power(draft, base, -exponent, shape)
            return draft.elementwise("Reciprocal", [inverse], shape)
    return _powers(draft, base, np.asarray(exponent), shape)


def _powers(
    draft: Draft,
    base: Operand,
    exponent: Operand,
    shape: Shape,
) -> View:
    """Write x^y; where one x is raised to many known powers, each power once."""
    log = _log(draft, base)
    if isinstance(exponent, np.ndarray) and prod(base.shape) == 1:
        different, places = np.unique(exponent, return_inverse=True)
        if 2 * len(different) <= exponent.size:
            operands = [_single(base), different, _single(log)]
            powers = draft.elementwise("Pow", operands, different.shape)
            return draft.taken(powers, places.ravel()).reshaped(shape)
    return draft.elementwise("Pow", [base, exponent, log], shape)


def _log(draft: Draft, base: Operand) -> Operand:
    """Return the log of a base, which a view has once in a program."""
    if isinstance(base, np.ndarray):
        with np.errstate(all="ignore"):
            return np.log(base)
    if base not in draft.logs:
        draft.logs[base] = draft.elementwise("Log", [base], base.shape)
    return draft.logs[base]


def _single(operand: Operand) -> Operand:
    """Return an operand of one number without axes."""
    is_array = isinstance(operand, np.ndarray)
    return operand.reshape(()) if is_array else operand.reshaped(())
