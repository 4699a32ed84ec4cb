"""Reduction: sums, products and extremes over some axes of an array."""

from collections.abc import Sequence

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from uncounted.engine.draft import Draft
from uncounted.engine.steps import Loop, Single
from uncounted.engine.view import View, whole

REDUCTIONS = {
    "Add": "Sum",
    "Maximum": "Max",
    "Minimum": "Min",
    "Mul": "Product",
    "AND": "Product",
    "OR": "Max",
}
CUMULATIONS = {"add": "CumulativeSum", "mul": "CumulativeProduct"}


def reduced(
    draft: Draft,
    source: View,
    function: str,
    axis: int | Sequence[int] | None,
) -> View:
    """Write a function of REDUCTIONS over some axes of a source; axis None: over
    all.
    """
    count = len(source.shape)
    axes = range(count) if axis is None else normalize_axis_tuple(axis, count)
    kept = _of_axes(source, [axis for axis in range(count) if axis not in axes])
    within = _of_axes(source, axes)
    if within.size == 1 and function not in ("AND", "OR"):
        return draft.written(source).reshaped(kept.shape)
    result = whole(kept.size, kept.shape)
    if function == "Add" and kept.size == 1 and within.size > 0:
        return draft.add(Loop("Total", (source,), result, source.size))
    tables = kept.offsets.ravel(), within.offsets.ravel()
    kind = REDUCTIONS[function]
    if function == "Add":
        outer_step, inner_step = map(_step, tables)
        if outer_step is not None and inner_step is not None:
            strides = (outer_step, inner_step)
            sizes = (kept.size, within.size)
            return draft.add(
                Single(
                    "Sum",
                    (source,),
                    result,
                    *sizes,
                    strides,
                )
            )
        kind = "SumTable"
    step = Single(
        kind,
        (source,),
        result,
        kept.size,
        within.size,
        tables=tables,
    )
    return draft.add(step)


def cumulated(
    draft: Draft,
    source: View,
    mode: str,
    axis: int | None,
) -> View:
    """Write the cumulative sum or product along an axis; axis None: of all numbers in
    order.
    """
    source = draft.written(source)
    if axis is None:
        source = source.reshaped((source.size,))
        axis = 0
    count = len(source.shape)
    axis %= count
    kept = _of_axes(source, [dim for dim in range(count) if dim != axis])
    along = _of_axes(source, [axis])
    result = whole(source.size, source.shape)
    tables = kept.offsets.ravel(), along.offsets.ravel()
    sizes = len(tables[0]), len(tables[1])
    return draft.add(
        Single(
            CUMULATIONS[mode],
            (source,),
            result,
            *sizes,
            tables=tables,
        )
    )


def _of_axes(view: View, axes: Sequence[int]) -> View:
    """Return the part of a view along some axes, at the beginning of the others."""
    shape = tuple(view.shape[axis] for axis in axes)
    strides = tuple(view.strides[axis] for axis in axes)
    return View(view.buffer, 0, shape, strides)


def _step(places: np.ndarray) -> int | None:
    """Return the step between places that are evenly apart, else None."""
    if len(places) < 2:
        return 1
    step = int(places[1] - places[0])
    return step if (np.diff(places) == step).all() else None
