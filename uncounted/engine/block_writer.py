"""Block writer: the steps of a block of loops, and the registers between them."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from uncounted.engine.program import ARENA, NO_PLACE, REGISTER, Place
from uncounted.engine.schedule import Block, is_direct
from uncounted.engine.steps import Loop, Operand
from uncounted.engine.storage import Storage
from uncounted.engine.view import View

PROLOGUE = 16  # registers that a block fills once with a single number, at most
OPERANDS = 3  # of a step


@dataclass
class Micro:
    """A step of a block whose registers are not yet numbered: a register is the index
    of the step that fills it.
    """

    kernel: int
    operands: list[Place | int]
    result: Place | None = None
    stride: int = 0
    table: int = 0

    @property
    def registers(self) -> list[int]:
        """The registers that the step reads, each once."""
        indices = [operand for operand in self.operands if isinstance(operand, int)]
        return list(dict.fromkeys(indices))

    def record(self, places: Mapping[int, Place], result: Place) -> tuple:
        """Return the step as the machine reads it, its registers at their places."""
        operands: list[Place] = [NO_PLACE] * OPERANDS
        for position, operand in enumerate(self.operands):
            is_register = isinstance(operand, int)
            operands[position] = places[operand] if is_register else operand
        return self.kernel, result, operands, self.stride, self.table


class BlockWriter:
    """The steps of one block, as its loops are added."""

    def __init__(self, storage: Storage, block: Block) -> None:
        self.storage = storage
        self.kernels = storage.library.kernels
        self.size = block.size
        self.prologue: list[Micro] = []
        self.micros: list[Micro] = []
        self.registers: dict[Hashable, int] = {}
        self.made = block.made

    def add(self, loop: Loop) -> None:
        """Write the step of a loop, after those that load its operands."""
        storage, result = self.storage, loop.result
        is_stored = not loop.follows or storage.is_resident(result.buffer)
        place = storage.place(result) if is_stored else None
        operands: list[Place | int] = [storage.place(source) for source in loop.sources]
        for operand in loop.operands[len(operands) :]:
            operands.append(self._operand(loop, operand))
        micro = Micro(self.kernels[loop.kernel], operands, place)
        if loop.kernel == "GatherAt":
            micro.stride = loop.operands[0].size
        if loop.table is not None:
            micro.table = storage.tables.place(loop.table)
        self.micros.append(micro)
        if not is_stored:
            self.registers[result.buffer] = len(self.micros) - 1

    def _operand(self, loop: Loop, operand: Operand) -> Place | int:
        """Return where a loop finds an operand number for number, loaded into a
        register if it lies otherwise.
        """
        if isinstance(operand, View) and self._is_in_register(loop, operand):
            return self.registers[operand.buffer]
        place = self.storage.place(operand)
        if operand.size == 1:
            return self._filled(place)
        if isinstance(operand, np.ndarray):
            return place
        if not any(_strides(operand)):
            return self._filled(place)
        if operand.contiguous:
            return place
        return self._gathered(operand, place)

    def _is_in_register(self, loop: Loop, operand: View) -> bool:
        if not is_direct(operand, loop) or self.storage.is_resident(operand.buffer):
            return False
        return operand.buffer in self.made

    def _gathered(self, operand: View, place: Place) -> int:
        """Return the register of a view whose numbers lie apart."""
        offsets = operand.offsets.ravel()
        steps = np.diff(offsets)
        step = int(steps[0])
        if (steps == step).all():
            micro = Micro(
                self.kernels["Strided"],
                [place],
                stride=step,
            )
            return self._loaded(("strided", place, step), micro)
        table = self.storage.tables.place(offsets)
        micro = Micro(
            self.kernels["Gather"],
            [place],
            table=table,
        )
        return self._loaded(("gather", place, table), micro)

    def _loaded(self, key: Hashable, micro: Micro) -> int:
        """Return the register that a step fills, once in a block."""
        if key not in self.registers:
            self.micros.append(micro)
            self.registers[key] = len(self.micros) - 1
        return self.registers[key]

    def _filled(self, place: Place) -> Place | int:
        """Return the register that repeats a single number."""
        if self.size == 1:
            return place
        micro = Micro(self.kernels["Fill"], [place])
        if place not in self.registers and len(self.prologue) < PROLOGUE:
            self.prologue.append(micro)
            self.registers[place] = -len(self.prologue)
        return self._loaded(place, micro)

    def numbered(self) -> tuple[list[tuple], list[tuple]]:
        """Return the records of the prologue and of the steps, each result in a
        register that no later step needs.
        """
        free = list(reversed(range(self.storage.library.register_count)))
        places: dict[int, Place] = {}
        prologue = []
        for index, micro in enumerate(self.prologue, 1):
            places[-index] = (REGISTER, free.pop())
            prologue.append(micro.record(places, places[-index]))
        readers = _last_readers(self.micros)
        steps = []
        for index, micro in enumerate(self.micros):
            result = micro.result
            if result is None:
                result = places[index] = self._free_place(free)
            steps.append(micro.record(places, result))
            for register in micro.registers:
                memory, number = places[register]
                is_over = register >= 0 and readers[register] == index
                if is_over and memory == REGISTER:
                    free.append(number)
        return prologue, steps

    def _free_place(self, free: list[int]) -> Place:
        """Return a free register, else a place in the arena."""
        if free:
            return REGISTER, free.pop()
        return ARENA, self.storage.arena.extend(self.size)


def _last_readers(micros: Sequence[Micro]) -> dict[int, int]:
    """Return the last step that reads each register."""
    readers = {}
    for index, micro in enumerate(micros):
        for register in micro.registers:
            readers[register] = index
    return readers


def _strides(view: View) -> list[int]:
    """Return the strides of axes that have more than one element."""
    axes = zip(view.shape, view.strides, strict=True)
    return [stride for length, stride in axes if length > 1]
