"""Fieldwork: the respondents of a programme's surveys, and the people on their
lists.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from uncounted.interviews.kinship import ADULT
from uncounted.simulate.generations import HOME, Population, population
from uncounted.simulate.scheme import Fieldwork
from uncounted.world.age import Band
from uncounted.world.world import World, persons

# ages at which some live abroad: adults of all ages, for it happens at all ages
AWAY = (18.0, 130.0)


@dataclass(frozen=True)
class Reports:
    """The respondents and the people on their lists; all are of one simulated
    population, and each survey has people of its own.

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


def plan(
    survey: Fieldwork,
    world: World,
    seed: int,
) -> pd.DataFrame:
    """Draw the surveys, each with a country, a year and a kind of source: survey,
    country, year, source, respondents.

    Countries are drawn without replacement with probability ∝ persons^size_power in
    turn [Efraimidis & Spirakis 2006], whatever their prevalence; some of them are
    surveyed twice, in the first and the last year.
    """
    rng = np.random.default_rng(seed)
    size = _persons(world, Band(0, None), survey.years[0])
    size = size[size >= survey.smallest]
    turn = rng.exponential(size=len(size)) / size.to_numpy() ** survey.size_power
    order = np.argsort(turn, kind="stable")
    chosen = size.index.to_numpy()[order[: survey.countries]]
    year = rng.choice(survey.years, survey.countries)
    again = rng.permutation(chosen)[: survey.again]
    year = np.where(np.isin(chosen, again), survey.years[0], year)
    surveys = pd.DataFrame({"country": chosen, "year": year})
    repeats = pd.DataFrame({"country": again, "year": survey.years[-1]})
    surveys = pd.concat([surveys, repeats], ignore_index=True)
    kinds, shares = list(survey.sources), list(survey.sources.values())
    low, high = survey.respondents
    surveys = surveys.assign(
        survey=surveys["country"] + "-" + surveys["year"].astype("str"),
        source=rng.choice(kinds, len(surveys), p=shares),
        respondents=rng.integers(low, high + 1, len(surveys)),
    )
    surveys = surveys.sort_values("survey", kind="stable", ignore_index=True)
    return surveys[["survey", "country", "year", "source", "respondents"]]


def interview(
    survey: Fieldwork,
    surveys: pd.DataFrame,
    world: World,
    seed: int,
) -> Reports:
    """Draw PSUs of every stratum and `take` people of each, without replacement, and
    list their immediate families.

    w ∝ M_h/m_h · N_p/n_p, PSUs drawn of those in the stratum, people of those eligible
    in the PSU; scaled so that weights add up, on average, to the country's people of 15
    or more. The template of families is drawn from the seed too; those of its people
    who live abroad live in host countries in proportion to the hosts' people.
    """
    seeds = np.random.SeedSequence(seed).generate_state(3).tolist()
    family_seed, respondent_seed, host_seed = seeds
    strata = len(survey.strata)
    people = population(family_seed, survey.couples, strata, survey.psus, AWAY)
    rng = np.random.default_rng(respondent_seed)
    respondents = _respondents(survey, surveys, people.persons, rng)
    scales = scale(surveys, world, people.persons).to_numpy()
    respondents["weight"] *= scales[respondents["survey"]]
    listed = _listed(respondents, people.kin)
    who, listed["who"] = _once(respondents, listed)
    rng = np.random.default_rng(host_seed)
    host = _hosts(surveys, world, people.persons, who, rng)
    return Reports(surveys, people, respondents, listed, who.assign(host=host))


