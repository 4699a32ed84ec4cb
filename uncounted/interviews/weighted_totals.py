"""Totals: sums of weights by cell, and by cell × stratum × PSU, which is all that a
direct estimate needs.
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
# weights are summed as whole numbers of 2^-BITS of the largest: exactly, so in any
# order
BITS = 76
SUMS = ("n", "cases", "weighted", "weighted_cases", "squares", "squared_cases")


def cells(
    respondents: Respondents, by: str | Sequence[str], outcome: str | None = None
) -> pd.DataFrame:
    """Return the weighted cells of an outcome: `by`, then SUMS: n and cases
    (unweighted), Σw, Σwy, Σw², Σw²y.

    n counts those who answered and have a weight. A cell of whom none did is a row of
    zeros; respondents who lack one of `by` are in no cell (see `respondents.missing`).
    """
    names = traits(respondents, by)
    answered = _chosen(respondents, outcome)
    return _summed(respondents, names, answered, [])


def psu_totals(
    respondents: Respondents, by: Sequence[str], outcome: str
) -> pd.DataFrame:
    """Return SUMS of `by` × stratum × PSU, PSUs unnamed; `stratum` is a row of
    `respondents.design.strata`.

    Where no PSU is declared each respondent is one: rows are then by stratum, the sums
    of squares standing for the PSUs.
    """
    keys = [*unit(respondents.traits), "stratum"]
    extra = [*keys, *(["psu"] if respondents.design.psu else [])]
    summed = _summed(
        respondents,
        list(by),
        outcome,
        [key for key in extra if key not in by],
        drop="psu",
    )
    strata = respondents.design.strata
    place = strata[keys].assign(row=np.arange(len(strata)))
    rows = summed[keys].merge(place, on=keys, how="left")["row"].to_numpy()
    return summed[[*by, *SUMS]].assign(stratum=rows)


def presence(
    respondents: Respondents, by: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the respondents with a weight, whether they answered or not, and their
    PSUs less strata; (cells,).
    """
    stratum = ", ".join([*map(identifier, unit(respondents.traits)), "stratum"])
    counted = "FILTER (weight > 0)"
    everybody = f"count(*) {counted}"
    psus = (
        f"count(DISTINCT ({stratum}, psu)) {counted}"
        if respondents.design.psu
        else everybody
    )
    sums = (
        f"{everybody} AS persons, {psus} - count(DISTINCT ({stratum})) {counted} AS df"
    )
    selected = ", ".join([*map(identifier, by), sums])
    sql = f"SELECT {selected} FROM ({respondents.select}) {_grouped(by)} {_ordered(by)}"
    table = query(respondents.source, sql)
    return table["persons"].to_numpy().astype(float), table["df"].to_numpy().astype(
        float
    )


