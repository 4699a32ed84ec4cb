"""Stack: an estimate's components on top of each other, by region."""

import textwrap
from typing import Any

import altair as alt
import pandas as pd

from uncounted.charts.palette import INK, PAPER, SHARES, styled
from uncounted.leaves.estimate import Estimate
from uncounted.release.release import ALL, LEAF
from uncounted.tables.breakdown import breakdown, shown
from uncounted.wording.numerals import SHOW, heading
from uncounted.wording.words import Words, read_words

WIDTH, BAR = 520, 26
# On a phone: the width of the bars, and the letters in a line of a place's name.
NARROW, LETTERS = 190, 16
PLACES = ("world", "region")


def plot_leaves(estimate: Estimate, language: str = "en") -> alt.LayerChart:
    """Draw the components of an estimate as one bar for the world and for each region,
    by the means of their draws.
    """
    rows = shown(estimate, breakdown(estimate, PLACES))
    rows = rows[(rows["sex"] == ALL) & (rows["age"] == ALL)]
    say = read_words(language)
    return styled(stack(rows, estimate.card.show, say), say)


def stack(
    rows: pd.DataFrame,
    show: str,
    say: Words,
    narrow: bool = False,
) -> Any:
    """Return the unstyled chart of rows of all persons by component; it shows means,
    since only they add up.

    narrow: for a phone, with names of places in several lines and one component of the
    legend in each.
    """
    rows = rows[rows["grouping"].isin(PLACES)]
    names = _names(rows, say, narrow)
    table = pd.DataFrame(
        {
            "rate": rows["prevalence_mean"] * SHOW[show],
            "leaf": rows[LEAF],
            "name": rows["name"].map(names),
        }
    )
    size = {
        "width": NARROW if narrow else WIDTH,
        "height": alt.Step(BAR),
    }
    lines = alt.Axis(
        ticks=False,
        domain=False,
        labelLimit=210,
        labelExpr=r"split(datum.label, '\n')",
    )
    y = alt.Y(
        "name:N",
        sort=list(names.values()),
        title=None,
        axis=lines,
    )
    x = alt.X(
        "rate:Q",
        title=say("leaves.axis", unit=heading(show, say)),
        stack="zero",
    )
    bars = _bars(table[table["leaf"] != ALL], say, narrow, size).encode(
        x=x,
        y=y,
    )
    sums = alt.Chart(table[table["leaf"] == ALL], **size)
    ends = sums.mark_text(
        align="left",
        dx=5,
        color=INK,
        fontSize=11,
    )
    return bars + ends.encode(
        x="rate:Q",
        y=y,
        text=alt.Text("rate:Q", format=".1f"),
    )


def _names(rows: pd.DataFrame, say: Words, narrow: bool) -> dict[str, str]:
    """Return the words for each place, in short lines where the chart is narrow."""
    names = {name: say.term(name) for name in rows["name"]}
    if not narrow:
        return names
    return {name: textwrap.fill(term, LETTERS) for name, term in names.items()}


def _bars(
    table: pd.DataFrame,
    say: Words,
    narrow: bool,
    size: dict[str, Any],
) -> alt.Chart:
    """Return the bars of the components, coloured in the order of the rows."""
    order = {leaf: place for place, leaf in enumerate(dict.fromkeys(table["leaf"]))}
    terms = {leaf: say.term(leaf) for leaf in order}
    table = table.assign(
        place=table["leaf"].map(order),
        told=table["leaf"].map(terms),
    )
    colours = [SHARES[place % len(SHARES)] for place in order.values()]
    colour = alt.Color(
        "told:N",
        title=None,
        scale=alt.Scale(
            domain=list(terms.values()),
            range=colours,
        ),
        legend=alt.Legend(
            columns=1 if narrow else 2,
            labelLimit=330,
        ),
    )
    bars = alt.Chart(table, **size).mark_bar(
        stroke=PAPER,
        strokeWidth=1,
    )
    return bars.encode(color=colour, order="place:O")
