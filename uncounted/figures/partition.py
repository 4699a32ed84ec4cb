"""Partition: the finest disjoint figures of a survey that keep its respondents, each
counted once.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from operator import mul

from uncounted.figures.extent import ALL, BOTH, SEXES, Figure, Grid, Group
from uncounted.figures.tiling import band_of, tiled
from uncounted.world.population import EVERYBODY

PEOPLE = ("sex", "age")
KEPT = 0.98  # of the respondents of the largest set of disjoint figures
TENTH = 0.1  # of the total's persons; the rest of fewer would be the total's rounding

type Axes = tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """A figure that is used, or the rest of one, less the figures of other parts.

    pieces: the persons that it is about. size: respondents, or what stands for them.
    estimate, weighted: its prevalence and weighted persons; of a rest, what is left of
    the figure's.
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
    axes: Axes

    @property
    def size(self) -> float:
        """The respondents of all parts."""
        return _size(self.parts)

    @property
    def pieces(self) -> int:
        """The pieces that the parts hold together."""
        return union(part.pieces for part in self.parts)

    def name(self, traits: Sequence[str]) -> str:
        """Return the name of the breakdown, by all axes of which its figures name a
        level, be it one sex or age alone.
        """
        axes: set[str] = set()
        for part in self.parts:
            axes |= _named_axes(part.figure, traits)
        return named(axes)


@dataclass(frozen=True)
class Survey:
    """The usable figures of one part of a survey, by group.

    cells: those of some of a group's ages. totals: those of all of its ages. halves:
    half a printed digit of each figure, by row.
    """

    traits: tuple[str, ...]
    cells: dict[Group, tuple[Part, ...]]
    totals: dict[Group, Part]
    halves: dict[int, float]


def named(axes: Collection[str]) -> str:
    """Return the name of a breakdown: "sex × age × migrant", or "national"."""
    people = [axis for axis in PEOPLE if axis in axes]
    traits = sorted(set(axes) - set(PEOPLE))
    return " × ".join(people + traits) or "national"


def _named_axes(
    figure: Figure,
    traits: Sequence[str],
) -> set[str]:
    """Return the axes of which a figure names a level."""
    levels = dict(zip(traits, figure.levels, strict=True))
    axes = {trait for trait, level in levels.items() if level != EVERYBODY}
    if figure.sex != BOTH:
        axes.add("sex")
    if figure.age != ALL:
        axes.add("age")
    return axes


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
        if not figure.usable or figure.estimate is None:
            continue
        part = Part(
            figure=figure,
            pieces=grid.extent(figure),
            size=float(figure.size or 0.0),
            estimate=figure.estimate,
            weighted=weighted.get(figure.row),
        )
        groups.setdefault((figure.sex, figure.levels), []).append(part)
    cells: dict[Group, tuple[Part, ...]] = {}
    totals: dict[Group, Part] = {}
    for group, parts in groups.items():
        everything = union(part.pieces for part in parts)
        cells[group] = tuple(part for part in parts if part.pieces != everything)
        widest = [part for part in parts if part.pieces == everything]
        widest.sort(key=lambda part: part.figure.age != ALL)
        if widest:
            totals[group] = widest[0]
    return Survey(traits, cells, totals, halves)


def finest(
    survey: Survey,
    by: Sequence[str],
) -> tuple[Choice, ...]:
    """Return the finest disjoint parts that keep KEPT of the respondents of the largest
    such set.

    Finest is what divides by most of `by`: sex, age, further traits; of several, by age
    first, then by traits. In each group (a sex, a level of a trait) its own ages are
    used; where they don't hold its total, the total's rest beside them (`_rest`), or
    the total alone. Where a survey publishes margins and no cross, there are several
    choices, one for each axis that none before it divides by: each is about the same
    respondents. Empty if nothing is usable.
    """
    requested = set(by)
    choices = [_choice(survey, axes) for axes in _breakdowns(survey, by)]
    candidates = [choice for choice in choices if choice.parts]
    candidates.sort(key=lambda choice: -len(requested.intersection(choice.axes)))
    sizes = [choice.size for choice in candidates]
    sizes += [total.size for total in survey.totals.values()]
    chosen: list[Choice] = []
    divided: set[str] = set()
    for choice in candidates:
        if choice.size < KEPT * max(sizes) - 1e-9:
            continue
        axes = requested.intersection(choice.axes)
        if not chosen or not axes <= divided:
            chosen.append(choice)
            divided |= axes
    return tuple(chosen)


def union(pieces: Iterable[int]) -> int:
    """Return the pieces that are in one or more of some sets."""
    together = 0
    for held in pieces:
        together |= held
    return together


def _size(parts: Iterable[Part]) -> float:
    return sum(part.size for part in parts)


def _breakdowns(
    survey: Survey,
    by: Sequence[str],
) -> Iterator[Axes]:
    """Return the ways to divide persons by some axes, most axes first; of as many, by
    age first, sex last.

    By sex and age also where these weren't asked for, last, for surveys that publish no
    other figures.
    """
    requested = set(by)
    traits = sorted(requested & set(survey.traits))
    axes_in_order = ("age", *traits, "sex")
    order = [axis for axis in axes_in_order if axis in requested]
    for size in range(len(order), -1, -1):
        yield from combinations(order, size)
    requested_or_people = requested.union(PEOPLE)
    finer = [axis for axis in axes_in_order if axis in requested_or_people]
    for size in range(1, len(finer) + 1):
        for axes in combinations(finer, size):
            if not requested.issuperset(axes):
                yield axes


