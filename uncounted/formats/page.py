"""Page: one HTML file with an estimate, what is behind it and whether to believe it; it
opens without any network.
"""

import math
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from uncounted.charts import charts, predictions
from uncounted.charts.drawings import SHADES, Drawings, draw, told_shares
from uncounted.charts.editions import part
from uncounted.charts.export import inline
from uncounted.charts.geometry import read_geometry
from uncounted.charts.map import Map, coloured, of_whom
from uncounted.equation.arithmetic import arithmetic
from uncounted.equation.equation import equation
from uncounted.equation.line import Line
from uncounted.model.vocabulary import SHOW
from uncounted.release import outline
from uncounted.release.choice import choices
from uncounted.release.gather import gather
from uncounted.release.headline import mostly_imputed
from uncounted.release.release import LEAF, Release
from uncounted.wording import numerals
from uncounted.wording.words import Words

TEMPLATE = Path(__file__).parent / "template"
GLYPH = {
    "surveyed": "●",
    "reported from elsewhere": "◐",
    "outside figure": "◇",
    "imputed": "○",
}
COURSES = 6  # places whose course is drawn and years whose numbers are told
WRITTEN = (
    "rate",
    "rates",
    "bare",
    "persons",
    "people",
    "persons_between",
    "whole",
    "fraction",
    "band",
    "decimal",
)


def write_page(
    release: Release, path: str | Path, drawings: Drawings | None = None
) -> Path:
    """Write a report as one HTML file: headline, map, tables, data, checks, equation,
    limits and record.

    If any finding says "stop", a banner across the top says so.
    """
    out = Path(path)
    out.write_text(page(release, drawings), encoding="utf-8")
    return out


def page(release: Release, drawings: Drawings | None = None) -> str:
    """Return the report as HTML text."""
    say, show, drawn = release.say, release.show, drawings or draw(release)
    return (
        _environment(say)
        .get_template("page.html")
        .render(
            release=release,
            show=show,
            unit=numerals.heading(show, say),
            given=numerals.unit(show, say),
            level=release.level,
            whom=release.whom,
            world=release.of_world,
            map=_marked(drawn.map),
            map_of_surveys=_marked(drawn.map_of_surveys),
            geometry=read_geometry(),
            leaves=_leaves(release, drawn),
            selection=_selection(release, drawn),
            beside=_beside(release, drawn),
            known=outline.known(release),
            mostly_imputed=mostly_imputed(release, release.of_world),
            regions=_regions(release),
            crossings=_crossings(release),
            ages_chart=inline(drawn.ages, say("people.chart")),
            trend=_trend(release, drawn),
            forests=_forests(release, drawn),
            countries=_countries(release),
            parts=_parts(release, drawn),
            data=_data(release),
            surveys=outline.records(outline.surveys(release)),
            checks=outline.checks(release),
            failures=outline.failures(release),
            held_out=_held_out(release, drawn),
            budget=_budget(release, drawn),
            models=_models(release),
            cards=outline.cards(release),
            sum_of_leaves=_lines(arithmetic(release.adds, say)) if release.adds else [],
            limits=outline.limits(release),
            gather=gather(release),
            fates=outline.fates(release),
            facts=outline.facts(release),
            sources=list(outline.sources(release)),
            citation=outline.citation(release),
            version=release.versions.get("uncounted", ""),
        )
    )


@cache
def _loader() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _environment(say: Words) -> Environment:
    """Return the templates' environment with everything that is written in a
    language.
    """
    made = _loader().overlay()
    written = {name: partial(_spoken, getattr(numerals, name), say) for name in WRITTEN}
    made.filters = (
        made.filters | written | {"term": say.term, "leaf": partial(part, say=say)}
    )
    made.globals = (
        made.globals | written | {"say": say, "glyph": GLYPH, "unknown": _unknown}
    )
    made.globals["raw"] = lambda name: Markup(
        (TEMPLATE / name).read_text(encoding="utf-8")
    )
    return made


def _spoken(write: Any, say: Words, *values: Any) -> str:
    return write(*values, say)


