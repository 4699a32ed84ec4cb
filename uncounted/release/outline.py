"""Outline: what the sections of a report say, in the order in which they say it,
whatever the format.
"""

import math
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from uncounted.errors import UncountedError
from uncounted.evidence.elsewhere import ELSEWHERE
from uncounted.release.release import ALL, LEAF, SHARES, Release, is_of_hold_out
from uncounted.release.rounded_persons import adding_up, step_of
from uncounted.wording.numerals import decimal
from uncounted.wording.translation import translated
from uncounted.wording.words import Words
from uncounted.world.shelf import shelf
from uncounted.world.world import groups

TABLES = ("geography.csv", "population.csv", "covariates.csv", "geometry/world.json")
WIDE = ("world", "region", "subregion")
Record = dict[str, Any]


def records(rows: pd.DataFrame) -> list[Record]:
    """Return rows as dicts by column."""
    return [
        {str(key): value for key, value in row.items()}
        for row in rows.to_dict("records")
    ]


def places(release: Release) -> list[tuple[str, str, int]]:
    """Return (grouping, group, depth) from the world down: each region before its
    subregions, if it has several.
    """
    table = release.world.places
    found = [("world", name, 0) for name in sorted(set(groups(release.world, "world")))]
    for region in sorted(table["region"].unique()):
        below = sorted(table.loc[table["region"] == region, "subregion"].unique())
        found.append(("region", region, 1))
        found += [("subregion", one, 2) for one in below if len(below) > 1]
    return found


def regions(release: Release) -> list[Record]:
    """Return the world, its regions and their subregions, with depth, `covered` and
    `printed`.

    covered: the share of persons who live where surveyed; printed: persons rounded so
    that parts add up (`rounding`).
    """
    known = {(row["grouping"], row["group"]): row for row in records(release.totals)}
    share = {name: _covered(release, name) for name in WIDE}
    order = [one for one in places(release) if one[:2] in known]
    rows = [
        known[grouping, group]
        | {"depth": depth, "covered": share[grouping].get(group, math.nan)}
        for grouping, group, depth in order
    ]
    return _printed(rows)


def _printed(rows: list[Record]) -> list[Record]:
    """Add persons rounded so that regions add up to the world, and subregions to their
    region.
    """
    step = step_of(rows[0]["persons_mean"])
    told = [
        row | {"printed": round(row["persons_mean"] / step) * step, "step": step}
        for row in rows
    ]
    for at, row in enumerate(told):
        ends = next(
            (i for i in range(at + 1, len(told)) if told[i]["depth"] <= row["depth"]),
            len(told),
        )
        below = [one for one in told[at + 1 : ends] if one["depth"] == row["depth"] + 1]
        parts = adding_up([one["persons_mean"] for one in below], row["printed"], step)
        for one, printed in zip(below, parts, strict=True):
            one["printed"] = float(printed)
    return told


def _covered(release: Release, grouping: str) -> pd.Series:
    countries = release.totals[release.totals["grouping"] == "country"].set_index(
        "group"
    )
    of = groups(release.world, grouping).reindex(countries.index)
    people, seen = countries["population"], countries["evidence"] == "surveyed"
    return people.where(seen, 0.0).groupby(of).sum() / people.groupby(of).sum()


def countries(release: Release) -> list[Record]:
    """Return the countries by name, each with its region and subregion."""
    rows = release.totals[release.totals["grouping"] == "country"]
    table, say = release.world.places, release.say
    told = [
        row
        | {
            "name": say.term(row["name"]),
            "region": _of(table, row, "region"),
            "within": _of(table, row, "subregion"),
        }
        for row in records(rows)
    ]
    return sorted(told, key=lambda row: plain(row["name"]))


def _of(table: pd.DataFrame, row: Record, column: str) -> str:
    return str(table[column].get(row["group"], ""))


def plain(name: object) -> str:
    """Return a name as it is sorted: without accents, in small letters."""
    return "".join(
        c
        for c in unicodedata.normalize("NFKD", str(name))
        if not unicodedata.combining(c)
    ).casefold()


def crossed(
    release: Release, axis: str, of: str
) -> Iterator[tuple[str, list[str], list[Record]]]:
    """Yield (value, values across, rows) for each value of one trait, all first: places
    down, the other trait across.

    A row has name, depth and cells: rows of estimates, None where there is no such row.
    """
    rows = release.by(axis, of)
    known = {
        (row["grouping"], row["group"], row[axis], row[of]): row
        for row in records(rows)
    }
    across = _values(rows, of)
    for value in _values(rows, axis):
        table = []
        for grouping, group, depth in places(release):
            cells = [known.get((grouping, group, value, one)) for one in across]
            if cells[0] is not None:
                table.append({"name": cells[0]["name"], "depth": depth, "cells": cells})
        yield value, across, table


