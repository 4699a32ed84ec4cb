"""Grid: the ages and levels that a survey's figures list, and what its totals hold."""

from collections.abc import Sequence
from functools import cache

from uncounted.figures.extent import (
    ALL,
    BOTH,
    OTHERS,
    SEXES,
    Ages,
    Figure,
    Grid,
    Levels,
)
from uncounted.figures.tiling import (
    Bands,
    band_of,
    length,
    merged,
    pieces_of,
    tiled,
)
from uncounted.world.age import Band
from uncounted.world.population import EVERYBODY

WHOLE = 0.9  # listed parts that hold less of their total's persons are not all of it


def grid(
    figures: Sequence[Figure],
    card_age: str,
    always_card: bool,
    interviewed: Ages | None = None,
) -> Grid | None:
    """Return the pieces of a survey's figures; None where a figure of all ages doesn't
    say which these are.

    "all" of a sex stands for the bands listed of that sex; where these hold less than
    WHOLE of their total's persons, for the bands of both sexes; where these do so too,
    or there are none, for the card's age. always_card: for the card's age in any case.
    A trait has a level more, OTHERS, where its listed levels hold less than WHOLE of
    the total. interviewed: the ages that respondents were asked at, by sex; their
    figures list all levels.
    """
    if interviewed is not None:
        return _of_interviews(figures, interviewed)
    card = () if card_age == ALL else (band_of(card_age),)
    ages = _ages_of_totals(figures, card, always_card)
    for total in figures:
        sexes = SEXES if total.sex == BOTH else (total.sex,)
        if total.age == ALL and not all(ages[sex] for sex in sexes):
            return None
    bands = [*_bands(figures), *ages["female"], *ages["male"]]
    levels = tuple(_levels(figures, trait) for trait in range(_traits(figures)))
    return _grid(
        pieces_of(bands),
        levels,
        tuple(ages.items()),
    )


def _of_interviews(
    figures: Sequence[Figure],
    interviewed: Ages,
) -> Grid:
    """Return the pieces of figures made of interviews, which list every level.

    A sex without ages of its own stands for the ages of either.
    """
    listed = {sex: _bands(figures, (sex,)) for sex in (*SEXES, BOTH)}
    ages = {sex: merged([*interviewed[sex], *listed[sex]]) for sex in SEXES}
    of_either = merged([*ages["female"], *ages["male"]])
    bands = {*of_either, *_bands(figures)}.union(*interviewed.values())
    for sex in SEXES:
        ages[sex] = ages[sex] or of_either
    ages[BOTH] = merged(listed[BOTH])
    levels = tuple(
        tuple(_listed_levels(figures, trait)) or (EVERYBODY,)
        for trait in range(_traits(figures))
    )
    return _grid(
        pieces_of([*ages[BOTH], *bands]),
        levels,
        tuple(ages.items()),
    )


@cache
def _grid(
    bands: Bands,
    levels: tuple[Levels, ...],
    ages: tuple[tuple[str, Bands], ...],
) -> Grid:
    return Grid(bands, levels, dict(ages))


def _ages_of_totals(
    figures: Sequence[Figure],
    card: Bands,
    always_card: bool,
) -> Ages:
    """Return the bands that "all" stands for, by sex."""
    listed = dict.fromkeys((*SEXES, BOTH), ())
    if not (always_card and card):
        listed = {sex: _listed(figures, sex, card) for sex in listed}
    stated = listed[BOTH] or card
    ages: Ages = {}
    for sex in SEXES:
        ages[sex] = listed[sex]
        if stated and not listed[sex]:
            # whatever ages a total stands for, those listed beside it are among them
            ages[sex] = merged([*stated, *_bands(figures, (sex, BOTH))])
    ages[BOTH] = merged(_bands(figures, (BOTH,)))
    return ages


def _bands(
    figures: Sequence[Figure],
    sexes: Sequence[str] = (*SEXES, BOTH),
) -> list[Band]:
    """Return the bands of the figures of some sexes that are of one band."""
    return [band_of(f.age) for f in figures if f.age != ALL and f.sex in sexes]


def _listed(
    figures: Sequence[Figure],
    sex: str,
    card: Bands,
) -> Bands:
    """Return the bands that a sex's figures list, merged, if they are all of its total;
    else nothing.
    """
    listed = merged(_bands(figures, (sex,)))
    undivided = [
        figure
        for figure in figures
        if figure.sex == sex and set(figure.levels) <= {EVERYBODY}
    ]
    total = next((figure for figure in undivided if figure.age == ALL), None)
    if total is None or not card:
        return listed
    persons = _persons_of_tiles(undivided)
    if persons is None or total.persons is None:
        complete = _could_be_all(undivided, total, listed, card)
    else:
        complete = persons >= WHOLE * total.persons
    return listed if complete else ()


def _persons_of_tiles(figures: Sequence[Figure]) -> float | None:
    """Return the persons of the bands that tile the listed ages; None where they aren't
    all known.
    """
    persons = {band_of(f.age): f.persons for f in figures if f.age != ALL}
    counts = [persons[band] for band in tiled(persons)]
    if not counts or None in counts:
        return None
    return sum(filter(None, counts))


def _could_be_all(
    figures: Sequence[Figure],
    total: Figure,
    listed: Bands,
    card: Bands,
) -> bool:
    """Say whether bands of unknown persons can be all of a total: most of its ages, its
    estimate between theirs.
    """
    months = sum(map(length, listed))
    if 2 * months <= sum(map(length, card)):
        return False
    estimates = [
        figure.estimate
        for figure in figures
        if figure.age != ALL and figure.estimate is not None
    ]
    if total.estimate is None or not estimates:
        return True
    return min(estimates) - 1e-9 <= total.estimate <= max(estimates) + 1e-9


def _traits(figures: Sequence[Figure]) -> int:
    return len(figures[0].levels) if figures else 0


def _listed_levels(
    figures: Sequence[Figure],
    trait: int,
) -> list[str]:
    return sorted({figure.levels[trait] for figure in figures} - {EVERYBODY})


def _levels(
    figures: Sequence[Figure],
    trait: int,
) -> Levels:
    """Return the levels of a trait, with OTHERS where those listed aren't everybody."""
    listed = _listed_levels(figures, trait)
    if not listed:
        return (EVERYBODY,)
    complete = _levels_hold_total(figures, trait)
    if complete is None:
        undivided = any(figure.levels[trait] == EVERYBODY for figure in figures)
        complete = len(listed) > 1 or not undivided
    return tuple(listed) if complete else (*listed, OTHERS)


def _levels_hold_total(
    figures: Sequence[Figure],
    trait: int,
) -> bool | None:
    """Say whether a trait's listed levels hold WHOLE of a total; None where the persons
    are unknown.
    """
    alone = [figure for figure in figures if _divided_by(figure) <= {trait}]
    for total in alone:
        if _divided_by(total) or not total.persons:
            continue
        persons = [
            level.persons
            for level in alone
            if _divided_by(level) and (level.sex, level.age) == (total.sex, total.age)
        ]
        if persons and None not in persons:
            return sum(filter(None, persons)) >= WHOLE * total.persons
    return None


def _divided_by(figure: Figure) -> set[int]:
    """Return the places of the traits of which a figure is about one level."""
    return {i for i, level in enumerate(figure.levels) if level != EVERYBODY}
