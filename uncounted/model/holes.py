"""Holes: what is missing of the covariates, given what isn't, under one multivariate normal."""

from functools import lru_cache

import numpy as np
import pandas as pd

ROUNDS = 200  # of the EM algorithm; on 200 countries it settles within 50


def given_rest(x: pd.DataFrame, beside: pd.DataFrame | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean (holes,) and the Cholesky root (holes, holes) of what is missing of x given what isn't.

    beside: further columns of the same rows, from which holes of x are told too. Holes are row by row.
    """
    whole = x.to_numpy() if beside is None else np.column_stack([x, beside])
    mu, sigma = normal(whole)
    means, roots = [], []
    for row in whole:
        hole = np.isnan(row)
        asked = np.flatnonzero(hole) < x.shape[1]
        if asked.any():
            m, v = _conditional(row, hole, mu, sigma)
            means.append(m[asked])
            roots.append(np.linalg.cholesky(v[np.ix_(asked, asked)]))
    size = sum(map(len, means))
    root, start = np.zeros((size, size)), 0
    for block in roots:
        stop = start + len(block)
        root[start:stop, start:stop] = block
        start = stop
    return np.concatenate(means), root


def expected(x: pd.DataFrame, beside: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return x with what is missing at its mean given what isn't, there and beside."""
    filled = x.to_numpy().copy()
    if np.isnan(filled).any():
        filled[np.isnan(filled)] = given_rest(x, beside)[0]
    return pd.DataFrame(filled, index=x.index, columns=x.columns)


def normal(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit one multivariate normal to rows with holes by EM [Little & Rubin 2002, §11.2], shrunk 5 % to independence."""
    return _normal(np.ascontiguousarray(x, float).tobytes(), x.shape)


@lru_cache(maxsize=8)  # a build asks thrice of the same table, and EM takes a second
def _normal(content: bytes, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    x = np.frombuffer(content).reshape(shape)
    mu, sigma = np.zeros(x.shape[1]), np.eye(x.shape[1])
    patterns, of_row = np.unique(np.isnan(x), axis=0, return_inverse=True)
    rows = [np.flatnonzero(of_row == i) for i in range(len(patterns))]
    for _ in range(ROUNDS):
        filled, extra = np.where(np.isnan(x), 0.0, x), np.zeros_like(sigma)
        for hole, alike in zip(patterns, rows, strict=True):
            if hole.any():
                filled[np.ix_(alike, hole)], v = _conditional(x[alike], hole, mu, sigma)
                extra[np.ix_(hole, hole)] += len(alike) * v
        new = filled.mean(axis=0)
        scatter = ((filled - new).T @ (filled - new) + extra) / len(x)
        scatter = 0.95 * scatter + 0.05 * np.diag(np.diag(scatter))
        done = np.abs(new - mu).max() + np.abs(scatter - sigma).max() < 1e-7
        mu, sigma = new, scatter
        if done:
            break
    return mu, sigma


def _conditional(x: np.ndarray, hole: np.ndarray, mu: np.ndarray, sigma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and covariance of what is missing of rows (…, columns), all with the same holes (columns,)."""
    known = ~hole
    gain = np.linalg.solve(sigma[np.ix_(known, known)], sigma[np.ix_(known, hole)]).T
    mean = mu[hole] + (x[..., known] - mu[known]) @ gain.T
    return mean, sigma[np.ix_(hole, hole)] - gain @ sigma[np.ix_(known, hole)]
