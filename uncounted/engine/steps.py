"""Steps: the work of a program, without its order and its places in memory."""

from dataclasses import dataclass

import numpy as np

from uncounted.engine.view import Buffer, View

Operand = View | np.ndarray  # computed by the program, or known before it runs


@dataclass(frozen=True, eq=False)
class Loop:
    """result[i] = kernel(operands[i]) for i < size; blocks run several of the same size
    side by side.

    kernel: a name of machine.c's KERNELS, "Gather" (operand 0 at table[i]), "GatherAt"
    (operand 0 at the place that operand 1 computes), "Total" (the sum of operand 0) or
    "ScatterAdd" (result[table[i]] += operand 0 [i], after the result was set to
    `start`, zeros without one). Other operands are in the loop's order: views of as
    many elements, broadcast before, or arrays of 1 or size numbers.
    """

    kernel: str
    operands: tuple[Operand, ...]
    result: View
    size: int
    table: np.ndarray | None = None
    start: Operand | None = None

    @property
    def sources(self) -> tuple[Operand, ...]:
        """The operands that are read anywhere, not number for number."""
        return self.operands[:1] if self.kernel in ("Gather", "GatherAt") else ()

    @property
    def elementwise(self) -> bool:
        """Whether the result's i-th number follows from the operands' i-th numbers."""
        return self.kernel not in ("Total", "ScatterAdd")

    @property
    def follows(self) -> bool:
        """Whether other loops of its block can take the result number for number."""
        return self.elementwise and self.result.whole


@dataclass(frozen=True, eq=False)
class Single:
    """An instruction of its own; kind: a name of machine.c's KINDS, whose function says
    what the numbers are.

    start: what the result of a "ScatterSet" holds before, zeros without one; not fresh:
    what other steps have put there.
    """

    kind: str
    operands: tuple[Operand, ...]
    result: View
    size: int
    inner: int = 0
    strides: tuple[int, ...] = ()
    tables: tuple[np.ndarray, ...] = ()
    start: Operand | None = None
    columns: int = 0
    fresh: bool = True


Step = Loop | Single


def reads(step: Step) -> list[Buffer]:
    """Return the buffers that a step reads."""
    operands = (*step.operands, step.start)
    return [operand.buffer for operand in operands if isinstance(operand, View)]
