"""Selection: how an estimate hangs on what is believed of whom services meet, as a
drawing.
"""

from typing import Any

import altair as alt
import pandas as pd

from uncounted.charts.palette import MARK, SECOND, styled
from uncounted.wording.numerals import level
from uncounted.wording.words import Words, read_words

WIDE, HIGH = 340, 190


def plot_selection(table: pd.DataFrame, language: str = "en") -> alt.LayerChart:
    """Draw the world's persons as the world sd of selection runs: rows of
    `by_selection`.
    """
    return styled(by_sd(table, read_words(language)), read_words(language))


def by_sd(table: pd.DataFrame, say: Words) -> Any:
    """Return the chart of rows of `by_selection`, unstyled: the line is the median,
    dashes the mean.
    """
    rows = table.assign(
        **{stat: table[stat] / 1e6 for stat in ("median", "mean", "lower", "upper")}
    )
    told = say("selection.persons", level=level(table["interval"].iloc[0], say))
    x = alt.X(
        "world_sd:Q",
        title=say("selection.world_sd"),
        scale=alt.Scale(nice=False),
        axis=alt.Axis(values=list(rows["world_sd"]), format=".2f"),
    )
    base = alt.Chart(rows, width=WIDE, height=HIGH).encode(x=x)
    y = alt.Y("lower:Q", title=told, scale=alt.Scale(zero=True))
    band = base.mark_area(color=MARK, opacity=0.25).encode(y=y, y2="upper:Q")
    middle = base.mark_line(
        color=MARK, point=alt.OverlayMarkDef(color=MARK, size=30)
    ).encode(y="median:Q")
    return (
        band
        + middle
        + base.mark_line(color=SECOND, strokeDash=[4, 3]).encode(y="mean:Q")
    )
