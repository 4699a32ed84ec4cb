"""Predictions: results of surveys held out, beside their predictions."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from uncounted.charts.chart_table import in_unit
from uncounted.charts.palette import SOFT, colour_of, shape_of, styled
from uncounted.release.release import of_surveys
from uncounted.wording.numerals import heading, level
from uncounted.wording.words import Words, read_words

SIDE, ABREAST = 380, 240  # of one chart, and of several
STATS = ("observed", "median", "lower", "upper")


def plot_held_out(
    table: pd.DataFrame,
    show: str = "percent",
    interval: float = 0.95,
    language: str = "en",
) -> alt.LayerChart:
    """Draw the results of surveys held out against their predictions: rows of
    `hold_out`; those outside their intervals stand out.

    Each of several outcomes has a chart of its own. A masked survey has no result and
    is not drawn.
    """
    surveys = of_surveys(table)
    say = read_words(language)
    if "outcome" not in surveys or surveys["outcome"].nunique() < 2:
        return styled(against(surveys, show, interval, say), say)
    charts = []
    for outcome, rows in surveys.groupby("outcome", sort=False):
        chart = against(rows, show, interval, say, ABREAST)
        charts.append(chart.properties(title=str(outcome)))
    return styled(alt.hconcat(*charts), say)


def against(
    table: pd.DataFrame,
    show: str,
    interval: float,
    say: Words,
    side: int = SIDE,
) -> Any:
    """Return the unstyled chart of surveys held out."""
    surveys = table[table["observed"].notna()]
    rows = in_unit(surveys, show, {stat: stat for stat in STATS})
    inside = (rows["lower"] <= rows["observed"]) & (rows["observed"] <= rows["upper"])
    names = [say("held_out.inside"), say("held_out.outside")]
    rows = rows.assign(covered=np.where(inside, *names))
    unit = heading(show, say)
    x = alt.X("observed:Q", title=say("held_out.observed", unit=unit))
    title = say(
        "held_out.predicted",
        unit=unit,
        level=level(interval, say),
    )
    colour = colour_of(
        "covered:N",
        names,
        legend=alt.Legend(symbolOpacity=1),
    )
    base = alt.Chart(rows, width=side, height=side).encode(
        x=x,
        color=colour,
    )
    rule = base.mark_rule(opacity=0.55)
    rule = rule.encode(
        y=alt.Y("lower:Q", title=title),
        y2="upper:Q",
    )
    point = base.mark_point(
        filled=True,
        size=22,
        opacity=1,
    )
    shape = shape_of("covered:N", names, "square")
    point = point.encode(y="median:Q", shape=shape)
    return _diagonal(rows) + rule + point


def _diagonal(rows: pd.DataFrame) -> alt.Chart:
    """Return the line on which a prediction is the survey's result."""
    end = float(rows[["observed", "upper"]].to_numpy().max(initial=1.0))
    line = alt.Chart(pd.DataFrame({"at": [0.0, end]}))
    line = line.mark_line(
        color=SOFT,
        strokeDash=[4, 3],
        strokeWidth=1,
    )
    return line.encode(x="at:Q", y="at:Q")
