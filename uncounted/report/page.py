"""Page: one HTML file with an estimate, what is behind it and whether to believe it; it opens without any network."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from uncounted.checks.finding import Finding
from uncounted.errors import UncountedError
from uncounted.infer.fit import Fit
from uncounted.report import charts, wording
from uncounted.report.equation import equation
from uncounted.report.map import read_geometry, world_map
from uncounted.world.shelf import shelf
from uncounted.world.world import groups

TEMPLATE = Path(__file__).parent / "template"
NEEDED = ("grouping", "group", "name", "sex", "age", "interval", "evidence", "prevalence_median", "persons_mean")
TABLES = ("geography.csv", "population.csv", "covariates.csv", "geometry/world.json")
ALL = "all"
GLYPH = {"surveyed": "●", "reported from elsewhere": "◐", "imputed": "○"}


def write_page(fit: Fit, estimates: pd.DataFrame, findings: Sequence[Finding], path: str | Path) -> Path:
    """Write the report of a fit: headline, map, tables, data, checks, equation, limits and record, in one HTML file.

    estimates: the rows of `tables.estimates`. If any finding says "stop", a banner across the top says so. Raises
    UncountedError if the estimates lack a column or the world's total.
    """
    out = Path(path)
    out.write_text(page(fit, estimates, findings), encoding="utf-8")
    return out


def page(fit: Fit, estimates: pd.DataFrame, findings: Sequence[Finding]) -> str:
    """Return the report as HTML text."""
    _check(estimates)
    show, totals = fit.card.show, _totals(estimates)
    world = totals[totals["grouping"] == "world"].iloc[0]
    countries = totals[totals["grouping"] == "country"]
    drawn = world_map(estimates, fit.world, show)
    return _environment().get_template("page.html").render(
        say=wording.read_words(),
        card=fit.card,
        fit=fit,
        unit=show,
        level=wording.level(world["interval"]),
        whom=wording.ages(fit.card),
        world=world,
        map_svg=Markup(drawn.svg),
        map_legend=Markup(drawn.legend),
        geometry=read_geometry(),
        regions=_regions(fit, totals),
        people=_people(fit, estimates),
        countries=_countries(fit, countries),
        data=_data(fit, countries),
        checks=_checks(findings),
        stamps=_stamps(findings),
        failures=[finding for finding in findings if finding.verdict == "stop"],
        lines=[_math(line) for line in equation(fit.card)],
        ledger=_ledger(fit),
        sources=list(_sources(fit)),
        version=fit.versions.get("uncounted", ""),
    )


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    for one in (wording.rate, wording.rates, wording.bare, wording.persons, wording.persons_between):
        made.filters[one.__name__] = one
    for one in (wording.whole, wording.fraction, wording.band):
        made.filters[one.__name__] = one
    made.globals |= {"rates": wording.rates, "persons_between": wording.persons_between, "bare": wording.bare}
    made.globals |= {"raw": lambda name: Markup((TEMPLATE / name).read_text(encoding="utf-8")), "glyph": GLYPH}
    return made


def _check(estimates: pd.DataFrame) -> None:
    missing = [column for column in NEEDED if column not in estimates]
    if missing:
        raise UncountedError(f"The estimates have no column {', '.join(missing)}. Give the rows of estimates(fit).")
    for grouping in ("world", "country"):
        if not (_totals(estimates)["grouping"] == grouping).any():
            raise UncountedError(f"The estimates have no total of the grouping '{grouping}', which the page needs.")


def _totals(estimates: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of both sexes and all ages."""
    return estimates[(estimates["sex"] == ALL) & (estimates["age"] == ALL)]


def _places(fit: Fit, groupings: Sequence[str]) -> list[tuple[str, str, int]]:
    """Return (grouping, group, depth) from the world down: each region before its subregions, those like it left out."""
    places = fit.world.places
    found = [("world", name, 0) for name in sorted(set(groups(fit.world, "world")))]
    for region in sorted(places["region"].unique()):
        below = sorted(places.loc[places["region"] == region, "subregion"].unique())
        found.append(("region", region, 1))
        found += [("subregion", one, 2) for one in below if len(below) > 1]
    return [one for one in found if one[0] in groupings]


