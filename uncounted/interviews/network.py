"""Network: the three tables of a family-network survey, checked against each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from uncounted.errors import UncountedError, did_you_mean
from uncounted.interviews.column import Column, identifier, literal
from uncounted.interviews.files import open_source
from uncounted.interviews.kinship import ADULT, KIN, THROUGH
from uncounted.interviews.source import query
from uncounted.world.table import numbers, one_code

type Table = str | Path | pd.DataFrame | pa.Table

SURVEY = ("country", "year", "survey", "source", "interviewed")
PERSON = ("id", "member")  # the respondent, and a person on the respondent's roster
ROLES = {
    "respondents": ("id", "weight", "stratum", "psu", *SURVEY, "sex", "age", "m"),
    "roster": (*PERSON, "relationship", "through", "sex", "age", "lives_in", "m"),
    "events": (*PERSON, "outcome", "age", "country", "start", "end"),
}
NEEDED = {
    "respondents": ("id", "country", "year"),
    "roster": ("id", "member", "relationship"),
    "events": ("id", "member", "outcome", "age", "start", "end"),
}
NUMBERS = ("weight", "year", "interviewed", "age", "m", "start", "end")
SELF = "self"
OLDEST = 130


@dataclass(frozen=True)
class Network:
    """Tables of a family-network survey that agree with each other.

    members: the respondents themselves and everybody on their rosters, with the roles
    of "roster", and eligible: 15 or older, living in the country of the interview.
    """

    respondents: pd.DataFrame
    members: pd.DataFrame
    events: pd.DataFrame


def read_network(
    sources: Mapping[str, Table],
    columns: Mapping[str, Mapping[str, str]],
    recodes: Mapping[str, Mapping],
    constants: Mapping[str, object],
    outcomes: Mapping[str, float],
    encoding: str,
) -> Network:
    """Read respondents, roster and events; raises UncountedError for a table that
    contradicts itself or another.
    """
    _check_words(columns, recodes, constants)
    tables = {
        name: _read(sources[name], columns[name], name, recodes, encoding)
        for name in ROLES
    }
    respondents = _respondents(tables["respondents"], constants)
    roster = tables["roster"]
    selves = roster.loc[roster["relationship"] == SELF]
    members = _members(respondents, roster, selves)
    events = _events(tables["events"], respondents, members, selves, outcomes)
    return Network(respondents, members, events)


def _check_words(columns: Mapping, recodes: Mapping, constants: Mapping) -> None:
    for table in (*columns, *ROLES):
        if table not in ROLES:
            fault = "is no table of a family survey"
        elif table not in columns:
            fault = "has no columns declared"
        else:
            continue
        raise UncountedError(f"'{table}' {fault}.{did_you_mean(table, ROLES)}")
    for role in constants:
        if role not in SURVEY or role in columns["respondents"]:
            fault = "a column too" if role in SURVEY else "none of " + ", ".join(SURVEY)
            raise UncountedError(
                f"The constant '{role}' is {fault}. Constants are what all interviews"
                " share."
            )
    for table, roles in ROLES.items():
        shared = constants if table == "respondents" else {}
        _check_roles(table, roles, columns[table], shared)
    for role in recodes:
        if not any(role in declared for declared in columns.values()):
            raise UncountedError(
                f"Codes are given for '{role}', which names no column."
            )


def _check_roles(
    table: str, roles: Sequence[str], declared: Mapping, constants: Mapping
) -> None:
    for role in declared:
        if role not in roles:
            raise UncountedError(
                f"The table of {table} has no role '{role}'.{did_you_mean(role, roles)}"
            )
    for role in NEEDED[table]:
        if role not in declared and role not in constants:
            raise UncountedError(
                f"The table of {table} has no '{role}'. Say which column it is:"
                f" columns={{'{table}': …}}."
            )


def _read(
    source: Table,
    columns: Mapping[str, str],
    name: str,
    recodes: Mapping,
    encoding: str,
) -> pd.DataFrame:
    """Return a table's declared columns by role, sorted: text, "" where blank, and
    numbers, NaN where blank.
    """
    opened = open_source(source, list(columns.values()), encoding)
    parts = []
    for role, header in columns.items():
        column = opened.column(header, f"{name}' {role}")
        text = _recoded(column, recodes.get(role, {}))
        parts.append(f"{text} AS {identifier(role)}")
    frame = query(opened, f"SELECT {', '.join(parts)} FROM {opened.scan}").to_pandas()
    frame = frame.astype("str").where(frame.notna(), "")
    frame = frame.sort_values(list(columns), ignore_index=True, kind="stable")
    for role in ("country", "lives_in"):
        if role in frame:
            frame[role] = one_code(frame[role])
    for role in sorted(set(columns) & set(NUMBERS)):
        frame[role] = _numbers(frame[role], name)
    return frame


def _numbers(texts: pd.Series, table: str) -> np.ndarray:
    code, distinct = pd.factorize(texts)  # few values, many rows
    values = numbers(distinct.to_series())[code]
    wrong = texts[np.isinf(values)]
    if len(wrong):
        role, example = texts.name, wrong.iloc[0]
        raise UncountedError(
            f"The table of {table} has {role} '{example}', which is no number, in"
            f" {len(wrong):,} row(s). Mend it, or recode it:"
            f" recodes={{'{role}': {{'{example}': None}}}}."
        )
    return values


def _recoded(column: Column, codes: Mapping) -> str:
    """SQL for a column's text, its codes spelt out; a code for None is blank."""
    if not codes:
        return column.text
    cases = []
    for code, value in codes.items():
        text = "NULL" if value is None else literal(str(value))
        cases.append(f"WHEN {column.equals(code)} THEN {text}")
    return f"CASE {' '.join(cases)} ELSE {column.text} END"


