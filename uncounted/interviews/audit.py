"""Audit: checks of all respondents against their declaration, and counts of missing
answers.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd

from uncounted.errors import UncountedError
from uncounted.interviews.codebook import (
    CROSS,
    RAW,
    ROLES,
    UNKNOWN,
    WHY,
    Named,
    crossed,
    parts,
    replicate,
)
from uncounted.interviews.column import identifier
from uncounted.interviews.design import unit
from uncounted.interviews.replicates import Replicates
from uncounted.interviews.source import Source, query

# name: SQL, the fault in words, what to do
FAULTS = {
    "without_weight": (
        "weight IS NULL",
        "no weight, or one that isn't a number",
        "Give each a weight: 0 if not interviewed",
    ),
    "bad_weight": (
        "weight < 0 OR weight > 1e100",
        "a negative or infinite weight",
        "Correct it",
    ),
    "without_stratum": (
        "stratum IS NULL",
        "no stratum",
        "Give each its stratum, or don't declare strata",
    ),
    "without_psu": (
        "psu IS NULL",
        "no PSU",
        "Give each its PSU, or don't declare PSUs",
    ),
    "without_fpc": (
        "fpc IS NULL",
        "no number of PSUs in its stratum (fpc)",
        "Give it in every row",
    ),
    "bad_replicate": (
        "",
        "a missing or infinite replicate weight",
        "Correct it, or declare other columns",
    ),
}


def found(
    source: Source,
    select: str,
    columns: Mapping[str, Named],
    outcomes: Mapping[str, str],
    replicates: Replicates | None,
) -> list[dict]:
    """Return, from one scan, the respondents grouped by their reasons for every missing
    answer.

    Raises UncountedError for values that nothing declares, FAULTS, no respondents, and
    ids that occur twice.
    """
    answers = {}
    for role, column in {**columns, **outcomes}.items():
        if role not in ROLES:
            answers[role] = CROSS.join(parts(column))
    size = len(replicates.columns) if replicates else 0
    groups = _groups(source, select, columns, list(answers), size)
    if not groups:
        raise UncountedError(
            f"{source.name} has no respondents. Check that it is the right file, and"
            " whole."
        )
    for answer, column in answers.items():
        if any(group[WHY + answer] == UNKNOWN for group in groups):
            _refuse_unknown(source, select, answer, column)
    _refuse_faults(source, select, groups, crossed(columns))
    if "id" in columns:
        id_column = CROSS.join(parts(columns["id"]))
        _refuse_twins(source, select, unit(columns), id_column)
    return groups


def _groups(
    source: Source,
    select: str,
    declared: Mapping[str, Named],
    answers: Sequence[str],
    size: int,
) -> list[dict]:
    """Return the respondents grouped by their reasons; size: number of replicates."""
    # replicate weights below zero are valid: successive differences and calibration
    # make them
    replicates = [replicate(index) for index in range(size)]
    bad = [f"{name} IS NULL OR abs({name}) > 1e100" for name in replicates] or ["false"]
    counts = ["count(*) AS n", "count(*) FILTER (weight = 0) AS zero_weight"]
    for fault, (condition, _, _) in FAULTS.items():
        if fault in ("without_psu", "without_fpc"):
            role = fault.removeprefix("without_")
            condition = condition if role in declared else "false"
        condition = condition or " OR ".join(bad)
        counts.append(f"count(*) FILTER ({condition}) AS {fault}")
    # greatest wants two arguments or more
    weights = ["weight", *replicates, "weight"]
    largest = ", ".join(f"max(abs({name}))" for name in weights)
    counts.append(f"greatest({largest}) AS heaviest")
    reasons = [identifier(WHY + answer) for answer in answers]
    sql = (
        f"SELECT {', '.join([*reasons, *counts])} FROM ({select}) GROUP BY ALL ORDER"
        " BY ALL"
    )
    return [group for group in query(source, sql).to_pylist() if group["n"]]


def _refuse_unknown(
    source: Source,
    select: str,
    answer: str,
    column: str,
) -> None:
    unknown = f"{identifier(WHY + answer)} = '{UNKNOWN}'"
    values = _examples(source, select, unknown, answer)
    raise UncountedError(
        f"Column '{column}' of {source.name} has values that don't say what '{answer}'"
        f" is: {values}. Recode them, or give them as codes that mean missing."
    )


def _refuse_faults(
    source: Source,
    select: str,
    groups: Sequence[dict],
    several: Mapping[str, Sequence[str]],
) -> None:
    for fault, (condition, description, advice) in FAULTS.items():
        n = sum(group[fault] for group in groups)
        if n:
            role = fault.partition("_")[2]
            if role == "weight" or role in several:
                description += f": {_examples(source, select, condition, role)}"
            have = "respondent has" if n == 1 else "respondents have"
            raise UncountedError(
                f"{source.name}: {n:,} {have} {description}. {advice}."
            )
    # a largest weight below this would leave nothing of its square
    if max(group["heaviest"] for group in groups) < 1e-100:
        raise UncountedError(
            f"{source.name}: all weights are zero. Name the right column of weights."
        )


def _examples(
    source: Source,
    select: str,
    condition: str,
    answer: str,
) -> str:
    raw = identifier(RAW + answer)
    grouped = (
        f"SELECT {raw} AS value, count(*) AS n FROM ({select}) WHERE {condition} GROUP"
        " BY ALL"
    )
    rows = query(source, f"{grouped} ORDER BY n DESC, value LIMIT 5").to_pylist()
    return ", ".join(f"{_value(row['value'])} ({_times(row['n'])})" for row in rows)


def _value(text: str | None) -> str:
    return "blank" if text is None else repr(text)


def _times(n: int) -> str:
    return "once" if n == 1 else f"{n:,} times"


def _refuse_twins(
    source: Source,
    select: str,
    within: Sequence[str],
    column: str,
) -> None:
    keys = ", ".join([*map(identifier, within), "id"])
    grouped = (
        f"SELECT id FROM ({select}) GROUP BY {keys} HAVING count(*) > 1 OR id IS NULL"
    )
    twins = query(source, f"{grouped} ORDER BY id LIMIT 3").to_pylist()
    if twins:
        named = ", ".join(_value(row["id"]) for row in twins)
        raise UncountedError(
            f"{source.name}: respondents' ids in '{column}' are blank or occur more"
            f" than once: {named}. Remove the duplicates, or name the columns that tell"
            " surveys and countries apart."
        )


def strata(
    source: Source,
    select: str,
    within: Sequence[str],
    declared: Mapping[str, Named],
    nested: bool,
) -> pd.DataFrame:
    """Return one row per stratum: `within` (survey, country), stratum, psus and fpc,
    sorted.

    Raises UncountedError for a PSU in two strata (unless nested), a blank survey or
    country, or an fpc that varies within its stratum or is smaller than the sample.
    """
    keys = [*map(identifier, within), "stratum"]
    psu = "psu" if "psu" in declared else "NULL"
    fpc = "fpc" if "fpc" in declared else "CAST(NULL AS DOUBLE)"
    inner = (
        f"SELECT {', '.join(keys)}, {psu} AS psu, count(*) AS n, min({fpc}) AS least,"
        f" max({fpc}) AS most FROM ({select}) GROUP BY ALL"
    )
    psus = "count(*)" if "psu" in declared else "sum(n)"
    outer = f"CAST({psus} AS BIGINT) AS psus, min(least) AS fpc, max(most) AS most"
    rows = query(
        source,
        f"SELECT {', '.join(keys)}, {outer} FROM ({inner}) GROUP BY ALL ORDER BY ALL",
    )
    _refuse_strata(source, rows.to_pylist(), within)
    if "psu" in declared and not nested:
        _refuse_astride(source, inner, within)
    return rows.drop_columns("most").to_pandas()


def _refuse_strata(
    source: Source,
    rows: Sequence[dict],
    within: Sequence[str],
) -> None:
    for row in rows:
        for name in within:
            if row[name] is None:
                raise UncountedError(
                    f"{source.name}: some respondents have no {name}. Give each its"
                    f" {name}."
                )
        if row["fpc"] is None:
            continue
        if row["fpc"] < row["most"]:
            raise UncountedError(
                f"{source.name}: stratum '{row['stratum']}' has {row['fpc']:g} and"
                f" {row['most']:g} PSUs in the population. Give every respondent of a"
                " stratum the same number."
            )
        if row["fpc"] < row["psus"]:
            raise UncountedError(
                f"{source.name}: stratum '{row['stratum']}' has {row['psus']:,} PSUs in"
                f" the sample and {row['fpc']:g} in the population. The fpc column"
                " holds numbers of PSUs, no fractions."
            )


def _refuse_astride(
    source: Source,
    inner: str,
    within: Sequence[str],
) -> None:
    keys = ", ".join([*map(identifier, within), "psu"])
    astride = (
        f"SELECT psu, min(stratum) AS a, max(stratum) AS b FROM ({inner}) GROUP BY"
        f" {keys} HAVING count(*) > 1"
    )
    for row in query(source, f"{astride} ORDER BY psu, a, b LIMIT 1").to_pylist():
        raise UncountedError(
            f"{source.name}: PSU '{row['psu']}' is in stratum '{row['a']}' and in"
            f" '{row['b']}'. Correct it, or say nested=True if PSU numbers start anew"
            " in each stratum."
        )


def missing(groups: Sequence[dict]) -> pd.DataFrame:
    """Return how many respondents lack a column, and why; columns column, reason,
    respondents.

    A weight of zero is listed too: such a respondent counts in no estimate.
    """
    lines: Counter[tuple[str, str]] = Counter()
    for group in groups:
        for key, reason in group.items():
            if key.startswith(WHY) and reason is not None:
                lines[key.removeprefix(WHY), reason] += group["n"]
        lines["weight", "weight is 0"] += group["zero_weight"]
    rows = [(*line, n) for line, n in sorted(lines.items()) if n]
    return pd.DataFrame(rows, columns=["column", "reason", "respondents"])
