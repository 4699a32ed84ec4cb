"""Hypothesis: how probable it is that one place has more than another, more than a
target, or is among the highest.
"""

import re
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from arviz_stats.base.array import array_stats
from scipy.stats import rankdata

from uncounted.errors import UncountedError, did_you_mean
from uncounted.infer.fit import Fit
from uncounted.infer.totals import ALL, affected, axes, expected, population
from uncounted.model.vocabulary import SHOW
from uncounted.world.codes import hint
from uncounted.world.world import groups

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
        told = (
            f"P({self.text}) = {self.probability:.3f} (Monte Carlo error"
            f" {self.error:.3f})"
        )
        if self.probability in (
            0,
            1,
        ):  # all draws agree: three of its errors leave 5 % to what they have not shown
            bound = (
                f"> {1 - 3 * self.error:.4f}"
                if self.probability
                else f"< {3 * self.error:.4f}"
            )
            told = f"P({self.text}) {bound}, as in all draws"
        return (
            f"{told}; difference {self.difference:.2f} {self.unit} ({self.interval:.0%}"
            f" interval {self.lower:.2f} to {self.upper:.2f})"
        )

    def _repr_html_(self) -> str:
        return f"<p>{escape(str(self))}</p>"


def hypothesis(fit: Fit, text: str, interval: float = 0.95) -> Hypothesis:
    """Return the probability that a statement about prevalence holds: its share of the
    draws.

    text: "Africa > Americas", "Nigeria < 30" (the card's unit), "World, female > World,
    male": a region, subregion, country (name or code) or World, with traits of persons
    after commas; or a number. Dependence between the sides is in the draws. Raises
    UncountedError for a statement that has no > or <, and for names that nobody has.
    """
    parts = SIGN.split(text.strip())
    if len(parts) != 3 or not parts[0] or not parts[2]:
        raise UncountedError(
            f"'{text}' should be two sides and a sign, as 'Africa > Americas' or"
            " 'Nigeria < 30'."
        )
    left, sign, right = parts
    gap = _side(fit, left) - _side(fit, right)
    if not isinstance(gap, xr.DataArray):
        raise UncountedError(
            f"'{text}' compares two numbers. Name a place on one side."
        )
    gap = gap.transpose("chain", "draw").to_numpy()
    holds = gap > 0 if sign == ">" else gap < 0
    low, middle, high = np.quantile(gap, [(1 - interval) / 2, 0.5, (1 + interval) / 2])
    return Hypothesis(
        text,
        float(holds.mean()),
        _error(holds),
        middle,
        low,
        high,
        interval,
        fit.card.show,
    )


def ranks(
    fit: Fit,
    by: str | Path | pd.DataFrame = "country",
    highest: int = 10,
    interval: float = 0.95,
) -> pd.DataFrame:
    """Return, for every group, the probability that its prevalence is among the
    `highest`, and its rank (1: highest).

    Columns: group, name, among (probability), among_error (its Monte Carlo error),
    rank_median, rank_lower, rank_upper, sorted by the first. Ranks are made draw by
    draw, so they know how sure each place is; ranks of medians aren't.
    """
    draws, names = _prevalences(fit, by)
    if not 0 < highest < draws.sizes["group"]:
        raise UncountedError(
            f"highest={highest} should be above 0 and below the {draws.sizes['group']}"
            " groups."
        )
    rank = draws.copy(data=rankdata(-draws, axis=draws.get_axis_num("group")))
    among = rank <= highest
    low, middle, high = rank.quantile(
        [(1 - interval) / 2, 0.5, (1 + interval) / 2], ["chain", "draw"]
    ).to_numpy()
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
    fit: Fit, rate: float, by: str | Path | pd.DataFrame = "country"
) -> pd.DataFrame:
    """Return the probability that each group's prevalence exceeds a rate in the card's
    unit, such as a target.

    Columns: group, name, exceeds (probability), exceeds_error (its Monte Carlo error),
    sorted by the first.
    """
    draws, names = _prevalences(fit, by)
    above = draws > rate
    probability = above.mean(["chain", "draw"]).to_numpy()
    columns = {
        "group": draws["group"].to_numpy(),
        "name": names,
        "exceeds": probability,
    }
    table = pd.DataFrame(columns | {"exceeds_error": _errors(above)})
    return table.sort_values(
        "exceeds", ascending=False, kind="stable", ignore_index=True
    )


