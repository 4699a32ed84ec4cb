"""Totals: persons affected and prevalence of groups of countries and of their people,
summed in every draw.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

ALL = "all"
DRAWS = ("chain", "draw")


def affected(
    p: xr.DataArray,
    people: xr.DataArray,
    group: pd.Series,
) -> xr.DataArray:
    """Return Σ p·persons of each group, sex, age and level, and of all of them (…,
    group, sex, age, *traits), in persons.

    The sum is taken in every draw. p: (…, country, sex, age, *traits). people: the
    same dims, with chain and draw if they are uncertain. group: country → label. p may
    also have the dim form: forms are exclusive, so their sum is the number of persons
    in any form. With M the membership of countries in groups, affected = Mᵀ(p·N):
    world = Σ regions = Σ countries draw by draw. Sums are in double precision.
    """
    labels, member = _membership(p, group)
    parts = axes(p)
    dims = [dim for dim in p.dims if dim not in ("country", *parts)]
    lacking = {dim: p.sizes[dim] for dim in parts if dim not in people.dims}
    people = people.expand_dims(lacking)
    cells = p.transpose(*parts, *dims, "country")
    persons = people.transpose(*parts, ..., "country").to_numpy()
    shape = [p.sizes[dim] for dim in dims]
    sizes = [p.sizes[dim] for dim in parts]
    # Draws stand last, because they are read number by number.
    sums = np.zeros((len(labels), *(size + 1 for size in sizes), *shape))
    for cell in np.ndindex(*sizes):
        draws = cells[cell].to_numpy().reshape(-1, member.shape[1])
        sums_of_cell = _summed(
            member,
            persons[cell],
            draws.astype(float),
        )
        sums[:, *cell] = sums_of_cell.reshape(-1, *shape)
    for axis in range(len(parts), 0, -1):
        before = (slice(None),) * axis
        sums[*before, -1] = sums[*before, :-1].sum(axis=axis)
    coords = {
        "group": labels,
        **{dim: _with_all(p, dim) for dim in parts},
    }
    table = xr.DataArray(
        sums,
        dims=("group", *parts, *dims),
        coords=coords,
    )
    return table.transpose(*dims, *coords)


def _summed(
    member: np.ndarray,
    persons: np.ndarray,
    draws: np.ndarray,
) -> np.ndarray:
    """Return Σ p·persons of each group (groups, draws).

    persons: (countries,), or (…, countries) with persons of each draw.
    """
    if persons.ndim == 1:
        return (member * persons) @ draws.T
    return member @ (persons.reshape(-1, member.shape[1]) * draws).T


def axes(people: xr.DataArray) -> tuple[str, ...]:
    """Return the dims that divide the persons of a country, or their prevalence: sex,
    age, further traits, form.
    """
    not_parts = ("country", *DRAWS)
    return tuple(str(dim) for dim in people.dims if dim not in not_parts)


def expected(people: xr.DataArray) -> xr.DataArray:
    """Return persons (country, sex, age, *traits), the mean of their draws where they
    are uncertain.
    """
    return people.mean([dim for dim in people.dims if dim in DRAWS])


def affected_in_all(
    p: xr.DataArray,
    people: xr.DataArray,
    group: pd.Series,
) -> xr.DataArray:
    """Return Σ p·persons of each group over all its persons (…, group): `affected`
    without its parts.
    """
    labels, member = _membership(p, group)
    of_country = xr.dot(
        p,
        people,
        dim=list(axes(p)),
    )
    in_group = xr.DataArray(
        member,
        {"group": labels},
        ("group", "country"),
    )
    return xr.dot(of_country, in_group, dim="country")


def population(
    people: xr.DataArray,
    group: pd.Series,
) -> xr.DataArray:
    """Return the persons of each group, sex, age and level and of all of them (…,
    group, sex, age, *traits).
    """
    return affected(xr.ones_like(people), people, group)


def size(
    p: xr.DataArray,
    people: xr.DataArray,
    group: pd.Series,
) -> xr.DataArray:
    """Return the persons to whom each number of `affected` refers (…, group, *axes of
    p). Every form refers to all persons.
    """
    persons = population(people, group)
    parts = axes(p)
    lacking = {dim: _with_all(p, dim) for dim in parts if dim not in persons.dims}
    return persons.expand_dims(lacking).transpose(..., "group", *parts)


def _membership(
    p: xr.DataArray,
    group: pd.Series,
) -> tuple[pd.Index, np.ndarray]:
    """Return the groups' labels, and whether each country is in each group, 0 or 1
    (groups, countries).
    """
    labels = pd.Index(sorted(group.unique()), name="group")
    label_of_country = pd.Index(group.reindex(p["country"].values))
    group_index = labels.get_indexer(label_of_country)
    member = group_index[None, :] == np.arange(len(labels))[:, None]
    return labels, member.astype(float)


def _with_all(
    p: xr.DataArray,
    dim: str,
) -> Sequence[str]:
    """Return the labels of a dim as texts, and `all`."""
    return [*map(str, p[dim].values), ALL]