def _with_defaults(
    frame: pd.DataFrame, constants: Mapping[str, object]
) -> pd.DataFrame:
    frame = frame.copy()
    for role, value in constants.items():
        frame[role] = str(value)
    if "country" in constants:
        frame["country"] = one_code(frame["country"])
    for role in ("interviewed", "year"):
        if role in constants:
            frame[role] = numbers(frame[role])
    defaults = {"weight": 1.0, "sex": "", "age": np.nan, "m": np.nan}
    for role, value in defaults.items():
        if role not in frame:
            frame[role] = value
    if "interviewed" not in frame:
        frame["interviewed"] = frame["year"]
    return frame


def _respondents(frame: pd.DataFrame, constants: Mapping[str, object]) -> pd.DataFrame:
    """Return the respondents with the constants and defaults; raises UncountedError for
    a wrong row.
    """
    frame = _with_defaults(frame, constants)
    if frame.empty:
        raise UncountedError(
            "The table of respondents has no rows. Check that it is the right file, and"
            " whole."
        )
    for role in frame.columns.drop(["sex", "age", "m"]):
        blank = frame[role].isna() | frame[role].isin(["", np.inf])
        fault = "no id" if role == "id" else f"no {role}, or none that can be read"
        _refuse(frame, blank, fault, "Give it")
    faults = [
        (
            frame["id"].duplicated(),
            "an id that another has too",
            "Give each respondent one row and its own id",
        ),
        (frame["weight"] < 0, "a negative weight", "Correct it"),
        (
            frame["year"] % 1 != 0,
            "a year that isn't whole",
            "Say when as 'interviewed'",
        ),
        (
            frame["age"] < ADULT,
            f"an age below {ADULT}",
            f"Only those of {ADULT} or older are in the frame",
        ),
    ]
    for wrong, fault, advice in faults:
        _refuse(frame, wrong, fault, advice)
    return frame.assign(year=frame["year"].astype(int))


def _members(
    respondents: pd.DataFrame, roster: pd.DataFrame, own_rows: pd.DataFrame
) -> pd.DataFrame:
    """Return everybody whom a respondent lists, the respondent first; a respondent's
    own row of the roster fills gaps.
    """
    defaults = {"sex": "", "through": "", "lives_in": "", "age": np.nan, "m": np.nan}
    for role, value in defaults.items():
        if role not in roster:
            roster = roster.assign(**{role: value})
    _check_roster(respondents, roster, own_rows)
    listed = roster.loc[own_rows.index].set_index("id").reindex(respondents["id"])
    selves = respondents[["id", "sex", "age", "m"]].assign(
        member=SELF, relationship=SELF, through="", lives_in=""
    )
    for role in ("age", "m"):
        filling = pd.Series(listed[role].to_numpy(), index=selves.index)
        selves[role] = selves[role].fillna(filling)
    sex = listed["sex"].fillna("").to_numpy()
    selves["sex"] = selves["sex"].where(selves["sex"] != "", sex)
    members = pd.concat([selves, roster.drop(own_rows.index)], ignore_index=True)
    country = members["id"].map(respondents.set_index("id")["country"])
    members["lives_in"] = members["lives_in"].where(members["lives_in"] != "", country)
    strange_sex = ~members["sex"].isin(["female", "male", ""])
    _refuse(members, strange_sex, "a sex that is not female or male", "Recode it")
    _refuse_ages(members)
    adult_at_home = (members["age"] >= ADULT) & (members["lives_in"] == country)
    eligible = adult_at_home | (members["relationship"] == SELF)
    return members.assign(eligible=eligible)


def _refuse_ages(rows: pd.DataFrame) -> None:
    impossible = (rows["age"] < 0) | (rows["age"] > OLDEST)
    _refuse(rows, impossible, "an age that nobody has", "Recode it")


