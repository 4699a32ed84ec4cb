"""Usage: which figures of each survey enter the evidence, and what became of the
respondents of the others.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

from uncounted.errors import UncountedError
from uncounted.figures.chosen_rows import NAN, Chosen, assembled
from uncounted.figures.extent import ALL, SEXES, Ages, Figure, Grid
from uncounted.figures.figure_grid import grid
from uncounted.figures.figure_record import (
    Row,
    figures_of_records,
    measured,
    records_of,
)
from uncounted.figures.ledger import LOST, Ledger
from uncounted.figures.partition import (
    Choice,
    Part,
    Survey,
    arranged,
    finest,
    union,
)
from uncounted.world.population import EVERYBODY

TWICE = "the same respondents are in the survey's finest disjoint figures"
UNPLACED = "respondents of the total who are in none of the figures used"
UNANSWERED = "sex, age or another trait of these respondents is missing"
UNASKED = (
    "divided by a trait that isn't asked for, and no figure of everybody beside it"
)
NO_ESTIMATE = "no estimate"
NO_SIZE = "no n, SE or interval"
NOBODY = "nobody there was asked"


@dataclass(frozen=True)
class Asked:
    """What selection needs to know of a table.

    by: the axes that persons are to be divided by. age: the ages that totals are about,
    by the card. card_age_kinds: kinds of source whose totals are always about these.
    table_traits: the traits beyond sex and age that the table has. respondents: whether
    it is made of interviews.
    """

    by: tuple[str, ...]
    age: str
    card_age_kinds: tuple[str, ...]
    table_traits: tuple[str, ...]
    respondents: bool

    @property
    def traits(self) -> tuple[str, ...]:
        """The traits beyond sex and age by which persons are to be divided."""
        return tuple(trait for trait in self.table_traits if trait in self.by)

    @property
    def divided(self) -> tuple[str, ...]:
        """The traits that the table divides persons by though nobody asked for it."""
        return tuple(trait for trait in self.table_traits if trait not in self.by)


class Fate(NamedTuple):
    """What became of a row that isn't used as it stands, and the persons whom that
    leaves out.
    """

    index: Any
    action: str
    why: str
    respondents: float = NAN
    cases: float = NAN


def used(
    rows: pd.DataFrame, request: Asked, ledger: Ledger
) -> tuple[pd.DataFrame, Ledger]:
    """Return the rows of each survey's finest disjoint figures (`partition.finest`),
    each respondent once.

    rows: part (of a survey), sex, age, traits, kind, estimate, persons, n, n_weighted,
    usable, half_estimate, by_error and alone (effective respondents by the own error,
    and for the likelihood). Added are breakdown, choice (of which disjoint set a row
    is), shared (how many such sets are about the same respondents), covers (Bands),
    less (what of sex × levels × covers the row isn't about) and figure (the index of
    the row of which it is). Rests of totals are rows of their own, whose index is new.
    Everything else goes to the ledger, with the persons who are left out by it. Raises
    UncountedError where a figure of all ages doesn't say which these are.
    """
    rows, ledger = _of_everybody(rows, request, ledger)
    ages = _ages(rows)
    by_part: dict[int, list[Row]] = {}
    records = records_of(rows, request.traits)
    for part, row in zip(
        rows["part"].tolist(),
        records,
        strict=True,
    ):
        by_part.setdefault(part, []).append(row)
    chosen: list[Chosen] = []
    fates: list[Fate] = []
    for part, records in sorted(by_part.items()):
        ages_of_part = ages.get(records[0].index)
        chosen_of_part, fates_of_part = _of_part(part, records, request, ages_of_part)
        chosen += chosen_of_part
        fates += fates_of_part
    return assembled(
        rows,
        chosen,
        request.traits,
    ), _written(rows, fates, ledger)


def _of_everybody(
    rows: pd.DataFrame, request: Asked, ledger: Ledger
) -> tuple[pd.DataFrame, Ledger]:
    """Leave out figures of some level of a trait that isn't asked for: those of
    everybody are about the same persons.
    """
    divided = (rows[list(request.divided)] != EVERYBODY).any(axis=1)
    counted = rows["part"].isin(rows.loc[~divided, "part"])
    ledger = ledger.add(
        rows.loc[divided & counted],
        "not used again",
        TWICE,
    )
    ledger = ledger.add(
        rows.loc[divided & ~counted],
        "excluded",
        UNASKED,
    )
    return rows.loc[~divided], ledger


def _ages(rows: pd.DataFrame) -> dict[Any, Ages]:
    """Return the ages at which respondents were asked, by row and sex; of published
    figures nothing.
    """
    if "ages_female" not in rows:
        return {}
    columns = [rows[f"ages_{sex}"].tolist() for sex in SEXES]
    return {
        index: dict(zip(SEXES, bands, strict=True))
        for index, *bands in zip(
            rows.index,
            *columns,
            strict=True,
        )
        if any(bands)
    }


def _of_part(
    part: int,
    records: list[Row],
    request: Asked,
    ages: Ages | None,
) -> tuple[list[Chosen], list[Fate]]:
    """Return what is used of one part of a survey, and the fate of all rows that aren't
    used as they stand.
    """
    records = sorted(records, key=lambda row: (row.sex, row.age, row.levels))
    if request.respondents and not ages and all(row.age == ALL for row in records):
        return [], _without_ages(records)
    figures = figures_of_records(records)
    always = records[0].kind in request.card_age_kinds
    pieces = grid(figures, request.age, always, ages)
    if pieces is None:
        raise UncountedError(
            f"The figure of survey '{records[0].survey}' for all ages doesn't say which"
            ' ages those are. Write them on its card, as age = "15-64".'
        )
    figures = measured(figures, pieces)
    survey = _arranged(records, figures, pieces, request)
    choices = finest(survey, request.by)
    chosen = _chosen(part, choices, pieces, request.traits)
    return chosen, _fates(records, figures, choices, pieces, request)


def _arranged(
    records: list[Row],
    figures: list[Figure],
    pieces: Grid,
    request: Asked,
) -> Survey:
    weighted: dict[Any, float] = {}
    # interviews without sex or age may be of anybody: they are no rest of those whom no
    # figure lists
    if not request.respondents:
        for row in records:
            if row.n_weighted == row.n_weighted:
                weighted[row.index] = row.n_weighted
    halves = {row.index: row.half_estimate for row in records}
    return arranged(figures, pieces, request.traits, weighted, halves)


def _chosen(
    part: int,
    choices: Sequence[Choice],
    pieces: Grid,
    traits: Sequence[str],
) -> list[Chosen]:
    breakdown = " + ".join(choice.name(traits) for choice in choices)
    shared = float(len(choices))
    chosen: list[Chosen] = []
    for i, choice in enumerate(choices):
        for figure in choice.parts:
            cover = pieces.cover(figure.pieces)
            chosen.append(
                Chosen(
                    figure,
                    cover,
                    breakdown,
                    f"{part}/{i}",
                    shared,
                )
            )
    return chosen


def _without_ages(records: list[Row]) -> list[Fate]:
    """Return the fate of respondents of whom nobody's age is known: the largest figure
    leaves them all out.
    """
    largest = max(records, key=lambda row: row.persons)
    fates = [
        Fate(largest.index, "excluded", UNANSWERED, largest.persons, largest.cases)
    ]
    for row in records:
        if row.index != largest.index:
            fates.append(Fate(row.index, "excluded", UNANSWERED))
    return fates


def _fates(
    records: list[Row],
    figures: list[Figure],
    choices: Sequence[Choice],
    pieces: Grid,
    request: Asked,
) -> list[Fate]:
    """Return the fate of every row that isn't used as it stands.

    A figure of persons who are all in the chosen ones leaves out nobody. Of the others,
    the largest disjoint ones do.
    """
    in_use = {part.figure.row for choice in choices for part in choice.parts}
    held = union(choice.pieces for choice in choices)
    counted = held
    rows = {row.index: row for row in records}
    extents = {figure.row: pieces.extent(figure) for figure in figures}
    fates: list[Fate] = []
    by_extent = sorted(extents, key=lambda index: extents[index].bit_count())
    for index in by_extent:
        row, extent = rows[index], extents[index]
        if index in in_use:
            continue
        if choices and extent & ~held == 0:
            fates.append(Fate(index, "not used again", TWICE))
        elif extent & counted == 0:
            fates.append(
                Fate(
                    index,
                    "excluded",
                    _why(row),
                    row.persons,
                    row.cases,
                )
            )
            counted |= extent
        else:
            fates.append(Fate(index, "excluded", _why(row)))
    unplaced = _unplaced(rows, extents, choices, fates, request)
    return [unplaced.get(fate.index, fate) for fate in fates]


def _why(row: Row) -> str:
    if row.estimate == row.estimate:
        return UNPLACED if row.usable else NO_SIZE
    return NOBODY if row.persons == 0 else NO_ESTIMATE


def _unplaced(
    rows: dict[Any, Row],
    extents: dict[Any, int],
    choices: Sequence[Choice],
    fates: list[Fate],
    request: Asked,
) -> dict[Any, Fate]:
    """Return the fate of totals some of whose respondents are neither used nor left out
    elsewhere, widest first.
    """
    if not choices:
        return {}
    parts = choices[0].parts
    why = UNANSWERED if request.respondents else UNPLACED
    counted = union(part.pieces for part in parts if part.less)
    unplaced: dict[Any, Fate] = {}
    for fate in sorted(fates, key=lambda fate: -extents[fate.index].bit_count()):
        total, extent = rows[fate.index], extents[fate.index]
        inside = _parts_of(extent, parts)
        if not total.persons > 0 or not inside or extent & counted:
            continue
        counted |= extent
        excluded = [
            part
            for part in fates
            if part.index != fate.index and extents[part.index] & ~extent == 0
        ]
        placed = [_placed(rows, part, "persons") for part in inside]
        lost = [part.respondents for part in excluded]
        persons = _remaining(total.persons, placed, lost)
        placed = [_placed(rows, part, "cases") for part in inside]
        cases = _remaining(
            total.cases,
            placed,
            [part.cases for part in excluded],
        )
        if persons > 0.5 or (total.counted == total.counted and cases > 0.5):
            numbers = max(persons, 0.0), max(cases, 0.0)
            unplaced[fate.index] = Fate(
                fate.index,
                "excluded",
                why,
                *numbers,
            )
    return unplaced


def _parts_of(
    extent: int,
    parts: Sequence[Part],
) -> list[Part]:
    """Return the parts that share persons with an extent; none where one of them
    reaches beyond it.
    """
    sharing = [part for part in parts if part.pieces & extent]
    if any(part.pieces & ~extent for part in sharing):
        return []
    return sharing


def _placed(
    rows: dict[Any, Row],
    part: Part,
    column: str,
) -> float:
    """Return the persons, or cases, of a part."""
    beside = sum(getattr(rows[figure.row], column) for figure in part.less)
    return getattr(rows[part.figure.row], column) - beside


def _remaining(
    total: float,
    placed: Iterable[float],
    excluded: Iterable[float],
) -> float:
    """Return a number less those placed in parts and those excluded with other rows."""
    return total - sum(placed) - sum(number for number in excluded if number > 0)


def _written(
    rows: pd.DataFrame,
    fates: list[Fate],
    ledger: Ledger,
) -> Ledger:
    table = pd.DataFrame(fates, columns=list(Fate._fields)).set_index("index")
    for (action, why), lines in table.groupby(["action", "why"], sort=True):
        numbers = {name: lines[name] for name in LOST}
        lost = rows.loc[lines.index].assign(
            **numbers,
            n=NAN,
        )
        ledger = ledger.add(lost, str(action), str(why))
    return ledger
