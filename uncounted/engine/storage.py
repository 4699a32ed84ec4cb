"""Storage: where a program's operands lie, in its arena or among its constants."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from uncounted.engine.library import Library
from uncounted.engine.memory import Arena
from uncounted.engine.program import ARENA, CONSTANT, Place
from uncounted.engine.steps import Operand
from uncounted.engine.view import Buffer, View


@dataclass
class Pool:
    """Arrays of one kind of number, one behind the other, each kept once."""

    kind: type
    size: int = 0
    arrays: list[np.ndarray] = field(default_factory=list)
    places: dict[bytes, int] = field(default_factory=dict)

    def place(self, array: np.ndarray) -> int:
        """Return where an array begins, written at the end if it is new."""
        numbers = np.ascontiguousarray(array, self.kind).ravel()
        key = numbers.tobytes()
        if key not in self.places:
            self.places[key] = self.append(numbers)
        return self.places[key]

    def append(self, numbers: np.ndarray) -> int:
        """Write an array at the end; return where it begins."""
        begin = self.size
        self.arrays.append(numbers)
        self.size += len(numbers)
        return begin


class Storage:
    """The arena, the constants and the tables of a program that is written."""

    def __init__(
        self,
        library: Library,
        offsets: Mapping[Buffer, int],
        arena: Arena,
    ) -> None:
        self.library = library
        self.offsets = offsets
        self.arena = arena
        self.constants = Pool(float)
        self.tables = Pool(np.int32)
        # The table 0 means that an instruction has none.
        self.tables.append(np.zeros(1, np.int32))

    def place(self, operand: Operand) -> Place:
        """Return where an operand begins."""
        if isinstance(operand, View):
            return ARENA, self.offsets[operand.buffer] + operand.offset
        return CONSTANT, self.constants.place(operand)

    def is_resident(self, buffer: Buffer) -> bool:
        """Return whether a buffer has a place in the arena."""
        return buffer in self.offsets
