"""Draft: a program under construction."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
from pytensor.graph.basic import Constant, Variable

from uncounted.engine.steps import Loop, Operand, Single, Step
from uncounted.engine.view import View, whole


class Unknown(Exception):
    """An operation that no program knows; the model takes PyTensor's own way."""


@dataclass
class Draft:
    """A program under construction: its steps, and the variables of a graph as values
    or views.

    known: values that follow from constants and data; views: where the program computes
    the others. kernels: the names of the elementwise functions that the machine has.
    """

    kernels: frozenset[str]
    known: dict[Variable, np.ndarray] = field(default_factory=dict)
    views: dict[Variable, View] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    exponentials: dict[View, View] = field(default_factory=dict)
    logs: dict[View, View] = field(default_factory=dict)

    def add(self, step: Step) -> View:
        """Write a step and return its result."""
        self.steps.append(step)
        return step.result

    def define(self, variable: Variable, operand: Operand) -> None:
        """Say what a variable is: where the program computes it, or its value."""
        if isinstance(operand, View):
            self.views[variable] = operand
        else:
            self.known[variable] = operand

    def operand(self, variable: Variable) -> Operand:
        """Return a variable's view, or its value where that is known."""
        return self.views[variable] if variable in self.views else self.value(variable)

    def value(self, variable: Variable) -> np.ndarray:
        """Return a value that is known; raises Unknown for what the program
        computes.
        """
        if variable in self.known:
            return self.known[variable]
        if isinstance(variable, Constant):
            return np.asarray(variable.data)
        raise Unknown(
            "a number that depends on parameters decides a shape or a place"
            f" ({variable})"
        )

    def view(self, variable: Variable) -> View:
        """Return a variable as a view, written out if it is known."""
        operand = self.operand(variable)
        return operand if isinstance(operand, View) else self.written(operand)

    def is_known(self, variable: Variable) -> bool:
        """Whether a variable's value follows from constants and data."""
        return isinstance(variable, Constant) or variable in self.known

    def elementwise(
        self,
        kernel: str,
        operands: Sequence[Operand],
        shape: tuple[int, ...],
    ) -> View:
        """Write kernel(operands), broadcast to a shape."""
        if kernel not in self.kernels:
            raise Unknown(f"the function {kernel}")
        size = prod(shape)
        parts = tuple(broadcast(operand, shape) for operand in operands)
        return self.add(Loop(kernel, parts, whole(size, shape), size))

    def written(self, operand: Operand) -> View:
        """Write an array out, so that its numbers follow each other."""
        if isinstance(operand, View) and operand.contiguous:
            return operand
        return self.elementwise("Identity", [operand], operand.shape)

    def taken(self, source: View, index: Any) -> View:
        """Write the numbers that an index of numpy takes of an array."""
        places = source.offsets[index]
        size = places.size
        result = whole(size, places.shape)
        return self.add(
            Loop(
                "Gather",
                (source,),
                result,
                size,
                places.ravel(),
            )
        )

    def put(
        self,
        start: Operand,
        values: Operand,
        index: Any,
        *,
        add: bool,
    ) -> View:
        """Write a copy of an array with values added or set where an index of numpy
        says.
        """
        shape = start.shape
        places = np.arange(prod(shape)).reshape(shape)[index]
        values = broadcast(values, places.shape)
        base = self._base(start)
        result = whole(prod(shape), shape)
        size, table = places.size, places.ravel()
        if add:
            return self.add(
                Loop(
                    "ScatterAdd",
                    (values,),
                    result,
                    size,
                    table,
                    base,
                )
            )
        is_one_number = isinstance(values, np.ndarray) and values.size == 1
        source = values if is_one_number else self.written(values)
        step = Single(
            "ScatterSet",
            (source,),
            result,
            size,
            strides=(0 if is_one_number else 1,),
            tables=(table,),
            start=base,
        )
        return self.add(step)

    def _base(self, start: Operand) -> Operand | None:
        """Return what a copy begins with, None for zeros."""
        if isinstance(start, View):
            return self.written(start)
        return start if start.any() else None


def broadcast(operand: Operand, shape: tuple[int, ...]) -> Operand:
    """Return an operand in a loop's shape; a single known number stays one."""
    if operand.shape == shape:
        return operand
    if isinstance(operand, np.ndarray) and operand.size == 1:
        return operand.reshape(())
    return spread(operand, shape)


def spread(operand: Operand, shape: tuple[int, ...]) -> Operand:
    """Return an operand broadcast to a shape."""
    if isinstance(operand, np.ndarray):
        return np.broadcast_to(operand, shape)
    return operand.through(lambda numbers: np.broadcast_to(numbers, shape))