def _values(rows: pd.DataFrame, axis: str) -> list[str]:
    return [ALL, *(value for value in rows[axis].unique() if value != ALL)]


def leaves(release: Release) -> list[Record]:
    """Return the world's leaves with their sum last, each with `share` and `printed`;
    none for an estimate without.

    printed: persons rounded so that the leaves add up to their sum, as the table of
    regions prints it.
    """
    if LEAF not in release.rows:
        return []
    rows = release.rows[release.rows["grouping"] == "world"]
    rows = rows[(rows[release.axes] == ALL).all(axis=1)]
    told = sorted(records(rows), key=lambda row: row[LEAF] == ALL)
    means, step = (
        [row["persons_mean"] for row in told],
        step_of(told[-1]["persons_mean"]),
    )
    total = round(means[-1] / step) * step
    printed = [*adding_up(means[:-1], total, step), total]
    return [
        row | {"printed": float(whole), "share": mean / means[-1]}
        for row, whole, mean in zip(told, printed, means, strict=True)
    ]


def sums(release: Release) -> list[Record]:
    """Return the world's sums and shares of leaves that the card names, each with its
    note.
    """
    rows = release.sums
    rows = rows[rows["grouping"] == "world"]
    return records(rows[(rows[release.axes] == ALL).all(axis=1)])


def leaves_by(
    release: Release, axes: Sequence[str] = ()
) -> tuple[list[str], list[tuple[str, list[Record | None]]]]:
    """Return what stands across, and each leaf with its cells, their sum last: places,
    or one trait after another.

    Across stand the world and its regions, or of the world alone all persons and the
    values of each of the axes.
    """
    if LEAF not in release.rows:
        return [], []
    rows = release.rows[
        release.rows["grouping"].isin(["world"] if axes else ["world", "region"])
    ]
    known = {
        (row[LEAF], *(row[axis] for axis in ("name", *release.axes))): row
        for row in records(rows)
    }
    names = list(dict.fromkeys(rows["name"]))
    if axes:
        values = [(axis, value) for axis in axes for value in _values(rows, axis)[1:]]
        keys = [
            (names[0], *(value if one == axis else ALL for one in release.axes))
            for axis, value in values
        ]
        keys, across = (
            [(names[0], *[ALL] * len(release.axes)), *keys],
            [
                ALL,
                *(value for _, value in values),
            ],
        )
    else:
        keys, across = [(name, *[ALL] * len(release.axes)) for name in names], names
    order = sorted(dict.fromkeys(rows[LEAF]), key=lambda leaf: leaf == ALL)
    return across, [(leaf, [known.get((leaf, *key)) for key in keys]) for leaf in order]


def known(release: Release) -> set[str]:
    """Return which shares are known of any place: that of own data, or of countries'
    evidence.
    """
    totals = release.totals
    return {name for name in SHARES if name in totals and totals[name].notna().any()}


def cards(release: Release) -> list[tuple[str, str]]:
    """Return the cards behind an estimate, name and text: the one that adds up
    first.
    """
    first = [(release.adds.name, release.adds.text)] if release.adds else []
    return [*first, *((part.card.name, part.card.text) for part in release.parts)]


def beside(release: Release) -> list[Record]:
    """Return published numbers beside the estimate's own, of all persons of the world
    first.
    """
    return [] if release.beside is None else records(release.beside)


def surveys(release: Release) -> pd.DataFrame:
    """Return the surveys behind the estimate, by country and year, with the country's
    name; masked as released.
    """
    names = release.world.places["name"]
    parts = [
        part.surveys.reset_index().assign(outcome=part.card.outcome)
        for part in release.parts
    ]
    table = pd.concat(parts, ignore_index=True)
    name = [release.say.term(names.get(code, code)) for code in table["country"]]
    order = table.assign(name=name, plain=[plain(one) for one in name])
    return order.sort_values(
        ["plain", "year", "survey"], ignore_index=True, kind="stable"
    ).drop(columns="plain")


