"""View: an array whose numbers lie in a buffer, at an offset and in strides, as
numpy's do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.lib.stride_tricks import as_strided


@dataclass(frozen=True, eq=False)
class Buffer:
    """Memory for `size` numbers, which steps of a program compute before others read
    them.
    """

    size: int


@dataclass(frozen=True, eq=False)
class View:
    """An array in a buffer: element i lies at offset + Σ i·strides, in numbers, not
    bytes.
    """

    buffer: Buffer
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many elements it has."""
        return prod(self.shape)

    @property
    def contiguous(self) -> bool:
        """Whether its elements follow each other in the buffer, the last axis first."""
        if self.size == 0:
            return True
        axes = zip(self.shape, self.strides, row_major(self.shape), strict=True)
        return all(length == 1 or stride == step for length, stride, step in axes)

    @property
    def whole(self) -> bool:
        """Whether it is all of its buffer, in order."""
        return self.contiguous and self.offset == 0 and self.size == self.buffer.size

    @property
    def offsets(self) -> np.ndarray:
        """Where each element lies, counted from the view's own first (shape)."""
        offsets = np.zeros(self.shape, np.int64)
        for axis, stride in enumerate(self.strides):
            steps = np.arange(self.shape[axis]) * stride
            later = range(1, len(self.shape) - axis)
            offsets += np.expand_dims(steps, tuple(later))
        return offsets

    def through(self, change: Callable[[np.ndarray], np.ndarray]) -> "View":
        """Return the view after a numpy operation that moves no number: transpose,
        slice, broadcast.
        """
        # These numbers are never read, only moved about.
        numbers = as_strided(np.zeros(1, np.int8), self.shape, self.strides)
        changed = change(numbers)
        assert isinstance(changed, np.ndarray), (
            "an index of numpy that ends in ... gives a view even of one number"
        )
        offset = self.offset
        if changed.size:
            offset += _address(changed) - _address(numbers)
        return View(self.buffer, offset, changed.shape, changed.strides)

    def reshaped(self, shape: tuple[int, ...]) -> "View":
        """Return a contiguous view in another shape."""
        assert self.contiguous
        return View(self.buffer, self.offset, shape, row_major(shape))


def _address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]


def row_major(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the strides of a contiguous array."""
    return tuple(prod(shape[axis + 1 :]) for axis in range(len(shape)))


def whole(size: int, shape: tuple[int, ...] | None = None) -> View:
    """Return a view of all of a new buffer."""
    shape = (size,) if shape is None else shape
    return View(Buffer(size), 0, shape, row_major(shape))
