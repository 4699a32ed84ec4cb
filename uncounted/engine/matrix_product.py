"""Matrix product: products of matrices, one after the other."""

from math import prod

import numpy as np

from uncounted.engine.draft import Draft, spread
from uncounted.engine.steps import Operand, Single
from uncounted.engine.view import View, row_major, whole


def matrix_products(draft: Draft, left: Operand, right: Operand) -> View:
    """Write the products of matrices (…, rows, inner) and (…, inner, columns)."""
    batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    shape = (*batch, left.shape[-2], right.shape[-1])
    result = whole(prod(shape), shape)
    left = spread(left, (*batch, *left.shape[-2:]))
    right = spread(right, (*batch, *right.shape[-2:]))
    for index in np.ndindex(*batch):
        part = _matrix(result, index)
        assert isinstance(part, View)
        draft.add(_product(_matrix(left, index), _matrix(right, index), part))
    return result


def _matrix(operand: Operand, index: tuple[int, ...]) -> Operand:
    """Return the matrix of an operand at an index."""
    if isinstance(operand, np.ndarray):
        return operand[index]
    return operand.through(lambda numbers: numbers[(*index, ...)])


def _product(left: Operand, right: Operand, result: View) -> Single:
    """Return the step of one product."""
    rows, inner = left.shape
    columns = right.shape[1]
    left_row, left_column = _strides(left)
    right_row, right_column = _strides(right)
    if columns == 1:
        strides = (left_row, left_column, right_row)
        return Single(
            "MatrixVector",
            (left, right),
            result,
            rows,
            inner,
            strides,
        )
    if rows == 1:
        strides = (right_column, right_row, left_column)
        return Single(
            "MatrixVector",
            (right, left),
            result,
            columns,
            inner,
            strides,
        )
    strides = (left_row, left_column, right_row, right_column)
    return Single(
        "MatrixMatrix", (left, right), result, rows, inner, strides, columns=columns
    )


def _strides(operand: Operand) -> tuple[int, ...]:
    if isinstance(operand, View):
        return operand.strides
    return row_major(operand.shape)