def _prevalences(
    fit: Fit, by: str | Path | pd.DataFrame
) -> tuple[xr.DataArray, list[str]]:
    """Return prevalence of every group in the card's unit (chain, draw, group), and the
    groups' names.
    """
    group = groups(fit.world, by)
    whole = expected(fit.people)
    draws, people = (
        _of_everybody(affected(fit.p, fit.people, group)),
        _of_everybody(population(whole, group)),
    )
    kept = people["group"].to_numpy()[people.to_numpy() > 0]
    names = (
        fit.world.places["name"].to_dict()
        if isinstance(by, str) and by == "country"
        else {}
    )
    unit = SHOW[fit.card.show]
    return unit * (draws / people).sel(group=kept), [
        str(names.get(one, one)) for one in kept
    ]


def _of_everybody(totals: xr.DataArray) -> xr.DataArray:
    traits = [dim for dim in totals.dims if dim not in ("chain", "draw", "group")]
    return totals.sel(dict.fromkeys(traits, ALL), drop=True)


def _side(fit: Fit, side: str) -> xr.DataArray | float:
    try:
        return float(side)
    except ValueError:
        place, traits = _place(fit, side)
    named = _traits(fit, side, traits)
    group = _member(fit, place)
    asked = {"group": "in", **dict.fromkeys(axes(fit.p), ALL), **named}
    inside = group.map({True: "in", False: "out"})
    count = affected(fit.p, fit.people, inside).sel(asked, drop=True)
    people = population(fit.people, inside)  # of every form alike
    return (
        SHOW[fit.card.show]
        * count
        / people.sel(
            {dim: at for dim, at in asked.items() if dim in people.dims}, drop=True
        )
    )


def _place(fit: Fit, side: str) -> tuple[str, list[str]]:
    """Split "Korea, Republic of, female" into the longest place that there is and the
    traits that follow.
    """
    words = [word.strip() for word in side.split(",")]
    known = _known(fit)
    for size in range(len(words), 0, -1):
        if (place := ", ".join(words[:size])) in known:
            return place, words[size:]
    names = known - set(fit.world.places.index)
    raise UncountedError(
        f"There is no place '{words[0]}' in this"
        f" fit.{hint(words[0], fit.world.places, names)}"
    )


def _known(fit: Fit) -> set[str]:
    named = set(fit.world.places["name"]) | set(fit.world.places.index)
    return named.union(*(set(groups(fit.world, grouping)) for grouping in GROUPINGS))


def _member(fit: Fit, place: str) -> pd.Series:
    """Say of every country whether it is the place or in it."""
    names = fit.world.places["name"]
    if place in set(names):
        return names == place
    for grouping in GROUPINGS:
        of = groups(fit.world, grouping)
        if (of == place).any():
            return of == place
    raise AssertionError(place)


def _traits(fit: Fit, side: str, traits: list[str]) -> dict[str, str]:
    """Return the level of each trait that is named, by its dim."""
    levels = {str(level): dim for dim in axes(fit.p) for level in fit.p[dim].values}
    found: dict[str, str] = {}
    for trait in traits:
        if trait not in levels:
            raise UncountedError(
                f"'{trait}' in '{side}' is no sex, age, other trait or form"
                f" here.{did_you_mean(trait, levels)}"
            )
        found[levels[trait]] = trait
    return found


def _error(holds: np.ndarray) -> float:
    """Return the Monte Carlo standard error of the share of draws (chain, draw) in
    which something holds.

    Where all draws agree, 1 / (draws + 2): what they leave open of a probability of 0
    or 1 by the rule of succession.
    """
    values = holds.astype(float)
    found = (
        array_stats.mcse(values, 0, 1, method="mean")
        if values.std() > 0
        else 1 / (values.size + 2)
    )
    return float(np.asarray(found))


def _errors(holds: xr.DataArray) -> np.ndarray:
    each = holds.transpose("group", "chain", "draw").to_numpy()
    return np.array([_error(one) for one in each])
