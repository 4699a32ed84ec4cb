"""Families: a population of three generations, what happened to its people, and surveys
of them.
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
COLUMNS = {  # of Interviews, as `read_families` is to read them
    "respondents": {
        role: role for role in ("id", "weight", "stratum", "psu", "sex", "age", "m")
    },
    "roster": {
        role: role
        for role in (
            "id",
            "member",
            "relationship",
            "through",
            "sex",
            "age",
            "lives_in",
            "m",
        )
    },
    "events": {
        role: role
        for role in ("id", "member", "outcome", "age", "country", "start", "end")
    },
}


@dataclass(frozen=True)
class Population:
    """People, and who is immediate family of whom.

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
    wives = rng.normal(66, 8, couples).clip(45, 95)
    place = {
        "stratum": rng.integers(strata, size=couples),
        "psu": rng.integers(psus, size=couples),
    }
    women = pd.DataFrame(
        {
            "sex": "female",
            "age": wives,
            **place,
            "union": np.arange(couples),
            "parents": -1,
        }
    )
    men = women.assign(sex="male", age=wives + rng.normal(4, 3, couples))
    first = pd.concat([women, men], ignore_index=True)
    second = _married(_children(first, rng, 3.6), rng, psus, couples)
    third = _children(second, rng, 2.8)
    everybody = pd.concat([first, second, third], ignore_index=True)
    alive = rng.random(len(everybody)) > (everybody["age"] / 100).clip(0, 1) ** 6
    return _population(everybody.loc[alive].reset_index(drop=True), rng, psus, away)


def _children(
    couples: pd.DataFrame, rng: np.random.Generator, mean: float
) -> pd.DataFrame:
    mothers = couples.loc[(couples["sex"] == "female") & (couples["union"] >= 0)]
    mothers = mothers.loc[mothers.index.repeat(rng.poisson(mean, len(mothers)))]
    children = mothers[["stratum", "psu"]].assign(
        sex=rng.choice(["female", "male"], len(mothers)),
        age=mothers["age"] - rng.uniform(18, 42, len(mothers)),
        parents=mothers["union"],
        union=-1,
    )
    return children.loc[children["age"] >= 0].reset_index(drop=True)


def _married(
    people: pd.DataFrame, rng: np.random.Generator, psus: int, first: int
) -> pd.DataFrame:
    """Marry nine in ten of those over 20 within their stratum, near in age, never to a
    sibling.
    """
    suited = (
        people["age"] + rng.normal(0, 2, len(people)) - 4 * (people["sex"] == "male")
    )
    single = people.assign(suited=suited, row=people.index)
    single = single.loc[
        (people["age"] > 20) & (rng.random(len(people)) < 0.9)
    ].sort_values("suited", kind="stable")
    single["turn"] = single.groupby(["stratum", "sex"]).cumcount()
    sexes = [single.loc[single["sex"] == sex] for sex in ("female", "male")]
    pairs = sexes[0].merge(sexes[1], on=["stratum", "turn"])
    pairs = pairs.loc[pairs["parents_x"] != pairs["parents_y"]]
    home = np.where(
        rng.random(len(pairs)) < 0.5,
        pairs["psu_y"],
        rng.integers(psus, size=len(pairs)),
    )
    people = people.copy()
    for row in (pairs["row_x"], pairs["row_y"]):
        people.loc[row, "union"] = first + np.arange(len(pairs))
        people.loc[row, "psu"] = home
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
    kin = _kin(people.assign(person=people.index))
    relatives = (
        persons["eligible"]
        .reindex(kin["relative"])
        .groupby(kin["person"].to_numpy())
        .sum()
    )
    return Population(
        persons.assign(
            m=relatives.reindex(persons.index, fill_value=0) + persons["eligible"]
        ),
        kin,
    )


