"""Document: the short brief and the GATHER list as .docx files, for people who write on
in them.
"""

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

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
    Block,
    Column,
    Figure,
    Row,
    Table,
    Text,
)

STOP = RGBColor(0xA3, 0x23, 0x1D)
INK, MARK, SOFT = (
    RGBColor(0x22, 0x26, 0x2B),
    RGBColor(0x1F, 0x5F, 0x86),
    RGBColor(0x59, 0x60, 0x68),
)
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
    """Write a paragraph, a figure or a table; verdicts are a list without sentences."""
    match block:
        case Text():
            document.add_paragraph(block.words)
        case Figure():
            _picture(document, block, drawings)
        case Table() if any(column.kind == "verdict" for column in block.columns):
            verdict, name = block.columns[:2]
            for row in block.rows:
                words = (written(name, row, release), written(verdict, row, release))
                listed = " – ".join(line for (line,) in words)
                document.add_paragraph(listed, style="List Bullet")
        case Table():
            _write_table(document, block, release)
        case _:
            raise NotImplementedError(f"A brief has no {block.kind}.")


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
        widths.append(WIDTHS[column.kind])
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
            lines = ["\u2003" * max(row.depth - 1, 0) + lines[0]]
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
    widths = [WIDTHS[column.kind] for column in items.columns]
    table = _table(document, heads, rows, widths, right=False)
    for cells, item in zip(table.rows[1:], items.rows, strict=True):
        if item.mark == "missing":
            for run in cells.cells[-1].paragraphs[0].runs:
                run.font.color.rgb = STOP
    document.save(str(path))
    return path


def _opened(release: Release) -> Any:
    document = Document()
    section = document.sections[0]
    style: Any = document.styles["Normal"]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = section.top_margin = (
        section.bottom_margin
    ) = Cm(2.2)
    style.font.name, style.font.size = "Calibri", Pt(10.5)  # pyright: ignore[reportAttributeAccessIssue] BaseStyle
    for name, size, colour in (
        ("Title", 20, INK),
        ("Heading 1", 14, MARK),
        ("Caption", 9, SOFT),
    ):
        other: Any = document.styles[name]
        other.font.size, other.font.color.rgb, other.font.bold = (
            Pt(size),
            colour,
            name == "Heading 1",
        )
    language = style.element.get_or_add_rPr().makeelement(
        qn("w:lang"), {qn("w:val"): release.language}
    )
    style.element.get_or_add_rPr().append(language)
    document.core_properties.title = f"{release.title}, {release.year}"
    document.core_properties.author = ""
    document.core_properties.comments = provenance.citation(release)[:255]
    return document


def _stamps(document: Any, release: Release) -> None:
    """Write what is stamped across the top, and what failed."""
    if not release.stamps:
        return
    say = release.say
    stamp = document.add_paragraph().add_run(
        " · ".join(say(f"banner.{stamp}") for stamp in release.stamps)
    )
    stamp.bold, stamp.font.size, stamp.font.color.rgb = True, Pt(16), STOP
    for told in release.banner:
        document.add_paragraph().add_run(told).font.color.rgb = STOP
    for name, told in check_list.failures(release):
        document.add_paragraph(f"{name}. {told}", style="List Bullet")


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
    table = document.add_table(rows=1, cols=len(heads), style="Light Shading")
    for cell, told in zip(table.rows[0].cells, heads, strict=True):
        cell.text = told
    mark = table.rows[0]._tr.get_or_add_trPr()
    mark.append(
        mark.makeelement(qn("w:tblHeader"), {qn("w:val"): "true"})
    )  # repeated on each page
    for row in rows:
        for cell, told in zip(table.add_row().cells, row, strict=True):
            cell.text = told
    about = table._tbl.tblPr
    about.find(qn("w:tblLook")).set(qn("w:noHBand"), "1")
    about.find(qn("w:tblLook")).set(
        qn("w:val"), "06A0"
    )  # the same, for older readers: no grey bands
    lines = about.makeelement(qn("w:tblBorders"), {})
    of_line = {qn("w:val"): "single", qn("w:sz"): "4", qn("w:color"): LINE}
    lines.append(lines.makeelement(qn("w:insideH"), of_line))
    about.find(qn("w:tblLook")).addprevious(lines)
    table.autofit = (
        False  # a word processor that lays columns out itself breaks numbers apart
    )
    for at, width in enumerate(widths):
        table.columns[at].width = Cm(width)
    for row in table.rows:
        if right:  # rows of numbers are not divided between pages
            whole = row._tr.get_or_add_trPr()
            whole.append(whole.makeelement(qn("w:cantSplit"), {}))
        for at, cell in enumerate(row.cells):
            cell.width = table.columns[at].width
            written = cell.paragraphs[0]
            written.alignment = (
                WD_ALIGN_PARAGRAPH.RIGHT if right and at else WD_ALIGN_PARAGRAPH.LEFT
            )
            for run in written.runs:
                run.font.size = Pt(8.5)
    return table
