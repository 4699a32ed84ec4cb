"""Workbook: the tables of a report as sheets: numbers as numbers, text never a formula,
units and notes above.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
import xlsxwriter

from uncounted.charts.editions import part
from uncounted.formats.sheet import Column, Sheet, shapes_of, write_sheet
from uncounted.model.vocabulary import SHOW
from uncounted.release import outline
from uncounted.release.gather import gather
from uncounted.release.headline import headline
from uncounted.release.outline import Record
from uncounted.release.release import ALL, LEAF, Release
from uncounted.wording import numerals

OPTIONS = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "constant_memory": True,
}
LONGEST = 31  # letters of a sheet's name


def write_workbook(release: Release, path: str | Path) -> Path:
    """Write the tables of a report as an .xlsx file, one sheet for each breakdown.

    Prevalence is in the estimate's unit, persons in full; both are shown rounded and
    kept whole. What is masked says so; what isn't known is empty. If publication is
    stopped, the second line of every sheet says so.
    """
    path = Path(path)
    with xlsxwriter.Workbook(str(path), OPTIONS) as book:
        book.set_properties(
            {"title": release.title, "comments": outline.citation(release)}
        )
        shapes = shapes_of(book)
        stamp = " · ".join(release.say(f"banner.{stamp}") for stamp in release.stamps)
        stamp = f"{stamp}. {' '.join(release.banner)}" if stamp else ""
        for sheet in sheets(release):
            write_sheet(
                book.add_worksheet(sheet.name),
                sheet,
                f"{release.title}, {release.year}",
                stamp,
                shapes,
            )
    return path


def sheets(release: Release) -> Iterator[Sheet]:
    """Yield the sheets of a report: about, breakdowns, surveys, checks and record."""
    yield _about(release)
    yield _regions(release)
    yield from _leaves(release)
    divided = release.divided
    yield from (
        [_people(release, ("world", "region", "subregion"), "people")]
        if divided
        else []
    )
    yield _countries(release)
    yield from [_people(release, ("country",), "countries_people")] if divided else []
    for axis in release.axes:
        if axis not in ("sex", "age"):
            yield _trait(release, axis)
    yield from _trend(release)
    yield _surveys(release)
    yield _checks(release)
    yield from _held_out(release)
    yield from _budget(release)
    yield from _selection(release)
    yield from _beside(release)
    yield _gather(release)
    yield _ledger(release)


def _named(release: Release, name: str) -> str:
    return release.say(f"sheets.{name}")[:LONGEST]


def _note(release: Release) -> str:
    say = release.say
    return say(
        "sheets.note",
        unit=numerals.unit(release.show, say),
        level=release.level,
        whom=release.whom,
    )


def _about(release: Release) -> Sheet:
    say = release.say
    told = [
        headline(release),
        release.why,
        *release.notes,
        *outline.limits(release)["told"],
        say("regions.adding"),
    ]
    shares = "countries.of_leaves" if LEAF in release.rows else "countries.shares"
    told += [say(shares), say("map.borders")]
    told += [
        outline.citation(release),
        *(f"{what}: {value}" for what, value in outline.facts(release)),
    ]
    rows = [{"told": one} for one in told if one]
    return Sheet(
        _named(release, "about"),
        _note(release),
        [Column(say("sheets.told"), "told", "long")],
        rows,
    )


def _estimates(release: Release) -> list[Column]:
    say, unit = release.say, numerals.heading(release.show, release.say)
    stats = {"median": "rate", "lower": "rate", "upper": "rate"}
    of_rate = [
        Column(say(f"sheets.rate_{stat}", unit=unit), f"rate_{stat}", kind)
        for stat, kind in stats.items()
    ]
    of_persons = [
        Column(say(f"sheets.persons_{stat}"), f"persons_{stat}", "persons")
        for stat in ("mean", "lower", "upper")
    ]
    return [*of_rate, *of_persons]


def _told(release: Release, row: Record) -> Record:
    """Return a row of estimates with its prevalence in the estimate's unit, and its
    words in the report's language.
    """
    say, unit = release.say, SHOW[release.show]
    rates = {
        f"rate_{stat}": row[f"prevalence_{stat}"] * unit
        for stat in ("median", "lower", "upper")
    }
    words = {"name": say.term(row["name"]), "evidence": say.term(row["evidence"])}
    words |= {"sex": say(f"people.{row['sex']}"), "age": numerals.band(row["age"], say)}
    words["age"] = say("people.ages") if row["age"] == ALL else words["age"]
    hidden = row.get("masked", "")
    counts = {
        c: say("countries.masked")
        for c in ("respondents", "cases", "cases_elsewhere")
        if c in hidden.split(", ")
    }
    return row | rates | words | counts


def _shares(release: Release) -> list[Column]:
    say, heads = release.say, {"own_data_share": "own", "country_evidence": "evident"}
    known = outline.known(release)
    return [
        Column(say(f"countries.{head}"), key, "share")
        for key, head in heads.items()
        if key in known
    ]


def _regions(release: Release) -> Sheet:
    say = release.say
    columns = [
        Column(say("regions.place"), "name", "text"),
        Column(say("sheets.grouping"), "kind", "text"),
    ]
    columns += [
        *_estimates(release),
        Column(say("regions.printed"), "printed", "persons"),
    ]
    columns += [Column(say("regions.covered"), "covered", "share"), *_shares(release)]
    rows = [
        _told(release, row) | {"kind": say.term(row["grouping"])}
        for row in outline.regions(release)
    ]
    return Sheet(
        _named(release, "regions"),
        f"{_note(release)} {say('regions.adding')}",
        columns,
        rows,
    )


def _leaves(release: Release) -> Iterator[Sheet]:
    """Yield the parts of the world and regions by sex and age, with sums and shares,
    and the parts of countries.
    """
    if LEAF not in release.rows:
        return
    say, every = release.say, pd.concat([release.rows, release.sums], ignore_index=True)
    every = every.assign(note=every["note"].fillna("") if "note" in every else "")
    columns = [
        Column(say("leaves.leaf"), "leaf", "text"),
        Column(say("regions.place"), "name", "text"),
    ]
    people = [
        Column(say("sheets.sex"), "sex", "text"),
        Column(say("sheets.age"), "age", "text"),
    ]
    noted = [Column(say("sheets.note_of"), "note", "text")]
    wide = every[every["grouping"].isin(["world", "region"])]
    numbers = [*_estimates(release), *noted]
    yield Sheet(
        _named(release, "leaves"),
        _note(release),
        [*columns, *people, *numbers],
        _parts(release, wide),
    )
    rows = release.rows[
        (release.rows["grouping"] == "country")
        & (release.rows[release.axes] == ALL).all(axis=1)
    ]
    seen = [Column(say("countries.evidence"), "evidence", "text")]
    told = _parts(release, rows.assign(note=""))
    yield Sheet(
        _named(release, "countries_leaves"),
        _note(release),
        [*columns, *_estimates(release), *seen],
        told,
    )


def _parts(release: Release, rows: pd.DataFrame) -> list[Record]:
    """Return rows of leaves as a sheet has them; a share is no prevalence."""
    say, told = release.say, []
    for row in outline.records(rows):
        words = {"leaf": part(row[LEAF], say), "note": say.term(row["note"])}
        none = (
            {f"rate_{stat}": None for stat in ("median", "lower", "upper")}
            if row["note"]
            else {}
        )
        told.append(_told(release, row) | words | none)
    return told


def _selection(release: Release) -> Iterator[Sheet]:
    if release.selection is None:
        return
    say = release.say
    columns = [
        Column(say("selection.sd"), "world_sd", "number"),
        Column(say("selection.median"), "median", "persons"),
    ]
    columns += [
        Column(say(f"sheets.{end}"), end, "persons") for end in ("lower", "upper")
    ]
    columns += [Column(say("selection.mean"), "mean", "persons")]
    note = say("selection.told", level=release.level)
    yield Sheet(
        _named(release, "selection"), note, columns, outline.records(release.selection)
    )


def _beside(release: Release) -> Iterator[Sheet]:
    rows = outline.beside(release)
    if not rows:
        return
    say = release.say
    columns = [
        Column(say("leaves.leaf"), "leaf", "text"),
        Column(say("beside.year"), "year", "year"),
    ]
    columns += [
        Column(say("regions.place"), "group", "text"),
        Column(say("sheets.sex"), "sex", "text"),
    ]
    columns += [
        Column(say("sheets.age"), "age", "text"),
        Column(say("beside.printed"), "published", "persons"),
    ]
    columns += [Column(say("beside.here"), "median", "persons")]
    columns += [
        Column(say(f"sheets.{end}"), end, "persons") for end in ("lower", "upper")
    ]
    columns += [
        Column(say("beside.ratio"), "ratio", "number"),
        Column(say("beside.inside"), "inside", "text"),
    ]
    told = [
        row
        | {
            "leaf": part(row[LEAF], say),
            "group": say.term(row["group"]),
            "sex": say(f"people.{row['sex']}"),
        }
        | {"age": say("people.ages") if row["age"] == ALL else say.term(row["age"])}
        | {"inside": say("held_out.yes" if row["inside"] else "held_out.no")}
        for row in rows
    ]
    inside = sum(bool(row["inside"]) for row in rows)
    note = say("beside.told", n=len(rows), inside=inside, level=release.level)
    yield Sheet(_named(release, "beside"), note, columns, told)


def _people(release: Release, groupings: Sequence[str], name: str) -> Sheet:
    say, rows = release.say, release.by("sex", "age")
    columns = [
        Column(say("regions.place"), "name", "text"),
        Column(say("sheets.sex"), "sex", "text"),
    ]
    columns += [Column(say("sheets.age"), "age", "text"), *_estimates(release)]
    told = [
        _told(release, row)
        for row in outline.records(rows[rows["grouping"].isin(groupings)])
    ]
    return Sheet(_named(release, name), _note(release), columns, told)


def _trait(release: Release, axis: str) -> Sheet:
    say, rows = release.say, release.by("sex", axis)
    columns = [
        Column(say("regions.place"), "name", "text"),
        Column(say("sheets.sex"), "sex", "text"),
    ]
    columns += [Column(say.term(axis), "value", "text"), *_estimates(release)]
    told = [
        _told(release, row) | {"value": say.term(row[axis])}
        for row in outline.records(rows)
    ]
    name = say("people.by", axis=say.term(axis))[:LONGEST]
    return Sheet(
        "".join(c for c in name if c not in "[]:*?/\\"), _note(release), columns, told
    )


def _countries(release: Release) -> Sheet:
    say = release.say
    columns = [
        Column(say("sheets.code"), "group", "text"),
        Column(say("countries.name"), "name", "text"),
    ]
    columns += [Column(say("countries.region"), "region", "text"), *_estimates(release)]
    counts = {"surveys": "surveys", "asked": "respondents"}
    columns += [Column(say("countries.evidence"), "evidence", "text")]
    columns += [
        Column(say(f"countries.{word}"), key, "count") for word, key in counts.items()
    ]
    columns += [Column(say("surveys.cases"), "cases", "count"), *_shares(release)]
    rows = [
        _told(release, row) | {"region": say.term(row["region"])}
        for row in outline.countries(release)
    ]
    return Sheet(_named(release, "countries"), _note(release), columns, rows)


def _trend(release: Release) -> Iterator[Sheet]:
    if release.trend is None:
        return
    say, unit = release.say, SHOW[release.show]
    columns = [
        Column(say("regions.place"), "name", "text"),
        Column(say("sheets.year"), "year", "year"),
    ]
    columns += [
        column for column in _estimates(release) if column.key.startswith("rate")
    ]
    rates = ("median", "lower", "upper")
    rows = [
        row
        | {"name": say.term(row["name"])}
        | {f"rate_{stat}": row[f"prevalence_{stat}"] * unit for stat in rates}
        for row in outline.records(release.trend)
    ]
    yield Sheet(_named(release, "trend"), _note(release), columns, rows)


def _surveys(release: Release) -> Sheet:
    say, table = release.say, outline.surveys(release)
    unit = numerals.heading(release.show, say)
    kinds = {
        "country": "text",
        "survey": "text",
        "year": "year",
        "kind": "text",
        "breakdown": "text",
        "asked": "count",
    }
    keys = {"country": "name", "kind": "source", "asked": "respondents"}
    columns = [
        Column(say(f"surveys.{word}"), keys.get(word, word), kind)
        for word, kind in kinds.items()
    ]
    if len(release.parts) > 1:
        columns.insert(2, Column(say("surveys.outcome"), "outcome", "text"))
    columns += [
        Column(say("surveys.cases"), "cases", "count"),
        Column(say("surveys.deff"), "deff", "number"),
    ]
    columns += [Column(say("surveys.found", unit=unit), "found", "rate")]
    masked, rows = say("surveys.masked"), []
    for row in outline.records(table):
        row["found"] = row["prevalence"] * SHOW[release.show]
        hidden = (
            {"cases": masked, "found": masked, "deff": masked} if row["masked"] else {}
        )
        hidden |= {"respondents": masked} if "respondents" in row["masked"] else {}
        words = {
            "source": say.term(row["source"]),
            "breakdown": say.term(row["breakdown"]),
        }
        rows.append(row | words | hidden)
    note = say("surveys.told", unit=numerals.unit(release.show, say))
    return Sheet(_named(release, "surveys"), note, columns, rows)


def _checks(release: Release) -> Sheet:
    say = release.say
    columns = [
        Column(say("checks.verdict"), "verdict", "text"),
        Column(say("checks.name"), "name", "text"),
    ]
    columns += [Column(say("checks.sentence"), "told", "long")]
    rows = [
        {
            "verdict": say(f"checks.{one['verdict']}"),
            "name": one["name"],
            "told": one["sentence"],
        }
        for one in outline.checks(release)
    ]
    return Sheet(
        _named(release, "checks"),
        " ".join([say("checks.told"), *release.lacking]),
        columns,
        rows,
    )


def _held_out(release: Release) -> Iterator[Sheet]:
    rows = outline.held_out(release)
    if not rows:
        return
    say, unit = release.say, SHOW[release.show]
    several = (
        [Column(say("held_out.what"), "what", "text")]
        if len(release.tested) > 1
        else []
    )
    columns = [
        Column(say("surveys.country"), "name", "text"),
        Column(say("surveys.survey"), "survey", "text"),
    ]
    columns = [*several, *columns]
    columns += [
        Column(say("surveys.year"), "year", "year"),
        Column(say("held_out.head_observed"), "observed", "rate"),
    ]
    columns += [Column(say("held_out.head_predicted"), "median", "rate")]
    columns += [Column(say(f"sheets.{end}"), end, "rate") for end in ("lower", "upper")]
    numbers = ("observed", "median", "lower", "upper")
    told = [
        row | {name: row[name] * unit for name in numbers if not pd.isna(row[name])}
        for row in rows
    ]
    note = say("held_out.caption", unit=numerals.unit(release.show, say))
    yield Sheet(_named(release, "held_out"), note, columns, told)


def _budget(release: Release) -> Iterator[Sheet]:
    if release.budget is None:
        return
    say = release.say
    columns = [
        Column(say("budget.component"), "component", "text"),
        Column(say("budget.share"), "share", "share"),
    ]
    rows = [
        row | {"component": say.term(row["component"])}
        for row in outline.records(release.budget)
    ]
    yield Sheet(_named(release, "budget"), say("budget.told"), columns, rows)


def _gather(release: Release) -> Sheet:
    say = release.say
    columns = [
        Column(say("gather.item"), "number", "year"),
        Column(say("gather.asked"), "asked", "middle"),
    ]
    columns += [Column(say("gather.answer"), "answer", "long")]
    return Sheet(
        _named(release, "gather"),
        say("gather.told"),
        columns,
        [vars(item) for item in gather(release)],
    )


def _ledger(release: Release) -> Sheet:
    say = release.say
    columns = [
        Column(say("record.action"), "action", "text"),
        Column(say("record.why"), "why", "long"),
    ]
    columns += [
        Column(say("record.rows"), "rows", "count"),
        Column(say("record.surveys"), "surveys", "count"),
    ]
    if len(release.parts) > 1:
        columns.insert(0, Column(say("surveys.outcome"), "of", "text"))
    rows = [
        fate | {"action": say.term(fate["action"]), "why": say.term(fate["why"])}
        for fate in outline.fates(release)
    ]
    return Sheet(_named(release, "ledger"), say("record.ledger_told"), columns, rows)
