"""Totals: persons affected and prevalence of groups of countries and of their people,
summed in every draw.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

ALL = "all"


DRAWS = ("chain", "draw")


def affected(p: xr.DataArray, people: xr.DataArray, group: pd.Series) -> xr.DataArray:
    """Return Σ p·persons of each group, sex, age and level, and of all of them (…,
    group, sex, age, *traits), persons.

    In every draw: p (…, country, sex, age, *traits), people likewise, with chain and
    draw if they are uncertain, group: country → label. p may have a dim more, form:
    forms are exclusive, so that all of them together are any. With M the membership of
    countries in groups, affected = Mᵀ(p·N): world = Σ regions = Σ countries draw by
    draw. Sums are in double precision.
    """
    labels, member = _membership(p, group)
    parts = axes(p)
    people = people.expand_dims(
        {dim: p.sizes[dim] for dim in parts if dim not in people.dims}
    )
    dims = [dim for dim in p.dims if dim not in ("country", *parts)]
    shape, sizes = [p.sizes[dim] for dim in dims], [p.sizes[dim] for dim in parts]
    sums = np.zeros(
        (len(labels), *(size + 1 for size in sizes), *shape)
    )  # draws last: they are read number by number
    cells, persons = (
        p.transpose(*parts, *dims, "country"),
        people.transpose(*parts, ..., "country").to_numpy(),
    )
    for at in np.ndindex(*sizes):
        draws = cells[at].to_numpy().reshape(-1, member.shape[1]).astype(float)
        sums[(slice(None), *at)] = _summed(member, persons[at], draws).reshape(
            -1, *shape
        )
    for axis in range(len(parts), 0, -1):
        before = (slice(None),) * axis
        sums[(*before, -1)] = sums[(*before, slice(None, -1))].sum(axis=axis)
    coords = {"group": labels, **{dim: [*_values(p, dim), ALL] for dim in parts}}
    return xr.DataArray(sums, dims=("group", *parts, *dims), coords=coords).transpose(
        *dims, *coords
    )


def _summed(member: np.ndarray, persons: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Return Σ p·persons of each group (groups, draws); persons (countries,), or (…,
    countries), one for each draw.
    """
    if persons.ndim == 1:
        return (member * persons) @ draws.T
    return member @ (persons.reshape(-1, member.shape[1]) * draws).T


def axes(people: xr.DataArray) -> tuple[str, ...]:
    """Return the dims that divide the persons of a country, or their prevalence: sex,
    age, further traits, form.
    """
    return tuple(str(dim) for dim in people.dims if dim not in ("country", *DRAWS))


def expected(people: xr.DataArray) -> xr.DataArray:
    """Return persons (country, sex, age, *traits), the mean of their draws where they
    are uncertain.
    """
    return people.mean([dim for dim in people.dims if dim in DRAWS])


def affected_in_all(
    p: xr.DataArray, people: xr.DataArray, group: pd.Series
) -> xr.DataArray:
    """Return Σ p·persons of each group, all its persons together (…, group): `affected`
    without the parts.
    """
    labels, member = _membership(p, group)
    of_country = xr.dot(p, people, dim=list(axes(p)))
    return xr.dot(
        of_country,
        xr.DataArray(member, {"group": labels}, ("group", "country")),
        dim="country",
    )


def population(people: xr.DataArray, group: pd.Series) -> xr.DataArray:
    """Return the persons of each group, sex, age and level and of all of them (…,
    group, sex, age, *traits).
    """
    return affected(xr.ones_like(people), people, group)


def size(p: xr.DataArray, people: xr.DataArray, group: pd.Series) -> xr.DataArray:
    """Return the persons whom each number of `affected` is of (…, group, *axes of p):
    of every form, all of them.
    """
    persons = population(people, group)
    lacking = {
        dim: [*_values(p, dim), ALL] for dim in axes(p) if dim not in persons.dims
    }
    return persons.expand_dims(lacking).transpose(..., "group", *axes(p))


def _membership(p: xr.DataArray, group: pd.Series) -> tuple[pd.Index, np.ndarray]:
    """Return the groups' labels, and which of them each country is in, 0 or 1 (groups,
    countries).
    """
    labels = pd.Index(sorted(group.unique()), name="group")
    label_of = labels.get_indexer(pd.Index(group.reindex(p["country"].values)))
    return labels, (label_of[None, :] == np.arange(len(labels))[:, None]).astype(float)


def _values(p: xr.DataArray, dim: str) -> Sequence[str]:
    return [str(value) for value in p[dim].values]
