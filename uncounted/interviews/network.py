"""Network: the three tables of a family-network survey, read and checked against each
other.
"""

from collections.abc import Mapping
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
ROLES = {
    "respondents": ("id", "weight", "stratum", "psu", *SURVEY, "sex", "age", "m"),
    "roster": (
        "id",
        "member",
        "relationship",
        "through",
        "sex",
        "age",
        "lives_in",
        "m",
    ),
    "events": ("id", "member", "outcome", "age", "country", "start", "end"),
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
    """Tables that agree with each other: respondents, members (the respondents
    themselves among them), events.

    members: the roles of "roster", and eligible: 15 or older, living in the country of
    the interview.
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
    """Read respondents, roster and events; raises UncountedError for what contradicts
    itself or another table.
    """
    _check_words(columns, recodes, constants)
    read = {
        what: _read(sources[what], columns[what], what, recodes, encoding)
        for what in ROLES
    }
    respondents = _respondents(read["respondents"], constants)
    roster, told = read["roster"], read["events"]
    own = roster.loc[roster["relationship"] == SELF]
    members = _members(respondents, roster, own)
    return Network(
        respondents, members, _events(told, respondents, members, own, outcomes)
    )


def _check_words(columns: Mapping, recodes: Mapping, constants: Mapping) -> None:
    for what in [*columns, *ROLES]:
        if what not in ROLES or what not in columns:
            told = (
                "is no table of a family survey"
                if what not in ROLES
                else "has no columns declared"
            )
            raise UncountedError(f"'{what}' {told}.{did_you_mean(what, ROLES)}")
    for role in constants:
        if role not in SURVEY or role in columns["respondents"]:
            told = "a column too" if role in SURVEY else "none of " + ", ".join(SURVEY)
            raise UncountedError(
                f"The constant '{role}' is {told}. Constants are what all interviews"
                " share."
            )
    for what, known in ROLES.items():
        for role in columns[what]:
            if role not in known:
                raise UncountedError(
                    f"The table of {what} has no role"
                    f" '{role}'.{did_you_mean(role, known)}"
                )
        for role in NEEDED[what]:
            if role not in columns[what] and not (
                what == "respondents" and role in constants
            ):
                raise UncountedError(
                    f"The table of {what} has no '{role}'. Say which column it is:"
                    f" columns={{'{what}': …}}."
                )
    for role in recodes:
        if not any(role in declared for declared in columns.values()):
            raise UncountedError(
                f"Codes are given for '{role}', which names no column."
            )


def _read(
    source: Table,
    columns: Mapping[str, str],
    what: str,
    recodes: Mapping,
    encoding: str,
) -> pd.DataFrame:
    """Return a table's declared columns by role, sorted: text, "" where blank, and
    numbers, NaN where blank.
    """
    opened = open_source(source, list(columns.values()), encoding)
    found = {
        role: opened.column(column, f"{what}' {role}")
        for role, column in columns.items()
    }
    parts = [
        f"{_recoded(column, recodes.get(role, {}))} AS {identifier(role)}"
        for role, column in found.items()
    ]
    frame = query(opened, f"SELECT {', '.join(parts)} FROM {opened.scan}").to_pandas()
    frame = (
        frame.astype("str")
        .where(frame.notna(), "")
        .sort_values(list(columns), ignore_index=True, kind="stable")
    )
    for role in sorted(set(columns) & {"country", "lives_in"}):
        frame[role] = one_code(frame[role])
    for role in sorted(set(columns) & set(NUMBERS)):
        code, texts = pd.factorize(frame[role])  # few values, many rows
        values = numbers(texts.to_series())[code]
        if np.isinf(values).any():
            shown = frame[role][np.isinf(values)].iloc[0]
            raise UncountedError(
                f"The table of {what} has {role} '{shown}', which is no number, in"
                f" {np.isinf(values).sum():,} row(s). Mend it, or recode it:"
                f" recodes={{'{role}': {{'{shown}': None}}}}."
            )
        frame[role] = values
    return frame


def _recoded(column: Column, codes: Mapping) -> str:
    """SQL for a column's text, its codes spelt out; a code for None is blank."""
    whens = [
        f"WHEN {column.equals(k)} THEN {'NULL' if v is None else literal(str(v))}"
        for k, v in codes.items()
    ]
    return f"CASE {' '.join(whens)} ELSE {column.text} END" if whens else column.text


def _respondents(read: pd.DataFrame, constants: Mapping[str, object]) -> pd.DataFrame:
    given = {role: str(value) for role, value in constants.items()}
    frame = read.assign(**given)
    if "country" in given:
        frame["country"] = one_code(frame["country"])
    for role in sorted({"year", "interviewed"} & set(given)):
        frame[role] = numbers(frame.loc[:, role])
    frame = frame.assign(
        **{
            role: value
            for role, value in {"weight": 1.0, "sex": ""}.items()
            if role not in frame
        }
    )
    frame = frame.assign(**{role: np.nan for role in ("age", "m") if role not in frame})
    if "interviewed" not in frame:
        frame["interviewed"] = frame["year"]
    if frame.empty:
        raise UncountedError(
            "The table of respondents has no rows. Check that it is the right file, and"
            " whole."
        )
    for role in frame.columns.drop(["sex", "age", "m"]):
        blank = frame[role].isna() | frame[role].isin(["", np.inf])
        _refuse(
            frame,
            blank,
            f"no {role}" if role == "id" else f"no {role}, or none that can be read",
            "Give it",
        )
    _refuse(
        frame,
        frame["id"].duplicated(),
        "an id that another has too",
        "Give each respondent one row and its own id",
    )
    _refuse(frame, frame["weight"] < 0, "a negative weight", "Correct it")
    _refuse(
        frame,
        frame["year"] % 1 != 0,
        "a year that isn't whole",
        "Say when as 'interviewed'",
    )
    _refuse(
        frame,
        frame["age"] < ADULT,
        f"an age below {ADULT}",
        f"Only those of {ADULT} or older are in the frame",
    )
    return frame.assign(year=frame["year"].astype(int))


def _members(
    respondents: pd.DataFrame, roster: pd.DataFrame, own: pd.DataFrame
) -> pd.DataFrame:
    """Return everybody whom a respondent lists, the respondent first; what the roster
    says of them fills gaps.
    """
    texts, values = (
        dict.fromkeys(("sex", "through", "lives_in"), ""),
        dict.fromkeys(("age", "m"), np.nan),
    )
    defaults = {
        role: value for role, value in (texts | values).items() if role not in roster
    }
    roster = roster.assign(**defaults)
    _check_roster(respondents, roster, own)
    told = roster.loc[own.index].set_index("id").reindex(respondents["id"])
    selves = respondents[["id", "sex", "age", "m"]].assign(
        member=SELF, relationship=SELF, through="", lives_in=""
    )
    for role in ("age", "m"):
        selves[role] = selves[role].fillna(
            pd.Series(told[role].to_numpy(), index=selves.index)
        )
    selves["sex"] = selves["sex"].where(
        selves["sex"] != "", told["sex"].fillna("").to_numpy()
    )
    members = pd.concat([selves, roster.drop(own.index)], ignore_index=True)
    country = members["id"].map(respondents.set_index("id")["country"])
    members["lives_in"] = members["lives_in"].where(members["lives_in"] != "", country)
    _refuse(
        members,
        ~members["sex"].isin(["female", "male", ""]),
        "a sex that is not female or male",
        "Recode it",
    )
    _refuse(
        members,
        (members["age"] < 0) | (members["age"] > OLDEST),
        "an age that nobody has",
        "Recode it",
    )
    eligible = ((members["age"] >= ADULT) & (members["lives_in"] == country)) | (
        members["relationship"] == SELF
    )
    return members.assign(eligible=eligible)


def _check_roster(
    respondents: pd.DataFrame, roster: pd.DataFrame, own: pd.DataFrame
) -> None:
    known = (SELF, *KIN, *THROUGH)
    for word in sorted(set(roster["relationship"].unique()) - set(known)):
        raise UncountedError(
            f"The roster has the relationship '{word}' in"
            f" {(roster['relationship'] == word).sum():,} row(s), which is none that is"
            f" reported on.{did_you_mean(word, known)} Recode it, or leave those rows"
            " out."
        )
    _refuse(
        roster,
        ~roster["id"].isin(respondents["id"]),
        "a respondent who is not in the respondents' table",
        "Add it",
    )
    _refuse(
        roster, roster["member"] == "", "no member", "Number the members of each roster"
    )
    taken = (roster["member"] == SELF) & (roster["relationship"] != SELF)
    _refuse(
        roster,
        taken,
        "a member called 'self' who is somebody else",
        "Call it otherwise",
    )
    _refuse(
        roster,
        roster.duplicated(["id", "member"]),
        "a member that is there twice",
        "Give each member one row",
    )
    _refuse(
        roster.loc[own.index], own["id"].duplicated(), "a second 'self'", "Keep one"
    )
    link = roster.loc[roster["through"] != ""]
    near = roster.loc[
        roster["id"].isin(link["id"].unique()), ["id", "member", "relationship"]
    ]
    kin = pd.MultiIndex.from_frame(near)
    asked = link.assign(near=link["relationship"].map(THROUGH))[
        ["id", "through", "near"]
    ]
    bad = ~pd.Series(pd.MultiIndex.from_frame(asked).isin(kin), index=link.index)
    _refuse(
        link,
        bad,
        "a 'through' that names no such relative of the respondent",
        "Name the member, or leave it blank",
    )


def check_ages(members: pd.DataFrame) -> None:
    """Raise UncountedError where it isn't known who is old enough to be eligible."""
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
    own: pd.DataFrame,
    outcomes: Mapping,
) -> pd.DataFrame:
    """Return events of reported persons, with when their respondent was interviewed, by
    person, the last last.
    """
    for word in sorted(set(events["outcome"].unique()) - set(outcomes)):
        raise UncountedError(
            f"There are events of '{word}', to which no window is"
            f" given.{did_you_mean(word, outcomes)}"
        )
    of_self = pd.MultiIndex.from_frame(events[["id", "member"]]).isin(
        pd.MultiIndex.from_frame(own[["id", "member"]])
    )
    events = events.assign(member=events["member"].where(~of_self, SELF))
    near = members.loc[~members["relationship"].isin(THROUGH), ["id", "member"]]
    known = pd.MultiIndex.from_frame(events[["id", "member"]]).isin(
        pd.MultiIndex.from_frame(near)
    )
    _refuse(
        events,
        ~pd.Series(known, index=events.index),
        "somebody who is not a respondent or immediate family",
        "Mend it",
    )
    at = respondents.set_index("id").reindex(events["id"])
    events["interviewed"] = at["interviewed"].to_numpy()
    if "country" not in events:
        events["country"] = at["country"].to_numpy()
    _refuse(
        events,
        events["country"] == "",
        "no country where it happened",
        "Write its code, at home too",
    )
    _refuse(
        events, events["end"] < events["start"], "an end before its start", "Correct it"
    )
    begun = events[["start", "end"]].max(axis=1) >= np.floor(events["interviewed"]) + 1
    _refuse(
        events, begun, "a start or end after the year of the interview", "Correct it"
    )
    _refuse(
        events,
        (events["age"] < 0) | (events["age"] > OLDEST),
        "an age that nobody has",
        "Recode it",
    )
    order = ["id", "member", "start", "end", "outcome", "country", "age"]
    return events.sort_values(
        order, na_position="first", ignore_index=True, kind="stable"
    )


def _refuse(rows: pd.DataFrame, bad: pd.Series, what: str, advice: str) -> None:
    """Raise a sentence that counts the rows that are wrong and names the first."""
    if bad.any():
        first = rows.loc[bad].iloc[0]
        of = (
            f"member '{first['member']}' of respondent"
            if "member" in rows
            else "respondent"
        )
        kind = (
            "event"
            if "outcome" in rows
            else "person"
            if "member" in rows
            else "respondent"
        )
        n = int(bad.sum())
        have = f"1 {kind} has" if n == 1 else f"{n:,} {kind}s have"
        raise UncountedError(f"{have} {what}, as {of} '{first['id']}'. {advice}.")
