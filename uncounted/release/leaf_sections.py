"""Leaf sections: what an estimate is made of, selection, and published numbers."""

from dataclasses import replace

import pandas as pd

from uncounted.release import outline
from uncounted.release.estimate_columns import (
    estimate_cells,
    estimate_rows,
    people_columns,
    persons_column,
    rate_column,
    rates,
)
from uncounted.release.leaf_estimates import leaves, leaves_by, part, sums
from uncounted.release.outline import Record, records
from uncounted.release.release import ALL, LEAF, Release
from uncounted.release.section import (
    DOCX,
    HTML,
    PDF,
    XLSX,
    Column,
    Crossed,
    Figure,
    Range,
    Row,
    Search,
    Section,
    Table,
    Tabs,
    Text,
)
from uncounted.wording.numerals import shares


def composition(release: Release) -> Section | None:
    """Return the parts of the estimate, its sums and shares, and the parts by region
    and person; None for an estimate without parts.
    """
    if not release.has_leaves:
        return None
    say = release.say
    parts = leaves(release)[:-1]
    names = [row[LEAF] for row in parts]
    listed = shares(names, [row["share"] for row in parts], say)
    chart = Figure(
        "leaves",
        say("leaves.chart", told=listed),
        narrow="leaves_narrow",
        width=0.76,
        formats=(HTML, PDF),
    )
    by_region = _crossed_table(release, ())
    crossed = [
        (say("regions.title"), by_region),
        (say("people.title"), _crossed_table(release, release.axes)),
    ]
    blocks = [
        Text(say("leaves.told"), formats=(HTML, PDF, DOCX)),
        chart,
        _world_table(release),
        Tabs("leaf", say("leaves.choose"), crossed, formats=(HTML,)),
        # paper is too narrow for the parts by every trait
        replace(by_region, formats=(PDF,)),
        _long_table(release),
    ]
    return Section("leaves", say("leaves.title"), blocks)


def _world_table(release: Release) -> Table:
    """Return the world's parts with their sum, then the card's sums and shares."""
    say = release.say
    columns = [
        Column("part", say("leaves.leaf"), "name"),
        rate_column(release, "leaves.rate"),
        persons_column(release, "leaves.persons"),
        Column("printed", say("regions.printed"), "count", formats=(HTML, PDF)),
        Column("share", say("leaves.share"), "share"),
    ]
    rows = [_part_row(row, release) for row in leaves(release)]
    below = [_part_row(row, release) for row in sums(release)]
    if below:
        between = Row({"part": say("leaves.sums")}, mark="between")
        rows += [between, *below]
    return Table(
        "leaves",
        columns,
        rows,
        say("leaves.caption", level=release.level, year=release.year),
        stacked=True,
        formats=(HTML, PDF, DOCX),
    )


def _part_row(row: Record, release: Release) -> Row:
    """Return the row of a leaf or sum; a share has no prevalence, but a note."""
    say = release.say
    cells = estimate_cells(row, release) | {"part": part(row[LEAF], say)}
    note = row.get("note") or ""
    if note:
        cells["prevalence"] = None
    mark = "sum" if row[LEAF] == ALL else ""
    return Row(cells, note=say.term(note) if note else "", mark=mark)


def _crossed_table(release: Release, axes: list[str] | tuple[()]) -> Table:
    """Return the parts down, and across the world and its regions, or its persons."""
    say = release.say
    across, parts = leaves_by(release, axes)
    columns = [Column("part", say("leaves.leaf"), "name")]
    for position, name in enumerate(across):
        columns.append(Column(str(position), _across(name, release), "crossed"))
    rows = []
    for leaf, records_across in parts:
        cells = {str(i): _crossed(row) for i, row in enumerate(records_across)}
        mark = "sum" if leaf == ALL else ""
        rows.append(Row({"part": part(leaf, say)} | cells, mark=mark))
    caption = say("leaves.crossed", unit=release.in_unit, level=release.level)
    return Table("cross", columns, rows, caption)


def _across(name: str, release: Release) -> str:
    """Return the head of a place, of everybody, or of persons of one level."""
    say = release.say
    if name == ALL:
        return say("people.everybody")
    return say(f"people.{name}") if name in ("female", "male") else say.term(name)


def _crossed(row: Record | None) -> Crossed | None:
    if row is None or not row["persons_mean"]:
        return None
    return Crossed(rates(row), row["persons_mean"])


