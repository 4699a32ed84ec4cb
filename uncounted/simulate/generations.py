"""Generations: a population of families of three generations, events of its people, and
surveys of them.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from uncounted.interviews.kinship import ADULT
from uncounted.interviews.network import SELF
from uncounted.world.age import Band

HOME, HOST, YEAR = "NPL", "QAT", 2022
ABROAD = 0.05  # share of those of certain ages who live abroad, with family at home
CONSTANTS = {"country": HOME, "year": YEAR}
ROLES = {
    "respondents": "id weight stratum psu sex age m",
    "roster": "id member relationship through sex age lives_in m",
    "events": "id member outcome age country start end",
}
# of Interviews, as `read_families` is to read them: each column is called by its role
COLUMNS = {
    table: dict(zip(roles.split(), roles.split(), strict=True))
    for table, roles in ROLES.items()
}


@dataclass(frozen=True)
class Population:
    """People, and their immediate families.

    persons: sex, age, stratum, psu, lives_in, eligible (15 or older, at home), nest
    (the nuclear family) and m, the number of eligible people who would report the
    person. kin: person, relative and relationship (what the relative is to the person),
    every pair both ways; persons by their row.
    """

    persons: pd.DataFrame
    kin: pd.DataFrame


@dataclass(frozen=True)
class Interviews:
    """The three tables of a survey, with the columns of COLUMNS; m is the truth."""

    respondents: pd.DataFrame
    roster: pd.DataFrame
    events: pd.DataFrame


def population(
    seed: int,
    couples: int = 4000,
    strata: int = 4,
    psus: int = 40,
    away: tuple[float, float] = (18, 45),
) -> Population:
    """Simulate `couples`, their children, who marry each other, and the children of
    these.

    Two families share a couple, so immediate family is not transitive: my brother's
    wife is his, and not mine. 3.6 and 2.8 children a couple, as far as born by now, 18
    to 42 years younger than the mother; husbands are about 4 years older. Single
    children live with their parents, couples in the PSU of the husband's parents or any
    other of the stratum. psus: PSUs of each stratum. away: ages of which some live
    abroad.
    """
    rng = np.random.default_rng(seed)
    grandparents = _couples(rng, couples, strata, psus)
    parents = _married(_children(grandparents, rng, 3.6), rng, psus, couples)
    children = _children(parents, rng, 2.8)
    everybody = pd.concat([grandparents, parents, children], ignore_index=True)
    mortality = (everybody["age"] / 100).clip(0, 1) ** 6
    alive = everybody.loc[rng.random(len(everybody)) > mortality]
    return _population(alive.reset_index(drop=True), rng, psus, away)


def _couples(
    rng: np.random.Generator,
    couples: int,
    strata: int,
    psus: int,
) -> pd.DataFrame:
    """Return the oldest generation, all of them married."""
    women = pd.DataFrame(
        {
            "sex": "female",
            "age": rng.normal(66, 8, couples).clip(45, 95),
            "stratum": rng.integers(strata, size=couples),
            "psu": rng.integers(psus, size=couples),
            "union": np.arange(couples),
            "parents": -1,
        }
    )
    men = women.assign(sex="male", age=women["age"] + rng.normal(4, 3, couples))
    return pd.concat([women, men], ignore_index=True)


def _children(
    couples: pd.DataFrame,
    rng: np.random.Generator,
    mean: float,
) -> pd.DataFrame:
    """Draw the children of all couples, with the mother's stratum and PSU."""
    married_women = (couples["sex"] == "female") & (couples["union"] >= 0)
    mothers = couples.loc[married_women]
    births = rng.poisson(mean, len(mothers))
    mother = mothers.loc[mothers.index.repeat(births)]
    children = mother[["stratum", "psu"]].assign(
        sex=rng.choice(["female", "male"], len(mother)),
        age=mother["age"] - rng.uniform(18, 42, len(mother)),
        parents=mother["union"],
        union=-1,
    )
    return children.loc[children["age"] >= 0].reset_index(drop=True)


