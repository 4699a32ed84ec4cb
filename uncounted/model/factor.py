"""Factor: one score that many indicators share, such as vulnerability, instead of a
slope for each of them.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from uncounted.model.holes import normal

ROUNDS = 500
SETTLED = 1e-9  # no noise variance moves more


@dataclass(frozen=True)
class Factor:
    """A one-factor model x = Λf + ε of z-scores: f ~ N(0, 1), ε ~ N(0, Ψ); and what it
    predicts for each country.

    loadings: Λ by indicator, the largest in size being positive for the first
    indicator. mean, sd (countries,): of f given the indicators that a country has; with
    none, 0 and 1.
    """

    loadings: pd.Series
    mean: pd.Series
    sd: pd.Series


def factor(x: pd.DataFrame) -> Factor:
    """Fit one factor by maximum likelihood to z-scores with holes (countries,
    indicators).

    The covariance is that of `holes.normal`; Λ = √Ψ v √(θ − 1), θ and v the first
    eigenvalue and eigenvector of Ψ^(−½) Σ Ψ^(−½), and Ψ = diag(Σ − ΛΛᵀ) in turn [Lawley
    & Maxwell 1971, §4.2]. Given the indicators o that a country has, f has precision 1
    + Λ_oᵀ Ψ_o⁻¹ Λ_o [Bartholomew et al. 2011, §3.3]. The sign makes the first loading
    positive.
    """
    mu, sigma = normal(x.to_numpy())
    loading, noise = _one_factor(sigma)
    loading *= np.sign(loading[0]) or 1.0
    observed = x.notna().to_numpy()
    weight = loading / noise
    precision = 1 + observed @ (loading * weight)
    deviation = np.where(observed, x.to_numpy() - mu, 0.0)
    mean = deviation @ weight / precision
    index = x.index
    return Factor(
        pd.Series(loading, index=x.columns),
        pd.Series(mean, index=index),
        pd.Series(precision**-0.5, index=index),
    )


def _one_factor(sigma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    noise = np.diag(sigma) / 2
    loading = np.zeros(len(sigma))
    for _ in range(ROUNDS):
        root = np.sqrt(noise)
        values, vectors = np.linalg.eigh(sigma / np.outer(root, root))
        size = np.sqrt(max(values[-1] - 1, 0.0))
        loading = root * vectors[:, -1] * size
        variance = np.diag(sigma)
        new = np.maximum(variance - loading**2, 0.005 * variance)
        if np.abs(new - noise).max() < SETTLED:
            break
        noise = new
    return loading, noise
