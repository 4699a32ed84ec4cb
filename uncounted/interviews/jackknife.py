"""Jackknife: the estimate again and again, each time without one PSU."""

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
    whole = domains[["weighted", "weighted_cases"]].to_numpy()
    mean, total = (_dropped(sample, whole, estimate) for estimate in (_ratio, _total))
    return Spread(mean, total, sample.df)


def _ratio(sums: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return sums[..., 1] / sums[..., 0]


def _total(sums: np.ndarray) -> np.ndarray:
    return sums[..., 1]


def _dropped(
    sample: Sample, whole: np.ndarray, estimate: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Return the jackknife variance of an estimate of (Σw, Σwy); whole (domains, 2)."""
    d, h = sample.psus["domain"].to_numpy(), sample.psus["stratum"].to_numpy()
    pairs, pair = np.unique(d * len(sample.m) + h, return_inverse=True)
    domain, stratum = np.divmod(pairs, len(sample.m))
    m = sample.m[stratum]
    raised = (m / np.maximum(m - 1, 1))[:, None]
    each = sample.psus[["weighted", "weighted_cases"]].to_numpy()
    inside = np.column_stack(
        [np.bincount(pair, column, len(pairs)) for column in each.T]
    )
    full, empty = estimate(whole), m - np.bincount(pair, minlength=len(pairs))
    unhit = estimate(whole[domain] - inside + inside * raised)
    hit = estimate(
        (whole[domain] - inside)[pair] + (inside[pair] - each) * raised[pair]
    )
    used = ~sample.single[stratum]
    idle, count = _idle(sample, domain, stratum, len(whole))
    hit = np.where(used[pair], hit, full[d])  # where no PSU is dropped, nothing moves
    moved = np.bincount(domain, used * empty * (unhit - full[domain]), len(whole))
    moved += np.bincount(d, hit - full[d], len(whole))
    centre = full + moved / np.maximum(count, 1)
    scale = used * sample.free[stratum] * (m - 1) / m
    spread = np.bincount(
        domain, scale * empty * (unhit - centre[domain]) ** 2, len(whole)
    )
    spread += np.bincount(d, scale[pair] * (hit - centre[d]) ** 2, len(whole))
    return spread + idle * (full - centre) ** 2


def _idle(
    sample: Sample, domain: np.ndarray, stratum: np.ndarray, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return Σ_h (1 − m_h/M_h)(m_h − 1) over the strata without the domain, and the
    number of all replicates.

    Strata are those of the surveys that the domain is in. To drop a PSU where the
    domain is not leaves the estimate as it is, but that replicate counts in their mean.
    """
    used = ~sample.single
    surveys = np.zeros((size, sample.unit.max() + 1), bool)
    surveys[domain, sample.unit[stratum]] = True
    weight = used * sample.free * (sample.m - 1)
    reached = np.bincount(domain, weight[stratum], size)
    idle = surveys @ np.bincount(sample.unit, weight) - reached
    return idle, surveys @ np.bincount(sample.unit, used * sample.m)
