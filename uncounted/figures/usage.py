"""Usage: which figures of each survey enter the evidence, and what became of the
respondents of the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import pandas as pd

from uncounted.errors import UncountedError
from uncounted.figures.extent import ALL, SEXES, Ages, Cover, Figure, Grid, grid
from uncounted.figures.ledger import LOST, Ledger
from uncounted.figures.partition import Choice, Part, arranged, finest, union
from uncounted.world.population import EVERYBODY

TWICE = "the same respondents are in the survey's finest disjoint figures"
UNPLACED = "respondents of the total who are in none of the figures used"
UNANSWERED = "sex, age or another trait of these respondents is missing"
UNASKED = (
    "divided by a trait that isn't asked for, and no figure of everybody beside it"
)
NO_ESTIMATE, NO_SIZE, NOBODY = (
    "no estimate",
    "no n, SE or interval",
    "nobody there was asked",
)
SUMS = (
    "n",
    "respondents",
    "cases",
    "persons",
)  # of a rest: the total's less the others'
NAN = float("nan")


@dataclass(frozen=True)
class Asked:
    """What selection is told of a table: by which axes, for which ages its totals
    speak, and of what kind it is.

    known: the traits beyond sex and age that the table has. respondents: it is made of
    interviews.
    """

    by: tuple[str, ...]
    age: str
    whole: tuple[str, ...]
    known: tuple[str, ...]
    respondents: bool

    @property
    def traits(self) -> tuple[str, ...]:
        """The traits beyond sex and age by which persons are to be divided."""
        return tuple(trait for trait in self.known if trait in self.by)

    @property
    def divided(self) -> tuple[str, ...]:
        """The traits that the table divides persons by though nobody asked for it."""
        return tuple(trait for trait in self.known if trait not in self.by)


class Row(NamedTuple):
    """What is read of one row of a table of figures; NaN where unknown. counted: cases
    that were not computed.
    """

    index: Any
    survey: str
    kind: str
    sex: str
    age: str
    levels: tuple[str, ...]
    usable: bool
    estimate: float
    persons: float
    cases: float
    counted: float
    n_weighted: float
    by_error: float
    alone: float
    half_estimate: float


class Fate(NamedTuple):
    """What became of a row that isn't used as it stands, and the persons whom that
    leaves out.
    """

    index: Any
    action: str
    why: str
    respondents: float = NAN
    cases: float = NAN


class Chosen(NamedTuple):
    """A part that is used: of which row, with what columns of the evidence."""

    index: Any
    part: Part
    cover: Cover
    breakdown: str
    choice: str
    shared: float


def used(
    rows: pd.DataFrame, asked: Asked, ledger: Ledger
) -> tuple[pd.DataFrame, Ledger]:
    """Return the rows of each survey's finest disjoint figures (`breakdown.finest`),
    each respondent once.

    rows: part (of a survey), sex, age, traits, kind, estimate, persons, n, n_weighted,
    usable, half_estimate, by_error and alone (effective respondents by the own error,
    and for the likelihood). Added are breakdown, choice (of which disjoint set a row
    is), shared (how many such sets speak of the same respondents), covers (Bands), less
    (what of sex × levels × covers the row doesn't speak of) and figure (the index of
    the row of which it is). Rests of totals are rows of their own, whose index is new.
    Everything else goes to the ledger, with the persons who are left out by it. Raises
    UncountedError where a figure of all ages doesn't say which these are.
    """
    rows, ledger = _of_everybody(rows, asked, ledger)
    chosen: list[Chosen] = []
    fates: list[Fate] = []
    ages = _ages(rows)
    by_part: dict[int, list[Row]] = {}
    for part, row in zip(
        rows["part"].tolist(), _records(rows, asked.traits), strict=True
    ):
        by_part.setdefault(part, []).append(row)
    for part, records in sorted(by_part.items()):
        picked, left = _of_part(part, records, asked, ages.get(records[0].index))
        chosen += picked
        fates += left
    return _assembled(rows, chosen, asked), _written(rows, fates, ledger)


def _of_everybody(
    rows: pd.DataFrame, asked: Asked, ledger: Ledger
) -> tuple[pd.DataFrame, Ledger]:
    """Leave out figures of some level of a trait that isn't asked for: those of
    everybody speak of the same persons.
    """
    divided = pd.Series(False, rows.index)
    for trait in asked.divided:
        divided |= rows[trait] != EVERYBODY
    spoken = rows["part"].isin(rows.loc[~divided, "part"])
    ledger = ledger.add(rows.loc[divided & spoken], "not used again", TWICE)
    return rows.loc[~divided], ledger.add(
        rows.loc[divided & ~spoken], "excluded", UNASKED
    )


def _ages(rows: pd.DataFrame) -> dict[Any, Ages]:
    """Return the ages at which respondents were asked, by row and sex; of published
    figures nothing.
    """
    if "ages_female" not in rows:
        return {}
    columns = [rows[f"ages_{sex}"].tolist() for sex in SEXES]
    return {
        index: dict(zip(SEXES, bands, strict=True))
        for index, *bands in zip(rows.index, *columns, strict=True)
        if any(bands)
    }


def _records(rows: pd.DataFrame, traits: Sequence[str]) -> list[Row]:
    levels = [rows[trait].tolist() for trait in traits]
    combinations = list(zip(*levels, strict=True)) if traits else [()] * len(rows)
    columns = {
        name: rows[name].tolist()
        for name in Row._fields
        if name not in ("index", "levels")
    }
    columns |= {"index": rows.index.tolist(), "levels": combinations}
    return [
        Row(*values)
        for values in zip(*(columns[name] for name in Row._fields), strict=True)
    ]


def _of_part(
    part: int, records: list[Row], asked: Asked, ages: Ages | None
) -> tuple[list[Chosen], list[Fate]]:
    """Return what is used of one part of a survey, and the fate of all rows that aren't
    used as they stand.
    """
    records = sorted(records, key=lambda row: (row.sex, row.age, row.levels))
    figures = _figures(records)
    if asked.respondents and not ages and all(row.age == ALL for row in records):
        return [], _without_ages(records)
    pieces = grid(figures, asked.age, records[0].kind in asked.whole, ages)
    if pieces is None:
        raise UncountedError(
            f"The figure of survey '{records[0].survey}' for all ages doesn't say which"
            ' ages those are. Write them on its card, as age = "15-64".'
        )
    figures = _measured(figures, pieces)
    # interviews without sex or age may be of anybody: they are no rest of those whom no
    # figure lists
    published = [] if asked.respondents else records
    weighted = {
        row.index: row.n_weighted
        for row in published
        if row.n_weighted == row.n_weighted
    }
    halves = {row.index: row.half_estimate for row in records}
    choices = finest(
        arranged(figures, pieces, asked.traits, weighted, halves), asked.by
    )
    breakdown = " + ".join(choice.name(asked.traits) for choice in choices)
    chosen = [
        Chosen(
            used_part.figure.row,
            used_part,
            pieces.cover(used_part.pieces),
            breakdown,
            f"{part}/{i}",
            float(len(choices)),
        )
        for i, choice in enumerate(choices)
        for used_part in choice.parts
    ]
    return chosen, _fates(records, figures, choices, pieces, asked)


def _without_ages(records: list[Row]) -> list[Fate]:
    """Return the fate of respondents of whom nobody's age is known: the largest figure
    leaves them all out.
    """
    largest = max(records, key=lambda row: row.persons)
    others = [row for row in records if row.index != largest.index]
    lost = Fate(largest.index, "excluded", UNANSWERED, largest.persons, largest.cases)
    return [lost, *(Fate(row.index, "excluded", UNANSWERED) for row in others)]


def _figures(records: list[Row]) -> list[Figure]:
    """Return the figures of a part; their sizes are persons, weighted persons or
    effective ones, as all have them.
    """
    usable = [row for row in records if row.usable]
    measures = ("persons", "n_weighted", "by_error", "alone")
    known = [name for name in measures if all(getattr(row, name) > 0 for row in usable)]
    return [
        Figure(
            row.index,
            row.sex,
            row.age,
            row.levels,
            _known(getattr(row, known[0])) if known else None,
            row.usable,
            _known(row.estimate),
            _known(row.persons) or _known(row.n_weighted),
        )
        for row in records
    ]


def _known(value: float) -> float | None:
    return None if value != value else float(value)


def _measured(figures: list[Figure], pieces: Grid) -> list[Figure]:
    """Return figures with the months that they speak of as sizes, where sizes aren't
    known.
    """
    if all(figure.size is not None for figure in figures if figure.usable):
        return figures
    return [
        replace(figure, size=float(pieces.months(pieces.extent(figure))))
        for figure in figures
    ]


def _fates(
    records: list[Row],
    figures: list[Figure],
    choices: Sequence[Choice],
    pieces: Grid,
    asked: Asked,
) -> list[Fate]:
    """Return the fate of every row that isn't used as it stands.

    A figure of persons who are all in the chosen ones leaves out nobody. Of the others,
    the largest disjoint ones do.
    """
    chosen = {part.figure.row for choice in choices for part in choice.parts}
    held = union(choice.pieces for choice in choices)
    counted = held
    rows = {row.index: row for row in records}
    extents = {figure.row: pieces.extent(figure) for figure in figures}
    fates: list[Fate] = []
    left = [figure for figure in figures if figure.row not in chosen]
    for figure in sorted(left, key=lambda each: extents[each.row].bit_count()):
        row, extent = rows[figure.row], extents[figure.row]
        if choices and extent & ~held == 0:
            fates.append(Fate(row.index, "not used again", TWICE))
        elif extent & counted == 0:
            fates.append(Fate(row.index, "excluded", _why(row), row.persons, row.cases))
            counted |= extent
        else:
            fates.append(Fate(row.index, "excluded", _why(row)))
    unplaced = _unplaced(rows, extents, choices, fates, asked)
    return [unplaced.get(fate.index, fate) for fate in fates]


def _why(row: Row) -> str:
    if row.estimate != row.estimate:
        return NOBODY if row.persons == 0 else NO_ESTIMATE
    return UNPLACED if row.usable else NO_SIZE


def _unplaced(
    rows: dict[Any, Row],
    extents: dict[Any, int],
    choices: Sequence[Choice],
    fates: list[Fate],
    asked: Asked,
) -> dict[Any, Fate]:
    """Return the fate of totals some of whose respondents are neither used nor left out
    elsewhere, widest first.
    """
    if not choices:
        return {}
    parts = choices[0].parts
    counted = union(part.pieces for part in parts if part.less)
    unplaced: dict[Any, Fate] = {}
    for fate in sorted(fates, key=lambda each: -extents[each.index].bit_count()):
        total, extent = rows[fate.index], extents[fate.index]
        inside = [part for part in parts if part.pieces & extent]
        whole = all(part.pieces & ~extent == 0 for part in inside)
        if not total.persons > 0 or not inside or not whole or extent & counted:
            continue
        counted |= extent
        excluded = [
            other
            for other in fates
            if other.index != fate.index and extents[other.index] & ~extent == 0
        ]
        persons = total.persons - sum(_placed(rows, part, "persons") for part in inside)
        persons -= sum(other.respondents for other in excluded if other.respondents > 0)
        cases = total.cases - sum(_placed(rows, part, "cases") for part in inside)
        cases -= sum(other.cases for other in excluded if other.cases > 0)
        if persons > 0.5 or (total.counted == total.counted and cases > 0.5):
            why = UNANSWERED if asked.respondents else UNPLACED
            unplaced[fate.index] = Fate(
                fate.index, "excluded", why, max(persons, 0.0), max(cases, 0.0)
            )
    return unplaced


def _placed(rows: dict[Any, Row], part: Part, column: str) -> float:
    """Return the persons, or cases, of a part."""
    beside = sum(getattr(rows[figure.row], column) for figure in part.less)
    return getattr(rows[part.figure.row], column) - beside


def _assembled(rows: pd.DataFrame, chosen: list[Chosen], asked: Asked) -> pd.DataFrame:
    """Return the chosen parts as rows."""
    whole = [each for each in chosen if not each.part.less]
    rests = [each for each in chosen if each.part.less]
    table = rows.loc[[each.index for each in whole]]
    if rests:
        table = pd.concat(
            [table, pd.DataFrame([_rest_row(rows, each.part) for each in rests])]
        )
    ordered = [*whole, *rests]
    columns = {
        "sex": [each.cover.sex for each in ordered],
        "breakdown": [each.breakdown for each in ordered],
        "choice": [each.choice for each in ordered],
        "shared": [each.shared for each in ordered],
        "figure": [each.index for each in ordered],
    }
    for i, trait in enumerate(asked.traits):
        columns[trait] = [each.cover.levels[i] for each in ordered]
    objects = {
        "covers": [each.cover.bands for each in ordered],
        "less": [_named(each.cover, asked.traits) for each in ordered],
    }
    series = {
        name: pd.Series(values, table.index, dtype=object)
        for name, values in objects.items()
    }
    return table.assign(**columns, **series)


def _named(cover: Cover, traits: Sequence[str]) -> tuple:
    """Return what a row excepts with the names of the traits: (sex, ((trait, level),
    …), bands).
    """
    return tuple(
        (sex, tuple(zip(traits, levels, strict=True)), bands)
        for sex, levels, bands in cover.less
    )


def _rest_row(rows: pd.DataFrame, part: Part) -> pd.Series:
    """Return the row of a total's rest: persons, cases and n are the total's less those
    of the figures beside it.
    """
    total = {str(name): value for name, value in rows.loc[part.figure.row].items()}
    beside = rows.loc[[figure.row for figure in part.less]]
    values: dict[str, Any] = {
        column: total[column] - beside[column].sum(skipna=False) for column in SUMS
    }
    values |= {
        "estimate": part.estimate,
        "n_weighted": part.weighted,
        "se": NAN,
        "rest": True,
    }
    if not values["n"] > 0:
        share = (part.weighted or 0.0) / total["n_weighted"]
        # by n, so that its design effect is smoothed anew wherever others' are
        by_n = bool(total["n"] > 0)
        values["n"] = total["n"] * share if by_n else NAN
        values["n_interval"] = NAN if by_n else total["alone"] * share
    return pd.Series({**total, **values}, name=f"{part.figure.row} rest {part.pieces}")


def _written(rows: pd.DataFrame, fates: list[Fate], ledger: Ledger) -> Ledger:
    table = pd.DataFrame(fates, columns=list(Fate._fields)).set_index("index")
    for (action, why), lines in table.groupby(["action", "why"], sort=True):
        lost = rows.loc[lines.index].assign(
            **{name: lines[name] for name in LOST}, n=NAN
        )
        ledger = ledger.add(lost, str(action), str(why))
    return ledger
