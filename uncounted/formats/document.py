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
from uncounted.charts.editions import part
from uncounted.release import outline
from uncounted.release.gather import gather
from uncounted.release.headline import headline
from uncounted.release.release import LEAF, Release
from uncounted.wording import numerals

STOP = RGBColor(0xA3, 0x23, 0x1D)
INK, MARK, SOFT = (
    RGBColor(0x22, 0x26, 0x2B),
    RGBColor(0x1F, 0x5F, 0x86),
    RGBColor(0x59, 0x60, 0x68),
)
WIDE = Cm(16.5)
OF_LEAVES = (
    4.4,
    2.0,
    2.6,
    3.5,
    2.4,
    1.6,
)  # cm of columns: bounds in words are the widest numbers
OF_REGIONS = (4.4, 2.0, 2.0, 2.6, 3.5, 2.0)
OF_GATHER = (1.4, 5.1, 10.0)
LINE = "DEDBD4"  # between rows
PIXELS = 1800  # of the map's width


def write_brief(
    release: Release, path: str | Path, drawings: Drawings | None = None
) -> Path:
    """Write a brief of about two pages: headline, map, regions, data, verdicts, limits
    and how to cite.
    """
    path, say = Path(path), release.say
    document = _opened(release)
    document.add_heading(release.title, 0)
    _stamps(document, release)
    document.add_paragraph(headline(release)).runs[0].bold = True
    for told in (release.why, *release.notes):
        if told:
            document.add_paragraph(told)
    drawn = drawings or draw(release)
    scale = PIXELS / 1000
    picture = document.add_picture(
        io.BytesIO(vl_convert.svg_to_png(drawn.map.still, scale=scale)), width=WIDE
    )
    picture._inline.docPr.set("descr", say("map.label"))  # what a screen reader says
    document.add_paragraph(map_caption(release), style="Caption")
    if LEAF in release.rows:
        document.add_heading(say("leaves.title"), 1)
        document.add_paragraph(say("leaves.told"))
        _table(document, *_leaves(release), OF_LEAVES)
    document.add_heading(say("regions.title"), 1)
    _table(document, *_regions(release), OF_REGIONS)
    document.add_heading(say("data.title"), 1)
    document.add_paragraph(data_told(release))
    document.add_heading(say("checks.title"), 1)
    for one in outline.checks(release):
        verdict = say(f"checks.{one['verdict']}")
        document.add_paragraph(f"{one['name']} – {verdict}", style="List Bullet")
    document.add_heading(say("limits.title"), 1)
    for told in outline.limits(release)["told"]:
        document.add_paragraph(told)
    document.add_heading(say("record.cite"), 1)
    document.add_paragraph(outline.citation(release))
    document.save(str(path))
    return path


def write_gather(release: Release, path: str | Path) -> Path:
    """Write the eighteen items of GATHER as a table; those that nobody told stand there
    as missing.
    """
    path, say = Path(path), release.say
    document = _opened(release)
    document.add_heading(say("gather.title"), 0)
    _stamps(document, release)
    document.add_paragraph(f"{release.title}, {release.year}. {say('gather.told')}")
    rows = [(str(item.number), item.asked, item.answer) for item in gather(release)]
    heads = [say("gather.item"), say("gather.asked"), say("gather.answer")]
    table = _table(document, heads, rows, OF_GATHER, right=False)
    for cells, item in zip(table.rows[1:], gather(release), strict=True):
        for run in cells.cells[2].paragraphs[0].runs if item.missing else ():
            run.font.color.rgb = STOP
    document.save(str(path))
    return path


def map_caption(release: Release) -> str:
    """Return what the map shows, and what is hatched."""
    hatched = release.say(
        "map.hatched_leaves" if LEAF in release.rows else "map.hatched"
    )
    return (
        f"{release.say('map.caption', year=release.year, whom=release.whom)} {hatched}"
    )


def data_told(release: Release) -> str:
    """Return what data there are, in one paragraph."""
    say, data = release.say, outline.data(release)
    years = list(data["years"]) or [release.year]
    told = say(
        "data.told",
        surveys=numerals.whole(data["surveys"], say),
        surveyed=data["surveyed"],
        first=min(years),
        last=max(years),
        rows=numerals.whole(data["rows"], say),
        respondents=numerals.whole(data["respondents"], say),
        counted=numerals.whole(data["counted"], say),
        share=numerals.fraction(data["share"], say),
        whom=release.whom,
    )
    masked = (
        say("data.masked", n=data["masked"], lines=data["lines"])
        if data["masked"]
        else ""
    )
    return " ".join(
        part
        for part in (told, say("data.source", source=data["source"]), masked)
        if part
    )


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
    document.core_properties.comments = outline.citation(release)[:255]
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
    for name, told in outline.failures(release):
        document.add_paragraph(f"{name}. {told}", style="List Bullet")


def _leaves(release: Release) -> tuple[list[str], list[tuple[str, ...]]]:
    """Return the world's parts with their sum, then the card's sums and shares, of
    which a share has no prevalence.
    """
    say, show = release.say, release.show
    heads = [
        say("leaves.leaf"),
        say("leaves.rate", unit=numerals.heading(show, say)),
        say("leaves.persons"),
    ]
    heads += [release.level, say("regions.printed"), say("leaves.share")]
    rows = []
    for row in outline.leaves(release):
        printed, share = (
            numerals.whole(row["printed"], say),
            numerals.fraction(row["share"], say),
        )
        rows.append((*_numbers(row, release), printed, share))
    if sums := outline.sums(release):
        rows.append((say("leaves.sums"), *[""] * (len(heads) - 1)))
        rows += [(*_numbers(row, release), "", "") for row in sums]
    return heads, rows


def _numbers(row: outline.Record, release: Release) -> tuple[str, str, str, str]:
    """Return a part, its prevalence, its persons and their bounds."""
    say, show = release.say, release.show
    rate = (
        numerals.NOTHING
        if row.get("note")
        else numerals.bare(row["prevalence_median"], show, say)
    )
    between = numerals.persons_between(row["persons_lower"], row["persons_upper"], say)
    return (
        part(row[LEAF], say),
        rate,
        numerals.persons(row["persons_mean"], say),
        between,
    )


def _regions(release: Release) -> tuple[list[str], list[tuple[str, ...]]]:
    say, show = release.say, release.show
    heads = [
        say("regions.place"),
        say("regions.rate", unit=numerals.heading(show, say)),
        release.level,
    ]
    heads += [say("regions.persons"), release.level, say("regions.covered")]
    rows = [
        (
            "\u2003" * max(row["depth"] - 1, 0) + say.term(row["name"]),
            numerals.bare(row["prevalence_median"], show, say),
            numerals.bare(row["prevalence_lower"], show, say)
            + "–"
            + numerals.bare(row["prevalence_upper"], show, say),
            numerals.persons(row["persons_mean"], say),
            numerals.persons_between(row["persons_lower"], row["persons_upper"], say),
            numerals.fraction(row["covered"], say),
        )
        for row in outline.regions(release)
    ]
    return heads, rows


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
