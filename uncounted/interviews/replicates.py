"""Replicates: replicate weights, and the variance of an estimate from them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from uncounted.errors import UncountedError, did_you_mean
from uncounted.glance import outline
from uncounted.interviews.column_pattern import (
    expression_for,
    left_out,
    listed,
    matching,
)


@dataclass(frozen=True)
class Replicates:
    """Columns of replicate weights and how they were made.

    columns: a list of names, or a pattern for them in the file's order: a glob such as
    'rw*', or a regular expression such as 'rw[0-9]+' or 're:^rw[0-9]$', searched for in
    each name as R's `svrepdesign(repweights = "rw[0-9]+")` does (`pattern.matching`). A
    pattern must match all columns that are numbered alike, and no column of another
    role; a list is taken as it is. The weights may be negative, as those of successive
    differences are. method: a word of SCALES. fay: Fay's ρ. rscales: a factor for each
    replicate ((n_h − 1)/n_h for JKn). scale: the common factor, where the method's own
    won't do; the method 'other', R's too, has none of its own. combined: the columns
    are whole weights, not factors of the weight. centre: deviations are taken from the
    replicates' 'mean' or from the 'estimate' (R's `mse = TRUE`). df: degrees of
    freedom; where not given, the rank of the replicate weights less one.
    """

    columns: str | Sequence[str]
    method: str
    fay: float = 0.0
    rscales: Sequence[float] | None = None
    scale: float | None = None
    combined: bool = True
    centre: str = "mean"
    df: float | None = None

    __repr__ = outline

    def __str__(self) -> str:
        if isinstance(self.columns, str):
            return f"columns of replicate weights ({self.method}): '{self.columns}'"
        return (
            f"{len(self.columns)} columns of replicate weights ({self.method}):"
            f" {listed(self.columns)}"
        )


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
    "other": whole,
}


def resolve(
    replicates: Replicates,
    names: Sequence[str],
    roles: Mapping[str, str] | None = None,
) -> Replicates:
    """Return the replicates with columns for a pattern; raises UncountedError where
    columns and method don't fit.

    names: all columns of the file; roles: column → role of those with another role.
    """
    columns = replicates.columns
    if isinstance(columns, str):
        columns = _matched(columns, names, roles or {})
    for column in columns:
        if column not in names:
            raise UncountedError(
                f"There is no replicate weight '{column}'.{did_you_mean(column, names)}"
            )
    if len(columns) < 2:
        raise UncountedError(
            f"'{replicates.columns}' names {len(columns)} replicate weights; at least 2"
            " are needed."
        )
    resolved = replace(replicates, columns=tuple(columns))
    _check(resolved)
    return resolved


def _matched(
    pattern: str,
    names: Sequence[str],
    roles: Mapping[str, str],
) -> list[str]:
    """Return the columns that a pattern names; raises UncountedError where it seems to
    name too many or too few.
    """
    columns = matching(pattern, names)
    free = [name for name in columns if name not in roles]
    expression = expression_for(free) if free else "re:^rw[0-9]+$"
    taken = [name for name in columns if name in roles]
    if taken:
        texts = [f"'{name}', which is named as {roles[name]}" for name in taken]
        raise UncountedError(
            f"The replicate weights '{pattern}' match {', '.join(texts)}. "
            f"Say which columns are meant, as in columns='{expression}', or list them."
        )
    missed = [name for name in left_out(columns, names) if name not in roles]
    if missed:
        raise UncountedError(
            f"The replicate weights '{pattern}' match {len(columns)} of"
            f" {len(columns) + len(missed)} columns that differ in their number alone:"
            f" {listed(columns)}, and not {listed(missed)}. For all of them say"
            f" columns='{expression}'; for some, list them."
        )
    return columns


def _check(replicates: Replicates) -> None:
    if replicates.method not in SCALES:
        raise UncountedError(
            "No replicate method is called"
            f" '{replicates.method}'.{did_you_mean(replicates.method, SCALES)}"
        )
    if replicates.centre not in ("mean", "estimate"):
        raise UncountedError(
            "Replicates are centred at their 'mean' or at the 'estimate', not at"
            f" '{replicates.centre}'."
        )
    if not 0 <= replicates.fay < 1:
        raise UncountedError(
            f"Fay's coefficient is {replicates.fay}; it must be at least 0 and less"
            " than 1."
        )
    if replicates.method == "JKn" and replicates.rscales is None:
        raise UncountedError(
            "JKn replicates need rscales: (n_h − 1)/n_h of the stratum whose PSU each"
            " replicate drops."
        )
    if replicates.method == "other" and replicates.scale is None:
        raise UncountedError(
            "Replicates of method 'other' need their scale, such as 4/20 of 20 columns."
        )
    if replicates.rscales is None:
        return
    columns, rscales = len(replicates.columns), len(replicates.rscales)
    if rscales != columns:
        raise UncountedError(f"There are {columns} replicates and {rscales} rscales.")


def variance(
    replicates: Replicates,
    estimates: np.ndarray,
    estimate: np.ndarray,
) -> np.ndarray:
    """Return scale · Σ_r rscale_r (θ_r − centre)²; estimates (domains, replicates),
    estimate (domains,).
    """
    rscales = np.ones(estimates.shape[1])
    if replicates.rscales is not None:
        rscales = np.asarray(replicates.rscales, float)
    scale = replicates.scale
    if scale is None:
        scale = SCALES[replicates.method](replicates)
    centre = estimate
    if replicates.centre == "mean":
        centre = estimates[:, rscales > 0].mean(axis=1)
    return scale * ((estimates - centre[:, None]) ** 2) @ rscales
