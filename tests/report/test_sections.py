"""A section is written once: every format writes every kind of block and column."""

import re
from typing import get_args

import pytest
from docx import Document

from uncounted.formats.document import write_brief
from uncounted.formats.page import page
from uncounted.formats.paper import write_paper
from uncounted.formats.workbook import sheets
from uncounted.notation.line import Line
from uncounted.release import contents, section
from uncounted.release.section import (
    EVERY_FORMAT,
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
    Section,
    Table,
    Tabs,
    Text,
)

VALUES = {
    "name": "Here",
    "text": "Some text",
    "year": 2020,
    "count": 1200,
    "number": 0.25,
    "share": 0.5,
    "rate": 0.2,
    "people": 1_000_000.0,
    "estimate": Range(0.2, 0.1, 0.3),
    "persons": Range(2e6, 1e6, 3e6),
}


def table(name: str) -> Table:
    columns = [Column(kind, f"Head of {kind}", kind) for kind in VALUES]
    return Table(name, columns, [Row(VALUES)], caption=name, sheet=name)


def figure(name: str) -> Figure:
    return Figure("ages", f"Label {name}", captions=[f"Caption {name}"])


BLOCKS: list[Block] = [
    Text("Words of a text"),
    Heading("Words of a heading"),
    table("table"),
    Tabs("tabs", "Tabs", [("Name of a tab", table("tab")), ("Other", table("other"))]),
    figure("alone"),
    Figures([figure("left"), figure("right")]),
    Bars("Title of bars", "Label of bars", {2019: 2, 2020: 3}),
    Lists([("Title of a list", ["Item of a list"])]),
    Facts([("Term of a fact", "Words of a fact")]),
    Formulas([Line("p = q", "Sentence of a formula")], "Label of formulas"),
    Cards("Label of cards", [("Name of a card", "Words of a card")]),
    Fold("Title of a fold", [Text("Words in a fold")]),
]
SAID = [
    "Words of a text",
    "Words of a heading",
    "Head of rate",
    "Name of a tab",
    "Caption alone",
    "Caption right",
    "Title of bars",
    "Item of a list",
    "Words of a fact",
    "Sentence of a formula",
    "Words of a card",
    "Title of a fold",
    "Words in a fold",
]


@pytest.fixture(autouse=True)
def one_section(monkeypatch):
    """Make a report of one section, which has each kind of block."""

    def write(_) -> Section:
        return Section("regions", "The only section", BLOCKS)

    monkeypatch.setattr(contents, "SECTIONS", ((write, EVERY_FORMAT),))


def test_each_kind_of_block_is_tried():
    assert {type(block) for block in BLOCKS} == set(get_args(section.Block))


def test_a_brief_has_each_kind_of_block(small, drawings, tmp_path):
    document = Document(str(write_brief(small, tmp_path / "brief.docx", drawings)))
    cells = [cell.text for table in document.tables for cell in table._cells]
    words = "\n".join([paragraph.text for paragraph in document.paragraphs] + cells)
    assert [said for said in SAID if said not in words] == []
    assert len(document.inline_shapes) == 3


def test_a_page_has_each_kind_of_block(small, drawings):
    text = re.sub(r"<[^>]+>", "", page(small, drawings))
    assert [said for said in SAID if said not in text] == []


def test_a_report_on_paper_has_each_kind_of_block(small, drawings, tmp_path):
    written = write_paper(small, tmp_path / "paper.pdf", drawings).read_bytes()
    assert written.startswith(b"%PDF")


def test_a_workbook_has_each_table(small):
    assert {"table", "tab", "other"} <= {sheet.name for sheet in sheets(small)}
