"""Trends: prevalence of groups year by year, as a table and as a drawing."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import xarray as xr

from uncounted.charts.palette import MARK, SECOND, styled
from uncounted.errors import UncountedError
from uncounted.evidence.disclosure import released
from uncounted.infer import totals
from uncounted.infer.fit import Fit
from uncounted.infer.populations import people_in
from uncounted.infer.years import in_year
from uncounted.model.trend import years_of
from uncounted.model.vocabulary import SHOW
from uncounted.tables.estimates import Grouping, in_one_table
from uncounted.wording.numerals import heading, level
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
    several = (
        [by] if isinstance(by, str | Path | pd.DataFrame | pd.Series) else list(by)
    )
    named = {
        str(item) if isinstance(item, str) else "own": divisions(fit.world, item)
        for item in several
    }
    calendar = [int(year) for year in (years_of(fit.card) if years is None else years)]
    parts = [rows for year in calendar for rows in _year(fit, named, year, interval)]
    order = {grouping: i for i, grouping in enumerate(named)}
    table = pd.concat(parts, ignore_index=True)
    table = table.fillna({"note": ""}) if "note" in table else table
    by = ["grouping", "group", "year"]
    return table.sort_values(
        by, key=lambda c: c.replace(order), kind="stable", ignore_index=True
    )


def plot_trend(
    fit: Fit,
    places: str | Sequence[str] = "World",
    interval: float = 0.95,
    language: str = "en",
) -> alt.FacetChart:
    """Draw prevalence by year of the world, of regions or countries by name or code,
    with surveys' own results.

    A line is the median, a band its interval; a dot is what a survey of that country
    showed of everybody it covered.
    """
    wanted = [places] if isinstance(places, str) else list(places)
    rows = trend(fit, _groupings_of(fit, wanted), interval=interval)
    rows = rows[rows["name"].isin(wanted) | rows["group"].isin(wanted)]
    dots = seen_in(released(fit.evidence), rows[rows["grouping"] == "country"])
    return styled(
        courses(rows, dots, fit.card.show, read_words(language)), read_words(language)
    )


def courses(
    rows: pd.DataFrame, dots: pd.DataFrame, show: str, say: Words, columns: int = 3
) -> Any:
    """Return the chart of rows of `trend`, a panel for each place, with surveys'
    results (name, year, observed).
    """
    columns_of = {f"prevalence_{stat}": stat for stat in ("median", "lower", "upper")}
    lines = rows.rename(columns=columns_of)[["name", "year", *columns_of.values()]]
    lines = lines.assign(
        **{stat: lines[stat] * SHOW[show] for stat in columns_of.values()}
    )
    both = pd.concat(
        [lines, dots.assign(observed=dots["observed"].astype(float) * SHOW[show])],
        ignore_index=True,
    )
    both["name"] = [say.term(name) for name in both["name"]]
    base = alt.Chart(both).encode(
        x=alt.X(
            "year:Q", title=None, axis=alt.Axis(format="d", tickMinStep=1, tickCount=6)
        )
    )
    course, seen = (
        base.transform_filter("isValid(datum.median)"),
        base.transform_filter("isValid(datum.observed)"),
    )
    y = alt.Y(
        "lower:Q", title=f"{heading(show, say)}, {level(rows['interval'].iloc[0], say)}"
    )
    band = course.mark_area(opacity=0.25, color=MARK).encode(y=y, y2="upper:Q")
    line = course.mark_line(color=MARK).encode(y="median:Q")
    surveys = seen.mark_point(filled=True, size=30, color=SECOND, opacity=0.8).encode(
        y="observed:Q"
    )
    layers = (band + line + surveys).properties(width=190, height=130)
    names = list(dict.fromkeys(both["name"]))
    return layers.facet(
        facet=alt.Facet("name:N", title=None, sort=names), columns=columns
    )


def _year(
    fit: Fit, named: dict[str, list[pd.Series]], year: int, interval: float
) -> list[pd.DataFrame]:
    p = in_year(fit, year)
    people = people_in(fit, year)
    found = []
    for grouping, division in named.items():
        names = fit.world.places["name"].to_dict() if grouping == "country" else {}
        rows = in_one_table(
            [_rows(p, people, group, year, interval) for group in division]
        )
        found.append(rows.assign(grouping=grouping, name=rows["group"].replace(names)))
    return found


def _rows(
    p: xr.DataArray, people: xr.DataArray, group: pd.Series, year: int, interval: float
) -> pd.DataFrame:
    exact = people.attrs["year"] == year
    draws = totals.affected_in_all(p, people, group).transpose("group", ...)
    size = totals.expected(totals.affected_in_all(xr.ones_like(people), people, group))
    labels = [str(label) for label in size["group"].to_numpy()]
    draws = draws.to_numpy().reshape(len(labels), -1)
    low, middle, high = np.quantile(
        draws, [(1 - interval) / 2, 0.5, (1 + interval) / 2], axis=-1
    )
    stats = {"median": middle, "mean": draws.mean(axis=-1), "lower": low, "upper": high}
    with np.errstate(invalid="ignore", divide="ignore"):
        columns = {
            f"prevalence_{stat}": value / size.to_numpy()
            for stat, value in stats.items()
        }
    columns |= {
        f"persons_{stat}": stats[stat] if exact else np.nan
        for stat in ("mean", "lower", "upper")
    }
    keys = {"grouping": "", "group": labels, "name": labels, "year": year}
    return pd.DataFrame(
        keys | columns | {"interval": interval, "weights": int(people.attrs["year"])}
    )


def _groupings_of(fit: Fit, wanted: Sequence[str]) -> list[str]:
    """Return the groupings in which the places asked for are; raises UncountedError for
    one that is in none.
    """
    names = set(fit.world.places["name"]) | set(fit.world.places.index)
    found = {grouping: set(groups(fit.world, grouping)) for grouping in GROUPINGS} | {
        "country": names
    }
    for place in wanted:
        if not any(place in members for members in found.values()):
            raise UncountedError(
                f"There is no country, region or world called '{place}' in this fit."
            )
    return [grouping for grouping, members in found.items() if members & set(wanted)]


def seen_in(surveys: pd.DataFrame, countries: pd.DataFrame) -> pd.DataFrame:
    """Return what surveys (of `disclosure.released`) of some countries showed, with
    name, year and observed.
    """
    seen = surveys[
        surveys["country"].isin(countries["group"]) & surveys["prevalence"].notna()
    ]
    name = dict(zip(countries["group"], countries["name"], strict=True))
    return pd.DataFrame(
        {
            "name": seen["country"].map(name),
            "year": seen["year"],
            "observed": seen["prevalence"],
        }
    )
