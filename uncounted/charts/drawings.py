"""Drawings: the charts and maps of a report, drawn once for all of its formats."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from uncounted.charts.ages import age_sex
from uncounted.charts.budget_chart import budget
from uncounted.charts.editions import beside_chart
from uncounted.charts.export import svg
from uncounted.charts.forest import forest
from uncounted.charts.map import Map, of_whom, world_map
from uncounted.charts.palette import styled
from uncounted.charts.predictions import ABREAST, SIDE, against
from uncounted.charts.selection_chart import by_sd
from uncounted.charts.stack import stack
from uncounted.charts.trends import courses
from uncounted.release.release import ALL, LEAF, Release
from uncounted.wording.words import Words

FOREST = 260  # width of the intervals: on a phone the whole chart is in sight
SHADES = ("prevalence", "width", "evidence")
NO_DOTS = pd.DataFrame(
    {
        "name": pd.Series(dtype=str),
        "year": pd.Series(dtype=int),
        "observed": pd.Series(dtype=float),
    }
)


@dataclass(frozen=True)
class Drawings:
    """Charts as SVG text, None where an estimate has no such chart; narrow: for a
    phone.

    forests: by region; held_out: by the title of the model.
    """

    map: Map
    map_of_surveys: Map
    ages: str
    forests: Mapping[str, str]
    trend: str | None
    leaves: str | None
    leaves_narrow: str | None
    selection: str | None
    beside: str | None
    held_out: Mapping[str, str]
    budget: str | None


def draw(release: Release) -> Drawings:
    """Draw what a report shows; charts differ in form and lightness, not in colour
    alone.
    """
    say, show, world = release.say, release.show, release.world
    countries = of_whom(release.totals)
    ages = age_sex(_world_and_regions(release.by("sex", "age")), show, say)
    return Drawings(
        map=world_map(countries, world, show, SHADES, say),
        map_of_surveys=world_map(
            countries,
            world,
            show,
            ["surveys"],
            say,
        ),
        ages=_written(ages, say),
        forests=_forests(release),
        trend=_trend(release),
        leaves=_leaves(release),
        leaves_narrow=_leaves(release, narrow=True),
        selection=_selection(release),
        beside=_beside(release),
        held_out=_held_out(release),
        budget=_budget(release),
    )


def _written(chart: Any, say: Words) -> str:
    return svg(styled(chart, say))


def _world_and_regions(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["grouping"].isin(["world", "region"])]


def _trend(release: Release) -> str | None:
    if release.trend is None:
        return None
    rows = _world_and_regions(release.trend)
    return _written(courses(rows, NO_DOTS, release.show, release.say), release.say)


def _selection(release: Release) -> str | None:
    if release.selection is None:
        return None
    return _written(by_sd(release.selection, release.say), release.say)


def _beside(release: Release) -> str | None:
    if release.beside is None:
        return None
    interval = float(release.of_world["interval"])
    return _written(beside_chart(release.beside, interval, release.say), release.say)


def _budget(release: Release) -> str | None:
    if release.budget is None:
        return None
    return _written(budget(release.budget, release.say), release.say)


def _held_out(release: Release) -> dict[str, str]:
    side = SIDE if len(release.tested) == 1 else ABREAST
    interval = float(release.of_world["interval"])
    charts = {}
    for model, rows in release.tested.items():
        chart = against(
            rows,
            release.show,
            interval,
            release.say,
            side,
        )
        charts[model] = _written(chart, release.say)
    return charts


def _forests(release: Release) -> dict[str, str]:
    rows = release.totals[release.totals["grouping"] == "country"]
    region = rows["group"].map(release.world.places["region"])
    charts = {}
    for name in sorted(region.dropna().unique()):
        chart = forest(rows[region == name], release.show, release.say, FOREST)
        charts[str(name)] = _written(chart, release.say)
    return charts


def _leaves(release: Release, narrow: bool = False) -> str | None:
    if LEAF not in release.rows:
        return None
    everybody = (release.rows[release.axes] == ALL).all(axis=1)
    chart = stack(release.rows[everybody], release.show, release.say, narrow)
    return _written(chart, release.say)
