"""Target: what a fit is to agree with, read from a table of totals or their draws and
held against the people.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import expit, logit

from uncounted.errors import UncountedError, did_you_mean
from uncounted.infer.fit import Fit
from uncounted.infer.totals import affected_in_all, axes, expected
from uncounted.world.world import groups

KINDS = ("persons", "prevalence")
DIMS = ("group", "chain", "draw")


@dataclass(frozen=True)
class Target:
    """Persons (groups, 1 or draws) and their SE (groups,), 0 where there is none; which
    countries each group has.

    member (groups, countries) is true where a country is in the group; people (groups,)
    are all their persons.
    """

    group: pd.Series
    names: list[str]
    persons: np.ndarray
    se: np.ndarray
    member: np.ndarray
    people: np.ndarray

    @property
    def uncertain(self) -> bool:
        """Whether any total has an SE."""
        return bool((self.se > 0).any())

    @property
    def text(self) -> str:
        """The totals in words: "World 2,500,000 (SE 40,000)"."""
        means = self.persons.mean(axis=1)
        each = zip(self.names, means, self.se, strict=True)
        told = [
            f"{name} {mean:,.0f}" + (f" (SE {se:,.0f})" if se else "")
            for name, mean, se in each
        ]
        return (
            ", ".join(told[:4])
            + (f" and {len(told) - 4} more" if len(told) > 4 else "")
            + " persons"
        )

    def draw(self, draws: int, rng: np.random.Generator) -> np.ndarray:
        """Return the totals of each draw (groups, draws): logit(T/N) ~ N(logit(t/N),
        se·N / (t·(N − t))).
        """
        shape, everybody = (len(self.persons), draws), self.people[:, None]
        scale = (
            self.se[:, None] * everybody / (self.persons * (everybody - self.persons))
        )
        drawn = everybody * expit(
            logit(self.persons / everybody) + scale * rng.normal(size=shape)
        )
        return np.where(
            self.se[:, None] > 0, drawn, np.broadcast_to(self.persons, shape)
        )

    def log_density(self, fit: Fit) -> np.ndarray:
        """Return Σ_groups log N(total of the draw | total, se) of every draw, chain
        after chain, but for a constant.
        """
        if (self.se <= 0).any() or self.persons.shape[1] > 1:
            raise UncountedError(
                "A soft benchmark weighs totals by their SE, and not every total has"
                " one above 0. Add a column se, or write how='exact'."
            )
        counts = affected_in_all(fit.p, fit.people, self.group).sel(group=self.names)
        drawn = counts.transpose(*DIMS).to_numpy().reshape(len(self.names), -1)
        return -0.5 * np.square((drawn - self.persons) / self.se[:, None]).sum(axis=0)


def aim(
    fit: Fit,
    totals: pd.DataFrame | xr.DataArray,
    by: str | Path | pd.DataFrame | pd.Series,
) -> Target:
    """Read totals of groups as a Target; raises UncountedError for what no draw can
    agree with.
    """
    group = groups(fit.world, by).reindex(fit.p["country"].values)
    names, value, se = (
        _draws(fit, totals) if isinstance(totals, xr.DataArray) else _table(totals)
    )
    _check_groups(names, set(group), by)
    member = np.array([group.to_numpy() == name for name in names])
    everybody = expected(fit.people).sum(axes(fit.people))
    people = member @ everybody.sel(country=fit.p["country"]).to_numpy()
    unit = people if _kind(totals) == "prevalence" else np.ones(len(names))
    persons, se = value * unit[:, None], se * unit
    for name, total, everybody in zip(names, persons, people, strict=True):
        outside = total[~((total > 0) & (total < everybody))]
        if outside.size:
            raise UncountedError(
                f"The total of '{name}' is {outside[0]:,.0f} persons; of the card's"
                f" ages {everybody:,.0f} live there in {fit.card.year}, and a total"
                " must lie between 0 and that. Check its unit, ages and year."
            )
    return Target(group, names, persons, se, member, people)


def _kind(totals: pd.DataFrame | xr.DataArray) -> str:
    given = [
        kind
        for kind in KINDS
        if kind in ([totals.name] if isinstance(totals, xr.DataArray) else totals)
    ]
    if len(given) != 1:
        told = "both" if given else "neither"
        raise UncountedError(
            "Totals should have persons or prevalence (a proportion); these have"
            f" {told}. Give one."
        )
    return given[0]


def _table(totals: pd.DataFrame) -> tuple[list[str], np.ndarray, np.ndarray]:
    kind = _kind(totals)
    if "group" not in totals:
        raise UncountedError(
            "The table of totals has no column"
            f" 'group'.{did_you_mean('group', totals.columns)}"
        )
    value = totals[kind].to_numpy(float)[:, None]
    se = (
        totals["se"].fillna(0.0).to_numpy(float)
        if "se" in totals
        else np.zeros(len(totals))
    )
    if totals.empty or (se < 0).any() or not np.isfinite(se).all():
        raise UncountedError(
            "The table of totals has no row, or an SE below 0 or infinite. Mend it."
        )
    return [str(name) for name in totals["group"]], value, se


def _draws(fit: Fit, totals: xr.DataArray) -> tuple[list[str], np.ndarray, np.ndarray]:
    sizes = {dim: fit.p.sizes[dim] for dim in DIMS[1:]}
    if set(totals.dims) != set(DIMS) or any(
        totals.sizes[dim] != size for dim, size in sizes.items()
    ):
        raise UncountedError(
            f"Draws of totals should have dims group, chain and draw, {sizes['chain']}"
            f" × {sizes['draw']:,} like the fit's; these have {dict(totals.sizes)}."
        )
    names = [str(name) for name in totals["group"].values]
    return (
        names,
        totals.transpose(*DIMS).to_numpy().reshape(len(names), -1),
        np.zeros(len(names)),
    )


def _check_groups(names: list[str], known: set[str], by: object) -> None:
    grouping = f"'{by}'" if isinstance(by, str) else "your own grouping"
    for name in names:
        if name not in known:
            raise UncountedError(
                f"There is no group '{name}' in {grouping}.{did_you_mean(name, known)}"
            )
        if names.count(name) > 1:
            raise UncountedError(
                f"The group '{name}' stands in the totals {names.count(name)} times."
                " Keep one."
            )
