"""Studies of family surveys in a simulated population; what they found is under docs/,
where validation.md shows it.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

import uncounted as un
from uncounted.figures.interval import korn_graubard
from uncounted.interviews.families import Families
from uncounted.simulate import generations as sim
from uncounted.world.age import parse_band

DOCS = Path(__file__).resolve().parents[2] / "docs"
EXPECTED = (2, 5, 10, 18, 40)  # reported cases
REPLICATIONS, BATCH = 1000, 50
BANDS = ["0-14", "15-17", "18-29", "30-49", "50+"]
OF_SURVEYS = {
    what: {**roles, **({"survey": "survey"} if what == "respondents" else {})}
    for what, roles in sim.COLUMNS.items()
}
# name: rule, whether every report counts as a person, whether relatives' relatives are
# listed
ESTIMATORS = {
    "asked": ("asked", False, False),
    "derived, relatives' relatives listed": ("derived", False, True),
    "derived from immediate family": ("derived", False, False),
    "roster shortcut": ("roster shortcut", False, False),
    "no multiplicity": ("asked", True, False),
}

pytestmark = pytest.mark.study


@pytest.fixture(scope="module")
def people() -> sim.Population:
    """Return 67,000 people in 4 strata of 160 PSUs, so that a sample of PSUs is a small
    part of them.
    """
    return sim.population(20261, couples=8000, psus=160)


def risk(people: sim.Population) -> np.ndarray:
    """Return relative risks: men's 1.5 times women's, and highest between 15 and 50."""
    persons = people.persons
    by_age = np.select([persons["age"] < 15, persons["age"] < 50], [0.3, 1.5], 0.7)
    return by_age * np.where(persons["sex"] == "male", 1.5, 1.0)


def read(parts: list[sim.Interviews], outcomes: list[str], rule: str) -> Families:
    """Read surveys as one table of surveys, each with its own respondents."""
    tables = []
    for what in ("respondents", "roster", "events"):
        frames = [getattr(part, what) for part in parts]
        told = [
            frame.assign(id=f"{i}/" + frame["id"].astype("str"), survey=f"{i:03}")
            for i, frame in enumerate(frames)
        ]
        tables.append(pd.concat(told, ignore_index=True))
    windows = dict.fromkeys(outcomes, 5)
    return un.read_families(
        *tables,
        OF_SURVEYS,
        multiplicity=rule,
        window_years=windows,
        ages=BANDS,
        constants=sim.CONSTANTS,
    )


def batches(people: sim.Population) -> Iterator[tuple[Families, pd.DataFrame]]:
    """Yield surveys of 1,008 respondents with an outcome for each number of expected
    cases, and the truths.
    """
    home, relative = (people.persons["lives_in"] == sim.HOME).to_numpy(), risk(people)
    reports = (
        1008
        / people.persons["eligible"].sum()
        * (relative * people.persons["m"])[home].sum()
    )
    for first in range(0, REPLICATIONS, BATCH):
        parts, truths = [], []
        for seed in range(first, first + BATCH):
            drawn = [
                sim.events(
                    people,
                    n / reports * relative,
                    10 * seed + i,
                    clustering=1.0,
                    outcome=f"expected_{n}",
                )
                for i, n in enumerate(EXPECTED)
            ]
            parts.append(sim.interviews(people, pd.concat(drawn), seed))
            truths += [(f"{seed - first:03}", len(of) / home.sum()) for of in drawn]
        surveys, truth = zip(*truths, strict=True)
        outcomes = [f"expected_{n}" for n in EXPECTED]
        yield (
            read(parts, outcomes, "asked"),
            pd.DataFrame(
                {"survey": surveys, "outcome": outcomes * BATCH, "truth": truth}
            ),
        )


def test_intervals_cover(people):
    """1,000 surveys: 95 % intervals cover in 93–97 % at 18 expected cases or more, and
    in 93 % or more below.
    """
    found = []
    for families, truths in batches(people):
        for outcome in families.window_years:
            table = un.direct(un.reported(families, outcome), "survey").merge(
                truths, on=["survey", "outcome"]
            )
            columns = [
                table[name].to_numpy(float)
                for name in ("prevalence", "effective_n", "n", "df")
            ]
            bounds = pd.DataFrame(
                dict(
                    zip(("lower", "upper"), korn_graubard(*columns, 0.95), strict=True)
                )
            )
            found += [
                table.assign(method="logit"),
                table.assign(method="Korn–Graubard", **bounds),
            ]
    each = pd.concat(found, ignore_index=True)
    each["expected"] = each["outcome"].str.removeprefix("expected_").astype(int)
    table = covered(each)
    table.round(4).to_csv(DOCS / "family-coverage.csv")
    assert (table["coverage"] >= 0.93).all()
    assert (table.loc[18:, "coverage"] <= 0.97).all()


def covered(each: pd.DataFrame) -> pd.DataFrame:
    """Return, by expected cases and method, coverage with its 95 % binomial band, bias,
    and mean V̂ over variance.
    """
    each = each.assign(
        too_low=each["upper"] < each["truth"], too_high=each["lower"] > each["truth"],
        error2=(each["prevalence"] - each["truth"]) ** 2, se2=each["se"] ** 2, none=each["cases"] == 0,
    )  # fmt: skip
    by = each.groupby(["expected", "method"])
    mean = by[
        [
            "cases",
            "none",
            "prevalence",
            "truth",
            "error2",
            "se2",
            "too_low",
            "too_high",
            "df",
        ]
    ].mean()
    cover, n = 1 - mean["too_low"] - mean["too_high"], by.size()
    return pd.DataFrame({
        "surveys": n, "cases": mean["cases"], "no_case": mean["none"], "df": mean["df"],
        "bias": mean["prevalence"] / mean["truth"] - 1, "variance_ratio": mean["se2"] / mean["error2"],
        "interval_too_low": mean["too_low"], "interval_too_high": mean["too_high"], "coverage": cover,
        "band_low": binom.ppf(0.025, n, cover) / n, "band_high": binom.ppf(0.975, n, cover) / n,
    })  # fmt: skip


def test_bias_of_every_estimator(people):
    """Estimated over true numbers of persons (by age now) and of victims (by age then),
    by estimator × sex × age.
    """
    bands = tuple(parse_band(age) for age in BANDS)
    found = []
    for first in range(0, 150, 25):
        events = [
            sim.events(people, 0.03 * risk(people), seed)
            for seed in range(first, first + 25)
        ]
        truths = [
            sim.truth(people, of, bands).assign(survey=f"{i:03}")
            for i, of in enumerate(events)
        ]
        for name, (rule, once, further) in ESTIMATORS.items():
            told = [
                sim.interviews(people, of, 7 + i, further=further)
                for i, of in enumerate(events, first)
            ]
            if once:
                told = [
                    sim.Interviews(
                        t.respondents.assign(m=1), t.roster.assign(m=1), t.events
                    )
                    for t in told
                ]
            families = read(told, ["forced_labour"], rule)
            cells = un.direct(
                un.reported(families, "forced_labour"), ["survey", "sex", "age"]
            )
            cells = cells.merge(weighed(families, bands), on=["survey", "sex", "age"])
            true = pd.concat(truths).rename(columns={"prevalence": "true_prevalence"})
            found.append(
                cells.merge(true, on=["survey", "sex", "age"]).assign(estimator=name)
            )
    by = pd.concat(found).groupby(["estimator", "sex", "age"])
    mean, sd, n = (
        by.mean(numeric_only=True),
        by[["weighed", "total"]].std(),
        np.sqrt(by.size()),
    )
    table = pd.DataFrame({
        "surveys": by.size(),
        "persons": mean["weighed"] / mean["persons"], "persons_mcse": sd["weighed"] / mean["persons"] / n,
        "victims": mean["total"] / mean["victims"], "victims_mcse": sd["total"] / mean["victims"] / n,
        "prevalence": mean["prevalence"] / mean["true_prevalence"],
    })  # fmt: skip
    table.round(3).to_csv(DOCS / "family-bias.csv")
    for name in ("asked", "derived, relatives' relatives listed"):
        for what in ("persons", "victims"):
            assert (
                (table.loc[name, what] - 1).abs() < 4 * table.loc[name, f"{what}_mcse"]
            ).all()
    shortcut = table.loc["roster shortcut", "persons"].groupby("age").mean()
    assert 0.35 < shortcut["0-14"] < 0.5
    assert 1.05 < shortcut["30-49"] < 1.25


def weighed(families: Families, bands: tuple) -> pd.DataFrame:
    """Return Σ w/m of those at home by survey, sex and age now."""
    home = families.persons.loc[families.persons["lives_in"] == sim.HOME]
    edges = [*(band.lower / 12 for band in bands), np.inf]
    cut = pd.cut(home["age"], edges, right=False, labels=BANDS).astype("str")
    return (
        home.groupby(["survey", "sex", cut])["weight"]
        .sum()
        .rename("weighed")
        .reset_index()
    )
