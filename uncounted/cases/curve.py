"""Curve: log likelihoods of counts that are not known for sure, each a function of one
log odds, tabulated.

A row's likelihood Σ w π^a (1−π)^b depends on its log odds alone, so all rows of a cell
are one curve, read between its nodes by cubic Hermite interpolation: the sampler's cost
does not grow with what the counts may be, and the table's shape is that of the cells,
whichever rows are unsure.
"""

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable
from scipy.special import expit, softmax

LOW, STEP, NODES = -16.0, 0.25, 129
CHUNK = 100  # rows at a time


def tabulated(
    cell: np.ndarray, a: np.ndarray, b: np.ndarray, log_weight: np.ndarray, cells: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return Σ_rows log Σ_pairs w π^a (1−π)^b and its derivative by η at every node
    (cells, NODES).

    a, b, log_weight (rows, pairs); cell (rows,).
    """
    eta = LOW + STEP * np.arange(NODES)
    value, slope = np.zeros((cells, NODES)), np.zeros((cells, NODES))
    for at in range(0, len(cell), CHUNK):
        x, n = a[at : at + CHUNK, :, None], (a + b)[at : at + CHUNK, :, None]
        every = (
            log_weight[at : at + CHUNK, :, None] + x * eta - n * np.logaddexp(0, eta)
        )
        top = every.max(axis=1, keepdims=True)
        np.add.at(
            value,
            cell[at : at + CHUNK],
            top[:, 0] + np.log(np.exp(every - top).sum(axis=1)),
        )
        np.add.at(
            slope,
            cell[at : at + CHUNK],
            (softmax(every, axis=1) * (x - n * expit(eta))).sum(axis=1),
        )
    return value, slope


def log_density(
    _: TensorVariable, eta: TensorVariable, value: TensorVariable, slope: TensorVariable
) -> TensorVariable:
    """Return the curves at η (cells,): between nodes a cubic with their values and
    slopes, beyond them straight.
    """
    at = pt.clip((eta - LOW) / STEP, 0.0, NODES - 1.0)
    left = pt.cast(
        pt.minimum(at, NODES - 2.0), "int64"
    )  # of numbers from 0: their floor
    t, row = at - left, pt.arange(eta.shape[0])
    f0, f1 = value[row, left], value[row, left + 1]
    d0, d1 = STEP * slope[row, left], STEP * slope[row, left + 1]
    rise = f1 - f0
    inside = f0 + t * (d0 + t * (3 * rise - 2 * d0 - d1 + t * (d0 + d1 - 2 * rise)))
    below, above = (
        pt.minimum(eta - LOW, 0.0),
        pt.maximum(eta - LOW - STEP * (NODES - 1), 0.0),
    )
    return inside + below * slope[:, 0] + above * slope[:, -1]
