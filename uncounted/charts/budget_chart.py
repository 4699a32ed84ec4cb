"""Budget: from where the uncertainty of a number comes."""

from typing import Any

import altair as alt
import pandas as pd

from uncounted.charts.palette import INK, MARK, styled
from uncounted.errors import UncountedError
from uncounted.wording.numerals import fraction
from uncounted.wording.words import Words, read_words

WIDE, BAR = 280, 22


def plot_budget(
    table: pd.DataFrame, language: str = "en"
) -> alt.LayerChart | alt.FacetChart:
    """Draw a variance budget, a bar for each source: columns component and share (of
    the variance).

    name: of which number, if of several, a panel for each. Shares need not add up, so
    bars stand apart. Raises UncountedError for a table without component or share.
    """
    return styled(budget(table, read_words(language)), read_words(language))


def budget(table: pd.DataFrame, say: Words) -> Any:
    """Return the chart of a variance budget, unstyled."""
    for column in ("component", "share"):
        if column not in table:
            raise UncountedError(
                f"A variance budget has no column '{column}': give component and share."
            )
    rows = table.assign(component=[say.term(one) for one in table["component"]])
    rows = rows.assign(
        label=[fraction(share, say) for share in rows["share"]],
        end=rows["share"].clip(lower=0.0),
    )
    order = list(dict.fromkeys(rows["component"]))
    base = alt.Chart(rows, width=WIDE, height=alt.Step(BAR)).encode(
        y=alt.Y(
            "component:N",
            sort=order,
            title=None,
            axis=alt.Axis(ticks=False, domain=False, labelLimit=260),
        )
    )
    x = alt.X(
        "share:Q",
        title=say("budget.axis"),
        axis=alt.Axis(format="%", tickCount=6, labelFlush=False),
    )
    bars = base.mark_bar(color=MARK, height=0.6 * BAR).encode(x=x)
    layers = bars + base.mark_text(color=INK, align="left", dx=6, fontSize=11).encode(
        x="end:Q", text="label:N"
    )
    return layers.facet(row=alt.Row("name:N", title=None)) if "name" in rows else layers
