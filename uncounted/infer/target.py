"""Target: the totals with which a fit should agree, read from a table or from draws and
checked against the population.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import expit, logit

from uncounted.errors import UncountedError, did_you_mean
from uncounted.infer.fit import Fit
from uncounted.infer.totals import DRAWS, affected_in_all, axes, expected
from uncounted.world.world import groups

KINDS = ("persons", "prevalence")
DIMS = ("group", *DRAWS)


@dataclass(frozen=True)
class Target:
    """Totals of groups of countries.

    group: country → group. persons: (groups, 1 or draws). se: the SE of persons
    (groups,), 0 where there is none. member: true where a country is in the group
    (groups, countries). people: all persons of the groups (groups,).
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
        totals = []
        for name, mean, se in zip(self.names, means, self.se, strict=True):
            error = f" (SE {se:,.0f})" if se else ""
            totals.append(f"{name} {mean:,.0f}{error}")
        text = ", ".join(totals[:4])
        if len(totals) > 4:
            text += f" and {len(totals) - 4} more"
        return f"{text} persons"

    def draw(
        self,
        draws: int,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """Return the totals of each draw (groups, draws): logit(T/N) ~ N(logit(t/N),
        se·N / (t·(N − t))).
        """
        shape = (len(self.persons), draws)
        everybody = self.people[:, None]
        se = self.se[:, None]
        scale = se * everybody / (self.persons * (everybody - self.persons))
        mean = logit(self.persons / everybody)
        drawn = everybody * expit(mean + scale * rng.normal(size=shape))
        certain = np.broadcast_to(self.persons, shape)
        return np.where(se > 0, drawn, certain)

    def log_density(self, fit: Fit) -> np.ndarray:
        """Return Σ_groups log N(total of the draw | total, se) of every draw, chain
        after chain, up to a constant.
        """
        if (self.se <= 0).any() or self.persons.shape[1] > 1:
            raise UncountedError(
                "A soft benchmark weighs totals by their SE, and not every total has"
                " one above 0. Add a column se, or write how='exact'."
            )
        counts = affected_in_all(fit.p, fit.people, self.group)
        drawn = _by_draw(counts.sel(group=self.names))
        scores = (drawn - self.persons) / self.se[:, None]
        return -0.5 * np.square(scores).sum(axis=0)


def _by_draw(totals: xr.DataArray) -> np.ndarray:
    """Return draws of totals as an array (groups, draws), chain after chain."""
    values = totals.transpose(*DIMS).to_numpy()
    return values.reshape(len(values), -1)


def aim(
    fit: Fit,
    totals: pd.DataFrame | xr.DataArray,
    by: str | Path | pd.DataFrame | pd.Series,
) -> Target:
    """Read totals of groups as a Target; raises UncountedError for what no draw can
    agree with.
    """
    group = groups(fit.world, by).reindex(fit.p["country"].values)
    if isinstance(totals, xr.DataArray):
        names, value, se = _draws(fit, totals)
    else:
        names, value, se = _table(totals)
    _check_groups(names, set(group), by)
    member = np.array([group.to_numpy() == name for name in names])
    of_country = expected(fit.people).sum(axes(fit.people))
    people = member @ of_country.sel(country=fit.p["country"]).to_numpy()
    unit = people if _kind(totals) == "prevalence" else np.ones(len(names))
    target = Target(
        group,
        names,
        value * unit[:, None],
        se * unit,
        member,
        people,
    )
    _check_totals(fit, target)
    return target


def _check_totals(fit: Fit, target: Target) -> None:
    totals = zip(target.names, target.persons, target.people, strict=True)
    for name, total, everybody in totals:
        outside = total[~((total > 0) & (total < everybody))]
        if outside.size:
            raise UncountedError(
                f"The total of '{name}' is {outside[0]:,.0f} persons; of the card's"
                f" ages {everybody:,.0f} live there in {fit.card.year}, and a total"
                " must lie between 0 and that. Check its unit, ages and year."
            )


def _kind(totals: pd.DataFrame | xr.DataArray) -> str:
    """Return what the totals are: persons or prevalence."""
    names = [totals.name] if isinstance(totals, xr.DataArray) else totals.columns
    kinds = [kind for kind in KINDS if kind in names]
    if len(kinds) != 1:
        number = "both" if kinds else "neither"
        raise UncountedError(
            "Totals should have persons or prevalence (a proportion); these have"
            f" {number}. Give one."
        )
    return kinds[0]


def _table(totals: pd.DataFrame) -> tuple[list[str], np.ndarray, np.ndarray]:
    kind = _kind(totals)
    if "group" not in totals:
        raise UncountedError(
            "The table of totals has no column"
            f" 'group'.{did_you_mean('group', totals.columns)}"
        )
    value = totals[kind].to_numpy(float)[:, None]
    se = np.zeros(len(totals))
    if "se" in totals:
        se = totals["se"].fillna(0.0).to_numpy(float)
    if totals.empty or (se < 0).any() or not np.isfinite(se).all():
        raise UncountedError(
            "The table of totals has no row, or an SE below 0 or infinite. Mend it."
        )
    return [str(name) for name in totals["group"]], value, se


def _draws(
    fit: Fit,
    totals: xr.DataArray,
) -> tuple[list[str], np.ndarray, np.ndarray]:
    sizes = {dim: fit.p.sizes[dim] for dim in DRAWS}
    has_dims = set(totals.dims) == set(DIMS)
    if not has_dims or {dim: totals.sizes[dim] for dim in DRAWS} != sizes:
        raise UncountedError(
            f"Draws of totals should have dims group, chain and draw, {sizes['chain']}"
            f" × {sizes['draw']:,} like the fit's; these have {dict(totals.sizes)}."
        )
    names = [str(name) for name in totals["group"].values]
    return names, _by_draw(totals), np.zeros(len(names))


def _check_groups(
    names: list[str],
    labels: set[str],
    by: object,
) -> None:
    grouping = f"'{by}'" if isinstance(by, str) else "your own grouping"
    for name in names:
        if name not in labels:
            raise UncountedError(
                f"There is no group '{name}' in {grouping}.{did_you_mean(name, labels)}"
            )
        if names.count(name) > 1:
            raise UncountedError(
                f"The group '{name}' stands in the totals {names.count(name)} times."
                " Keep one."
            )
