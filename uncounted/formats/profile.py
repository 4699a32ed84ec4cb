"""Profile: two pages on one country or region."""

from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from uncounted.charts.ages import age_sex
from uncounted.charts.export import svg
from uncounted.charts.forest import forest
from uncounted.charts.palette import styled
from uncounted.charts.trends import courses, seen_in
from uncounted.errors import UncountedError
from uncounted.formats.cells import picture
from uncounted.formats.paper import print_table, printed
from uncounted.observations.elsewhere import ELSEWHERE
from uncounted.release import outline, survey_summary
from uncounted.release.estimate_columns import (
    drawn_column,
    estimate_cells,
    persons_column,
    rate_column,
    rates,
)
from uncounted.release.headline import headline
from uncounted.release.leaf_estimates import part
from uncounted.release.limits import limits_of
from uncounted.release.outline import Record
from uncounted.release.place_sections import highest
from uncounted.release.release import ALL, LEAF, Release
from uncounted.release.section import Column, Row, Table
from uncounted.release.survey_sections import survey_columns, survey_row
from uncounted.wording import numerals
from uncounted.world.codes import hint

LISTED = 24  # surveys that fit on the page: the latest
NARROWER = {"name": "text"}  # the page has no room for a wide name
NARROW = 230  # the width of a forest that shares its line


@dataclass(frozen=True)
class Place:
    """A country, a region or a subregion."""

    # country, region or subregion
    grouping: str
    # a country's code, a region's name
    group: str
    name: str
    # codes of the countries that it is or has
    countries: tuple[str, ...]


def place_of(release: Release, wanted: str) -> Place:
    """Return a country by code or name, or a region or subregion by name; raises
    UncountedError for any other.
    """
    table = release.world.places
    totals = release.totals
    names = table["name"].astype(str)
    for code in table.index:
        if wanted in (code, names[code]):
            return Place("country", str(code), str(names[code]), (str(code),))
    for grouping in ("region", "subregion"):
        is_wanted = (totals["grouping"] == grouping) & (totals["group"] == wanted)
        if is_wanted.any():
            members = tuple(map(str, table.index[table[grouping] == wanted]))
            return Place(grouping, wanted, wanted, members)
    spelled = {*names, *table.index, *table["region"], *table["subregion"]}
    raise UncountedError(
        f"There is no country or region '{wanted}' in this"
        f" estimate.{hint(wanted, table, spelled)}"
    )


def write_profile(
    release: Release, place: str, path: str | Path, course: pd.DataFrame | None = None
) -> Path:
    """Write two pages on a country or region as PDF: its numbers beside its
    neighbours', its data, its limits.

    place: a country's ISO3 code or name, or the name of a region or subregion. course:
    rows of `trends.trend` that hold it, if there are years. Raises UncountedError for a
    place that the estimate has not.
    """
    path = Path(path)
    report = profile(release, place_of(release, place), course)
    path.write_bytes(printed("profile.typ", release, report))
    return path


def profile(
    release: Release, place: Place, course: pd.DataFrame | None = None
) -> Record:
    """Return what a profile prints, as words and numbers."""
    say = release.say
    row = outline.records(_rows_of(release.totals, place))[0]
    names = ("beside", "people", "trend", "surveys")
    titles = {name: say(f"profile.{name}") for name in names}
    listed = "neighbours" if place.grouping == "country" else "members"
    return {
        "name": say.term(place.name),
        "headline": headline(release, pd.Series(row)),
        "told": _evidence(release, place, row),
        "beside": _beside(release, place),
        "people": _people(release, place),
        "ages": _ages(release, place),
        "trend": _trend(release, place, course),
        "leaves": _leaves(release, place),
        "countries": _countries(release, place),
        "surveys": _surveys(release, place),
        "limits": limits_of(release)["told"],
        "titles": titles | {"leaves": say("leaves.title")},
        "countries_title": say(f"profile.{listed}"),
        "limits_title": say("limits.title"),
    }


def _rows_of(rows: pd.DataFrame, place: Place) -> pd.DataFrame:
    """Return the rows of a place."""
    return rows[(rows["grouping"] == place.grouping) & (rows["group"] == place.group)]


def _evidence(release: Release, place: Place, row: Record) -> list[str]:
    """Return the class of evidence, the number of surveys, and how much they tell."""
    say = release.say
    surveys = numerals.whole(row["surveys"], say)
    evidence = say.term(row["evidence"])
    sentences = [say("profile.evidence", evidence=evidence, surveys=surveys)]
    if "country_evidence" in row:
        share = numerals.fraction(row["country_evidence"], say)
        sentences.append(say("profile.evident", share=share))
    if place.grouping != "country":
        return sentences
    if pd.notna(row["own_data_share"]):
        share = numerals.fraction(row["own_data_share"], say)
        sentences.append(say("profile.own", share=share))
    if row["evidence"] == "imputed":
        sentences.append(say("profile.imputed"))
    return sentences


def _beside(release: Release, place: Place) -> list[Record]:
    """Return the prevalence of the place and of what it lies in, up to the world, on
    one scale, and their persons.
    """
    places = _up_to_the_world(release, place)
    rows = []
    for row in places:
        is_own = (row["grouping"], row["group"]) == (place.grouping, place.group)
        cells = estimate_cells(row, release)
        rows.append(Row(cells, mark="own" if is_own else ""))
    name = Column("place", release.say("regions.place"), "name")
    drawn = [name, rate_column(release, "regions.rate"), drawn_column(release)]
    prevalence = Table("beside", drawn, rows, highest=highest(places))
    columns = [name, persons_column(release, "regions.persons")]
    persons = Table("beside", columns, rows, dense=True)
    return [print_table(table, release) for table in (prevalence, persons)]


