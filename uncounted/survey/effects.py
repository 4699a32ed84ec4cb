"""Design effects: a generalised variance function that smooths them over surveys, with a country effect."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar

CASES = 10  # fewer cases, and V̂ moves with p̂: design effects of such rows would bias prevalence down
FEW = 20  # fewer design effects than this carry no curve: their geometric mean serves, or 1 where there is none
TINY = 1e-12  # residuals of less variance are rounding: the design effects are all alike


@dataclass(frozen=True)
class Smoother:
    """log d = Xβ + u[country] + e, u ~ N(0, θσ²), e ~ N(0, σ²): a one-way mixed model fitted by maximum likelihood."""

    beta: np.ndarray
    country: pd.Series
    theta: float
    sigma: float

    def predict(self, x: np.ndarray, country: pd.Series) -> np.ndarray:
        """Return exp(Xβ + E[u | data]) for rows x (rows, terms); a country without data gets u = 0."""
        return np.exp(x @ self.beta + country.map(self.country).fillna(0.0).to_numpy(float))


def smooth(log_d: np.ndarray, x: np.ndarray, country: pd.Series) -> Smoother:
    """Fit the smoother to log design effects (rows,), terms x (rows, terms) and each row's country.

    For given θ the generalised least-squares sums need only group means: with n_g rows in country g,
    V_g⁻¹ = I − 11ᵀ θ/(1 + n_g θ). θ is found by maximising the profile likelihood [Searle et al. 1992, ch. 3].
    Terms that say the same twice, as where every n is alike, share their slope.
    """
    codes, names = pd.factorize(country)
    size = np.bincount(codes)
    best = minimize_scalar(lambda t: -_profile(np.exp(t), log_d, x, codes, size)[0], bounds=(-8, 4), method="bounded")
    theta = float(np.exp(best.x))
    _, beta, sigma2 = _profile(theta, log_d, x, codes, size)
    shrunk = theta / (1 + size * theta) * np.bincount(codes, log_d - x @ beta)
    return Smoother(beta, pd.Series(shrunk, index=names), theta, float(np.sqrt(sigma2)))


def _profile(
    theta: float, y: np.ndarray, x: np.ndarray, codes: np.ndarray, size: np.ndarray
) -> tuple[float, np.ndarray, float]:
    weight = theta / (1 + size * theta)
    sums = np.column_stack([np.bincount(codes, column) for column in x.T])
    y_sums = np.bincount(codes, y)
    xvx = x.T @ x - (sums * weight[:, None]).T @ sums
    beta = np.linalg.pinv(xvx, hermitian=True) @ (x.T @ y - (sums * weight[:, None]).T @ y_sums)
    residual = y - x @ beta
    r_sums = np.bincount(codes, residual)
    sigma2 = max(float(residual @ residual - weight @ r_sums**2) / len(y), TINY)
    return -0.5 * (len(y) * np.log(sigma2) + np.log1p(size * theta).sum()), beta, sigma2


def design_effects(rows: pd.DataFrame) -> np.ndarray:
    """Return each row's design effect as published, or as its SE implies: V̂ n / p̂(1−p̂); NaN where that isn't known.

    Known only with CASES cases and non-cases or more: below that V̂ says little that p̂ doesn't say already.
    """
    p, n = rows["estimate"], rows["n"]
    enough = (n * p >= CASES) & (n * (1 - p) >= CASES) & (rows["se"] > 0)
    implied = (rows["se"] ** 2 * n / (p * (1 - p))).where(enough)
    return rows["deff"].fillna(implied).to_numpy(float)


def smoothed(rows: pd.DataFrame) -> np.ndarray:
    """Return the smoothed design effect d̃ of every row, from all rows that show one: log d on 1 and log n.

    In 15,000 published stunting figures log n and the country carry what can be said: log p(1−p), the breakdown and the
    kind of source move the residual sd (0.31) in its third digit. p̂ stays out, so that d̃ doesn't move with it.
    """
    d = design_effects(rows)
    seen = np.isfinite(d) & (d > 0)
    if seen.sum() < FEW:
        return np.full(len(rows), np.exp(np.log(d[seen]).mean()) if seen.any() else 1.0)
    n, country = rows["n"].to_numpy(float), rows.loc[:, "country"]
    typical = np.nanmedian(n) if np.isfinite(n).any() else 1.0
    x = np.column_stack([np.ones(len(rows)), np.log(np.where(np.isnan(n), typical, n).clip(min=1.0))])
    return smooth(np.log(d[seen]), x[seen], country[seen]).predict(x, country)
