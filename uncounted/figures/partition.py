"""Breakdown: the finest disjoint figures of a survey that keep its respondents, each of
whom counts once.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from uncounted.figures.extent import ALL, BOTH, SEXES, Figure, Grid, band_of, tiled
from uncounted.world.population import EVERYBODY

PEOPLE = ("sex", "age")
KEPT = 0.98  # of the respondents of the largest set of disjoint figures
TENTH = 0.1  # of the total's persons; the rest of fewer would be the total's rounding

Group = tuple[str, tuple[str, ...]]  # sex and the level of each trait


@dataclass(frozen=True)
class Part:
    """A figure that is used, or the rest of one, less the figures of other parts.

    pieces: whom it speaks of. size: respondents, or what stands for them. estimate,
    weighted: its prevalence and weighted persons; of a rest, what is left of the
    figure's.
    """

    figure: Figure
    pieces: int
    size: float
    estimate: float
    weighted: float | None
    less: tuple[Figure, ...] = ()


@dataclass(frozen=True)
class Choice:
    """Disjoint parts, and the axes by which they divide persons."""

    parts: tuple[Part, ...]
    axes: tuple[str, ...]

    @property
    def size(self) -> float:
        """The respondents of all parts."""
        return sum(part.size for part in self.parts)

    @property
    def pieces(self) -> int:
        """The pieces that the parts hold together."""
        return union(part.pieces for part in self.parts)

    def name(self, traits: Sequence[str]) -> str:
        """Return what the breakdown is called: by all that its figures say of persons,
        if of one sex or age alone.
        """
        figures = [part.figure for part in self.parts]
        axes = ["sex"] if any(figure.sex != BOTH for figure in figures) else []
        axes += ["age"] if any(figure.age != ALL for figure in figures) else []
        said = [
            trait
            for i, trait in enumerate(traits)
            if any(f.levels[i] != EVERYBODY for f in figures)
        ]
        return named({*axes, *said})


@dataclass(frozen=True)
class Survey:
    """The usable figures of one part of a survey, by group: those of some of its ages,
    and the total of all.
    """

    traits: tuple[str, ...]
    cells: dict[Group, tuple[Part, ...]]
    totals: dict[Group, Part]
    halves: dict[int, float]


def named(axes: Collection[str]) -> str:
    """Return the name of a breakdown: "sex × age × migrant", or "national"."""
    people = [axis for axis in PEOPLE if axis in axes]
    return " × ".join([*people, *sorted(set(axes) - {*PEOPLE})]) or "national"


def arranged(
    figures: Sequence[Figure],
    grid: Grid,
    traits: tuple[str, ...],
    weighted: dict[int, float],
    halves: dict[int, float],
) -> Survey:
    """Return figures arranged by group; weighted persons and half a printed digit are
    by the figure's row.

    The widest figure of a group is its total, written as "all" or as a band that holds
    all others of it.
    """
    groups: dict[Group, list[Part]] = {}
    for figure in figures:
        if figure.usable and figure.estimate is not None:
            size = float(figure.size or 0.0)
            persons = weighted.get(figure.row)
            part = Part(figure, grid.extent(figure), size, figure.estimate, persons)
            groups.setdefault((figure.sex, figure.levels), []).append(part)
    cells, totals = {}, {}
    for group, parts in groups.items():
        everything = union(part.pieces for part in parts)
        widest = [part for part in parts if part.pieces == everything]
        divided = [part for part in parts if part.pieces != everything]
        undivided = next((part for part in widest if part.figure.age == ALL), None)
        if widest:
            totals[group] = undivided or widest[0]
        cells[group] = tuple(divided)
    return Survey(traits, cells, totals, halves)


def finest(survey: Survey, by: Sequence[str]) -> tuple[Choice, ...]:
    """Return the finest disjoint parts that keep KEPT of the respondents of the largest
    such set.

    Finest is what divides by most of `by`: sex, age, further traits; of several, by age
    first, then by traits. In each group (a sex, a level of a trait) its own ages are
    used; where they don't hold its total, the total's rest beside them (`_rest`), or
    the total alone. Where a survey publishes margins and no cross, there are several
    choices, one for each axis that none before it divides by: each speaks of the same
    respondents. Empty if nothing is usable.
    """
    candidates = [
        choice
        for axes in _breakdowns(survey, by)
        if (choice := _choice(survey, axes)).parts
    ]
    if not candidates:
        return ()
    candidates.sort(key=lambda choice: -len({*choice.axes} & {*by}))
    largest = max(choice.size for choice in candidates)
    singles = max((part.size for part in survey.totals.values()), default=0.0)
    enough = [
        choice
        for choice in candidates
        if choice.size >= KEPT * max(largest, singles) - 1e-9
    ]
    chosen = [enough[0]]
    divided = set(enough[0].axes)
    for choice in enough[1:]:
        more = set(choice.axes) & {*by}
        if not more <= divided:
            chosen.append(choice)
            divided |= more
    return tuple(chosen)


def union(pieces: Iterable[int]) -> int:
    """Return the pieces that any of some sets has."""
    together = 0
    for some in pieces:
        together |= some
    return together


def _breakdowns(survey: Survey, by: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Return the ways to divide persons by some axes, most axes first; of as many, by
    age first, sex last.

    By sex and age also where these weren't asked for, last, for surveys that publish no
    other figures.
    """
    known = ("age", *sorted({*by} & {*survey.traits}), "sex")
    order = [axis for axis in known if axis in by]
    for size in range(len(order), -1, -1):
        yield from combinations(order, size)
    finer = [axis for axis in known if axis in by or axis in PEOPLE]
    for size in range(1, len(finer) + 1):
        yield from (axes for axes in combinations(finer, size) if not {*axes} <= {*by})


