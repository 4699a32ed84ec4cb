"""Levels of a survey and of the population beside each other."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

import uncounted as un
from uncounted.interviews.respondents import Respondents

COLUMNS = {"country": "country", "sex": "sex", "age": "age"}
CUTS = {"age": {"15-17": (15, 18), "18-64": (18, 65), "65+": (65, None)}}


@pytest.fixture(scope="module")
def world() -> un.World:
    ages = {"0-14": 40.0, "15-19": 10.0, "20-64": 40.0, "65+": 10.0}
    sizes = {"NPL": 1, "IND": 8, "LKA": 1}
    rows = [
        (c, s, a, n * sizes[c])
        for c, s, (a, n) in product(sizes, ("female", "male"), ages.items())
    ]
    return un.read_world(
        population=pd.DataFrame(rows, columns=["iso3", "sex", "age", "2020"])
    )


def interviews(**changes: object) -> pd.DataFrame:
    n = 60
    frame = pd.DataFrame({
        "country": np.where(np.arange(n) % 2, "NPL", "IND"), "sex": np.where(np.arange(n) % 4 < 2, "female", "male"),
        "age": np.array([16, 30, 70])[np.arange(n) % 3], "y": np.arange(n) % 5 // 4,
    })  # fmt: skip
    return frame.assign(**changes)


def read(frame: pd.DataFrame, **other: object) -> Respondents:
    return un.read_respondents(frame, COLUMNS, "y", cuts=CUTS, **other)  # type: ignore[arg-type]


def test_who_is_not_covered(world: un.World) -> None:
    found = un.compare_levels(read(interviews()), world)
    left = found.only_population.set_index(["trait", "level"])["share"].to_dict()
    assert left == pytest.approx({("country", "LKA"): 0.1, ("age", "0-14"): 0.4})
    assert found.uncovered == pytest.approx(1 - 0.9 * 0.6)
    assert found.only_survey.empty
    assert "countries LKA (10.0% of the people); ages 0-14 (40.0%" in str(found)
    assert "LKA" in " ".join(repr(found).split())


def test_only_people_of_the_ages_asked_for(world: un.World) -> None:
    found = un.compare_levels(read(interviews()), world, ages=["20-64", "65+"])
    assert found.uncovered == pytest.approx(0.1)
    assert found.only_survey.values.tolist() == [["age", "15-17", 20]]
    everybody = un.compare_levels(
        read(interviews(country="NPL")), world, ages=["15-19"]
    )
    assert "age" not in set(
        everybody.only_population["trait"]
    )  # 18 and 19 are in 18-64


def test_an_age_group_covered_in_part(world: un.World) -> None:
    older = read(interviews(age=np.array([18, 70])[np.arange(60) % 2]))
    left = un.compare_levels(older, world).only_population.set_index("level")["share"]
    assert left["15-19"] == pytest.approx(0.1 * 3 / 5)


def test_a_country_without_population_is_listed(world: un.World) -> None:
    frame = interviews()
    frame.loc[:3, "country"] = "TUV"
    found = un.compare_levels(read(frame), world)
    assert found.only_survey.values.tolist() == [["country", "TUV", 4]]
    placed = un.evidence(read(frame, constants={"year": "2020"}), "y").placed(world)
    assert "TUV" not in set(placed.rows["country"])


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"sex": "F"},
            (
                "the sex 'F', which the population table lacks; it has nobody of"
                " 'female', 'male', 100% of the people"
            ),
        ),
        ({"country": "Nepal"}, "Nepal → NPL"),
    ],
)
def test_levels_that_nobody_knows_are_a_sentence(
    world: un.World, changes: dict, told: str
) -> None:
    with pytest.raises(un.UncountedError, match=told):
        un.compare_levels(read(interviews(**changes)), world)


def test_evidence_refuses_sexes_that_no_population_has() -> None:
    with pytest.raises(
        un.UncountedError, match=r"have the sex 'F'.*Recode to female and male"
    ):
        un.evidence(read(interviews(sex="F"), constants={"year": "2020"}), "y")


def test_evidence_is_compared_as_its_respondents_are(world: un.World) -> None:
    people = read(interviews(), constants={"year": "2020"})
    seen = un.evidence(people, "y", single_psu="certainty")
    assert un.compare_levels(seen, world).uncovered == pytest.approx(
        un.compare_levels(people, world).uncovered
    )


def test_a_trait_that_nobody_declared_leaves_nobody_out(world: un.World) -> None:
    alone = un.read_respondents(interviews(), {"sex": "sex"}, "y")
    found = un.compare_levels(alone, world)
    assert found.uncovered == pytest.approx(0)
    assert "every level of the population table is in it" in str(found)
