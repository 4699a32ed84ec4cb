"""Drawings: the charts and maps of a report, drawn once for all of its formats."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from uncounted.report import outline
from uncounted.report.ages import age_sex
from uncounted.report.budget import budget
from uncounted.report.export import svg
from uncounted.report.forest import forest
from uncounted.report.map import Map, of_whom, world_map
from uncounted.report.numerals import fraction
from uncounted.report.palette import styled
from uncounted.report.predictions import against
from uncounted.report.release import LEAF, Release
from uncounted.report.trends import courses
from uncounted.report.wording import Words

SHADES = ("prevalence", "width", "evidence")
NO_DOTS = pd.DataFrame({"name": pd.Series(dtype=str), "year": pd.Series(dtype=int), "observed": pd.Series(dtype=float)})


@dataclass(frozen=True)
class Drawings:
    """Charts as SVG text, None where an estimate has no such chart; forests by region."""

    map: Map
    map_of_surveys: Map
    ages: str
    forests: Mapping[str, str]
    trend: str | None
    leaves: str | None
    held_out: str | None
    budget: str | None


def draw(release: Release) -> Drawings:
    """Draw what a report shows; charts are told apart by form and lightness, not by colour alone."""
    say, show, rows = release.say, release.show, of_whom(release.totals)
    held_out, parts = release.held_out, shares_of_leaves(release)
    by_people = release.by("sex", "age")
    interval = float(release.of_world["interval"])
    return Drawings(
        map=world_map(rows, release.world, show, SHADES, say),
        map_of_surveys=world_map(rows, release.world, show, ["surveys"], say),
        ages=svg(styled(age_sex(_wide(by_people), show, say))),
        forests=_forests(release),
        trend=None if release.trend is None else svg(styled(courses(_wide(release.trend), NO_DOTS, show, say))),
        leaves=None if parts is None else svg(styled(budget(parts, say))),
        held_out=None if held_out is None else svg(styled(against(held_out, show, interval, say))),
        budget=None if release.budget is None else svg(styled(budget(release.budget, say))),
    )


def _wide(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["grouping"].isin(["world", "region"])]


def _forests(release: Release) -> dict[str, str]:
    rows = release.totals[release.totals["grouping"] == "country"]
    region = rows["group"].map(release.world.places["region"])
    return {
        str(name): svg(styled(forest(rows[region == name], release.show, release.say)))
        for name in sorted(region.dropna().unique())
    }


def shares_of_leaves(release: Release) -> pd.DataFrame | None:
    """Return the share of each leaf in the world's persons, by their means, as a budget; None without leaves."""
    rows = outline.leaves(release)[:-1]
    if not rows:
        return None
    table = pd.DataFrame(rows)
    return pd.DataFrame({"component": table[LEAF], "share": table["persons_mean"] / table["persons_mean"].sum()})


def told_shares(table: pd.DataFrame, say: Words) -> str:
    """Write the shares of a budget in words: "sampling 20 %, imputation 30 %"."""
    each = zip(table["component"], table["share"], strict=True)
    return ", ".join(f"{say.term(name)} {fraction(share, say)}" for name, share in each)
