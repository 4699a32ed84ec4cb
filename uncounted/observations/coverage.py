"""Coverage: the people of the population table that a survey represents, and the levels
that do not match.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, product

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.errors import UncountedError
from uncounted.glance import outline
from uncounted.interviews.respondents import Respondents
from uncounted.interviews.weighted_totals import cells
from uncounted.observations.evidence import Evidence
from uncounted.world.age import Band, ordered, parse_band, shares
from uncounted.world.world import World, check_codes, persons

PLURALS = {"country": "countries", "sex": "sexes", "age": "ages"}
TRAITS = tuple(PLURALS)
# months; ages of groups without end are taken to be held whole or not at all
OLDEST = 12 * 150
NAMED = 6  # levels that a sentence names
# of respondents whose country or age nobody declared
ALL, ANY_AGE = "", Band(0, None)


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
        lists = [_listed(self.only_population, trait) for trait in TRAITS]
        lacking = "; ".join(filter(None, lists))
        if not lacking:
            lacking = "every level of the population table is in it"
        return (
            f"{self.name} has cells for {1 - self.uncovered:.1%} of"
            f" {self.persons / 1e6:,.0f} million people of {self.year:g}. Without any:"
            f" {lacking}."
        )

    __repr__ = outline


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
    groups = list(world.population["age"].to_numpy())
    if year is None:
        year = float(world.population["year"].to_numpy().max())
    people = persons(world, groups if ages is None else ages, year)
    if isinstance(survey, Evidence):
        name = f"The evidence '{survey.source}'"
    else:
        name = survey.name
    rows = _rows(survey)
    check_codes(world, set(rows["country"]) - {ALL}, name)
    _check_sexes(rows, people, name)
    bands = _bands(people["age"].to_numpy())
    surveyed = ordered(chain.from_iterable(rows["covers"]))
    shares([band for band in surveyed if band != ANY_AGE], _bands(groups))
    total = float(people.sum())
    covered = float((people * _covered(rows, people, bands)).sum())
    return Coverage(
        name=name,
        only_survey=_only_survey(rows, people, bands),
        only_population=_only_population(rows, people, bands),
        uncovered=1 - covered / total,
        persons=total,
        year=float(year),
    )


def _bands(labels: Iterable[object]) -> list[Band]:
    return [parse_band(str(label)) for label in labels]


def _rows(survey: Respondents | Evidence) -> pd.DataFrame:
    """Return one row per cell of the survey: country, sex, covers (bands) and
    respondents.
    """
    if isinstance(survey, Evidence):
        rows = survey.rows[["country", "sex", "covers", "n"]]
        return rows.rename(columns={"n": "respondents"})
    by = [trait for trait in TRAITS if trait in survey.traits]
    rows = cells(survey, by, survey.outcomes[0])
    bands = [ANY_AGE] * len(rows)
    if "age" in by:
        bands = _bands(rows["age"])
    covers = pd.Series(
        [(band,) for band in bands],
        index=rows.index,
        dtype=object,
    )
    return pd.DataFrame(
        {
            "country": rows.get("country", ALL),
            "sex": rows.get("sex", "both"),
            "covers": covers,
            "respondents": rows["n"],
        }
    )


def _check_sexes(
    rows: pd.DataFrame,
    people: xr.DataArray,
    where: str,
) -> None:
    surveyed = set(rows["sex"])
    sexes = [str(sex) for sex in people["sex"].to_numpy()]
    strange = sorted(surveyed - {*sexes, "both"})
    if not strange:
        return
    without = ""
    lacking = [sex for sex in sexes if sex not in surveyed]
    if lacking and "both" not in surveyed:
        share = float(people.sel(sex=lacking).sum() / people.sum())
        without = f"; it has nobody of {_quoted(lacking)}, {share:.0%} of the people"
    raise UncountedError(
        f"{where} has the sex {_quoted(strange)}, which the population table"
        f" lacks{without}. Recode to {' and '.join(sexes)}."
    )


def _covered(
    rows: pd.DataFrame,
    people: xr.DataArray,
    bands: Sequence[Band],
) -> np.ndarray:
    """Return the share of each cell of the population that some cell of the survey
    covers (country, sex, age).
    """
    covered = np.zeros(people.shape)
    countries = people["country"].to_numpy().astype(str)
    sexes = people["sex"].to_numpy().astype(str)
    for (country, sex), group in rows.groupby(["country", "sex"], sort=False):
        in_country = (countries == country) | (country == ALL)
        of_sex = (sexes == sex) | (sex == "both")
        corner = np.ix_(in_country, of_sex)
        covered[corner] = np.maximum(covered[corner], _ages(group["covers"], bands))
    return covered


def _ages(
    covers: Iterable[Collection[Band]],
    bands: Sequence[Band],
) -> np.ndarray:
    """Return the share of each band, in months, that the ages in `covers` hold, no age
    twice.
    """
    held = np.zeros(OLDEST, bool)
    for band in dict.fromkeys(chain.from_iterable(covers)):
        held[band.lower : band.upper] = True
    return np.array([held[band.lower : band.upper].mean() for band in bands])


def _only_survey(
    rows: pd.DataFrame,
    people: xr.DataArray,
    bands: Sequence[Band],
) -> pd.DataFrame:
    """Return the countries without population, and the ages in none of the bands, that
    respondents have.
    """
    populated = [ALL, *people["country"].to_numpy()]
    levels = {
        "country": rows["country"].where(~rows["country"].isin(populated)),
        "age": rows["covers"].map(lambda covers: _label_outside(covers, bands)),
    }
    lines = []
    for trait, level in levels.items():
        sums = rows["respondents"].groupby(level).sum()
        for label, respondents in sums.items():
            lines.append((trait, label, respondents))
    return pd.DataFrame(lines, columns=["trait", "level", "respondents"])


def _label_outside(
    covers: Collection[Band],
    bands: Sequence[Band],
) -> str | None:
    """Return how ages that are in none of the bands are written, else None."""
    for age, band in product(covers, bands):
        if age.lower < band.end and band.lower < age.end:
            return None
    return ", ".join(band.label for band in covers)


def _only_population(
    rows: pd.DataFrame,
    people: xr.DataArray,
    bands: Sequence[Band],
) -> pd.DataFrame:
    """Return, of each trait by itself, the levels of which not everybody is covered."""
    countries, sexes = set(rows["country"]), set(rows["sex"])
    reached = {
        "country": people["country"].isin(list(countries)) | (ALL in countries),
        "sex": people["sex"].isin(list(sexes)) | ("both" in sexes),
        "age": _ages(rows["covers"], bands),
    }
    lists = []
    for trait, covered in reached.items():
        margin = people.sum([axis for axis in TRAITS if axis != trait])
        uncovered = margin.to_numpy() * (1 - np.asarray(covered, float))
        levels = margin[trait].to_numpy()
        lists.append(
            pd.DataFrame(
                {
                    "trait": trait,
                    "level": levels,
                    "persons": uncovered,
                }
            )
        )
    table = pd.concat(lists, ignore_index=True)
    table = table.loc[table["persons"] > 0].reset_index(drop=True)
    return table.assign(share=table["persons"] / float(people.sum()))


def _quoted(words: Iterable[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)


def _listed(table: pd.DataFrame, trait: str) -> str:
    levels = table[table["trait"] == trait]
    if levels.empty:
        return ""
    if trait != "age":
        levels = levels.sort_values("persons", ascending=False, kind="stable")
    names = ", ".join(levels["level"].head(NAMED))
    if len(levels) > NAMED:
        names += f" and {len(levels) - NAMED} more"
    share = levels["share"].sum()
    return f"{PLURALS[trait]} {names} ({share:.1%} of the people)"
