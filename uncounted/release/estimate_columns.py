"""Estimate columns: the columns and cells of estimates that several tables share."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from uncounted.release.outline import Record, records
from uncounted.release.release import ALL, Release
from uncounted.release.section import (
    EVERY_FORMAT,
    HTML,
    PDF,
    Column,
    Hidden,
    Range,
    Row,
)
from uncounted.wording.numerals import band

COUNTS = ("respondents", "cases")


def rate_column(release: Release, sentence: str) -> Column:
    """Return the column of prevalence; sentence: the name of its head."""
    say = release.say
    split = (
        say("sheets.rate_median", unit=release.unit),
        say("sheets.rate_lower"),
        say("sheets.rate_upper"),
    )
    head = say(sentence, unit=release.unit)
    return Column("prevalence", head, "estimate", split)


def persons_column(release: Release, sentence: str) -> Column:
    """Return the column of persons; sentence: the name of its head."""
    say = release.say
    split = (
        say("sheets.persons_mean"),
        say("sheets.persons_lower"),
        say("sheets.persons_upper"),
    )
    return Column("persons", say(sentence), "persons", split)


def drawn_column(release: Release) -> Column:
    """Return the column of drawn intervals, in formats that draw."""
    head = release.say("regions.interval", level=release.level)
    return Column("interval", head, "interval", formats=(HTML, PDF))


def share_columns(release: Release, **formats: Sequence[str]) -> list[Column]:
    """Return a column for each share that is known of any place: own data, evidence.

    formats: those in which a share appears, by its name.
    """
    heads = {"own_data_share": "own", "country_evidence": "evident"}
    return [
        Column(
            share,
            release.say(f"countries.{head}"),
            "share",
            formats=formats.get(share, EVERY_FORMAT),
        )
        for share, head in heads.items()
        if share in release.known_shares
    ]


def people_columns(release: Release) -> list[Column]:
    """Return the columns of place, sex and age of a long table."""
    say = release.say
    return [
        Column("place", say("regions.place"), "name"),
        Column("sex", say("sheets.sex"), "text"),
        Column("age", say("sheets.age"), "text"),
    ]


def rates(row: Mapping[str, Any]) -> Range:
    """Return a row's prevalence, a proportion, with its bounds."""
    return Range(
        row["prevalence_median"], row["prevalence_lower"], row["prevalence_upper"]
    )


def persons(row: Mapping[str, Any]) -> Range:
    """Return a row's persons with their bounds."""
    return Range(row["persons_mean"], row["persons_lower"], row["persons_upper"])


def estimate_cells(row: Record, release: Release) -> Record:
    """Return the cells of a row of estimates, its words in the report's language and
    its masked counts hidden.
    """
    say = release.say
    masked = str(row.get("masked", "")).split(", ")
    hidden = {count: Hidden.MASKED for count in COUNTS if count in masked}
    everybody = row["age"] == ALL
    words = {
        "place": say.term(row["name"]),
        "sex": say(f"people.{row['sex']}"),
        "age": say("people.ages") if everybody else band(row["age"], say),
    }
    prevalence = rates(row)
    drawn = {"prevalence": prevalence, "interval": prevalence, "persons": persons(row)}
    return row | words | drawn | hidden


def estimate_rows(table: pd.DataFrame, release: Release) -> list[Row]:
    """Return a row for each row of estimates."""
    return [Row(estimate_cells(row, release)) for row in records(table)]
