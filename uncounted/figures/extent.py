"""Extent: which persons each figure of a survey speaks of, as a set of sex × level ×
age pieces.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise, product

from uncounted.world.age import Band, ordered, parse_band
from uncounted.world.population import EVERYBODY

SEXES = ("female", "male")
BOTH, ALL = "both", "all"
OTHERS = "\x1fothers"  # persons of no level of a trait that the survey lists
WHOLE = 0.9  # listed parts that hold less of their total's persons are not all of it
OLDEST = 100_000  # months; where bands without end are cut

Less = tuple[str, tuple[str, ...], tuple[Band, ...]]  # sex, level of each trait, bands
Ages = dict[str, tuple[Band, ...]]  # by sex


@dataclass(frozen=True)
class Figure:
    """What selection needs of one figure: its row, whom it speaks of, its persons, and
    whether it can be used.

    size: respondents, or what stands for them, comparable within the survey; persons:
    respondents or weighted persons; None where unknown. estimate: None where the survey
    published none.
    """

    row: int
    sex: str
    age: str
    levels: tuple[str, ...]
    size: float | None
    usable: bool
    estimate: float | None
    persons: float | None = None


@dataclass(frozen=True)
class Cover:
    """Whom a row speaks of: a sex or both, a level of each trait or all, and bands,
    less what it doesn't speak of.
    """

    sex: str
    levels: tuple[str, ...]
    bands: tuple[Band, ...]
    less: tuple[Less, ...] = ()


@dataclass(frozen=True)
class Grid:
    """The pieces that a survey's figures divide persons into; a set of them is a whole
    number, a bit for each piece.

    Pieces are sorted by sex, combination of levels and age. ages: the bands that "all"
    stands for, by sex; for both sexes those of either, and the bands listed for both.
    """

    bands: tuple[Band, ...]
    levels: tuple[tuple[str, ...], ...]
    ages: Ages

    @cached_property
    def _known(self) -> dict:
        """Extents and covers that were asked for: surveys of one layout share their
        grid.
        """
        return {}

    @cached_property
    def combinations(self) -> list[tuple[str, ...]]:
        """The combinations of the traits' levels."""
        return list(product(*self.levels))

    def extent(self, figure: Figure) -> int:
        """Return the pieces that a figure speaks of."""
        key = (figure.sex, figure.age, figure.levels)
        if key not in self._known:
            self._known[key] = self._extent(*key)
        return self._known[key]

    def _extent(self, of_sex: str, age: str, levels: tuple[str, ...]) -> int:
        pieces = 0
        for s, sex in enumerate(SEXES):
            if of_sex in (sex, BOTH):
                bits = self._age_bits(age, sex)
                if age == ALL and of_sex == BOTH:
                    bits |= self._age_bits(ALL, BOTH)
                for c, combination in enumerate(self.combinations):
                    if _within(combination, levels):
                        pieces |= bits << self._offset(s, c)
        return pieces

    def months(self, pieces: int) -> int:
        """Return how many months of age pieces hold, over sexes and levels."""
        return sum(_length(self.bands[bit % len(self.bands)]) for bit in _bits(pieces))

    def cover(self, pieces: int) -> Cover:
        """Return pieces as one sex or both, one level of each trait or all, bands, and
        what of these they lack.
        """
        if pieces not in self._known:
            self._known[pieces] = _cover(self, pieces)
        return self._known[pieces]

    def held(self, pieces: int) -> dict[tuple[str, tuple[str, ...]], set[Band]]:
        """Return the bands that pieces hold, by sex and combination of levels."""
        held: dict[tuple[str, tuple[str, ...]], set[Band]] = {}
        for bit in _bits(pieces):
            outer, band = divmod(bit, len(self.bands))
            sex, combination = divmod(outer, len(self.combinations))
            held.setdefault((SEXES[sex], self.combinations[combination]), set()).add(
                self.bands[band]
            )
        return held

    def _offset(self, sex: int, combination: int) -> int:
        return (sex * len(self.combinations) + combination) * len(self.bands)

    def _age_bits(self, age: str, sex: str) -> int:
        bands = self.ages[sex] if age == ALL else (band_of(age),)
        return _age_bits(self.bands, bands)


