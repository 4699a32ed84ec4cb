"""Membership: which rows of evidence belong to which group, as a sparse matrix."""

import numpy as np
from scipy import sparse


def member_matrix(
    group: np.ndarray,
    row: np.ndarray,
    rows: int,
) -> sparse.csr_array:
    """Return a matrix (groups, rows) of 1 where a row belongs to a group."""
    shape = group.max() + 1, rows
    return sparse.csr_array((np.ones(len(row)), (group, row)), shape=shape)


def sum_by_group(
    member: sparse.csr_array,
    values: np.ndarray,
) -> np.ndarray:
    """Return sums of values (draws, rows) over the rows of each group (draws,
    groups).
    """
    return (member @ values.T).T
