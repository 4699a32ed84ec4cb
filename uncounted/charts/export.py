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
# A page's letters are larger than a chart's; on a narrow page they are of 8 px.
ENLARGED, REDUCED = 1.3, 0.75
WIDTH = 490.0  # of a chart that doesn't say its own
SUFFIXES = (".svg", ".pdf", ".png")


def svg(chart: Any) -> str:
    """Return a chart as SVG text."""
    return vl_convert.vegalite_to_svg(json.dumps(chart.to_dict(validate=False)))


def inline(drawn: str, label: str) -> Markup:
    """Return a chart's SVG as a page needs it: as wide as its column, with a label, in
    the page's light and dark colours.
    """
    match = re.search(r'width="([\d.]+)"', drawn)
    width = float(match[1]) if match else WIDTH
    drawn = re.sub(r'^<svg [^>]*?(viewBox="[^"]*")[^>]*>', r"<svg \1>", drawn)
    for colour, name in ON_PAGE.items():
        drawn = drawn.replace(f'"{colour}"', f'"var(--{name})"')
    head = Markup(
        '<svg class="drawn-chart" role="img" aria-label="{}"'
        ' style="min-width:{:.0f}px;max-width:{:.0f}px" '
    )
    head = head.format(label, REDUCED * width, ENLARGED * width)
    return head + Markup(drawn.removeprefix("<svg "))


def write_figure(figure: Any, path: str | Path) -> Path:
    """Write a map or a chart to a file: .svg, .pdf (both vectors) or .png (twice the
    size of the screen).

    Raises UncountedError for another ending, or for an object that is no figure.
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
    match path.suffix:
        case ".svg":
            path.write_text(drawn, encoding="utf-8")
        case ".pdf":
            path.write_bytes(vl_convert.svg_to_pdf(drawn))
        case _:
            path.write_bytes(vl_convert.svg_to_png(drawn, scale=2))
    return path
