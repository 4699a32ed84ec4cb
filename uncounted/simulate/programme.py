"""Programme: surveys of families in dozens of countries of a world of known truth, as
tables and as files.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from uncounted.glance import glance
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
        ends = set()
        for card in self.cards:
            for band in card.bands:
                ends |= {band.lower, band.upper}
        cuts = sorted(end for end in ends if end)
        bands = zip([0, *cuts], [*cuts, None], strict=True)
        return [Band(lower, upper).label for lower, upper in bands]

    def __repr__(self) -> str:
        return glance(
            f"Simulated survey programme, seed {self.seed}: {len(self.surveys)}"
            f" surveys of {self.surveys['country'].nunique()} countries;"
            f" {len(self.respondents):,} respondents list {len(self.roster):,}"
            f" relatives and tell of {len(self.events):,} events of"
            f" {', '.join(card.outcome for card in self.cards)}"
        )


def simulate_programme(
    seed: int,
    scheme: Scheme | str | Path | None = None,
    world: World | None = None,
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
    if not isinstance(scheme, Scheme):
        scheme = read_scheme(scheme)
    world = world or read_world()
    names = (*scheme.world.jointly, *scheme.world.among)
    cards = tuple(read_card(name) for name in names)
    seeds = np.random.SeedSequence(seed).generate_state(4).tolist()
    plan_seed, truth_seed, interview_seed, event_seed = seeds
    fieldwork = scheme.survey
    surveys = plan(fieldwork, world, plan_seed)
    truth = draw_truth(scheme, world, surveys, truth_seed)
    reports = interview(fieldwork, surveys, world, interview_seed)
    clustering = fieldwork.clustering
    events = happened(reports, truth, cards, world, clustering, event_seed)
    return Programme(
        seed,
        scheme,
        cards,
        surveys,
        _respondents(reports),
        _roster(reports, world),
        _events(reports, events, world),
        truth,
    )


def survey_of(programme: Programme) -> Families:
    """Return the programme as `read_survey` reads it from its files, without any
    file.
    """
    columns = {}
    for table in TABLES:
        roles = getattr(programme, table).columns
        columns[table] = dict(zip(roles, roles, strict=True))
    return read_families(
        programme.respondents,
        programme.roster,
        programme.events,
        columns,
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
    tables = {table: _column_lines(getattr(programme, table)) for table in TABLES}
    shares = []
    for name, share in _among(programme).items():
        shares.append(f'{name} = {{ of = "{share["of"]}", below = {share["below"]} }}')
    windows = []
    for outcome, years in _windows(programme).items():
        windows.append(f"{outcome} = {years:g}")
    return CARD.format(
        title=TITLE.format(seed=programme.seed),
        seed=programme.seed,
        chosen=chosen,
        ages=json.dumps(programme.ages),
        windows=", ".join(windows),
        among=", ".join(shares),
        **tables,
    )


def _windows(programme: Programme) -> dict[str, float]:
    """Return the window of each outcome in years, 0 for a state at the interview."""
    windows = {}
    for card in programme.cards:
        if not card.of:
            windows[card.outcome] = card.window_years or 0
    return windows


def _among(programme: Programme) -> dict[str, dict]:
    """Return the shares of outcomes: of which outcome, and below which age."""
    shares = {}
    for card in programme.cards:
        if card.of:
            shares[card.outcome] = {"of": card.of, "below": CHILD}
    return shares


def _column_lines(table: pd.DataFrame) -> str:
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
    """Return the respondents, with what is asked of each."""
    drawn = reports.respondents
    persons = reports.population.persons.iloc[drawn["person"]].reset_index(drop=True)
    surveys = reports.surveys.iloc[drawn["survey"]].reset_index(drop=True)
    return pd.DataFrame(
        {
            "id": drawn.index + 1,
            "survey": surveys["survey"],
            "country": surveys["country"],
            "year": surveys["year"],
            "source": surveys["source"],
            "interviewed": drawn["interviewed"],
            "stratum": drawn["stratum"] + 1,
            "psu": drawn["psu"] + 1,
            "weight": drawn["weight"].round(2),
            "sex": persons["sex"],
            "age": np.floor(persons["age"]).astype(int),
            "m": persons["m"].astype(int),
        }
    )


def _roster(reports: Reports, world: World) -> pd.DataFrame:
    """Return the relatives listed, without the respondents; lives_in is blank at
    home.
    """
    listed = _numbered(reports)
    listed = listed[listed["relationship"] != SELF]
    persons = reports.population.persons.iloc[listed["person"]]
    host = reports.who["host"].to_numpy()[listed["who"]]
    codes = np.array([*world.places.index, ""])
    return pd.DataFrame(
        {
            "id": listed["respondent"].to_numpy() + 1,
            "member": listed["member"].to_numpy(),
            "relationship": listed["relationship"].to_numpy(),
            "sex": persons["sex"].to_numpy(),
            "age": np.floor(persons["age"].to_numpy()).astype(int),
            "lives_in": codes[host],
            "m": persons["m"].to_numpy().astype(int),
        }
    )


def _numbered(reports: Reports) -> pd.DataFrame:
    """Return the lists with member: the respondent is "self", the others are
    numbered.
    """
    number = reports.listed.groupby("respondent").cumcount()
    member = number.astype("str").where(number > 0, SELF)
    return reports.listed.assign(member=member)


def _events(
    reports: Reports,
    events: pd.DataFrame,
    world: World,
) -> pd.DataFrame:
    """Return events as every respondent reports them who lists the person."""
    listed = _numbered(reports)[["respondent", "member", "who"]]
    order = ["respondent", "member", "outcome"]
    rows = listed.merge(events, on="who")
    rows = rows.sort_values(order, kind="stable", ignore_index=True)
    codes = np.asarray(world.places.index)
    rows = rows.assign(
        id=rows["respondent"] + 1,
        country=codes[rows["place"]],
        start=rows["start"].round(3),
        end=rows["end"].round(3),
    )
    return rows[["id", "member", "outcome", "age", "country", "start", "end"]]
