"""Selection: how an estimate depends on the selection of victims into assistance."""

from typing import Any

import altair as alt
import pandas as pd

from uncounted.charts.palette import MARK, SECOND, styled
from uncounted.wording.numerals import level
from uncounted.wording.words import Words, read_words

WIDTH, HEIGHT = 340, 190
STATS = ("median", "mean", "lower", "upper")


def plot_selection(table: pd.DataFrame, language: str = "en") -> alt.LayerChart:
    """Draw the world's persons at each sd of selection in the world: rows of
    `by_selection`.
    """
    say = read_words(language)
    return styled(by_sd(table, say), say)


def by_sd(table: pd.DataFrame, say: Words) -> Any:
    """Return the unstyled chart of rows of `by_selection`: the line is the median, the
    dashes are the mean.
    """
    rows = table.assign(**{stat: table[stat] / 1e6 for stat in STATS})
    x = alt.X(
        "world_sd:Q",
        title=say("selection.world_sd"),
        scale=alt.Scale(nice=False),
        axis=alt.Axis(
            values=list(rows["world_sd"]),
            format=".2f",
        ),
    )
    title = say("selection.persons", level=level(table["interval"].iloc[0], say))
    y = alt.Y(
        "lower:Q",
        title=title,
        scale=alt.Scale(zero=True),
    )
    base = alt.Chart(
        rows,
        width=WIDTH,
        height=HEIGHT,
    ).encode(x=x)
    band = base.mark_area(color=MARK, opacity=0.25).encode(
        y=y,
        y2="upper:Q",
    )
    point = alt.OverlayMarkDef(color=MARK, size=30)
    median = base.mark_line(
        color=MARK,
        point=point,
    ).encode(y="median:Q")
    mean = base.mark_line(
        color=SECOND,
        strokeDash=[4, 3],
    ).encode(y="mean:Q")
    return band + median + mean
