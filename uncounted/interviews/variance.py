"""Variance: of a prevalence and a total, over the samples that the declared design
could have drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from uncounted.interviews.design import unit
from uncounted.interviews.respondents import Respondents
from uncounted.interviews.weighted_totals import psu_totals


@dataclass(frozen=True)
class Spread:
    """Variances of a prevalence and of a total Σwy, and degrees of freedom; each
    (domains,).
    """

    mean: np.ndarray
    total: np.ndarray
    df: np.ndarray


@dataclass(frozen=True)
class Sample:
    """What was drawn, and the totals of whom it reached.

    domains: rows of `totals.cells`. psus: sums of each domain × stratum × PSU in which
    somebody answered, `domain` and `stratum` being rows; if `elements`, of each domain
    × stratum, every respondent being a PSU. m: PSUs drawn in each stratum. free: its
    finite population correction 1 − m/M, 1 if drawn with replacement. unit: which
    survey of which country, by number.
    """

    domains: pd.DataFrame
    psus: pd.DataFrame
    elements: bool
    unit: np.ndarray
    m: np.ndarray
    free: np.ndarray

    @property
    def counted(self) -> np.ndarray:
        """How many PSUs a row of `psus` stands for."""
        return (
            self.psus["n"].to_numpy(float) if self.elements else np.ones(len(self.psus))
        )

    @property
    def single(self) -> np.ndarray:
        """Which strata have one PSU, of several in the population: they show no
        variance.
        """
        return (self.m == 1) & (self.free > 0)

    @property
    def df(self) -> np.ndarray:
        """PSUs less strata, of those with respondents in the domain [Korn & Graubard
        1999, §5.2].
        """
        d, h, size = (
            self.psus["domain"].to_numpy(),
            self.psus["stratum"].to_numpy(),
            len(self.domains),
        )
        pairs = np.unique(d * len(self.m) + h)
        return np.bincount(d, self.counted, size) - np.bincount(
            pairs // len(self.m), minlength=size
        )


def linearised(
    respondents: Respondents,
    by: Sequence[str],
    outcome: str,
    domains: pd.DataFrame,
    single_psu: str,
    fpc: bool,
) -> Spread:
    """Linearise: V = Σ_h (1 − m_h/M_h) m_h/(m_h−1) Σ_j (t_hj − t̄_h)² [Woodruff 1971;
    Lumley 2010, ch. 2].

    t_hj = Σ w(y − p)/Σw for the mean and Σwy for the total, over the domain's
    respondents in PSU j; 0 where it has none. A single PSU's stratum counts (1 − m/M)
    t² under 'adjust', 0 under 'certainty', the mean of the others under 'average'.
    """
    sample = sampled(respondents, by, outcome, domains, fpc)
    weighted = domains["weighted"].to_numpy()
    with np.errstate(invalid="ignore"):
        p = domains["weighted_cases"].to_numpy() / weighted
    zero = np.zeros(len(domains))
    return Spread(
        _over_strata(sample, p, single_psu)
        / np.where(weighted > 0, weighted, np.nan) ** 2,
        _over_strata(sample, zero, single_psu),
        sample.df,
    )


def sampled(
    respondents: Respondents,
    by: Sequence[str],
    outcome: str,
    domains: pd.DataFrame,
    fpc: bool,
) -> Sample:
    """Aggregate respondents to the totals of every PSU, beside the strata they were
    drawn from.
    """
    strata = respondents.design.strata
    m, size = strata["psus"].to_numpy(float), strata["fpc"].to_numpy(float)
    free = (
        np.where(np.isfinite(size), 1 - m / size, 1.0) if fpc else np.ones(len(strata))
    )
    within = unit(strata.columns)
    units = (
        strata.groupby(within, sort=False).ngroup().to_numpy()
        if within
        else np.zeros(len(strata), int)
    )
    psus = psu_totals(respondents, by, outcome)
    psus["domain"] = _rows(psus, domains, by)
    return Sample(
        domains, psus.loc[psus["n"] > 0], not respondents.design.psu, units, m, free
    )


def _rows(psus: pd.DataFrame, domains: pd.DataFrame, by: Sequence[str]) -> np.ndarray:
    """Return the row of `domains` that each row of `psus` belongs to."""
    if not by:
        return np.zeros(len(psus), int)
    place = domains[list(by)].assign(row=np.arange(len(domains)))
    return psus[list(by)].merge(place, on=list(by), how="left")["row"].to_numpy()


def _over_strata(sample: Sample, centre: np.ndarray, single_psu: str) -> np.ndarray:
    """Return Σ_h of the variance between PSUs of t = Σ w(y − centre); centre
    (domains,).
    """
    d, h = sample.psus["domain"].to_numpy(), sample.psus["stratum"].to_numpy()
    pairs, pair = np.unique(d * len(sample.m) + h, return_inverse=True)
    domain, stratum = np.divmod(pairs, len(sample.m))
    m, free = sample.m[stratum], sample.free[stratum]
    t = (sample.psus["weighted_cases"] - centre[d] * sample.psus["weighted"]).to_numpy()
    total = np.bincount(pair, t, len(pairs))
    if sample.elements:
        cases, everybody = (
            sample.psus["squared_cases"].to_numpy(),
            sample.psus["squares"].to_numpy(),
        )
        squares = cases * (1 - centre[d]) ** 2 + (everybody - cases) * centre[d] ** 2
        around = np.maximum(np.bincount(pair, squares, len(pairs)) - total**2 / m, 0)
    else:
        empty = m - np.bincount(
            pair, minlength=len(pairs)
        )  # PSUs where the domain has nobody: their t is 0
        around = (
            np.bincount(pair, (t - (total / m)[pair]) ** 2, len(pairs))
            + empty * (total / m) ** 2
        )
    single = sample.single[stratum]
    alone = free * total**2 if single_psu == "adjust" else np.zeros(len(pairs))
    each = np.where(single, alone, free * m / np.maximum(m - 1, 1) * around)
    return np.bincount(domain, each, len(centre)) * _averaged(
        domain, single, single_psu, len(centre)
    )


def _averaged(
    domain: np.ndarray, single: np.ndarray, single_psu: str, size: int
) -> np.ndarray:
    """Return the factor that gives single-PSU strata the mean of the domain's others; 1
    unless 'average'.
    """
    if single_psu != "average":
        return np.ones(size)
    strata, seen = (
        np.bincount(domain, minlength=size),
        np.bincount(domain, ~single, size),
    )
    return np.where(
        seen > 0,
        strata / np.where(seen > 0, seen, 1),
        np.where(strata > 0, np.nan, 1.0),
    )
