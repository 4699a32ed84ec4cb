"""Families: respondents who report on their immediate family, as one weighted table of
reported persons.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from inspect import signature
from pathlib import Path

import numpy as np
import pandas as pd

from uncounted.errors import UncountedError, did_you_mean
from uncounted.figures.figure_card import MASK_BELOW, check_mask
from uncounted.interviews.column import identifier
from uncounted.interviews.declaration import (
    ABOUT,
    YES_OR_NO,
    Shapes,
    check_card,
    is_number,
    is_text,
    list_of,
    table_of,
)
from uncounted.interviews.design import check_policy
from uncounted.interviews.kinship import THROUGH
from uncounted.interviews.kinship import multiplicity as multiplicities
from uncounted.interviews.network import Table, check_ages, read_network
from uncounted.interviews.respondents import Respondents, read_respondents
from uncounted.interviews.source import held, query
from uncounted.world.age import Band, ordered, overlapping, parse_band

CARRIED = (
    "country",
    "year",
    "survey",
    "source",
    "stratum",
    "psu",
)  # what reported persons have of the respondent
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
SHAPES: Shapes = {  # of the words of a card
    "columns": ("tables of column names", table_of(table_of(is_text))),
    "recodes": (
        "tables of values",
        table_of(table_of(lambda value: not isinstance(value, dict | list))),
    ),
    "constants": (
        "a table of values",
        table_of(lambda value: not isinstance(value, dict | list)),
    ),
    "window_years": ("a table of years", table_of(is_number)),
    "among": (
        "tables with of and below",
        table_of(lambda value: isinstance(value, dict)),
    ),
    "ages": ("a list of age bands", list_of(is_text)),
    "nested": YES_OR_NO,
    "mask_below": ("a number", is_number),
}


@dataclass(frozen=True)
class Among:
    """An outcome among the persons of another: that it happened `below` an age, in
    years, to those of outcome `of`.
    """

    of: str
    below: float


@dataclass(frozen=True)
class Families:
    """Who was reported on, and what happened to them.

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

    def _repr_html_(self) -> str:
        windows = ", ".join(
            f"{outcome} ({years:g} years)"
            for outcome, years in self.window_years.items()
        )
        windows += "".join(
            f", {outcome} (among {share.of})" for outcome, share in self.among.items()
        )
        return (
            f"<b>{self.name}</b>: {len(self.interviews):,} respondents in"
            f" {self.interviews['country'].nunique()} countries report on"
            f" {len(self.persons):,} persons, themselves included; multiplicity:"
            f" {self.multiplicity}; {len(self.events):,} events within their windows;"
            f" outcomes: {windows}"
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
    share → {"of": outcome, "below": age}, as of those in forced marriage who were
    married below 18. Raises UncountedError for whatever is not as declared: nothing is
    dropped or repaired in silence.
    """
    bands = _bands(ages)
    check_policy(single_psu)
    check_mask(mask_below, name)
    _check_windows(window_years)
    shares = _shares(among or {}, window_years)
    sources = {"respondents": respondents, "roster": roster, "events": events}
    network = read_network(
        sources, columns, recodes or {}, constants or {}, window_years, encoding
    )
    if multiplicity != "asked":
        check_ages(network.members)
    rows = network.members.assign(m=multiplicities(network.members, multiplicity))
    persons = rows.loc[~rows["relationship"].isin(THROUGH)].drop(
        columns=["through", "eligible"]
    )
    carried = [role for role in CARRIED if role in network.respondents]
    persons = persons.merge(
        network.respondents[["id", "weight", *carried]], on="id", validate="m:1"
    )
    told = network.events
    begins = told["interviewed"] - told["outcome"].map(window_years).astype(float)
    return Families(
        name=name,
        persons=persons.assign(weight=persons["weight"] / persons["m"]),
        events=told.loc[told["end"].isna() | (told["end"] > begins)].reset_index(
            drop=True
        ),
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
    """Return the persons reported on as respondents of weight w_i/m_j, to whom an event
    at home happened or not.

    Sirken's estimator N̂ = Σ_i w_i Σ_j z_ij/m_j [Sirken 1970] is then the weighted
    total of persons j, and the prevalence N̂/Σ_i w_i Σ_j 1/m_j; `direct` linearises
    both over the respondents' strata and PSUs (a respondent is a PSU where none is
    declared: a family's reports are one cluster). A person with several events counts
    once, by the last. Cases have the age at which it happened, others, and all cases of
    an outcome without a window, the age now. Persons living abroad are left out unless
    the event was at home; events abroad are no cases (`reported_from_elsewhere`). n
    counts reports, and Kish's n of these weights is n·(N_cell/N_frame)/mean(1/m). An
    outcome `among` another's persons: these are asked, of the ages they have in that
    outcome, and they are cases if it happened below the age; everybody else stays in
    the design without an answer.
    """
    if outcome in families.among:
        return _reported_among(families, outcome, families.among[outcome])
    rows = _reports(families, outcome)
    return as_respondents(
        families, rows, {outcome: "case"}, ["sex", "age", "relationship", "window"]
    )


def _reports(families: Families, outcome: str) -> pd.DataFrame:
    """Return the persons reported on who live at home or are cases, with `case`, 0 or
    1, and `then`, the age at it.
    """
    home = events_of(families, outcome).merge(
        families.persons[["id", "member", "country"]], on=["id", "member"]
    )
    at = home.loc[home["country_x"] == home["country_y"]]
    last = at.drop_duplicates(["id", "member"], keep="last")[
        ["id", "member", "age"]
    ].rename(columns={"age": "then"})
    rows = families.persons.merge(last.assign(case=1), on=["id", "member"], how="left")
    case = rows["case"] == 1
    rows = rows.loc[case | (rows["lives_in"] == rows["country"])].assign(
        case=case.astype(int)
    )
    if families.window_years[outcome] > 0:
        rows = rows.assign(
            age=rows["age"].where(~case, rows["then"]),
            window=families.window_years[outcome],
        )
    return rows


def _reported_among(families: Families, outcome: str, share: Among) -> Respondents:
    """Return the reports of the outcome that the share is of, `answer` blank where that
    didn't happen.
    """
    rows = _reports(families, share.of)
    young = (rows["then"] < share.below).astype(float)
    rows = rows.assign(answer=young.where((rows["case"] == 1) & rows["then"].notna()))
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
    rows = rows if "psu" in rows else rows.assign(psu=rows["id"])
    roles = [role for role in ("weight", "psu", *CARRIED, *traits) if role in rows]
    read = read_respondents(
        rows,
        {role: role for role in roles},
        outcomes,
        cuts={
            "age": {
                band.label: (band.lower / 12, band.upper and band.upper / 12)
                for band in families.ages
            }
        },
        nested=families.nested,
        single_psu=families.single_psu,
        name=families.name,
        mask_below=families.mask_below,
    )
    columns = [*read.traits, *read.outcomes, "weight", "stratum", "psu"]
    table = query(
        read.source,
        f"SELECT {', '.join(map(identifier, columns))} FROM ({read.select})",
    )
    source = held(families.name, table)
    return replace(read, source=source, select=f"SELECT * FROM {source.scan}")


def events_of(families: Families, outcome: str) -> pd.DataFrame:
    """Return an outcome's events in its window, a person's last one last; raises
    UncountedError for an unknown one.
    """
    if outcome not in families.window_years:
        known = [*families.window_years, *families.among]
        raise UncountedError(
            f"{families.name} has no outcome '{outcome}'.{did_you_mean(outcome, known)}"
        )
    return families.events.loc[families.events["outcome"] == outcome]


def read_family_card(folder: Path) -> Families:
    """Read a family survey through its `survey.toml`: beside ABOUT, its words are
    `read_families`' arguments.

    `respondents`, `roster` and `events` name files of the folder. Raises
    UncountedError, naming the card, for what no card has or what `read_families`
    refuses.
    """
    card = folder / "survey.toml"
    words = tomllib.loads(card.read_text(encoding="utf-8"))
    check_card(
        words, [*ABOUT, *signature(read_families).parameters], NEEDED, SHAPES, str(card)
    )
    given = {word: value for word, value in words.items() if word not in ABOUT}
    given |= {
        file: folder / words[file] for file in ("respondents", "roster", "events")
    }
    try:
        return read_families(**{"name": words["title"], **given})
    except UncountedError as error:
        raise UncountedError(f"{card}: {error}") from error


def _bands(ages: Sequence[str]) -> tuple[Band, ...]:
    bands = ordered(
        parse_band(age) for age in ([ages] if isinstance(ages, str) else ages)
    )
    if not bands:
        raise UncountedError(
            "No age band is named. Give some: ages=['0-14', '15-29', '30+']."
        )
    if both := overlapping(bands):
        raise UncountedError(
            f"The ages {both[0].label} and {both[1].label} overlap. Give bands that"
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
        right = (
            isinstance(words, Mapping)
            and set(words) == {"of", "below"}
            and is_number(words["below"])
        )
        if outcome in window_years or not right:
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
