"""Families: reports of respondents on their immediate family, as a weighted table of
persons.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from inspect import signature
from pathlib import Path

import numpy as np
import pandas as pd

from uncounted.errors import UncountedError, did_you_mean
from uncounted.figures.figure_card import MASK_BELOW, check_mask
from uncounted.glance import glance
from uncounted.interviews.column import identifier
from uncounted.interviews.declaration import ABOUT
from uncounted.interviews.design import check_policy
from uncounted.interviews.kinship import THROUGH
from uncounted.interviews.kinship import multiplicity as multiplicities
from uncounted.interviews.network import Table, check_ages, read_network
from uncounted.interviews.respondents import Respondents, read_respondents
from uncounted.interviews.source import held, query
from uncounted.world.age import Band, ordered, overlapping, parse_band
from uncounted.world.card_file import (
    TEXT,
    YES_OR_NO,
    Shapes,
    check_words,
    is_number,
    is_single,
    is_table,
    is_text,
    list_of,
    read_toml,
    table_of,
)

# Traits and design that reported persons have of the respondent.
CARRIED = ("country", "year", "survey", "source", "stratum", "psu")
NEEDED = (
    "title",
    "respondents",
    "roster",
    "events",
    "columns",
    "multiplicity",
    "window_years",
    "ages",
)


# Shapes of the words of a card.
SHAPES: Shapes = {
    "columns": ("tables of column names", table_of(table_of(is_text))),
    "recodes": ("tables of values", table_of(table_of(is_single))),
    "constants": ("a table of values", table_of(is_single)),
    "window_years": ("a table of years", table_of(is_number)),
    "among": ("tables with of and below", table_of(is_table)),
    "ages": ("a list of age bands", list_of(is_text)),
    "nested": YES_OR_NO,
    "mask_below": ("a number", is_number),
}


@dataclass(frozen=True)
class Among:
    """An outcome among the persons of outcome `of`: that outcome happened `below` an
    age, in years.
    """

    of: str
    below: float


@dataclass(frozen=True)
class Families:
    """Reported persons and their events.

    persons: one row per respondent and per member of their immediate family: id (the
    respondent's), member, relationship, sex, age (now), lives_in, m, weight = w/m, and
    CARRIED of the respondent. events: one row per event in its outcome's window: id,
    member, outcome, country (where it happened), age (while exploited), start, end.
    interviews: one row per respondent. among: outcomes that are shares of another's
    persons.
    """

    name: str
    persons: pd.DataFrame
    events: pd.DataFrame
    interviews: pd.DataFrame
    ages: tuple[Band, ...]
    window_years: Mapping[str, float]
    multiplicity: str
    nested: bool
    single_psu: str
    among: Mapping[str, Among] = field(default_factory=dict)
    mask_below: float = MASK_BELOW

    def __repr__(self) -> str:
        outcomes = [
            f"{outcome} ({years:g} years)"
            for outcome, years in self.window_years.items()
        ]
        outcomes += [
            f"{outcome} (among {share.of})" for outcome, share in self.among.items()
        ]
        countries = self.interviews["country"].nunique()
        return glance(
            f"{self.name}: {len(self.interviews):,} respondents in"
            f" {countries} countries report on"
            f" {len(self.persons):,} persons, themselves included; multiplicity:"
            f" {self.multiplicity}; {len(self.events):,} events within their windows",
            f"Outcomes: {', '.join(outcomes)}",
        )


def read_families(
    respondents: Table,
    roster: Table,
    events: Table,
    columns: Mapping[str, Mapping[str, str]],
    *,
    multiplicity: str,
    window_years: Mapping[str, float],
    ages: Sequence[str],
    among: Mapping[str, Mapping] | None = None,
    recodes: Mapping[str, Mapping] | None = None,
    constants: Mapping[str, object] | None = None,
    nested: bool = False,
    single_psu: str = "error",
    name: str = "families",
    encoding: str = "utf-8",
    mask_below: float = MASK_BELOW,
) -> Families:
    """Read a survey whose respondents report on themselves, spouse, parents, children
    and siblings: three tables.

    columns: table → role → column. "respondents" have id, country, year (those needed;
    or constants), weight, stratum, psu, survey, source, interviewed (when, in years;
    else year), sex, age, m. "roster" has, a row for each member, id (of the
    respondent), member, relationship ("spouse", "parent", "child", "sibling"; "self" if
    listed; and, for multiplicity "derived" alone, relatives' relatives as "child's
    spouse"), through (whose), sex, age (now), lives_in (a country; blank: the
    interview's), m. "events" has id, member ("self" for the respondent), outcome, age
    (while exploited), country (where it happened; not declared: at home), start, end
    (blank: going on).

    multiplicity: "asked" (m of every person is a column), "derived" or "roster
    shortcut" (`kinship`); m_j counts the person's own relatives, and the person, who
    are 15 or older and live in the country. window_years: outcome → T. An event counts
    if end > interviewed − T and start is not after the interview; in whole years these
    are T calendar years. T = 0: going on at the interview. ages: age bands. among:
    share → {"of": outcome, "below": age}, such as the share of persons in forced
    marriage who were married below 18. Raises UncountedError for whatever is not as
    declared: nothing is dropped or repaired in silence.
    """
    bands = _bands(ages)
    check_policy(single_psu)
    check_mask(mask_below, name)
    _check_windows(window_years)
    shares = _shares(among or {}, window_years)
    sources = {
        "respondents": respondents,
        "roster": roster,
        "events": events,
    }
    network = read_network(
        sources, columns, recodes or {}, constants or {}, window_years, encoding
    )
    if multiplicity != "asked":
        check_ages(network.members)
    rows = network.members.assign(m=multiplicities(network.members, multiplicity))
    persons = rows.loc[~rows["relationship"].isin(THROUGH)]
    persons = persons.drop(columns=["through", "eligible"])
    carried = [role for role in CARRIED if role in network.respondents]
    interviews = network.respondents[["id", "weight", *carried]]
    persons = persons.merge(
        interviews,
        on="id",
        validate="m:1",
    )
    reports = network.events
    window = reports["outcome"].map(window_years).astype(float)
    begins = reports["interviewed"] - window
    in_window = reports["end"].isna() | (reports["end"] > begins)
    return Families(
        name=name,
        persons=persons.assign(weight=persons["weight"] / persons["m"]),
        events=reports.loc[in_window].reset_index(drop=True),
        interviews=network.respondents,
        ages=bands,
        window_years=dict(window_years),
        multiplicity=multiplicity,
        nested=nested,
        single_psu=single_psu,
        among=shares,
        mask_below=mask_below,
    )


def reported(families: Families, outcome: str) -> Respondents:
    """Return the reported persons as respondents of weight w_i/m_j; cases are those who
    had an event at home.

    Sirken's estimator N̂ = Σ_i w_i Σ_j z_ij/m_j [Sirken 1970] is then the weighted
    total of persons j, and the prevalence N̂/Σ_i w_i Σ_j 1/m_j; `direct` linearises
    both over the respondents' strata and PSUs (a respondent is a PSU where none is
    declared: a family's reports are one cluster). A person with several events counts
    once, by the last. The age of cases is that at the event; the age of others, and of
    all cases of an outcome without a window, is that at the interview. Persons living
    abroad are left out unless the event was at home; events abroad are no cases
    (`reported_from_elsewhere`). n counts reports, and Kish's n of these weights is
    n·(N_cell/N_frame)/mean(1/m). For an outcome `among` another's persons, these
    persons have an answer, with the ages of that outcome, and are cases if it happened
    below the age; everybody else stays in the design without an answer.
    """
    if outcome in families.among:
        return _reported_among(families, outcome, families.among[outcome])
    rows = _reports(families, outcome)
    return as_respondents(
        families, rows, {outcome: "case"}, ["sex", "age", "relationship", "window"]
    )


def _reports(families: Families, outcome: str) -> pd.DataFrame:
    """Return the reported persons who live at home or are cases, with `case`, 0 or 1,
    and `then`, the age at the event.
    """
    persons = families.persons
    events = events_of(families, outcome).merge(
        persons[["id", "member", "country"]],
        on=["id", "member"],
        suffixes=("", "_of_person"),
    )
    at_home = events.loc[events["country"] == events["country_of_person"]]
    latest = at_home.drop_duplicates(["id", "member"], keep="last")
    latest = latest[["id", "member", "age"]].rename(columns={"age": "then"})
    rows = persons.merge(
        latest.assign(case=1),
        on=["id", "member"],
        how="left",
    )
    case = rows["case"] == 1
    rows = rows.assign(case=case.astype(int))
    rows = rows.loc[case | (rows["lives_in"] == rows["country"])]
    years = families.window_years[outcome]
    if years > 0:
        age = rows["age"].where(rows["case"] == 0, rows["then"])
        rows = rows.assign(age=age, window=years)
    return rows


def _reported_among(
    families: Families,
    outcome: str,
    share: Among,
) -> Respondents:
    """Return the reports of the outcome that the share is of, `answer` blank for
    persons without that outcome.
    """
    rows = _reports(families, share.of)
    young = (rows["then"] < share.below).astype(float)
    answered = (rows["case"] == 1) & rows["then"].notna()
    rows = rows.assign(answer=young.where(answered))
    return as_respondents(
        families, rows, {outcome: "answer"}, ["sex", "age", "relationship"]
    )


def as_respondents(
    families: Families,
    rows: pd.DataFrame,
    outcomes: Mapping[str, str],
    traits: Sequence[str],
) -> Respondents:
    """Return reported persons as respondents in their reporters' design, their ages cut
    into the families' bands.
    """
    if "psu" not in rows:
        rows = rows.assign(psu=rows["id"])
    roles = [role for role in ("weight", "psu", *CARRIED, *traits) if role in rows]
    cuts = {}
    for band in families.ages:
        below = None if band.upper is None else band.upper / 12
        cuts[band.label] = (band.lower / 12, below)
    reports = read_respondents(
        rows,
        {role: role for role in roles},
        outcomes,
        cuts={"age": cuts},
        nested=families.nested,
        single_psu=families.single_psu,
        name=families.name,
        mask_below=families.mask_below,
    )
    names = [*reports.traits, *reports.outcomes, "weight", "stratum", "psu"]
    columns = ", ".join(map(identifier, names))
    table = query(reports.source, f"SELECT {columns} FROM ({reports.select})")
    source = held(families.name, table)
    return replace(
        reports,
        source=source,
        select=f"SELECT * FROM {source.scan}",
    )


def events_of(families: Families, outcome: str) -> pd.DataFrame:
    """Return an outcome's events in its window, a person's latest event last; raises
    UncountedError for an unknown outcome.
    """
    if outcome not in families.window_years:
        outcomes = [*families.window_years, *families.among]
        raise UncountedError(
            f"{families.name} has no outcome '{outcome}'."
            + did_you_mean(outcome, outcomes)
        )
    return families.events.loc[families.events["outcome"] == outcome]


def read_family_card(folder: Path) -> Families:
    """Read a family survey through its `survey.toml`: its words are ABOUT and the
    arguments of `read_families`.

    `respondents`, `roster` and `events` name files of the folder. Raises
    UncountedError, naming the card, for an unknown word and for whatever
    `read_families` refuses.
    """
    card = folder / "survey.toml"
    words = read_toml(card)
    vocabulary = [*ABOUT, *signature(read_families).parameters]
    check_words(words, dict.fromkeys(vocabulary, TEXT) | SHAPES, NEEDED, str(card))
    arguments = {"name": words["title"]}
    arguments |= {word: value for word, value in words.items() if word not in ABOUT}
    for file in ("respondents", "roster", "events"):
        arguments[file] = folder / words[file]
    try:
        return read_families(**arguments)
    except UncountedError as error:
        raise UncountedError(f"{card}: {error}") from error


def _bands(ages: Sequence[str]) -> tuple[Band, ...]:
    if isinstance(ages, str):
        ages = [ages]
    bands = ordered(parse_band(age) for age in ages)
    if not bands:
        raise UncountedError(
            "No age band is named. Give some: ages=['0-14', '15-29', '30+']."
        )
    overlap = overlapping(bands)
    if overlap:
        younger, older = overlap
        raise UncountedError(
            f"The ages {younger.label} and {older.label} overlap. Give bands that"
            " don't."
        )
    return bands


def _check_windows(window_years: Mapping[str, float]) -> None:
    if not isinstance(window_years, Mapping) or not window_years:
        raise UncountedError(
            "window_years names no outcome. Give each its years:"
            " window_years={'forced_labour': 5}."
        )
    for outcome, years in window_years.items():
        if not isinstance(years, int | float) or not 0 <= years < np.inf:
            raise UncountedError(
                f"window_years of '{outcome}' is {years!r}. Give a number of years, 0"
                " if it must be going on."
            )


def _shares(
    among: Mapping[str, Mapping], window_years: Mapping[str, float]
) -> dict[str, Among]:
    """Return the declared shares; raises UncountedError unless each has `of`, a known
    outcome, and `below`, an age.
    """
    shares = {}
    for outcome, words in among.items():
        complete = isinstance(words, Mapping) and set(words) == {"of", "below"}
        valid = complete and is_number(words["below"])
        if outcome in window_years or not valid:
            raise UncountedError(
                f"among says {outcome} = {words!r}. Give a share its own name, the"
                " outcome that it is a share of and an age in years: { of ="
                " 'forced_marriage', below = 18 }."
            )
        if words["of"] not in window_years:
            raise UncountedError(
                f"among says that {outcome} is a share of '{words['of']}', to which no"
                f" window is given.{did_you_mean(str(words['of']), window_years)}"
            )
        shares[outcome] = Among(words["of"], float(words["below"]))
    return shares
