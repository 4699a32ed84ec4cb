"""Budget: the sources of a number's uncertainty, as bars."""

from typing import Any

import altair as alt
import pandas as pd

from uncounted.charts.palette import INK, MARK, names_axis, styled
from uncounted.errors import UncountedError
from uncounted.wording.numerals import fraction
from uncounted.wording.words import Words, read_words

WIDTH, BAR = 280, 22


def plot_budget(
    table: pd.DataFrame, language: str = "en"
) -> alt.LayerChart | alt.FacetChart:
    """Draw a variance budget, a bar for each source: columns component and share (of
    the variance).

    name: the number that a row is about; where there are several, each has a panel.
    Shares need not add up, so bars stand apart. Raises UncountedError for a table
    without component or share.
    """
    say = read_words(language)
    return styled(budget(table, say), say)


def budget(table: pd.DataFrame, say: Words) -> Any:
    """Return the unstyled chart of a variance budget."""
    for column in ("component", "share"):
        if column not in table:
            raise UncountedError(
                f"A variance budget has no column '{column}': give component and share."
            )
    rows = table.assign(
        component=[say.term(component) for component in table["component"]],
        label=[fraction(share, say) for share in table["share"]],
        end=table["share"].clip(lower=0.0),
    )
    y = names_axis("component:N", list(dict.fromkeys(rows["component"])), 260)
    x = alt.X(
        "share:Q",
        title=say("budget.axis"),
        axis=alt.Axis(
            format="%",
            tickCount=6,
            labelFlush=False,
        ),
    )
    base = alt.Chart(
        rows,
        width=WIDTH,
        height=alt.Step(BAR),
    ).encode(y=y)
    bars = base.mark_bar(
        color=MARK,
        height=0.6 * BAR,
    ).encode(x=x)
    labels = base.mark_text(
        color=INK,
        align="left",
        dx=6,
        fontSize=11,
    )
    layers = bars + labels.encode(x="end:Q", text="label:N")
    if "name" not in rows:
        return layers
    return layers.facet(row=alt.Row("name:N", title=None))
