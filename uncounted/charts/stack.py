"""Stack: an estimate's leaves on top of each other, in the world and in its regions."""

import textwrap
from typing import Any

import altair as alt
import pandas as pd

from uncounted.charts.palette import INK, PAPER, SHARES, styled
from uncounted.leaves.estimate import Estimate
from uncounted.model.vocabulary import SHOW
from uncounted.release.release import ALL, LEAF
from uncounted.tables.breakdown import breakdown, shown
from uncounted.wording.numerals import heading
from uncounted.wording.words import Words, read_words

WIDE, BAR = 520, 26
NARROW, LETTERS = (
    190,
    16,
)  # on a phone: width of the bars, letters in a line of a place's name
PLACES = ("world", "region")


def plot_leaves(estimate: Estimate, language: str = "en") -> alt.LayerChart:
    """Draw the leaves of an estimate as one bar for the world and for each region, by
    the means of their draws.
    """
    rows = shown(estimate, breakdown(estimate, PLACES))
    rows = rows[(rows["sex"] == ALL) & (rows["age"] == ALL)]
    return styled(
        stack(rows, estimate.card.show, read_words(language)), read_words(language)
    )


def stack(rows: pd.DataFrame, show: str, say: Words, narrow: bool = False) -> Any:
    """Return the chart of rows of all persons by leaf, unstyled; means, for only they
    add up.

    narrow: for a phone, with names of places in several lines and one leaf of the
    legend in each.
    """
    rows = rows[rows["grouping"].isin(PLACES)]
    parts = [leaf for leaf in dict.fromkeys(rows[LEAF]) if leaf != ALL]
    told = {
        name: textwrap.fill(say.term(name), LETTERS) if narrow else say.term(name)
        for name in rows["name"]
    }
    table = pd.DataFrame(
        {"rate": rows["prevalence_mean"] * SHOW[show], "leaf": rows[LEAF]}
    )
    table = table.assign(name=rows["name"].map(told))
    sums, table = table[table["leaf"] == ALL], table[table["leaf"] != ALL]
    table = table.assign(
        place=[parts.index(leaf) for leaf in table["leaf"]],
        told=[*map(say.term, table["leaf"])],
    )
    lines = alt.Axis(
        ticks=False, domain=False, labelLimit=210, labelExpr=r"split(datum.label, '\n')"
    )
    y = alt.Y("name:N", sort=list(told.values()), title=None, axis=lines)
    x = alt.X("rate:Q", title=say("leaves.axis", unit=heading(show, say)), stack="zero")
    scale = alt.Scale(
        domain=[say.term(leaf) for leaf in parts],
        range=[SHARES[i % len(SHARES)] for i in range(len(parts))],
    )
    legend = alt.Legend(columns=1 if narrow else 2, labelLimit=330)
    size = {"width": NARROW if narrow else WIDE, "height": alt.Step(BAR)}
    bars = (
        alt.Chart(table, **size)
        .mark_bar(stroke=PAPER, strokeWidth=1)
        .encode(
            x=x,
            y=y,
            color=alt.Color("told:N", title=None, scale=scale, legend=legend),
            order="place:O",
        )
    )
    ends = alt.Chart(sums, **size).mark_text(align="left", dx=5, color=INK, fontSize=11)
    return bars + ends.encode(x="rate:Q", y=y, text=alt.Text("rate:Q", format=".1f"))