def _married(
    people: pd.DataFrame,
    rng: np.random.Generator,
    psus: int,
    couples: int,
) -> pd.DataFrame:
    """Marry nine in ten of those over 20 within their stratum, near in age, never to a
    sibling. couples: of the generation before, which unions are numbered after.
    """
    size = len(people)
    suited = people["age"] + rng.normal(0, 2, size) - 4 * (people["sex"] == "male")
    marries = (people["age"] > 20) & (rng.random(size) < 0.9)
    single = people.assign(suited=suited, row=people.index).loc[marries]
    single = single.sort_values("suited", kind="stable")
    single["turn"] = single.groupby(["stratum", "sex"]).cumcount()
    women = single.loc[single["sex"] == "female"]
    men = single.loc[single["sex"] == "male"]
    pairs = women.merge(men, on=["stratum", "turn"])
    pairs = pairs.loc[pairs["parents_x"] != pairs["parents_y"]]
    with_parents = rng.random(len(pairs)) < 0.5
    elsewhere = rng.integers(psus, size=len(pairs))
    psu = np.where(with_parents, pairs["psu_y"], elsewhere)
    people = people.copy()
    for row in (pairs["row_x"], pairs["row_y"]):
        people.loc[row, "union"] = couples + np.arange(len(pairs))
        people.loc[row, "psu"] = psu
    return people


def _population(
    people: pd.DataFrame,
    rng: np.random.Generator,
    psus: int,
    ages_away: tuple[float, float],
) -> Population:
    away = people["age"].between(*ages_away) & (rng.random(len(people)) < ABROAD)
    persons = people[["sex", "age", "stratum"]].assign(
        psu=people["stratum"] * psus + people["psu"],
        lives_in=np.where(away, HOST, HOME),
        eligible=(people["age"] >= ADULT) & ~away,
        nest=people["union"].where(people["union"] >= 0, people["parents"]),
    )
    kin = _kin(people)
    would_report = persons["eligible"].reindex(kin["relative"])
    relatives = would_report.groupby(kin["person"].to_numpy()).sum()
    m = relatives.reindex(persons.index, fill_value=0) + persons["eligible"]
    return Population(persons.assign(m=m), kin)


def _kin(people: pd.DataFrame) -> pd.DataFrame:
    """Return every pair of immediate family, both ways: person, relative and
    relationship.
    """
    person = people.index
    parents = pd.DataFrame({"person": person, "couple": people["union"]})
    children = pd.DataFrame({"person": person, "couple": people["parents"]})
    parents = parents[parents["couple"] >= 0]
    children = children[children["couple"] >= 0]
    pairings = [
        ("spouse", parents, parents),
        ("child", parents, children),
        ("parent", children, parents),
        ("sibling", children, children),
    ]
    tables = []
    for relationship, persons, relatives in pairings:
        relatives = relatives.rename(columns={"person": "relative"})
        pairs = persons.merge(relatives, on="couple")
        tables.append(pairs.assign(relationship=relationship))
    kin = pd.concat(tables, ignore_index=True).query("person != relative")
    kin = kin[["person", "relative", "relationship"]]
    return kin.sort_values(["person", "relative"], kind="stable", ignore_index=True)


def events(
    population: Population,
    home: float | np.ndarray,
    seed: int,
    *,
    abroad: float = 0.0,
    clustering: float = 0.0,
    window_years: float = 5,
    outcome: str = "forced_labour",
) -> pd.DataFrame:
    """Draw events within the window: probabilities `home` (each person's) and, of those
    abroad, `abroad`.

    clustering: variance of a gamma factor, of mean 1, that a nuclear family shares.
    Columns person, outcome, age (at the start), country, start, end (NaN: going on).
    """
    rng = np.random.default_rng(seed)
    persons = population.persons
    nests, nest = np.unique(persons["nest"], return_inverse=True)
    frailty: np.ndarray | float = 1.0
    if clustering:
        frailty = rng.gamma(1 / clustering, clustering, len(nests))[nest]
    away = persons["lives_in"] != HOME
    probability = np.where(away, abroad, home) * frailty
    hit = persons.loc[rng.random(len(persons)) < probability]
    age = hit["age"].to_numpy()
    ago = rng.random(len(hit)) * age.clip(max=window_years)
    start = YEAR + 1 - ago
    end = start + rng.exponential(1.5, len(hit))
    table = pd.DataFrame(
        {
            "person": hit.index,
            "outcome": outcome,
            "age": np.floor(age - ago),
            "country": hit["lives_in"],
            "start": start,
            "end": np.where(end < YEAR + 1, end, np.nan),
        }
    )
    return table.reset_index(drop=True)


def truth(
    population: Population,
    events: pd.DataFrame,
    ages: tuple[Band, ...],
) -> pd.DataFrame:
    """Return persons at home, victims at home (by age while exploited) and prevalence
    by sex × age band.
    """
    persons = population.persons
    at_home = persons.loc[persons["lives_in"] == HOME]
    victims = events.loc[events["country"] == HOME]
    sex_of_victim = persons["sex"].reindex(victims["person"]).to_numpy()
    victims = victims.assign(sex=sex_of_victim)
    rows = []
    for sex in ("female", "male"):
        for band in ages:
            row = {
                "sex": sex,
                "age": band.label,
                "persons": _count(at_home, sex, band),
                "victims": _count(victims, sex, band),
            }
            rows.append(row)
    table = pd.DataFrame(rows)
    return table.assign(prevalence=table["victims"] / table["persons"])


