"""Design effects: a generalised variance function that smooths them over surveys, with
a country effect.

A survey's own variance moves with its own estimate where cases are few: of surveys of
one prevalence those that found fewer cases show less variance, and would count for
more. So a row's design effect is what other surveys tell, on the scale of their mean;
what a survey's own variance adds is `factors`'.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.special import expit, logit

# expected cases of a row whose own design effect informs the curve; observed ones of
# all, any mean
CASES = 10
HEAVY = 100  # expected cases beyond which a row counts no more in the mean
FEW = 20  # fewer design effects than this carry no curve: their mean serves
# residuals of less variance are rounding: the design effects are all alike
TINY = 1e-12
# Of an effect and of log θ: the last digits of a sum hang on the processor and on the
# number of its threads. What is rounded so is the same everywhere, as evidence must be.
DECIMALS = 6
THETA_DECIMALS = 4  # the search's own tolerance


@dataclass(frozen=True)
class Smoother:
    """log d = Xβ + u[country] + e, u ~ N(0, θσ²), e ~ N(0, σ²): a one-way mixed model
    fitted by maximum likelihood.
    """

    beta: np.ndarray
    country: pd.Series
    theta: float
    sigma: float

    def predict(
        self,
        x: np.ndarray,
        country: pd.Series,
    ) -> np.ndarray:
        """Return exp(Xβ + E[u | data]) for rows x (rows, terms); a country without data
        gets u = 0.
        """
        effect = country.map(self.country).fillna(0.0).to_numpy(float)
        return np.exp(x @ self.beta + effect)


def smooth(
    log_d: np.ndarray,
    x: np.ndarray,
    country: pd.Series,
) -> Smoother:
    """Fit the smoother to log design effects (rows,), terms x (rows, terms) and each
    row's country.

    For given θ the generalised least-squares sums need only group means: with n_g rows
    in country g, V_g⁻¹ = I − 11ᵀ θ/(1 + n_g θ). θ is found by maximising the profile
    likelihood [Searle et al. 1992, ch. 3]. Terms that say the same twice, as where
    every n is alike, share their slope.
    """
    codes, names = pd.factorize(country)
    size = np.bincount(codes)

    def misfit(log_theta: float) -> float:
        return -_profile(
            np.exp(log_theta),
            log_d,
            x,
            codes,
            size,
        )[0]

    best = minimize_scalar(
        misfit,
        bounds=(-8, 4),
        method="bounded",
    )
    theta = float(np.exp(np.round(best.x, THETA_DECIMALS)))
    _, beta, sigma2 = _profile(theta, log_d, x, codes, size)
    residuals = np.bincount(codes, log_d - x @ beta)
    effect = theta / (1 + size * theta) * residuals
    return Smoother(
        beta=beta,
        country=pd.Series(effect, index=names),
        theta=theta,
        sigma=float(np.sqrt(sigma2)),
    )


def _profile(
    theta: float,
    y: np.ndarray,
    x: np.ndarray,
    codes: np.ndarray,
    size: np.ndarray,
) -> tuple[float, np.ndarray, float]:
    """Return the profile log-likelihood of θ, β and σ²."""
    weight = theta / (1 + size * theta)
    sums = np.column_stack([np.bincount(codes, column) for column in x.T])
    weighted = (sums * weight[:, None]).T
    xvx = x.T @ x - weighted @ sums
    xvy = x.T @ y - weighted @ np.bincount(codes, y)
    beta = np.linalg.pinv(xvx, hermitian=True) @ xvy
    residual = y - x @ beta
    residual_sums = np.bincount(codes, residual)
    squares = float(residual @ residual - weight @ residual_sums**2)
    sigma2 = max(squares / len(y), TINY)
    log_determinant = len(y) * np.log(sigma2) + np.log1p(size * theta).sum()
    return -0.5 * log_determinant, beta, sigma2


@dataclass(frozen=True)
class DesignEffects:
    """What all surveys show of design effects: d = scale · exp(Xβ + u[country]), X = 1
    and log n.

    u of a row's country is of its other surveys: residuals are summed by country, and
    by survey, which is left out. Without `smoother` d is the scale. typical_n stands in
    for a row's n that isn't known.
    """

    scale: float
    smoother: Smoother | None
    typical_n: float
    by_country: pd.DataFrame
    by_survey: pd.DataFrame

    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        """Return the design effect of rows (rows,): columns survey, country, n."""
        if self.smoother is None:
            return np.full(len(rows), self.scale)
        x = _terms(rows["n"], self.typical_n)
        country = self.by_country.reindex(rows["country"]).fillna(0.0).to_numpy()
        survey = self.by_survey.reindex(rows["survey"]).fillna(0.0).to_numpy()
        residual, count = (country - survey).T
        theta = self.smoother.theta
        effect = theta * residual / (1 + theta * count)
        return self.scale * np.exp(x @ self.smoother.beta + effect)


def design_effects(rows: pd.DataFrame) -> np.ndarray:
    """Return each row's design effect as published, or as its SE implies: V̂ n /
    p̂(1−p̂); NaN where that isn't known.
    """
    p, n = rows["estimate"], rows["n"]
    inner = (n > 0) & (rows["se"] > 0) & (p > 0) & (p < 1)
    implied = (rows["se"] ** 2 * n / (p * (1 - p))).where(inner)
    return rows["deff"].fillna(implied).to_numpy(float)


def mean_effect(
    rows: pd.DataFrame,
    d: np.ndarray,
    base: np.ndarray | float = 1.0,
) -> float:
    """Return Σ g n p̂(1−p̂) d / Σ g n p̂(1−p̂) base: how many times `base` the rows'
    design effects are on average.

    A ratio of sums, Σ g n² V̂ over what simple random samples would have, holds on the
    scale of variances however few the cases, where a mean of logs is 5 to 14 % low and
    a choice of rows by their cases is biased. E[p̂(1−p̂)] is p(1−p) − V, so V̂ is added
    back where d is of V̂. g lets no row count for more than HEAVY expected cases. NaN
    where fewer than CASES cases show a design effect.
    """
    p = rows["estimate"].to_numpy(float)
    n = rows["n"].to_numpy(float)
    shown = np.isfinite(d) & (d > 0) & (n > 0) & (p > 0) & (p < 1)
    cases = n * np.minimum(p, 1 - p)
    if cases[shown].sum() < CASES:
        return np.nan
    simple = n * p * (1 - p)
    share = HEAVY / np.maximum(HEAVY, expected_cases(rows))
    implied = rows["deff"].isna().to_numpy()
    variance = simple * d / np.where(n > 0, n, 1)
    between = simple + np.where(implied, variance, 0.0)
    weighted = (share * between * base)[shown].sum()
    return float((share * simple * d)[shown].sum() / weighted)


def expected_cases(rows: pd.DataFrame) -> np.ndarray:
    """Return how many cases, or others if these are fewer, rows of such n have on
    average (rows,): n·min(p, 1−p).

    p is the estimate shrunk on the logit scale to the mean of all rows, as far as rows
    differ by more than sampling: an empirical Bayes mean [Morris 1983]. Observed cases
    would choose rows by what they found.
    """
    n = rows["n"].to_numpy(float)
    estimate = rows["estimate"].to_numpy(float)
    counted = (n > 0) & ~np.isnan(estimate)
    p = np.full(len(rows), np.nan)
    if counted.any():
        p[counted] = _shrunk(estimate[counted], n[counted])
    return n * np.minimum(p, 1 - p)


def _shrunk(
    estimate: np.ndarray,
    n: np.ndarray,
) -> np.ndarray:
    observed = logit((estimate * n + 0.5) / (n + 1))
    p = np.full(len(n), (estimate * n).sum() / n.sum()).clip(1e-9, 1 - 1e-9)
    # the sampling variance is of the shrunk p, which settles at once
    for _ in range(3):
        variance = 1 / (n * p * (1 - p))
        weight = 1 / variance
        mean = (weight * observed).sum() / weight.sum()
        excess = (weight * (observed - mean) ** 2).sum() - (len(n) - 1)
        scale = weight.sum() - (weight**2).sum() / weight.sum()
        between = max(0.0, excess / max(scale, TINY))
        p = expit((between * observed + variance * mean) / (between + variance))
    return p


def fitted(rows: pd.DataFrame) -> DesignEffects | None:
    """Return what rows show of design effects; None where they show none.

    rows: survey, country, estimate, n, se, deff. In 15,000 published stunting figures
    log n and the country carry what can be said: log p(1−p), the breakdown and the kind
    of source move the residual sd (0.31) in its third digit. p̂ stays out, so that d̃
    doesn't move with it.
    """
    d = design_effects(rows)
    seen = np.isfinite(d) & (d > 0) & (expected_cases(rows) >= CASES)
    n = rows["n"].dropna()
    typical_n = float(n.median()) if len(n) else 1.0
    smoother = None
    residuals = rows.loc[[], ["country", "survey"]].assign(
        residual=0.0,
        count=0.0,
    )
    if seen.sum() >= FEW:
        x = _terms(rows["n"], typical_n)[seen]
        log_d = np.log(d[seen])
        smoother = smooth(log_d, x, rows.loc[seen, "country"])
        residuals = rows.loc[seen, ["country", "survey"]]
        residuals = residuals.assign(
            residual=log_d - x @ smoother.beta,
            count=1.0,
        )
    unscaled = DesignEffects(
        scale=1.0,
        smoother=smoother,
        typical_n=typical_n,
        by_country=residuals.groupby("country")[["residual", "count"]].sum(),
        by_survey=residuals.groupby("survey")[["residual", "count"]].sum(),
    )
    scale = mean_effect(rows, d, unscaled.predict(rows))
    if np.isnan(scale):
        return None
    return replace(unscaled, scale=scale)


def _terms(
    n: pd.Series,
    typical_n: float,
) -> np.ndarray:
    log_n = np.log(n.fillna(typical_n).clip(lower=1.0))
    return np.column_stack([np.ones(len(n)), log_n])
