"""Coverage: which people of the population table a survey speaks for, and where their
levels do not match.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.errors import UncountedError
from uncounted.evidence.evidence import Evidence
from uncounted.interviews.respondents import Respondents
from uncounted.interviews.weighted_totals import cells
from uncounted.world.age import Band, parse_band, shares
from uncounted.world.world import World, check_codes, persons

TRAITS = ("country", "sex", "age")
OLDEST = (
    12 * 150
)  # months; ages of groups without end are taken to be held whole or not at all
SHOWN = 12  # levels that a notebook shows of each list
ALL, ANY_AGE = "", Band(0, None)  # of respondents whose country or age nobody declared


@dataclass(frozen=True)
class Coverage:
    """Levels that only a survey, or only the population, has, and how many people that
    leaves out.

    only_survey: trait, level, respondents (for evidence, effective n). only_population:
    trait, level, persons who are not covered, share of all persons; an age group that
    the survey covers in part is there with the rest of it. uncovered: the share of all
    persons who are in no cell of the survey; persons: how many there are, in `year`.
    """

    name: str
    only_survey: pd.DataFrame
    only_population: pd.DataFrame
    uncovered: float
    persons: float
    year: float

    def __str__(self) -> str:
        told = [_listed(self.only_population, trait) for trait in TRAITS]
        lacking = (
            "; ".join(text for text in told if text)
            or "every level of the population table is in it"
        )
        return (
            f"{self.name} has cells for {1 - self.uncovered:.1%} of"
            f" {self.persons / 1e6:,.0f} million people of {self.year:g}. Without any:"
            f" {lacking}."
        )

    def _repr_html_(self) -> str:
        tables = {
            "only in the survey": self.only_survey,
            "only in the population": self.only_population,
        }
        shown = "".join(_html(what, table) for what, table in tables.items())
        return f"<p>{escape(str(self))}</p>{shown}"


def compare_levels(
    survey: Respondents | Evidence,
    world: World,
    ages: Sequence[str | Band] | None = None,
    year: float | None = None,
) -> Coverage:
    """Set the countries, sexes and ages of a survey beside those of the population
    table.

    Countries without a survey are not amiss: a model imputes them. ages: only people of
    these bands, such as a card's; else all, in the table's groups. year: of the
    population, else the table's last. A trait that the respondents lack covers all its
    levels. Raises UncountedError, with both lists, for codes of countries, sexes and
    ages that the population cannot know; a country known but without population is
    listed.
    """
    year = float(world.population["year"].to_numpy().max()) if year is None else year
    people = persons(
        world, list(world.population["age"].to_numpy()) if ages is None else ages, year
    )
    where = (
        f"The evidence '{survey.source}'"
        if isinstance(survey, Evidence)
        else survey.name
    )
    rows = _rows(survey)
    check_codes(world, set(rows["country"]) - {ALL}, where)
    _check_sexes(rows, people, where)
    bands = [parse_band(str(age)) for age in people["age"].to_numpy()]
    asked = sorted(
        _once(rows["covers"]) - {ANY_AGE}, key=lambda band: (band.lower, band.end)
    )
    shares(asked, [parse_band(str(age)) for age in world.population["age"].to_numpy()])
    total = float(people.sum())
    missed = 1 - float((people * _covered(rows, people, bands)).sum()) / total
    lists = _only_survey(rows, people, bands), _only_population(rows, people, bands)
    return Coverage(where, *lists, missed, total, year)


def _rows(survey: Respondents | Evidence) -> pd.DataFrame:
    """Return one row per cell of the survey: country, sex, covers (bands) and
    respondents.
    """
    if isinstance(survey, Evidence):
        return survey.rows[["country", "sex", "covers", "n"]].rename(
            columns={"n": "respondents"}
        )
    by = [trait for trait in TRAITS if trait in survey.traits]
    rows = cells(survey, by, survey.outcomes[0]).rename(columns={"n": "respondents"})
    bands = (
        [(parse_band(age),) for age in rows["age"]]
        if "age" in by
        else [(ANY_AGE,)] * len(rows)
    )
    rows = rows.assign(covers=pd.Series(bands, index=rows.index, dtype=object))
    rows = rows.assign(country=rows.get("country", ALL), sex=rows.get("sex", "both"))
    return rows[["country", "sex", "covers", "respondents"]]


def _check_sexes(rows: pd.DataFrame, people: xr.DataArray, where: str) -> None:
    seen, known = set(rows["sex"]), [str(sex) for sex in people["sex"].to_numpy()]
    strange = sorted(seen - {*known, "both"})
    if strange:
        unseen = [sex for sex in known if sex not in seen and "both" not in seen]
        lost = float(people.sel(sex=unseen).sum() / people.sum())
        without = (
            f"; it has nobody of {_quoted(unseen)}, {lost:.0%} of the people"
            if unseen
            else ""
        )
        raise UncountedError(
            f"{where} has the sex {_quoted(strange)}, which the population table"
            f" lacks{without}. Recode to {' and '.join(known)}."
        )


def _once(covers: Iterable[Collection[Band]]) -> set[Band]:
    return {band for bands in covers for band in bands}


def _covered(
    rows: pd.DataFrame, people: xr.DataArray, bands: Sequence[Band]
) -> np.ndarray:
    """Return the share of each cell of the population that some cell of the survey
    covers (country, sex, age).
    """
    covered = np.zeros(people.shape)
    countries, sexes = (
        [str(level) for level in people[trait].to_numpy()]
        for trait in ("country", "sex")
    )
    for (country, sex), group in rows.groupby(["country", "sex"], sort=False):
        at = [i for i, code in enumerate(countries) if country in (ALL, code)]
        of = [i for i, known in enumerate(sexes) if sex in ("both", known)]
        corner = np.ix_(at, of)
        covered[corner] = np.maximum(covered[corner], _ages(group["covers"], bands))
    return covered


def _ages(covers: Iterable[Collection[Band]], bands: Sequence[Band]) -> np.ndarray:
    """Return the share of each band, in months, that the ages in `covers` hold, no age
    twice.
    """
    held = np.zeros(OLDEST, bool)
    for one in _once(covers):
        held[one.lower : one.upper] = True
    return np.array([held[band.lower : band.upper].mean() for band in bands])


def _only_survey(
    rows: pd.DataFrame, people: xr.DataArray, bands: Sequence[Band]
) -> pd.DataFrame:
    """Return the countries without population, and the ages in none of the bands, that
    respondents have.
    """
    levels = {
        "country": (
            rows["country"].where(
                ~rows["country"].isin([ALL, *people["country"].to_numpy()])
            )
        ),
        "age": rows["covers"].map(lambda covers: _apart(covers, bands)),
    }
    sums = {
        trait: rows["respondents"].groupby(level).sum()
        for trait, level in levels.items()
    }
    told = [
        (trait, level, n) for trait, found in sums.items() for level, n in found.items()
    ]
    return pd.DataFrame(told, columns=["trait", "level", "respondents"])


def _apart(covers: Collection[Band], bands: Sequence[Band]) -> str | None:
    """Return how ages that are in none of the bands are written, else None."""
    apart = not any(
        one.lower < band.end and band.lower < one.end
        for one in covers
        for band in bands
    )
    return ", ".join(band.label for band in covers) if apart else None


def _only_population(
    rows: pd.DataFrame, people: xr.DataArray, bands: Sequence[Band]
) -> pd.DataFrame:
    """Return, of each trait by itself, the levels of which not everybody is covered."""
    countries, sexes = set(rows["country"]), set(rows["sex"])
    reached = {
        "country": people["country"].isin(list(countries)) | (ALL in countries),
        "sex": people["sex"].isin(list(sexes)) | ("both" in sexes),
        "age": _ages(rows["covers"], bands),
    }
    parts = []
    for trait, covered in reached.items():
        margin = people.sum([other for other in TRAITS if other != trait])
        left = margin.to_numpy() * (1 - np.asarray(covered, float))
        parts.append(
            pd.DataFrame(
                {"trait": trait, "level": margin[trait].to_numpy(), "persons": left}
            )
        )
    table = (
        pd.concat(parts, ignore_index=True).query("persons > 0").reset_index(drop=True)
    )
    return table.assign(share=table["persons"] / float(people.sum()))


def _quoted(words: Iterable[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)


def _listed(table: pd.DataFrame, trait: str) -> str:
    found = table[table["trait"] == trait]
    if found.empty:
        return ""
    if trait != "age":
        found = found.sort_values("persons", ascending=False, kind="stable")
    plural = {"country": "countries", "sex": "sexes", "age": "ages"}[trait]
    more = f" and {len(found) - 6} more" if len(found) > 6 else ""
    return (
        f"{plural} {', '.join(found['level'].head(6))}{more}"
        f" ({found['share'].sum():.1%} of the people)"
    )


def _html(what: str, table: pd.DataFrame) -> str:
    if table.empty:
        return f"<p>{what}: nothing</p>"
    rest = f"<p>and {len(table) - SHOWN} more</p>" if len(table) > SHOWN else ""
    order = "persons" if "persons" in table else "respondents"
    shown = table.sort_values(order, ascending=False, kind="stable").head(SHOWN)
    cells = shown.to_html(index=False, float_format="{:,.3g}".format)
    return f"<p>{what}:</p>{cells}{rest}"
