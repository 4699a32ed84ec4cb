"""Forest: intervals under one another, one line for each place."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from uncounted.charts.chart_table import in_unit, unit_and_level
from uncounted.charts.palette import MARK, PAPER, names_axis, styled
from uncounted.errors import UncountedError, did_you_mean
from uncounted.infer.fit import Fit
from uncounted.leaves.estimate import Estimate
from uncounted.tables.breakdown import together
from uncounted.wording.words import Words, read_words
from uncounted.world.world import groups

WIDTH, LINE = 420, 15


def plot_forest(
    fit: Fit | Estimate,
    by: str = "region",
    within: str | Sequence[str] = (),
    sex: str = "all",
    age: str = "all",
    interval: float = 0.95,
    language: str = "en",
) -> alt.LayerChart:
    """Draw prevalence of a grouping's groups as points on their intervals, the highest
    first.

    within: of countries, those of some regions alone. Hollow and dashed: imputed.
    Raises UncountedError for an unknown grouping, region, sex or age.
    """
    rows = together(fit, [by], interval)
    rows = rows[(rows["sex"] == sex) & (rows["age"] == age)]
    if within:
        region = rows["group"].map(groups(fit.world, "region"))
        rows = rows[region.isin(_regions(fit, within))]
    if rows.empty:
        raise UncountedError(
            f"There are no estimates by {by} of sex '{sex}' and age '{age}' within"
            f" {within or 'all'}."
        )
    say = read_words(language)
    return styled(forest(rows, fit.card.show, say), say)


def forest(
    rows: pd.DataFrame,
    show: str,
    say: Words,
    width: int = WIDTH,
) -> Any:
    """Return the unstyled chart of rows of estimates."""
    table = in_unit(rows, show).assign(
        name=[say.term(name) for name in rows["name"]],
        seen=rows["evidence"] == "surveyed",
    )
    table = table.sort_values("median", ascending=False, kind="stable")
    unit, level = unit_and_level(rows, show, say)
    x = alt.X(
        "lower:Q",
        title=f"{unit} ({level})",
        scale=alt.Scale(zero=True, nice=True),
    )
    y = names_axis("name:N", list(table["name"]), 210)
    base = alt.Chart(
        table,
        width=width,
        height=alt.Step(LINE),
    ).encode(y=y)
    dashes = alt.condition("datum.seen", alt.value([1, 0]), alt.value([3, 2]))
    rule = base.mark_rule(
        strokeWidth=1.6,
        color=MARK,
        opacity=0.75,
    )
    rule = rule.encode(
        x=x,
        x2="upper:Q",
        strokeDash=dashes,
    )
    inside = alt.condition("datum.seen", alt.value(MARK), alt.value(PAPER))
    point = base.mark_point(
        size=34,
        opacity=1,
        stroke=MARK,
        strokeWidth=1.4,
    )
    return rule + point.encode(x="median:Q", fill=inside)


def _regions(fit: Fit | Estimate, within: str | Sequence[str]) -> list[str]:
    """Return the requested regions; raises UncountedError for an unknown one."""
    requested = [within] if isinstance(within, str) else list(within)
    regions = set(groups(fit.world, "region"))
    for region in requested:
        if region not in regions:
            advice = did_you_mean(region, regions)
            raise UncountedError(f"There is no region '{region}'.{advice}")
    return requested
