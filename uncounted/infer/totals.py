"""Totals: persons affected and prevalence of groups of countries, sexes and ages, summed in every draw."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

ALL = "all"


def affected(p: xr.DataArray, people: xr.DataArray, group: pd.Series) -> xr.DataArray:
    """Return Σ p·persons of each group, sex and age and of all of them (…, group, sex, age), persons, in every draw.

    p (…, country, sex, age), people (country, sex, age), group: country → label. With M the membership of countries in
    groups, affected = Mᵀ(p·N): world = Σ regions = Σ countries draw by draw. Sums are in double precision.
    """
    labels = pd.Index(sorted(group.unique()), name="group")
    label_of = pd.Index(group.reindex(p["country"].values))
    member = labels.get_indexer(label_of)[None, :] == np.arange(len(labels))[:, None]
    of_group = xr.DataArray(member.astype(float), dims=("group", "country"), coords={"group": labels})
    sums = [
        _over(p, people, of_group, sex, age) for sex in [*_values(p, "sex"), ALL] for age in [*_values(p, "age"), ALL]
    ]
    sexes, ages = [*_values(p, "sex"), ALL], [*_values(p, "age"), ALL]
    stacked = np.stack(sums, axis=-1).reshape(*sums[0].shape, len(sexes), len(ages))
    return xr.DataArray(
        stacked, dims=(*p.dims[:-3], "group", "sex", "age"), coords={"group": labels, "sex": sexes, "age": ages}
    )


def population(people: xr.DataArray, group: pd.Series) -> xr.DataArray:
    """Return the persons of each group, sex and age and of all of them (group, sex, age)."""
    return affected(xr.ones_like(people), people, group)


def _over(p: xr.DataArray, people: xr.DataArray, of_group: xr.DataArray, sex: str, age: str) -> np.ndarray:
    """Sum one sex or both and one age band or all over groups: a matrix product, one cell of persons at a time."""
    total: np.ndarray | float = 0.0
    for s in _values(p, "sex") if sex == ALL else [sex]:
        for a in _values(p, "age") if age == ALL else [age]:
            cell = {"sex": s, "age": a}
            total = total + p.sel(cell).to_numpy().astype(float) @ (of_group * people.sel(cell)).to_numpy().T
    return np.asarray(total)


def _values(p: xr.DataArray, dim: str) -> Sequence[str]:
    return [str(value) for value in p[dim].values]
