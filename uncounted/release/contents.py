"""Contents: the sections of a report, in their order, and the formats of each."""

from collections.abc import Callable

from uncounted.release.check_sections import budget, checks, held_out
from uncounted.release.leaf_sections import beside, composition, selection
from uncounted.release.method_sections import equations, gather_items, limits
from uncounted.release.people_sections import people, trend
from uncounted.release.place_sections import countries, forests, regions, world_map
from uncounted.release.record_sections import about, citation, record
from uncounted.release.release import Release
from uncounted.release.section import (
    DOCX,
    EVERY_FORMAT,
    HTML,
    PDF,
    XLSX,
    Section,
)
from uncounted.release.survey_sections import data, surveys

Writer = Callable[[Release], Section | None]
SECTIONS: tuple[tuple[Writer, tuple[str, ...]], ...] = (
    (about, (XLSX,)),
    (world_map, (HTML, PDF, DOCX)),
    (composition, EVERY_FORMAT),
    (regions, EVERY_FORMAT),
    (people, (HTML, PDF, XLSX)),
    (trend, (HTML, PDF, XLSX)),
    (forests, (HTML,)),
    (countries, (HTML, PDF, XLSX)),
    (data, (HTML, PDF, DOCX)),
    (surveys, (HTML, XLSX)),
    (checks, EVERY_FORMAT),
    (held_out, (HTML, PDF, XLSX)),
    (budget, (HTML, PDF, XLSX)),
    (selection, (HTML, PDF, XLSX)),
    (beside, (HTML, PDF, XLSX)),
    (equations, (HTML, PDF)),
    (limits, (HTML, PDF, DOCX)),
    (gather_items, (HTML, PDF, XLSX)),
    (record, (HTML, PDF, XLSX)),
    (citation, (DOCX,)),
)


def sections(release: Release, format_name: str) -> list[Section]:
    """Return the sections of a report in a format: html, pdf, xlsx or docx."""
    report = []
    for write, formats in SECTIONS:
        section = write(release) if format_name in formats else None
        if section is not None:
            report.append(section)
    return report
