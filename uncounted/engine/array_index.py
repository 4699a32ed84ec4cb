"""Array index: numpy's index for PyTensor's, and numbers at computed places."""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from pytensor.graph.basic import Variable
from pytensor.tensor.subtensor import unflatten_index_variables

from uncounted.engine.draft import Draft, broadcast
from uncounted.engine.steps import Loop, Operand
from uncounted.engine.view import View, row_major, whole


def index_of(draft: Draft, variables: Sequence[Variable], positions: tuple) -> tuple:
    """Return the index of numpy that a Subtensor's variables stand for; they must be
    known.
    """
    values = [draft.value(variable) for variable in variables]
    return tuple(map(_plain, unflatten_index_variables(values, positions)))


def _plain(entry: Any) -> Any:
    """Return an entry of an index with numpy's numbers for PyTensor's."""
    if isinstance(entry, slice):
        parts = (entry.start, entry.stop, entry.step)
        return slice(*(None if part is None else int(part) for part in parts))
    array = np.asarray(entry)
    return int(entry) if array.ndim == 0 and array.dtype.kind != "b" else array


def taken_at(draft: Draft, source: Operand, indices: Sequence[Operand]) -> View:
    """Write the numbers of a source at computed places, with an index for each axis:
    Σ index·stride.
    """
    if isinstance(source, View):
        source = draft.written(source)
    shape = np.broadcast_shapes(*(index.shape for index in indices))
    strides = row_major(source.shape)
    place: Operand = np.zeros(())
    for index, length, stride in zip(indices, source.shape, strides, strict=True):
        part = _stepped(draft, index, length, stride)
        if isinstance(part, np.ndarray) and isinstance(place, np.ndarray):
            place = place + part
        else:
            place = draft.elementwise("Add", [place, part], shape)
    size = prod(shape)
    operands = (source, broadcast(place, shape))
    return draft.add(Loop("GatherAt", operands, whole(size, shape), size))


def _stepped(
    draft: Draft,
    index: Operand,
    length: int,
    stride: int,
) -> Operand:
    """Return an axis's index times its stride; a negative index counts from the end."""
    if isinstance(index, np.ndarray):
        return np.where(index < 0, index + length, index) * float(stride)
    shape = index.shape
    negative = draft.elementwise("LT", [index, np.zeros(())], shape)
    from_end = draft.elementwise("Add", [index, np.asarray(float(length))], shape)
    counted = draft.elementwise("Switch", [negative, from_end, index], shape)
    return draft.elementwise("Mul", [counted, np.asarray(float(stride))], shape)
