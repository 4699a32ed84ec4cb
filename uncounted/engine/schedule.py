"""Schedule: the order of a program's instructions, loops of the same size gathered in
blocks.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from uncounted.engine.steps import Loop, Operand, Single, Step, reads
from uncounted.engine.view import Buffer, View


@dataclass(frozen=True, eq=False)
class Block:
    """Loops over the same `size` numbers; each takes what those before it make, number
    for number.
    """

    size: int
    loops: tuple[Loop, ...]


Instruction = Block | Single


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
    before = [
        {index for buffer in reads(step) for index in writers[buffer]} for step in steps
    ]
    waiting = dict(enumerate(steps))
    done: set[int] = set()
    instructions: list[Instruction] = []
    while waiting:
        ready = [index for index in waiting if before[index] <= done]
        first = min(ready, key=lambda index: (_size(waiting[index]), index))
        step = waiting[first]
        if isinstance(step, Single):
            instructions.append(step)
            members = [first]
        else:
            members = _members(step.size, waiting, before, done, writers)
            instructions.append(
                Block(
                    step.size,
                    tuple(
                        loop for m in members if isinstance(loop := waiting[m], Loop)
                    ),
                )
            )
        done.update(members)
        for member in members:
            del waiting[member]
    return instructions


def _size(step: Step) -> int:
    return 0 if isinstance(step, Single) else step.size


def _members(
    size: int,
    waiting: dict[int, Step],
    before: Sequence[set[int]],
    done: set[int],
    writers: dict[Buffer, list[int]],
) -> list[int]:
    members: list[int] = []
    inside: set[int] = set()
    for index, step in waiting.items():
        if not isinstance(step, Loop) or step.size != size:
            continue
        missing = before[index] - done
        if missing <= inside and missing <= _direct(step, writers):
            members.append(index)
            if step.elementwise:
                inside.add(index)
    return members


def _direct(loop: Loop, writers: dict[Buffer, list[int]]) -> set[int]:
    """Return the steps whose results a loop reads number for number alone."""
    views = [
        operand for operand in (*loop.operands, loop.start) if isinstance(operand, View)
    ]
    whole = {view.buffer for view in views if not is_direct(view, loop)}
    direct = {view.buffer for view in views} - whole
    return {writers[buffer][0] for buffer in direct if len(writers[buffer]) == 1}


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
    """Return the buffers that need memory: what is read outside of the block that makes
    it, or isn't read directly.
    """
    needed = set(outputs)
    for instruction in instructions:
        if isinstance(instruction, Single):
            needed |= {instruction.result.buffer, *reads(instruction)}
            continue
        made = {
            loop.result.buffer
            for loop in instruction.loops
            if loop.elementwise and loop.result.whole
        }
        for loop in instruction.loops:
            if not (loop.elementwise and loop.result.whole):
                needed.add(loop.result.buffer)
            for operand in (*loop.operands, loop.start):
                if isinstance(operand, View) and not (
                    is_direct(operand, loop) and operand.buffer in made
                ):
                    needed.add(operand.buffer)
    return needed