def replicate_totals(
    respondents: Respondents, by: Sequence[str], outcome: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return Σw_r and Σw_r y of every replicate, each (cells, replicates), cells in the
    order of `cells`.

    A respondent whose weight is 0 counts in the replicates that give him another, as in
    R.
    """
    scale = _scale(respondents, 1)
    names = [replicate(i) for i in range(_replicates(respondents))]
    conditions = (f"{identifier(outcome)} IS NOT NULL", f"{identifier(outcome)} = 1")
    sums = [
        _exact(name, scale, condition) for condition in conditions for name in names
    ]
    numbered = [f"{total} AS s{i}" for i, total in enumerate(sums)]
    sql = (
        f"SELECT {', '.join([*map(identifier, by), *numbered])} FROM"
        f" ({respondents.select}) {_grouped(by)}"
    )
    found = query(respondents.source, f"{sql} {_ordered(by)}")
    values = (
        np.column_stack([found[f"s{i}"].to_numpy() for i in range(len(sums))]) / scale
    )
    return values[:, : len(names)], values[:, len(names) :]


def replicate_ranks(
    respondents: Respondents, by: Sequence[str], outcome: str | None
) -> np.ndarray:
    """Return the rank of each cell's matrix of replicate weights, respondents ×
    replicates; (cells,).

    The respondents are those who answered or, where no outcome is given, all of the
    cell. Millions of rows needn't be decomposed: their sums over random sets keep their
    rank. Rows are put into SETS sets twice, as two may meet in one by chance; by a hash
    of the row, so that order doesn't matter.
    """
    keys = [*by, "half", "bucket"]
    names = [replicate(i) for i in range(_replicates(respondents))]
    answered = "true" if outcome is None else f"{identifier(outcome)} IS NOT NULL"
    scale = _scale(respondents, 1)
    sums = [f"{_exact(name, scale, answered)} AS {name}" for name in names]
    found = []
    for half in (0, 1):
        bucket = f"(hash({', '.join(names)}) // {SETS**half}) % {SETS}"
        inner = (
            f"SELECT *, {half} AS half, {bucket} AS bucket FROM ({respondents.select})"
        )
        grouped = f"FROM ({inner}) {_grouped(by, ['half', 'bucket'])} {_ordered(keys)}"
        sql = (
            f"SELECT {', '.join([*map(identifier, by), 'half', 'bucket', *sums])}"
            f" {grouped}"
        )
        found.append(query(respondents.source, sql).to_pandas())
    both = pd.concat(found)
    groups = both.groupby(list(by), sort=True) if by else [((), both)]
    return np.array([_rank(group[names].to_numpy()) for _, group in groups])


def _replicates(respondents: Respondents) -> int:
    declared = respondents.design.replicates
    return len(declared.columns) if declared else 0


def _rank(matrix: np.ndarray) -> int:
    size = np.abs(matrix).max()
    return (
        int(np.linalg.matrix_rank(matrix / size, tol=1e-7 * max(matrix.shape)))
        if size > 0
        else 0
    )


def traits(respondents: Respondents, by: str | Sequence[str]) -> list[str]:
    """Return `by` as a list of the respondents' traits; raises UncountedError for what
    is none.
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
    """Return the outcome asked for, or all; raises UncountedError for one that the
    respondents lack.
    """
    if outcome is not None and outcome not in respondents.outcomes:
        raise UncountedError(
            f"{respondents.name} has no outcome"
            f" '{outcome}'.{did_you_mean(outcome, respondents.outcomes)}"
        )
    return list(respondents.outcomes) if outcome is None else [outcome]


def _chosen(respondents: Respondents, outcome: str | None) -> str:
    chosen = outcomes(respondents, outcome)
    if len(chosen) > 1:
        raise UncountedError(
            f"{respondents.name} has outcomes {', '.join(chosen)}. Say which:"
            f" outcome='{chosen[0]}'."
        )
    return chosen[0]


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
    answered, case = _conditions(outcome)
    one, two = _scale(respondents, 1), _scale(respondents, 2)
    sums = [f"count(*) FILTER ({answered})", f"count(*) FILTER ({case})"]
    sums += [_exact("weight", one, answered), _exact("weight", one, case)]
    sums += [
        _exact("weight * weight", two, answered),
        _exact("weight * weight", two, case),
    ]
    keys = [*by, *extra]
    totals = [f"{total} AS {name}" for total, name in zip(sums, SUMS, strict=True)]
    wanted = ", ".join([*map(identifier, keys), *totals])
    inner = f"SELECT {wanted} FROM ({respondents.select}) {_grouped(by, extra)}"
    kept = [identifier(key) for key in keys if key != drop]
    found = query(
        respondents.source,
        f"SELECT {', '.join([*kept, *SUMS])} FROM ({inner}) {_ordered(keys)}",
    ).to_pandas()
    scales = dict(zip(SUMS[2:], (one, one, two, two), strict=True))
    return found.assign(**{name: found[name] / scale for name, scale in scales.items()})


def _conditions(outcome: str) -> tuple[str, str]:
    answered = f"{identifier(outcome)} IS NOT NULL AND weight > 0"
    return answered, f"{identifier(outcome)} = 1 AND weight > 0"


def _grouped(by: Sequence[str], extra: Sequence[str] = ()) -> str:
    """SQL that groups by position the respondents who have all of `by`."""
    have = " AND ".join(f"{identifier(name)} IS NOT NULL" for name in by) or "true"
    keys = ", ".join(str(i + 1) for i in range(len(by) + len(extra)))
    return f"WHERE {have}" + (f" GROUP BY {keys}" if keys else "")


def _ordered(keys: Sequence[str]) -> str:
    return f"ORDER BY {', '.join(identifier(key) for key in keys)}" if keys else ""


def _scale(respondents: Respondents, power: int) -> float:
    """Return the power of two that makes the largest weight, to a power, a number of
    BITS bits.
    """
    return ldexp(1.0, BITS - power * frexp(respondents.heaviest)[1])


def _exact(value: str, scale: float, condition: str) -> str:
    """SQL for the scaled sum of a double where a condition holds: exact, so the same in
    any order.
    """
    whole = f"CAST({value} * CAST('{scale!r}' AS DOUBLE) AS HUGEINT)"
    return f"CAST(coalesce(sum({whole}) FILTER ({condition}), 0) AS DOUBLE)"