def _up_to_the_world(release: Release, place: Place) -> list[Record]:
    """Return the rows of the world, region and subregion of a place, and its own."""
    first_country = release.world.places.loc[place.countries[0]]
    keys = [("world", release.of_world["group"])]
    for grouping in ("region", "subregion"):
        keys.append((grouping, first_country[grouping]))
        if place.grouping == grouping:
            break
    keys.append((place.grouping, place.group))
    rows = outline.by_key(release.totals, "grouping", "group")
    return [rows[key] for key in dict.fromkeys(keys) if key in rows]


def _people(release: Release, place: Place) -> Record | None:
    """Return prevalence by sex, down, and age, across; None if neither is told
    apart.
    """
    if not release.divided:
        return None
    say = release.say
    rows = _rows_of(release.by("sex", "age"), place)
    estimates = outline.by_key(rows, "sex", "age")
    columns = [Column("sex", "", "text")]
    for age in outline.values_of(rows, "age"):
        head = say("people.ages") if age == ALL else numerals.band(age, say)
        columns.append(Column(age, head, "estimate"))
    body = []
    for sex in outline.values_of(rows, "sex"):
        cells: Record = {"sex": say(f"people.{sex}")}
        for column in columns[1:]:
            cells[column.key] = rates(estimates[sex, column.key])
        body.append(Row(cells))
    caption = say("people.told", unit=release.in_unit, level=release.level)
    table = print_table(Table("people", columns, body), release)
    return table | {"note": caption}


def _ages(release: Release, place: Place) -> Record:
    """Return the chart of ages of the place and of the region above it."""
    rows = release.by("sex", "age")
    if place.grouping == "region":
        above = Place("world", release.of_world["group"], "", ())
    else:
        region = release.world.places.loc[place.countries[0], "region"]
        above = Place("region", str(region), "", ())
    both = pd.concat([_rows_of(rows, place), _rows_of(rows, above)])
    chart = age_sex(both, release.show, release.say, columns=2)
    return picture(svg(styled(chart, release.say)), release.say("people.chart"))


def _trend(
    release: Release, place: Place, course: pd.DataFrame | None
) -> Record | None:
    """Return the chart of years, with dots of surveys; None without years."""
    if course is None:
        return None
    say = release.say
    rows = course[(course["group"] == place.group) | (course["name"] == place.name)]
    rows = rows.drop_duplicates("year").assign(name=place.name)
    surveys = survey_summary.surveys(release).drop(columns="name")
    names = pd.DataFrame({"group": [place.group], "name": [place.name]})
    if place.grouping != "country":
        names = names.iloc[:0]
    dots = seen_in(surveys, names)
    chart = courses(rows, dots, release.show, say, columns=1)
    sentence = say("trend.told", unit=release.in_unit, level=release.level)
    if len(dots):
        sentence = f"{sentence} {say('trend.dots')}"
    drawn = picture(svg(styled(chart, say)), say("trend.chart"))
    return {"told": sentence, "chart": drawn}


def _leaves(release: Release, place: Place) -> Record | None:
    """Return the parts of the place's number, their sum last; None for an estimate
    without.
    """
    if not release.has_leaves:
        return None
    say = release.say
    rows = _rows_of(release.rows, place)
    rows = rows[release.everybody(rows)]
    is_sum = rows[LEAF] == ALL
    body = []
    for row in outline.records(pd.concat([rows[~is_sum], rows[is_sum]])):
        cells = estimate_cells(row, release) | {"part": part(row[LEAF], say)}
        body.append(Row(cells, mark="sum" if row[LEAF] == ALL else ""))
    columns = [
        Column("part", say("leaves.leaf"), "name"),
        rate_column(release, "leaves.rate"),
        persons_column(release, "leaves.persons"),
    ]
    return print_table(Table("leaves", columns, body), release)


def _countries(release: Release, place: Place) -> Record:
    """Return the countries of the region, or those of the country's subregion, the
    highest first.
    """
    say = release.say
    table = release.world.places
    rows = release.totals[release.totals["grouping"] == "country"]
    members = place.countries
    if place.grouping == "country":
        subregion = table.loc[members[0], "subregion"]
        members = table.index[table["subregion"] == subregion]
    order = say("profile.order", level=release.level)
    shown = rows[rows["group"].isin(members)]
    chart = styled(forest(shown, release.show, say, NARROW), say)
    return {"told": order, "chart": picture(svg(chart), order)}


def _surveys(release: Release, place: Place) -> Record:
    """Return the latest surveys of the place; what is masked says so."""
    say = release.say
    table = survey_summary.surveys(release)
    is_inside = table["country"].isin(place.countries)
    rows = table[is_inside & (table["source"] != ELSEWHERE)]
    rows = rows.sort_values("year", ascending=False, kind="stable")
    hidden = {"breakdown", "kind" if len(release.parts) > 1 else "outcome"}
    if place.grouping == "country":
        hidden.add("country")
    columns = [
        replace(column, kind=NARROWER.get(column.kind, column.kind))
        for column in survey_columns(release)
        if column.key not in hidden
    ]
    latest = [survey_row(row, release) for row in outline.records(rows.head(LISTED))]
    sentence = ""
    if rows.empty:
        sentence = say("profile.none")
    elif len(rows) > LISTED:
        sentence = say("profile.more", n=len(rows) - LISTED)
    printed_table = print_table(Table("surveys", columns, latest), release)
    return printed_table | {"told": sentence}
