"""Palette: the colours and type of every chart, on the page, on paper and in a
notebook.
"""

from typing import Any

import altair as alt

from uncounted.wording.words import Words

INK, SOFT, RULE, PAPER = "#22262b", "#596068", "#dedbd4", "#fdfcfa"
MARK, SECOND = (
    "#1f5f86",
    "#b3541e",
)  # told apart by lightness too, and never by colour alone
SHARES = ("#1f5f86", "#b3541e", "#70bfa3", "#7a5c99", "#c9a227", "#8a8f95")
FONT = "Libertinus Serif, Georgia, serif"


def styled(chart: Any, say: Words) -> Any:
    """Return a chart in the house's style: one typeface, thin axes, no frame, numbers
    as a language writes them.
    """
    point, group, percent = (
        say("number.point"),
        say("number.group"),
        say("number.percent", n=""),
    )
    numbers = alt.NumberLocale(
        decimal=point, thousands=group, grouping=[3], currency=["", ""], percent=percent
    )
    text = {
        "labelColor": SOFT,
        "titleColor": SOFT,
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
    }
    return chart.configure(
        aria=say.language
        == "en",  # Vega words its labels in English; a page has its own
        background="transparent",
        locale=alt.Locale(number=numbers),
        font=FONT,
        view=alt.ViewConfig(stroke=None),
        axis=alt.AxisConfig(**text, gridColor=RULE, domainColor=SOFT, tickColor=SOFT),
        legend=alt.LegendConfig(**text, orient="top"),
        header=alt.HeaderConfig(labelColor=INK, labelFontSize=12, titleColor=SOFT),
        title=alt.TitleConfig(
            color=INK, fontSize=13, fontWeight="normal", anchor="start"
        ),
    )
