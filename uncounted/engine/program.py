"""Program: instructions and numbers that the machine runs, in any thread."""

from dataclasses import dataclass

import numpy as np

from uncounted.engine.library import Library

PLACE = np.dtype([("memory", np.int64), ("offset", np.int64)])
STEP = np.dtype(
    [
        ("kernel", np.int64),
        ("result", PLACE),
        ("operand", PLACE, (3,)),
        ("stride", np.int64),
        ("table", np.int64),
    ]
)
INSTRUCTION = np.dtype(
    [
        ("kind", np.int64),
        ("result", PLACE),
        ("operand", PLACE, (2,)),
        ("size", np.int64),
        ("inner", np.int64),
        ("stride", np.int64, (4,)),
        ("table", np.int64, (2,)),
        ("columns", np.int64),
        ("first", np.int64),
        ("prologue", np.int64),
        ("last", np.int64),
    ]
)
HEADER = np.dtype(
    [
        ("instruction_count", np.int64),
        ("instructions", np.uintp),
        ("steps", np.uintp),
        ("constants", np.uintp),
        ("tables", np.uintp),
        ("arena_size", np.int64),
        ("input_size", np.int64),
        ("output", PLACE),
        ("log_density", PLACE),
        ("output_size", np.int64),
    ]
)
NOWHERE, REGISTER, ARENA, CONSTANT = range(4)
Place = tuple[int, int]  # a kind of memory, and an offset in it
NO_PLACE: Place = (NOWHERE, 0)


@dataclass(frozen=True, eq=False)
class Program:
    """What the machine runs: its functions take `address`. The program keeps its arrays
    alive.
    """

    library: Library
    header: np.ndarray
    instructions: np.ndarray
    steps: np.ndarray
    constants: np.ndarray
    tables: np.ndarray

    @property
    def address(self) -> int:
        """Where the program lies in memory."""
        return self.header.ctypes.data

    @property
    def output_size(self) -> int:
        """How many numbers it gives."""
        fields = self.header[: HEADER.itemsize].view(HEADER)
        return int(fields["output_size"][0])

    def density(self, point: np.ndarray) -> tuple[float, np.ndarray, int]:
        """Return the log density of a point (dimensions,), its gradient, and 0 if all
        are finite.
        """
        point = np.ascontiguousarray(point, float)
        gradient = np.empty(len(point))
        log_density = np.empty(1)
        status = self.library.density(
            len(point),
            point.ctypes.data,
            gradient.ctypes.data,
            log_density.ctypes.data,
            self.address,
        )
        return float(log_density[0]), gradient, status

    def expand(self, point: np.ndarray) -> np.ndarray:
        """Return the numbers that follow from a point (dimensions,)."""
        point = np.ascontiguousarray(point, float)
        output = np.empty(self.output_size)
        status = self.library.expand(
            len(point), len(output), point.ctypes.data, output.ctypes.data, self.address
        )
        assert status == 0, status
        return output
