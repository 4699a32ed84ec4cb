"""Backing: what is behind the numbers of each group: surveys, respondents, cases, and
so its evidence class.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.evidence.disclosure import released_sums
from uncounted.evidence.elsewhere import ELSEWHERE
from uncounted.infer import totals
from uncounted.infer.fit import Fit
from uncounted.model.seen import look
from uncounted.model.vocabulary import PEOPLE

SURVEYED, IMPUTED = "surveyed", "imputed"
HALF = 0.5  # of a group's people


def modelled(fit: Fit, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows without those of a sex or age of which the model knows no effect,
    which are not printed.
    """
    unknown = [axis for axis in PEOPLE if axis not in fit.card.people]
    return rows[(rows[unknown] == totals.ALL).all(axis=1)].reset_index(drop=True)


def behind(fit: Fit, group: pd.Series, of_countries: xr.Dataset) -> pd.DataFrame:
    """Return what is behind each number of groups of countries, one row for each group,
    sex, age and further axis.

    of_countries: `asked`. evidence and surveys are of that number: a survey of women is
    none of men. A group is of a class if at least half of the people whom the number is
    of live in countries of it. respondents, cases and cases_elsewhere, as they may be
    published, stand in the row of everybody alone.
    """
    persons, counts = of_countries["persons"], of_countries["surveys"]
    keys = ["group", *map(str, persons.dims[1:])]
    labels, countries = sorted(group.unique()), persons["country"].to_numpy()
    of_group = group.reindex(countries).to_numpy() == np.array(labels)[:, None]
    member = xr.DataArray(
        of_group.astype(float),
        {"group": labels, "country": countries},
        ("group", "country"),
    )
    people = xr.dot(member, persons, dim="country")
    with np.errstate(invalid="ignore"):
        surveyed, known = (
            xr.dot(member, persons.where(there > 0, 0.0), dim="country") / people
            for there in (counts, counts + of_countries["elsewhere"])
        )
    evidence = xr.where(
        surveyed >= HALF, SURVEYED, xr.where(known >= HALF, ELSEWHERE, IMPUTED)
    )
    surveys = xr.dot(member, counts, dim="country").astype(int)
    found = (
        xr.Dataset({"evidence": evidence, "surveys": surveys})
        .to_dataframe(keys)
        .reset_index()
    )
    observed = released_sums(fit.evidence, ELSEWHERE, group).assign(
        **dict.fromkeys(keys[1:], totals.ALL)
    )
    told = found.merge(observed, on=keys, how="left")
    return told.assign(masked=told["masked"].fillna(""))


def asked(fit: Fit, ages: Sequence[str] = ()) -> xr.Dataset:
    """Return surveys, elsewhere and persons by country, sex, age and further axes, each
    with `all`.

    surveys: how many asked people of that kind; elsewhere: likewise of what families
    abroad reported instead, which is no survey of the country; where they reported
    nobody, it stays imputed. persons: whom the number is of. ages: the names of groups
    of ages into which the card's are put together, one for each of the card's.
    """
    seen = look(fit.card, fit.world, fit.evidence)
    rows = seen.evidence.rows
    abroad = (rows["source"] == ELSEWHERE).to_numpy()
    label = fit.p["country"].to_series()
    people = totals.expected(fit.people)
    divides = totals.axes(people)  # a survey that asks of one form asks of all
    grid = (len(seen.surveys), *(people.sizes[dim] for dim in divides))
    entries = seen.w.tocoo()
    row, cell = (axis[entries.data > 0] for axis in entries.coords)
    persons = totals.size(
        _grouped(fit.p.isel(chain=0, draw=0), ages), _grouped(people, ages), label
    )
    persons = persons.rename(group="country").sel(country=label.to_numpy())
    found = {"persons": persons}
    for name, taken in (
        ("surveys", ~abroad),
        ("elsewhere", abroad & (rows["cases"] > 0).to_numpy()),
    ):
        covered = np.zeros((grid[0], int(np.prod(grid[1:]))))
        covered[seen.survey[row[taken[row]]], cell[taken[row]] % covered.shape[1]] = 1.0
        of_surveys = xr.DataArray(
            covered.reshape(grid),
            {dim: people[dim] for dim in divides},
            ("survey", *divides),
        )
        with_all = _with_all(_grouped(of_surveys, ages).to_numpy() > 0)
        counts = np.zeros((len(label), *with_all.shape[1:]))
        np.add.at(counts, seen.survey_country, with_all)
        coords = {dim: persons[dim] for dim in ("country", *divides)}
        found[name] = xr.DataArray(
            counts, coords, ("country", *divides)
        ).broadcast_like(persons)
    return xr.Dataset(found)


def _grouped(values: xr.DataArray, ages: Sequence[str]) -> xr.DataArray:
    """Add up over ages of the same group; without groups, return the values as they
    are.
    """
    if not ages:
        return values
    labels = np.array(list(dict.fromkeys(ages)), object)
    member = xr.DataArray(
        np.array(ages)[:, None] == labels,
        {"age": values["age"], "half": labels},
        ("age", "half"),
    )
    return (
        xr.dot(values, member.astype(float), dim="age")
        .rename(half="age")
        .transpose(*values.dims)
    )


def _with_all(covered: np.ndarray) -> np.ndarray:
    """Return whether surveys (surveys, …) asked people of each level, and of any, the
    last of each further axis.
    """
    for axis in range(1, covered.ndim):
        covered = np.concatenate(
            [covered, covered.any(axis=axis, keepdims=True)], axis=axis
        )
    return covered