def _kin(people: pd.DataFrame) -> pd.DataFrame:
    parents = people.loc[people["union"] >= 0, ["person", "union"]].rename(
        columns={"union": "couple"}
    )
    children = people.loc[people["parents"] >= 0, ["person", "parents"]].rename(
        columns={"parents": "couple"}
    )
    ways = [
        ("spouse", parents, parents),
        ("child", parents, children),
        ("parent", children, parents),
    ]
    pairs = [
        of.merge(to.rename(columns={"person": "relative"}), on="couple").assign(
            relationship=relationship
        )
        for relationship, of, to in [*ways, ("sibling", children, children)]
    ]
    kin = pd.concat(pairs, ignore_index=True).query("person != relative")
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
    """Draw to whom it happened within the window: probabilities `home` (each person's)
    and, of those abroad, `abroad`.

    clustering: variance of a gamma factor, of mean 1, that a nuclear family shares.
    Columns person, outcome, age (at the start), country, start, end (NaN: going on).
    """
    rng = np.random.default_rng(seed)
    persons = population.persons
    nests, nest = np.unique(persons["nest"], return_inverse=True)
    frailty = (
        rng.gamma(1 / clustering, clustering, len(nests))[nest] if clustering else 1.0
    )
    away = persons["lives_in"] != HOME
    hit = persons.loc[rng.random(len(persons)) < np.where(away, abroad, home) * frailty]
    age = hit["age"].to_numpy()
    ago = rng.random(len(hit)) * age.clip(max=window_years)
    start = YEAR + 1 - ago
    end = start + rng.exponential(1.5, len(hit))
    told = {
        "person": hit.index,
        "outcome": outcome,
        "age": np.floor(age - ago),
        "country": hit["lives_in"],
    }
    return pd.DataFrame(
        {**told, "start": start, "end": np.where(end < YEAR + 1, end, np.nan)}
    ).reset_index(drop=True)


def truth(
    population: Population, events: pd.DataFrame, ages: tuple[Band, ...]
) -> pd.DataFrame:
    """Return persons at home, victims at home (by age while exploited) and prevalence
    by sex × age band.
    """
    persons = population.persons
    home = persons.loc[persons["lives_in"] == HOME]
    hit = events.loc[events["country"] == HOME].assign(
        sex=lambda rows: persons["sex"].reindex(rows["person"]).to_numpy()
    )
    cells = [(sex, band) for sex in ("female", "male") for band in ages]
    table = pd.DataFrame(
        [(sex, band.label) for sex, band in cells], columns=["sex", "age"]
    )
    for name, rows in (("persons", home), ("victims", hit)):
        table[name] = [
            (
                (rows["sex"] == sex)
                & (12 * rows["age"] >= band.lower)
                & (12 * rows["age"] < band.end)
            ).sum()
            for sex, band in cells
        ]
    return table.assign(prevalence=table["victims"] / table["persons"])


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
    drawn = _drawn(
        people.loc[people["eligible"]], np.random.default_rng(seed), psus, take
    )
    asked = people.join(drawn, how="inner").rename_axis("id").reset_index()
    listed = asked[["id"]].merge(
        population.kin.rename(columns={"person": "id", "relative": "member"}), on="id"
    )
    reports = pd.concat(
        [listed[["id", "member"]], asked[["id"]].assign(member=asked["id"])]
    )
    told = reports.merge(events.rename(columns={"person": "member"}), on="member")
    told["member"] = (
        told["member"].astype("str").where(told["member"] != told["id"], SELF)
    )
    listed["through"] = ""
    listed = pd.concat(
        [listed, _further(listed, population.kin)] if further else [listed],
        ignore_index=True,
    )
    of = (
        people[["sex", "age", "lives_in", "m"]]
        .reindex(listed["member"])
        .reset_index(drop=True)
    )
    return Interviews(asked[list(COLUMNS["respondents"])], listed.join(of), told)


def _further(listed: pd.DataFrame, kin: pd.DataFrame) -> pd.DataFrame:
    """Return relatives' relatives whom the respondent hasn't listed yet, each through
    one relative.
    """
    far = listed.merge(kin, left_on="member", right_on="person", suffixes=("", "_far"))
    far["relationship"] += "'s " + far["relationship_far"]
    far = far.assign(through=far["member"].astype("str"), member=far["relative"])
    near = pd.MultiIndex.from_frame(listed[["id", "member"]])
    new = ~pd.MultiIndex.from_frame(far[["id", "member"]]).isin(near) & (
        far["member"] != far["id"]
    )
    return far.loc[new, ["id", "member", "relationship", "through"]].drop_duplicates(
        ["id", "member"]
    )


def _drawn(
    frame: pd.DataFrame, rng: np.random.Generator, psus: int, take: int
) -> pd.DataFrame:
    """Return the weight of each person drawn."""
    where = frame.drop_duplicates("psu")[["psu", "stratum"]]
    where = where.assign(u=rng.random(len(where))).sort_values("u", kind="stable")
    where["first"] = psus / where.groupby("stratum")["psu"].transform("size")
    first = where.groupby("stratum").head(psus).set_index("psu")["first"]
    inside = frame.loc[frame["psu"].isin(first.index), ["psu"]]
    inside = inside.assign(u=rng.random(len(inside))).sort_values("u", kind="stable")
    size = inside.groupby("psu")["u"].transform("size")
    drawn = inside.assign(size=size).groupby("psu").head(take)
    return pd.DataFrame(
        {
            "weight": (
                drawn["size"].clip(lower=1)
                / drawn["size"].clip(upper=take)
                / drawn["psu"].map(first)
            )
        }
    )
