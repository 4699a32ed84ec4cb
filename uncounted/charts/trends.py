"""Trends: prevalence of groups year by year, as a table and as a drawing."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import xarray as xr

from uncounted.charts.chart_table import in_unit, unit_and_level
from uncounted.charts.palette import MARK, SECOND, panels, styled
from uncounted.errors import UncountedError
from uncounted.infer import totals
from uncounted.infer.fit import Fit
from uncounted.infer.populations import people_in
from uncounted.infer.years import in_year
from uncounted.model.trend import years_of
from uncounted.observations.disclosure import released
from uncounted.tables.estimates import Grouping, in_one_table, requested_groupings
from uncounted.wording.numerals import SHOW
from uncounted.wording.words import Words, read_words
from uncounted.world.world import divisions, groups

GROUPINGS = ("world", "region", "subregion", "country")


def trend(
    fit: Fit,
    by: Grouping | Sequence[Grouping] = "world",
    years: Sequence[int] | None = None,
    interval: float = 0.95,
) -> pd.DataFrame:
    """Return prevalence by year of one grouping's groups, or of several groupings', all
    persons of the card's ages.

    Columns: grouping, group, name, year, prevalence_median, _mean, _lower, _upper
    (proportions), persons_mean, _lower, _upper, interval, weights: the year of the
    population table whose persons are the weights. Persons are left empty where that
    isn't the year itself. years: else the card's. Groups of your own table may overlap,
    as in `estimates`.
    """
    divided = {}
    for grouping in requested_groupings(by):
        name = str(grouping) if isinstance(grouping, str) else "own"
        divided[name] = divisions(fit.world, grouping)
    calendar = years_of(fit.card) if years is None else years
    parts = []
    for year in calendar:
        parts += _year(fit, divided, int(year), interval)
    table = pd.concat(parts, ignore_index=True)
    if "note" in table:
        table = table.fillna({"note": ""})
    order = {grouping: place for place, grouping in enumerate(divided)}
    return table.sort_values(
        ["grouping", "group", "year"],
        key=lambda column: column.replace(order),
        kind="stable",
        ignore_index=True,
    )


def plot_trend(
    fit: Fit,
    places: str | Sequence[str] = "World",
    interval: float = 0.95,
    language: str = "en",
) -> alt.FacetChart:
    """Draw prevalence by year of the world, of regions or countries by name or code,
    with surveys' own results.

    A line is the median, a band its interval; a dot is a survey's result for everybody
    whom it covered in that country.
    """
    requested = [places] if isinstance(places, str) else list(places)
    rows = trend(
        fit,
        _groupings_of(fit, requested),
        interval=interval,
    )
    rows = rows[rows["name"].isin(requested) | rows["group"].isin(requested)]
    dots = seen_in(released(fit.evidence), rows[rows["grouping"] == "country"])
    say = read_words(language)
    return styled(courses(rows, dots, fit.card.show, say), say)


def courses(
    rows: pd.DataFrame,
    dots: pd.DataFrame,
    show: str,
    say: Words,
    columns: int = 3,
) -> Any:
    """Return the chart of rows of `trend`, a panel for each place, with surveys'
    results (name, year, observed).
    """
    lines = pd.concat([rows[["name", "year"]], in_unit(rows, show)], axis=1)
    observed = dots["observed"].astype(float) * SHOW[show]
    both = pd.concat([lines, dots.assign(observed=observed)], ignore_index=True)
    both["name"] = [say.term(name) for name in both["name"]]
    years = alt.Axis(
        format="d",
        tickMinStep=1,
        tickCount=6,
    )
    base = alt.Chart(both).encode(
        x=alt.X(
            "year:Q",
            title=None,
            axis=years,
        )
    )
    course = base.transform_filter("isValid(datum.median)")
    unit, level = unit_and_level(rows, show, say)
    y = alt.Y("lower:Q", title=f"{unit}, {level}")
    band = course.mark_area(opacity=0.25, color=MARK).encode(
        y=y,
        y2="upper:Q",
    )
    line = course.mark_line(color=MARK).encode(y="median:Q")
    surveys = base.transform_filter("isValid(datum.observed)")
    surveys = surveys.mark_point(
        filled=True,
        size=30,
        color=SECOND,
        opacity=0.8,
    )
    layers = band + line + surveys.encode(y="observed:Q")
    names = list(dict.fromkeys(both["name"]))
    return panels(
        layers.properties(
            width=190,
            height=130,
        ),
        "name:N",
        columns,
        names,
    )


def _year(
    fit: Fit,
    divided: Mapping[str, list[pd.Series]],
    year: int,
    interval: float,
) -> list[pd.DataFrame]:
    """Return the rows of one year, a table for each grouping."""
    p = in_year(fit, year)
    people = people_in(fit, year)
    tables = []
    for grouping, division in divided.items():
        parts = [_rows(p, people, group, year, interval) for group in division]
        rows = in_one_table(parts)
        names = fit.world.places["name"].to_dict() if grouping == "country" else {}
        name = rows["group"].replace(names)
        tables.append(
            rows.assign(
                grouping=grouping,
                name=name,
            )
        )
    return tables


def _rows(
    p: xr.DataArray,
    people: xr.DataArray,
    group: pd.Series,
    year: int,
    interval: float,
) -> pd.DataFrame:
    """Return one row for each group, without persons where the weights are of another
    year.
    """
    draws = totals.affected_in_all(p, people, group).transpose("group", ...)
    size = totals.expected(totals.affected_in_all(xr.ones_like(people), people, group))
    labels = [str(label) for label in size["group"].to_numpy()]
    draws = draws.to_numpy().reshape(len(labels), -1)
    levels = [(1 - interval) / 2, 0.5, (1 + interval) / 2]
    lower, median, upper = np.quantile(draws, levels, axis=-1)
    mean = draws.mean(axis=-1)
    persons = {
        "median": median,
        "mean": mean,
        "lower": lower,
        "upper": upper,
    }
    table = pd.DataFrame(
        {
            "grouping": "",
            "group": labels,
            "name": labels,
        }
    )
    table["year"] = year
    with np.errstate(invalid="ignore", divide="ignore"):
        for stat, number in persons.items():
            table[f"prevalence_{stat}"] = number / size.to_numpy()
    weights = int(people.attrs["year"])
    for stat in ("mean", "lower", "upper"):
        table[f"persons_{stat}"] = persons[stat] if weights == year else np.nan
    return table.assign(interval=interval, weights=weights)


def _groupings_of(fit: Fit, requested: Sequence[str]) -> list[str]:
    """Return the groupings that the requested places belong to; raises UncountedError
    for a place that is in none.
    """
    members = {grouping: set(groups(fit.world, grouping)) for grouping in GROUPINGS}
    members["country"] = {*fit.world.places["name"], *fit.world.places.index}
    every_place = set().union(*members.values())
    for place in requested:
        if place not in every_place:
            raise UncountedError(
                f"There is no country, region or world called '{place}' in this fit."
            )
    return [grouping for grouping in GROUPINGS if members[grouping] & set(requested)]


def seen_in(surveys: pd.DataFrame, countries: pd.DataFrame) -> pd.DataFrame:
    """Return the results of surveys (of `disclosure.released`) in some countries, with
    name, year and observed.
    """
    in_countries = surveys["country"].isin(countries["group"])
    results = surveys[in_countries & surveys["prevalence"].notna()]
    names = dict(zip(countries["group"], countries["name"], strict=True))
    return pd.DataFrame(
        {
            "name": results["country"].map(names),
            "year": results["year"],
            "observed": results["prevalence"],
        }
    )
