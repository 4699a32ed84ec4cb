"""Totals: sums of weights by cell, and by cell × stratum × PSU, for direct
estimates.
"""

from collections.abc import Sequence
from math import frexp, ldexp

import numpy as np
import pandas as pd

from uncounted.errors import UncountedError, did_you_mean
from uncounted.interviews.codebook import replicate
from uncounted.interviews.column import identifier
from uncounted.interviews.design import unit
from uncounted.interviews.respondents import Respondents
from uncounted.interviews.source import query

SETS = 1024  # of rows, whose sums keep the rank of replicate weights
# Weights are summed as whole numbers of 2^-BITS of the largest: exactly, so in any
# order.
BITS = 76
SUMS = ("n", "cases", "weighted", "weighted_cases", "squares", "squared_cases")


def cells(
    respondents: Respondents,
    by: str | Sequence[str],
    outcome: str | None = None,
) -> pd.DataFrame:
    """Return the weighted cells of an outcome: `by`, then SUMS: n and cases
    (unweighted), Σw, Σwy, Σw², Σw²y.

    n counts the respondents with an answer and a weight. A cell without such
    respondents is a row of zeros; respondents who lack one of `by` are in no cell (see
    `respondents.missing`).
    """
    names = traits(respondents, by)
    return _summed(respondents, names, _single_outcome(respondents, outcome), [])


def psu_totals(
    respondents: Respondents,
    by: Sequence[str],
    outcome: str,
) -> pd.DataFrame:
    """Return SUMS of `by` × stratum × PSU, PSUs unnamed; `stratum` is a row of
    `respondents.design.strata`.

    Where no PSU is declared each respondent is one: rows are then by stratum, the sums
    of squares standing for the PSUs.
    """
    keys = [*unit(respondents.traits), "stratum"]
    extra = [key for key in keys if key not in by]
    if respondents.design.psu:
        extra.append("psu")
    summed = _summed(respondents, list(by), outcome, extra, drop="psu")
    strata = respondents.design.strata
    numbered = strata[keys].assign(row=np.arange(len(strata)))
    rows = summed[keys].merge(numbered, on=keys, how="left")
    return summed[[*by, *SUMS]].assign(stratum=rows["row"].to_numpy())


