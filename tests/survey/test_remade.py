"""Evidence made again without some surveys is what it would have been had they not been
made.
"""

from dataclasses import replace

import numpy as np
import pytest

import uncounted as un
from uncounted.interviews.families import Families
from uncounted.simulate import generations as sim
from uncounted.world.world import persons


@pytest.fixture(scope="module")
def card():
    return un.read_card("stunting")


@pytest.fixture(scope="module")
def evidence(stunting, card):
    return un.evidence(stunting, card.outcome, card.people, card.years)


def test_figures_without_a_country(stunting, card, evidence):
    tables = {
        outcome: table[table["country"] != "NPL"]
        for outcome, table in stunting.tables.items()
    }
    expected = un.evidence(
        replace(stunting, tables=tables), card.outcome, card.people, card.years
    )
    out = (evidence.rows["country"] == "NPL").to_numpy()
    remade = evidence.remade(out)
    assert (remade["left"] == ~out).all()
    key = ["survey", "sex", "age"]
    mine, theirs = (
        rows.assign(age=rows["covers"].map(str))
        for rows in (evidence.rows, expected.rows)
    )
    both = mine[key].assign(n=remade["n"], y=remade["y"]).merge(theirs, on=key)
    assert len(both) == (~out).sum()
    np.testing.assert_allclose(both["n_x"], both["n_y"], rtol=1e-9)
    np.testing.assert_allclose(both["y_x"], both["y_y"], rtol=1e-9)
    assert (
        remade["n"][~out] != evidence.rows["n"][~out]
    ).mean() > 0.9  # others' design effects are smoothed with its


def test_nothing_out_and_no_origin_change_nothing(evidence):
    none = np.zeros(len(evidence.rows), bool)
    assert evidence.remade(none)[["n", "y"]].equals(evidence.rows[["n", "y"]])
    some = none.copy()
    some[:30] = True
    bare = replace(evidence, origin=())
    assert bare.remade(some)[["n", "y"]].equals(evidence.rows[["n", "y"]])
    assert evidence.holds(bare)
    assert not evidence.holds(
        replace(bare, rows=bare.rows.assign(y=bare.rows["y"] + 1))
    )


def families(world, home: str, seed: int) -> Families:
    people = sim.population(seed, couples=500)
    told = sim.interviews(
        people, sim.events(people, 0.03, seed + 1, abroad=0.2), seed + 2
    )
    adults = persons(world, ["15+"], 2020).sel(country=home).sum().item()
    weight = told.respondents["weight"] * adults / told.respondents["weight"].sum()
    return un.read_families(
        told.respondents.assign(weight=weight), told.roster, told.events.replace({"country": {sim.HOME: home}}),
        sim.COLUMNS, constants={"country": home, "year": 2022}, multiplicity="asked",
        window_years={"forced_labour": 5}, ages=["0-14", "15-29", "30+"],
    )  # fmt: skip


def test_what_families_interviewed_in_a_country_told_of_others_goes_with_it():
    world = un.read_world()
    both = [families(world, home, seed) for home, seed in (("NPL", 3), ("BGD", 13))]
    own = [un.evidence(each, "forced_labour", by=()) for each in both]
    abroad = un.reported_from_elsewhere(both, "forced_labour", world, by=())
    evidence = un.pooled([*own, abroad])
    rows = evidence.rows
    out = (rows["country"] == "NPL").to_numpy()
    remade = evidence.remade(out)
    expected = un.reported_from_elsewhere(
        both[1], "forced_labour", world, by=()
    ).rows.set_index("country")
    elsewhere = (rows["source"] == "reported from elsewhere").to_numpy()
    there = elsewhere & ~out & rows["country"].isin(expected.index).to_numpy()
    np.testing.assert_allclose(
        remade["y"][there], expected["y"].reindex(rows["country"][there]), rtol=1e-9
    )
    np.testing.assert_allclose(
        remade["n"][there], expected["n"].reindex(rows["country"][there]), rtol=1e-9
    )
    host = elsewhere & (rows["country"] == sim.HOST).to_numpy()
    assert (remade["y"][host] < 0.9 * rows["y"][host]).all()
    gone = elsewhere & ~rows["country"].isin(expected.index).to_numpy()
    assert (
        rows["country"][gone] == "BGD"
    ).all()  # only Nepal's families could tell of it
    assert gone.sum() == 1
    assert not remade["left"][gone].any()
