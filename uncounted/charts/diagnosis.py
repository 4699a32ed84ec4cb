"""Diagnosis: drawings of ranks of predictions and of the truth, of intervals' widths
and of replicates.
"""

import altair as alt
import numpy as np
import pandas as pd

from uncounted.charts.chart_table import in_unit
from uncounted.charts.palette import MARK, SECOND, SOFT, colour_of, panels, styled
from uncounted.checks.calibration import Calibration
from uncounted.checks.held_out import HeldOut
from uncounted.checks.predictive import Predictive
from uncounted.checks.scores import band
from uncounted.infer.fit import Fit
from uncounted.infer.totals import ALL, axes
from uncounted.leaves.estimate import Estimate
from uncounted.observations.evidence import ELSEWHERE
from uncounted.tables.breakdown import together
from uncounted.wording.numerals import SHOW, heading, level
from uncounted.wording.words import read_words

BINS, COLUMNS, WIDTH, HEIGHT = 10, 3, 190, 130
CLASSES = ("surveyed", ELSEWHERE, "imputed")
STATS = ("observed", "median", "lower", "upper")


def plot_pit(held: HeldOut, language: str = "en") -> alt.LayerChart:
    """Draw where the results of surveys held out lie in their predictions: ten bars,
    even if predictions are right.

    Each survey weighs one over its country's number of surveys, so that countries weigh
    alike; the band holds a bar in 95 % of such hold-outs. A hump in the middle:
    intervals too wide. Both ends high: too narrow. A slope: biased.
    """
    say = read_words(language)
    bars = _pit_bars(held.table[held.table["source"] != ELSEWHERE])
    base = alt.Chart(
        bars,
        width=2 * WIDTH,
        height=HEIGHT,
    )
    x = alt.X(
        "left:Q",
        title=say("diagnosis.pit"),
        scale=alt.Scale(domain=[0, 1]),
    )
    even = base.mark_rect(color=SOFT, opacity=0.18)
    even = even.encode(
        x=x,
        x2="right:Q",
        y="low:Q",
        y2="high:Q",
    )
    y = alt.Y(
        "share:Q",
        title=say("diagnosis.share"),
        axis=alt.Axis(format="%"),
    )
    drawn = base.mark_bar(color=MARK, opacity=0.75)
    chart = even + drawn.encode(
        x=x,
        x2="right:Q",
        y=y,
        y2=alt.datum(0),
    )
    if len(bars) > BINS:  # of several outcomes
        chart = panels(chart, "outcome:N", COLUMNS)
    return styled(chart, say)


def _pit_bars(table: pd.DataFrame) -> pd.DataFrame:
    """Return the share of each outcome's countries in each bin of ranks, from left to
    right, and the band of an even share, from low to high.
    """
    by_country = table.groupby(["outcome", "country"])["survey"]
    countries = table.groupby("outcome")["country"].nunique()
    weight = 1 / by_country.transform("size") / table["outcome"].map(countries)
    bins = np.minimum((table["pit"] * BINS).astype(int), BINS - 1)
    keys = ["outcome", "bin"]
    share = weight.groupby([table["outcome"], bins]).sum().rename_axis(keys)
    every_bin = pd.MultiIndex.from_product([countries.index, range(BINS)], names=keys)
    bars = share.reindex(every_bin, fill_value=0.0).rename("share").reset_index()
    ends = {outcome: band(int(size), 1 / BINS) for outcome, size in countries.items()}
    return bars.assign(
        left=bars["bin"] / BINS,
        right=(bars["bin"] + 1) / BINS,
        low=[ends[outcome][0] for outcome in bars["outcome"]],
        high=[ends[outcome][1] for outcome in bars["outcome"]],
    )


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
    verdicts = [say("diagnosis.inside"), say("diagnosis.outside")]
    calibrated = summary.set_index("quantity")["calibrated"].astype(bool)
    inside = curves["quantity"].map(calibrated)
    curves = curves.assign(held=np.where(inside, *verdicts))
    base = alt.Chart(curves, width=WIDTH, height=HEIGHT)
    x = alt.X(
        "at:Q",
        title=say("diagnosis.rank"),
        axis=alt.Axis(tickCount=3),
    )
    y = alt.Y("low:Q", title=say("diagnosis.difference"))
    area = base.mark_area(color=SOFT, opacity=0.18).encode(
        x=x,
        y=y,
        y2="high:Q",
    )
    line = base.mark_line(interpolate="step-after", strokeWidth=1.3)
    line = line.encode(
        x=x,
        y="difference:Q",
        color=colour_of("held:N", verdicts),
    )
    return styled(panels(area + line, "quantity:N", COLUMNS, names), say)


