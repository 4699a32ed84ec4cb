"""Variance: linearised variances of prevalences and totals under the declared
design.
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
    """Totals of the drawn PSUs, and the strata that they were drawn from.

    domains: rows of `weighted_totals.cells`. psus: sums of each domain × stratum × PSU
    with answers, `domain` and `stratum` being row numbers; if `elements`, of each
    domain × stratum, every respondent being a PSU. m: PSUs drawn in each stratum. free:
    its finite population correction 1 − m/M, 1 if drawn with replacement. unit: the
    number of its survey × country.
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
        if self.elements:
            return self.psus["n"].to_numpy(float)
        return np.ones(len(self.psus))

    @property
    def pairs(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Domain and stratum of each pair with answers (pairs,); the pair of each row
        of `psus`.
        """
        domain = self.psus["domain"].to_numpy()
        stratum = self.psus["stratum"].to_numpy()
        numbers = domain * len(self.m) + stratum
        distinct, pair = np.unique(numbers, return_inverse=True)
        return *np.divmod(distinct, len(self.m)), pair

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
        size = len(self.domains)
        domain, _, _ = self.pairs
        psus = np.bincount(self.psus["domain"].to_numpy(), self.counted, size)
        return psus - np.bincount(domain, minlength=size)


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
    of_sum = _over_strata(sample, p, single_psu)
    return Spread(
        mean=of_sum / np.where(weighted > 0, weighted, np.nan) ** 2,
        total=_over_strata(sample, zero, single_psu),
        df=sample.df,
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
    m = strata["psus"].to_numpy(float)
    free = np.ones(len(strata))
    if fpc:
        population = strata["fpc"].to_numpy(float)
        free = np.where(np.isfinite(population), 1 - m / population, 1.0)
    keys = unit(strata.columns)
    units = np.zeros(len(strata), int)
    if keys:
        units = strata.groupby(keys, sort=False).ngroup().to_numpy()
    psus = psu_totals(respondents, by, outcome)
    psus["domain"] = _rows(psus, domains, by)
    return Sample(
        domains=domains,
        psus=psus.loc[psus["n"] > 0],
        elements=not respondents.design.psu,
        unit=units,
        m=m,
        free=free,
    )


def _rows(
    psus: pd.DataFrame,
    domains: pd.DataFrame,
    by: Sequence[str],
) -> np.ndarray:
    """Return the row of `domains` that each row of `psus` belongs to."""
    if not by:
        return np.zeros(len(psus), int)
    numbered = domains[list(by)].assign(row=np.arange(len(domains)))
    rows = psus[list(by)].merge(
        numbered,
        on=list(by),
        how="left",
    )
    return rows["row"].to_numpy()


def _over_strata(
    sample: Sample,
    centre: np.ndarray,
    single_psu: str,
) -> np.ndarray:
    """Return Σ_h of the variance between PSUs of t = Σ w(y − centre); centre
    (domains,).
    """
    psus = sample.psus
    centre_of_psu = centre[psus["domain"].to_numpy()]
    domain, stratum, pair = sample.pairs
    size = len(domain)
    m, free = sample.m[stratum], sample.free[stratum]
    t = (psus["weighted_cases"] - centre_of_psu * psus["weighted"]).to_numpy()
    total = np.bincount(pair, t, size)
    if sample.elements:
        cases = psus["squared_cases"].to_numpy()
        squared_others = psus["squares"].to_numpy() - cases
        squares = cases * (1 - centre_of_psu) ** 2 + squared_others * centre_of_psu**2
        around = np.maximum(np.bincount(pair, squares, size) - total**2 / m, 0)
    else:
        mean = total / m
        # PSUs where the domain has nobody: their t is 0
        empty = m - np.bincount(pair, minlength=size)
        around = np.bincount(pair, (t - mean[pair]) ** 2, size) + empty * mean**2
    single = sample.single[stratum]
    of_single = free * total**2 if single_psu == "adjust" else np.zeros(size)
    of_several = free * m / np.maximum(m - 1, 1) * around
    variance = np.where(single, of_single, of_several)
    factor = _averaged(domain, single, single_psu, len(centre))
    return np.bincount(domain, variance, len(centre)) * factor


def _averaged(
    domain: np.ndarray,
    single: np.ndarray,
    single_psu: str,
    size: int,
) -> np.ndarray:
    """Return the factor that gives single-PSU strata the mean of the domain's other
    strata; 1 unless 'average'.
    """
    if single_psu != "average":
        return np.ones(size)
    strata = np.bincount(domain, minlength=size)
    several = np.bincount(domain, ~single, size)
    factor = strata / np.where(several > 0, several, 1)
    without = np.where(strata > 0, np.nan, 1.0)
    return np.where(several > 0, factor, without)