def data(release: Release) -> Record:
    """Return what the surveys are: by region and kind of source, by year, and whom
    their countries hold.
    """
    seen = surveys(release)
    lines, rows, masked = (
        len(seen),
        int(seen["rows"].sum()),
        int((seen["masked"] != "").sum()),
    )
    seen = seen.drop_duplicates(
        ["country", "survey"]
    )  # several models may have asked the same respondents
    own = seen[seen["source"] != ELSEWHERE]
    by_country = release.totals[release.totals["grouping"] == "country"].set_index(
        "group"
    )
    people = by_country["population"]
    inside = people.index.isin(own["country"])
    kinds = sorted(seen["source"].unique(), key=lambda kind: (kind == "other", kind))
    return {
        "kinds": kinds,
        "table": _by_region(release, seen, people, inside, kinds),
        "all": [int((seen["source"] == kind).sum()) for kind in kinds],
        "lines": lines,
        "surveys": len(own),
        "surveyed": int(inside.sum()),
        "countries": len(people),
        "share": _share(people, inside, np.ones(len(people), bool)),
        "years": dict(sorted(Counter(int(year) for year in own["year"]).items())),
        "rows": rows,
        "respondents": float(seen["respondents"].sum(min_count=1)),
        "counted": int(seen["respondents"].notna().sum()),
        "masked": masked,
        "source": source_of(release),
    }


def source_of(release: Release) -> str:
    """Return the sources of the surveys behind an estimate, each once."""
    return "; ".join(
        dict.fromkeys(one for part in release.parts for one in part.source.split("; "))
    )


def _by_region(
    release: Release,
    seen: pd.DataFrame,
    people: pd.Series,
    inside: np.ndarray,
    kinds: Sequence[str],
) -> list[Record]:
    region = groups(release.world, "region")
    where = seen["country"].map(region)
    table = []
    for name in sorted(region.unique()):
        mine, members = (
            seen[where == name],
            people.index.isin(region.index[region == name]),
        )
        count = {
            "surveyed": int(inside[members].sum()),
            "countries": int(members.sum()),
        }
        kind = [int((mine["source"] == one).sum()) for one in kinds]
        count["surveys"] = int((mine["source"] != ELSEWHERE).sum())
        table.append(
            {"name": name, "kinds": kind, "share": _share(people, inside, members)}
            | count
        )
    return table


def _share(people: pd.Series, inside: np.ndarray, of: np.ndarray) -> float:
    total = float(people[of].sum())
    return float(people[of & inside].sum()) / total if total else math.nan


def checks(release: Release) -> list[dict[str, Any]]:
    """Return verdict, name and sentence of each finding, worst first; "not_run" of the
    hold-out if there was none.
    """
    say = release.say
    order = {"stop": 0, "warn": 1, "pass": 2}
    told = [
        {
            "verdict": one.verdict,
            "name": check_name(one.name, say),
            "sentence": translated(one.sentence, say),
        }
        for one in sorted(release.findings, key=lambda finding: order[finding.verdict])
    ]
    if release.held_out is None and not any(
        is_of_hold_out(finding) for finding in release.findings
    ):
        told.append(
            {
                "verdict": "not_run",
                "name": say("checks.held_out"),
                "sentence": say("checks.missing"),
            }
        )
    return told


def check_name(name: str, say: Words) -> str:
    """Return a check's name, behind that of the model that it is of: "forced-labour:
    tree depth".
    """
    model, _, check = name.rpartition(": ")
    told = translated(check, say)
    return say("checks.of_model", model=model, check=told) if model else told


def failures(release: Release) -> list[tuple[str, str]]:
    """Return name and sentence of each finding that forbids publication."""
    say = release.say
    return [
        (check_name(one.name, say), translated(one.sentence, say))
        for one in release.failures
    ]


def held_out(release: Release) -> list[Record]:
    """Return surveys' results beside what was predicted of them, with the country's
    name, and `what` was asked.
    """
    names = release.world.places["name"]
    return [
        row
        | {
            "name": release.say.term(names.get(row["country"], row["country"])),
            "what": what,
        }
        for what, rows in release.tested.items()
        for row in records(rows)
    ]


def fates(release: Release) -> list[Record]:
    """Return the ledgers' summary; each fate with its surveys by country, as (name,
    "1047 (2012), 1060 (2015)").
    """
    found = []
    for part in release.parts:
        lines = part.ledger.lines
        for fate in records(part.ledger.summary()):
            mine = lines[
                (lines["action"] == fate["action"]) & (lines["why"] == fate["why"])
            ]
            found.append(
                fate | {"by": _by_country(mine, release), "of": part.card.name}
            )
    return found


def _by_country(lines: pd.DataFrame, release: Release) -> list[tuple[str, str]]:
    names = release.world.places["name"]
    single = lines.drop_duplicates(["country", "survey", "year"])
    single = single.sort_values(["country", "year", "survey"], kind="stable")
    told: dict[str, list[str]] = {}
    for row in records(single):
        told.setdefault(str(row["country"]), []).append(
            f"{row['survey']} ({_year(row['year'])})"
        )
    return [
        (release.say.term(names.get(code, code)), ", ".join(surveys))
        for code, surveys in told.items()
    ]


