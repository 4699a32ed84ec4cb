"""Paper: a report of ten to twenty pages as PDF, typeset by Typst, its figures as
vectors.
"""

import json
import math
from pathlib import Path

import typst

from uncounted.charts import predictions
from uncounted.charts.drawings import Drawings, draw, told_shares
from uncounted.charts.geometry import read_geometry
from uncounted.equation.arithmetic import arithmetic
from uncounted.equation.equation import equation
from uncounted.equation.line import Line
from uncounted.equation.typeset import typeset
from uncounted.errors import UncountedError
from uncounted.formats.cells import estimate, interval, persons, picture, scale
from uncounted.formats.composition import beside, leaves, selection
from uncounted.formats.document import data_told, map_caption
from uncounted.release import outline
from uncounted.release.gather import gather
from uncounted.release.headline import headline
from uncounted.release.outline import Record, known
from uncounted.release.release import ALL, LEAF, Release
from uncounted.wording import numerals

TEMPLATE = Path(__file__).parent / "template"
TITLES = (
    "map",
    "leaves",
    "regions",
    "people",
    "trend",
    "countries",
    "data",
    "checks",
    "held_out",
    "budget",
)
TITLES += ("selection", "beside", "equation", "limits", "gather", "record")


def write_paper(
    release: Release, path: str | Path, drawings: Drawings | None = None
) -> Path:
    """Write a report as PDF; no text that comes from data is read as markup."""
    path = Path(path)
    path.write_bytes(
        printed("paper.typ", release, contents(release, drawings or draw(release)))
    )
    return path


def printed(template: str, release: Release, told: Record) -> bytes:
    """Return the PDF of a template in template/ and what it is to print."""
    source = "".join(
        (TEMPLATE / name).read_text(encoding="utf-8")
        for name in ("print.typ", template)
    )
    try:
        made = typst.compile(
            source.encode(),
            format="pdf",
            ignore_system_fonts=True,
            sys_inputs={"told": json.dumps(told | common(release), ensure_ascii=False)},
        )
    except typst.TypstError as error:
        raise UncountedError(
            f"The paper of '{release.name}' cannot be typeset: {error}."
        ) from error
    assert isinstance(made, bytes)
    return made


def common(release: Release) -> Record:
    """Return what every paper prints: title, language, stamps and how to cite."""
    say = release.say
    return {
        "language": say.language,
        "title": release.title,
        "why": release.why,
        "kicker": say("page.kicker", year=release.year),
        "stamps": [say(f"banner.{stamp}") for stamp in release.stamps],
        "failures": outline.failures(release),
        "banner": release.banner,
        "citation": outline.citation(release),
        "cite": say("record.cite"),
        "level": release.level,
    }


def contents(release: Release, drawn: Drawings) -> Record:
    """Return what a report prints, section by section, as words and numbers."""
    say, geometry = release.say, read_geometry()
    return {
        "titles": {name: say(f"{name}.title") for name in TITLES},
        "headline": headline(release),
        "notes": list(release.notes),
        "notes_title": say("headline.notes"),
        "map": picture(drawn.map.still, say("map.label")),
        "map_caption": map_caption(release),
        "borders": (
            f"{say('map.borders')}"
            f" {say('map.outlines', source=geometry.source, licence=geometry.licence)}"
        ),
        "leaves": leaves(release, drawn),
        "regions": _regions(release),
        "people": _people(release, drawn),
        "trend": _trend(release, drawn),
        "countries": _countries(release),
        "data": _data(release, drawn),
        "checks": _checks(release),
        "held_out": _held_out(release, drawn),
        "budget": _budget(release, drawn),
        "selection": selection(release, drawn),
        "beside": beside(release, drawn),
        "equation": _equations(release),
        "limits": {
            "heads": [say("limits.holds"), say("limits.misses")],
            **outline.limits(release),
        },
        "gather": _gather(release),
        "record": _record(release),
    }


