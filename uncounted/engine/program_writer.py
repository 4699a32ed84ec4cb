"""Program writer: the records of a program's instructions."""

from collections.abc import Sequence
from weakref import finalize

import numpy as np

from uncounted.engine.block_writer import BlockWriter
from uncounted.engine.library import Library
from uncounted.engine.memory import Arena, places
from uncounted.engine.program import (
    HEADER,
    INSTRUCTION,
    NO_PLACE,
    STEP,
    Place,
    Program,
)
from uncounted.engine.schedule import Block, Instruction, resident, schedule
from uncounted.engine.steps import Operand, Single, Step, reads
from uncounted.engine.storage import Storage
from uncounted.engine.view import Buffer, View


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
    outputs = [output.buffer]
    if log_density is not None:
        outputs.append(log_density.buffer)
    needed = resident(instructions, outputs)
    lives = _lives(instructions, needed, point.buffer, outputs)
    arena = Arena()
    writer = ProgramWriter(Storage(library, places(lives, arena), arena))
    for instruction in instructions:
        writer.write(instruction)
    return writer.program(point, output, log_density)


def _lives(
    instructions: Sequence[Instruction],
    needed: set[Buffer],
    point: Buffer,
    outputs: Sequence[Buffer],
) -> dict[Buffer, tuple[int, int]]:
    """Return the first and the last instruction that touch each buffer; the point is at
    the arena's beginning.
    """
    end = len(instructions)
    lives = {point: (-1, end)}
    for index, instruction in enumerate(instructions):
        steps = instruction.loops if isinstance(instruction, Block) else (instruction,)
        for step in steps:
            for buffer in (step.result.buffer, *reads(step)):
                if buffer in needed:
                    begin, until = lives.get(buffer, (index, index))
                    lives[buffer] = (begin, max(index, until))
    for buffer in outputs:
        lives[buffer] = (lives[buffer][0], end)
    return lives


class ProgramWriter:
    """Records of instructions, in the order in which they are written."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.instructions: list[tuple] = []
        self.steps: list[tuple] = []

    def write(self, instruction: Instruction) -> None:
        """Write an instruction, after what sets its results to their start."""
        if isinstance(instruction, Single):
            if instruction.kind == "ScatterSet" and instruction.fresh:
                self._start(instruction)
            self._single(instruction)
            return
        for loop in instruction.loops:
            if loop.kernel == "ScatterAdd":
                self._start(loop)
        self._block(instruction)

    def program(
        self,
        point: View,
        output: View,
        log_density: View | None,
    ) -> Program:
        """Return the program, with its header for the machine."""
        storage = self.storage
        library = storage.library
        arrays = {
            "instructions": np.array(self.instructions, INSTRUCTION),
            "steps": np.array(self.steps, STEP),
            "constants": np.concatenate([*storage.constants.arrays, np.zeros(1)]),
            "tables": np.concatenate(storage.tables.arrays),
        }
        header = np.zeros(library.program_bytes, np.uint8)
        fields = header[: HEADER.itemsize].view(HEADER)
        for name, array in arrays.items():
            fields[name] = array.ctypes.data
        fields["instruction_count"] = len(self.instructions)
        fields["arena_size"] = storage.arena.size
        fields["input_size"] = point.size
        fields["output"] = storage.place(output)
        fields["log_density"] = self._place_or_none(log_density)
        fields["output_size"] = output.size
        program = Program(library, header, **arrays)
        finalize(program, _forget, library, header)
        return program

    def _place_or_none(self, view: View | None) -> Place:
        return NO_PLACE if view is None else self.storage.place(view)

    def _start(self, step: Step) -> None:
        """Set a result to the numbers that others are added to or put among."""
        if step.start is None:
            self._instruction("Zero", step.result, (), step.result.size)
        else:
            self._instruction("Copy", step.result, (step.start,), step.result.size)

    def _single(self, step: Single) -> None:
        self._instruction(
            step.kind,
            step.result,
            step.operands,
            step.size,
            step.inner,
            step.strides,
            [self.storage.tables.place(table) for table in step.tables],
            step.columns,
        )

    def _block(self, block: Block) -> None:
        writer = BlockWriter(self.storage, block)
        for loop in block.loops:
            writer.add(loop)
        begin = len(self.steps)
        prologue, steps = writer.numbered()
        self.steps += [*prologue, *steps]
        bounds = (begin, begin + len(prologue), len(self.steps))
        self._instruction(
            "Block",
            None,
            (),
            block.size,
            bounds=bounds,
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
        bounds: tuple[int, int, int] = (0, 0, 0),
    ) -> None:
        """Write a record; bounds: where a block's prologue and steps begin and end."""
        places = [self.storage.place(operand) for operand in operands]
        self.instructions.append(
            (
                self.storage.library.kinds[kind],
                self._place_or_none(result),
                [*places, NO_PLACE, NO_PLACE][:2],
                size,
                inner,
                (*strides, 0, 0, 0, 0)[:4],
                (*tables, 0, 0)[:2],
                columns,
                *bounds,
            )
        )


def _forget(library: Library, header: np.ndarray) -> None:
    library.forget(header.ctypes.data)
