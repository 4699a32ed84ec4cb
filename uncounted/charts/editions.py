"""Editions: an estimate's numbers beside published ones, as a drawing."""

from typing import Any

import altair as alt
import pandas as pd

from uncounted.charts.palette import MARK, colour_of, names_axis, shape_of, styled
from uncounted.release.leaf_estimates import part
from uncounted.wording.numerals import level
from uncounted.wording.words import Words, read_words

WIDTH, LINE = 220, 22
NUMBERS = ("published", "median", "lower", "upper")


def plot_beside(
    table: pd.DataFrame, interval: float = 0.95, language: str = "en"
) -> alt.FacetChart:
    """Draw the world's persons beside published ones, a panel for each edition: rows of
    `beside_published`.
    """
    say = read_words(language)
    return styled(beside_chart(table, interval, say), say)


def beside_chart(table: pd.DataFrame, interval: float, say: Words) -> Any:
    """Return the unstyled chart of rows of `beside_published`: of the world, everybody,
    by component and sum.
    """
    rows = _of_world(table, say)
    ranked = rows.sort_values("median", ascending=False, kind="stable")["name"]
    y = names_axis("name:N", list(dict.fromkeys(ranked)), 260)
    x = alt.X(
        "lower:Q",
        title=say("beside.axis"),
        scale=alt.Scale(zero=True),
    )
    base = alt.Chart(
        rows,
        width=WIDTH,
        height=alt.Step(LINE),
    ).encode(y=y)
    rule = base.mark_rule(
        color=MARK,
        strokeWidth=1.6,
        opacity=0.75,
    )
    layers = rule.encode(x=x, x2="upper:Q")
    names = [say("beside.own", level=level(interval, say)), say("beside.published")]
    legend = alt.Legend(labelLimit=330)
    colour = colour_of("of:N", names, legend=legend)
    shape = shape_of("of:N", names, "diamond", legend=legend)
    for name, column in zip(names, ("median", "published"), strict=True):
        points = base.transform_calculate(of=f'"{name}"')
        points = points.mark_point(
            filled=True,
            size=46,
            opacity=1,
        )
        layers += points.encode(
            x=f"{column}:Q",
            color=colour,
            shape=shape,
        )
    header = alt.Header(orient="top")
    facets = layers.facet(
        row=alt.Row(
            "edition:N",
            title=None,
            header=header,
        )
    )
    return facets.resolve_scale(y="independent")


def _of_world(table: pd.DataFrame, say: Words) -> pd.DataFrame:
    """Return the rows of everybody in the world, in millions, with the words for each
    component and edition.
    """
    everybody = (table["sex"] == "all") & (table["age"] == "all")
    rows = table[(table["grouping"] == "world") & everybody]
    editions = zip(rows["edition"], rows["year"], strict=True)
    return rows.assign(
        **{number: rows[number] / 1e6 for number in NUMBERS},
        name=[part(leaf, say) for leaf in rows["leaf"]],
        edition=[
            say("beside.edition", edition=edition, year=year)
            for edition, year in editions
        ],
    )
