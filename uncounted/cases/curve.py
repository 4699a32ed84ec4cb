"""Curve: log likelihoods of uncertain counts, each tabulated as a function of one log
odds.

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
    cell: np.ndarray,
    a: np.ndarray,
    b: np.ndarray,
    log_weight: np.ndarray,
    cells: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return Σ_rows log Σ_pairs w π^a (1−π)^b and its derivative by η at every node
    (cells, NODES).

    a, b, log_weight (rows, pairs); cell (rows,).
    """
    eta = LOW + STEP * np.arange(NODES)
    log_odds_plus_1 = np.logaddexp(0, eta)
    share = expit(eta)
    value = np.zeros((cells, NODES))
    slope = np.zeros((cells, NODES))
    for start in range(0, len(cell), CHUNK):
        rows = slice(start, start + CHUNK)
        x = a[rows, :, None]
        n = (a + b)[rows, :, None]
        log_terms = log_weight[rows, :, None] + x * eta - n * log_odds_plus_1
        highest = log_terms.max(axis=1, keepdims=True)
        sums = np.exp(log_terms - highest).sum(axis=1)
        slopes = softmax(log_terms, axis=1) * (x - n * share)
        np.add.at(value, cell[rows], highest[:, 0] + np.log(sums))
        np.add.at(slope, cell[rows], slopes.sum(axis=1))
    return value, slope


def log_density(
    _: TensorVariable,
    eta: TensorVariable,
    value: TensorVariable,
    slope: TensorVariable,
) -> TensorVariable:
    """Return the curves at η (cells,): between nodes a cubic with the nodes' values and
    slopes, beyond the outer nodes a straight line.
    """
    position = pt.clip((eta - LOW) / STEP, 0.0, NODES - 1.0)
    # the floor of numbers from 0
    node = pt.cast(pt.minimum(position, NODES - 2.0), "int64")
    t = position - node
    row = pt.arange(eta.shape[0])
    f0 = value[row, node]
    f1 = value[row, node + 1]
    d0 = STEP * slope[row, node]
    d1 = STEP * slope[row, node + 1]
    rise = f1 - f0
    square = 3 * rise - 2 * d0 - d1
    cube = d0 + d1 - 2 * rise
    inside = f0 + t * (d0 + t * (square + t * cube))
    below = pt.minimum(eta - LOW, 0.0)
    above = pt.maximum(eta - LOW - STEP * (NODES - 1), 0.0)
    return inside + below * slope[:, 0] + above * slope[:, -1]
