"""Schedule: the order of a program's instructions, loops of the same size gathered in
blocks.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from uncounted.engine.steps import Loop, Operand, Single, Step, reads
from uncounted.engine.view import Buffer, View


@dataclass(frozen=True, eq=False)
class Block:
    """Loops over the same `size` numbers; each takes the results of those before it,
    number for number.
    """

    size: int
    loops: tuple[Loop, ...]

    @property
    def made(self) -> set[Buffer]:
        """The buffers that its loops can take number for number."""
        return {loop.result.buffer for loop in self.loops if loop.follows}


Instruction = Block | Single
Writers = Mapping[Buffer, list[int]]  # of each buffer: the steps that write it


def schedule(steps: Sequence[Step]) -> list[Instruction]:
    """Return the instructions of steps that are in an order in which they can run.

    A block takes every loop of its size that is ready, or becomes so in it: what it
    reads whole was complete before the block, what it reads number for number may be
    made in it. The smallest loops go first, so that the large ones find most of what
    they need and share a block.
    """
    writers: dict[Buffer, list[int]] = defaultdict(list)
    for index, step in enumerate(steps):
        writers[step.result.buffer].append(index)
    before = [_before(step, writers) for step in steps]
    waiting = dict(enumerate(steps))
    done: set[int] = set()
    instructions: list[Instruction] = []
    while waiting:
        ready = [index for index in waiting if before[index] <= done]
        smallest = min(ready, key=lambda index: (_size(waiting[index]), index))
        step = waiting[smallest]
        if isinstance(step, Single):
            instructions.append(step)
            members = [smallest]
        else:
            loops = _members(step.size, waiting, before, done, writers)
            instructions.append(Block(step.size, tuple(loops.values())))
            members = list(loops)
        done.update(members)
        for member in members:
            del waiting[member]
    return instructions


def _before(step: Step, writers: Writers) -> set[int]:
    """Return the steps that must have run before a step."""
    before: set[int] = set()
    for buffer in reads(step):
        before.update(writers[buffer])
    return before


def _size(step: Step) -> int:
    return 0 if isinstance(step, Single) else step.size


def _members(
    size: int,
    waiting: Mapping[int, Step],
    before: Sequence[set[int]],
    done: set[int],
    writers: Writers,
) -> dict[int, Loop]:
    """Return the loops of a size that are ready, or become so in their block."""
    members: dict[int, Loop] = {}
    inside: set[int] = set()
    for index, step in waiting.items():
        if not isinstance(step, Loop) or step.size != size:
            continue
        missing = before[index] - done
        if missing <= inside and missing <= _direct(step, writers):
            members[index] = step
            if step.elementwise:
                inside.add(index)
    return members


def _direct(loop: Loop, writers: Writers) -> set[int]:
    """Return the steps whose results a loop reads number for number alone."""
    direct, elsewhere = set(), set()
    for operand in (*loop.operands, loop.start):
        if isinstance(operand, View):
            buffers = direct if is_direct(operand, loop) else elsewhere
            buffers.add(operand.buffer)
    steps = (writers[buffer] for buffer in direct - elsewhere)
    return {indices[0] for indices in steps if len(indices) == 1}


def is_direct(operand: Operand | None, loop: Loop) -> bool:
    """Whether a loop's i-th number takes an operand's i-th, of a buffer that is as
    large as the loop.
    """
    if operand is loop.start or any(operand is source for source in loop.sources):
        return False
    return isinstance(operand, View) and operand.whole and operand.size == loop.size


def resident(
    instructions: Iterable[Instruction], outputs: Iterable[Buffer]
) -> set[Buffer]:
    """Return the buffers that need memory: those read outside of the block that makes
    them, or not read directly.
    """
    needed = set(outputs)
    for instruction in instructions:
        if isinstance(instruction, Single):
            needed |= {instruction.result.buffer, *reads(instruction)}
        else:
            needed |= _resident_of(instruction)
    return needed


def _resident_of(block: Block) -> set[Buffer]:
    inside = block.made
    needed = set()
    for loop in block.loops:
        if not loop.follows:
            needed.add(loop.result.buffer)
        for operand in (*loop.operands, loop.start):
            if not isinstance(operand, View):
                continue
            if operand.buffer not in inside or not is_direct(operand, loop):
                needed.add(operand.buffer)
    return needed
