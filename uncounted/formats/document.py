"""Document: the brief and the GATHER list as .docx files, for people to write on."""

import io
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, cast

import vl_convert
from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from uncounted.charts.drawings import Drawings, draw
from uncounted.charts.map import Map
from uncounted.formats.cells import drawing_of, written
from uncounted.release import check_list, provenance
from uncounted.release.contents import sections
from uncounted.release.headline import headline
from uncounted.release.method_sections import gather_table
from uncounted.release.release import Release
from uncounted.release.section import (
    DOCX,
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
    Row,
    Table,
    Tabs,
    Text,
    in_sequence,
)

STOP = RGBColor(0xA3, 0x23, 0x1D)
INK = RGBColor(0x22, 0x26, 0x2B)
MARK = RGBColor(0x1F, 0x5F, 0x86)
SOFT = RGBColor(0x59, 0x60, 0x68)
# size in points, and colour
STYLES = {"Title": (20, INK), "Heading 1": (14, MARK), "Caption": (9, SOFT)}
WIDE = Cm(16.5)
# cm of columns by kind, and of their bounds: bounds in words are the widest numbers
WIDTHS = {
    "name": 4.4,
    "estimate": 2.0,
    "persons": 2.6,
    "share": 2.0,
    "item": 1.4,
    "middle": 5.1,
    "long": 10.0,
}
WIDTH = 2.0  # of any other kind
BOUNDS = {"estimate": 2.0, "persons": 3.5}
LINE = "DEDBD4"  # between rows
PIXELS = 1800  # of the map's width


def write_brief(
    release: Release, path: str | Path, drawings: Drawings | None = None
) -> Path:
    """Write a brief of about two pages: headline, map, regions, data, verdicts, limits
    and how to cite.
    """
    path = Path(path)
    document = _opened(release)
    document.add_heading(release.title, 0)
    _stamps(document, release)
    document.add_paragraph(headline(release)).runs[0].bold = True
    for words in (release.why, *release.notes):
        if words:
            document.add_paragraph(words)
    drawn = drawings or draw(release)
    for section in sections(release, DOCX):
        document.add_heading(section.title, 1)
        for block in section.shown_in(DOCX):
            _write_block(document, block, release, drawn)
    document.save(str(path))
    return path


def _write_block(
    document: Any, block: Block, release: Release, drawings: Drawings
) -> None:
    """Write a block as its kind is written: blocks within it one after another."""
    match block:
        case Tabs() | Figures() | Fold():
            for inner in in_sequence(block):
                _write_block(document, inner, release, drawings)
        case Figure():
            _picture(document, block, drawings)
        case Table() if any(column.kind == "verdict" for column in block.columns):
            _write_verdicts(document, block, release)
        case Table():
            _write_table(document, block, release)
        case _:
            WRITTEN[block.kind](document, block)


def _text(document: Any, block: Text) -> None:
    document.add_paragraph(block.words)


def _heading(document: Any, block: Heading) -> None:
    document.add_heading(block.words, 2)


def _lists(document: Any, block: Lists) -> None:
    for title, lines in block.lists:
        document.add_heading(title, 2)
        for line in lines:
            document.add_paragraph(line, style="List Bullet")


def _facts(document: Any, block: Facts) -> None:
    for term, words in block.facts:
        document.add_paragraph(f"{term}: {words}")


def _formulas(document: Any, block: Formulas) -> None:
    """Write the sentences of formulas: a word processor sets no formula of ours."""
    for line in block.lines:
        document.add_paragraph(line.sentence, style="List Bullet")


def _cards(document: Any, block: Cards) -> None:
    for name, text in block.cards:
        document.add_heading(name, 2)
        document.add_paragraph(text)


def _bars(document: Any, block: Bars) -> None:
    counts = [f"{year}: {count}" for year, count in block.counts.items()]
    document.add_paragraph(f"{block.title}: {', '.join(counts)}")


WRITTEN: dict[str, Callable[[Any, Any], None]] = {
    "text": _text,
    "heading": _heading,
    "lists": _lists,
    "facts": _facts,
    "formulas": _formulas,
    "cards": _cards,
    "bars": _bars,
}


def _write_verdicts(document: Any, table: Table, release: Release) -> None:
    """Add a list of checks and their verdicts, without their sentences."""
    verdict, name = table.columns[:2]
    for row in table.rows:
        words = (written(name, row, release), written(verdict, row, release))
        listed = " – ".join(line for (line,) in words)
        document.add_paragraph(listed, style="List Bullet")


def _picture(document: Any, figure: Figure, drawings: Drawings) -> None:
    """Add a figure with its captions; its label is what a screen reader says."""
    drawn = drawing_of(figure, drawings)
    svg = drawn.still if isinstance(drawn, Map) else drawn
    png = io.BytesIO(vl_convert.svg_to_png(svg, scale=PIXELS / 1000))
    picture = document.add_picture(png, width=WIDE)
    picture._inline.docPr.set("descr", figure.label)
    for caption in figure.captions:
        document.add_paragraph(caption, style="Caption")


