"""Hypothesis: the probability that one place has more than another, more than a target,
or is among the highest.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from arviz_stats.base.array import array_stats
from scipy.stats import rankdata

from uncounted.checks.scores import interval_ends
from uncounted.errors import UncountedError, did_you_mean
from uncounted.glance import outline
from uncounted.infer.fit import TOTAL
from uncounted.infer.result import Result
from uncounted.infer.totals import ALL, affected, axes, expected, population
from uncounted.wording.numerals import SHOW
from uncounted.world.codes import hint
from uncounted.world.world import World, groups

GROUPINGS = ("world", "region", "subregion", "country")
SIGN = re.compile(r"\s*(>|<)\s*")


@dataclass(frozen=True)
class Hypothesis:
    """A question put to the draws: its probability, with its Monte Carlo error, and the
    difference in question.

    difference, lower, upper: left less right, of prevalence in the card's unit, median
    and bounds of the interval.
    """

    text: str
    probability: float
    error: float
    difference: float
    lower: float
    upper: float
    interval: float
    unit: str

    def __str__(self) -> str:
        """Return the answer as a sentence."""
        probability = (
            f"P({self.text}) = {self.probability:.3f} (Monte Carlo error"
            f" {self.error:.3f})"
        )
        # all draws agree: three of the errors leave 5 % to what they have not shown
        if self.probability == 0:
            bound = 3 * self.error
            probability = f"P({self.text}) < {bound:.4f}, as in all draws"
        if self.probability == 1:
            bound = 1 - 3 * self.error
            probability = f"P({self.text}) > {bound:.4f}, as in all draws"
        return (
            f"{probability}; difference {self.difference:.2f} {self.unit}"
            f" ({self.interval:.0%} interval {self.lower:.2f} to {self.upper:.2f})"
        )

    __repr__ = outline


def hypothesis(
    result: Result,
    text: str,
    interval: float = 0.95,
    name: str = TOTAL,
) -> Hypothesis:
    """Return the probability that a statement about prevalence holds: its share of the
    draws.

    text: "Africa > Americas", "Nigeria < 30" (the card's unit), "World, female > World,
    male": a region, subregion, country (name or code) or World, with traits of persons
    after commas; or a number. Dependence between the sides is in the draws. name: a
    component or sum of an estimate. Raises UncountedError for a statement that has no >
    or <, and for names that nobody has.
    """
    parts = SIGN.split(text.strip())
    if len(parts) != 3 or not parts[0] or not parts[2]:
        raise UncountedError(
            f"'{text}' should be two sides and a sign, as 'Africa > Americas' or"
            " 'Nigeria < 30'."
        )
    left_side, sign, right_side = parts
    difference = _side(result, left_side, name) - _side(result, right_side, name)
    if not isinstance(difference, xr.DataArray):
        raise UncountedError(
            f"'{text}' compares two numbers. Name a place on one side."
        )
    draws = difference.transpose("chain", "draw").to_numpy()
    holds = draws > 0 if sign == ">" else draws < 0
    low, middle, high = np.quantile(draws, interval_ends(interval))
    return Hypothesis(
        text,
        float(holds.mean()),
        _error(holds),
        middle,
        low,
        high,
        interval,
        result.card.show,
    )


def ranks(
    result: Result,
    by: str | Path | pd.DataFrame = "country",
    highest: int = 10,
    interval: float = 0.95,
    name: str = TOTAL,
) -> pd.DataFrame:
    """Return, for every group, the probability that its prevalence is among the
    `highest`, and its rank (1: highest).

    Columns: group, name, among (probability), among_error (its Monte Carlo error),
    rank_median, rank_lower, rank_upper, sorted by the first. Ranks are made draw by
    draw, so they know how sure each place is; ranks of medians aren't. name: a
    component or sum of an estimate.
    """
    draws, names = _prevalences(result, by, name)
    if not 0 < highest < draws.sizes["group"]:
        raise UncountedError(
            f"highest={highest} should be above 0 and below the {draws.sizes['group']}"
            " groups."
        )
    rank = draws.copy(data=rankdata(-draws, axis=draws.get_axis_num("group")))
    among = rank <= highest
    bounds = rank.quantile(interval_ends(interval), ["chain", "draw"])
    low, middle, high = bounds.to_numpy()
    table = pd.DataFrame(
        {
            "group": draws["group"].to_numpy(),
            "name": names,
            "among": among.mean(["chain", "draw"]).to_numpy(),
            "among_error": _errors(among),
            "rank_median": middle,
            "rank_lower": low,
            "rank_upper": high,
        }
    )
    return table.sort_values(
        ["among", "rank_median"],
        ascending=[False, True],
        ignore_index=True,
        kind="stable",
    )


def exceeds(
    result: Result,
    rate: float,
    by: str | Path | pd.DataFrame = "country",
    name: str = TOTAL,
) -> pd.DataFrame:
    """Return the probability that each group's prevalence exceeds a rate in the card's
    unit, such as a target.

    Columns: group, name, exceeds (probability), exceeds_error (its Monte Carlo error),
    sorted by the first. name: a component or sum of an estimate.
    """
    draws, names = _prevalences(result, by, name)
    above = draws > rate
    table = pd.DataFrame(
        {
            "group": draws["group"].to_numpy(),
            "name": names,
            "exceeds": above.mean(["chain", "draw"]).to_numpy(),
            "exceeds_error": _errors(above),
        }
    )
    return table.sort_values(
        "exceeds",
        ascending=False,
        kind="stable",
        ignore_index=True,
    )


def _prevalences(
    result: Result,
    by: str | Path | pd.DataFrame,
    name: str,
) -> tuple[xr.DataArray, list[str]]:
    """Return prevalence of every group in the card's unit (chain, draw, group), and the
    groups' names.
    """
    group = groups(result.world, by)
    draws = _of_everybody(affected(*result.cells(name), group))
    people = _of_everybody(population(expected(result.people), group))
    kept = people["group"].to_numpy()[people.to_numpy() > 0]
    names = list(map(str, kept))
    if isinstance(by, str) and by == "country":
        names = list(map(str, result.world.places["name"][kept]))
    prevalence = (draws / people).sel(group=kept)
    return SHOW[result.card.show] * prevalence, names


def _of_everybody(totals: xr.DataArray) -> xr.DataArray:
    traits = [dim for dim in totals.dims if dim not in ("chain", "draw", "group")]
    return totals.sel(dict.fromkeys(traits, ALL), drop=True)


def _side(
    result: Result,
    side: str,
    name: str,
) -> xr.DataArray | float:
    """Return a side of a statement: a number, or prevalence in the card's unit (chain,
    draw).
    """
    try:
        return float(side)
    except ValueError:
        place, traits = _place(result.world, side)
    values, weights = result.cells(name)
    levels = {"group": "in", **dict.fromkeys(axes(values), ALL)}
    levels |= _traits(values, side, traits)
    inside = _member(result.world, place).map({True: "in", False: "out"})
    count = affected(values, weights, inside).sel(levels, drop=True)
    people = population(result.people, inside)
    if "form" not in people.dims:  # people are those of every form alike
        levels.pop("form", None)
    return SHOW[result.card.show] * count / people.sel(levels, drop=True)


def _place(
    world: World,
    side: str,
) -> tuple[str, list[str]]:
    """Split "Korea, Republic of, female" into the longest name of a place and the
    traits that follow.
    """
    words = [word.strip() for word in side.split(",")]
    places = _places(world)
    for size in range(len(words), 0, -1):
        place = ", ".join(words[:size])
        if place in places:
            return place, words[size:]
    names = places - set(world.places.index)
    raise UncountedError(
        f"There is no place '{words[0]}' in this"
        f" fit.{hint(words[0], world.places, names)}"
    )


def _places(world: World) -> set[str]:
    """Return all names and codes of countries and groups."""
    places = set(world.places["name"]) | set(world.places.index)
    for grouping in GROUPINGS:
        places |= set(groups(world, grouping))
    return places


def _member(world: World, place: str) -> pd.Series:
    """Say of every country whether it is the place or in it."""
    names = world.places["name"]
    if place in set(names):
        return names == place
    for grouping in GROUPINGS:
        member = groups(world, grouping) == place
        if member.any():
            return member
    raise AssertionError(place)


def _traits(
    values: xr.DataArray,
    side: str,
    traits: list[str],
) -> dict[str, str]:
    """Return the level of each trait that is named, by its dim."""
    levels = {str(level): dim for dim in axes(values) for level in values[dim].values}
    named: dict[str, str] = {}
    for trait in traits:
        if trait not in levels:
            raise UncountedError(
                f"'{trait}' in '{side}' is no sex, age, other trait or form"
                f" here.{did_you_mean(trait, levels)}"
            )
        named[levels[trait]] = trait
    return named


def _error(holds: np.ndarray) -> float:
    """Return the Monte Carlo standard error of the share of draws (chain, draw) in
    which something holds.

    Where all draws agree, 1 / (draws + 2): what they leave open of a probability of 0
    or 1 by the rule of succession.
    """
    values = holds.astype(float)
    if not values.std() > 0:
        return 1 / (values.size + 2)
    error = array_stats.mcse(values, 0, 1, method="mean")
    return float(np.asarray(error))


def _errors(holds: xr.DataArray) -> np.ndarray:
    """Return the Monte Carlo standard error of each group's share (groups,)."""
    draws = holds.transpose("group", "chain", "draw").to_numpy()
    return np.array([_error(group) for group in draws])