def _choice(survey: Survey, axes: Axes) -> Choice:
    parts: list[Part] = []
    for group in _groups(survey, axes):
        parts += _of_group(survey, group, "age" in axes)
    parts += _rests(survey, axes, parts)
    return Choice(tuple(parts), _divided(parts, survey.traits))


def _groups(
    survey: Survey,
    axes: Axes,
) -> list[Group]:
    """Return the groups that axes divide persons into; without sex those of both, or of
    the one sex that is there.
    """
    levels = []
    for i, trait in enumerate(survey.traits):
        listed = sorted({group[1][i] for group in survey.cells} - {EVERYBODY})
        levels.append(listed if trait in axes else [EVERYBODY])
    return list(product(_sexes(survey, axes), product(*levels)))


def _sexes(
    survey: Survey,
    axes: Axes,
) -> list[str]:
    present = {sex for sex, _ in survey.cells}
    sexes = [sex for sex in SEXES if sex in present]
    if "sex" in axes:
        return sexes
    if BOTH in present:
        return [BOTH]
    return sexes if len(sexes) == 1 else []


def _of_group(
    survey: Survey,
    group: Group,
    by_age: bool,
) -> list[Part]:
    """Return a group's ages if they hold its total, else with its rest, else its
    total.
    """
    total = survey.totals.get(group)
    cells = {band_of(part.figure.age): part for part in survey.cells.get(group, ())}
    ages: list[Part] = []
    if by_age or total is None:
        ages = [cells[band] for band in tiled(cells)]
    if total is None:
        return ages
    if not ages:
        return [total]
    if _size(ages) >= KEPT * total.size - 1e-9:
        return ages
    remainder = _rest(total, ages, survey.halves)
    return [*ages, remainder] if remainder else [total]


def _rests(
    survey: Survey,
    axes: Axes,
    parts: list[Part],
) -> list[Part]:
    """Return the rests of totals of several groups beside parts of some of them,
    smallest totals first.
    """
    allowed = {EVERYBODY, *axes}
    totals = [
        total
        for total in survey.totals.values()
        if _divided_traits(total.figure, survey.traits) <= allowed
    ]
    added: list[Part] = []
    for total in sorted(totals, key=_size_and_persons):
        current = [*parts, *added]
        overlapping = [part for part in current if part.pieces & total.pieces]
        left_over = total.pieces & ~union(part.pieces for part in current)
        if not left_over:
            continue
        if not overlapping:
            added.append(total)
        elif _are_whole_parts(overlapping, total):
            remainder = _rest(total, overlapping, survey.halves)
            if remainder:
                added.append(remainder)
    return added


def _divided_traits(
    figure: Figure,
    traits: Sequence[str],
) -> set[str]:
    """Return the traits of which a figure is about one level."""
    return _named_axes(figure, traits) - set(PEOPLE)


def _size_and_persons(part: Part) -> tuple:
    figure = part.figure
    return part.size, figure.sex, figure.age, figure.levels


def _are_whole_parts(
    parts: Sequence[Part],
    total: Part,
) -> bool:
    """Say whether all parts lie within a total and none is a rest."""
    return not any(part.pieces & ~total.pieces or part.less for part in parts)


def _rest(
    total: Part,
    parts: Sequence[Part],
    halves: dict[int, float],
) -> Part | None:
    """Return (P·N − Σ p·N_h) / N_rest by weighted persons; None where it can't be told.

    That is where some weighted persons are unknown, N_rest is under a TENTH of N,
    nobody is left whom the parts aren't about, or the rest is outside 0–1 by more than
    half the printed digits of the figures.
    """
    pieces = total.pieces & ~union(part.pieces for part in parts)
    weights = [part.weighted for part in parts if part.weighted is not None]
    if not pieces or total.weighted is None or len(weights) < len(parts):
        return None
    weighted = total.weighted - sum(weights)
    if weighted < TENTH * total.weighted:
        return None
    estimates = [part.estimate for part in parts]
    half_digits = [halves.get(part.figure.row, 0.0) for part in parts]
    affected = sum(map(mul, estimates, weights))
    rounding = halves.get(total.figure.row, 0.0) * total.weighted
    rounding += sum(map(mul, half_digits, weights))
    slack = rounding / weighted + 1e-9
    estimate = (total.estimate * total.weighted - affected) / weighted
    if not -slack <= estimate <= 1 + slack:
        return None
    size = total.size - _size(parts)
    return Part(
        figure=total.figure,
        pieces=pieces,
        size=size if size > 0 else total.size * weighted / total.weighted,
        estimate=min(max(estimate, 0.0), 1.0),
        weighted=weighted,
        less=tuple(part.figure for part in parts),
    )


def _divided(
    parts: Sequence[Part],
    traits: tuple[str, ...],
) -> Axes:
    """Return the axes by which parts divide persons: more than one part, and not all of
    them alike.
    """
    axes = ["sex"] if len({part.figure.sex for part in parts}) > 1 else []
    ages: dict[Group, set] = {}
    for part in parts:
        group = part.figure.sex, part.figure.levels
        ages.setdefault(group, set()).add((part.figure.age, bool(part.less)))
    if any(len(labels) > 1 for labels in ages.values()):
        axes.append("age")
    for i, trait in enumerate(traits):
        if len({part.figure.levels[i] for part in parts}) > 1:
            axes.append(trait)
    return tuple(axes)
