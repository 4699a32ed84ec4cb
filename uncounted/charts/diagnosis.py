"""Diagnosis: whether to believe it, drawn: predictions' ranks, ranks of the truth,
widths of intervals, replicates.
"""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from uncounted.charts.palette import MARK, SECOND, SOFT, styled
from uncounted.checks.calibration import Calibration
from uncounted.checks.held_out import HeldOut
from uncounted.checks.predictive import Predictive
from uncounted.checks.scores import band
from uncounted.evidence.evidence import ELSEWHERE
from uncounted.infer.fit import Fit
from uncounted.infer.totals import ALL, axes
from uncounted.leaves.estimate import Estimate
from uncounted.model.vocabulary import SHOW
from uncounted.tables.breakdown import together
from uncounted.wording.numerals import heading, level
from uncounted.wording.words import read_words

BINS, COLUMNS, WIDE, HIGH = 10, 3, 190, 130
CLASSES = ("surveyed", ELSEWHERE, "imputed")


def plot_pit(held: HeldOut, language: str = "en") -> alt.LayerChart:
    """Draw where surveys held out fell in their predictions: ten bars, even if
    predictions are right.

    Each survey weighs one over its country's number of surveys, so that countries weigh
    alike; the band holds a bar in 95 % of such hold-outs. A hump in the middle:
    intervals too wide. Both ends high: too narrow. A slope: biased.
    """
    say, table = read_words(language), held.table[held.table["source"] != ELSEWHERE]
    weight = 1 / table.groupby(["outcome", "country"])["survey"].transform("size")
    countries = table.groupby("outcome")["country"].nunique()
    bins = np.minimum((table["pit"] * BINS).astype(int), BINS - 1)
    share = (
        (weight / table["outcome"].map(countries))
        .groupby([table["outcome"], bins])
        .sum()
    )
    full = pd.MultiIndex.from_product(
        [countries.index, range(BINS)], names=["outcome", "bin"]
    )
    bars = (
        share.rename_axis(["outcome", "bin"])
        .reindex(full, fill_value=0.0)
        .rename("share")
        .reset_index()
    )
    ends = {name: band(int(size), 1 / BINS) for name, size in countries.items()}
    bars = bars.assign(
        left=bars["bin"] / BINS,
        right=(bars["bin"] + 1) / BINS,
        low=[ends[name][0] for name in bars["outcome"]],
        high=[ends[name][1] for name in bars["outcome"]],
    )
    base = alt.Chart(bars, width=2 * WIDE, height=HIGH)
    x = alt.X("left:Q", title=say("diagnosis.pit"), scale=alt.Scale(domain=[0, 1]))
    even = base.mark_rect(color=SOFT, opacity=0.18).encode(
        x=x, x2="right:Q", y="low:Q", y2="high:Q"
    )
    y = alt.Y("share:Q", title=say("diagnosis.share"), axis=alt.Axis(format="%"))
    drawn = base.mark_bar(color=MARK, opacity=0.75).encode(
        x=x, x2="right:Q", y=y, y2=alt.datum(0)
    )
    return styled(_several(even + drawn, bars["outcome"].nunique(), "outcome"), say)


def plot_ranks(
    calibration: Calibration, quantities: list[str] | None = None, language: str = "en"
) -> alt.FacetChart:
    """Draw the ECDF of ranks of the truth less that of even ranks, with the band that
    holds all of it in 95 % of cases.

    quantities: some of those of `Calibration.summary`, else all. A line that leaves its
    band is coloured.
    """
    say, summary = read_words(language), calibration.summary
    names = list(summary["quantity"]) if quantities is None else quantities
    curves = pd.concat(
        [calibration.curve(name).assign(quantity=name) for name in names],
        ignore_index=True,
    )
    good = dict(zip(summary["quantity"], summary["calibrated"], strict=True))
    told = [say("diagnosis.inside"), say("diagnosis.outside")]
    curves = curves.assign(
        held=[told[0] if good[name] else told[1] for name in curves["quantity"]]
    )
    base = alt.Chart(curves, width=WIDE, height=HIGH)
    x = alt.X("at:Q", title=say("diagnosis.rank"), axis=alt.Axis(tickCount=3))
    colour = alt.Color(
        "held:N", title=None, scale=alt.Scale(domain=told, range=[MARK, SECOND])
    )
    area = base.mark_area(color=SOFT, opacity=0.18).encode(
        x=x, y=alt.Y("low:Q", title=say("diagnosis.difference")), y2="high:Q"
    )
    line = base.mark_line(interpolate="step-after", strokeWidth=1.3).encode(
        x=x, y="difference:Q", color=colour
    )
    facet = alt.Facet("quantity:N", title=None, sort=names)
    return styled((area + line).facet(facet=facet, columns=COLUMNS), say)