def grid(
    figures: Sequence[Figure], card_age: str, whole: bool, asked: Ages | None = None
) -> Grid | None:
    """Return the pieces of a survey's figures; None where a figure of all ages doesn't
    say which these are.

    "all" of a sex stands for the bands listed of that sex; where these hold less than
    WHOLE of their total's persons, for the bands of both sexes; where these do so too,
    or there are none, for the card's age. whole: for the card's age in any case. A
    trait has a level more, OTHERS, where its listed levels hold less than WHOLE of the
    total. asked: the ages that respondents were asked at, by sex; their figures list
    all levels.
    """
    if asked is not None:
        return _of_interviews(figures, asked)
    card = () if card_age == ALL else (band_of(card_age),)
    of_both = () if whole and card else _listed(figures, BOTH, card)
    ages: Ages = {}
    for sex in SEXES:
        own = () if whole and card else _listed(figures, sex, card)
        every = [
            band_of(f.age) for f in figures if f.sex in (sex, BOTH) and f.age != ALL
        ]
        # whatever ages a total stands for, those that are listed beside it are among
        # them
        ages[sex] = own or (
            merged([*(of_both or card), *every]) if of_both or card else ()
        )
    ages[BOTH] = merged(
        band_of(f.age) for f in figures if f.sex == BOTH and f.age != ALL
    )
    if any(figure.age == ALL for figure in figures) and not all(
        ages[sex] for sex in SEXES
    ):
        used = {
            sex
            for figure in figures
            if figure.age == ALL
            for sex in SEXES
            if figure.sex in (sex, BOTH)
        }
        if not all(ages[sex] for sex in used):
            return None
    bands = {band_of(figure.age) for figure in figures if figure.age != ALL}
    bands |= {band for sex in SEXES for band in ages[sex]}
    return _grid(pieces_of(bands), _trait_levels(figures), tuple(ages.items()))


def _of_interviews(figures: Sequence[Figure], asked: Ages) -> Grid:
    """Return the pieces of figures made of interviews, which list every level; one
    sex's ages stand for none's.
    """
    listed = {
        sex: [band_of(f.age) for f in figures if f.sex == sex and f.age != ALL]
        for sex in (*SEXES, BOTH)
    }
    ages = {sex: merged([*asked[sex], *listed[sex]]) for sex in SEXES}
    every = merged([*ages["female"], *ages["male"]])
    ages = {sex: bands or every for sex, bands in ages.items()} | {
        BOTH: merged(listed[BOTH])
    }
    bands = [
        *every,
        *ages[BOTH],
        *(band for bands in (*asked.values(), *listed.values()) for band in bands),
    ]
    return _grid(pieces_of(bands), _all_levels(figures), tuple(ages.items()))


@cache
def _grid(
    bands: tuple[Band, ...],
    levels: tuple[tuple[str, ...], ...],
    ages: tuple[tuple[str, tuple[Band, ...]], ...],
) -> Grid:
    return Grid(bands, levels, dict(ages))


def _listed(
    figures: Sequence[Figure], sex: str, card: tuple[Band, ...]
) -> tuple[Band, ...]:
    """Return the bands that a sex's figures list, merged, if they are all of its total;
    else nothing.
    """
    everybody = [figure for figure in figures if figure.sex == sex]
    bands = ordered(band_of(figure.age) for figure in everybody if figure.age != ALL)
    if not bands:
        return ()
    listed = merged(bands)
    undivided = [figure for figure in everybody if set(figure.levels) <= {EVERYBODY}]
    total = next((figure for figure in undivided if figure.age == ALL), None)
    if total is None or not card:
        return listed
    tiles = tiled([band_of(figure.age) for figure in undivided if figure.age != ALL])
    persons = {
        band_of(figure.age): figure.persons for figure in undivided if figure.age != ALL
    }
    counted = [number for band in tiles if (number := persons[band]) is not None]
    if total.persons is not None and tiles and len(counted) == len(tiles):
        return listed if sum(counted) >= WHOLE * total.persons else ()
    return listed if _could_be_all(undivided, total, listed, card) else ()


def _could_be_all(
    figures: Sequence[Figure],
    total: Figure,
    listed: tuple[Band, ...],
    card: tuple[Band, ...],
) -> bool:
    """Say whether bands of unknown persons can be all of a total: most of its ages, its
    estimate between theirs.
    """
    estimates = [
        figure.estimate
        for figure in figures
        if figure.age != ALL and figure.estimate is not None
    ]
    months = sum(_length(band) for band in listed)
    if 2 * months <= sum(_length(band) for band in card):
        return False
    if total.estimate is None or not estimates:
        return True
    return min(estimates) - 1e-9 <= total.estimate <= max(estimates) + 1e-9


def _all_levels(figures: Sequence[Figure]) -> tuple[tuple[str, ...], ...]:
    columns = zip(*(figure.levels for figure in figures), strict=True)
    listed = (tuple(sorted({*column} - {EVERYBODY})) for column in columns)
    return tuple(levels or (EVERYBODY,) for levels in listed)


def _trait_levels(figures: Sequence[Figure]) -> tuple[tuple[str, ...], ...]:
    traits = len(figures[0].levels) if figures else 0
    return tuple(_levels(figures, i) for i in range(traits))


def _levels(figures: Sequence[Figure], trait: int) -> tuple[str, ...]:
    listed = sorted({figure.levels[trait] for figure in figures} - {EVERYBODY})
    if not listed:
        return (EVERYBODY,)
    alone = [
        f
        for f in figures
        if set(f.levels[:trait] + f.levels[trait + 1 :]) <= {EVERYBODY}
    ]
    for total in (f for f in alone if f.levels[trait] == EVERYBODY and f.persons):
        parts = [
            f
            for f in alone
            if f.levels[trait] in listed and (f.sex, f.age) == (total.sex, total.age)
        ]
        persons = [part.persons for part in parts]
        if parts and None not in persons:
            some = sum(number for number in persons if number) < WHOLE * (
                total.persons or 0.0
            )
            return (*listed, OTHERS) if some else tuple(listed)
    undivided = any(figure.levels[trait] == EVERYBODY for figure in figures)
    return (*listed, OTHERS) if undivided and len(listed) == 1 else tuple(listed)