def plot_widths(
    fit: Fit | Estimate, interval: float = 0.95, language: str = "en"
) -> alt.LayerChart:
    """Draw the widths of countries' intervals by evidence class: surveyed, reported
    from elsewhere, imputed.

    Width is the ratio of the upper to the lower bound, so that small and large
    prevalences can be compared. Of an estimate of components: of their total.
    """
    say = read_words(language)
    rows = together(fit, ["country"], interval)
    everybody = (rows[list(axes(fit.people))] == ALL).all(axis=1)
    rows = rows[everybody & (rows["population"] > 0)]
    lower = rows["prevalence_lower"].clip(lower=1e-12)
    table = pd.DataFrame(
        {
            "name": rows["name"],
            "evidence": [say.term(evidence) for evidence in rows["evidence"]],
            "median": rows["prevalence_median"] * SHOW[fit.card.show],
            "ratio": rows["prevalence_upper"] / lower,
        }
    )
    present = set(rows["evidence"])
    order = [say.term(evidence) for evidence in CLASSES if evidence in present]
    base = alt.Chart(
        table,
        width=2 * WIDTH,
        height=HEIGHT,
    )
    y = alt.Y("evidence:N", title=None, sort=order)
    title = say("diagnosis.width", level=level(interval, say))
    x = alt.X(
        "ratio:Q",
        title=title,
        scale=alt.Scale(type="log", nice=False),
        axis=alt.Axis(format="~g", tickCount=6),
    )
    dots = base.mark_point(
        size=22,
        opacity=0.45,
        filled=True,
        color=MARK,
    )
    dots = dots.transform_calculate(jitter="random()").encode(
        x=x,
        y=y,
        yOffset="jitter:Q",
        tooltip=["name:N", "median:Q", "ratio:Q"],
    )
    middle = base.mark_tick(
        color=SECOND,
        thickness=3,
        size=24,
    )
    middle = middle.encode(
        x=alt.X("median(ratio):Q", title=title),
        y=y,
    )
    return styled(dots + middle, say)


def plot_replicated(
    predictive: Predictive, show: str = "per 1,000", language: str = "en"
) -> alt.FacetChart:
    """Draw surveys' own results against the model's replicates of the same surveys, by
    kind of source.
    """
    say, table = read_words(language), predictive.surveys
    keys = table[["outcome", "survey", "country", "source"]]
    numbers = in_unit(table, show, {stat: stat for stat in STATS})
    rows = pd.concat([keys, numbers], axis=1)
    unit = heading(show, say)
    interval = level(predictive.interval, say)
    x = alt.X("observed:Q", title=say("diagnosis.observed", unit=unit))
    title = say("diagnosis.replicated", unit=unit, level=interval)
    y = alt.Y("lower:Q", title=title)
    base = alt.Chart(rows, width=WIDTH, height=WIDTH)
    rule = base.mark_rule(opacity=0.4, color=MARK).encode(
        x=x,
        y=y,
        y2="upper:Q",
    )
    point = base.mark_point(
        filled=True,
        size=14,
        opacity=0.9,
        color=MARK,
    )
    point = point.encode(x=x, y="median:Q")
    diagonal = base.mark_line(color=SOFT, strokeDash=[4, 3]).encode(
        x=x,
        y="observed:Q",
    )
    return styled(panels(rule + point + diagonal, "source:N", COLUMNS), say)