def plot_widths(
    fit: Fit | Estimate, interval: float = 0.95, language: str = "en"
) -> alt.LayerChart:
    """Draw how wide countries' intervals are, by what stands behind them: surveyed,
    reported from elsewhere, imputed.

    Width is the ratio of the upper to the lower bound, so that small and large
    prevalences can be compared. Of an estimate of leaves: of their total.
    """
    say = read_words(language)
    rows = together(fit, ["country"], interval)
    rows = rows[
        (rows[list(axes(fit.people))] == ALL).all(axis=1) & (rows["population"] > 0)
    ]
    unit = SHOW[fit.card.show]
    table = pd.DataFrame(
        {
            "name": rows["name"],
            "evidence": [say.term(one) for one in rows["evidence"]],
            "median": rows["prevalence_median"] * unit,
            "ratio": (
                rows["prevalence_upper"] / rows["prevalence_lower"].clip(lower=1e-12)
            ),
        }
    )
    order = [say.term(one) for one in CLASSES if (rows["evidence"] == one).any()]
    base = alt.Chart(table, width=2 * WIDE, height=HIGH)
    y = alt.Y("evidence:N", title=None, sort=order)
    title = say("diagnosis.width", level=level(interval, say))
    x = alt.X(
        "ratio:Q",
        title=title,
        scale=alt.Scale(type="log", nice=False),
        axis=alt.Axis(format="~g", tickCount=6),
    )
    dots = base.mark_point(size=22, opacity=0.45, filled=True, color=MARK).encode(
        x=x, y=y, yOffset="jitter:Q", tooltip=["name:N", "median:Q", "ratio:Q"]
    )
    jittered = dots.transform_calculate(jitter="random()")
    middle = base.mark_tick(color=SECOND, thickness=3, size=24).encode(
        x=alt.X("median(ratio):Q", title=title), y=y
    )
    return styled(jittered + middle, say)


def plot_replicated(
    predictive: Predictive, show: str = "per 1,000", language: str = "en"
) -> alt.FacetChart:
    """Draw surveys' own results against what the model makes of the same surveys, by
    kind of source.
    """
    say, table = read_words(language), predictive.surveys
    columns = {
        name: table[name] * SHOW[show]
        for name in ("observed", "median", "lower", "upper")
    }
    rows = table[["outcome", "survey", "country", "source"]].assign(**columns)
    unit = heading(show, say)
    base = alt.Chart(rows, width=WIDE, height=WIDE)
    x = alt.X("observed:Q", title=say("diagnosis.observed", unit=unit))
    y = alt.Y(
        "lower:Q",
        title=say(
            "diagnosis.replicated", unit=unit, level=level(predictive.interval, say)
        ),
    )
    rule = base.mark_rule(opacity=0.4, color=MARK).encode(x=x, y=y, y2="upper:Q")
    point = base.mark_point(filled=True, size=14, opacity=0.9, color=MARK).encode(
        x=x, y="median:Q"
    )
    same = base.mark_line(color=SOFT, strokeDash=[4, 3]).encode(x=x, y="observed:Q")
    return styled(
        (rule + point + same).facet(
            facet=alt.Facet("source:N", title=None), columns=COLUMNS
        ),
        say,
    )


def _several(chart: Any, number: int, field: str) -> Any:
    """Return a chart for each of several values of a field, or the chart alone."""
    return (
        chart.facet(facet=alt.Facet(f"{field}:N", title=None), columns=COLUMNS)
        if number > 1
        else chart
    )
