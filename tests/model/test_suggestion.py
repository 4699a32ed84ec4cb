"""A first card for any evidence: it is read, keeps every row, and says why."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import uncounted as un
from uncounted.model.seen import look
from uncounted.model.suggestion import suggested_text
from uncounted.world.universe import within

COUNTRIES = ("GHA", "KEN", "FRA", "BRA", "IND", "EGY", "NGA", "PER", "VNM", "DEU")
BANDS = ("15-24", "25-49", "50-64", "18+", "15-49", "0-17", "65+", "6-11 months")


@pytest.fixture(scope="module")
def world() -> un.World:
    return un.read_world()


@st.composite
def tables(draw) -> pd.DataFrame:
    """Draw surveys of a few countries, each of some sexes and disjoint ages."""
    rows = []
    for country in draw(st.lists(st.sampled_from(COUNTRIES), min_size=1, unique=True)):
        sexes = draw(st.sampled_from([["both"], ["female"], ["female", "male"]]))
        for band in draw(
            st.sampled_from([BANDS[:3], BANDS[3:4], BANDS[4:6], BANDS[6:]])
        ):
            for sex in sexes:
                row = {"survey": f"s{country}", "country": country, "year": 2018}
                n = draw(st.integers(50, 5000))
                y = draw(st.integers(0, n))
                rows.append(row | {"sex": sex, "age": band, "n": n, "y": y})
    return pd.DataFrame(rows)


@given(table=tables())
@settings(max_examples=60, deadline=None)
def test_the_card_is_read_and_keeps_every_row(world, table):
    evidence = un.counts(table, "outcome")
    card = un.suggest_card(evidence, world)
    seen = look(card, within(world, card.universe), evidence).evidence
    assert len(seen.rows) == len(evidence.rows)
    assert card.year == 2018
    assert ("sex" in card.people) == ({"female", "male"} <= set(table["sex"]))
    assert (card.universe.sex == "female") == (set(table["sex"]) == {"female"})
    level = card.priors["level"].numbers
    mean = table["y"].sum() / table["n"].sum()
    assert level[1] == 1.5
    assert (level[0] < 0) == (mean < 0.5) or abs(mean - 0.5) < 0.02


def test_each_word_says_why(world):
    row = {"survey": "s", "country": "GHA", "year": 2018, "sex": "both"}
    table = pd.DataFrame([row | {"age": "15+", "n": 1000, "y": 4}])
    text = suggested_text(un.counts(table, "labour"), world)
    assert 'show = "per 1,000"' in text
    for line in text.splitlines():
        assert (
            not line or line.startswith("[sampling]") or "sigma_" in line or "#" in line
        )


def test_a_model_is_built_of_it(world):
    row = {"year": 2018, "sex": "both", "age": "15+", "n": 1000}
    rows = [
        row | {"survey": f"s{i}", "country": country, "y": 100 + 10 * i}
        for i, country in enumerate(COUNTRIES)
    ]
    evidence = un.counts(pd.DataFrame(rows), "smoking")
    model = un.build(un.suggest_card(evidence, world), world, evidence)
    assert "sigma_region" in model.named_vars