def _cover(pieces_of_figures: Grid, pieces: int) -> Cover:
    held = pieces_of_figures.held(pieces)
    sexes = sorted({sex for sex, _ in held})
    columns = [
        set(column)
        for column in zip(*(combination for _, combination in held), strict=True)
    ]
    levels = tuple(
        next(iter(column)) if len(column) == 1 else EVERYBODY for column in columns
    )
    bands = merged({band for bands in held.values() for band in bands})
    sex = BOTH if len(sexes) > 1 else sexes[0]
    # OTHERS is no level of the population's: its persons are everybody less the listed
    # levels
    levels = tuple(EVERYBODY if level == OTHERS else level for level in levels)
    return _cover_within(pieces_of_figures, pieces, sex, levels, bands)


def _cover_within(
    figures: Grid,
    pieces: int,
    sex: str,
    levels: tuple[str, ...],
    bands: tuple[Band, ...],
) -> Cover:
    """Return the cover of pieces within a sex, levels and bands that hold them all."""
    held = figures.held(pieces)
    inside = [piece for piece in figures.bands if _contains(bands, piece)]
    lacking: list[Less] = []
    for each in SEXES if sex == BOTH else (sex,):
        for combination in figures.combinations:
            gaps = [
                piece
                for piece in inside
                if piece not in held.get((each, combination), set())
            ]
            if gaps and _within(combination, levels) and OTHERS not in combination:
                lacking.append((each, combination, merged(gaps)))
    return Cover(sex, levels, bands, tuple(lacking))


@cache
def band_of(age: str) -> Band:
    """Return the band of a label of `Band.label`."""
    return parse_band(age)


def merged(bands: Iterable[Band]) -> tuple[Band, ...]:
    """Return the ages of bands, each once, in as few bands as hold them."""
    return _merged(ordered(bands))


@cache
def _merged(bands: tuple[Band, ...]) -> tuple[Band, ...]:
    joined: list[Band] = []
    for band in bands:
        if joined and band.lower <= joined[-1].end:
            longest = max(joined[-1], band, key=lambda either: either.end)
            joined[-1] = Band(joined[-1].lower, longest.upper)
        else:
            joined.append(band)
    return tuple(joined)


def pieces_of(bands: Iterable[Band]) -> tuple[Band, ...]:
    """Return bands cut at each other's ends, so that every band is a sum of pieces."""
    return _pieces(ordered(bands))


@cache
def _pieces(bands: tuple[Band, ...]) -> tuple[Band, ...]:
    cuts = sorted(
        {end for band in bands for end in (band.lower, band.upper) if end is not None}
    )
    pieces = [Band(low, high) for low, high in pairwise(cuts)]
    if any(band.upper is None for band in bands):
        pieces.append(Band(cuts[-1], None))
    return tuple(
        piece for piece in pieces if any(_contains((band,), piece) for band in bands)
    )


def tiled(bands: Iterable[Band]) -> tuple[Band, ...]:
    """Return the disjoint bands that hold the most months; of several such sets the one
    of most bands.
    """
    return _tiled(ordered(bands))


@cache
def _tiled(bands: tuple[Band, ...]) -> tuple[Band, ...]:
    by_end = sorted(bands, key=lambda band: (band.end, band.lower))
    best: list[tuple[tuple[int, int], tuple[Band, ...]]] = [((0, 0), ())]
    for i, band in enumerate(by_end):
        before = max(
            j for j in range(i + 1) if j == 0 or by_end[j - 1].end <= band.lower
        )
        (months, count), chosen = best[before]
        taken = ((months + _length(band), count + 1), (*chosen, band))
        best.append(max(best[i], taken, key=lambda option: option[0]))
    return best[-1][1]


@cache
def _age_bits(pieces: tuple[Band, ...], bands: tuple[Band, ...]) -> int:
    return sum(1 << i for i, piece in enumerate(pieces) if _contains(bands, piece))


def _length(band: Band) -> int:
    return (OLDEST if band.upper is None else band.upper) - band.lower


def _contains(bands: Sequence[Band], piece: Band) -> bool:
    return any(band.lower <= piece.lower and piece.end <= band.end for band in bands)


def _within(combination: tuple[str, ...], levels: tuple[str, ...]) -> bool:
    return all(
        level in (EVERYBODY, own)
        for own, level in zip(combination, levels, strict=True)
    )


def _bits(pieces: int) -> Iterable[int]:
    bit = 0
    while pieces:
        if pieces & 1:
            yield bit
        pieces >>= 1
        bit += 1