def _long_table(release: Release) -> Table:
    """Return parts, sums and shares of the world and regions by sex and age, a row
    each, for a workbook.
    """
    say = release.say
    every = pd.concat([release.rows, release.sums], ignore_index=True)
    note = every["note"].fillna("") if "note" in every else ""
    every = every.assign(note=note)
    every = every[every["grouping"].isin(["world", "region"])]
    columns = [
        Column("part", say("leaves.leaf"), "text"),
        *people_columns(release),
        rate_column(release, "regions.rate"),
        persons_column(release, "regions.persons"),
        Column("note", say("sheets.note_of"), "text"),
    ]
    words = {
        "part": [part(leaf, say) for leaf in every[LEAF]],
        "note": [say.term(note) for note in every["note"]],
    }
    rows = estimate_rows(every.assign(**words), release)
    rows = [_without_rate(row) if row.cells["note"] else row for row in rows]
    return Table(
        "leaves",
        columns,
        rows,
        sheet=say("sheets.leaves"),
        note=release.sheet_note,
        formats=(XLSX,),
    )


def _without_rate(row: Row) -> Row:
    return replace(row, cells={**row.cells, "prevalence": None})


def selection(release: Release) -> Section | None:
    """Return how the world's number depends on whom services meet; None where no part
    is a ratio of records.
    """
    if release.selection is None:
        return None
    say = release.say
    bounds = (release.level, say("sheets.lower"), say("sheets.upper"))
    columns = [
        Column("world_sd", say("selection.sd"), "number"),
        Column("median", say("selection.median"), "people"),
        Column("bounds", release.level, "bounds", bounds),
        Column("mean", say("selection.mean"), "people"),
    ]
    rows = []
    for row in records(release.selection):
        persons = Range(row["median"], row["lower"], row["upper"])
        rows.append(Row(row | {"bounds": persons}))
    introduction = say("selection.told", level=release.level)
    table = Table(
        "narrow",
        columns,
        rows,
        say("selection.title"),
        unseen=True,
        sheet=say("sheets.selection"),
        note=introduction,
    )
    chart = Figure("selection", say("selection.chart"), width=0.54)
    return Section(
        "selection", say("selection.title"), [Text(introduction), chart, table]
    )


def beside(release: Release) -> Section | None:
    """Return published numbers beside the estimate's; None where none was published.

    Paper, on which nobody searches, has those of all persons of the world.
    """
    published = outline.beside(release)
    if not published:
        return None
    say = release.say
    inside = sum(bool(row["inside"]) for row in published)
    introduction = say(
        "beside.told", n=len(published), inside=inside, level=release.level
    )
    simulated = f" {say('beside.simulated')}" if release.simulated else ""
    split = (say("beside.here"), say("sheets.lower"), say("sheets.upper"))
    columns = [
        Column("part", say("leaves.leaf"), "name"),
        Column("year", say("beside.year"), "year"),
        Column("group", say("regions.place"), "text"),
        Column("sex", say("sheets.sex"), "text", formats=(HTML, XLSX)),
        Column("age", say("sheets.age"), "text", formats=(HTML, XLSX)),
        Column("published", say("beside.printed"), "people"),
        Column("here", say("beside.here"), "persons", split),
        Column("ratio", say("beside.ratio"), "number"),
        Column("inside", say("beside.inside"), "answer"),
    ]
    table = Table(
        "published",
        columns,
        [_published_row(row, release) for row in published],
        say("beside.title"),
        unseen=True,
        id="published",
        sortable=True,
        search=Search(
            say("surveys.filter"),
            say("beside.hint"),
            say("beside.shown", n="{n}", total="{total}"),
            say("beside.none"),
        ),
        tall=True,
        sheet=say("sheets.beside"),
        note=introduction,
        formats=(HTML, XLSX),
    )
    of_world = [row for row in published if _is_of_the_world(row)]
    rows = [_published_row(row, release) for row in of_world]
    paper = replace(table, rows=rows, dense=True, formats=(PDF,))
    chart = Figure("beside", say("beside.chart"), width=0.54)
    blocks = [Text(f"{introduction}{simulated}"), chart, table, paper]
    return Section("beside", say("beside.title"), blocks)


def _published_row(row: Record, release: Release) -> Row:
    say = release.say
    everybody = row["age"] == ALL
    words = {
        "part": part(row[LEAF], say),
        "group": say.term(row["group"]),
        "sex": say(f"people.{row['sex']}"),
        "age": say("people.ages") if everybody else say.term(row["age"]),
        "here": Range(row["median"], row["lower"], row["upper"]),
    }
    return Row(row | words)


def _is_of_the_world(row: Record) -> bool:
    return row["grouping"] == "world" and row["sex"] == row["age"] == ALL
