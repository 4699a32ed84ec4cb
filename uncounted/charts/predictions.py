"""Predictions: what surveys held out found, beside what was predicted of them."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from uncounted.charts.palette import MARK, SECOND, SOFT, styled
from uncounted.model.vocabulary import SHOW
from uncounted.release.release import of_surveys
from uncounted.wording.numerals import heading, level
from uncounted.wording.words import Words, read_words

SIDE, ABREAST = 380, 240  # of one chart, and of several


def plot_held_out(
    table: pd.DataFrame,
    show: str = "percent",
    interval: float = 0.95,
    language: str = "en",
) -> alt.LayerChart:
    """Draw what surveys held out found against their predictions: rows of `hold_out`;
    those outside stand out.

    Of several outcomes each has a chart of its own. A masked survey has no result and
    is not drawn.
    """
    table, say = of_surveys(table), read_words(language)
    of = dict(list(table.groupby("outcome", sort=False))) if "outcome" in table else {}
    if len(of) < 2:
        return styled(against(table, show, interval, say), say)
    charts = [
        against(rows, show, interval, say, ABREAST).properties(title=str(name))
        for name, rows in of.items()
    ]
    return styled(alt.hconcat(*charts), say)


def against(
    table: pd.DataFrame, show: str, interval: float, say: Words, side: int = SIDE
) -> Any:
    """Return the chart of surveys held out, unstyled."""
    found = table[table["observed"].notna()]
    rows = pd.DataFrame(
        {
            name: found[name].astype(float) * SHOW[show]
            for name in ("observed", "median", "lower", "upper")
        }
    )
    inside = (rows["lower"] <= rows["observed"]) & (rows["observed"] <= rows["upper"])
    names = [say("held_out.inside"), say("held_out.outside")]
    rows = rows.assign(covered=np.where(inside, *names))
    end = float(rows[["observed", "upper"]].to_numpy().max(initial=1.0))
    unit = heading(show, say)
    x = alt.X("observed:Q", title=say("held_out.observed", unit=unit))
    y_title = say("held_out.predicted", unit=unit, level=level(interval, say))
    legend = alt.Legend(symbolOpacity=1)
    colour = alt.Color(
        "covered:N",
        title=None,
        scale=alt.Scale(domain=names, range=[MARK, SECOND]),
        legend=legend,
    )
    base = alt.Chart(rows, width=side, height=side).encode(x=x, color=colour)
    rule = base.mark_rule(opacity=0.55).encode(
        y=alt.Y("lower:Q", title=y_title), y2="upper:Q"
    )
    shape = alt.Shape(
        "covered:N",
        title=None,
        scale=alt.Scale(domain=names, range=["circle", "square"]),
    )
    point = base.mark_point(filled=True, size=22, opacity=1).encode(
        y="median:Q", shape=shape
    )
    same = alt.Chart(pd.DataFrame({"at": [0.0, end]})).mark_line(
        color=SOFT, strokeDash=[4, 3], strokeWidth=1
    )
    return same.encode(x="at:Q", y="at:Q") + rule + point
