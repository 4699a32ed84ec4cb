"""People sections: estimates by sex, age and further traits, and over time."""

from collections.abc import Sequence

import pandas as pd

from uncounted.release import outline
from uncounted.release.estimate_columns import (
    estimate_rows,
    people_columns,
    persons_column,
    rate_column,
    rates,
)
from uncounted.release.outline import records
from uncounted.release.release import ALL, Release
from uncounted.release.section import (
    HTML,
    PDF,
    XLSX,
    Block,
    Column,
    Figure,
    Heading,
    Row,
    Section,
    Table,
    Tabs,
    Text,
)
from uncounted.wording.numerals import band

YEARS = 6  # years whose numbers a table over time shows
WIDE = ("world", "region", "subregion")


def people(release: Release) -> Section | None:
    """Return prevalence by sex and age, and by each further trait; None if no persons
    are told apart.
    """
    if not release.divided:
        return None
    say = release.say
    traits = [axis for axis in release.axes if axis not in ("sex", "age")]
    crossings = [_crossing(release, axis) for axis in ("age", *traits)]
    has_several = any(len(tabs.tables) > 1 for tabs in crossings)
    introduction = say("people.told", unit=release.in_unit, level=release.level)
    screen = say("people.choose") if has_several else ""
    blocks: list[Block] = [Text(introduction, screen=screen, formats=(HTML,))]
    for axis, tabs in zip(("age", *traits), crossings, strict=True):
        if axis != "age":
            blocks.append(Heading(say("people.by", axis=say.term(axis))))
        blocks.append(tabs)
    by_sex = (release.main["sex"] != ALL).any()
    words = ("title", "chart") if by_sex else ("title_age", "chart_age")
    title, chart = (say(f"people.{word}") for word in words)
    blocks.append(Figure("ages", chart, width=0.74))
    blocks.append(_by_sex_and_age(release))
    blocks += [_by_trait(release, trait) for trait in traits]
    return Section("people", title, blocks)


def _crossing(release: Release, axis: str) -> Tabs:
    """Return a table for each sex: places down, the values of a trait across."""
    say = release.say
    everybody = say("people.ages" if axis == "age" else "people.everybody")
    tables = []
    for sex, across, rows in outline.crossed(release, "sex", axis):
        who = say(f"people.{sex}")
        columns = [Column("place", say("people.place"), "name")]
        for level in across:
            head = everybody if level == ALL else band(level, say)
            columns.append(Column(level, head, "estimate"))
        body = []
        for row in rows:
            cells = {
                level: None if cell is None else rates(cell)
                for level, cell in zip(across, row["cells"], strict=True)
            }
            place = {"place": say.term(row["name"])}
            body.append(Row(place | cells, depth=row["depth"]))
        caption = say(
            "people.caption", who=who, unit=release.in_unit, level=release.level
        )
        tables.append((who, Table("cross", columns, body, caption)))
    return Tabs(f"sex-{axis}", say("people.choose"), tables, formats=(HTML, PDF))


def _by_sex_and_age(release: Release) -> Table:
    """Return the numbers of the world, regions and subregions by sex and age, a row
    each, for a workbook.
    """
    rows = release.by("sex", "age")
    columns = [
        *people_columns(release),
        rate_column(release, "regions.rate"),
        persons_column(release, "regions.persons"),
    ]
    return Table(
        "people",
        columns,
        estimate_rows(rows[rows["grouping"].isin(WIDE)], release),
        sheet=release.say("sheets.people"),
        note=release.sheet_note,
        formats=(XLSX,),
    )


def _by_trait(release: Release, trait: str) -> Table:
    """Return the numbers by sex and a further trait, a row each, for a workbook."""
    say = release.say
    rows = release.by("sex", trait)
    place, sex, _ = people_columns(release)
    columns = [
        place,
        sex,
        Column("value", say.term(trait), "text"),
        rate_column(release, "regions.rate"),
        persons_column(release, "regions.persons"),
    ]
    levels = [say.term(level) for level in rows[trait]]
    return Table(
        "people",
        columns,
        estimate_rows(rows.assign(value=levels), release),
        sheet=say("people.by", axis=say.term(trait)),
        note=release.sheet_note,
        formats=(XLSX,),
    )


def trend(release: Release) -> Section | None:
    """Return prevalence by year of the world and its regions; None without years."""
    if release.trend is None:
        return None
    say = release.say
    rows = release.trend[release.trend["grouping"].isin(["world", "region"])]
    introduction = say("trend.told", unit=release.in_unit, level=release.level)
    borrowed = rows.loc[rows["weights"] != rows["year"], "year"].astype(int)
    if len(borrowed):
        years = spans(sorted(set(borrowed)))
        introduction = f"{introduction} {say('trend.weights', years=years)}"
    blocks = [
        Text(introduction),
        Figure("trend", say("trend.chart")),
        _some_years(rows, release),
        _every_year(release.trend, release),
    ]
    return Section("trend", say("trend.title"), blocks)


def _some_years(rows: pd.DataFrame, release: Release) -> Table:
    """Return a table with some years across, evenly chosen from the first to the
    last.
    """
    say = release.say
    calendar = sorted(int(year) for year in rows["year"].unique())
    step = (len(calendar) - 1) / (YEARS - 1)
    years = sorted({calendar[round(i * step)] for i in range(YEARS)})
    estimates = {(row["name"], int(row["year"])): rates(row) for row in records(rows)}
    body = []
    for name in dict.fromkeys(rows["name"]):
        cells = {str(year): estimates[name, year] for year in years}
        body.append(Row({"place": say.term(name)} | cells))
    columns = [
        Column("place", say("trend.place"), "name"),
        *(Column(str(year), str(year), "estimate") for year in years),
    ]
    caption = say("trend.caption", level=release.level)
    return Table("cross", columns, body, caption, formats=(HTML, PDF))


def _every_year(rows: pd.DataFrame, release: Release) -> Table:
    """Return every place and year, a row each, for a workbook."""
    say = release.say
    columns = [
        Column("place", say("regions.place"), "name"),
        Column("year", say("sheets.year"), "year"),
        rate_column(release, "regions.rate"),
    ]
    body = [
        Row(row | {"place": say.term(row["name"]), "prevalence": rates(row)})
        for row in records(rows)
    ]
    return Table(
        "trend",
        columns,
        body,
        sheet=say("sheets.trend"),
        note=release.sheet_note,
        formats=(XLSX,),
    )


def spans(years: Sequence[int]) -> str:
    """Write years as spans: "2010–2013, 2022"."""
    starts = [year for year in years if year - 1 not in years]
    ends = [year for year in years if year + 1 not in years]
    pairs = zip(starts, ends, strict=True)
    return ", ".join(f"{a}–{b}" if a < b else f"{a}" for a, b in pairs)
