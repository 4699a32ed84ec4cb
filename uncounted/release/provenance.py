"""Provenance: the cards, ledger, sources, hashes and citation of an estimate."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from uncounted.errors import UncountedError
from uncounted.release.outline import Record, records
from uncounted.release.release import Release
from uncounted.release.survey_summary import source_of
from uncounted.wording.numerals import decimal
from uncounted.wording.translation import translated
from uncounted.world.card_file import read_toml
from uncounted.world.shelf import shelf

TABLES = ("geography.csv", "population.csv", "covariates.csv", "geometry/world.json")


def cards(release: Release) -> list[tuple[str, str]]:
    """Return the cards behind an estimate, name and text: the one that adds up
    first.
    """
    models = [(part.card.name, part.card.text) for part in release.parts]
    if release.adds is None:
        return models
    return [(release.adds.name, release.adds.text), *models]


def fates(release: Release) -> list[Record]:
    """Return the ledgers' summary; each fate with its surveys by country, as (name,
    "1047 (2012), 1060 (2015)").
    """
    rows = []
    for part in release.parts:
        lines = part.ledger.lines
        for fate in records(part.ledger.summary()):
            alike = (lines["action"] == fate["action"]) & (lines["why"] == fate["why"])
            by_country = _by_country(lines[alike], release)
            rows.append(fate | {"by": by_country, "of": part.card.name})
    return rows


def _by_country(lines: pd.DataFrame, release: Release) -> list[tuple[str, str]]:
    """Return each country's name and its surveys."""
    names = release.world.places["name"]
    single = lines.drop_duplicates(["country", "survey", "year"])
    single = single.sort_values(["country", "year", "survey"], kind="stable")
    surveys: dict[str, list[str]] = {}
    for row in records(single):
        survey = f"{row['survey']} ({_year(row['year'])})"
        surveys.setdefault(str(row["country"]), []).append(survey)
    return [
        (release.say.term(names.get(code, code)), ", ".join(surveys[code]))
        for code in surveys
    ]


def _year(year: Any) -> str:
    return f"{year:g}" if isinstance(year, int | float) else str(year)


def sources(release: Release) -> Iterator[dict[str, str]]:
    """Yield what, source and licence: of the evidence from its survey cards, of the
    tables from data/SOURCES.md.
    """
    folders = [name for part in release.parts for name in part.card.evidence]
    for name in dict.fromkeys(folders):
        card = _survey_card(name)
        if card:
            yield {
                "what": card.get("title", name),
                "source": card.get("publisher", ""),
                "licence": card.get("licence", ""),
            }
    tables = {*TABLES, *_tables_of_cases(release)}
    for line in shelf("data", "SOURCES.md").read_text(encoding="utf-8").splitlines():
        cells = line.strip().strip("|").replace("`", "").split("|")
        file, *words = [cell.strip() for cell in cells]
        if file in tables and len(words) > 2:
            table, source, licence = words[:3]
            yield {
                "what": release.say.term(table),
                "source": source.replace("**", ""),
                "licence": licence,
            }


def _tables_of_cases(release: Release) -> list[str]:
    """Return the tables of records, spells and outside figures that an estimate of
    leaves names.
    """
    card = release.adds
    if card is None:
        return []
    tables = [
        str(words["source"])
        for words in (card.records, card.durations)
        if "source" in words
    ]
    return tables + [leaf.figures.file for leaf in card.leaf if leaf.figures]


def _survey_card(name: str) -> dict[str, Any]:
    """Return the words of a survey's card; none if the survey lies elsewhere now: the
    evidence still names its source.
    """
    folder = Path(name)
    try:
        if not folder.is_dir():
            parts = [part for part in folder.parts if part != "data"]
            folder = shelf("data", *parts)
        return read_toml(folder / "survey.toml")
    except (UncountedError, OSError):
        return {}


def citation(release: Release) -> str:
    """Return how to cite the estimate, with what identifies it."""
    digests = {}
    for name in ("card", "evidence", "world"):
        beginnings = [part.digests[name][:12] for part in release.parts]
        digests[name] = ", ".join(dict.fromkeys(beginnings))
    if release.adds:
        digests["card"] = f"{release.adds.digest[:12]}, {digests['card']}"
    return release.say(
        "record.citation",
        title=release.title,
        year=release.year,
        level=release.level,
        seed=release.seed,
        version=release.versions.get("uncounted", ""),
        source=source_of(release),
        **digests,
    )


def facts(release: Release) -> list[tuple[str, str]]:
    """Return seed, hashes, versions and seconds, each with what it is."""
    say = release.say
    parts = release.parts
    rows = [(say("record.seed"), str(release.seed))]
    for part in parts:
        model = f" ({part.card.name})" if len(parts) > 1 else ""
        rows.append((say("record.card_hash") + model, part.digests["card"]))
        rows.append((say("record.evidence") + model, part.digests["evidence"]))
    for source, digest in release.beside_surveys.items():
        rows.append((f"{source}, SHA-256", digest))
    for digest in dict.fromkeys(part.digests["world"] for part in parts):
        rows.append((say("record.world"), digest))
    rows += [(package, str(number)) for package, number in release.versions.items()]
    for stage, seconds in release.seconds.items():
        name = say("record.seconds", stage=translated(stage, say))
        rows.append((name, decimal(seconds, say, 1)))
    return rows
