"""Document: the short brief and the GATHER list as .docx files, for people who write on in them."""

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import vl_convert
from docx import Document
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from uncounted.report import numerals, outline
from uncounted.report.drawings import Drawings, draw
from uncounted.report.editions import part
from uncounted.report.gather import gather
from uncounted.report.headline import headline
from uncounted.report.release import LEAF, Release

STOP = RGBColor(0xA3, 0x23, 0x1D)
WIDE = Cm(16.5)
PIXELS = 1800  # of the map's width


def write_brief(release: Release, path: str | Path, drawings: Drawings | None = None) -> Path:
    """Write a brief of about two pages: headline, map, regions, data, verdicts, limits and how to cite."""
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
    picture = document.add_picture(io.BytesIO(vl_convert.svg_to_png(drawn.map.still, scale=scale)), width=WIDE)
    picture._inline.docPr.set("descr", say("map.label"))  # what a screen reader says
    document.add_paragraph(map_caption(release), style="Caption")
    if LEAF in release.rows:
        document.add_heading(say("leaves.title"), 1)
        document.add_paragraph(say("leaves.told"))
        _table(document, *_leaves(release))
    document.add_heading(say("regions.title"), 1)
    _table(document, *_regions(release))
    document.add_heading(say("data.title"), 1)
    document.add_paragraph(data_told(release))
    document.add_heading(say("checks.title"), 1)
    for one in outline.checks(release):
        verdict = say(f"checks.{one['verdict']}")
        document.add_paragraph(f"{one['name']}: {verdict}", style="List Bullet")
    document.add_heading(say("limits.title"), 1)
    for told in outline.limits(release)["told"]:
        document.add_paragraph(told)
    document.add_heading(say("record.cite"), 1)
    document.add_paragraph(outline.citation(release))
    document.save(str(path))
    return path


def write_gather(release: Release, path: str | Path) -> Path:
    """Write the eighteen items of GATHER as a table; those that nobody told stand there as missing."""
    path, say = Path(path), release.say
    document = _opened(release)
    document.add_heading(say("gather.title"), 0)
    _stamps(document, release)
    document.add_paragraph(f"{release.title}, {release.year}. {say('gather.told')}")
    rows = [(str(item.number), item.asked, item.answer) for item in gather(release)]
    table = _table(document, [say("gather.item"), say("gather.asked"), say("gather.answer")], rows)
    for cells, item in zip(table.rows[1:], gather(release), strict=True):
        for run in cells.cells[2].paragraphs[0].runs if item.missing else ():
            run.font.color.rgb = STOP
    for row in table.rows:
        for cell, width in zip(row.cells, (Cm(1.2), Cm(5.3), Cm(10)), strict=True):
            cell.width = width
    document.save(str(path))
    return path


def map_caption(release: Release) -> str:
    """Return what the map shows, and what is hatched."""
    hatched = release.say("map.hatched_leaves" if LEAF in release.rows else "map.hatched")
    return f"{release.say('map.caption', year=release.year, whom=release.whom)} {hatched}"


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
        share=numerals.fraction(data["share"], say),
        whom=release.whom,
    )
    masked = say("data.masked", n=data["masked"], lines=data["lines"]) if data["masked"] else ""
    return " ".join(part for part in (told, say("data.source", source=data["source"]), masked) if part)


def _opened(release: Release) -> Any:
    document = Document()
    section = document.sections[0]
    style: Any = document.styles["Normal"]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Cm(2.2)
    style.font.name, style.font.size = "Calibri", Pt(10.5)  # pyright: ignore[reportAttributeAccessIssue] BaseStyle
    language = style.element.get_or_add_rPr().makeelement(qn("w:lang"), {qn("w:val"): release.language})
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
    stamp = document.add_paragraph().add_run(" · ".join(say(f"banner.{stamp}") for stamp in release.stamps))
    stamp.bold, stamp.font.size, stamp.font.color.rgb = True, Pt(16), STOP
    for told in release.banner:
        document.add_paragraph().add_run(told).font.color.rgb = STOP
    for finding in release.failures:
        document.add_paragraph(f"{outline.check_name(finding.name, say)}. {finding.sentence}", style="List Bullet")


def _leaves(release: Release) -> tuple[list[str], list[tuple[str, ...]]]:
    """Return the world's parts with their sum, then the card's sums and shares, of which a share has no prevalence."""
    say, show = release.say, release.show
    heads = [say("leaves.leaf"), say("leaves.rate", unit=numerals.heading(show, say)), say("leaves.persons")]
    heads += [release.level, say("regions.printed"), say("leaves.share")]
    rows = []
    for row in [*outline.leaves(release), *outline.sums(release)]:
        printed = numerals.whole(row["printed"], say) if "printed" in row else ""
        share = numerals.fraction(row["share"], say) if "share" in row else ""
        rate = numerals.NOTHING if row.get("note") else numerals.bare(row["prevalence_median"], show, say)
        between = numerals.persons_between(row["persons_lower"], row["persons_upper"], say)
        rows.append((part(row[LEAF], say), rate, numerals.persons(row["persons_mean"], say), between, printed, share))
    return heads, rows


def _regions(release: Release) -> tuple[list[str], list[tuple[str, ...]]]:
    say, show = release.say, release.show
    heads = [say("regions.place"), say("regions.rate", unit=numerals.heading(show, say)), release.level]
    heads += [say("regions.persons"), release.level, say("regions.covered")]
    rows = [
        (
            "\u2003" * max(row["depth"] - 1, 0) + say.term(row["name"]),
            numerals.bare(row["prevalence_median"], show, say),
            f"{numerals.bare(row['prevalence_lower'], show, say)}–{numerals.bare(row['prevalence_upper'], show, say)}",
            numerals.persons(row["persons_mean"], say),
            numerals.persons_between(row["persons_lower"], row["persons_upper"], say),
            numerals.fraction(row["covered"], say),
        )
        for row in outline.regions(release)
    ]
    return heads, rows


def _table(document: Any, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Any:
    table = document.add_table(rows=1, cols=len(heads), style="Light List Accent 1")
    for cell, told in zip(table.rows[0].cells, heads, strict=True):
        cell.text = told
    mark = table.rows[0]._tr.get_or_add_trPr()
    mark.append(mark.makeelement(qn("w:tblHeader"), {qn("w:val"): "true"}))  # repeated on each page
    for row in rows:
        for cell, told in zip(table.add_row().cells, row, strict=True):
            cell.text = told
    for row in table.rows:
        for cell in row.cells:
            for run in cell.paragraphs[0].runs:
                run.font.size = Pt(8.5)
    return table
