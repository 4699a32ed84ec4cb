"""Elsewhere: what families report of events abroad, as estimates and evidence for where
it happened.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from uncounted.errors import UncountedError, did_you_mean
from uncounted.evidence.evidence import AXES, Evidence, canonical, digest_of
from uncounted.evidence.evidence import ELSEWHERE as ELSEWHERE
from uncounted.figures import design_effects as effects
from uncounted.figures.ledger import Ledger
from uncounted.figures.partition import named
from uncounted.interviews.direct import direct
from uncounted.interviews.families import CARRIED, Families, as_respondents, events_of
from uncounted.interviews.kinship import ADULT
from uncounted.world.age import Band, contains, parse_band
from uncounted.world.world import World, check_codes, persons

# weights that add up to more than this times the frame, or less than its inverse, count
# no persons
SCALE = 2.0
KEY = ["id", "member"]


@dataclass(frozen=True)
class Abroad:
    """The origin of `reported_from_elsewhere`: the families, how their reports become
    evidence, and the rows made.
    """

    families: Families
    make: Callable[[Families], Evidence]
    rows: pd.DataFrame

    def without(
        self, surveys: Collection[str], countries: Collection[str] = ()
    ) -> pd.DataFrame:
        """Make the rows again without what was told in interviews in some countries."""
        del surveys
        whole = self.families
        out = whole.interviews["country"].isin(countries)
        interviews = whole.interviews.loc[~out]
        persons = whole.persons.loc[~whole.persons["country"].isin(countries)]
        if interviews.empty:
            return self.rows.iloc[:0]
        events = whole.events.loc[
            ~whole.events["id"].isin(whole.interviews.loc[out, "id"])
        ]
        rows = self.make(
            replace(whole, interviews=interviews, persons=persons, events=events)
        ).rows
        return rows.assign(
            survey=rows["country"].map(self.rows.groupby("country")["survey"].first())
        )


def reported_abroad(
    families: Families | Sequence[Families],
    outcome: str,
    by: str | Sequence[str] = AXES,
) -> pd.DataFrame:
    """Estimate the victims in other countries who have family where interviews were
    held, by host × cell.

    N̂_h = Σ_i w_i Σ_j z_ij/m_j over all interviewed countries but h; its variance is
    linearised at their PSUs, countries being independent; of a country surveyed in k
    rounds, each counts 1/k. Columns country (the host), `by`, persons, se and cases
    (reports); hosts of which nobody reported are not listed. m_j counts relatives in
    one country: whoever has family in two interviewed ones counts twice.
    """
    everybody = _averaged(_together(families))
    axes = _axes(by)
    rows = _by_host(everybody, outcome)
    columns = ["country", *axes, "persons", "se", "cases"]
    if not rows["case"].any():
        return pd.DataFrame(columns=columns)
    respondents = as_respondents(
        everybody, rows, {outcome: "case"}, ["sex", "age", "host"]
    )
    table = direct(
        respondents, ["host", *axes], outcome, scale_to="weights"
    )  # persons: totals are added up
    return table[["host", *axes, "total", "total_se", "cases"]].set_axis(
        columns, axis=1
    )


def reported_from_elsewhere(
    families: Families | Sequence[Families],
    outcome: str,
    world: World,
    by: str | Sequence[str] = AXES,
    ages: Sequence[str] | None = None,
) -> Evidence:
    """Return what was reported from abroad as evidence of q_h = N̂_h/N_h, one row per
    host country × cell.

    Every country is a host, also those that nobody reported: they say that q is small.
    A report stands for w̄ = Σ(w/m)²/Σ(w/m) persons, pooled over all reported persons,
    so that with N_h persons in the cell of the world y = N̂_h/(w̄ d̃) and n = N_h/(w̄
    d̃). d̃ smooths V̂/(w̄ N̂_h) over hosts with `effects.CASES` reports or more. q_h
    sees only victims who have family where interviews were held, so it is not p_h, and
    a host's rows are never added to its own survey. N̂_h > N_h, as where one report
    stands for more people than a small cell has, becomes N_h, and is in the ledger.
    ages: bands that the outcome is of; the families' within them count, else all.
    Raises UncountedError for weights that don't add up to persons, rounds of one
    country that no survey's name tells apart, and codes that the world lacks.
    """
    whole = _together(families)
    together = _aged(whole, ages)
    everybody = _averaged(together)
    axes = _axes(by)
    year = _checked(everybody, world)
    ledger = _left_out(
        everybody, outcome, world, axes if ages is None else {*axes, "age"}, year
    )
    seen = reported_abroad(
        together if ages is None else _of_ages(together), outcome, axes
    )
    hosts = _cells(everybody, world, axes, year)
    rows = hosts.merge(seen, on=["country", *axes], how="left").fillna(
        {"persons": 0.0, "cases": 0}
    )
    over = rows["persons"] > rows["people"]
    told = rows.loc[over].assign(survey=everybody.name, year=year)
    ledger = ledger.add(
        told, "repaired", "more victims estimated than people there: all of them taken"
    )
    rows = rows.assign(estimate=(rows["persons"] / rows["people"]).clip(upper=1.0))
    made = _evidence(
        _effective(rows, everybody), everybody, outcome, axes, year, ledger
    )
    again = partial(
        reported_from_elsewhere, outcome=outcome, world=world, by=by, ages=ages
    )
    return replace(made, origin=(Abroad(whole, again, made.rows),))


def _effective(rows: pd.DataFrame, families: Families) -> pd.DataFrame:
    """Add n, y and deff; a host keeps some of its own design effect, as far as
    `effects.smooth` believes it.
    """
    weight = families.persons["weight"].to_numpy()
    stands_for = (weight**2).sum() / weight.sum()
    n = rows["people"] / stands_for
    figures = rows.assign(n=n, deff=np.nan, se=rows["se"] / rows["people"])
    mean = effects.mean_effect(figures, effects.design_effects(figures))
    deff = 1.0 if np.isnan(mean) else mean
    return rows.assign(n=n / deff, y=rows["estimate"] * n / deff, deff=deff)


def _evidence(
    rows: pd.DataFrame,
    families: Families,
    outcome: str,
    axes: Sequence[str],
    year: int,
    ledger: Ledger,
) -> Evidence:
    rows = rows.assign(
        survey=[f"elsewhere-{country}-{year}" for country in rows["country"]],
        year=year,
        source=ELSEWHERE,
        window=families.window_years[outcome] or np.nan,
        definition="",
        sex=rows["sex"] if "sex" in axes else "both",
        respondents=np.nan,
        cases=rows["cases"].astype(float),
        breakdown=named(axes),
        mask_below=families.mask_below,
    )
    rows = canonical(rows)
    return Evidence(
        outcome, rows, ledger, f"{families.name}, {ELSEWHERE}", digest_of(rows)
    )


def _cells(
    families: Families, world: World, axes: Sequence[str], year: int
) -> pd.DataFrame:
    """Return the cells of every host that somebody interviewed elsewhere could have
    reported: covers, people.
    """
    people = persons(world, families.ages, year, nearest=True)
    whole = [axis for axis in AXES if axis not in axes]
    table = people.sum(whole).to_series().rename("people").reset_index()
    interviewed = set(families.interviews["country"].unique())
    asked = pd.Series(
        [bool(interviewed - {country}) for country in table["country"]],
        index=table.index,
    )
    table = table.loc[asked & (table["people"] > 0)].reset_index(drop=True)
    bands = (
        [(parse_band(age),) for age in table["age"]]
        if "age" in axes
        else [families.ages] * len(table)
    )
    return table.assign(covers=pd.Series(bands, index=table.index, dtype=object))


def _by_host(families: Families, outcome: str) -> pd.DataFrame:
    """Return reported persons, those with events abroad once for each country where
    they happened.
    """
    abroad = events_of(families, outcome).merge(
        families.persons[[*KEY, "country"]], on=KEY, suffixes=("", "_of")
    )
    abroad = abroad.loc[abroad["country"] != abroad["country_of"]]
    hosts = abroad.drop_duplicates([*KEY, "country"], keep="last")[
        [*KEY, "country", "age"]
    ]
    hosts = hosts.rename(columns={"country": "host", "age": "then"})
    rows = families.persons.merge(hosts, on=KEY, how="left")
    case = rows["host"].notna()
    if families.window_years[outcome] > 0:
        rows["age"] = rows["age"].where(~case, rows["then"])
    return rows.assign(host=rows["host"].fillna(""), case=case.astype(int))


def _left_out(
    families: Families, outcome: str, world: World, axes: Collection[str], year: int
) -> Ledger:
    """Return the ledger of reports that are in no row; raises UncountedError for codes
    that nobody knows.
    """
    rows = _by_host(families, outcome)
    rows = rows.loc[rows["case"] == 1].assign(
        country=lambda found: found["host"], survey=families.name, year=year
    )
    unknown = check_codes(
        world, rows["country"].unique(), f"The events abroad of {families.name}"
    )
    lacking = rows["country"].isin(unknown)
    ledger = Ledger().add(
        rows.loc[lacking], "excluded", "the population table lacks the country"
    )
    known = {"sex": rows["sex"] != "", "age": _within(rows["age"], families.ages)}
    for axis in sorted(axes):
        out = ~lacking & ~known[axis]
        ledger = ledger.add(
            rows.loc[out],
            "excluded",
            f"{axis} at the event is missing, or not asked for",
        )
    return ledger


def _axes(by: str | Sequence[str]) -> list[str]:
    named = [by] if isinstance(by, str) else list(by)
    for axis in named:
        if axis not in AXES:
            raise UncountedError(
                f"Events abroad are told by sex and age; '{axis}' is"
                f" neither.{did_you_mean(axis, AXES)}"
            )
    return [axis for axis in AXES if axis in named]


def _together(families: Families | Sequence[Families]) -> Families:
    """Return several surveys as one, each respondent's id under its survey's number."""
    if isinstance(families, Families):
        return families
    if not families:
        raise UncountedError("No family survey is given. Read one: read_families(…).")
    first = families[0]
    for other in families[1:]:
        for word in ("ages", "window_years", "nested", "single_psu"):
            if getattr(other, word) != getattr(first, word):
                raise UncountedError(
                    f"'{other.name}' has another {word} than '{first.name}'. Read them"
                    " alike."
                )
    tables = {}
    for what in ("persons", "events", "interviews"):
        parts = [getattr(each, what) for each in families]
        numbered = [
            part.assign(id=f"{i}/" + part["id"]) for i, part in enumerate(parts)
        ]
        if what != "events":  # of a country surveyed in two of them, each is a round
            numbered = [
                part.assign(survey=f"{i}/" + part.get("survey", ""))
                for i, part in enumerate(numbered)
            ]
        table = pd.concat(numbered, ignore_index=True)
        for role in sorted(
            {*CARRIED} & {*table.columns}
        ):  # where one survey declares what another doesn't
            table[role] = table[role].fillna(table["id"] if role == "psu" else "all")
        tables[what] = table
    most = max(each.mask_below for each in families)
    return replace(
        first, name="; ".join(each.name for each in families), mask_below=most, **tables
    )


def _aged(families: Families, ages: Sequence[str] | None) -> Families:
    """Return the families with those of their bands that lie within given ones."""
    if ages is None:
        return families
    given = [parse_band(age) for age in ages]
    kept = tuple(
        band for band in families.ages if any(contains(one, band) for one in given)
    )
    if not kept:
        raise UncountedError(
            f"{families.name} has the ages"
            f" {', '.join(band.label for band in families.ages)}, of which none lies"
            f" within {', '.join(ages)}. Read it with bands that do."
        )
    return replace(families, ages=kept)


def _of_ages(families: Families) -> Families:
    """Return the families without events at other ages than their bands."""
    return replace(
        families,
        events=families.events.loc[_within(families.events["age"], families.ages)],
    )


def _within(age: pd.Series, bands: Sequence[Band]) -> pd.Series:
    return pd.concat(
        [(12 * age >= band.lower) & (12 * age < band.end) for band in bands], axis=1
    ).any(axis=1)


def _averaged(families: Families) -> Families:
    """Return the families with the weights of a country's k rounds divided by k, so
    that it counts once.
    """
    asked = families.interviews
    if "survey" not in asked:
        return families
    rounds = asked.groupby("country")["survey"].nunique()
    if (rounds == 1).all():
        return families
    parts = {"persons": families.persons, "interviews": asked}
    shared = {
        what: part.assign(weight=part["weight"] / part["country"].map(rounds))
        for what, part in parts.items()
    }
    return replace(families, **shared)


def _checked(families: Families, world: World) -> int:
    """Return the mean year of the interviews; raises UncountedError unless weights and
    countries fit together.
    """
    asked, where = families.interviews, families.name
    lacking = check_codes(world, asked["country"].unique(), where)
    of = asked.groupby("country")
    twice = of["year"].nunique()
    for country in sorted(twice.index[twice > 1]):
        if "survey" not in asked:
            raise UncountedError(
                f"{where} has interviews of {country} in several years, which would"
                " count its families twice. Say which survey each belongs to."
            )
    year = round(of["year"].mean().mean())
    frame = persons(world, [Band(12 * ADULT, None)], year, nearest=True).sum(
        ["sex", "age"]
    )
    for country, total in of["weight"].sum().items():
        if country in lacking:
            raise UncountedError(
                f"{where}: the population table lacks {country}, so its weights cannot"
                " be checked. Leave it out."
            )
        people = float(frame.sel(country=country))
        if not 1 / SCALE <= total / people <= SCALE:
            raise UncountedError(
                f"{where}: the weights of {country} add up to {total:,.0f}, and"
                f" {people:,.0f} people there are {ADULT} or older. Scale them to"
                " persons."
            )
    return year
