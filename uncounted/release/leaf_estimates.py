"""Leaf estimates: the parts, sums and shares of an estimate, and its parts by place."""

from collections.abc import Iterator, Sequence

from uncounted.infer.fit import TOTAL
from uncounted.release.outline import Record, records, values_of
from uncounted.release.release import ALL, LEAF, Release
from uncounted.release.rounded_persons import adding_up, step_of
from uncounted.wording.words import Words


def part(leaf: object, say: Words) -> str:
    """Write the name of a leaf or a sum; of the total, that it is all together."""
    return say("leaves.sum") if leaf in (TOTAL, ALL) else say.term(leaf)


def leaves(release: Release) -> list[Record]:
    """Return the world's leaves with their sum last, each with `share` and `printed`;
    none for an estimate without.

    printed: persons rounded so that the leaves add up to their sum, as the table of
    regions prints it.
    """
    if LEAF not in release.rows:
        return []
    rows = release.rows[release.rows["grouping"] == "world"]
    rows = rows[(rows[release.axes] == ALL).all(axis=1)]
    parts = sorted(records(rows), key=_is_sum)
    means = [row["persons_mean"] for row in parts]
    step = step_of(means[-1])
    total = round(means[-1] / step) * step
    printed = [*adding_up(means[:-1], total, step), total]
    return [
        row | {"printed": float(persons), "share": mean / means[-1]}
        for row, persons, mean in zip(parts, printed, means, strict=True)
    ]


def _is_sum(row: Record) -> bool:
    return row[LEAF] == ALL


def sums(release: Release) -> list[Record]:
    """Return the world's sums and shares of leaves that the card names, each with its
    note.
    """
    rows = release.sums
    rows = rows[rows["grouping"] == "world"]
    return records(rows[(rows[release.axes] == ALL).all(axis=1)])


LeafRow = tuple[str, list[Record | None]]


def leaves_by(
    release: Release, axes: Sequence[str] = ()
) -> tuple[list[str], list[LeafRow]]:
    """Return what stands across, and each leaf with its cells, their sum last.

    Across stand the world and its regions, or of the world alone all persons and the
    values of each of the axes.
    """
    if LEAF not in release.rows:
        return [], []
    groupings = ["world"] if axes else ["world", "region"]
    rows = release.rows[release.rows["grouping"].isin(groupings)]
    names = list(dict.fromkeys(rows["name"]))
    everybody = (ALL,) * len(release.axes)
    if axes:
        levels = [(axis, level) for axis in axes for level in values_of(rows, axis)[1:]]
        across = [ALL, *(level for _, level in levels)]
        people = [everybody, *_people_of(levels, release)]
        keys = [(names[0], *persons) for persons in people]
    else:
        across = names
        keys = [(name, *everybody) for name in names]
    by_key: dict[tuple[str, ...], Record] = {}
    for row in records(rows):
        people_of_row = (row[axis] for axis in release.axes)
        by_key[row[LEAF], row["name"], *people_of_row] = row
    order = sorted(dict.fromkeys(rows[LEAF]), key=lambda leaf: leaf == ALL)
    return across, [
        (leaf, [by_key.get((leaf, *key)) for key in keys]) for leaf in order
    ]


def _people_of(
    levels: Sequence[tuple[str, str]], release: Release
) -> Iterator[tuple[str, ...]]:
    """Yield, for each level of a trait, the values of all traits of its persons."""
    for trait, level in levels:
        yield tuple(level if axis == trait else ALL for axis in release.axes)
