"""Borders: which countries share a land boundary, by the map that ships or by a table
of your own.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations, pairwise

import pandas as pd

from uncounted.errors import UncountedError
from uncounted.world.shelf import shelf
from uncounted.world.table import Source, read_table
from uncounted.world.world import World, check_codes

COLUMNS = ["iso3", "neighbour"]


@dataclass(frozen=True)
class Borders:
    """Pairs of neighbours among the countries of a world.

    pairs: ISO3 codes, each pair once, sorted. islands: countries that border no other
    country of the world. missing: countries that the source does not have; they have no
    neighbours either.
    """

    pairs: tuple[tuple[str, str], ...]
    islands: tuple[str, ...]
    missing: tuple[str, ...]

    def of(self, code: str) -> tuple[str, ...]:
        """Return the neighbours of a country, sorted."""
        neighbours = []
        for pair in self.pairs:
            if code in pair:
                neighbours += [country for country in pair if country != code]
        return tuple(sorted(neighbours))


def read_borders(source: Source | None, world: World) -> Borders:
    """Return the borders among the countries of a world; source None: those of
    data/geometry/world.json.

    Two countries are neighbours there if their outlines share a stretch of line between
    two points: the map is simplified alike on both sides, so a boundary is found whole;
    countries with water between them share no stretch. A country that the map draws
    inside another is missing, and its borders aren't the other's. source: your
    own table, the path of a CSV file or a DataFrame, with the columns iso3 and
    neighbour, or any two of codes; a border may stand there once or both ways, and an
    empty neighbour says that a country has none. Territories without population are
    left out. Raises UncountedError for codes that no place has, and for a country that
    borders itself.
    """
    if source is None:
        path = shelf("data", "geometry", "world.json")
        shapes = json.loads(path.read_text(encoding="utf-8"))["shapes"]
        listed = set(shapes)
        all_pairs = touching(shapes)
    else:
        listed, all_pairs = _from_table(source, world)
    countries = [str(code) for code in world.places.index]
    pairs = sorted(pair for pair in all_pairs if set(pair) <= set(countries))
    missing = [code for code in countries if code not in listed]
    islands = set(countries) - set(chain(*pairs)) - set(missing)
    return Borders(tuple(pairs), tuple(sorted(islands)), tuple(missing))


def touching(shapes: Mapping[str, Sequence[Sequence[int]]]) -> set[tuple[str, str]]:
    """Return the sorted pairs of shapes that share a stretch of line; a ring is lon,
    lat, lon, lat, … and closes.
    """
    codes_of: defaultdict[frozenset, set[str]] = defaultdict(set)
    for code, rings in shapes.items():
        for ring in rings:
            points = list(zip(ring[::2], ring[1::2], strict=True))
            for stretch in pairwise([*points, points[0]]):
                codes_of[frozenset(stretch)].add(code)
    pairs: set[tuple[str, str]] = set()
    for codes in codes_of.values():
        pairs.update(combinations(sorted(codes), 2))
    return pairs


def _from_table(source: Source, world: World) -> tuple[set[str], set[tuple[str, str]]]:
    """Return the countries that the table lists, and the sorted pairs of neighbours."""
    table = read_table(source, "table of borders")
    columns = COLUMNS if set(COLUMNS) <= set(table) else list(table)
    if len(columns) != 2:
        raise UncountedError(
            "The table of borders should have the columns iso3 and neighbour, or two"
            " columns alone."
        )
    rows = list(table[columns].itertuples(index=False, name=None))
    listed = set(chain(*rows)) - {""}
    check_codes(world, listed, "The table of borders")
    for code, neighbour in rows:
        if code == neighbour:
            raise UncountedError(
                f"In the table of borders {code or 'an empty code'} borders itself."
                " Mend that row."
            )
    return listed, {(min(row), max(row)) for row in rows if all(row)}


def border_table(borders: Borders) -> pd.DataFrame:
    """Return borders as a table that `read_borders` reads, for the analyst to edit; an
    island's neighbour is "".
    """
    islands = [(code, "") for code in borders.islands]
    return pd.DataFrame(
        [*borders.pairs, *islands],
        columns=COLUMNS,
        dtype="str",
    )
