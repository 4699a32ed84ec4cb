"""Export: figures as SVG text, on a page, or as files."""

import json
import re
from pathlib import Path
from typing import Any

import altair as alt
import vl_convert
from markupsafe import Markup

from uncounted.charts.map import Map
from uncounted.charts.palette import INK, MARK, PAPER, RULE, SECOND, SOFT
from uncounted.errors import UncountedError

ON_PAGE = {
    INK: "ink",
    SOFT: "soft",
    RULE: "rule",
    PAPER: "paper",
    MARK: "mark",
    SECOND: "second",
}
ENLARGED, REDUCED = (
    1.3,
    0.75,
)  # on a page, whose letters are larger than those of a chart; on a narrow one, of 8 px
SUFFIXES = (".svg", ".pdf", ".png")


def svg(chart: Any) -> str:
    """Return a chart as SVG text."""
    return vl_convert.vegalite_to_svg(json.dumps(chart.to_dict(validate=False)))


def inline(drawn: str, label: str) -> Markup:
    """Return a chart's SVG as a page needs it: as wide as its column, with a label,
    following light and dark.
    """
    wide = re.search(r'width="([\d.]+)"', drawn)
    drawn = re.sub(r'^<svg [^>]*?(viewBox="[^"]*")[^>]*>', r"<svg \1>", drawn)
    for colour, name in ON_PAGE.items():
        drawn = drawn.replace(f'"{colour}"', f'"var(--{name})"')
    width = float(wide[1]) if wide else 490.0
    head = Markup(
        '<svg class="drawn-chart" role="img" aria-label="{}"'
        ' style="min-width:{:.0f}px;max-width:{:.0f}px" '
    )
    head = head.format(label, REDUCED * width, ENLARGED * width)
    return head + Markup(drawn.removeprefix("<svg "))


def write_figure(figure: Any, path: str | Path) -> Path:
    """Write a map or a chart to a file: .svg, .pdf (both vectors) or .png (twice the
    size of the screen).

    Raises UncountedError for another ending, or what is no figure.
    """
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise UncountedError(
            f"{path} ends in '{path.suffix}'. Name a file that ends in"
            f" {', '.join(SUFFIXES)}."
        )
    if not isinstance(figure, Map | alt.TopLevelMixin):
        raise UncountedError(
            f"{type(figure).__name__} is no figure. Give what plot_map, plot_forest …"
            " return."
        )
    drawn = figure.still if isinstance(figure, Map) else svg(figure)
    if path.suffix == ".svg":
        path.write_text(drawn, encoding="utf-8")
    else:
        path.write_bytes(
            vl_convert.svg_to_pdf(drawn)
            if path.suffix == ".pdf"
            else vl_convert.svg_to_png(drawn, scale=2)
        )
    return path