def _year(year: Any) -> str:
    return f"{year:g}" if isinstance(year, int | float) else str(year)


def sources(release: Release) -> Iterator[dict[str, str]]:
    """Yield what, source and licence: of the evidence from its survey cards, of the
    tables from data/SOURCES.md.
    """
    for name in dict.fromkeys(
        name for part in release.parts for name in part.card.evidence
    ):
        card = _survey_card(name)
        if card:
            told = {
                "source": card.get("publisher", ""),
                "licence": card.get("licence", ""),
            }
            yield {"what": card.get("title", name), **told}
    told = {*TABLES, *_of_cases(release)}
    for line in shelf("data", "SOURCES.md").read_text(encoding="utf-8").splitlines():
        cells = [
            cell.strip().replace("`", "") for cell in line.strip().strip("|").split("|")
        ]
        if cells[0] in told and len(cells) > 3:
            yield {
                "what": release.say.term(cells[1]),
                "source": cells[2].replace("**", ""),
                "licence": cells[3],
            }


def _of_cases(release: Release) -> list[str]:
    """Return the tables of records, spells and outside figures that an estimate of
    leaves names.
    """
    card = release.adds
    if card is None:
        return []
    figures = [one.figures.file for one in card.leaf if one.figures]
    return [
        str(words["source"])
        for words in (card.records, card.durations)
        if "source" in words
    ] + figures


def _survey_card(name: str) -> dict[str, Any]:
    folder = Path(name)
    try:
        path = (
            folder
            if folder.is_dir()
            else shelf("data", *[part for part in folder.parts if part != "data"])
        )
        return tomllib.loads((path / "survey.toml").read_text(encoding="utf-8"))
    except (UncountedError, OSError, tomllib.TOMLDecodeError):
        return {}  # the survey lies elsewhere now: the evidence still names its source


def limits(release: Release) -> dict[str, list[str]]:
    """Return what the intervals hold, what they don't, and what else is to be known, by
    what the cards have.
    """
    say = release.say
    priors = {key for part in release.parts for key in part.card.priors}
    covariates = any(part.card.covariates for part in release.parts)
    with_ = say("headline.with") if covariates else ""
    outside = f"{100 - release.of_world['interval'] * 100:g}"
    holds = {"sampling": True, "error": "sigma_survey" in priors, "places": True}
    holds |= {"covariates": covariates, "trend": "trend" in priors}
    sources = dict.fromkeys(
        part.card.reference_source
        for part in release.parts
        if part.card.reference_source
    )
    misses = {
        "shared": True,
        "reference": bool(sources),
        "people": True,
        "exact": "sigma_survey" not in priors,
    }
    misses |= {"today": "trend" not in priors}
    given = {"year": release.year, "reference": ", ".join(map(say.term, sources))}
    return {
        "holds": [say(f"limits.{name}", **given) for name, has in holds.items() if has],
        "misses": [
            say(f"limits.{name}", **given)
            for name, has in (misses | {"model": True}).items()
            if has
        ],
        "told": [
            say(
                "limits.imputed",
                outside=say("number.percent", n=outside),
                covariates=with_,
            ),
            f"{say('limits.ranks')} {say('limits.causes')}",
        ],
    }


def citation(release: Release) -> str:
    """Return how to cite the estimate, with what identifies it."""
    digests = {
        name: ", ".join(
            dict.fromkeys(part.digests[name][:12] for part in release.parts)
        )
        for name in ("card", "evidence", "world")
    }
    if release.adds:
        digests["card"] = f"{release.adds.digest[:12]}, {digests['card']}"
    return release.say(
        "record.citation",
        **{
            "title": release.title,
            "year": release.year,
            "level": release.level,
            "seed": release.seed,
        },
        version=release.versions.get("uncounted", ""),
        **digests,
        source=source_of(release),
    )


def facts(release: Release) -> list[tuple[str, str]]:
    """Return seed, hashes, versions and seconds, each with what it is."""
    say, told = release.say, [(release.say("record.seed"), str(release.seed))]
    for part in release.parts:
        of = f" ({part.card.name})" if len(release.parts) > 1 else ""
        told.append((say("record.card_hash") + of, part.digests["card"]))
        told.append((say("record.evidence") + of, part.digests["evidence"]))
    told += [(f"{what}, SHA-256", one) for what, one in release.beside_surveys.items()]
    told += [
        (say("record.world"), one)
        for one in dict.fromkeys(part.digests["world"] for part in release.parts)
    ]
    told += [(what, str(version)) for what, version in release.versions.items()]
    for stage, took in release.seconds.items():
        told.append(
            (say("record.seconds", stage=translated(stage, say)), decimal(took, say, 1))
        )
    return told