def _choice(survey: Survey, axes: tuple[str, ...]) -> Choice:
    parts: list[Part] = []
    for group in _groups(survey, axes):
        parts += _of_group(survey, group, "age" in axes)
    taken = tuple(parts)
    taken += _rests(survey, axes, taken)
    return Choice(taken, _divided(taken, survey.traits))


def _groups(survey: Survey, axes: tuple[str, ...]) -> list[Group]:
    """Return the groups that axes divide persons into; without sex those of both, or of
    the one sex that is there.
    """
    known = {*survey.cells}
    sexes = [sex for sex in SEXES if any(group[0] == sex for group in known)]
    if "sex" not in axes:
        sexes = (
            [BOTH]
            if any(group[0] == BOTH for group in known)
            else sexes
            if len(sexes) == 1
            else []
        )
    levels = []
    for i, trait in enumerate(survey.traits):
        listed = sorted({group[1][i] for group in known} - {EVERYBODY})
        levels.append(listed if trait in axes else [EVERYBODY])
    return [(sex, combination) for sex in sexes for combination in product(*levels)]


def _of_group(survey: Survey, group: Group, by_age: bool) -> list[Part]:
    """Return a group's ages if they hold its total, else with its rest, else its
    total.
    """
    total = survey.totals.get(group)
    cells = {band_of(part.figure.age): part for part in survey.cells.get(group, ())}
    ages = [cells[band] for band in tiled(cells)] if by_age or total is None else []
    if total is None:
        return ages
    if not ages:
        return [total]
    if sum(part.size for part in ages) >= KEPT * total.size - 1e-9:
        return ages
    rest = _rest(total, ages, survey.halves)
    return [*ages, rest] if rest else [total]


def _rests(
    survey: Survey, axes: tuple[str, ...], parts: tuple[Part, ...]
) -> tuple[Part, ...]:
    """Return the rests of totals of several groups beside parts of some of them,
    smallest totals first.
    """
    added: list[Part] = []
    totals = [
        total
        for group, total in survey.totals.items()
        if _asked(group, survey.traits, axes)
    ]
    for total in sorted(
        totals,
        key=lambda part: (
            part.size,
            part.figure.sex,
            part.figure.age,
            part.figure.levels,
        ),
    ):
        current = [*parts, *added]
        overlapping = [part for part in current if part.pieces & total.pieces]
        inside = all(part.pieces & ~total.pieces == 0 for part in overlapping)
        left = total.pieces & ~union(part.pieces for part in current)
        if (
            overlapping
            and inside
            and left
            and not any(part.less for part in overlapping)
        ):
            rest = _rest(total, overlapping, survey.halves)
            added += [rest] if rest else []
        elif not overlapping and left:
            added.append(total)
    return tuple(added)


def _asked(group: Group, traits: tuple[str, ...], axes: tuple[str, ...]) -> bool:
    """Say whether a group is divided by no other trait than axes'."""
    return all(
        level == EVERYBODY or trait in axes
        for trait, level in zip(traits, group[1], strict=True)
    )


def _rest(total: Part, parts: Sequence[Part], halves: dict[int, float]) -> Part | None:
    """Return (P·N − Σ p·N_h) / N_rest by weighted persons; None where it can't be told.

    That is where some weighted persons are unknown, N_rest is under a TENTH of N,
    nobody is left whom the parts don't speak of, or the rest is outside 0–1 by more
    than half the printed digits of the figures.
    """
    left = total.pieces & ~union(part.pieces for part in parts)
    persons = [part.weighted for part in parts]
    if not left or total.weighted is None or None in persons:
        return None
    known = [weight for weight in persons if weight is not None]
    rest = total.weighted - sum(known)
    if rest < TENTH * total.weighted:
        return None
    affected = sum(
        part.estimate * weight for part, weight in zip(parts, known, strict=True)
    )
    estimate = (total.estimate * total.weighted - affected) / rest
    rounding = halves.get(total.figure.row, 0.0) * total.weighted
    rounding += sum(
        halves.get(part.figure.row, 0.0) * weight
        for part, weight in zip(parts, known, strict=True)
    )
    slack = rounding / rest + 1e-9
    if not -slack <= estimate <= 1 + slack:
        return None
    size = total.size - sum(part.size for part in parts)
    size = size if size > 0 else total.size * rest / total.weighted
    figures = tuple(part.figure for part in parts)
    return Part(total.figure, left, size, min(max(estimate, 0.0), 1.0), rest, figures)


def _divided(parts: Sequence[Part], traits: tuple[str, ...]) -> tuple[str, ...]:
    """Return the axes by which parts divide persons: more than one part, and not all of
    them alike.
    """
    axes = ["sex"] if len({part.figure.sex for part in parts}) > 1 else []
    ages = {(part.figure.sex, part.figure.levels): set() for part in parts}
    for part in parts:
        ages[part.figure.sex, part.figure.levels].add(
            (part.figure.age, bool(part.less))
        )
    if any(len(labels) > 1 for labels in ages.values()):
        axes.append("age")
    for i, trait in enumerate(traits):
        if len({part.figure.levels[i] for part in parts}) > 1:
            axes.append(trait)
    return tuple(axes)
