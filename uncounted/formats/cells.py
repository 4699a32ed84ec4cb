"""Cells: the values of tables as texts, and drawings as the formats hold them."""

import math
from collections.abc import Mapping
from typing import Any

from uncounted.charts import charts
from uncounted.charts.drawings import Drawings
from uncounted.charts.map import Map
from uncounted.release.release import Release
from uncounted.release.section import (
    Column,
    Crossed,
    Figure,
    Hidden,
    Range,
    Row,
    Table,
)
from uncounted.wording import numerals
from uncounted.wording.numerals import SHOW

# kinds of column whose texts are read, not compared: they start at the left
TEXTS = ("name", "text", "middle", "long", "evidence", "verdict", "answer", "item")


def written(column: Column, row: Row, release: Release) -> list[str]:
    """Return a cell's text: one line, or two of an estimate, or three of a part's
    number in a place.
    """
    say = release.say
    value = row.cells.get(column.key, "")
    if value is Hidden.MASKED:
        return [say("surveys.masked")]
    if value is None:
        return [numerals.NOTHING]
    if value == "":
        return [""]
    match column.kind:
        case "estimate":
            return rate_lines(value, release)
        case "persons":
            return persons_lines(value, release)
        case "crossed":
            return crossed_lines(value, release)
        case "bounds":
            return persons_lines(value, release)[1:]
        case kind:
            return [_short(kind, value, release)]


def _short(kind: str, value: Any, release: Release) -> str:
    """Return the text of a single value."""
    say = release.say
    match kind:
        case "rate":
            return numerals.bare(value, release.show, say)
        case "people":
            return numerals.persons(value, say)
        case "count":
            return numerals.whole(value, say)
        case "share":
            return numerals.fraction(value, say)
        case "number":
            return numerals.decimal(value, say)
        case "answer":
            return answer(value, release)
        case "verdict":
            return say(f"checks.{value}")
        case "evidence":
            return say.term(value)
    return str(value)


def answer(value: Any, release: Release) -> str:
    """Return yes or no; a dash where nobody knows."""
    if is_unknown(value):
        return numerals.NOTHING
    return release.say("held_out.yes" if value else "held_out.no")


def is_unknown(value: Any) -> bool:
    """Say whether a value is missing."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def rate_lines(prevalence: Range, release: Release) -> list[str]:
    """Write an estimate as two lines: median, and bounds."""
    middle, lower, upper = (
        numerals.bare(proportion, release.show, release.say)
        for proportion in (prevalence.middle, prevalence.lower, prevalence.upper)
    )
    return [middle, f"{lower}–{upper}"]


def persons_lines(persons: Range, release: Release) -> list[str]:
    """Write persons as two lines: mean, and bounds."""
    say = release.say
    bounds = numerals.persons_between(persons.lower, persons.upper, say)
    return [numerals.persons(persons.middle, say), bounds]


def crossed_lines(crossed: Crossed, release: Release) -> list[str]:
    """Write a part's number in a place as three lines: median, bounds, persons."""
    persons = numerals.persons(crossed.persons, release.say)
    return [*rate_lines(crossed.prevalence, release), persons]


def scale(table: Table, release: Release) -> list[float]:
    """Return the marks of a scale that holds every drawn interval, in the estimate's
    unit.
    """
    return charts.ticks(table.highest * SHOW[release.show])


def picture(svg: str, label: str) -> dict[str, Any]:
    """Return a drawing with what it says to somebody who doesn't see it."""
    return {"svg": svg, "label": label}


def drawing_of(figure: Figure, drawings: Drawings) -> str | Map:
    """Return a figure's drawing: a chart as SVG text, or a map."""
    drawn = getattr(drawings, figure.drawing)
    return drawn[figure.key] if isinstance(drawn, Mapping) else drawn
