"""Palette: the colours, type, axes and panels that every chart shares."""

from collections.abc import Sequence
from typing import Any

import altair as alt

from uncounted.wording.words import Words

INK = "#22262b"
SOFT = "#596068"
RULE = "#dedbd4"
PAPER = "#fdfcfa"
# These two differ in lightness too, and colour is never the only difference.
MARK = "#1f5f86"
SECOND = "#b3541e"
SHARES = (MARK, SECOND, "#70bfa3", "#7a5c99", "#c9a227", "#8a8f95")
FONT = "Libertinus Serif, Georgia, serif"
TEXT = {
    "labelColor": SOFT,
    "titleColor": SOFT,
    "labelFontSize": 11,
    "titleFontSize": 11,
    "titleFontWeight": "normal",
}


def styled(chart: Any, say: Words) -> Any:
    """Return a chart in the style of all: one typeface, thin axes, no frame.

    Numbers are written as the language writes them.
    """
    numbers = alt.NumberLocale(
        decimal=say("number.point"),
        thousands=say("number.group"),
        grouping=[3],
        currency=["", ""],
        percent=say("number.percent", n=""),
    )
    return chart.configure(
        # Vega words its labels in English; a page has its own.
        aria=say.language == "en",
        background="transparent",
        locale=alt.Locale(number=numbers),
        font=FONT,
        view=alt.ViewConfig(stroke=None),
        axis=alt.AxisConfig(
            **TEXT,
            gridColor=RULE,
            domainColor=SOFT,
            tickColor=SOFT,
        ),
        legend=alt.LegendConfig(**TEXT, orient="top"),
        header=alt.HeaderConfig(
            labelColor=INK,
            labelFontSize=12,
            titleColor=SOFT,
        ),
        title=alt.TitleConfig(
            color=INK,
            fontSize=13,
            fontWeight="normal",
            anchor="start",
        ),
    )


def colour_of(field: str, names: Sequence[str], **legend: Any) -> alt.Color:
    """Return the colour of two kinds of mark by their names."""
    scale = alt.Scale(
        domain=names,
        range=[MARK, SECOND],
    )
    return alt.Color(
        field,
        title=None,
        scale=scale,
        **legend,
    )


def shape_of(field: str, names: Sequence[str], second: str, **legend: Any) -> alt.Shape:
    """Return the shape of two kinds of mark by their names; the first is a circle."""
    scale = alt.Scale(
        domain=names,
        range=["circle", second],
    )
    return alt.Shape(
        field,
        title=None,
        scale=scale,
        **legend,
    )


def names_axis(field: str, order: Sequence[str], label_limit: int) -> alt.Y:
    """Return an axis of names under one another, in their order, without a line."""
    axis = alt.Axis(
        labelLimit=label_limit,
        ticks=False,
        domain=False,
    )
    return alt.Y(
        field,
        sort=order,
        title=None,
        axis=axis,
    )


def panels(
    chart: Any,
    field: str,
    columns: int,
    order: Any = alt.Undefined,
) -> Any:
    """Return a chart as a panel for each value of a field."""
    facet = alt.Facet(field, title=None, sort=order)
    return chart.facet(facet=facet, columns=columns)
