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
    labels, member = _membership(p, group)
    dims, sexes, ages = p.dims[:-3], _values(p, "sex"), _values(p, "age")
    shape = tuple(p.sizes[dim] for dim in dims)
    sums = np.empty((len(labels), len(sexes) + 1, len(ages) + 1, *shape))  # draws last: they are read number by number
    cells, persons = p.transpose("sex", "age", *dims, "country"), people.transpose("sex", "age", "country").to_numpy()
    for s, a in np.ndindex(len(sexes), len(ages)):
        draws = cells[s, a].to_numpy().reshape(-1, member.shape[1]).astype(float)
        sums[:, s, a] = ((member * persons[s, a]) @ draws.T).reshape(-1, *shape)
    sums[:, :-1, -1] = sums[:, :-1, :-1].sum(axis=2)
    sums[:, -1] = sums[:, :-1].sum(axis=1)
    coords = {"group": labels, "sex": [*sexes, ALL], "age": [*ages, ALL]}
    return xr.DataArray(sums, dims=("group", "sex", "age", *dims), coords=coords).transpose(*dims, *coords)


def affected_in_all(p: xr.DataArray, people: xr.DataArray, group: pd.Series) -> xr.DataArray:
    """Return Σ p·persons of each group, all its persons together (…, group): `affected` without the parts."""
    labels, member = _membership(p, group)
    of_country = xr.dot(p, people, dim=["sex", "age"])
    return xr.dot(of_country, xr.DataArray(member, {"group": labels}, ("group", "country")), dim="country")


def population(people: xr.DataArray, group: pd.Series) -> xr.DataArray:
    """Return the persons of each group, sex and age and of all of them (group, sex, age)."""
    return affected(xr.ones_like(people), people, group)


def _membership(p: xr.DataArray, group: pd.Series) -> tuple[pd.Index, np.ndarray]:
    """Return the groups' labels, and which of them each country is in, 0 or 1 (groups, countries)."""
    labels = pd.Index(sorted(group.unique()), name="group")
    label_of = labels.get_indexer(pd.Index(group.reindex(p["country"].values)))
    return labels, (label_of[None, :] == np.arange(len(labels))[:, None]).astype(float)


def _values(p: xr.DataArray, dim: str) -> Sequence[str]:
    return [str(value) for value in p[dim].values]
