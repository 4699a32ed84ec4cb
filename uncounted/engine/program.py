"""Program: instructions and numbers that the machine runs, in any thread."""

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import finalize

import numpy as np

from uncounted.engine.library import Library
from uncounted.engine.memory import Arena, places
from uncounted.engine.schedule import Block, Instruction, is_direct, resident, schedule
from uncounted.engine.steps import Loop, Operand, Single, Step, reads
from uncounted.engine.view import Buffer, View

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
PROLOGUE = 16  # registers that a block fills once with a single number, at most
Place = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Program:
    """What the machine runs: `address` is what its functions take. The arrays are kept
    alive by it.
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
        return int(self.header[: HEADER.itemsize].view(HEADER)["output_size"][0])

    def density(self, point: np.ndarray) -> tuple[float, np.ndarray, int]:
        """Return the log density of a point (dimensions,), its gradient, and 0 if all
        are finite.
        """
        point = np.ascontiguousarray(point, float)
        gradient, log_density = np.empty(len(point)), np.empty(1)
        status = self.library.density(
            len(point),
            point.ctypes.data,
            gradient.ctypes.data,
            log_density.ctypes.data,
            self.address,
        )
        return float(log_density[0]), gradient, status

    def expand(self, point: np.ndarray) -> np.ndarray:
        """Return what follows from a point (dimensions,)."""
        point = np.ascontiguousarray(point, float)
        output = np.empty(self.output_size)
        status = self.library.expand(
            len(point), len(output), point.ctypes.data, output.ctypes.data, self.address
        )
        assert status == 0, status
        return output


def program_of(
    steps: Sequence[Step],
    point: View,
    output: View,
    log_density: View | None,
    library: Library,
) -> Program:
    """Write a program that reads a point and gives an output, both views of whole
    buffers.
    """
    instructions = schedule(steps)
    outputs = [output.buffer, *([] if log_density is None else [log_density.buffer])]
    needed = resident(instructions, outputs)
    lives = _lives(instructions, needed, point.buffer, outputs)
    arena = Arena()
    writing = _Writing(library, places(lives, arena), arena)
    for instruction in instructions:
        writing.write(instruction)
    return writing.program(point, output, log_density)


def _lives(
    instructions: Sequence[Instruction],
    needed: set[Buffer],
    point: Buffer,
    outputs: Sequence[Buffer],
) -> dict[Buffer, tuple[int, int]]:
    """Return the first and last instruction that touch each buffer; the point is at the
    arena's beginning.
    """
    lives = {point: (-1, len(instructions))}
    for index, instruction in enumerate(instructions):
        steps = instruction.loops if isinstance(instruction, Block) else (instruction,)
        for step in steps:
            for buffer in (step.result.buffer, *reads(step)):
                if buffer in needed:
                    lives[buffer] = (
                        lives.get(buffer, (index, index))[0],
                        max(index, lives.get(buffer, (0, 0))[1]),
                    )
    for buffer in outputs:
        lives[buffer] = (lives[buffer][0], len(instructions))
    return lives


@dataclass
class _Micro:
    """A step of a block whose registers are not yet numbered: a register is the index
    of the step that fills it.
    """

    kernel: int
    operands: list[Place | int]
    result: Place | None
    stride: int = 0
    table: int = 0


class _Writing:
    """Records of instructions as they are written."""

    def __init__(
        self, library: Library, offsets: dict[Buffer, int], arena: Arena
    ) -> None:
        self.library, self.offsets, self.arena = library, offsets, arena
        self.instructions: list[tuple] = []
        self.steps: list[tuple] = []
        self.constants: list[np.ndarray] = []
        self.constant_places: dict[bytes, int] = {}
        self.constant_size = 0
        self.tables: list[np.ndarray] = [np.zeros(1, np.int32)]
        self.table_places: dict[bytes, int] = {}
        self.table_size = 1

    def write(self, instruction: Instruction) -> None:
        if isinstance(instruction, Single):
            if instruction.kind == "ScatterSet" and instruction.fresh:
                self._start(instruction)
            self._single(instruction)
            return
        for loop in instruction.loops:
            if loop.kernel == "ScatterAdd":
                self._start(loop)
        self._block(instruction)

    def program(self, point: View, output: View, log_density: View | None) -> Program:
        library = self.library
        constants = np.concatenate([*self.constants, np.zeros(1)])
        tables = np.concatenate(self.tables)
        steps = np.array(self.steps, STEP)
        instructions = np.array(self.instructions, INSTRUCTION)
        header = np.zeros(library.program_bytes, np.uint8)
        fields = header[: HEADER.itemsize].view(HEADER)
        fields["instruction_count"] = len(instructions)
        for name, array in {
            "instructions": instructions,
            "steps": steps,
            "constants": constants,
            "tables": tables,
        }.items():
            fields[name] = array.ctypes.data
        fields["arena_size"] = self.arena.size
        fields["input_size"] = point.size
        fields["output"] = self._place(output)
        fields["log_density"] = (
            (NOWHERE, 0) if log_density is None else self._place(log_density)
        )
        fields["output_size"] = output.size
        program = Program(library, header, instructions, steps, constants, tables)
        finalize(program, _forget, library, header)
        return program

    # --- where numbers lie ------------------------------------------------------------

    def _place(self, operand: Operand) -> Place:
        if isinstance(operand, View):
            return ARENA, self.offsets[operand.buffer] + operand.offset
        return CONSTANT, self._constant(operand)

    def _constant(self, array: np.ndarray) -> int:
        numbers = np.ascontiguousarray(array, float).ravel()
        key = numbers.tobytes()
        if key not in self.constant_places:
            self.constant_places[key] = self.constant_size
            self.constants.append(numbers)
            self.constant_size += len(numbers)
        return self.constant_places[key]

    def _table(self, table: np.ndarray) -> int:
        numbers = np.ascontiguousarray(table, np.int32)
        key = numbers.tobytes()
        if key not in self.table_places:
            self.table_places[key] = self.table_size
            self.tables.append(numbers)
            self.table_size += len(numbers)
        return self.table_places[key]

    # --- instructions of their own ----------------------------------------------------

    def _start(self, step: Step) -> None:
        """Set a result to what others are added to or put into."""
        if step.start is None:
            self._instruction("Zero", step.result, (), step.result.size)
        else:
            self._instruction("Copy", step.result, (step.start,), step.result.size)

    def _single(self, step: Single) -> None:
        tables = [self._table(table) for table in step.tables]
        self._instruction(
            step.kind,
            step.result,
            step.operands,
            step.size,
            step.inner,
            step.strides,
            tables,
            step.columns,
        )

    def _instruction(
        self,
        kind: str,
        result: View | None,
        operands: Sequence[Operand],
        size: int,
        inner: int = 0,
        strides: Sequence[int] = (),
        tables: Sequence[int] = (),
        columns: int = 0,
        steps: tuple[int, int, int] = (0, 0, 0),
    ) -> None:
        at = [self._place(operand) for operand in operands]
        self.instructions.append(
            (
                self.library.kinds[kind],
                (NOWHERE, 0) if result is None else self._place(result),
                _padded(at, 2),
                size,
                inner,
                (*strides, 0, 0, 0, 0)[:4],
                (*tables, 0, 0)[:2],
                columns,
                *steps,
            )
        )

    # --- blocks -----------------------------------------------------------------------

    def _block(self, block: Block) -> None:
        micros = _Micros(self, block)
        for loop in block.loops:
            micros.add(loop)
        first = len(self.steps)
        prologue, steps = micros.numbered()
        self.steps += [*prologue, *steps]
        bounds = (first, first + len(prologue), len(self.steps))
        self._instruction("Block", None, (), block.size, steps=bounds)


class _Micros:
    """The steps of one block."""

    def __init__(self, writing: _Writing, block: Block) -> None:
        self.writing, self.size = writing, block.size
        self.prologue: list[_Micro] = []
        self.micros: list[_Micro] = []
        self.registers: dict[object, int] = {}
        self.made = {
            loop.result.buffer
            for loop in block.loops
            if loop.elementwise and loop.result.whole
        }

    def add(self, loop: Loop) -> None:
        kernels = self.writing.library.kernels
        result = loop.result
        in_memory = (
            not (loop.elementwise and result.whole)
            or result.buffer in self.writing.offsets
        )
        place = self.writing._place(result) if in_memory else None
        sources = [self.writing._place(source) for source in loop.sources]
        others = [
            self._operand(loop, operand) for operand in loop.operands[len(sources) :]
        ]
        table = 0 if loop.table is None else self.writing._table(loop.table)
        size = loop.operands[0].size if loop.kernel == "GatherAt" else 0
        micro = _Micro(kernels[loop.kernel], [*sources, *others], place, size, table)
        self.micros.append(micro)
        if not in_memory:
            self.registers[result.buffer] = len(self.micros) - 1

    def _operand(self, loop: Loop, operand: Operand) -> Place | int:
        """Return where a loop finds an operand number for number, loaded into a
        register if it lies otherwise.
        """
        writing, kernels = self.writing, self.writing.library.kernels
        if isinstance(operand, np.ndarray):
            place = writing._place(operand)
            return self._filled(place) if operand.size == 1 else place
        if (
            is_direct(operand, loop)
            and operand.buffer in self.made
            and operand.buffer not in writing.offsets
        ):
            return self.registers[operand.buffer]
        place = writing._place(operand)
        if operand.size == 1 or not any(_steps(operand)):
            return self._filled(place)
        if operand.contiguous:
            return place
        offsets = operand.offsets.ravel()
        steps = np.diff(offsets)
        if (steps == steps[0]).all():
            return self._loaded(
                ("strided", place, int(steps[0])),
                _Micro(kernels["Strided"], [place], None, int(steps[0])),
            )
        table = writing._table(offsets)
        return self._loaded(
            ("gather", place, table),
            _Micro(kernels["Gather"], [place], None, table=table),
        )

    def _loaded(self, key: object, micro: _Micro) -> int:
        if key not in self.registers:
            self.micros.append(micro)
            self.registers[key] = len(self.micros) - 1
        return self.registers[key]

    def _filled(self, place: Place) -> Place | int:
        if self.size == 1:
            return place
        kernel = self.writing.library.kernels["Fill"]
        if place not in self.registers and len(self.prologue) < PROLOGUE:
            self.prologue.append(_Micro(kernel, [place], None))
            self.registers[place] = -len(self.prologue)
        return self._loaded(place, _Micro(kernel, [place], None))

    def numbered(self) -> tuple[list[tuple], list[tuple]]:
        """Return the records of the prologue and of the steps, each result in a
        register that nobody needs any more.
        """
        last = {}
        for index, micro in enumerate(self.micros):
            for operand in micro.operands:
                if isinstance(operand, int):
                    last[operand] = index
        free = list(range(self.writing.library.register_count - 1, -1, -1))
        places: dict[int, Place] = {}
        prologue = []
        for index, micro in enumerate(self.prologue):
            places[-index - 1] = (REGISTER, free.pop())
            prologue.append(self._record(micro, places, places[-index - 1]))
        steps = []
        for index, micro in enumerate(self.micros):
            if micro.result is None:
                places[index] = (
                    (REGISTER, free.pop())
                    if free
                    else (ARENA, self.writing.arena.extend(self.size))
                )
            result = places[index] if micro.result is None else micro.result
            steps.append(self._record(micro, places, result))
            for operand in dict.fromkeys(
                operand
                for operand in micro.operands
                if isinstance(operand, int) and operand >= 0
            ):
                if last[operand] == index and places[operand][0] == REGISTER:
                    free.append(places[operand][1])
        return prologue, steps

    @staticmethod
    def _record(micro: _Micro, places: dict[int, Place], result: Place) -> tuple:
        at = [
            places[operand] if isinstance(operand, int) else operand
            for operand in micro.operands
        ]
        return micro.kernel, result, _padded(at, 3), micro.stride, micro.table


def _steps(view: View) -> list[int]:
    return [
        stride
        for length, stride in zip(view.shape, view.strides, strict=True)
        if length > 1
    ]


def _padded(at: list[Place], length: int) -> list[Place]:
    return [*at, *[(NOWHERE, 0)] * (length - len(at))]


def _forget(library: Library, header: np.ndarray) -> None:
    library.forget(header.ctypes.data)