def _regions(fit: Fit, totals: pd.DataFrame) -> dict[str, Any]:
    rows = totals.set_index(["grouping", "group"])
    order = [one for one in _places(fit, ("world", "region", "subregion")) if one[:2] in rows.index]
    scale = charts.ticks(float(rows.loc[[one[:2] for one in order], "prevalence_upper"].max()) * _unit(fit))
    share = {name: _covered(fit, totals, name) for name in ("world", "region", "subregion")}
    return {
        "axis": charts.axis(scale[-1], scale),
        "rows": [
            _row(rows.loc[one[:2]], fit, scale[-1]) | {"depth": one[2], "covered": share[one[0]].get(one[1], float("nan"))}
            for one in order
        ],
    }


def _covered(fit: Fit, totals: pd.DataFrame, grouping: str) -> pd.Series:
    """Return the share of each group's persons who live in countries that were surveyed."""
    countries = totals[totals["grouping"] == "country"].set_index("group")
    of = groups(fit.world, grouping).reindex(countries.index)
    people, seen = countries["population"], countries["evidence"] == "surveyed"
    return people.where(seen, 0.0).groupby(of).sum() / people.groupby(of).sum()


def _unit(fit: Fit) -> float:
    return 100.0 if fit.card.show == "percent" else 1000.0


def _row(row: pd.Series, fit: Fit, top: float) -> dict[str, Any]:
    """Return a row of estimates with its interval drawn on a scale that ends at top (in the card's unit)."""
    told = {str(key): value for key, value in row.items()}
    bounds = (row["prevalence_lower"], row["prevalence_median"], row["prevalence_upper"])
    return told | {"whisker": charts.whisker(*(b * _unit(fit) for b in bounds), top, row["evidence"])}


def _people(fit: Fit, estimates: pd.DataFrame) -> dict[str, Any]:
    """Return one table per sex: regions down, all ages and each band across."""
    ages = [ALL, *(band.label for band in fit.card.bands)]
    sexes = [sex for sex in (ALL, "female", "male") if (estimates["sex"] == sex).any()]
    cells = estimates.set_index(["grouping", "group", "sex", "age"])[
        ["name", "prevalence_median", "prevalence_lower", "prevalence_upper", "evidence"]
    ]
    known = {key: row for key, row in zip(cells.index, cells.to_dict("records"), strict=True)}
    tables = {sex: [] for sex in sexes}
    for grouping, group, depth in _places(fit, ("world", "region", "subregion")):
        for sex in sexes:
            row = [known.get((grouping, group, sex, age)) for age in ages]
            if row[0] is not None:
                tables[sex].append({"name": row[0]["name"], "depth": depth, "cells": row})
    return {"ages": ages, "tables": tables}


def _countries(fit: Fit, countries: pd.DataFrame) -> dict[str, Any]:
    scale = charts.ticks(float(countries["prevalence_upper"].max()) * _unit(fit))
    region = fit.world.places["subregion"]
    rows = countries.sort_values("name", key=lambda names: names.map(_plain))
    listed = [_row(row, fit, scale[-1]) | {"region": region.get(row["group"], "")} for _, row in rows.iterrows()]
    return {"axis": charts.axis(scale[-1], scale), "rows": listed}


def _plain(name: str) -> str:
    """Return a name as it is sorted: without accents, in small letters."""
    import unicodedata

    return "".join(c for c in unicodedata.normalize("NFKD", str(name)) if not unicodedata.combining(c)).casefold()


def _data(fit: Fit, countries: pd.DataFrame) -> dict[str, Any]:
    surveys = fit.evidence.surveys
    people = countries.set_index("group")["population"]
    region = groups(fit.world, "region")
    seen = people.index.isin(surveys["country"])
    kinds = sorted(surveys["source"].unique(), key=lambda kind: (kind == "other", kind))
    by = surveys.assign(region=surveys["country"].map(region)).groupby(["region", "source"]).size()
    table = [
        {
            "name": name,
            "kinds": [int(by.get((name, kind), 0)) for kind in kinds],
            "surveyed": int(seen[people.index.isin(region.index[region == name])].sum()),
            "countries": int((region == name).sum()),
            "share": _share(people, seen, people.index.isin(region.index[region == name])),
        }
        for name in sorted(region.unique())
    ]
    years = {int(str(year)): int(n) for year, n in surveys["year"].astype(int).value_counts().sort_index().items()}
    every = people.index.notna()
    return {
        "kinds": kinds,
        "table": table,
        "all": {"kinds": [int((surveys["source"] == kind).sum()) for kind in kinds], "surveys": len(surveys)},
        "surveyed": int(seen.sum()),
        "countries": len(people),
        "share": _share(people, seen, every),
        "years": years,
        "chart": charts.years(years, _years_alt(years)),
        "rows": len(fit.evidence.rows),
        "respondents": float(surveys["respondents"].sum()),
    }