def _count(
    rows: pd.DataFrame,
    sex: str,
    band: Band,
) -> int:
    """Return how many rows are of a sex and age band."""
    months = 12 * rows["age"]
    inside = (months >= band.lower) & (months < band.end)
    return ((rows["sex"] == sex) & inside).sum()


def interviews(
    population: Population,
    events: pd.DataFrame,
    seed: int,
    psus: int = 12,
    take: int = 21,
    further: bool = False,
) -> Interviews:
    """Interview `take` people in each of `psus` PSUs of every stratum, both drawn at
    random without replacement.

    w = M_h/m_h · N_p/n_p: PSUs drawn of those in the stratum, people of those eligible
    in the PSU. further: relatives' relatives are listed too.
    """
    people = population.persons.assign(age=np.floor(population.persons["age"]))
    rng = np.random.default_rng(seed)
    weights = _weights(people.loc[people["eligible"]], rng, psus, take)
    respondents = people.join(weights, how="inner").rename_axis("id").reset_index()
    kin = population.kin.rename(columns={"person": "id", "relative": "member"})
    listed = respondents[["id"]].merge(kin, on="id")
    reports = _reports(respondents["id"], listed, events)
    listed["through"] = ""
    if further:
        distant = _further(listed, population.kin)
        listed = pd.concat([listed, distant], ignore_index=True)
    traits = people[["sex", "age", "lives_in", "m"]]
    of_members = traits.reindex(listed["member"]).reset_index(drop=True)
    respondents = respondents[list(COLUMNS["respondents"])]
    return Interviews(respondents, listed.join(of_members), reports)


def _reports(
    respondents: pd.Series,
    listed: pd.DataFrame,
    events: pd.DataFrame,
) -> pd.DataFrame:
    """Return the events of respondents and of those whom they list, by respondent and
    member.
    """
    selves = pd.DataFrame({"id": respondents, "member": respondents})
    lines = pd.concat([listed[["id", "member"]], selves])
    reports = lines.merge(events.rename(columns={"person": "member"}), on="member")
    of_relative = reports["member"] != reports["id"]
    reports["member"] = reports["member"].astype("str").where(of_relative, SELF)
    return reports


def _further(
    listed: pd.DataFrame,
    kin: pd.DataFrame,
) -> pd.DataFrame:
    """Return relatives' relatives whom the respondent hasn't listed yet, each through
    one relative.
    """
    distant = listed.merge(
        kin,
        left_on="member",
        right_on="person",
        suffixes=("", "_distant"),
    )
    distant["relationship"] += "'s " + distant["relationship_distant"]
    through = distant["member"].astype("str")
    distant = distant.assign(through=through, member=distant["relative"])
    key = ["id", "member"]
    close = pd.MultiIndex.from_frame(listed[key])
    new = ~pd.MultiIndex.from_frame(distant[key]).isin(close)
    new &= (distant["member"] != distant["id"]).to_numpy()
    columns = [*key, "relationship", "through"]
    return distant.loc[new, columns].drop_duplicates(key)


def _weights(
    frame: pd.DataFrame,
    rng: np.random.Generator,
    psus: int,
    take: int,
) -> pd.DataFrame:
    """Draw PSUs and persons; return the weight of each person drawn."""
    frame_psus = _shuffled(frame.drop_duplicates("psu")[["psu", "stratum"]], rng)
    in_stratum = frame_psus.groupby("stratum")["psu"].transform("size")
    frame_psus["share"] = psus / in_stratum
    drawn_psus = frame_psus.groupby("stratum").head(psus)
    share = drawn_psus.set_index("psu")["share"]
    persons = frame.loc[frame["psu"].isin(share.index), ["psu"]]
    persons = _shuffled(persons, rng)
    persons["size"] = persons.groupby("psu")["u"].transform("size")
    drawn = persons.groupby("psu").head(take)
    size = drawn["size"]
    within = size.clip(lower=1) / size.clip(upper=take)
    return pd.DataFrame({"weight": within / drawn["psu"].map(share)})


def _shuffled(
    rows: pd.DataFrame,
    rng: np.random.Generator,
) -> pd.DataFrame:
    rows = rows.assign(u=rng.random(len(rows)))
    return rows.sort_values("u", kind="stable")
