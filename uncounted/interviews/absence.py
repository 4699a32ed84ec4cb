"""Absence: respondents who are in no estimate of an outcome, and the reasons."""

from collections.abc import Iterator, Sequence

import pandas as pd

from uncounted.interviews.codebook import WHY
from uncounted.interviews.column import identifier, literal
from uncounted.interviews.design import unit
from uncounted.interviews.respondents import Respondents
from uncounted.interviews.source import query


def left_out(
    respondents: Respondents,
    outcome: str,
    keys: Sequence[str],
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Return each reason for being in no estimate of an outcome, and how many
    respondents of which survey it concerns.

    Reasons, of which the first counts: no answer, with the file's own reason; a weight
    of 0; no value of one of `keys`, by which surveys are told apart. Tables have
    survey, country, year, sex, age, respondents and cases. Files without gaps in these
    columns aren't read.
    """
    if not {outcome, "weight", *keys}.intersection(respondents.missing["column"]):
        return
    select = respondents.select
    empty = query(respondents.source, f"SELECT * FROM ({select}) LIMIT 0")
    reason = _reason(outcome, keys, empty.column_names)
    surveys = [identifier(name) for name in unit(respondents.traits)]
    year = "min(CAST(year AS DOUBLE))" if "year" in respondents.traits else "NULL"
    groups = ", ".join(["why", *surveys])
    columns = [
        "why",
        *(f"{name} AS {name}" for name in surveys),
        f"{year} AS year",
        "count(*) AS respondents",
        f"count(*) FILTER ({identifier(outcome)} = 1) AS cases",
    ]
    sql = (
        f"SELECT {', '.join(columns)} FROM (SELECT *, {reason} AS why FROM ({select}))"
        f" WHERE why IS NOT NULL GROUP BY {groups} ORDER BY {groups}"
    )
    table = query(respondents.source, sql).to_pandas()
    table = table.assign(
        sex="both",
        age="all",
        year=table["year"].astype(float),
    )
    if "survey" not in table:
        table["survey"] = table.get("country", "")
    if "country" not in table:
        table["country"] = ""
    for why, lines in table.groupby("why", sort=True):
        yield str(why), lines


def _reason(
    outcome: str,
    keys: Sequence[str],
    names: Sequence[str],
) -> str:
    """SQL for why a respondent is in no estimate, NULL for those who are in one."""
    why = WHY + outcome
    no_answer = literal("no answer on " + outcome)
    if why in names:
        no_answer = f"coalesce({no_answer} || ': ' || {identifier(why)}, {no_answer})"
    cases = [
        f"WHEN {identifier(outcome)} IS NULL THEN {no_answer}",
        f"WHEN NOT weight > 0 THEN {literal('a weight of 0')}",
    ]
    for key in keys:
        missing = literal(f"{key} of these respondents is missing")
        cases.append(f"WHEN {identifier(key)} IS NULL THEN {missing}")
    return f"CASE {' '.join(cases)} END"
