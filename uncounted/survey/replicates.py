"""Replicates: sets of weights whose estimates vary as the estimate would over samples."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

import numpy as np

from uncounted.errors import UncountedError, did_you_mean


@dataclass(frozen=True)
class Replicates:
    """Columns of replicate weights and how they were made.

    columns: names, or a pattern such as 'rep_*' (then in the file's order). method: a word of SCALES. fay:
    Fay's ρ. rscales: a factor for each replicate ((n_h − 1)/n_h for JKn). scale: the common factor, where the
    method's own won't do. combined: the columns are whole weights, not factors of the weight. centre:
    deviations are taken from the replicates' 'mean' or from the 'estimate'. df: degrees of freedom; where not
    given, the rank of the replicate weights less one.
    """

    columns: str | Sequence[str]
    method: str
    fay: float = 0.0
    rscales: Sequence[float] | None = None
    scale: float | None = None
    combined: bool = True
    centre: str = "mean"
    df: float | None = None


def brr(replicates: Replicates) -> float:
    """1/R [Wolter 2007, §3.3]."""
    return 1 / len(replicates.columns)


def fay(replicates: Replicates) -> float:
    """1/(R (1 − ρ)²) [Judkins 1990]."""
    return 1 / (len(replicates.columns) * (1 - replicates.fay) ** 2)


def jk1(replicates: Replicates) -> float:
    """(R − 1)/R: one PSU dropped at a time, no strata."""
    return 1 - 1 / len(replicates.columns)


def whole(_replicates: Replicates) -> float:
    """1: the factors, if any, are the replicates' own (JK2, JKn)."""
    return 1.0


def bootstrap(replicates: Replicates) -> float:
    """1/(R − 1)."""
    return 1 / (len(replicates.columns) - 1)


def successive_difference(replicates: Replicates) -> float:
    """4/R [Fay & Train 1995]."""
    return 4 / len(replicates.columns)


SCALES: Mapping[str, Callable[[Replicates], float]] = {
    "BRR": brr,
    "Fay": fay,
    "JK1": jk1,
    "JK2": whole,
    "JKn": whole,
    "bootstrap": bootstrap,
    "SDR": successive_difference,
}


def resolve(replicates: Replicates, names: Sequence[str]) -> Replicates:
    """Return the replicates with columns for a pattern; raises UncountedError for what doesn't fit."""
    columns = replicates.columns
    if isinstance(columns, str):
        columns = [name for name in names if fnmatchcase(name, columns)]
    for column in columns:
        if column not in names:
            raise UncountedError(f"There is no replicate weight '{column}'.{did_you_mean(column, names)}")
    if len(columns) < 2:
        raise UncountedError(f"'{replicates.columns}' names {len(columns)} replicate weights; at least 2 are needed.")
    resolved = replace(replicates, columns=tuple(columns))
    _check(resolved)
    return resolved


def _check(replicates: Replicates) -> None:
    if replicates.method not in SCALES:
        raise UncountedError(
            f"No replicate method is called '{replicates.method}'.{did_you_mean(replicates.method, SCALES)}"
        )
    if replicates.centre not in ("mean", "estimate"):
        raise UncountedError(
            f"Replicates are centred at their 'mean' or at the 'estimate', not at '{replicates.centre}'."
        )
    if not 0 <= replicates.fay < 1:
        raise UncountedError(f"Fay's coefficient is {replicates.fay}; it must be at least 0 and less than 1.")
    if replicates.method == "JKn" and replicates.rscales is None:
        raise UncountedError(
            "JKn replicates need rscales: (n_h − 1)/n_h of the stratum whose PSU each replicate drops."
        )
    if replicates.rscales is not None and len(replicates.rscales) != len(replicates.columns):
        raise UncountedError(f"There are {len(replicates.columns)} replicates and {len(replicates.rscales)} rscales.")


def variance(replicates: Replicates, estimates: np.ndarray, estimate: np.ndarray) -> np.ndarray:
    """Return scale · Σ_r rscale_r (θ_r − centre)²; estimates (domains, replicates), estimate (domains,)."""
    rscales = np.ones(estimates.shape[1]) if replicates.rscales is None else np.asarray(replicates.rscales, float)
    scale = SCALES[replicates.method](replicates) if replicates.scale is None else replicates.scale
    centre = estimate if replicates.centre == "estimate" else estimates[:, rscales > 0].mean(axis=1)
    return scale * ((estimates - centre[:, None]) ** 2) @ rscales
