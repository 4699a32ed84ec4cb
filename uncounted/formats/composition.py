"""Composition: what paper prints of an estimate's leaves: parts, sums, selection, and
published numbers beside.
"""

from typing import Any

from uncounted.charts.drawings import Drawings
from uncounted.charts.editions import part
from uncounted.formats.cells import estimate, persons, picture
from uncounted.release import outline
from uncounted.release.outline import Record
from uncounted.release.release import ALL, LEAF, Release
from uncounted.wording import numerals


def leaves(release: Release, drawn: Drawings) -> Record | None:
    """Return the parts of an estimate, its sums and shares, and the parts by region;
    None for an estimate without.
    """
    rows = outline.leaves(release)
    if drawn.leaves is None:
        return None
    say = release.say
    unit = numerals.heading(release.show, say)
    heads = [say("leaves.leaf"), say("leaves.rate", unit=unit), say("leaves.persons")]
    heads += [say("regions.printed"), say("leaves.share")]
    rows = [
        [
            *_first(row, release),
            numerals.whole(row["printed"], say),
            numerals.fraction(row["share"], say),
        ]
        for row in rows
    ]
    sums = [_first(row, release) for row in outline.sums(release)]
    across, crossed = outline.leaves_by(release)
    cells = [
        [part(leaf, say), *(_cell(cell, release) for cell in row)]
        for leaf, row in crossed
    ]
    given = {"unit": numerals.unit(release.show, say), "level": release.level}
    return {
        "told": say("leaves.told"),
        "caption": say("leaves.caption", level=release.level, year=release.year),
        "heads": heads,
        "rows": rows,
        "sums_title": say("leaves.sums"),
        "sums": sums,
        "crossed_caption": say("leaves.crossed", **given),
        "across": [say("leaves.leaf"), *map(say.term, across)],
        "crossed": cells,
        "chart": picture(drawn.leaves, say("leaves.title")),
    }


def _first(row: Record, release: Release) -> list[Any]:
    """Return a leaf or sum, its prevalence and its persons; of a share, which has no
    prevalence, what it is.
    """
    say = release.say
    rate = (
        [numerals.NOTHING, say.term(row["note"])]
        if row.get("note")
        else estimate(row, release)
    )
    return [part(row[LEAF], say), rate, persons(row, release)]


def _cell(row: Record | None, release: Release) -> list[str]:
    """Write a leaf's number in a place as three lines: median, bounds, persons."""
    if row is None or not row["persons_mean"]:
        return [numerals.NOTHING, "", ""]
    return [*estimate(row, release), numerals.persons(row["persons_mean"], release.say)]


def selection(release: Release, drawn: Drawings) -> Record | None:
    """Return how the world's number hangs on whom services meet; None where no part is
    a ratio of records.
    """
    if release.selection is None or drawn.selection is None:
        return None
    say = release.say
    rows = [
        [
            numerals.decimal(row["world_sd"], say),
            numerals.persons(row["median"], say),
            numerals.persons_between(row["lower"], row["upper"], say),
            numerals.persons(row["mean"], say),
        ]
        for row in outline.records(release.selection)
    ]
    heads = [
        say("selection.sd"),
        say("selection.median"),
        release.level,
        say("selection.mean"),
    ]
    chart = picture(drawn.selection, say("selection.chart"))
    return {
        "told": say("selection.told", level=release.level),
        "chart": chart,
        "heads": heads,
        "rows": rows,
    }


def beside(release: Release, drawn: Drawings) -> Record | None:
    """Return the world's published numbers beside the estimate's; the page has those of
    regions, sexes and ages.
    """
    rows = outline.beside(release)
    if not rows or drawn.beside is None:
        return None
    say = release.say
    told = say(
        "beside.told",
        n=len(rows),
        inside=sum(bool(row["inside"]) for row in rows),
        level=release.level,
    )
    told += f" {say('beside.simulated')}" if release.simulated else ""
    everybody = [
        row
        for row in rows
        if row["sex"] == row["age"] == ALL and row["grouping"] == "world"
    ]
    cells = [
        [
            part(row["leaf"], say),
            str(row["year"]),
            say.term(row["group"]),
            numerals.persons(row["published"], say),
            [
                numerals.persons(row["median"], say),
                numerals.persons_between(row["lower"], row["upper"], say),
            ],
            numerals.decimal(row["ratio"], say),
            say("held_out.yes" if row["inside"] else "held_out.no"),
        ]
        for row in everybody
    ]
    heads = [
        say("leaves.leaf"),
        say("beside.year"),
        say("regions.place"),
        say("beside.printed"),
        say("beside.here"),
    ]
    heads += [say("beside.ratio"), say("beside.inside")]
    return {
        "told": told,
        "chart": picture(drawn.beside, say("beside.chart")),
        "heads": heads,
        "rows": cells,
    }
