"""Elsewhere: families' reports of events abroad, as estimates and as evidence on the
country where it happened.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from uncounted.errors import UncountedError, did_you_mean
from uncounted.figures import design_effects as effects
from uncounted.figures.ledger import Ledger
from uncounted.figures.partition import named
from uncounted.interviews.direct import direct
from uncounted.interviews.families import Families, as_respondents, events_of
from uncounted.observations.evidence import Evidence
from uncounted.observations.evidence_rows import AXES, canonical, digest_of
from uncounted.observations.evidence_rows import ELSEWHERE as ELSEWHERE
from uncounted.observations.family_rounds import averaged, mean_year, together
from uncounted.world.age import Band, contains, parse_band
from uncounted.world.world import World, check_codes, persons

KEY = ["id", "member"]


@dataclass(frozen=True)
class Abroad:
    """The origin of `reported_from_elsewhere`.

    families: the surveys. make: how their reports become evidence. rows: the rows made.
    """

    families: Families
    make: Callable[[Families], Evidence]
    rows: pd.DataFrame

    def without(
        self,
        surveys: Collection[str],
        countries: Collection[str] = (),
    ) -> pd.DataFrame:
        """Make the rows again without the reports of interviews in some countries."""
        del surveys
        out = self.families.interviews["country"].isin(countries)
        if out.all():
            return self.rows.iloc[:0]
        ids = self.families.interviews.loc[out, "id"]
        relatives = self.families.persons
        events = self.families.events
        kept = replace(
            self.families,
            interviews=self.families.interviews.loc[~out],
            persons=relatives.loc[~relatives["country"].isin(countries)],
            events=events.loc[~events["id"].isin(ids)],
        )
        rows = self.make(kept).rows
        names = self.rows.groupby("country")["survey"].first()
        return rows.assign(survey=rows["country"].map(names))


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
    everybody = averaged(together(families))
    axes = _axes(by)
    rows = _by_host(everybody, outcome)
    columns = ["country", *axes, "persons", "se", "cases"]
    if not rows["case"].any():
        return pd.DataFrame(columns=columns)
    traits = ["sex", "age", "host"]
    respondents = as_respondents(everybody, rows, {outcome: "case"}, traits)
    # weights count persons: totals are added up
    table = direct(
        respondents,
        ["host", *axes],
        outcome,
        scale_to="weights",
    )
    table = table[["host", *axes, "total", "total_se", "cases"]]
    return table.set_axis(columns, axis=1)


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
    surveys = together(families)
    of_bands = _aged(surveys, ages)
    everybody = averaged(of_bands)
    axes = _axes(by)
    year = mean_year(everybody, world)
    needed = axes if ages is None else {*axes, "age"}
    ledger = _left_out(everybody, outcome, world, needed, year)
    if ages is not None:
        of_bands = _of_ages(of_bands)
    reports = reported_abroad(of_bands, outcome, axes)
    hosts = _cells(everybody, world, axes, year)
    rows = hosts.merge(
        reports,
        on=["country", *axes],
        how="left",
    )
    rows = rows.fillna({"persons": 0.0, "cases": 0})
    over = rows.loc[rows["persons"] > rows["people"]]
    lines = over.assign(
        survey=everybody.name,
        year=year,
    )
    why = "more victims estimated than people there: all of them taken"
    ledger = ledger.add(lines, "repaired", why)
    estimate = (rows["persons"] / rows["people"]).clip(upper=1.0)
    rows = _effective(rows.assign(estimate=estimate), everybody)
    evidence = _evidence(rows, everybody, outcome, axes, year, ledger)
    again = partial(
        reported_from_elsewhere,
        outcome=outcome,
        world=world,
        by=by,
        ages=ages,
    )
    origin = Abroad(surveys, again, evidence.rows)
    return replace(evidence, origin=(origin,))


def _effective(
    rows: pd.DataFrame,
    families: Families,
) -> pd.DataFrame:
    """Add n, y and deff; a host keeps some of its own design effect, as far as
    `effects.smooth` believes it.
    """
    weight = families.persons["weight"].to_numpy()
    stands_for = (weight**2).sum() / weight.sum()
    n = rows["people"] / stands_for
    figures = rows.assign(
        n=n,
        deff=np.nan,
        se=rows["se"] / rows["people"],
    )
    deff = effects.mean_effect(figures, effects.design_effects(figures))
    if np.isnan(deff):
        deff = 1.0
    return rows.assign(
        n=n / deff,
        y=rows["estimate"] * n / deff,
        deff=deff,
    )


def _evidence(
    rows: pd.DataFrame,
    families: Families,
    outcome: str,
    axes: Sequence[str],
    year: int,
    ledger: Ledger,
) -> Evidence:
    rows = rows.assign(
        survey="elsewhere-" + rows["country"] + f"-{year}",
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
    source = f"{families.name}, {ELSEWHERE}"
    return Evidence(outcome, rows, ledger, source, digest_of(rows))


def _cells(
    families: Families,
    world: World,
    axes: Sequence[str],
    year: int,
) -> pd.DataFrame:
    """Return the cells of every host that somebody interviewed elsewhere could have
    reported: covers, people.
    """
    people = persons(
        world,
        families.ages,
        year,
        nearest=True,
    )
    summed = [axis for axis in AXES if axis not in axes]
    table = people.sum(summed).to_series().rename("people").reset_index()
    interviewed = families.interviews["country"].unique()
    heard = ~table["country"].isin(interviewed) | (len(interviewed) > 1)
    table = table.loc[heard & (table["people"] > 0)].reset_index(drop=True)
    bands = [families.ages] * len(table)
    if "age" in axes:
        bands = [(parse_band(age),) for age in table["age"]]
    return table.assign(
        covers=pd.Series(
            bands,
            index=table.index,
            dtype=object,
        )
    )


def _by_host(families: Families, outcome: str) -> pd.DataFrame:
    """Return reported persons, those with events abroad once for each country where
    they happened.
    """
    homes = families.persons[[*KEY, "country"]]
    events = events_of(families, outcome)
    abroad = events.merge(
        homes,
        on=KEY,
        suffixes=("", "_home"),
    )
    abroad = abroad.loc[abroad["country"] != abroad["country_home"]]
    hosts = abroad.drop_duplicates([*KEY, "country"], keep="last")
    hosts = hosts[[*KEY, "country", "age"]]
    hosts = hosts.rename(columns={"country": "host", "age": "age_then"})
    rows = families.persons.merge(
        hosts,
        on=KEY,
        how="left",
    )
    case = rows["host"].notna()
    if families.window_years[outcome] > 0:
        rows["age"] = rows["age"].where(~case, rows["age_then"])
    return rows.assign(
        host=rows["host"].fillna(""),
        case=case.astype(int),
    )


def _left_out(
    families: Families,
    outcome: str,
    world: World,
    axes: Collection[str],
    year: int,
) -> Ledger:
    """Return the ledger of reports that are in no row; raises UncountedError for codes
    that nobody knows.
    """
    rows = _by_host(families, outcome)
    rows = rows.loc[rows["case"] == 1]
    rows = rows.assign(
        country=rows["host"],
        survey=families.name,
        year=year,
    )
    where = f"The events abroad of {families.name}"
    unknown = check_codes(world, rows["country"].unique(), where)
    lacking = rows["country"].isin(unknown)
    why = "the population table lacks the country"
    ledger = Ledger().add(rows.loc[lacking], "excluded", why)
    usable = {"sex": rows["sex"] != "", "age": _within(rows["age"], families.ages)}
    for axis in sorted(axes):
        lines = rows.loc[~lacking & ~usable[axis]]
        why = f"{axis} at the event is missing, or not asked for"
        ledger = ledger.add(lines, "excluded", why)
    return ledger


def _axes(by: str | Sequence[str]) -> list[str]:
    axes = [by] if isinstance(by, str) else list(by)
    for axis in axes:
        if axis not in AXES:
            raise UncountedError(
                f"Events abroad are told by sex and age; '{axis}' is"
                f" neither.{did_you_mean(axis, AXES)}"
            )
    return [axis for axis in AXES if axis in axes]


def _aged(
    families: Families,
    ages: Sequence[str] | None,
) -> Families:
    """Return the families with those of their bands that lie within requested ones."""
    if ages is None:
        return families
    requested = [parse_band(age) for age in ages]
    kept = tuple(
        band for band in families.ages if any(contains(age, band) for age in requested)
    )
    if not kept:
        labels = ", ".join(band.label for band in families.ages)
        raise UncountedError(
            f"{families.name} has the ages {labels}, of which none lies"
            f" within {', '.join(ages)}. Read it with bands that do."
        )
    return replace(families, ages=kept)


def _of_ages(families: Families) -> Families:
    """Return the families without events at other ages than their bands."""
    events = families.events
    inside = _within(events["age"], families.ages)
    return replace(families, events=events.loc[inside])


def _within(
    age: pd.Series,
    bands: Sequence[Band],
) -> pd.Series:
    """Say which ages, in years, are in one of the bands."""
    months = 12 * age
    inside = pd.Series(False, age.index)
    for band in bands:
        inside |= (months >= band.lower) & (months < band.end)
    return inside
