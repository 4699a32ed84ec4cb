"""Seen: which cells each row of evidence looked at, and with what weight."""

import numpy as np
import pandas as pd
import pytest

from uncounted.errors import UncountedError
from uncounted.model.card import Card, read_card
from uncounted.model.priors import Prior
from uncounted.model.seen import look
from uncounted.observations.evidence import counts, evidence
from uncounted.world.world import persons, read_world

PRIORS = {"level": Prior("normal", (-1.5, 1.0)), "female": Prior("normal", (0.0, 0.5))}
PRIORS |= {
    f"sigma_{one}": Prior("half_normal", (0.5,))
    for one in ("age", "region", "subregion", "country")
}


@pytest.fixture(scope="module")
def world():
    return read_world()


def card(*ages: str, year: int = 2020) -> Card:
    return Card(title="x", outcome="x", ages=ages, priors=PRIORS, year=year)


def rows(
    *told: tuple[str, str], country: str = "GHA", year: int = 2015, **columns: object
) -> pd.DataFrame:
    """One survey for each (sex, age), so that none is a part of another."""
    table = pd.DataFrame(told, columns=["sex", "age"])
    table = table.assign(
        survey=[f"s{i:02d}" for i in range(len(table))],
        country=country,
        year=year,
        n=50.0,
        y=5.0,
    )
    return table.assign(**columns)


def weights(some: Card, world, table: pd.DataFrame) -> np.ndarray:
    """Return W of one country's rows as (rows, sex, age), after checking that it is 0
    for all other countries.
    """
    seen = look(some, world, counts(table, "x"))
    w = seen.w.toarray().reshape(len(seen.y), len(world.places), 2, len(some.ages))
    own = np.take_along_axis(w, seen.country[:, None, None, None], axis=1)[:, 0]
    assert np.allclose(w.sum(axis=(1, 2, 3)), 1, rtol=0, atol=1e-12)
    assert np.count_nonzero(w) == np.count_nonzero(own)
    return own


def test_a_figure_of_one_sex_and_band_is_one_cell(world):
    ages, sexes = ("0-5 months", "6-11 months", "12-59 months"), ("female", "male")
    table = rows(*((sex, age) for sex in sexes for age in ages))
    np.testing.assert_array_equal(
        weights(card(*ages), world, table).reshape(6, 6), np.eye(6)
    )


def test_a_part_of_a_cell_is_that_cell(world):
    w = weights(
        card("0-4", "5-9"), world, rows(("male", "12-23 months"), ("female", "5-6"))
    )
    np.testing.assert_array_equal(w[0], [[0, 0], [1, 0]])
    np.testing.assert_array_equal(w[1], [[0, 1], [0, 0]])


@pytest.mark.parametrize(
    ("country", "year"), [("GHA", 2015), ("NAM", 2020), ("CHN", 2018)]
)
def test_both_sexes_and_all_ages_weigh_as_the_population_of_that_year(
    world, country, year
):
    ages = ("0-4", "5-14", "15-64", "65+")
    w = weights(card(*ages), world, rows(("both", "0+"), country=country, year=year))[0]
    people = (
        persons(world, ages, year)
        .sel(country=country)
        .transpose("sex", "age")
        .to_numpy()
    )
    np.testing.assert_allclose(w, people / people.sum(), rtol=1e-12)


def test_the_weights_are_the_published_persons(world, shared):
    source = pd.read_csv(shared / "facts" / "population.csv", keep_default_na=False)
    source = source.query("iso3 == 'NAM' and age in ['0-4', '5-9']").set_index(
        ["sex", "age"]
    )["persons_2015"]
    w = weights(card("0-4", "5-9"), world, rows(("both", "0-9"), country="NAM"))[0]
    expected = [
        [source[sex, age] for age in ("0-4", "5-9")] for sex in ("female", "male")
    ]
    np.testing.assert_allclose(w, np.array(expected) / source.sum(), rtol=1e-12)


def test_a_band_that_cuts_cells_takes_its_months_of_each(world):
    w = weights(
        card("0-4", "5-9", "10-14"), world, rows(("female", "3-7"), ("both", "3-7"))
    )
    people = persons(world, ["0-4", "5-9", "10-14"], 2015).sel(
        country="GHA"
    ).to_numpy() * [2 / 5, 3 / 5, 0]
    np.testing.assert_allclose(
        w[0], [people[0] / people[0].sum(), [0, 0, 0]], rtol=1e-12
    )
    np.testing.assert_allclose(w[1], people / people.sum(), rtol=1e-12)


def test_cells_that_cut_the_population_table_weigh_by_months(world):
    w = weights(card("0-5 months", "6-59 months"), world, rows(("female", "0-4")))[0]
    np.testing.assert_allclose(w, [[0.1, 0.9], [0, 0]], rtol=1e-12)