def _regions(release: Release) -> Record:
    say, rows = release.say, outline.regions(release)
    top, marks = scale(rows, release)
    shares = ["country_evidence"] if "country_evidence" in known(release) else []
    told = [
        {
            "name": say.term(row["name"]),
            "depth": row["depth"],
            "rate": estimate(row, release),
            "interval": interval(row, top, release),
            "persons": persons(row, release),
            "printed": numerals.whole(row["printed"], say),
            "covered": numerals.fraction(row["covered"], say),
            "shares": [numerals.fraction(row[share], say) for share in shares],
        }
        for row in rows
    ]
    unit = numerals.heading(release.show, say)
    heads = [
        say("regions.place"),
        say("regions.rate", unit=unit),
        *(say(f"regions.{w}") for w in HEADS),
    ]
    heads += [say(SHARE_HEADS[share]) for share in shares]
    given = {
        "unit": numerals.unit(release.show, say),
        "level": release.level,
        "year": release.year,
    }
    filled = say("regions.open_leaves" if LEAF in release.rows else "regions.open")
    caption = f"{say('regions.caption', **given)} {filled} {say('regions.adding')}"
    return {"heads": heads, "marks": marks, "rows": told, "caption": caption}


HEADS = ("persons", "printed", "covered")
SHARE_HEADS = {
    "own_data_share": "countries.own",
    "country_evidence": "countries.evident",
}


def _people(release: Release, drawn: Drawings) -> Record | None:
    """Return a table for each sex, and each further trait, and the chart of ages; None
    if nothing is told apart.
    """
    if not release.divided:
        return None
    say, tables = release.say, []
    unit = numerals.unit(release.show, say)
    for of in [axis for axis in release.axes if axis != "sex"]:
        for value, across, rows in outline.crossed(release, "sex", of):
            who = say(f"people.{value}")
            everybody = say("people.ages" if of == "age" else "people.everybody")
            heads = [
                everybody if one == ALL else numerals.band(one, say) for one in across
            ]
            cells = [
                {
                    "name": say.term(row["name"]),
                    "depth": row["depth"],
                    "cells": [
                        estimate(cell, release) if cell else [numerals.NOTHING, ""]
                        for cell in row["cells"]
                    ],
                }
                for row in rows
            ]
            caption = say("people.caption", who=who, unit=unit, level=release.level)
            tables.append(
                {
                    "heads": [say("people.place"), *heads],
                    "rows": cells,
                    "caption": caption,
                }
            )
    return {"tables": tables, "chart": picture(drawn.ages, say("people.chart"))}


def _trend(release: Release, drawn: Drawings) -> Record | None:
    if drawn.trend is None:
        return None
    say = release.say
    told = say("trend.told", unit=numerals.unit(release.show, say), level=release.level)
    return {"told": told, "chart": picture(drawn.trend, say("trend.chart"))}


def _countries(release: Release) -> Record:
    """Return the countries of each region, the highest median first, all on one
    scale.
    """
    say, rows = release.say, outline.countries(release)
    share = (
        "country_evidence" if "country_evidence" in known(release) else "own_data_share"
    )
    top, marks = scale(rows, release)
    regions = []
    for region in sorted({row["region"] for row in rows}):
        mine = [row for row in rows if row["region"] == region]
        mine.sort(
            key=lambda row: (
                -row["prevalence_median"]
                if math.isfinite(row["prevalence_median"])
                else math.inf
            )
        )
        regions.append(
            {
                "name": say.term(region),
                "rows": [_country(row, top, share, release) for row in mine],
            }
        )
    unit = numerals.heading(release.show, say)
    heads = [
        say("countries.name"),
        say("countries.rate", unit=unit),
        say("countries.persons"),
    ]
    heads += [
        say("countries.evidence"),
        say("countries.surveys"),
        say("countries.asked"),
        say(SHARE_HEADS[share]),
    ]
    told = say(
        "countries.told", unit=numerals.unit(release.show, say), level=release.level
    )
    told += " " + say(
        "countries.of_leaves" if LEAF in release.rows else "countries.shares"
    )
    return {"heads": heads, "marks": marks, "regions": regions, "told": told}


def _country(row: Record, top: float, share: str, release: Release) -> Record:
    say = release.say
    hidden = "respondents" in str(row.get("masked", "")).split(", ")
    asked = (
        say("countries.masked") if hidden else numerals.whole(row["respondents"], say)
    )
    last = [
        numerals.whole(row["surveys"], say),
        asked,
        numerals.fraction(row[share], say),
    ]
    return {
        "name": row["name"],
        "rate": estimate(row, release),
        "interval": interval(row, top, release),
        "persons": persons(row, release),
        "rest": [say.term(row["evidence"]), *last],
    }


