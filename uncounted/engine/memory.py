"""Memory: where in its arena a program keeps each buffer, one place for several that
are not needed at once.
"""

from collections import defaultdict
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
            if length > needed:
                self.free[position] = (begin + needed, length - needed)
                return begin
            if length == needed:
                del self.free[position]
                return begin
        return self.extend(numbers)

    def extend(self, numbers: int) -> int:
        """Return a place that no buffer ever has."""
        begin = self.size
        self.size += _rounded(numbers)
        return begin

    def give_back(self, begin: int, numbers: int) -> None:
        """Free a place for other buffers, joined with the gaps beside it."""
        gaps = sorted([*self.free, (begin, _rounded(numbers))])
        self.free = []
        for gap, length in gaps:
            if self.free:
                before, length_before = self.free[-1]
                if before + length_before == gap:
                    self.free[-1] = (before, length_before + length)
                    continue
            self.free.append((gap, length))


def places(lives: Mapping[Buffer, tuple[int, int]], arena: Arena) -> dict[Buffer, int]:
    """Return where each buffer begins; lives: from the instruction that writes it first
    to the last that reads it.
    """
    beginning: dict[int, list[Buffer]] = defaultdict(list)
    ending: dict[int, list[Buffer]] = defaultdict(list)
    for buffer, (begin, end) in lives.items():
        beginning[begin].append(buffer)
        ending[end].append(buffer)
    offsets: dict[Buffer, int] = {}
    for instruction in sorted({*beginning, *ending}):
        for buffer in beginning[instruction]:
            offsets[buffer] = arena.take(buffer.size)
        for buffer in ending[instruction]:
            arena.give_back(offsets[buffer], buffer.size)
    return offsets


def _rounded(numbers: int) -> int:
    return max(-(-numbers // ALIGNED), 1) * ALIGNED
