"""Budget: from where the uncertainty of a number comes."""

from typing import Any

import altair as alt
import pandas as pd

from uncounted.errors import UncountedError
from uncounted.report.palette import INK, SHARES, styled
from uncounted.report.wording import Words, read_words


def plot_budget(table: pd.DataFrame, language: str = "en") -> alt.LayerChart:
    """Draw a variance budget as one bar: columns component and share (of the variance); name, if of several numbers.

    Raises UncountedError for a table without them.
    """
    return styled(budget(table, read_words(language)))


def budget(table: pd.DataFrame, say: Words) -> Any:
    """Return the chart of a variance budget, unstyled."""
    for column in ("component", "share"):
        if column not in table:
            raise UncountedError(f"A variance budget has no column '{column}': give component and share.")
    rows = table.assign(component=[say.term(one) for one in table["component"]])
    rows = rows if "name" in rows else rows.assign(name="")
    parts = list(dict.fromkeys(rows["component"]))
    scale = alt.Scale(domain=parts, range=[SHARES[i % len(SHARES)] for i in range(len(parts))])
    rows = rows.assign(place=[parts.index(one) for one in rows["component"]])
    rows["end"] = rows.sort_values("place").groupby("name")["share"].cumsum()
    rows["middle"] = rows["end"] - rows["share"] / 2
    base = alt.Chart(rows, width=520, height=alt.Step(34)).encode(
        y=alt.Y("name:N", title=None, axis=alt.Axis(ticks=False, domain=False))
    )
    x = alt.X("share:Q", title=say("budget.axis"), axis=alt.Axis(format="%"), stack="zero", scale=alt.Scale(nice=False))
    colour = alt.Color("component:N", title=None, scale=scale, legend=alt.Legend(columns=2, labelLimit=320))
    bar = base.mark_bar(stroke="#fdfcfa").encode(x=x, color=colour, order="place:O")
    text = base.mark_text(color=INK, dy=-20, fontSize=10).encode(x="middle:Q", text=alt.Text("share:Q", format=".0%"))
    return bar + text.transform_filter("datum.share > 0.03")
