"""Profile: two pages on one country or region."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from uncounted.charts.ages import age_sex
from uncounted.charts.charts import ticks
from uncounted.charts.export import svg
from uncounted.charts.forest import forest
from uncounted.charts.palette import styled
from uncounted.charts.trends import courses, seen_in
from uncounted.errors import UncountedError
from uncounted.evidence.elsewhere import ELSEWHERE
from uncounted.formats.cells import persons_lines, picture, rate_lines
from uncounted.formats.paper import interval, printed
from uncounted.model.vocabulary import SHOW
from uncounted.release import outline, survey_summary
from uncounted.release.estimate_columns import persons, rates
from uncounted.release.headline import headline
from uncounted.release.leaf_estimates import part
from uncounted.release.limits import limits_of
from uncounted.release.outline import Record
from uncounted.release.place_sections import highest
from uncounted.release.release import ALL, LEAF, Release
from uncounted.wording import numerals
from uncounted.world.codes import hint

LISTED = 24  # surveys that fit on the page: the latest
NARROW = 230  # the width of a forest that shares its line


@dataclass(frozen=True)
class Place:
    """A country or a region: its grouping, its group there, its name, and the countries
    that it is or has.
    """

    grouping: str
    group: str
    name: str
    countries: tuple[str, ...]


def place_of(release: Release, wanted: str) -> Place:
    """Return a country by code or name, or a region or subregion by name; raises
    UncountedError for any other.
    """
    table, rows = release.world.places, release.totals
    names = table["name"].astype(str)
    for code in [code for code in table.index if wanted in (code, names[code])]:
        return Place("country", str(code), str(names[code]), (str(code),))
    for grouping in ("region", "subregion"):
        if ((rows["grouping"] == grouping) & (rows["group"] == wanted)).any():
            return Place(
                grouping,
                wanted,
                wanted,
                tuple(map(str, table.index[table[grouping] == wanted])),
            )
    known = {*names, *table.index, *table["region"], *table["subregion"]}
    raise UncountedError(
        f"There is no country or region '{wanted}' in this"
        f" estimate.{hint(wanted, table, known)}"
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
    path, of = Path(path), place_of(release, place)
    path.write_bytes(printed("profile.typ", release, profile(release, of, course)))
    return path


def profile(
    release: Release, place: Place, course: pd.DataFrame | None = None
) -> Record:
    """Return what a profile prints, as words and numbers."""
    say, row = release.say, _row(release, place.grouping, place.group)
    return {
        "name": say.term(place.name),
        "headline": headline(release, pd.Series(row)),
        "told": _told(release, place, row),
        "beside": _beside(release, place),
        "people": _people(release, place),
        "ages": _ages(release, place),
        "trend": _trend(release, place, course),
        "leaves": _leaves(release, place),
        "countries": _countries(release, place),
        "surveys": _surveys(release, place),
        "limits": limits_of(release)["told"],
        "titles": (
            {
                name: say(f"profile.{name}")
                for name in ("beside", "people", "trend", "surveys")
            }
            | {"leaves": say("leaves.title")}
        ),
        "countries_title": say(
            "profile.neighbours" if place.grouping == "country" else "profile.members"
        ),
        "limits_title": say("limits.title"),
    }


def _row(release: Release, grouping: str, group: str) -> Record:
    rows = release.totals
    return outline.records(
        rows[(rows["grouping"] == grouping) & (rows["group"] == group)]
    )[0]


def _told(release: Release, place: Place, row: Record) -> list[str]:
    """Return what is to be known of the number: evidence class, surveys, and how much
    they say.
    """
    say = release.say
    surveys = numerals.whole(row["surveys"], say)
    told = [
        say("profile.evidence", evidence=say.term(row["evidence"]), surveys=surveys)
    ]
    if "country_evidence" in row:
        told.append(
            say(
                "profile.evident", share=numerals.fraction(row["country_evidence"], say)
            )
        )
    if place.grouping == "country" and row["own_data_share"] == row["own_data_share"]:
        told.append(
            say("profile.own", share=numerals.fraction(row["own_data_share"], say))
        )
    if row["evidence"] == "imputed" and place.grouping == "country":
        told.append(say("profile.imputed"))
    return told


def _beside(release: Release, place: Place) -> Record:
    """Return the place and what it lies in, up to the world, on one scale."""
    say = release.say
    rows = _up_to_the_world(release, place)
    marks = ticks(highest(rows) * SHOW[release.show])
    end = marks[-1]
    printed_rows = []
    for row in rows:
        prevalence = rates(row)
        surveyed = row["evidence"] == "surveyed"
        key = (row["grouping"], row["group"])
        words = {
            "name": say.term(row["name"]),
            "own": key == (place.grouping, place.group),
            "rate": rate_lines(prevalence, release),
            "interval": interval(prevalence, surveyed, end, release),
            "persons": persons_lines(persons(row), release),
        }
        printed_rows.append(words)
    heads = [
        say("regions.place"),
        say("regions.rate", unit=release.unit),
        say("regions.persons"),
    ]
    scale = [[mark / end, numerals.short(mark, say)] for mark in marks]
    return {"heads": heads, "marks": scale, "rows": printed_rows}


def _up_to_the_world(release: Release, place: Place) -> list[Record]:
    """Return the rows of the world, region and subregion of a place, and its own."""
    first_country = release.world.places.loc[place.countries[0]]
    keys = [("world", release.of_world["group"])]
    for grouping in ("region", "subregion"):
        keys.append((grouping, first_country[grouping]))
        if place.grouping == grouping:
            break
    keys.append((place.grouping, place.group))
    rows = {
        (row["grouping"], row["group"]): row for row in outline.records(release.totals)
    }
    return [rows[key] for key in dict.fromkeys(keys) if key in rows]


def _people(release: Release, place: Place) -> Record | None:
    """Return prevalence by sex, down, and age, across; None if neither is told
    apart.
    """
    if not release.divided:
        return None
    say = release.say
    rows = _rows_of(release.by("sex", "age"), place.grouping, place.group)
    by_people = {(row["sex"], row["age"]): row for row in outline.records(rows)}
    ages = outline.values_of(rows, "age")
    heads = [
        say("people.ages") if age == ALL else numerals.band(age, say) for age in ages
    ]
    body = []
    for sex in outline.values_of(rows, "sex"):
        cells = [rate_lines(rates(by_people[sex, age]), release) for age in ages]
        body.append([say(f"people.{sex}"), *cells])
    caption = say("people.told", unit=release.in_unit, level=release.level)
    return {"heads": ["", *heads], "rows": body, "caption": caption}


def _rows_of(rows: pd.DataFrame, grouping: str, group: str) -> pd.DataFrame:
    return rows[(rows["grouping"] == grouping) & (rows["group"] == group)]


def _ages(release: Release, place: Place) -> Record:
    rows, region = (
        release.by("sex", "age"),
        release.world.places.loc[place.countries[0], "region"],
    )
    mine = rows[(rows["grouping"] == place.grouping) & (rows["group"] == place.group)]
    above = (
        ("world", release.of_world["group"])
        if place.grouping == "region"
        else ("region", region)
    )
    other = rows[(rows["grouping"] == above[0]) & (rows["group"] == above[1])]
    chart = age_sex(pd.concat([mine, other]), release.show, release.say, columns=2)
    return picture(svg(styled(chart, release.say)), release.say("people.chart"))


def _trend(
    release: Release, place: Place, course: pd.DataFrame | None
) -> Record | None:
    if course is None:
        return None
    rows = course[(course["group"] == place.group) | (course["name"] == place.name)]
    rows = rows.drop_duplicates("year").assign(name=place.name)
    surveys = survey_summary.surveys(release).drop(columns="name")
    only = pd.DataFrame({"group": [place.group], "name": [place.name]})
    dots = seen_in(surveys, only if place.grouping == "country" else only.iloc[:0])
    chart = courses(rows, dots, release.show, release.say, columns=1)
    told = release.say(
        "trend.told", unit=numerals.unit(release.show, release.say), level=release.level
    )
    dotted = f" {release.say('trend.dots')}" if len(dots) else ""
    return {
        "told": told + dotted,
        "chart": picture(svg(styled(chart, release.say)), release.say("trend.chart")),
    }


def _leaves(release: Release, place: Place) -> Record | None:
    """Return the parts of the place's number, their sum last; None for an estimate
    without.
    """
    if LEAF not in release.rows:
        return None
    say, rows = release.say, release.rows
    rows = rows[(rows["grouping"] == place.grouping) & (rows["group"] == place.group)]
    rows = rows[(rows[release.axes] == ALL).all(axis=1)]
    told = [
        {
            "name": part(row[LEAF], say),
            "last": row[LEAF] == ALL,
            "rate": rate_lines(rates(row), release),
            "persons": persons_lines(persons(row), release),
        }
        for row in sorted(outline.records(rows), key=lambda row: row[LEAF] == ALL)
    ]
    unit = numerals.heading(release.show, say)
    return {
        "heads": [
            say("leaves.leaf"),
            say("leaves.rate", unit=unit),
            say("leaves.persons"),
        ],
        "rows": told,
    }


def _countries(release: Release, place: Place) -> Record:
    """Return the countries of the region, or those of the country's subregion, the
    highest first.
    """
    table, rows = (
        release.world.places,
        release.totals[release.totals["grouping"] == "country"],
    )
    within = table.loc[place.countries[0], "subregion"]
    codes = (
        place.countries
        if place.grouping != "country"
        else table.index[table["subregion"] == within]
    )
    told = release.say("profile.order", level=release.level)
    chart = styled(
        forest(rows[rows["group"].isin(codes)], release.show, release.say, NARROW),
        release.say,
    )
    return {"told": told, "chart": picture(svg(chart), told)}


def _surveys(release: Release, place: Place) -> Record:
    """Return the latest surveys of the place; what is masked says so."""
    say, table = release.say, survey_summary.surveys(release)
    mine = table[
        table["country"].isin(place.countries) & (table["source"] != ELSEWHERE)
    ]
    mine = mine.sort_values("year", ascending=False, kind="stable")
    several = place.grouping != "country"
    of = "outcome" if len(release.parts) > 1 else "kind"
    heads = [
        say(f"surveys.{word}")
        for word in ("survey", "year", of, "asked", "cases", "deff")
    ]
    heads += [say("surveys.found", unit=numerals.heading(release.show, say))]
    rows = [_survey(release, row) for row in outline.records(mine.head(LISTED))]
    names = [row["name"] for row in outline.records(mine.head(LISTED))]
    told = (
        [[name, *row] for name, row in zip(names, rows, strict=True)]
        if several
        else rows
    )
    more = say("profile.more", n=len(mine) - LISTED) if len(mine) > LISTED else ""
    none = say("profile.none") if mine.empty else ""
    return {
        "heads": [say("surveys.country"), *heads] if several else heads,
        "rows": told,
        "told": more or none,
    }


def _survey(release: Release, row: Record) -> list[str]:
    say, masked = release.say, release.say("surveys.masked")
    few, rare = "respondents" in row["masked"], bool(row["masked"])
    found = numerals.bare(row["prevalence"], release.show, say)
    return [
        str(row["survey"]),
        str(row["year"]),
        (
            say.term(row["outcome"].replace("_", " "))
            if len(release.parts) > 1
            else say.term(row["source"])
        ),
        masked if few else numerals.whole(row["respondents"], say),
        masked if rare else numerals.whole(row["cases"], say),
        masked if rare else numerals.decimal(row["deff"], say),
        masked if rare else found,
    ]
