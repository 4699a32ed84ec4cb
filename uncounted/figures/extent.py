"""Extent: the persons that each figure of a survey is about, as sex × level × age."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain, product

from uncounted.figures.tiling import Bands, band_of, is_held, length, merged
from uncounted.world.age import Band
from uncounted.world.population import EVERYBODY

SEXES = ("female", "male")
BOTH, ALL = "both", "all"
OTHERS = "\x1fothers"  # persons of no level of a trait that the survey lists

type Levels = tuple[str, ...]  # the level of each trait
type Group = tuple[str, Levels]  # sex and levels
type Less = tuple[str, Levels, Bands]  # sex, levels and ages
type Ages = dict[str, Bands]  # by sex


@dataclass(frozen=True)
class Figure:
    """What selection needs to know of one figure.

    row: its row of the table. sex, age, levels: the persons that it is about. size:
    respondents, or what stands for them, comparable within the survey. usable: whether
    it can be evidence. estimate: None where the survey published none. persons:
    respondents or weighted persons; None where unknown.
    """

    row: int
    sex: str
    age: str
    levels: Levels
    size: float | None
    usable: bool
    estimate: float | None
    persons: float | None = None


@dataclass(frozen=True)
class Cover:
    """The persons that a row is about.

    sex: one or both. levels: of each trait one level or all. bands: the ages. less:
    the persons of these that the row excepts.
    """

    sex: str
    levels: Levels
    bands: Bands
    less: tuple[Less, ...] = ()


@dataclass(frozen=True)
class Grid:
    """The pieces that a survey's figures divide persons into.

    A set of pieces is a whole number with a bit for each piece. Pieces are sorted by
    sex, combination of levels and age. ages: the bands that "all" stands for, by sex;
    for both sexes those of either, and the bands listed for both.
    """

    bands: Bands
    levels: tuple[Levels, ...]
    ages: Ages

    @cached_property
    def _known(self) -> dict:
        """Extents and covers so far: surveys of one layout share their grid."""
        return {}

    @cached_property
    def combinations(self) -> list[Levels]:
        """The combinations of the traits' levels."""
        return list(product(*self.levels))

    def extent(self, figure: Figure) -> int:
        """Return the pieces that a figure is about."""
        key = (figure.sex, figure.age, figure.levels)
        if key not in self._known:
            self._known[key] = self._extent(*key)
        return self._known[key]

    def _extent(
        self,
        figure_sex: str,
        age: str,
        levels: Levels,
    ) -> int:
        pieces = 0
        for s, sex in enumerate(SEXES):
            if figure_sex not in (sex, BOTH):
                continue
            bits = self._age_bits(age, sex)
            if age == ALL and figure_sex == BOTH:
                bits |= self._age_bits(ALL, BOTH)
            for c, combination in enumerate(self.combinations):
                if _within(combination, levels):
                    pieces |= bits << self._offset(s, c)
        return pieces

    def months(self, pieces: int) -> int:
        """Return how many months of age pieces hold, over sexes and levels."""
        ages = len(self.bands)
        return sum(length(self.bands[bit % ages]) for bit in _bits(pieces))

    def cover(self, pieces: int) -> Cover:
        """Return the least sex, levels and ages that hold pieces, and what of these is
        in no piece.
        """
        if pieces not in self._known:
            self._known[pieces] = _cover(self, pieces)
        return self._known[pieces]

    def held(self, pieces: int) -> dict[Group, set[Band]]:
        """Return the bands that pieces hold, by sex and combination of levels."""
        held: dict[Group, set[Band]] = {}
        for bit in _bits(pieces):
            outer, band = divmod(bit, len(self.bands))
            sex, combination = divmod(outer, len(self.combinations))
            group = SEXES[sex], self.combinations[combination]
            held.setdefault(group, set()).add(self.bands[band])
        return held

    def _offset(self, sex: int, combination: int) -> int:
        return (sex * len(self.combinations) + combination) * len(self.bands)

    def _age_bits(self, age: str, sex: str) -> int:
        bands = self.ages[sex] if age == ALL else (band_of(age),)
        return _age_bits(self.bands, bands)


def _cover(grid: Grid, pieces: int) -> Cover:
    held = grid.held(pieces)
    sexes = {sex for sex, _ in held}
    sex = BOTH if len(sexes) > 1 else sexes.pop()
    levels = _common_levels(combination for _, combination in held)
    bands = merged(chain.from_iterable(held.values()))
    least = Cover(sex, levels, bands)
    return Cover(
        sex,
        levels,
        bands,
        tuple(_gaps(grid, held, least)),
    )


def _common_levels(combinations: Iterable[Levels]) -> Levels:
    """Return of each trait the level that all combinations have, else everybody.

    OTHERS is no level of the population's: its persons are everybody less the listed
    levels.
    """
    common: list[str] = []
    for column in zip(*combinations, strict=True):
        alike = len(set(column)) == 1 and column[0] != OTHERS
        common.append(column[0] if alike else EVERYBODY)
    return tuple(common)


def _gaps(
    grid: Grid,
    held: dict[Group, set[Band]],
    cover: Cover,
) -> list[Less]:
    """Return the persons of a cover that no piece holds."""
    inside = [band for band in grid.bands if is_held(cover.bands, band)]
    sexes = SEXES if cover.sex == BOTH else (cover.sex,)
    gaps: list[Less] = []
    for sex, combination in product(sexes, grid.combinations):
        if OTHERS in combination or not _within(combination, cover.levels):
            continue
        ages = held.get((sex, combination), set())
        lacking = [band for band in inside if band not in ages]
        if lacking:
            gaps.append((sex, combination, merged(lacking)))
    return gaps


@cache
def _age_bits(pieces: Bands, bands: Bands) -> int:
    return sum(1 << i for i, piece in enumerate(pieces) if is_held(bands, piece))


def _within(combination: Levels, levels: Levels) -> bool:
    pairs = zip(combination, levels, strict=True)
    return all(level in (EVERYBODY, listed) for listed, level in pairs)


def _bits(pieces: int) -> Iterable[int]:
    bit = 0
    while pieces:
        if pieces & 1:
            yield bit
        pieces >>= 1
        bit += 1
