"""Borders: from the map's own outlines, held against borders known by heart."""

import pandas as pd
import pytest

from uncounted.errors import UncountedError
from uncounted.world.borders import border_table, read_borders, touching
from uncounted.world.world import read_world


@pytest.fixture(scope="module")
def borders(world):
    return read_borders(None, world)


@pytest.mark.parametrize(
    ("code", "neighbours"),
    [
        (
            "FRA",
            "BEL CHE DEU ESP ITA LUX",
        ),  # neither Brazil nor Suriname: French Guiana's; Andorra has no population
        ("GUF", "BRA SUR"),
        ("CHN", "AFG BTN HKG IND KAZ KGZ LAO MAC MMR MNG NPL PAK PRK RUS TJK VNM"),
        ("ZAF", "BWA LSO MOZ NAM SWZ ZWE"),
        ("LSO", "ZAF"),  # a hole in another's outline
        ("DEU", "AUT BEL CHE CZE DNK FRA LUX NLD POL"),
        ("COD", "AGO BDI CAF COG RWA SSD TZA UGA ZMB"),
        ("BRA", "ARG BOL COL GUF GUY PER PRY SUR URY VEN"),
        ("USA", "CAN MEX"),
        ("GBR", "IRL"),
        ("DNK", "DEU"),  # and not Sweden, over the bridge
        ("SGP", ""),
        ("BHR", ""),
        ("LKA", ""),
        ("CUB", ""),
        ("TUR", "ARM AZE BGR GEO GRC IRN IRQ SYR"),
    ],
)
def test_known_neighbours(borders, code, neighbours):
    assert borders.of(code) == tuple(neighbours.split())


def test_every_country_has_neighbours_or_is_told_to_have_none(borders, world):
    bordering = {code for pair in borders.pairs for code in pair}
    assert sorted([*bordering, *borders.islands, *borders.missing]) == list(
        world.places.index
    )
    assert borders.missing == ("GLP",)  # the map draws Guadeloupe inside France
    assert {"MTQ", "REU", "MYT", "JPN", "NZL", "MDG"} <= set(borders.islands)
    assert (
        len(borders.pairs) == 309
    )  # mledoze/countries 5.1.0 has three more: BWA-ZMB, 150 m; Ceuta's; IND-LKA
    assert borders.pairs == tuple(
        sorted({(min(pair), max(pair)) for pair in borders.pairs})
    )


def test_a_corner_is_no_border():
    square, beside, across = (
        [0, 0, 1, 0, 1, 1, 0, 1],
        [1, 1, 1, 0, 2, 0, 2, 1],
        [1, 1, 2, 1, 2, 2, 1, 2],
    )
    assert touching({"A": [square], "C": [across]}) == set()
    assert touching(
        {"B": [beside], "A": [square], "C": [[9, 9, 9, 8, 8, 8], across]}
    ) == {("A", "B"), ("B", "C")}


def test_your_own_table_once_or_both_ways(small, tmp_path):
    world = read_world(**small)
    path = tmp_path / "borders.csv"
    path.write_text("from,to\nGHA,TGO\nTGO,GHA\nNAM,\n", encoding="utf-8")
    found = read_borders(path, world)
    assert (found.pairs, found.islands, found.missing) == (
        (("GHA", "TGO"),),
        ("NAM",),
        (),
    )
    wider = pd.DataFrame({"km": ["1098"], "neighbour": ["TGO"], "iso3": ["GHA"]})
    assert read_borders(wider, world).missing == ("NAM",)


def test_the_table_of_borders_reads_back(borders, world):
    assert read_borders(border_table(borders), world) == borders


def test_territories_without_population_are_left_out(world):
    found = read_borders(
        pd.DataFrame({"a": ["FRA", "FRA"], "b": ["AND", "ESP"]}), world
    )
    assert found.pairs == (("ESP", "FRA"),)


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ({"iso3": ["GHA"], "neighbour": ["TG"]}, r"TG → TGO"),
        ({"iso3": ["GHA"], "neighbour": ["GHA"]}, "GHA borders itself. Mend that row"),
        ({"iso3": [""], "neighbour": [""]}, "an empty code borders itself"),
        (
            {"iso3": ["GHA"], "next": ["TGO"], "km": ["1"]},
            "should have the columns iso3 and neighbour, or two",
        ),
    ],
)
def test_a_table_that_cannot_be_says_why(small, rows, sentence):
    with pytest.raises(UncountedError, match=sentence):
        read_borders(pd.DataFrame(rows), read_world(**small))
