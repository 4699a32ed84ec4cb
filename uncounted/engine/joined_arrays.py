"""Joined arrays: arrays put together along an axis, and taken apart."""

from collections.abc import Sequence
from itertools import pairwise
from math import prod

import numpy as np

from uncounted.engine.draft import Draft
from uncounted.engine.steps import Loop, Operand, Single
from uncounted.engine.view import View, whole


def joined(draft: Draft, parts: Sequence[Operand], axis: int) -> View:
    """Write arrays one behind the other along an axis."""
    shape = list(parts[0].shape)
    axis %= len(shape)
    lengths = [part.shape[axis] for part in parts]
    ends = np.cumsum([0, *lengths]).tolist()
    shape[axis] = ends[-1]
    result = whole(prod(shape), tuple(shape))
    for part, (begin, end) in zip(parts, pairwise(ends), strict=True):
        if prod(part.shape):
            _copy(draft, part, between(result, begin, end, axis), result)
    return result


def _copy(
    draft: Draft,
    part: Operand,
    target: View,
    result: View,
) -> None:
    """Write an array into its part of the result."""
    size = prod(part.shape)
    if target.contiguous:
        draft.add(Loop("Identity", (part,), target, size))
        return
    places = target.offsets.ravel() + target.offset
    source = draft.written(part)
    step = Single(
        "ScatterSet",
        (source,),
        result,
        size,
        strides=(1,),
        tables=(places,),
        fresh=False,
    )
    draft.add(step)


def between(
    view: View,
    begin: int,
    end: int,
    axis: int,
) -> View:
    """Return the part of a view between two places along an axis."""
    before = [slice(None)] * (axis % len(view.shape))
    index = (*before, slice(begin, end), ...)
    return view.through(lambda numbers: numbers[index])
