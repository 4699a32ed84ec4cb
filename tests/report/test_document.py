"""The brief, read back as a word processor would."""

from dataclasses import replace

from docx import Document

import uncounted as un
from uncounted.formats.document import write_brief
from uncounted.release.fit_release import release_of
from uncounted.release.headline import headline

BAD = un.Finding(
    "tail ESS of published numbers", "stop", 312, 400, "The smallest is 312."
)
HOSTILE = "<w:t>&amp;</w:t>"


def text(document) -> str:
    cells = [
        cell.text
        for table in document.tables
        for row in table.rows
        for cell in row.cells
    ]
    return "\n".join([paragraph.text for paragraph in document.paragraphs] + cells)


def test_the_brief_says_what_matters(small, drawings, tmp_path):
    document = Document(str(write_brief(small, tmp_path / "brief.docx", drawings)))
    told = text(document)
    assert headline(small) in told
    assert "Sub-Saharan Africa" in told
    assert "should not be ranked" in told
    assert small.parts[0].digests["card"][:12] in told
    assert "held-out coverage – not run" in told
    assert (
        document.inline_shapes[0]
        ._inline.docPr.get("descr")
        .startswith("Map of countries")
    )
    assert "Not converged" not in told


def test_a_brief_that_is_not_for_publication_says_so(fit, few, drawings, tmp_path):
    bad = replace(release_of(fit, few, [BAD]), title=HOSTILE)
    told = text(Document(str(write_brief(bad, tmp_path / "brief.docx", drawings))))
    assert "Not converged" in told
    assert BAD.sentence in told
    assert HOSTILE in told
