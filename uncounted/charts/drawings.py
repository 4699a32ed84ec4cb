"""Drawings: the charts and maps of a report, drawn once for all of its formats."""

from collections.abc import Mapping
from dataclasses import dataclass

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

FOREST = 260  # of the intervals: on a phone the whole chart is in sight
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
    """Draw what a report shows; charts are told apart by form and lightness, not by
    colour alone.
    """
    say, show, rows = release.say, release.show, of_whom(release.totals)
    beside = release.beside
    by_people = release.by("sex", "age")
    side = SIDE if len(release.tested) == 1 else ABREAST
    interval = float(release.of_world["interval"])
    return Drawings(
        map=world_map(rows, release.world, show, SHADES, say),
        map_of_surveys=world_map(rows, release.world, show, ["surveys"], say),
        ages=svg(styled(age_sex(_wide(by_people), show, say), say)),
        forests=_forests(release),
        trend=(
            None
            if release.trend is None
            else svg(styled(courses(_wide(release.trend), NO_DOTS, show, say), say))
        ),
        leaves=_leaves(release),
        leaves_narrow=_leaves(release, narrow=True),
        selection=(
            None
            if release.selection is None
            else svg(styled(by_sd(release.selection, say), say))
        ),
        beside=(
            None
            if beside is None
            else svg(styled(beside_chart(beside, interval, say), say))
        ),
        held_out={
            what: svg(styled(against(rows, show, interval, say, side), say))
            for what, rows in release.tested.items()
        },
        budget=(
            None
            if release.budget is None
            else svg(styled(budget(release.budget, say), say))
        ),
    )


def _wide(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["grouping"].isin(["world", "region"])]


def _forests(release: Release) -> dict[str, str]:
    rows = release.totals[release.totals["grouping"] == "country"]
    region = rows["group"].map(release.world.places["region"])
    return {
        str(name): svg(
            styled(
                forest(rows[region == name], release.show, release.say, FOREST),
                release.say,
            )
        )
        for name in sorted(region.dropna().unique())
    }


def _leaves(release: Release, narrow: bool = False) -> str | None:
    if LEAF not in release.rows:
        return None
    of_everybody = release.rows[(release.rows[release.axes] == ALL).all(axis=1)]
    return svg(
        styled(stack(of_everybody, release.show, release.say, narrow), release.say)
    )
