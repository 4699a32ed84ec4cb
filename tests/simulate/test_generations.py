"""Simulated families: their kin are kin both ways, and are not transitive."""

import numpy as np
import pandas as pd
import pytest

from uncounted.simulate import generations as sim
from uncounted.world.age import parse_band

OTHER_WAY = {
    "spouse": "spouse",
    "sibling": "sibling",
    "child": "parent",
    "parent": "child",
}


@pytest.fixture(scope="module")
def people() -> sim.Population:
    return sim.population(1, couples=300, strata=2, psus=10)


def test_kin_are_kin_both_ways(people):
    kin = people.kin
    back = kin.rename(columns={"person": "relative", "relative": "person"})
    back["relationship"] = back["relationship"].map(OTHER_WAY)
    columns = ["person", "relative", "relationship"]
    order = back[columns].sort_values(columns, ignore_index=True)
    pd.testing.assert_frame_equal(
        kin[columns].sort_values(columns, ignore_index=True), order
    )
    assert not kin.duplicated(["person", "relative"]).any()
    ages = people.persons["age"]
    mothers = kin.loc[
        (kin["relationship"] == "parent")
        & (people.persons["sex"].reindex(kin["relative"]) == "female").values
    ]
    gap = (
        ages.reindex(mothers["relative"]).to_numpy()
        - ages.reindex(mothers["person"]).to_numpy()
    )
    assert ((gap >= 18) & (gap <= 42)).all()


def test_family_of_family_is_not_family(people):
    pairs = set(zip(people.kin["person"], people.kin["relative"], strict=True))
    of = people.kin.groupby("person")["relative"].agg(list)
    twice = [
        (a, c) for a in of.index[:300] for b in of[a] for c in of.get(b, []) if c != a
    ]
    assert np.mean([pair in pairs for pair in twice]) < 0.8


def test_m_counts_who_would_report_the_person(people):
    persons, kin = people.persons, people.kin
    for person in (0, 7, len(persons) - 1):
        relatives = kin.loc[kin["person"] == person, "relative"]
        assert (
            persons.loc[person, "m"] == persons["eligible"][[person, *relatives]].sum()
        )
    assert persons.loc[persons["eligible"], "age"].min() >= 15
    assert (persons.loc[persons["eligible"], "lives_in"] == sim.HOME).all()


def test_weights_add_up_to_the_frame_on_average(people):
    none = sim.events(people, 0.0, 1)
    totals = [
        sim.interviews(people, none, seed, psus=4, take=10).respondents["weight"].sum()
        for seed in range(40)
    ]
    error = np.std(totals) / np.sqrt(len(totals))
    assert abs(np.mean(totals) - people.persons["eligible"].sum()) < 4 * error


def test_events_happen_at_their_rate_and_where_people_live(people):
    drawn = sim.events(people, 0.2, 3, abroad=0.5, clustering=1.0)
    ages = tuple(parse_band(age) for age in ("0-14", "15-49", "50+"))
    table = sim.truth(people, drawn, ages)
    assert table["persons"].sum() == (people.persons["lives_in"] == sim.HOME).sum()
    assert table["victims"].sum() / table["persons"].sum() == pytest.approx(
        0.2, abs=0.04
    )
    assert (
        drawn["country"].to_numpy()
        == people.persons["lives_in"].reindex(drawn["person"]).to_numpy()
    ).all()
    assert ((drawn["end"].isna()) | (drawn["end"] >= drawn["start"])).all()


def test_a_seed_gives_the_same_survey(people):
    once, again = (
        sim.interviews(people, sim.events(people, 0.1, 2), 5, psus=3, take=5)
        for _ in range(2)
    )
    pd.testing.assert_frame_equal(once.roster, again.roster)
    pd.testing.assert_frame_equal(once.events, again.events)