def _unknown(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _marked(drawn: Map) -> dict[str, Markup]:
    return {"svg": Markup(drawn.svg), "legend": Markup(drawn.legend)}


def _scale(rows: Sequence[dict[str, Any]], show: str) -> list[float]:
    """Return the marks of a scale that holds every interval, in the estimate's unit."""
    highest = max(
        (
            row["prevalence_upper"]
            for row in rows
            if math.isfinite(row["prevalence_upper"])
        ),
        default=math.nan,
    )
    return charts.ticks(highest * SHOW[show])


def _whiskers(rows: Sequence[dict[str, Any]], release: Release) -> dict[str, Any]:
    """Return rows with their intervals drawn on one scale, and the scale."""
    scale, unit = _scale(rows, release.show), SHOW[release.show]
    drawn = []
    for row in rows:
        low, middle, high = (
            row[f"prevalence_{stat}"] * unit for stat in ("lower", "median", "upper")
        )
        drawn.append(
            row
            | {"whisker": charts.whisker(low, middle, high, scale[-1], row["evidence"])}
        )
    return {"axis": charts.axis(scale[-1], scale, release.say), "rows": drawn}


def _regions(release: Release) -> dict[str, Any]:
    return _whiskers(outline.regions(release), release)


def _countries(release: Release) -> dict[str, Any]:
    told = _whiskers(outline.countries(release), release)
    regions = sorted({row["region"] for row in told["rows"]})
    present = set(
        release.rows.loc[release.rows["grouping"] == "country", "evidence"]
    )  # of every leaf
    return told | {
        "regions": regions,
        "evidence": [one for one in GLYPH if one in present],
    }


def _parts(release: Release, drawings: Drawings) -> list[dict[str, Any]]:
    """Return what the map and the table of countries can show instead of all leaves
    together, which come first.
    """
    made = []
    for name, alone in choices(release).items():
        on_map = coloured(
            of_whom(alone.totals),
            alone.world,
            alone.show,
            SHADES,
            alone.say,
            drawings.map,
        )
        told = _whiskers(outline.countries(alone), alone)
        made.append(
            {"name": name, "legend": Markup(on_map.legend), "lands": on_map.lands}
            | told
        )
    return made


def _leaves(release: Release, drawings: Drawings) -> dict[str, Any] | None:
    rows, say = outline.leaves(release), release.say
    if drawings.leaves is None or drawings.leaves_narrow is None:
        return None
    shares = pd.DataFrame(
        {
            "component": [row[LEAF] for row in rows[:-1]],
            "share": [row["share"] for row in rows[:-1]],
        }
    )
    told = say("leaves.chart", told=told_shares(shares, say))
    return {
        "rows": rows,
        "sums": outline.sums(release),
        "tables": [
            ("regions", *outline.leaves_by(release)),
            ("people", *outline.leaves_by(release, release.axes)),
        ],
        "chart": inline(drawings.leaves, told),
        "narrow": inline(drawings.leaves_narrow, told),
    }


def _selection(release: Release, drawings: Drawings) -> dict[str, Any] | None:
    if release.selection is None or drawings.selection is None:
        return None
    chart = inline(drawings.selection, release.say("selection.chart"))
    return {"rows": outline.records(release.selection), "chart": chart}


def _beside(release: Release, drawings: Drawings) -> dict[str, Any] | None:
    rows = outline.beside(release)
    if not rows or drawings.beside is None:
        return None
    inside = sum(bool(row["inside"]) for row in rows)
    chart = inline(drawings.beside, release.say("beside.chart"))
    return {"rows": rows, "n": len(rows), "inside": inside, "chart": chart}


def _crossings(release: Release) -> list[dict[str, Any]]:
    """Return a tabbed table for sex by age, and one of all persons for each other
    trait.
    """
    others = [axis for axis in release.axes if axis not in ("sex", "age")]
    pairs = [("sex", "age"), *(("sex", axis) for axis in others)]
    return [
        {
            "axis": across,
            "tables": [
                {"value": v, "across": a, "rows": r}
                for v, a, r in outline.crossed(release, *pair)
            ],
        }
        for pair in pairs
        for across in (pair[1],)
    ]


def _trend(release: Release, drawings: Drawings) -> dict[str, Any] | None:
    if release.trend is None or drawings.trend is None:
        return None
    rows = release.trend[release.trend["grouping"].isin(["world", "region"])]
    calendar = sorted(int(year) for year in rows["year"].unique())
    at = sorted(
        {
            calendar[round(i * (len(calendar) - 1) / (COURSES - 1))]
            for i in range(COURSES)
        }
    )
    told = {(row["name"], int(row["year"])): row for row in outline.records(rows)}
    names = list(dict.fromkeys(rows["name"]))
    table = [
        {"name": name, "cells": [told[name, year] for year in at]} for name in names
    ]
    other = rows.loc[rows["weights"] != rows["year"], "year"].astype(int)
    return {
        "chart": inline(drawings.trend, release.say("trend.chart")),
        "years": at,
        "rows": table,
        "others": spans(sorted(set(other))),
    }


def spans(years: Sequence[int]) -> str:
    """Write years as spans: "2010–2013, 2022"."""
    starts = [year for year in years if year - 1 not in years]
    ends = [year for year in years if year + 1 not in years]
    return ", ".join(
        f"{a}–{b}" if a < b else f"{a}" for a, b in zip(starts, ends, strict=True)
    )


def _forests(release: Release, drawings: Drawings) -> list[dict[str, Any]]:
    say = release.say
    return [
        {
            "name": name,
            "chart": inline(chart, say("forests.chart", region=say.term(name))),
        }
        for name, chart in drawings.forests.items()
    ]


def _data(release: Release) -> dict[str, Any]:
    data, say = outline.data(release), release.say
    told = ", ".join(
        say("data.year", year=year, n=n) for year, n in data["years"].items()
    )
    return data | {
        "chart": charts.years(data["years"], say("data.years_alt", told=told))
    }


def _held_out(release: Release, drawings: Drawings) -> dict[str, Any] | None:
    if not release.tested:
        return None
    told = predictions.told(release.tested, release.level, release.say)
    charts = [
        {
            "name": name,
            "chart": inline(chart, f"{name}: {release.say('held_out.chart')}"),
        }
        for name, chart in drawings.held_out.items()
    ]
    return {"rows": outline.held_out(release), "told": told, "charts": charts}


def _budget(release: Release, drawings: Drawings) -> dict[str, Any] | None:
    if release.budget is None or drawings.budget is None:
        return None
    told = told_shares(release.budget, release.say)
    chart = inline(drawings.budget, release.say("budget.chart", told=told))
    return {"rows": outline.records(release.budget), "chart": chart}


def _models(release: Release) -> list[dict[str, Any]]:
    return [
        {"card": part.card, "lines": _lines(equation(part.card, release.language))}
        for part in release.parts
    ]


def _lines(lines: Sequence[Line]) -> list[dict[str, Any]]:
    return [_math(line) for line in lines]


def _math(line: Line) -> dict[str, Any]:
    priors = [(key, Markup(math)) for key, math in line.priors]
    return {"math": Markup(line.math), "sentence": line.sentence, "priors": priors}
