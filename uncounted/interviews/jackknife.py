"""Jackknife: the variance of estimates that each leave out one PSU."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from uncounted.errors import UncountedError
from uncounted.interviews.respondents import Respondents
from uncounted.interviews.variance import Sample, Spread, sampled


def jackknife(
    respondents: Respondents,
    by: Sequence[str],
    outcome: str,
    domains: pd.DataFrame,
    single_psu: str,
    fpc: bool,
) -> Spread:
    """Drop one PSU at a time, raising the others of its stratum by m_h/(m_h−1): the JKn
    variance.

    V = Σ_h (1 − m_h/M_h)(m_h−1)/m_h Σ_j (θ_hj − θ̄)²; θ̄ is the mean of all replicates
    of the surveys in which the domain has respondents [Wolter 2007, §4.5; as R's
    survey]. Raises UncountedError without PSUs, and for a policy on single PSUs other
    than 'error' and 'certainty'.
    """
    if not respondents.design.psu:
        raise UncountedError(
            f"{respondents.name} declares no PSU to drop. Ask for"
            " variance='linearised'."
        )
    if single_psu in ("adjust", "average"):
        raise UncountedError(
            f"The jackknife cannot '{single_psu}' single PSUs. Say 'certainty', or"
            " linearise."
        )
    sample = sampled(respondents, by, outcome, domains, fpc)
    totals = domains[["weighted", "weighted_cases"]].to_numpy()
    mean = _dropped(sample, totals, _ratio)
    total = _dropped(sample, totals, _total)
    return Spread(mean, total, sample.df)


def _ratio(sums: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return sums[..., 1] / sums[..., 0]


def _total(sums: np.ndarray) -> np.ndarray:
    return sums[..., 1]


def _dropped(
    sample: Sample,
    totals: np.ndarray,
    estimate: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """Return the jackknife variance of an estimate made of totals (domains, 2): Σw and
    Σwy.
    """
    size = len(totals)
    domain_of_psu = sample.psus["domain"].to_numpy()
    sums = sample.psus[["weighted", "weighted_cases"]].to_numpy()
    domain, stratum, pair = sample.pairs
    m = sample.m[stratum]
    factor = (m / np.maximum(m - 1, 1))[:, None]
    inside = np.column_stack(
        [np.bincount(pair, column, len(domain)) for column in sums.T]
    )
    outside = totals[domain] - inside
    full = estimate(totals)
    # PSUs of the stratum where the domain has nobody
    empty = m - np.bincount(pair, minlength=len(domain))
    without_empty = estimate(outside + inside * factor)
    without_psu = estimate(outside[pair] + (inside[pair] - sums) * factor[pair])
    used = ~sample.single[stratum]
    # where no PSU is dropped, nothing moves
    without_psu = np.where(used[pair], without_psu, full[domain_of_psu])
    shift = used * empty * (without_empty - full[domain])
    moved = np.bincount(domain, shift, size)
    moved += np.bincount(domain_of_psu, without_psu - full[domain_of_psu], size)
    idle, count = _idle(sample, domain, stratum, size)
    centre = full + moved / np.maximum(count, 1)
    scale = used * sample.free[stratum] * (m - 1) / m
    squares_empty = scale * empty * (without_empty - centre[domain]) ** 2
    squares_psu = scale[pair] * (without_psu - centre[domain_of_psu]) ** 2
    variance = np.bincount(domain, squares_empty, size)
    variance += np.bincount(domain_of_psu, squares_psu, size)
    return variance + idle * (full - centre) ** 2


def _idle(
    sample: Sample,
    domain: np.ndarray,
    stratum: np.ndarray,
    size: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return Σ_h (1 − m_h/M_h)(m_h − 1) over the strata without the domain, and the
    number of all replicates.

    Strata are those of the surveys that the domain is in. The estimate does not change
    if a PSU without the domain is dropped, but that replicate counts in their mean.
    """
    used = ~sample.single
    surveys = np.zeros((size, sample.unit.max() + 1), bool)
    surveys[domain, sample.unit[stratum]] = True
    weight = used * sample.free * (sample.m - 1)
    reached = np.bincount(domain, weight[stratum], size)
    idle = surveys @ np.bincount(sample.unit, weight) - reached
    replicates = surveys @ np.bincount(sample.unit, used * sample.m)
    return idle, replicates