def _write_table(document: Any, table: Table, release: Release) -> None:
    """Add a table with its bounds in columns of their own."""
    columns = table.shown_in(DOCX)
    heads: list[str] = []
    widths: list[float] = []
    for column in columns:
        heads.append(column.head)
        widths.append(WIDTHS.get(column.kind, WIDTH))
        if column.kind in BOUNDS:
            heads.append(release.level)
            widths.append(BOUNDS[column.kind])
    rows = [_texts(columns, row, release) for row in table.rows]
    _table(document, heads, rows, widths)


def _texts(columns: Sequence[Column], row: Row, release: Release) -> list[str]:
    """Return the texts of a row, two of an estimate; subregions stand to the right."""
    texts: list[str] = []
    for column in columns:
        lines = written(column, row, release)
        if column.kind == "name":
            lines = ["\u2003" * max((row.depth or 0) - 1, 0) + lines[0]]
        elif column.kind in BOUNDS:
            lines = [*lines, ""][:2]
        texts += lines
    return texts


def write_gather(release: Release, path: str | Path) -> Path:
    """Write the eighteen items of GATHER as a table; those that nobody told stand there
    as missing.
    """
    path = Path(path)
    say = release.say
    document = _opened(release)
    document.add_heading(say("gather.title"), 0)
    _stamps(document, release)
    document.add_paragraph(f"{release.title}, {release.year}. {say('gather.told')}")
    items = gather_table(release)
    heads = [column.head for column in items.columns]
    rows = [_texts(items.columns, row, release) for row in items.rows]
    widths = [WIDTHS.get(column.kind, WIDTH) for column in items.columns]
    table = _table(document, heads, rows, widths, right=False)
    for cells, item in zip(table.rows[1:], items.rows, strict=True):
        if item.mark == "missing":
            for run in cells.cells[-1].paragraphs[0].runs:
                run.font.color.rgb = STOP
    document.save(str(path))
    return path


def _opened(release: Release) -> Any:
    """Return an empty document with the styles and properties of a release."""
    document = Document()
    section = document.sections[0]
    section.page_width = Cm(21)
    section.page_height = Cm(29.7)
    for side in ("left", "right", "top", "bottom"):
        setattr(section, f"{side}_margin", Cm(2.2))
    style: Any = document.styles["Normal"]
    style.font.name = "Calibri"
    style.font.size = Pt(10.5)
    for name, (size, colour) in STYLES.items():
        font = cast("Any", document.styles[name]).font
        font.size = Pt(size)
        font.color.rgb = colour
        font.bold = name == "Heading 1"
    properties = style.element.get_or_add_rPr()
    language = {qn("w:val"): release.language}
    properties.append(properties.makeelement(qn("w:lang"), language))
    document.core_properties.title = f"{release.title}, {release.year}"
    document.core_properties.author = ""
    document.core_properties.comments = provenance.citation(release)[:255]
    return document


def _stamps(document: Any, release: Release) -> None:
    """Write the stamps across the top, and the checks that failed."""
    if not release.stamps:
        return
    stamps = [release.say(f"banner.{stamp}") for stamp in release.stamps]
    run = document.add_paragraph().add_run(" · ".join(stamps))
    run.bold = True
    run.font.size = Pt(16)
    run.font.color.rgb = STOP
    for sentence in release.banner:
        document.add_paragraph().add_run(sentence).font.color.rgb = STOP
    for name, sentence in check_list.failures(release):
        document.add_paragraph(f"{name}. {sentence}", style="List Bullet")


def _table(
    document: Any,
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    widths: Sequence[float],
    right: bool = True,
) -> Any:
    """Add a table with a thin line between rows; widths of its columns in cm; right:
    numbers stand under each other.
    """
    table = document.add_table(rows=0, cols=len(heads), style="Light Shading")
    for texts in (heads, *rows):
        for cell, text in zip(table.add_row().cells, texts, strict=True):
            cell.text = text
    _mark(table.rows[0], "w:tblHeader")  # repeated on each page
    _rule(table)
    # a word processor that lays columns out itself breaks numbers apart
    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Cm(width)
    for row in table.rows:
        if right:
            _mark(row, "w:cantSplit")  # rows of numbers are not divided between pages
        for position, cell in enumerate(row.cells):
            cell.width = table.columns[position].width
            _align(cell.paragraphs[0], right and position > 0)
    return table


def _mark(row: Any, name: str) -> None:
    """Set a property of a row."""
    properties = row._tr.get_or_add_trPr()
    properties.append(properties.makeelement(qn(name), {qn("w:val"): "true"}))


def _rule(table: Any) -> None:
    """Draw lines between the rows of a table instead of grey bands."""
    properties = table._tbl.tblPr
    look = properties.find(qn("w:tblLook"))
    look.set(qn("w:noHBand"), "1")
    look.set(qn("w:val"), "06A0")  # the same for older readers
    line = {qn("w:val"): "single", qn("w:sz"): "4", qn("w:color"): LINE}
    borders = properties.makeelement(qn("w:tblBorders"), {})
    borders.append(borders.makeelement(qn("w:insideH"), line))
    look.addprevious(borders)


def _align(paragraph: Any, right: bool) -> None:
    """Align a cell's paragraph, and set its size."""
    side = WD_ALIGN_PARAGRAPH.RIGHT if right else WD_ALIGN_PARAGRAPH.LEFT
    paragraph.alignment = side
    for run in paragraph.runs:
        run.font.size = Pt(8.5)
