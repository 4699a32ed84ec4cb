"""Factors: by how much more than its rows tell a survey's total varies, smoothed over
surveys.

Rows of one survey share respondents' clusters, so their weighted sum varies more than
rows drawn apart would. With shares W_h of the survey's persons, f = V̂ / Σ W_h²
p̃_h(1−p̃_h) d̃_h/n_h, V̂ of the survey's own total. Where that is its only row, f is
what its own variance says beyond the design effect of its kind. V̂ moves with p̂ while
cases are few, so an own f counts little there.
"""

import numpy as np
import pandas as pd

from uncounted.figures import design_effects as effects

# an own log f of weight w biases prevalence by about −w (d−1)/cases: at most 0.4 %
SLOPE = 0.004
# respondents for each PSU, where a survey doesn't publish how many PSUs it has
PER_PSU = 25
# degrees of freedom that are believed of surveys that don't publish their PSUs
FEWEST, MOST = 10, 200


def smoothed(surveys: pd.DataFrame) -> pd.Series:
    """Return the common factor of each survey (index survey).

    surveys: country, rows, n (respondents of its rows), estimate (Σ W p̂), psus,
    variance (V̂ of its total, NaN where unknown) and independent (what its rows drawn
    apart would have). The factors of surveys of one row have mean 1, since design
    effects are of their mean; those of several rows follow log(rows) and the other
    surveys of the country. An own log f has the weight min(SLOPE·cases/(d−1), τ²/(τ² +
    error)), cases being expected ones, d the survey's design effect, error 2/df + (3d −
    4 + 1/d)/cases the variance of log V̂ and τ² what factors differ by beyond that.
    """
    ratio = surveys["variance"] / surveys["independent"]
    factor = ratio.where(ratio > 0)
    several = surveys["rows"] > 1
    kind = pd.Series(1.0, surveys.index)
    kind[several] = _of_several(surveys[several], factor[several])
    relative = factor / kind
    weight = pd.Series(0.0, surveys.index)
    for group in (several, ~several):
        weight[group] = _own_weight(surveys[group], relative[group])
    factors = kind * relative.fillna(1.0) ** weight
    return factors.round(effects.DECIMALS)


def _of_several(
    surveys: pd.DataFrame,
    factor: pd.Series,
) -> np.ndarray:
    """Return the factor of a survey's kind: one curve of log(rows) over all surveys, on
    the scale of their mean.
    """
    rows = _as_figures(surveys, factor)
    seen = factor.notna().to_numpy() & (effects.expected_cases(rows) >= effects.CASES)
    kind = np.ones(len(surveys))
    x = np.column_stack([np.ones(len(surveys)), np.log(surveys["rows"])])
    if seen.sum() >= effects.FEW:
        log_factor = np.log(factor.to_numpy()[seen])
        smoother = effects.smooth(
            log_factor,
            x[seen],
            surveys.loc[seen, "country"],
        )
        residual = log_factor - x[seen] @ smoother.beta
        effect = _of_country(surveys["country"], seen, residual, smoother.theta)
        kind = np.exp(x @ smoother.beta + effect)
    base = kind * rows["expected"].to_numpy()
    scale = effects.mean_effect(
        rows,
        rows["deff"].to_numpy(),
        base,
    )
    return kind if np.isnan(scale) else kind * scale


def _as_figures(
    surveys: pd.DataFrame,
    factor: pd.Series,
) -> pd.DataFrame:
    """Return surveys as rows whose design effect is `expected` times their factor."""
    p = surveys["estimate"]
    expected = surveys["independent"] * surveys["n"] / (p * (1 - p))
    return surveys.assign(expected=expected, deff=expected * factor)


def _of_country(
    country: pd.Series,
    seen: np.ndarray,
    residual: np.ndarray,
    theta: float,
) -> np.ndarray:
    """Return E[u] of each survey's country from its other surveys."""
    residuals = np.zeros(len(country))
    residuals[seen] = residual
    beside = _sum_of_others(residuals, country)
    size = _sum_of_others(seen.astype(float), country)
    return theta * beside / (1 + theta * size)


def _sum_of_others(
    values: np.ndarray,
    country: pd.Series,
) -> np.ndarray:
    """Return the sum over the other surveys of each survey's country."""
    sums = pd.Series(values, country.index).groupby(country).transform("sum")
    return sums.to_numpy() - values


def _own_weight(
    surveys: pd.DataFrame,
    relative: pd.Series,
) -> np.ndarray:
    published = relative.notna().to_numpy()
    if not published.any():
        return np.zeros(len(surveys))
    d = _as_figures(surveys, relative)["expected"].clip(lower=effects.TINY)
    cases = pd.Series(effects.expected_cases(surveys), surveys.index)
    error = 2 / degrees(surveys) + (3 * d - 4 + 1 / d).clip(lower=0) / cases
    between = _between(relative[published], error[published])
    bound = np.where(
        d > 1,
        SLOPE * cases / (d - 1).clip(lower=effects.TINY),
        np.inf,
    )
    reliability = between / (between + error)
    return np.where(published, np.minimum(bound, reliability), 0.0)


def _between(
    relative: pd.Series,
    error: pd.Series,
) -> float:
    """Return τ², the variance of factors beyond their errors, by moments; each survey
    weighs by what it tells.
    """
    weight = 1 / (0.1 + error)
    excess = (relative - 1) ** 2 - error
    return max(0.0, float((weight * excess).sum() / weight.sum()))


def degrees(surveys: pd.DataFrame) -> pd.Series:
    """Return degrees of freedom of surveys' variances: PSUs less one, else what surveys
    of such a size have.
    """
    usual = (surveys["n"] / PER_PSU).clip(FEWEST, MOST)
    return (surveys["psus"] - 1).where(surveys["psus"] > 1).fillna(usual)
