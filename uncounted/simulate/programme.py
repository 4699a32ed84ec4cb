"""Programme: surveys of families in dozens of countries of a world whose truth is
known, as tables and as files.
"""

import json
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from uncounted.interviews.families import Families, read_families
from uncounted.interviews.network import SELF
from uncounted.model.card import Card, read_card
from uncounted.simulate.events import CHILD, happened
from uncounted.simulate.fieldwork import Reports, interview, plan
from uncounted.simulate.scheme import Scheme, read_scheme
from uncounted.simulate.truth import Truth, draw_truth
from uncounted.world.age import Band
from uncounted.world.world import World, read_world

CARD = """\
title     = "{title}"
kind      = "families"                        # respondents tell of themselves and of their immediate family
publisher = "uncounted simulate programme --seed {seed}"
licence   = "CC0"
changes   = "{chosen}"
respondents = "respondents.parquet"
roster      = "roster.parquet"
events      = "events.parquet"
multiplicity = "asked"                        # m: who is 15 or older, lives in the country and would tell of the person
ages = {ages}  # cut at the ends of the model cards' bands
window_years = {{ {windows} }}   # T of "in the last T years"; 0: going on at the interview
among = {{ {among} }}   # of those in an outcome: to whom it happened below an age

[columns.respondents]                         # what uncounted calls it = what the file calls it
{respondents}

[columns.roster]
{roster}

[columns.events]
{events}
"""
TITLE = "Simulated survey programme, seed {seed}: nobody was interviewed"
FEW = 1000  # a column of fewer texts than this is stored as categories
TABLES = ("respondents", "roster", "events")
CHOSEN = (
    "Drawn from the priors of the model cards that data/truth/generating.toml names."
)


@dataclass(frozen=True)
class Programme:
    """A simulated survey programme: three tables as `read_families` reads them, and the
    truth behind them.

    surveys: survey, country, year, source, respondents. respondents, roster, events:
    the columns are the roles of `read_families`. cards: the model cards that the world
    was drawn from.
    """

    seed: int
    scheme: Scheme
    cards: tuple[Card, ...]
    surveys: pd.DataFrame
    respondents: pd.DataFrame
    roster: pd.DataFrame
    events: pd.DataFrame
    truth: Truth

    @property
    def ages(self) -> list[str]:
        """The age bands of the survey: all ages, cut at the ends of the cards'
        bands.
        """
        ends = sorted(
            {
                end
                for card in self.cards
                for band in card.bands
                for end in (band.lower, band.upper)
                if end
            }
        )
        return [
            Band(*pair).label for pair in zip([0, *ends], [*ends, None], strict=True)
        ]

    def _repr_html_(self) -> str:
        return (
            f"<b>Simulated survey programme</b>, seed {self.seed}: {len(self.surveys)}"
            f" surveys of {self.surveys['country'].nunique()} countries;"
            f" {len(self.respondents):,} respondents list {len(self.roster):,}"
            f" relatives and tell of {len(self.events):,} events of"
            f" {escape(', '.join(card.outcome for card in self.cards))}"
        )


def simulate_programme(
    seed: int, scheme: Scheme | str | Path | None = None, world: World | None = None
) -> Programme:
    """Draw a true world and a programme of surveys of it; the same seed gives the same
    programme.

    scheme: a generating card, else the one that ships. A world of prevalence, durations
    of spells, surveys' errors and parts of hosts' victims that families abroad know of
    is drawn from the priors of the scheme's model cards (`draw_truth`), the surveyed
    countries at random (`plan`), their respondents from families of three generations
    (`interview`), and what happened to whom (`happened`): in every sex × age cell of a
    survey the weighted share of cases is, on average, what the truth says the survey
    shows. m is right, and asked.
    """
    scheme = scheme if isinstance(scheme, Scheme) else read_scheme(scheme)
    world = world or read_world()
    cards = tuple(
        read_card(name) for name in (*scheme.world.jointly, *scheme.world.among)
    )
    first, second, third, fourth = (
        np.random.SeedSequence(seed).generate_state(4).tolist()
    )
    surveys = plan(scheme.survey, world, first)
    truth = draw_truth(scheme, world, surveys, second)
    reports = interview(scheme.survey, surveys, world, third)
    told = happened(reports, truth, cards, world, scheme.survey.clustering, fourth)
    respondents, roster = _respondents(reports), _roster(reports, world)
    return Programme(
        seed,
        scheme,
        cards,
        surveys,
        respondents,
        roster,
        _events(reports, told, world),
        truth,
    )


def survey_of(programme: Programme) -> Families:
    """Return the programme as `read_survey` reads it from its files, without any
    file.
    """
    return read_families(
        programme.respondents,
        programme.roster,
        programme.events,
        {
            table: {role: role for role in getattr(programme, table).columns}
            for table in TABLES
        },
        multiplicity="asked",
        window_years=_windows(programme),
        ages=programme.ages,
        among=_among(programme),
        name=TITLE.format(seed=programme.seed),
    )


