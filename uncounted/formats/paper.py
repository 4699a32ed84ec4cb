"""Paper: a report of ten to twenty pages as PDF, typeset by Typst, its figures as
vectors.
"""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import typst

from uncounted.charts.drawings import Drawings, draw
from uncounted.charts.map import Map
from uncounted.errors import UncountedError
from uncounted.formats.cells import drawing_of, picture, scale, written
from uncounted.notation.line import Line
from uncounted.notation.typeset import typeset
from uncounted.release import check_list, provenance
from uncounted.release.contents import sections
from uncounted.release.headline import headline
from uncounted.release.outline import Record
from uncounted.release.release import Release
from uncounted.release.section import (
    PDF,
    Bars,
    Block,
    Cards,
    Column,
    Facts,
    Figure,
    Figures,
    Fold,
    Formulas,
    Heading,
    Lists,
    Range,
    Row,
    Table,
    Tabs,
    Text,
    in_sequence,
)
from uncounted.wording.numerals import SHOW, short

TEMPLATE = Path(__file__).parent / "template"


def write_paper(
    release: Release, path: str | Path, drawings: Drawings | None = None
) -> Path:
    """Write a report as PDF; no text that comes from data is read as markup."""
    path = Path(path)
    report = contents(release, drawings or draw(release))
    path.write_bytes(printed("paper.typ", release, report))
    return path


def printed(template: str, release: Release, report: Record) -> bytes:
    """Return the PDF of a template in template/ and what it is to print."""
    source = "".join(
        (TEMPLATE / name).read_text(encoding="utf-8")
        for name in ("print.typ", template)
    )
    inputs = json.dumps(report | common(release), ensure_ascii=False)
    try:
        pdf = typst.compile(
            source.encode(),
            format="pdf",
            ignore_system_fonts=True,
            sys_inputs={"told": inputs},
        )
    except typst.TypstError as error:
        raise UncountedError(
            f"The paper of '{release.name}' cannot be typeset: {error}."
        ) from error
    assert isinstance(pdf, bytes)
    return pdf


def common(release: Release) -> Record:
    """Return what every paper prints: title, language, stamps and how to cite."""
    say = release.say
    return {
        "language": say.language,
        "title": release.title,
        "why": release.why,
        "kicker": say("page.kicker", year=release.year),
        "stamps": [say(f"banner.{stamp}") for stamp in release.stamps],
        "failures": check_list.failures(release),
        "banner": release.banner,
        "citation": provenance.citation(release),
        "cite": say("record.cite"),
        "level": release.level,
    }


def contents(release: Release, drawings: Drawings) -> Record:
    """Return what a report prints: its cover, and the blocks of each section by their
    kinds, as words and numbers.
    """
    return {
        "headline": headline(release),
        "notes": list(release.notes),
        "notes_title": release.say("headline.notes"),
        "sections": [
            {
                "id": section.id,
                "title": section.title,
                "blocks": [
                    print_block(block, release, drawings)
                    for block in _unfolded(section.shown_in(PDF))
                ],
            }
            for section in sections(release, PDF)
        ],
    }


def _unfolded(blocks: Sequence[Block]) -> Iterator[Block]:
    """Yield blocks with those that a screen folds, one after another."""
    for block in blocks:
        if isinstance(block, Fold):
            yield from _unfolded(in_sequence(block))
        else:
            yield block


def print_block(block: Block, release: Release, drawings: Drawings) -> Record:
    """Return a block as its kind is printed."""
    match block:
        case Table():
            return print_table(block, release)
        case Tabs():
            tables = [print_table(table, release) for _, table in block.tables]
            return {"kind": "tabs", "tables": tables}
        case Figure():
            return _figure(block, drawings)
        case Figures():
            figures = [_figure(figure, drawings) for figure in block.figures]
            return {"kind": "figures", "figures": figures}
        case Formulas():
            lines = [_line(line) for line in block.lines]
            return {"kind": "formulas", "lines": lines}
        case _:
            return {"kind": block.kind} | PRINTED[block.kind](block)


def _text(block: Text) -> Record:
    return {"words": block.words, "quiet": block.quiet, "framed": block.framed}


def _heading(block: Heading) -> Record:
    return {"words": block.words}


def _bars(block: Bars) -> Record:
    most = max(block.counts.values(), default=1)
    bars = [[str(year), n, n / most] for year, n in block.counts.items()]
    return {"title": block.title, "bars": bars}


def _lists(block: Lists) -> Record:
    return {"lists": [[title, list(items)] for title, items in block.lists]}


def _facts(block: Facts) -> Record:
    return {"facts": [list(fact) for fact in block.facts]}


def _cards(block: Cards) -> Record:
    return {"cards": [text for _, text in block.cards]}


PRINTED: dict[str, Callable[[Any], Record]] = {
    "text": _text,
    "heading": _heading,
    "bars": _bars,
    "lists": _lists,
    "facts": _facts,
    "cards": _cards,
}


def _figure(figure: Figure, drawings: Drawings) -> Record:
    drawn = drawing_of(figure, drawings)
    svg = drawn.still if isinstance(drawn, Map) else drawn
    return {
        "kind": "figure",
        "picture": picture(svg, figure.label),
        "width": figure.width * 100,
        "title": figure.title,
        "captions": list(figure.captions),
    }


def _line(line: Line) -> Record:
    priors = [[key, typeset(formula)] for key, formula in line.brings]
    return {"math": typeset(line.formula), "sentence": line.sentence, "priors": priors}


def print_table(table: Table, release: Release) -> Record:
    """Return a table's heads, kinds of column, scale and cells."""
    columns = table.shown_in(PDF)
    marks = scale(table, release)
    end = marks[-1]
    return {
        "kind": "table",
        "caption": "" if table.unseen else table.caption,
        "dense": table.dense,
        "heads": [column.head for column in columns],
        "kinds": [column.kind for column in columns],
        "marks": [[mark / end, short(mark, release.say)] for mark in marks],
        "rows": [
            {
                "depth": row.depth or 0,
                "mark": row.mark,
                "note": row.note,
                "cells": [_cell(column, row, end, release) for column in columns],
            }
            for row in table.rows
        ],
    }


def _cell(column: Column, row: Row, end: float, release: Release) -> list[Any]:
    """Return a cell's lines; of a verdict its code too; of a drawn interval its ends
    and median on a scale from 0 to 1, and whether the place was surveyed.
    """
    if column.kind == "interval":
        surveyed = row.cells["evidence"] == "surveyed"
        return interval(row.cells[column.key], surveyed, end, release)
    lines = written(column, row, release)
    return [*lines, row.cells[column.key]] if column.kind == "verdict" else lines


def interval(
    prevalence: Range, surveyed: bool, end: float, release: Release
) -> list[Any]:
    """Return where an interval lies on a scale from 0 to its end, and whether the place
    was surveyed; nothing if it is not known.
    """
    stops = (prevalence.lower, prevalence.middle, prevalence.upper)
    if not all(map(math.isfinite, stops)):
        return []
    unit = SHOW[release.show] / end
    places = [min(max(stop * unit, 0.0), 1.0) for stop in stops]
    return [*places, surveyed]
