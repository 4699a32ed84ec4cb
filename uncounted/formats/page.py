"""Page: one HTML file with an estimate, what is behind it and whether to believe it; it
opens without any network.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from uncounted.charts import charts
from uncounted.charts.drawings import SHADES, Drawings, draw
from uncounted.charts.export import inline
from uncounted.charts.map import Map, coloured, of_whom
from uncounted.formats.cells import TEXTS, drawing_of, is_unknown, scale, written
from uncounted.release import check_list, survey_summary
from uncounted.release.choice import choices
from uncounted.release.contents import sections
from uncounted.release.headline import mostly_imputed
from uncounted.release.leaf_estimates import part
from uncounted.release.place_sections import countries_table
from uncounted.release.release import Release
from uncounted.release.section import (
    HTML,
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

TEMPLATE = Path(__file__).parent / "template"
GLYPH = {
    "surveyed": "●",
    "reported from elsewhere": "◐",
    "outside figure": "◇",
    "imputed": "○",
}
NUMERALS = ("rate", "rates", "persons", "persons_between", "fraction")


def write_page(
    release: Release, path: str | Path, drawings: Drawings | None = None
) -> Path:
    """Write a report as one HTML file: headline, map, tables, data, checks, equation,
    limits and record.

    If any finding says "stop", a banner across the top says so.
    """
    out = Path(path)
    out.write_text(page(release, drawings), encoding="utf-8")
    return out


def page(release: Release, drawings: Drawings | None = None) -> str:
    """Return the report as HTML text."""
    drawn = drawings or draw(release)
    template = _environment(release, drawn).get_template("page.html")
    return template.render(
        release=release,
        show=release.show,
        level=release.level,
        whom=release.whom,
        world=release.of_world,
        data=survey_summary.data(release),
        with_covariates=any(part.card.covariates for part in release.parts),
        mostly_imputed=mostly_imputed(release, release.of_world),
        failures=check_list.failures(release),
        sections=sections(release, HTML),
        version=release.versions.get("uncounted", ""),
    )


@cache
def _loader() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _environment(release: Release, drawings: Drawings) -> Environment:
    """Return the templates' environment with all that writes blocks and columns."""
    say = release.say
    environment = _loader().overlay()
    numbers = {name: partial(_in_words, name, release) for name in NUMERALS}
    environment.filters = environment.filters | numbers
    environment.globals = environment.globals | numbers
    environment.globals |= {
        "say": say,
        "glyph": GLYPH,
        "texts": TEXTS,
        "shades": SHADES,
        "parts": list(_choices(release, drawings)),
        "written": partial(written, release=release),
        "hidden": _is_hidden,
        "sorted_by": _sorted_by,
        "axis": partial(_axis, release=release),
        "whisker": partial(_whisker, release=release),
        "bars_of": charts.years,
        "inline": inline,
        "drawing": partial(drawing_of, drawings=drawings),
        "narrow": partial(_narrow, drawings=drawings),
        "is_map": partial(_is_map, drawings=drawings),
        "raw": _raw,
    }
    return environment


def _in_words(name: str, release: Release, *values: Any) -> str:
    return getattr(numerals, name)(*values, release.say)


def _raw(name: str) -> Markup:
    return Markup((TEMPLATE / name).read_text(encoding="utf-8"))


def _narrow(figure: Figure, drawings: Drawings) -> str:
    return getattr(drawings, figure.narrow)


def _is_map(figure: Figure, drawings: Drawings) -> bool:
    return isinstance(drawing_of(figure, drawings), Map)


def _is_hidden(column: Column, row: Row) -> bool:
    return row.cells.get(column.key) is Hidden.MASKED


def _sorted_by(column: Column, row: Row) -> object:
    """Return the number by which a cell is sorted; empty where none is known."""
    value = row.cells.get(column.key)
    if isinstance(value, Crossed):
        value = value.prevalence
    if isinstance(value, Range):
        value = value.middle
    return "" if value is Hidden.MASKED or is_unknown(value) else value


def _axis(table: Table, release: Release) -> Markup:
    marks = scale(table, release)
    return charts.axis(marks[-1], marks, release.say)


def _whisker(table: Table, column: Column, row: Row, release: Release) -> Markup:
    """Return the drawing of a row's interval on the scale of its table."""
    unit = SHOW[release.show]
    interval = row.cells[column.key]
    return charts.whisker(
        interval.lower * unit,
        interval.middle * unit,
        interval.upper * unit,
        scale(table, release)[-1],
        row.cells["evidence"],
    )


@dataclass(frozen=True)
class Choice:
    """What map and table of countries show of one part: its name, the map's legend and
    lands, and the table.
    """

    name: str
    legend: str
    lands: Mapping[str, tuple[Any, ...]]
    table: Table


def _choices(release: Release, drawings: Drawings) -> Iterator[Choice]:
    """Yield what a reader may choose instead of all parts together, which come
    first.
    """
    for name, alone in choices(release).items():
        on_map = coloured(
            of_whom(alone.totals),
            alone.world,
            alone.show,
            SHADES,
            alone.say,
            drawings.map,
        )
        label = part(name, release.say)
        yield Choice(label, on_map.legend, on_map.lands, countries_table(alone))