def write_programme(
    programme: Programme,
    surveys: str | Path,
    truth: str | Path | None = None,
    chosen: str = CHOSEN,
) -> Path:
    """Write a programme to a folder that `read_survey` reads: survey.toml and three
    Parquet files.

    truth: another folder, for what nobody knows outside a simulation: prevalence.csv,
    shown.csv (what surveys show), errors.csv, hosts.csv, durations.csv and
    parameters.csv. chosen: how the seed was chosen, for the card.
    """
    folder = Path(surveys)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "survey.toml").write_text(_card(programme, chosen), encoding="utf-8")
    for name in TABLES:
        packed = _packed(getattr(programme, name))
        packed.to_parquet(
            folder / f"{name}.parquet",
            index=False,
            compression="zstd",
            compression_level=19,
        )
    if truth is not None:
        write_truth(programme.truth, truth)
    return folder


def write_truth(truth: Truth, folder: str | Path) -> Path:
    """Write a truth as tables of six digits."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "prevalence": truth.prevalence,
        "shown": truth.seen,
        "errors": truth.errors,
        "hosts": truth.hosts,
        "durations": truth.durations,
        "parameters": truth.parameters,
    }
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False, float_format="%.6g")
    return folder


def _card(programme: Programme, chosen: str) -> str:
    tables = {table: _same(getattr(programme, table)) for table in TABLES}
    shares = [
        f'{name} = {{ of = "{of["of"]}", below = {of["below"]} }}'
        for name, of in _among(programme).items()
    ]
    windows = ", ".join(
        f"{outcome} = {years:g}" for outcome, years in _windows(programme).items()
    )
    return CARD.format(
        title=TITLE.format(seed=programme.seed),
        seed=programme.seed,
        chosen=chosen,
        ages=json.dumps(programme.ages),
        windows=windows,
        among=", ".join(shares),
        **tables,
    )


def _windows(programme: Programme) -> dict[str, float]:
    return {
        card.outcome: card.window_years or 0 for card in programme.cards if not card.of
    }


def _among(programme: Programme) -> dict[str, dict]:
    return {
        card.outcome: {"of": card.of, "below": CHILD}
        for card in programme.cards
        if card.of
    }


def _same(table: pd.DataFrame) -> str:
    return "\n".join(f'{name} = "{name}"' for name in table.columns)


def _packed(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose columns need little space: small whole numbers, texts of few
    values as categories.
    """
    kinds: dict[str, Any] = {}
    for name in table.columns:
        if table[name].dtype.kind == "i":
            kinds[name] = np.min_scalar_type(int(table[name].max()))
        elif table[name].dtype == "str" and table[name].nunique() < FEW:
            kinds[name] = "category"
    return table.astype(kinds)


def _respondents(reports: Reports) -> pd.DataFrame:
    asked, surveys = reports.respondents, reports.surveys
    of = reports.population.persons.iloc[asked["person"]].reset_index(drop=True)
    about = surveys.iloc[asked["survey"]].reset_index(drop=True)[
        ["survey", "country", "year", "source"]
    ]
    return about.assign(
        id=asked.index + 1,
        interviewed=asked["interviewed"],
        stratum=asked["stratum"] + 1,
        psu=asked["psu"] + 1,
        weight=asked["weight"].round(2),
        sex=of["sex"],
        age=np.floor(of["age"]).astype(int),
        m=of["m"].astype(int),
    )[["id", *about, "interviewed", "stratum", "psu", "weight", "sex", "age", "m"]]


def _roster(reports: Reports, world: World) -> pd.DataFrame:
    """Return those listed, without the respondents; lives_in is blank at home."""
    listed = _numbered(reports)
    listed = listed[listed["relationship"] != SELF]
    of = reports.population.persons.iloc[listed["person"]]
    host = reports.who["host"].to_numpy()[listed["who"]]
    codes = np.array([*world.places.index, ""])
    return pd.DataFrame(
        {
            "id": listed["respondent"].to_numpy() + 1,
            "member": listed["member"].to_numpy(),
            "relationship": listed["relationship"].to_numpy(),
            "sex": of["sex"].to_numpy(),
            "age": np.floor(of["age"].to_numpy()).astype(int),
            "lives_in": codes[host],
            "m": of["m"].to_numpy().astype(int),
        }
    )


def _numbered(reports: Reports) -> pd.DataFrame:
    """Return the lists with member: the respondent is "self", the others are
    numbered.
    """
    number = reports.listed.groupby("respondent").cumcount()
    return reports.listed.assign(member=number.astype("str").where(number > 0, SELF))


def _events(reports: Reports, told: pd.DataFrame, world: World) -> pd.DataFrame:
    """Return events as every respondent reports them who lists the person."""
    listed = _numbered(reports)[["respondent", "member", "who"]]
    rows = listed.merge(told, on="who")
    rows = rows.sort_values(
        ["respondent", "member", "outcome"], kind="stable", ignore_index=True
    )
    rows = rows.assign(
        id=rows["respondent"] + 1, country=np.asarray(world.places.index)[rows["place"]]
    )
    rows = rows.assign(start=rows["start"].round(3), end=rows["end"].round(3))
    return rows[["id", "member", "outcome", "age", "country", "start", "end"]]
