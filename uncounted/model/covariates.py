"""Covariates: standardised indicators of countries, slopes shrunk, what is missing drawn jointly with the rest."""

import numpy as np
import pandas as pd
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from uncounted.errors import UncountedError
from uncounted.model.belief import Belief
from uncounted.world.world import standardised

ROUNDS = 200  # of the EM algorithm; on 200 countries it settles within 50


def coefficients(belief: Belief) -> TensorVariable:
    """Return β (covariates,): N(0, σ_β) with σ_β learned, or the fixed prior if the card names `beta`."""
    if "beta" in belief.card.priors:
        return belief.variable("beta", "covariate")
    return pm.Normal("beta", 0.0, belief.variable("sigma_beta"), dims="covariate")


def shift(belief: Belief) -> TensorVariable | float:
    """Return x[c]·β (countries,), 0 without covariates.

    Values are z-scores. A missing one is a parameter, x_missing = m + L z, z ~ N(0, 1), with m and LLᵀ its mean and
    covariance given the country's other values under one multivariate normal of the card's covariates; the surveys
    update it through β.
    """
    if not belief.card.covariates:
        return 0.0
    try:
        x = standardised(belief.world, list(belief.card.covariates))
    except UncountedError as error:
        raise UncountedError(f"`covariates` of the card '{belief.card.name}': {error}", "covariates") from error
    beta = coefficients(belief)
    values = pt.as_tensor(pm.Data("x", x.fillna(0.0).to_numpy(), dims=("country", "covariate")))
    hole = np.argwhere(x.isna().to_numpy())
    if len(hole):
        mean, root = _given_rest(x)
        z = pm.Normal("x_missing_z", shape=len(hole))
        missing = pm.Deterministic("x_missing", pm.Data("x_missing_mean", mean) + pm.Data("x_missing_root", root) @ z)
        values = values[hole[:, 0], hole[:, 1]].set(missing)
    return values @ beta


def _given_rest(x: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean (holes,) and the Cholesky root (holes, holes) of what is missing given what isn't.

    Holes are row by row.
    """
    mu, sigma = _normal(x.to_numpy())
    means, roots = [], []
    for row in x.to_numpy():
        hole = np.isnan(row)
        if hole.any():
            m, v = _conditional(row, hole, mu, sigma)
            means.append(m)
            roots.append(np.linalg.cholesky(v))
    size = sum(map(len, means))
    root, start = np.zeros((size, size)), 0
    for block in roots:
        stop = start + len(block)
        root[start:stop, start:stop] = block
        start = stop
    return np.concatenate(means), root


def _normal(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit one multivariate normal to rows with holes by EM [Little & Rubin 2002, §11.2], shrunk 5 % to independence."""
    mu, sigma = np.zeros(x.shape[1]), np.eye(x.shape[1])
    for _ in range(ROUNDS):
        filled, extra = np.where(np.isnan(x), 0.0, x), np.zeros_like(sigma)
        for row, target in zip(x, filled, strict=True):
            hole = np.isnan(row)
            if hole.any():
                target[hole], v = _conditional(row, hole, mu, sigma)
                extra[np.ix_(hole, hole)] += v
        new = filled.mean(axis=0)
        scatter = ((filled - new).T @ (filled - new) + extra) / len(x)
        scatter = 0.95 * scatter + 0.05 * np.diag(np.diag(scatter))
        done = np.abs(new - mu).max() + np.abs(scatter - sigma).max() < 1e-8
        mu, sigma = new, scatter
        if done:
            break
    return mu, sigma


def _conditional(row: np.ndarray, hole: np.ndarray, mu: np.ndarray, sigma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    known = ~hole
    gain = sigma[np.ix_(hole, known)] @ np.linalg.pinv(sigma[np.ix_(known, known)])
    return mu[hole] + gain @ (row[known] - mu[known]), sigma[np.ix_(hole, hole)] - gain @ sigma[np.ix_(known, hole)]
