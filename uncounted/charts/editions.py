"""Editions: an estimate's numbers beside published ones, as a drawing."""

from typing import Any

import altair as alt
import pandas as pd

from uncounted.charts.palette import MARK, SECOND, styled
from uncounted.release.leaf_estimates import part
from uncounted.wording.numerals import level
from uncounted.wording.words import Words, read_words

WIDE, LINE = 220, 22


def plot_beside(
    table: pd.DataFrame, interval: float = 0.95, language: str = "en"
) -> alt.FacetChart:
    """Draw the world's persons beside published ones, a panel for each edition: rows of
    `beside_published`.
    """
    return styled(
        beside_chart(table, interval, read_words(language)), read_words(language)
    )


def beside_chart(table: pd.DataFrame, interval: float, say: Words) -> Any:
    """Return the chart of rows of `beside_published`, unstyled: of the world,
    everybody, by leaf and sum.
    """
    rows = table[
        (table["grouping"] == "world")
        & (table["sex"] == "all")
        & (table["age"] == "all")
    ]
    numbers = {
        stat: rows[stat] / 1e6 for stat in ("published", "median", "lower", "upper")
    }
    edition = [
        say("beside.edition", edition=e, year=y)
        for e, y in zip(rows["edition"], rows["year"], strict=True)
    ]
    rows = rows.assign(
        **numbers, name=[part(leaf, say) for leaf in rows["leaf"]], edition=edition
    )
    order = list(
        dict.fromkeys(
            rows.sort_values("median", ascending=False, kind="stable")["name"]
        )
    )
    names = [say("beside.own", level=level(interval, say)), say("beside.published")]
    legend = alt.Legend(labelLimit=330)
    colour = alt.Color(
        "of:N",
        title=None,
        scale=alt.Scale(domain=names, range=[MARK, SECOND]),
        legend=legend,
    )
    shape = alt.Shape(
        "of:N",
        title=None,
        scale=alt.Scale(domain=names, range=["circle", "diamond"]),
        legend=legend,
    )
    base = alt.Chart(rows, width=WIDE, height=alt.Step(LINE)).encode(
        y=alt.Y(
            "name:N",
            sort=order,
            title=None,
            axis=alt.Axis(labelLimit=260, ticks=False, domain=False),
        )
    )
    x = alt.X("lower:Q", title=say("beside.axis"), scale=alt.Scale(zero=True))
    rule = base.mark_rule(color=MARK, strokeWidth=1.6, opacity=0.75).encode(
        x=x, x2="upper:Q"
    )
    points = [
        base.transform_calculate(of=f'"{told}"')
        .mark_point(filled=True, size=46, opacity=1)
        .encode(x=f"{column}:Q", color=colour, shape=shape)
        for told, column in zip(names, ("median", "published"), strict=True)
    ]
    return (
        (rule + points[0] + points[1])
        .facet(row=alt.Row("edition:N", title=None, header=alt.Header(orient="top")))
        .resolve_scale(y="independent")
    )
