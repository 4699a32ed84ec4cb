"""Tiling: bands of age, cut at each other's ends, merged and laid side by side."""

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise

from uncounted.world.age import Band, contains, ordered, parse_band

OLDEST = 100_000  # months; bands without end are cut here

type Bands = tuple[Band, ...]


@cache
def band_of(age: str) -> Band:
    """Return the band of a label of `Band.label`."""
    return parse_band(age)


def merged(bands: Iterable[Band]) -> Bands:
    """Return the ages of bands, each once, in as few bands as hold them."""
    return _merged(ordered(bands))


@cache
def _merged(bands: Bands) -> Bands:
    joined: list[Band] = []
    for band in bands:
        if not joined or band.lower > joined[-1].end:
            joined.append(band)
        elif band.end > joined[-1].end:
            joined[-1] = Band(joined[-1].lower, band.upper)
    return tuple(joined)


def pieces_of(bands: Iterable[Band]) -> Bands:
    """Return bands cut at each other's ends, so that every band is a sum of pieces."""
    return _pieces(ordered(bands))


@cache
def _pieces(bands: Bands) -> Bands:
    ends: set[int] = set()
    for band in bands:
        ends.add(band.lower)
        if band.upper is not None:
            ends.add(band.upper)
    cuts = sorted(ends)
    pieces = [Band(lower, upper) for lower, upper in pairwise(cuts)]
    if any(band.upper is None for band in bands):
        pieces.append(Band(cuts[-1], None))
    return tuple(piece for piece in pieces if is_held(bands, piece))


def tiled(bands: Iterable[Band]) -> Bands:
    """Return the disjoint bands that hold the most months.

    Of several such sets it is the one with the most bands.
    """
    return _tiled(ordered(bands))


@cache
def _tiled(bands: Bands) -> Bands:
    by_end = sorted(bands, key=lambda band: (band.end, band.lower))
    # the best set of the youngest 0, 1, 2, … bands: its months, its bands
    best: list[tuple[int, Bands]] = [(0, ())]
    for i, band in enumerate(by_end):
        before = i
        while before and by_end[before - 1].end > band.lower:
            before -= 1
        months, tiles = best[before]
        longer = (months + length(band), (*tiles, band))
        best.append(
            max(
                best[i],
                longer,
                key=_extent_and_count,
            )
        )
    return best[-1][1]


def _extent_and_count(tiling: tuple[int, Bands]) -> tuple[int, int]:
    months, tiles = tiling
    return months, len(tiles)


def length(band: Band) -> int:
    """Return the months of a band."""
    end = OLDEST if band.upper is None else band.upper
    return end - band.lower


def is_held(
    bands: Sequence[Band],
    piece: Band,
) -> bool:
    """Say whether one of the bands contains the piece."""
    return any(contains(band, piece) for band in bands)