def _data(release: Release, drawn: Drawings) -> Record:
    say, data = release.say, outline.data(release)
    heads = [
        say("data.region"),
        *map(say.term, data["kinds"]),
        say("data.all"),
        say("data.countries"),
        say("data.share"),
    ]
    rows = [
        [
            say.term(row["name"]),
            *map(str, row["kinds"]),
            str(row["surveys"]),
            say("data.of", some=row["surveyed"], all=row["countries"]),
            numerals.fraction(row["share"], say),
        ]
        for row in data["table"]
    ]
    world = [say("data.world"), *map(str, data["all"]), str(data["surveys"])]
    world += [
        say("data.of", some=data["surveyed"], all=data["countries"]),
        numerals.fraction(data["share"], say),
    ]
    years, most = data["years"], max(data["years"].values(), default=1)
    return {
        "told": data_told(release),
        "heads": heads,
        "rows": [*rows, world],
        "map": picture(drawn.map_of_surveys.still, say("data.map")),
        "map_title": say("data.map"),
        "years": [[str(year), n, n / most] for year, n in years.items()],
        "years_title": say("data.years"),
    }


def _checks(release: Release) -> Record:
    say = release.say
    rows = [
        [say(f"checks.{one['verdict']}"), one["verdict"], one["name"], one["sentence"]]
        for one in outline.checks(release)
    ]
    return {
        "told": say("checks.told"),
        "heads": [say(f"checks.{w}") for w in ("verdict", "name", "sentence")],
        "rows": rows,
        "lacking": release.lacking,
    }


def _held_out(release: Release, drawn: Drawings) -> Record | None:
    if not release.tested:
        return None
    told = predictions.told(release.tested, release.level, release.say)
    charts = [
        [release.say.term(name), picture(chart, release.say("held_out.chart"))]
        for name, chart in drawn.held_out.items()
    ]
    return {"told": told, "charts": charts}


def _budget(release: Release, drawn: Drawings) -> Record | None:
    if release.budget is None or drawn.budget is None:
        return None
    say, shares = release.say, told_shares(release.budget, release.say)
    return {
        "told": f"{say('budget.told')} {shares}.",
        "chart": picture(drawn.budget, say("budget.chart", told=shares)),
    }


def _equations(release: Release) -> Record:
    say = release.say
    models = [
        {
            "title": say(
                "arithmetic.of", model=one.card.name, title=say.term(one.card.title)
            ),
            "lines": [_line(line) for line in equation(one.card, release.language)],
        }
        for one in release.parts
    ]
    if release.adds:
        lines = [_line(line) for line in arithmetic(release.adds, release.say)]
        models.insert(0, {"title": say("arithmetic.title"), "lines": lines})
    return {
        "told": f"{say('equation.told')} {say('equation.conventions')}",
        "models": models,
    }


def _line(line: Line) -> Record:
    brings = [[key, typeset(formula)] for key, formula in line.brings]
    return {"math": typeset(line.formula), "sentence": line.sentence, "priors": brings}


def _gather(release: Release) -> Record:
    say = release.say
    heads = [say("gather.item"), say("gather.asked"), say("gather.answer")]
    rows = [
        [str(item.number), item.asked, item.answer, item.missing]
        for item in gather(release)
    ]
    return {"told": say("gather.told"), "heads": heads, "rows": rows}


def _record(release: Release) -> Record:
    say = release.say
    fates = [
        [
            say.term(fate["action"]),
            say.term(fate["why"])
            + (f" ({fate['of']})" if len(release.parts) > 1 else ""),
            numerals.whole(fate["rows"], say),
            numerals.whole(fate["surveys"], say),
        ]
        for fate in outline.fates(release)
    ]
    sources = [
        [one["what"], one["source"], one["licence"]] for one in outline.sources(release)
    ]
    return {
        "heads": [
            say(f"record.{word}") for word in ("card", "ledger", "versions", "sources")
        ],
        "cards": [text for _, text in outline.cards(release)],
        "ledger_told": (
            say("record.ledger_told") if fates else say("record.ledger_none")
        ),
        "ledger_heads": [
            say(f"record.{word}") for word in ("action", "why", "rows", "surveys")
        ],
        "ledger": fates,
        "facts": [list(fact) for fact in outline.facts(release)],
        "sources_told": say("record.own"),
        "sources_heads": [
            say(f"record.{word}") for word in ("what", "source", "licence")
        ],
        "sources": sources,
    }