def _share(people: pd.Series, seen: Any, of: Any) -> float:
    total = float(people[of].sum())
    return float(people[of & seen].sum()) / total if total else float("nan")


def _years_alt(years: dict[int, int]) -> str:
    say = wording.read_words()
    return say("data.years_alt", told=", ".join(say("data.year", year=year, n=n) for year, n in years.items()))


def _checks(findings: Sequence[Finding]) -> list[dict[str, str]]:
    """Return the findings, worst first, and "not run" for the hold-out if there was none."""
    say = wording.read_words()
    order = {"stop": 0, "warn": 1, "pass": 2}
    told = [
        {"verdict": f.verdict, "name": f.name, "sentence": f.sentence} for f in sorted(findings, key=lambda f: order[f.verdict])
    ]
    if not any(_of_hold_out(finding) for finding in findings):
        told.append({"verdict": "not_run", "name": say("checks.held_out"), "sentence": say("checks.missing")})
    return told


def _of_hold_out(finding: Finding) -> bool:
    return re.search(r"held[ -]out|coverage", finding.name, re.IGNORECASE) is not None


def _stamps(findings: Sequence[Finding]) -> list[str]:
    """Return what is stamped across the top: "not converged", "not validated", both or neither."""
    stopped = [finding for finding in findings if finding.verdict == "stop"]
    stamps = {"converged": any(not _of_hold_out(f) for f in stopped), "validated": any(map(_of_hold_out, stopped))}
    return [wording.read_words()(f"banner.{stamp}") for stamp, failed in stamps.items() if failed]


def _math(line: Any) -> dict[str, Any]:
    priors = [(key, Markup(math)) for key, math in line.priors]
    return {"math": Markup(line.math), "sentence": line.sentence, "priors": priors}


def _ledger(fit: Fit) -> list[dict[str, Any]]:
    """Return the ledger's summary; each fate with its surveys by country."""
    summary, lines = fit.evidence.ledger.summary(), fit.evidence.ledger.lines
    names = fit.world.places["name"]
    fates = []
    for fate in summary.to_dict("records"):
        mine = lines[(lines["action"] == fate["action"]) & (lines["why"] == fate["why"])]
        single = mine.drop_duplicates(["country", "survey", "year"]).sort_values(["country", "year", "survey"])
        by = [
            (names.get(country, country), ", ".join(f"{s} ({_year(y)})" for s, y in zip(part["survey"], part["year"], strict=True)))
            for country, part in single.groupby("country", sort=True)
        ]
        fates.append(fate | {"by": by})
    return fates


def _year(year: Any) -> str:
    return f"{year:g}" if isinstance(year, int | float) else str(year)


def _sources(fit: Fit) -> Iterator[dict[str, str]]:
    """Yield what, source and licence: of the evidence from its survey cards, of the tables from data/SOURCES.md."""
    for name in fit.card.evidence:
        card = _survey_card(name)
        if card:
            yield {"what": card.get("title", name), "source": card.get("publisher", ""), "licence": card.get("licence", "")}
    for line in shelf("data", "SOURCES.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip().replace("`", "") for cell in line.strip().strip("|").split("|")]
        if cells[0] in TABLES and len(cells) > 3:
            yield {"what": cells[1], "source": cells[2], "licence": cells[3]}


def _survey_card(name: str) -> dict[str, Any]:
    folder = Path(name)
    try:
        path = folder if folder.is_dir() else shelf("data", *[part for part in folder.parts if part != "data"])
        return tomllib.loads((path / "survey.toml").read_text(encoding="utf-8"))
    except (UncountedError, OSError, tomllib.TOMLDecodeError):
        return {}  # the survey lies elsewhere now: the evidence still names its source
