"""Memory: where in its arena a program keeps each buffer, one place for several that
are not needed at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from uncounted.engine.view import Buffer

ALIGNED = 8  # numbers: a cache line


@dataclass
class Arena:
    """Places of buffers; `size` numbers in all."""

    size: int = 0
    free: list[tuple[int, int]] = field(default_factory=list)

    def take(self, numbers: int) -> int:
        """Return where so many numbers fit: the first gap that is large enough, else
        the end.
        """
        needed = _rounded(numbers)
        for position, (begin, length) in enumerate(self.free):
            if length >= needed:
                rest = (begin + needed, length - needed)
                self.free[position : position + 1] = [rest] if rest[1] else []
                return begin
        return self.extend(numbers)

    def extend(self, numbers: int) -> int:
        """Return a place that no buffer ever has."""
        begin = self.size
        self.size += _rounded(numbers)
        return begin

    def give_back(self, begin: int, numbers: int) -> None:
        """Let others have a place, joined with the gaps beside it."""
        gaps = sorted([*self.free, (begin, _rounded(numbers))])
        self.free = [gaps[0]]
        for begin_of_gap, length in gaps[1:]:
            last, last_length = self.free[-1]
            if last + last_length == begin_of_gap:
                self.free[-1] = (last, last_length + length)
            else:
                self.free.append((begin_of_gap, length))


def places(lives: Mapping[Buffer, tuple[int, int]], arena: Arena) -> dict[Buffer, int]:
    """Return where each buffer begins; lives: from the instruction that writes it first
    to the last that reads it.
    """
    beginning: dict[int, list[Buffer]] = {}
    ending: dict[int, list[Buffer]] = {}
    for buffer, (first, last) in lives.items():
        beginning.setdefault(first, []).append(buffer)
        ending.setdefault(last, []).append(buffer)
    found: dict[Buffer, int] = {}
    for instruction in sorted({*beginning, *ending}):
        for buffer in beginning.get(instruction, []):
            found[buffer] = arena.take(buffer.size)
        for buffer in ending.get(instruction, []):
            arena.give_back(found[buffer], buffer.size)
    return found


def _rounded(numbers: int) -> int:
    return max(-(-numbers // ALIGNED), 1) * ALIGNED
