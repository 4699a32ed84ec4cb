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


def write_function(
    draft: Draft, function: ScalarOp, operands: list[Operand], node: Apply
) -> View:
    """Write a function of numbers, element by element."""
    shape = np.broadcast_shapes(*(operand.shape for operand in operands))
    name = type(function).__name__
    if name in TRUTHS and node.outputs[0].type.dtype != "bool":
        raise Unknown(f"the function {name} of bits")
    match name:
        case "Composite":
            return _composite(draft, function, operands)
        case "Cast" if _cuts(node):
            if node.outputs[0].type.dtype == "bool":
                return draft.elementwise("NEQ", [*operands, np.zeros(())], shape)
            return draft.elementwise("Trunc", operands, shape)
        case "Cast":
            return draft.elementwise("Identity", operands, shape)
        case "Second":
            return draft.elementwise("Identity", operands[1:], shape)
        case "Pow" if isinstance(operands[1], np.ndarray) and operands[1].size == 1:
            return _power(draft, operands[0], float(operands[1].ravel()[0]), shape)
        case "Pow":
            return _powers(draft, operands[0], operands[1], shape)
        case "Sigmoid" | "Softplus":
            return draft.elementwise(
                name, [operands[0], _exp_of_minus_abs(draft, operands[0])], shape
            )
        case _ if name in CHAINED:
            return _chained(draft, name, operands, shape)
        case _:
            return draft.elementwise(name, operands, shape)


def _composite(draft: Draft, function: Any, operands: list[Operand]) -> View:
    """Write a function that PyTensor has put together of others."""
    inner = function.fgraph
    found: dict[Variable, Operand] = dict(zip(inner.inputs, operands, strict=True))
    for node in inner.toposort():
        parts = [
            found[each] if each in found else draft.value(each) for each in node.inputs
        ]
        found[node.outputs[0]] = write_function(draft, node.op, parts, node)
    (output,) = inner.outputs
    result = found[output]
    assert isinstance(result, View)
    return result


def _chained(
    draft: Draft, name: str, operands: list[Operand], shape: tuple[int, ...]
) -> View:
    """Write x₁ ∘ x₂ ∘ …, the known ones at once; what is smaller than the result is
    joined first.
    """
    known = [operand for operand in operands if isinstance(operand, np.ndarray)]
    parts: list[Operand] = [
        operand for operand in operands if isinstance(operand, View)
    ]
    if known and name in ("Add", "Mul"):
        parts.append(reduce(np.add if name == "Add" else np.multiply, known))
    else:
        parts += known
    parts.sort(key=lambda part: prod(part.shape))
    total = parts[0]
    for part in parts[1:]:
        total = draft.elementwise(
            name, [total, part], np.broadcast_shapes(total.shape, part.shape)
        )
    if total.shape != shape or isinstance(total, np.ndarray):
        total = draft.elementwise("Identity", [total], shape)
    return total


def _exp_of_minus_abs(draft: Draft, operand: Operand) -> View:
    """Write exp(−|x|), of which both the logistic function and the log of its
    denominator are made.
    """
    if isinstance(operand, np.ndarray):
        return draft.elementwise("ExpOfMinusAbs", [operand], operand.shape)
    if operand not in draft.exponentials:
        draft.exponentials[operand] = draft.elementwise(
            "ExpOfMinusAbs", [operand], operand.shape
        )
    return draft.exponentials[operand]


def _powers(
    draft: Draft, base: Operand, exponent: Operand, shape: tuple[int, ...]
) -> View:
    """Write x^y; where one x is raised to many known powers, each power once."""
    if isinstance(base, View) and base not in draft.logs:
        draft.logs[base] = draft.elementwise("Log", [base], base.shape)
    log = draft.logs[base] if isinstance(base, View) else _log(base)
    if isinstance(exponent, np.ndarray) and prod(base.shape) == 1:
        different, places = np.unique(exponent, return_inverse=True)
        if 2 * len(different) <= exponent.size:
            one, its_log = (
                each.reshape(()) if isinstance(each, np.ndarray) else each.reshaped(())
                for each in (base, log)
            )
            powers = draft.elementwise(
                "Pow", [one, different, its_log], different.shape
            )
            return draft.taken(powers, places.ravel()).reshaped(shape)
    return draft.elementwise("Pow", [base, exponent, log], shape)


def _power(
    draft: Draft, base: Operand, exponent: float, shape: tuple[int, ...]
) -> View:
    match exponent:
        case 1.0:
            return draft.elementwise("Identity", [base], shape)
        case 2.0:
            return draft.elementwise("Sqr", [base], shape)
        case 3.0:
            return draft.elementwise(
                "Mul", [draft.elementwise("Sqr", [base], shape), base], shape
            )
        case _ if exponent in (-1.0, -2.0, -3.0):
            return draft.elementwise(
                "Reciprocal", [_power(draft, base, -exponent, shape)], shape
            )
        case _:
            return _powers(draft, base, np.asarray(exponent), shape)


def _log(array: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.log(array)


def _cuts(node: Apply) -> bool:
    """Whether a cast takes the fractions of numbers."""
    source, target = (
        np.dtype(each.type.dtype) for each in (node.inputs[0], node.outputs[0])
    )
    return source.kind == "f" and target.kind != "f"
