"""Absence: respondents who are in no cell of an outcome, and why."""

from collections.abc import Iterator, Sequence

import pandas as pd

from uncounted.interviews.codebook import WHY
from uncounted.interviews.column import identifier, literal
from uncounted.interviews.design import unit
from uncounted.interviews.respondents import Respondents
from uncounted.interviews.source import query


def left_out(
    respondents: Respondents, outcome: str, keys: Sequence[str]
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Return why respondents are in no estimate of an outcome, and of each reason how
    many of which survey.

    Reasons, of which the first counts: no answer, with what the file says of it; a
    weight of 0; nothing of `keys`, by which surveys are told apart. Tables have survey,
    country, year, sex, age, respondents and cases. Files in which nobody lacks any of
    these aren't read for it.
    """
    wanted = {outcome, "weight", *keys}
    if not wanted & set(respondents.missing["column"]):
        return
    names = query(
        respondents.source, f"SELECT * FROM ({respondents.select}) LIMIT 0"
    ).column_names
    reason = _reason(outcome, keys, names)
    within = unit(respondents.traits)
    about = ", ".join(f"{identifier(name)} AS {identifier(name)}" for name in within)
    year = "min(CAST(year AS DOUBLE))" if "year" in respondents.traits else "NULL"
    case = f"count(*) FILTER ({identifier(outcome)} = 1)"
    groups = ", ".join(["why", *(identifier(name) for name in within)])
    sql = (
        f"SELECT {', '.join(filter(None, ['why', about]))}, {year} AS year, count(*) AS"
        f" respondents, {case} AS cases FROM (SELECT *, {reason} AS why FROM"
        f" ({respondents.select})) WHERE why IS NOT NULL GROUP BY {groups} ORDER BY"
        f" {groups}"
    )
    table = query(respondents.source, sql).to_pandas()
    table = table.assign(sex="both", age="all", year=table["year"].astype(float))
    for column in ("survey", "country"):
        if column not in table:
            table[column] = (
                table["country"] if column == "survey" and "country" in table else ""
            )
    for why, lines in table.groupby("why", sort=True):
        yield str(why), lines


def _reason(outcome: str, keys: Sequence[str], names: Sequence[str]) -> str:
    """SQL for why a respondent is in no estimate, NULL for those who are in one."""
    why = WHY + outcome
    said = f" || ': ' || {identifier(why)}" if why in names else ""
    no_answer = (
        f"coalesce({literal('no answer on ' + outcome)}{said},"
        f" {literal('no answer on ' + outcome)})"
    )
    cases = [f"WHEN {identifier(outcome)} IS NULL THEN {no_answer}"]
    cases.append(f"WHEN NOT weight > 0 THEN {literal('a weight of 0')}")
    cases += [
        f"WHEN {identifier(key)} IS NULL THEN"
        f" {literal(f'{key} of these respondents is missing')}"
        for key in keys
    ]
    return f"CASE {' '.join(cases)} END"
