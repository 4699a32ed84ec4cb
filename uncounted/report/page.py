"""Page: one HTML file with an estimate, what is behind it and whether to believe it; it opens without any network."""

import math
import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from uncounted.checks.finding import Finding
from uncounted.errors import UncountedError
from uncounted.infer.fit import Fit
from uncounted.model.card import SHOW
from uncounted.report import charts, wording
from uncounted.report.equation import equation
from uncounted.report.map import read_geometry, world_map
from uncounted.report.tables import of_all_levels
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
    estimates = of_all_levels(fit, estimates)
    show, totals = fit.card.show, _totals(estimates)
    world = totals[totals["grouping"] == "world"].iloc[0]
    countries = totals[totals["grouping"] == "country"]
    drawn = world_map(estimates, fit.world, show)
    template = _environment().get_template("page.html")
    return template.render(
        say=wording.read_words(),
        card=fit.card,
        fit=fit,
        unit=show,
        given=wording.unit(show),
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
        loader=FileSystemLoader(TEMPLATE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
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
    """Return (grouping, group, depth) from the world down: each region before its subregions, if it has several."""
    places = fit.world.places
    found = [("world", name, 0) for name in sorted(set(groups(fit.world, "world")))]
    for region in sorted(places["region"].unique()):
        below = sorted(places.loc[places["region"] == region, "subregion"].unique())
        found.append(("region", region, 1))
        found += [("subregion", one, 2) for one in below if len(below) > 1]
    return [one for one in found if one[0] in groupings]


def _regions(fit: Fit, totals: pd.DataFrame) -> dict[str, Any]:
    """Return the world, regions and subregions with their intervals drawn on one scale."""
    known = {(row["grouping"], row["group"]): row for row in _records(totals)}
    order = [one for one in _places(fit, ("world", "region", "subregion")) if one[:2] in known]
    scale = _scale([known[one[:2]] for one in order], fit)
    share = {name: _covered(fit, totals, name) for name in ("world", "region", "subregion")}
    rows = []
    for grouping, group, depth in order:
        covered = share[grouping].get(group, float("nan"))
        rows.append(_drawn(known[grouping, group], fit, scale[-1]) | {"depth": depth, "covered": covered})
    return {"axis": charts.axis(scale[-1], scale), "rows": rows}


def _records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in rows.to_dict("records")]


def _covered(fit: Fit, totals: pd.DataFrame, grouping: str) -> pd.Series:
    """Return the share of each group's persons who live in countries that were surveyed."""
    countries = totals[totals["grouping"] == "country"].set_index("group")
    of = groups(fit.world, grouping).reindex(countries.index)
    people, seen = countries["population"], countries["evidence"] == "surveyed"
    return people.where(seen, 0.0).groupby(of).sum() / people.groupby(of).sum()


def _scale(rows: Sequence[dict[str, Any]], fit: Fit) -> list[float]:
    """Return the marks of a scale that holds every interval, in the card's unit."""
    highest = max((row["prevalence_upper"] for row in rows if math.isfinite(row["prevalence_upper"])), default=math.nan)
    return charts.ticks(highest * SHOW[fit.card.show])


def _drawn(row: dict[str, Any], fit: Fit, top: float) -> dict[str, Any]:
    """Return a row of estimates with its interval drawn on a scale that ends at top (in the card's unit)."""
    low, middle, high = (row[f"prevalence_{stat}"] * SHOW[fit.card.show] for stat in ("lower", "median", "upper"))
    return row | {"whisker": charts.whisker(low, middle, high, top, row["evidence"])}


def _people(fit: Fit, estimates: pd.DataFrame) -> dict[str, Any]:
    """Return one table per sex: regions down, all ages and each band across."""
    ages = [ALL, *(band.label for band in fit.card.bands)]
    sexes = [sex for sex in (ALL, "female", "male") if (estimates["sex"] == sex).any()]
    known = {(row["grouping"], row["group"], row["sex"], row["age"]): row for row in _records(estimates)}
    tables = {sex: [] for sex in sexes}
    for grouping, group, depth in _places(fit, ("world", "region", "subregion")):
        for sex in sexes:
            row = [known.get((grouping, group, sex, age)) for age in ages]
            if row[0] is not None:
                tables[sex].append({"name": row[0]["name"], "depth": depth, "cells": row})
    return {"ages": ages, "tables": tables}


def _countries(fit: Fit, countries: pd.DataFrame) -> dict[str, Any]:
    region = fit.world.places["subregion"]
    rows = sorted(_records(countries), key=lambda row: _plain(row["name"]))
    scale = _scale(rows, fit)
    listed = [_drawn(row, fit, scale[-1]) | {"region": region.get(row["group"], "")} for row in rows]
    return {"axis": charts.axis(scale[-1], scale), "rows": listed}


def _plain(name: str) -> str:
    """Return a name as it is sorted: without accents, in small letters."""
    return "".join(c for c in unicodedata.normalize("NFKD", str(name)) if not unicodedata.combining(c)).casefold()


def _data(fit: Fit, countries: pd.DataFrame) -> dict[str, Any]:
    """Return what the surveys are: by region and kind of source, by year, and whom their countries hold."""
    surveys = fit.evidence.surveys
    people = countries.set_index("group")["population"]
    seen = people.index.isin(surveys["country"])
    kinds = sorted(surveys["source"].unique(), key=lambda kind: (kind == "other", kind))
    years = dict(sorted(Counter(int(year) for year in surveys["year"]).items()))
    return {
        "kinds": kinds,
        "table": _by_region(fit, surveys, people, seen, kinds),
        "all": {"kinds": [int((surveys["source"] == kind).sum()) for kind in kinds], "surveys": len(surveys)},
        "surveyed": int(seen.sum()),
        "countries": len(people),
        "share": _share(people, seen, np.ones(len(people), bool)),
        "years": years,
        "chart": charts.years(years, _years_alt(years)),
        "rows": len(fit.evidence.rows),
        "respondents": float(surveys["respondents"].sum()),
    }


def _by_region(
    fit: Fit, surveys: pd.DataFrame, people: pd.Series, seen: np.ndarray, kinds: Sequence[str]
) -> list[dict[str, Any]]:
    region = groups(fit.world, "region")
    where = surveys["country"].map(region)
    table = []
    for name in sorted(region.unique()):
        mine, inside = surveys[where == name], people.index.isin(region.index[region == name])
        count = {
            "surveyed": int(seen[inside].sum()),
            "countries": int(inside.sum()),
            "share": _share(people, seen, inside),
        }
        table.append({"name": name, "kinds": [int((mine["source"] == kind).sum()) for kind in kinds], **count})
    return table


def _share(people: pd.Series, seen: np.ndarray, of: np.ndarray) -> float:
    total = float(people[of].sum())
    return float(people[of & seen].sum()) / total if total else float("nan")


def _years_alt(years: dict[int, int]) -> str:
    say = wording.read_words()
    return say("data.years_alt", told=", ".join(say("data.year", year=year, n=n) for year, n in years.items()))


def _checks(findings: Sequence[Finding]) -> list[dict[str, str]]:
    """Return the findings, worst first, and "not run" for the hold-out if there was none."""
    say = wording.read_words()
    order = {"stop": 0, "warn": 1, "pass": 2}
    worst = sorted(findings, key=lambda finding: order[finding.verdict])
    told = [{"verdict": one.verdict, "name": one.name, "sentence": one.sentence} for one in worst]
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
    lines = fit.evidence.ledger.lines
    fates = []
    for fate in _records(fit.evidence.ledger.summary()):
        mine = lines[(lines["action"] == fate["action"]) & (lines["why"] == fate["why"])]
        fates.append(fate | {"by": _by_country(mine, fit.world.places["name"])})
    return fates


def _by_country(lines: pd.DataFrame, names: pd.Series) -> list[tuple[str, str]]:
    """Return each country's name and its surveys: "1047 (2012), 1060 (2015)"."""
    single = lines.drop_duplicates(["country", "survey", "year"]).sort_values(["country", "year", "survey"])
    told: dict[str, list[str]] = {}
    for row in _records(single):
        told.setdefault(str(row["country"]), []).append(f"{row['survey']} ({_year(row['year'])})")
    return [(str(names.get(country, country)), ", ".join(surveys)) for country, surveys in told.items()]


def _year(year: Any) -> str:
    return f"{year:g}" if isinstance(year, int | float) else str(year)


def _sources(fit: Fit) -> Iterator[dict[str, str]]:
    """Yield what, source and licence: of the evidence from its survey cards, of the tables from data/SOURCES.md."""
    for name in fit.card.evidence:
        card = _survey_card(name)
        if card:
            told = {"source": card.get("publisher", ""), "licence": card.get("licence", "")}
            yield {"what": card.get("title", name), **told}
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
