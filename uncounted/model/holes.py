"""Holes: missing covariates given the observed ones, under one multivariate normal."""

import numpy as np
import pandas as pd

ROUNDS = 200  # of the EM algorithm; on 200 countries it settles within 50


def given_rest(x: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean (holes,) and the Cholesky root (holes, holes) of what is missing
    given what isn't.

    Holes are row by row.
    """
    mu, sigma = normal(x.to_numpy())
    means, roots = [], []
    for row in x.to_numpy():
        hole = np.isnan(row)
        if hole.any():
            mean, covariance = _conditional(row, hole, mu, sigma)
            means.append(mean)
            roots.append(np.linalg.cholesky(covariance))
    size = sum(map(len, means))
    root, start = np.zeros((size, size)), 0
    for block in roots:
        stop = start + len(block)
        root[start:stop, start:stop] = block
        start = stop
    return np.concatenate(means), root


def expected(x: pd.DataFrame) -> pd.DataFrame:
    """Return x with what is missing at its mean given what isn't."""
    filled = x.to_numpy().copy()
    if np.isnan(filled).any():
        filled[np.isnan(filled)] = given_rest(x)[0]
    return pd.DataFrame(filled, index=x.index, columns=x.columns)


def normal(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit one multivariate normal to rows with holes by EM [Little & Rubin 2002,
    §11.2], shrunk 5 % to independence.
    """
    mu = np.zeros(x.shape[1])
    sigma = np.eye(x.shape[1])
    for _ in range(ROUNDS):
        filled = np.where(np.isnan(x), 0.0, x)
        extra = np.zeros_like(sigma)
        for row, target in zip(x, filled, strict=True):
            hole = np.isnan(row)
            if hole.any():
                target[hole], covariance = _conditional(row, hole, mu, sigma)
                extra[np.ix_(hole, hole)] += covariance
        new = filled.mean(axis=0)
        scatter = ((filled - new).T @ (filled - new) + extra) / len(x)
        scatter = 0.95 * scatter + 0.05 * np.diag(np.diag(scatter))
        change = np.abs(new - mu).max() + np.abs(scatter - sigma).max()
        mu, sigma = new, scatter
        if change < 1e-8:
            break
    return mu, sigma


def _conditional(
    row: np.ndarray,
    hole: np.ndarray,
    mu: np.ndarray,
    sigma: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    observed = ~hole
    across = sigma[np.ix_(hole, observed)]
    gain = across @ np.linalg.pinv(sigma[np.ix_(observed, observed)])
    mean = mu[hole] + gain @ (row[observed] - mu[observed])
    explained = gain @ sigma[np.ix_(observed, hole)]
    return mean, sigma[np.ix_(hole, hole)] - explained