def test_several_bands_are_one_average(world, figures_of):
    """A survey's national figure speaks for the bands it lists, and for no other."""
    told = {
        "survey": "1",
        "country": "GHA",
        "year": 2015,
        "sex": "both",
        "estimate": 0.2,
    }
    bands = [told | {"age": age, "n": None} for age in ("0-5 months", "24-59 months")]
    seen = look(
        card("0-5 months", "6-23 months", "24-59 months"),
        world,
        evidence(figures_of([told | {"age": "all", "n": 100}, *bands]), "wasting"),
    )
    w = seen.w.toarray()[seen.w.toarray() > 0].reshape(2, 2)
    np.testing.assert_allclose(w.sum(axis=0), [6 / 42, 36 / 42], rtol=1e-12)


def test_a_year_beyond_the_table_takes_the_nearest(world):
    table = rows(("both", "0-9"), ("both", "0-9"), year=[1990, 2015])
    old, known = weights(card("0-4", "5-9"), world, table)
    np.testing.assert_array_equal(old, known)


def test_ages_outside_the_cards_are_in_the_ledger(world):
    table = rows(
        *(("female", age) for age in ("15-24", "15+", "10-19", "25-34", "5-9", "20-29"))
    )
    seen = look(card("15-24", "25-34"), world, counts(table, "x"))
    assert list(seen.surveys) == ["s00", "s03", "s05"]
    lines = seen.evidence.ledger.lines
    assert list(lines["survey"]) == ["s01", "s02", "s04"]
    assert set(lines["why"]) == {"ages outside the card's"}
    assert set(lines["action"]) == {"excluded"}


def test_ages_between_the_cards_are_outside_too(world):
    """A card of "0-4" and "10-14" has no cell for children of seven: a figure of theirs
    says nothing of its cells.
    """
    table = rows(*(("female", age) for age in ("0-4", "5-9", "0-14", "10-12")))
    seen = look(card("0-4", "10-14"), world, counts(table, "x"))
    assert list(seen.surveys) == ["s00", "s03"]
    assert np.isfinite(seen.w.data).all()


def test_nothing_within_the_cards_ages_is_a_sentence(world):
    with pytest.raises(
        UncountedError,
        match=r"No row of evidence on 'x' is left: ages outside the card's\.",
    ):
        look(card("15-24"), world, counts(rows(("both", "0-4")), "x"))


def test_indices_point_at_what_the_rows_say(world):
    table = rows(
        ("both", "0-4"),
        ("both", "0-4"),
        ("both", "0-4"),
        country=["TGO", "GHA", "GHA"],
        year=[2010, 2018, 2016],
    )
    table["source"] = ["SMART", "DHS-like", "SMART"]
    seen = look(card("0-4", year=2015), world, counts(table, "x"))
    of = seen.evidence.rows
    assert (
        list(world.places.index[seen.country])
        == list(of["country"])
        == ["GHA", "GHA", "TGO"]
    )
    assert list(seen.surveys[seen.survey]) == list(of["survey"])
    assert list(seen.sources[seen.source[seen.survey]]) == list(of["source"])
    assert list(world.places.index[seen.survey_country[seen.survey]]) == list(
        of["country"]
    )
    np.testing.assert_array_equal(seen.since, of["year"] - 2015)
    np.testing.assert_array_equal(seen.survey_since[seen.survey], seen.since)
    np.testing.assert_array_equal(seen.y, of["y"])


def test_countries_without_a_population_are_left_out(world):
    seen = look(
        card("0-4"),
        world,
        counts(rows(("both", "0-4"), ("both", "0-4"), country=["TUV", "GHA"]), "x"),
    )
    assert list(seen.surveys) == ["s01"]
    assert seen.evidence.ledger.lines["country"].tolist() == ["TUV"]


def test_stunting(world, stunting):
    some = read_card("stunting")
    seen = look(some, world, evidence(stunting, "stunting", years=some.years))
    entries = np.diff(seen.w.indptr)
    np.testing.assert_allclose(seen.w.sum(axis=1), 1, rtol=1e-12)
    rows = seen.evidence.rows
    assert (
        entries
        == [
            (1 + (sex == "both")) * sum(_cells(b) for b in c)
            for sex, c in zip(rows["sex"], rows["covers"], strict=True)
        ]
    ).all()
    cell_country = seen.w.tocoo().coords[1] // (2 * len(some.ages))
    assert (cell_country == np.repeat(seen.country, entries)).all()


def _cells(band) -> int:
    ends = [6, 12, 24, 36, 48, 60]
    return sum(band.lower < end <= band.end for end in ends)