def presence(
    respondents: Respondents, by: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the respondents with a weight, whether they answered or not, and their
    PSUs less strata; (cells,).
    """
    stratum = _identifiers([*unit(respondents.traits), "stratum"])
    counted = "FILTER (weight > 0)"
    persons = f"count(*) {counted}"
    psus = persons
    if respondents.design.psu:
        psus = f"count(DISTINCT ({stratum}, psu)) {counted}"
    df = f"{psus} - count(DISTINCT ({stratum})) {counted}"
    columns = [*map(identifier, by), f"{persons} AS persons", f"{df} AS df"]
    sql = (
        f"SELECT {', '.join(columns)} FROM ({respondents.select}) {_grouped(by)}"
        f" {_ordered(by)}"
    )
    table = query(respondents.source, sql)
    arrays = [table[name].to_numpy().astype(float) for name in ("persons", "df")]
    return arrays[0], arrays[1]


def replicate_totals(
    respondents: Respondents,
    by: Sequence[str],
    outcome: str,
) -> tuple[np.ndarray, np.ndarray]:
    """Return Σw_r and Σw_r y of every replicate, each (cells, replicates), cells in the
    order of `cells`.

    A respondent whose weight is 0 counts in the replicates that give another weight, as
    in R.
    """
    scale = _scale(respondents, 1)
    names = replicate_names(respondents)
    columns = [identifier(name) for name in by]
    for total, condition in (("all", "IS NOT NULL"), ("cases", "= 1")):
        condition = f"{identifier(outcome)} {condition}"
        for name in names:
            columns.append(f"{_exact(name, scale, condition)} AS {total}_{name}")
    sql = (
        f"SELECT {', '.join(columns)} FROM ({respondents.select}) {_grouped(by)}"
        f" {_ordered(by)}"
    )
    sums = query(respondents.source, sql)
    weighted = np.column_stack([sums[f"all_{name}"].to_numpy() for name in names])
    cases = np.column_stack([sums[f"cases_{name}"].to_numpy() for name in names])
    return weighted / scale, cases / scale


def replicate_ranks(
    respondents: Respondents,
    by: Sequence[str],
    outcome: str | None,
) -> np.ndarray:
    """Return the rank of each cell's matrix of replicate weights, respondents ×
    replicates; (cells,).

    The respondents are those with an answer or, where no outcome is given, all of the
    cell. Millions of rows needn't be decomposed: their sums over random sets keep their
    rank. Rows are put into SETS sets twice, as two may meet in one by chance; by a hash
    of the row, so that order doesn't matter.
    """
    keys = [*by, "half", "bucket"]
    names = replicate_names(respondents)
    answered = "true" if outcome is None else f"{identifier(outcome)} IS NOT NULL"
    scale = _scale(respondents, 1)
    columns = [identifier(key) for key in keys]
    columns += [f"{_exact(name, scale, answered)} AS {name}" for name in names]
    halves = []
    for half in (0, 1):
        bucket = f"(hash({', '.join(names)}) // {SETS**half}) % {SETS}"
        sets = (
            f"SELECT *, {half} AS half, {bucket} AS bucket FROM ({respondents.select})"
        )
        sql = (
            f"SELECT {', '.join(columns)} FROM ({sets})"
            f" {_grouped(by, ['half', 'bucket'])} {_ordered(keys)}"
        )
        halves.append(query(respondents.source, sql).to_pandas())
    sums = pd.concat(halves)
    if not by:
        return np.array([_rank(sums[names].to_numpy())])
    groups = sums.groupby(list(by), sort=True)
    return np.array([_rank(group[names].to_numpy()) for _, group in groups])


def replicate_names(respondents: Respondents) -> list[str]:
    """Return the names, in the relation, of the replicate weights that are declared."""
    declared = respondents.design.replicates
    if declared is None:
        return []
    return [replicate(index) for index in range(len(declared.columns))]


def _rank(matrix: np.ndarray) -> int:
    size = np.abs(matrix).max()
    if not size > 0:
        return 0
    tolerance = 1e-7 * max(matrix.shape)
    return int(np.linalg.matrix_rank(matrix / size, tol=tolerance))


def traits(respondents: Respondents, by: str | Sequence[str]) -> list[str]:
    """Return `by` as a list of the respondents' traits; raises UncountedError for a
    name that is no trait.
    """
    names = [by] if isinstance(by, str) else list(by)
    for name in names:
        if name not in respondents.traits:
            raise UncountedError(
                f"{respondents.name} has no trait"
                f" '{name}'.{did_you_mean(name, respondents.traits)}"
            )
        if names.count(name) > 1:
            raise UncountedError(
                f"'{name}' is named twice in by={names}. Name each trait once."
            )
    return names


def outcomes(respondents: Respondents, outcome: str | None) -> list[str]:
    """Return the requested outcome, or all; raises UncountedError for one that the
    respondents lack.
    """
    if outcome is not None and outcome not in respondents.outcomes:
        raise UncountedError(
            f"{respondents.name} has no outcome"
            f" '{outcome}'.{did_you_mean(outcome, respondents.outcomes)}"
        )
    return list(respondents.outcomes) if outcome is None else [outcome]


def _single_outcome(respondents: Respondents, outcome: str | None) -> str:
    names = outcomes(respondents, outcome)
    if len(names) > 1:
        raise UncountedError(
            f"{respondents.name} has outcomes {', '.join(names)}. Say which:"
            f" outcome='{names[0]}'."
        )
    return names[0]


def _summed(
    respondents: Respondents,
    by: Sequence[str],
    outcome: str,
    extra: Sequence[str],
    drop: str = "",
) -> pd.DataFrame:
    """Return SUMS by `by` and `extra`, in their order; the key `drop` orders the rows
    and is left out.
    """
    answered = f"{identifier(outcome)} IS NOT NULL AND weight > 0"
    case = f"{identifier(outcome)} = 1 AND weight > 0"
    scales = {
        "weight": _scale(respondents, 1),
        "weight * weight": _scale(respondents, 2),
    }
    sums = [f"count(*) FILTER ({answered})", f"count(*) FILTER ({case})"]
    for value, scale in scales.items():
        sums += [_exact(value, scale, answered), _exact(value, scale, case)]
    keys = [*by, *extra]
    totals = [f"{total} AS {name}" for total, name in zip(sums, SUMS, strict=True)]
    columns = ", ".join([*map(identifier, keys), *totals])
    inner = f"SELECT {columns} FROM ({respondents.select}) {_grouped(by, extra)}"
    kept = [identifier(key) for key in keys if key != drop]
    sql = f"SELECT {', '.join([*kept, *SUMS])} FROM ({inner}) {_ordered(keys)}"
    table = query(respondents.source, sql).to_pandas()
    table[["weighted", "weighted_cases"]] /= scales["weight"]
    table[["squares", "squared_cases"]] /= scales["weight * weight"]
    return table


def _grouped(by: Sequence[str], extra: Sequence[str] = ()) -> str:
    """SQL that groups by position the respondents who have all of `by`."""
    conditions = [f"{identifier(name)} IS NOT NULL" for name in by] or ["true"]
    where = f"WHERE {' AND '.join(conditions)}"
    positions = [str(index + 1) for index in range(len(by) + len(extra))]
    if not positions:
        return where
    return f"{where} GROUP BY {', '.join(positions)}"


def _ordered(keys: Sequence[str]) -> str:
    return f"ORDER BY {_identifiers(keys)}" if keys else ""


def _identifiers(names: Sequence[str]) -> str:
    return ", ".join(identifier(name) for name in names)


def _scale(respondents: Respondents, power: int) -> float:
    """Return the power of two that makes the largest weight, to a power, a number of
    BITS bits.
    """
    return ldexp(1.0, BITS - power * frexp(respondents.heaviest)[1])


def _exact(
    value: str,
    scale: float,
    condition: str,
) -> str:
    """SQL for the scaled sum of a double where a condition holds: exact, so the same in
    any order.
    """
    integer = f"CAST({value} * CAST('{scale!r}' AS DOUBLE) AS HUGEINT)"
    return f"CAST(coalesce(sum({integer}) FILTER ({condition}), 0) AS DOUBLE)"