def _respondents(
    survey: Fieldwork,
    surveys: pd.DataFrame,
    people: pd.DataFrame,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return the persons interviewed: survey, psu, interviewed, stratum, person,
    weight.
    """
    eligible = people.loc[people["eligible"]].sort_values("psu", kind="stable")
    size = np.bincount(eligible["psu"], minlength=len(survey.strata) * survey.psus)
    start = np.cumsum(size) - size
    psus = _psus(survey, surveys, rng)
    row, among = _grouped(size[psus["psu"].to_numpy()])
    order = np.lexsort((rng.random(len(row)), row))
    kept = order[among < survey.take]
    chosen = psus.iloc[row[kept]].reset_index(drop=True)
    psu = chosen["psu"]
    within = size / np.maximum(np.minimum(size, survey.take), 1)
    weight = within[psu] / chosen.pop("drawn")
    return chosen.assign(
        stratum=psu // survey.psus,
        person=eligible.index.to_numpy()[start[psu] + among[kept]],
        weight=weight,
    )


def _psus(
    survey: Fieldwork,
    surveys: pd.DataFrame,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return the PSUs drawn of each survey: survey, psu, drawn (the share of the
    stratum's PSUs), interviewed.
    """
    respondents = surveys["respondents"].to_numpy()[:, None]
    count = respondents / survey.take * np.array(survey.strata)
    count = np.rint(count).astype(int).clip(2, survey.psus)
    turn = rng.random((len(surveys), len(survey.strata), survey.psus))
    order = turn.argsort(axis=2, kind="stable")
    rank = order.argsort(axis=2, kind="stable")
    row, stratum, psu = np.nonzero(rank < count[:, :, None])
    year = surveys["year"].to_numpy()[row]
    return pd.DataFrame(
        {
            "survey": row,
            "psu": stratum * survey.psus + psu,
            "drawn": (count / survey.psus)[row, stratum],
            "interviewed": year + rng.uniform(0.1, 0.9, len(row)).round(2),
        }
    )


def scale(
    surveys: pd.DataFrame,
    world: World,
    people: pd.DataFrame,
) -> pd.Series:
    """Return, by survey, how many persons one of the simulated population stands
    for.
    """
    adults = {}
    for year in surveys["year"].unique():
        adults[year] = _persons(world, Band(12 * ADULT, None), year)
    counts = []
    for country, year in zip(surveys["country"], surveys["year"], strict=True):
        counts.append(adults[year][country])
    return pd.Series(counts, index=surveys.index) / people["eligible"].sum()


def sizes(
    surveys: pd.DataFrame,
    world: World,
) -> pd.Series:
    """Return the persons of every country in the middle of the surveys' years."""
    return _persons(world, Band(0, None), int(surveys["year"].median()))


def _persons(
    world: World,
    ages: Band,
    year: int,
) -> pd.Series:
    """Return the persons of every country in a band of ages (countries,)."""
    cells = persons(world, [ages], year, nearest=True)
    return cells.sum(["sex", "age"]).to_series()


def _listed(
    respondents: pd.DataFrame,
    kin: pd.DataFrame,
) -> pd.DataFrame:
    """Return everybody on each respondent's list, the respondent first."""
    kin = kin.sort_values("person", kind="stable")
    person = respondents["person"]
    highest = max(person.max(), kin["person"].max())
    size = np.bincount(kin["person"], minlength=highest + 1)
    row, among = _grouped(size[person])
    start = np.cumsum(size) - size
    line = start[person.to_numpy()[row]] + among
    kinship = pd.DataFrame(
        {
            "respondent": row,
            "relationship": kin["relationship"].to_numpy()[line],
            "person": kin["relative"].to_numpy()[line],
        }
    )
    selves = pd.DataFrame(
        {
            "respondent": respondents.index,
            "relationship": "self",
            "person": person,
        }
    )
    both = pd.concat([selves, kinship], ignore_index=True)
    return both.sort_values("respondent", kind="stable", ignore_index=True)


def _once(
    respondents: pd.DataFrame,
    listed: pd.DataFrame,
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return each person on the lists of a survey's PSU, once, and the row of that
    table for each line of the lists.
    """
    columns = ["survey", "psu", "interviewed"]
    lines = respondents[columns].iloc[listed["respondent"]].reset_index(drop=True)
    lines = lines.assign(person=listed["person"].to_numpy())
    psu = lines["survey"] * (lines["psu"].max() + 1) + lines["psu"]
    code = psu * (lines["person"].max() + 1) + lines["person"]
    _, index, row = np.unique(code, return_index=True, return_inverse=True)
    return lines.iloc[index].reset_index(drop=True), row


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
    share = size / size.sum()
    countries = pd.Index(surveys["country"])
    home = world.places.index.get_indexer(countries)[who["survey"]]
    away = people["lives_in"].to_numpy()[who["person"]] != HOME
    host = np.where(away, home, -1)
    unplaced = away
    while unplaced.any():
        host[unplaced] = rng.choice(len(size), unplaced.sum(), p=share)
        unplaced = away & (host == home)
    return host


def _grouped(size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return, for groups of some sizes laid end to end, each member's group and place
    in it.
    """
    group = np.repeat(np.arange(len(size)), size)
    return group, np.arange(len(group)) - np.repeat(np.cumsum(size) - size, size)
