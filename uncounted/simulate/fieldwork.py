"""Fieldwork: whom a programme's surveys interview, and whom these tell of."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from uncounted.interviews.kinship import ADULT
from uncounted.simulate.generations import HOME, Population, population
from uncounted.simulate.scheme import Fieldwork
from uncounted.world.age import Band
from uncounted.world.world import World, persons

AWAY = (
    18.0,
    130.0,
)  # ages at which some live abroad: adults of all ages, for it happens at all ages


@dataclass(frozen=True)
class Reports:
    """Who was interviewed and whom they list; people are of one simulated population,
    and each survey's its own.

    respondents: survey (row of `surveys`), psu, stratum, person (row of
    population.persons), weight, interviewed. listed: respondent (row of respondents),
    relationship, person, `who`. who: a line for each person of whom a PSU's respondents
    told, once: survey, psu, interviewed, person, host (row of world.places where they
    live, −1: at home). A sampled PSU has its own people: one who is in the families of
    two PSUs is two persons, as they would be in a country of millions.
    """

    surveys: pd.DataFrame
    population: Population
    respondents: pd.DataFrame
    listed: pd.DataFrame
    who: pd.DataFrame


def plan(survey: Fieldwork, world: World, seed: int) -> pd.DataFrame:
    """Draw which countries are surveyed, when, and by which kind of source: survey,
    country, year, source, respondents.

    Countries are drawn without replacement with probability ∝ persons^size_power in
    turn [Efraimidis & Spirakis 2006], whatever their prevalence; some of them are
    surveyed twice, in the first and the last year.
    """
    rng = np.random.default_rng(seed)
    size = (
        persons(world, [Band(0, None)], survey.years[0], nearest=True)
        .sum(["sex", "age"])
        .to_series()
    )
    size = size[size >= survey.smallest]
    turn = rng.exponential(size=len(size)) / size.to_numpy() ** survey.size_power
    chosen = size.index.to_numpy()[np.argsort(turn, kind="stable")[: survey.countries]]
    year = rng.choice(survey.years, survey.countries)
    again = rng.permutation(chosen)[: survey.again]
    once = pd.DataFrame(
        {
            "country": chosen,
            "year": np.where(np.isin(chosen, again), survey.years[0], year),
        }
    )
    rows = pd.concat(
        [once, pd.DataFrame({"country": again, "year": survey.years[-1]})],
        ignore_index=True,
    )
    low, high = survey.respondents
    rows = rows.assign(
        survey=rows["country"] + "-" + rows["year"].astype("str"),
        source=rng.choice(
            list(survey.sources), len(rows), p=list(survey.sources.values())
        ),
        respondents=rng.integers(low, high + 1, len(rows)),
    )
    rows = rows.sort_values("survey", kind="stable", ignore_index=True)
    return rows[["survey", "country", "year", "source", "respondents"]]


def interview(
    survey: Fieldwork, surveys: pd.DataFrame, world: World, seed: int
) -> Reports:
    """Draw PSUs of every stratum and `take` people of each, without replacement, and
    list their immediate families.

    w ∝ M_h/m_h · N_p/n_p, PSUs drawn of those in the stratum, people of those eligible
    in the PSU; scaled so that weights add up, on average, to the country's people of 15
    or more. The template of families is drawn from the seed too; those of its people
    who live abroad live in host countries in proportion to the hosts' people.
    """
    one, two, three = np.random.SeedSequence(seed).generate_state(3).tolist()
    people = population(one, survey.couples, len(survey.strata), survey.psus, AWAY)
    respondents = _respondents(
        survey, surveys, people.persons, np.random.default_rng(two)
    )
    respondents["weight"] *= scale(surveys, world, people.persons).to_numpy()[
        respondents["survey"]
    ]
    listed = _listed(respondents, people.kin)
    who, listed["who"] = _once(respondents, listed)
    host = _hosts(surveys, world, people.persons, who, np.random.default_rng(three))
    return Reports(surveys, people, respondents, listed, who.assign(host=host))


def _respondents(
    survey: Fieldwork,
    surveys: pd.DataFrame,
    people: pd.DataFrame,
    rng: np.random.Generator,
) -> pd.DataFrame:
    eligible = people.loc[people["eligible"]].sort_values("psu", kind="stable")
    size = np.bincount(eligible["psu"], minlength=len(survey.strata) * survey.psus)
    first = np.cumsum(size) - size
    drawn = _psus(survey, surveys, rng)
    at = drawn["psu"].to_numpy()
    row, among = _grouped(size[at])
    order = np.lexsort((rng.random(len(row)), row))
    kept = order[among < survey.take]
    chosen = drawn.iloc[row[kept]].reset_index(drop=True)
    taken = np.minimum(size, survey.take)
    weight = (size / np.maximum(taken, 1))[chosen["psu"]] / chosen.pop("drawn")
    return chosen.assign(
        stratum=chosen["psu"] // survey.psus,
        person=eligible.index.to_numpy()[first[chosen["psu"]] + among[kept]],
        weight=weight,
    )


def _psus(
    survey: Fieldwork, surveys: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """Return the PSUs drawn of each survey: survey, psu, drawn (the share of the
    stratum's PSUs), interviewed.
    """
    wanted = np.rint(
        surveys["respondents"].to_numpy()[:, None]
        / survey.take
        * np.array(survey.strata)
    ).astype(int)
    wanted = wanted.clip(2, survey.psus)
    turn = rng.random((len(surveys), len(survey.strata), survey.psus)).argsort(
        axis=2, kind="stable"
    )
    rank = turn.argsort(axis=2, kind="stable")
    at, stratum, psu = np.nonzero(rank < wanted[:, :, None])
    drawn = (wanted / survey.psus)[at, stratum]
    when = surveys["year"].to_numpy()[at] + rng.uniform(0.1, 0.9, len(at)).round(2)
    return pd.DataFrame(
        {
            "survey": at,
            "psu": stratum * survey.psus + psu,
            "drawn": drawn,
            "interviewed": when,
        }
    )


def scale(surveys: pd.DataFrame, world: World, people: pd.DataFrame) -> pd.Series:
    """Return, by survey, how many persons one of the simulated population stands
    for.
    """
    frame = {
        year: (
            persons(world, [Band(12 * ADULT, None)], year, nearest=True)
            .sum(["sex", "age"])
            .to_series()
        )
        for year in surveys["year"].unique()
    }
    adults = [
        frame[year][country]
        for country, year in zip(surveys["country"], surveys["year"], strict=True)
    ]
    return pd.Series(adults, index=surveys.index) / people["eligible"].sum()


def sizes(surveys: pd.DataFrame, world: World) -> pd.Series:
    """Return the persons of every country in the middle of the surveys' years."""
    year = int(surveys["year"].median())
    return (
        persons(world, [Band(0, None)], year, nearest=True)
        .sum(["sex", "age"])
        .to_series()
    )


def _listed(respondents: pd.DataFrame, kin: pd.DataFrame) -> pd.DataFrame:
    """Return everybody on each respondent's list, the respondent first."""
    of = kin.sort_values("person", kind="stable")
    size = np.bincount(
        of["person"], minlength=max(respondents["person"].max(), of["person"].max()) + 1
    )
    row, among = _grouped(size[respondents["person"]])
    at = (np.cumsum(size) - size)[respondents["person"].to_numpy()[row]] + among
    kinship = pd.DataFrame(
        {
            "respondent": row,
            "relationship": of["relationship"].to_numpy()[at],
            "person": of["relative"].to_numpy()[at],
        }
    )
    selves = pd.DataFrame(
        {
            "respondent": respondents.index,
            "relationship": "self",
            "person": respondents["person"],
        }
    )
    both = pd.concat([selves, kinship], ignore_index=True)
    return both.sort_values("respondent", kind="stable", ignore_index=True)


def _once(
    respondents: pd.DataFrame, listed: pd.DataFrame
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return each person of whom a survey's PSU told, once, and which of them a line of
    the lists is.
    """
    at = (
        respondents[["survey", "psu", "interviewed"]]
        .iloc[listed["respondent"]]
        .reset_index(drop=True)
    )
    every = at.assign(person=listed["person"].to_numpy())
    code = (every["survey"] * (every["psu"].max() + 1) + every["psu"]) * (
        every["person"].max() + 1
    ) + every["person"]
    _, first, which = np.unique(code, return_index=True, return_inverse=True)
    return every.iloc[first].reset_index(drop=True), which


def _hosts(
    surveys: pd.DataFrame,
    world: World,
    people: pd.DataFrame,
    who: pd.DataFrame,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return where those who live abroad do: a row of world.places, never the survey's
    own; −1 at home.
    """
    size = sizes(surveys, world).to_numpy()
    own = world.places.index.get_indexer(pd.Index(surveys["country"]))[who["survey"]]
    away = people["lives_in"].to_numpy()[who["person"]] != HOME
    host = np.where(away, own, -1)
    while (same := away & (host == own)).any():
        host[same] = rng.choice(len(size), same.sum(), p=size / size.sum())
    return host


def _grouped(size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return, for groups of given sizes laid end to end, each member's group and place
    in it.
    """
    group = np.repeat(np.arange(len(size)), size)
    return group, np.arange(len(group)) - np.repeat(np.cumsum(size) - size, size)
