"""Borders: which countries share a land boundary, as the map that ships draws it or as
your own table says.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import pandas as pd

from uncounted.errors import UncountedError
from uncounted.world.shelf import shelf
from uncounted.world.table import Source, read_table
from uncounted.world.world import World, check_codes

COLUMNS = ["iso3", "neighbour"]


@dataclass(frozen=True)
class Borders:
    """Who borders whom, among the countries of a world.

    pairs: ISO3 codes, each pair once, sorted. islands: countries that border none of
    the others. missing: countries of which the source says nothing; they have no
    neighbours either.
    """

    pairs: tuple[tuple[str, str], ...]
    islands: tuple[str, ...]
    missing: tuple[str, ...]

    def of(self, code: str) -> tuple[str, ...]:
        """Return the neighbours of a country, sorted."""
        return tuple(
            sorted(
                one
                for pair in self.pairs
                if code in pair
                for one in pair
                if one != code
            )
        )


def read_borders(source: Source | None, world: World) -> Borders:
    """Return the borders among the countries of a world; source None: those of
    data/geometry/world.json.

    Two countries are neighbours there if their outlines share a stretch of line between
    two points: what the map simplified, it simplified alike on both sides, so a
    boundary is found whole; water in between shares nothing. A country that the map
    draws inside another is missing, and what it borders isn't the other's. source: your
    own table, the path of a CSV file or a DataFrame, with the columns iso3 and
    neighbour, or any two of codes; a border may stand there once or both ways, and an
    empty neighbour says that a country has none. Territories without population are
    left out. Raises UncountedError for codes that no place has, and for a country that
    borders itself.
    """
    if source is None:
        drawn = json.loads(
            shelf("data", "geometry", "world.json").read_text(encoding="utf-8")
        )["shapes"]
        found, told = touching(drawn), set(drawn)
    else:
        found, told = _own(source, world)
    countries = [str(code) for code in world.places.index]
    pairs = tuple(sorted(pair for pair in found if set(pair) <= set(countries)))
    bordering = {code for pair in pairs for code in pair}
    missing = tuple(code for code in countries if code not in told)
    return Borders(
        pairs, tuple(sorted(set(countries) - bordering - set(missing))), missing
    )


def touching(shapes: Mapping[str, Sequence[Sequence[int]]]) -> set[tuple[str, str]]:
    """Return the sorted pairs of shapes that share a stretch of line; a ring is lon,
    lat, lon, lat, … and closes.
    """
    beside: defaultdict[frozenset, set[str]] = defaultdict(set)
    for code, rings in shapes.items():
        for ring in rings:
            points = list(zip(ring[::2], ring[1::2], strict=True))
            for stretch in zip(points, [*points[1:], points[0]], strict=True):
                beside[frozenset(stretch)].add(code)
    return {
        pair for codes in beside.values() for pair in combinations(sorted(codes), 2)
    }


def _own(source: Source, world: World) -> tuple[set[tuple[str, str]], set[str]]:
    table = read_table(source, "table of borders")
    columns = COLUMNS if set(COLUMNS) <= set(table) else list(table)
    if len(columns) != 2:
        raise UncountedError(
            "The table of borders should have the columns iso3 and neighbour, or two"
            " columns alone."
        )
    rows = list(table[columns].itertuples(index=False, name=None))
    told = {code for row in rows for code in row if code}
    check_codes(world, told, "The table of borders")
    for one, other in rows:
        if one == other:
            raise UncountedError(
                f"In the table of borders {one or 'an empty code'} borders itself. Mend"
                " that row."
            )
    return {(min(row), max(row)) for row in rows if all(row)}, told


def border_table(borders: Borders) -> pd.DataFrame:
    """Return borders as a table that `read_borders` reads, to be mended and given back;
    an island's neighbour is "".
    """
    return pd.DataFrame(
        [*borders.pairs, *((code, "") for code in borders.islands)],
        columns=COLUMNS,
        dtype="str",
    )
