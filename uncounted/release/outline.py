"""Outline: the rows of places, and of persons within them, in the order of reports."""

import math
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from uncounted.release.release import ALL, Release
from uncounted.release.rounded_persons import adding_up, step_of
from uncounted.world.world import groups

WIDE = ("world", "region", "subregion")
Record = dict[str, Any]


def records(rows: pd.DataFrame) -> list[Record]:
    """Return rows as dicts by column."""
    return [{str(key): row[key] for key in row} for row in rows.to_dict("records")]


def by_key(rows: pd.DataFrame, *columns: str) -> dict[tuple[Any, ...], Record]:
    """Return rows by the values of some columns."""
    return {tuple(row[name] for name in columns): row for row in records(rows)}


def places(release: Release) -> list[tuple[str, str, int]]:
    """Return (grouping, group, depth) from the world down: each region before its
    subregions, if it has several.
    """
    table = release.world.places
    worlds = sorted(set(groups(release.world, "world")))
    ordered = [("world", name, 0) for name in worlds]
    for region in sorted(table["region"].unique()):
        subregions = sorted(table.loc[table["region"] == region, "subregion"].unique())
        ordered.append(("region", region, 1))
        if len(subregions) > 1:
            ordered += [("subregion", name, 2) for name in subregions]
    return ordered


def regions(release: Release) -> list[Record]:
    """Return the world, its regions and their subregions, with depth, `covered` and
    `printed`.

    covered: the share of persons who live where surveyed; printed: persons rounded so
    that parts add up (`rounded_persons`).
    """
    estimates = by_key(release.totals, "grouping", "group")
    shares = {grouping: _covered(release, grouping) for grouping in WIDE}
    rows = []
    for grouping, group, depth in places(release):
        row = estimates.get((grouping, group))
        if row is not None:
            covered = shares[grouping].get(group, math.nan)
            rows.append(row | {"depth": depth, "covered": covered})
    return _printed(rows)


def _printed(rows: Sequence[Record]) -> list[Record]:
    """Add persons rounded so that regions add up to the world, and subregions to their
    region.
    """
    step = step_of(rows[0]["persons_mean"])
    rounded = [
        row | {"printed": round(row["persons_mean"] / step) * step, "step": step}
        for row in rows
    ]
    for position, row in enumerate(rounded):
        parts = _parts_of(row, rounded[position + 1 :])
        means = [part["persons_mean"] for part in parts]
        adding = adding_up(means, row["printed"], step)
        for part, persons in zip(parts, adding, strict=True):
            part["printed"] = float(persons)
    return rounded


def _parts_of(row: Record, below: Sequence[Record]) -> list[Record]:
    """Return the rows, of those below a row, that are its parts."""
    parts = []
    for part in below:
        if part["depth"] <= row["depth"]:
            break
        if part["depth"] == row["depth"] + 1:
            parts.append(part)
    return parts


def _covered(release: Release, grouping: str) -> pd.Series:
    """Return the share of each group's persons who live in surveyed countries."""
    totals = release.totals
    countries = totals[totals["grouping"] == "country"].set_index("group")
    group = groups(release.world, grouping).reindex(countries.index)
    people = countries["population"]
    surveyed = people.where(countries["evidence"] == "surveyed", 0.0)
    return surveyed.groupby(group).sum() / people.groupby(group).sum()


def countries(release: Release) -> list[Record]:
    """Return the countries by name, each with its region and subregion."""
    totals = release.totals
    table = release.world.places
    rows = []
    for row in records(totals[totals["grouping"] == "country"]):
        words = {
            "name": release.say.term(row["name"]),
            "region": str(table["region"].get(row["group"], "")),
            "within": str(table["subregion"].get(row["group"], "")),
        }
        rows.append(row | words)
    return sorted(rows, key=_plain_name)


def _plain_name(row: Mapping[str, Any]) -> str:
    return plain(row["name"])


def plain(name: object) -> str:
    """Return a name as it is sorted: without accents, in small letters."""
    letters = unicodedata.normalize("NFKD", str(name))
    return "".join(
        letter for letter in letters if not unicodedata.combining(letter)
    ).casefold()


def crossed(
    release: Release, axis: str, across_axis: str
) -> Iterator[tuple[str, list[str], list[Record]]]:
    """Yield (value, values across, rows) for each value of one trait, all first: places
    down, the other trait across.

    A row has name, depth and cells: rows of estimates, None where there is no such row.
    """
    rows = release.by(axis, across_axis)
    estimates = by_key(rows, "grouping", "group", axis, across_axis)
    across = values_of(rows, across_axis)
    for value in values_of(rows, axis):
        table = []
        for grouping, group, depth in places(release):
            cells = [estimates.get((grouping, group, value, level)) for level in across]
            if cells[0] is not None:
                name = cells[0]["name"]
                table.append({"name": name, "depth": depth, "cells": cells})
        yield value, across, table


def values_of(rows: pd.DataFrame, axis: str) -> list[str]:
    """Return the values of a trait, all persons first."""
    return [ALL, *(value for value in rows[axis].unique() if value != ALL)]


def beside(release: Release) -> list[Record]:
    """Return published numbers beside the estimate's own, of all persons of the world
    first.
    """
    return [] if release.beside is None else records(release.beside)
