"""Forest: intervals under one another, one line for each place."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from uncounted.charts.palette import MARK, PAPER, styled
from uncounted.errors import UncountedError, did_you_mean
from uncounted.infer.fit import Fit
from uncounted.leaves.estimate import Estimate
from uncounted.model.vocabulary import SHOW
from uncounted.tables.breakdown import together
from uncounted.wording.numerals import heading, level
from uncounted.wording.words import Words, read_words
from uncounted.world.world import groups

WIDE, LINE = 420, 15


def plot_forest(
    fit: Fit | Estimate,
    by: str = "region",
    within: str | Sequence[str] = (),
    sex: str = "all",
    age: str = "all",
    interval: float = 0.95,
    language: str = "en",
) -> alt.LayerChart:
    """Draw prevalence of a grouping's groups as points on their intervals, highest
    first.

    within: of countries, those of some regions alone. Hollow and dashed: imputed.
    Raises UncountedError for an unknown grouping, region, sex or age.
    """
    rows = together(fit, [by], interval)
    rows = rows[(rows["sex"] == sex) & (rows["age"] == age)]
    if within:
        rows = rows[
            rows["group"].map(groups(fit.world, "region")).isin(_regions(fit, within))
        ]
    if rows.empty:
        raise UncountedError(
            f"There are no estimates by {by} of sex '{sex}' and age '{age}' within"
            f" {within or 'all'}."
        )
    return styled(
        forest(rows, fit.card.show, read_words(language)), read_words(language)
    )


def forest(rows: pd.DataFrame, show: str, say: Words, width: int = WIDE) -> Any:
    """Return the chart of some rows of estimates, unstyled."""
    unit = SHOW[show]
    table = pd.DataFrame(
        {
            stat: rows[f"prevalence_{stat}"] * unit
            for stat in ("median", "lower", "upper")
        }
    )
    table = table.assign(
        name=[say.term(name) for name in rows["name"]],
        seen=rows["evidence"] == "surveyed",
    )
    table = table.sort_values("median", ascending=False, kind="stable")
    told = f"{heading(show, say)} ({level(rows['interval'].iloc[0], say)})"
    x = alt.X("lower:Q", title=told, scale=alt.Scale(zero=True, nice=True))
    order = list(table["name"])
    base = alt.Chart(table, width=width, height=alt.Step(LINE)).encode(
        y=alt.Y(
            "name:N",
            sort=order,
            title=None,
            axis=alt.Axis(labelLimit=210, ticks=False, domain=False),
        )
    )
    dashes = alt.condition("datum.seen", alt.value([1, 0]), alt.value([3, 2]))
    rule = base.mark_rule(strokeWidth=1.6, color=MARK, opacity=0.75).encode(
        x=x, x2="upper:Q", strokeDash=dashes
    )
    inside = alt.condition("datum.seen", alt.value(MARK), alt.value(PAPER))
    point = base.mark_point(size=34, opacity=1, stroke=MARK, strokeWidth=1.4).encode(
        x="median:Q", fill=inside
    )
    return rule + point


def _regions(fit: Fit | Estimate, within: str | Sequence[str]) -> list[str]:
    wanted, known = (
        [within] if isinstance(within, str) else list(within),
        set(groups(fit.world, "region")),
    )
    for region in wanted:
        if region not in known:
            raise UncountedError(
                f"There is no region '{region}'.{did_you_mean(region, known)}"
            )
    return wanted