def _check_roster(
    respondents: pd.DataFrame, roster: pd.DataFrame, own_rows: pd.DataFrame
) -> None:
    relationship = roster["relationship"]
    relationships = (SELF, *KIN, *THROUGH)
    for word in sorted(set(relationship.unique()) - set(relationships)):
        raise UncountedError(
            f"The roster has the relationship '{word}' in"
            f" {(relationship == word).sum():,} row(s), which is none that is reported"
            f" on.{did_you_mean(word, relationships)} Recode it, or leave those rows"
            " out."
        )
    faults = [
        (
            ~roster["id"].isin(respondents["id"]),
            "a respondent who is not in the respondents' table",
            "Add it",
        ),
        (roster["member"] == "", "no member", "Number the members of each roster"),
        (
            (roster["member"] == SELF) & (relationship != SELF),
            "a member called 'self' who is somebody else",
            "Call it otherwise",
        ),
        (
            roster.duplicated(["id", "member"]),
            "a member that is there twice",
            "Give each member one row",
        ),
    ]
    for wrong, fault, advice in faults:
        _refuse(roster, wrong, fault, advice)
    selves = roster.loc[own_rows.index]
    _refuse(selves, selves["id"].duplicated(), "a second 'self'", "Keep one")
    _check_links(roster)


def _check_links(roster: pd.DataFrame) -> None:
    """Raise UncountedError where 'through' names no relative of the right kind."""
    links = roster.loc[roster["through"] != ""]
    in_family = roster["id"].isin(links["id"].unique())
    family = roster.loc[in_family, ["id", "member", "relationship"]]
    links = links.assign(kin=links["relationship"].map(THROUGH))
    named = pd.MultiIndex.from_frame(links[["id", "through", "kin"]])
    exists = named.isin(pd.MultiIndex.from_frame(family))
    _refuse(
        links,
        pd.Series(~exists, index=links.index),
        "a 'through' that names no such relative of the respondent",
        "Name the member, or leave it blank",
    )


def check_ages(members: pd.DataFrame) -> None:
    """Raise UncountedError where the age that decides who is eligible is missing."""
    unknown = members["age"].isna() & (members["relationship"] != SELF)
    _refuse(
        members,
        unknown,
        f"no age, so that it isn't known who is {ADULT} or older",
        "Give it, or assume one",
    )


def _events(
    events: pd.DataFrame,
    respondents: pd.DataFrame,
    members: pd.DataFrame,
    own_rows: pd.DataFrame,
    outcomes: Mapping,
) -> pd.DataFrame:
    """Return events of reported persons with the time of the interview, sorted so that
    a person's latest event is the last.
    """
    for word in sorted(set(events["outcome"].unique()) - set(outcomes)):
        raise UncountedError(
            f"There are events of '{word}', to which no window is given."
            + did_you_mean(word, outcomes)
        )
    of_self = _persons(events).isin(_persons(own_rows))
    events = events.assign(member=events["member"].where(~of_self, SELF))
    immediate = members.loc[~members["relationship"].isin(THROUGH)]
    stranger = ~_persons(events).isin(_persons(immediate))
    _refuse(
        events,
        pd.Series(stranger, index=events.index),
        "somebody who is not a respondent or immediate family",
        "Mend it",
    )
    interviews = respondents.set_index("id").reindex(events["id"])
    events["interviewed"] = interviews["interviewed"].to_numpy()
    if "country" not in events:
        events["country"] = interviews["country"].to_numpy()
    next_year = np.floor(events["interviewed"]) + 1
    faults = [
        (
            events["country"] == "",
            "no country where it happened",
            "Write its code, at home too",
        ),
        (events["end"] < events["start"], "an end before its start", "Correct it"),
        (
            events[["start", "end"]].max(axis=1) >= next_year,
            "a start or end after the year of the interview",
            "Correct it",
        ),
    ]
    for wrong, fault, advice in faults:
        _refuse(events, wrong, fault, advice)
    _refuse_ages(events)
    order = ["id", "member", "start", "end", "outcome", "country", "age"]
    return events.sort_values(
        order, na_position="first", ignore_index=True, kind="stable"
    )


def _persons(rows: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(rows[list(PERSON)])


def _refuse(rows: pd.DataFrame, wrong: pd.Series, fault: str, advice: str) -> None:
    """Raise a sentence that counts the rows that are wrong and names the first."""
    if not wrong.any():
        return
    row = rows.loc[wrong].iloc[0]
    example = f"respondent '{row['id']}'"
    kind = "respondent"
    if "member" in rows:
        example = f"member '{row['member']}' of {example}"
        kind = "person"
    if "outcome" in rows:
        kind = "event"
    count = int(wrong.sum())
    have = f"1 {kind} has" if count == 1 else f"{count:,} {kind}s have"
    raise UncountedError(f"{have} {fault}, as {example}. {advice}.")
