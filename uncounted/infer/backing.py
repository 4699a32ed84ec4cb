"""Backing: the surveys, respondents and cases behind the numbers of each group, and the
evidence class that follows from them.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.infer import totals
from uncounted.infer.fit import Fit
from uncounted.model.seen import Seen, look
from uncounted.model.vocabulary import PEOPLE
from uncounted.observations.disclosure import released_sums
from uncounted.observations.elsewhere import ELSEWHERE

SURVEYED, IMPUTED = "surveyed", "imputed"
HALF = 0.5  # of a group's people


def modelled(
    fit: Fit,
    rows: pd.DataFrame,
) -> pd.DataFrame:
    """Return the rows of the sexes and ages for which the model has an effect.

    The other rows are not printed.
    """
    unmodelled = [axis for axis in PEOPLE if axis not in fit.card.people]
    of_all = (rows[unmodelled] == totals.ALL).all(axis=1)
    return rows[of_all].reset_index(drop=True)


def behind(
    fit: Fit,
    group: pd.Series,
    of_countries: xr.Dataset,
) -> pd.DataFrame:
    """Return the data behind each number of groups of countries, one row for each
    group, sex, age and further axis.

    of_countries: what `asked` returns. evidence and surveys refer to the persons of
    the row: a survey of women is no survey of men. A group has an evidence class if at
    least half of the persons of the row live in countries of that class. respondents,
    cases and cases_elsewhere are given as they may be published, and only in the row of
    all persons.
    """
    persons, counts = of_countries["persons"], of_countries["surveys"]
    keys = ["group", *map(str, persons.dims[1:])]
    member = _members(group, persons["country"].to_numpy())
    evidence = _evidence_class(member, of_countries)
    surveys = xr.dot(member, counts, dim="country").astype(int)
    classes = xr.Dataset({"evidence": evidence, "surveys": surveys})
    table = classes.to_dataframe(keys).reset_index()
    in_row_of_all = dict.fromkeys(keys[1:], totals.ALL)
    sums = released_sums(fit.evidence, ELSEWHERE, group).assign(**in_row_of_all)
    backed = table.merge(sums, on=keys, how="left")
    return backed.assign(masked=backed["masked"].fillna(""))


def _members(
    group: pd.Series,
    countries: np.ndarray,
) -> xr.DataArray:
    """Return 1 where a country is in a group, else 0 (group, country)."""
    labels = sorted(group.unique())
    label_of_country = group.reindex(countries).to_numpy()
    member = label_of_country == np.array(labels)[:, None]
    coords = {"group": labels, "country": countries}
    return xr.DataArray(
        member.astype(float),
        coords,
        ("group", "country"),
    )


def _evidence_class(
    member: xr.DataArray,
    of_countries: xr.Dataset,
) -> xr.DataArray:
    """Return the evidence class of each group, sex, age and further axis."""
    persons, surveys = of_countries["persons"], of_countries["surveys"]
    reports = surveys + of_countries["elsewhere"]
    surveyed = persons.where(surveys > 0, 0.0)
    reported = persons.where(reports > 0, 0.0)
    people = xr.dot(member, persons, dim="country")
    with np.errstate(invalid="ignore"):
        share_surveyed = xr.dot(member, surveyed, dim="country") / people
        share_reported = xr.dot(member, reported, dim="country") / people
    unsurveyed = xr.where(share_reported >= HALF, ELSEWHERE, IMPUTED)
    return xr.where(share_surveyed >= HALF, SURVEYED, unsurveyed)


def asked(
    fit: Fit,
    ages: Sequence[str] = (),
) -> xr.Dataset:
    """Return surveys, elsewhere and persons by country, sex, age and further axes, each
    axis with `all`.

    surveys: the number of surveys that asked such persons. elsewhere: the same for
    reports of families abroad, which are no survey of the country; where they reported
    no case, the country stays imputed. persons: the persons to whom the number refers.
    ages: the group of ages into which each of the card's ages goes, one for each.
    """
    seen = look(fit.card, fit.world, fit.evidence)
    rows = seen.evidence.rows
    is_abroad = (rows["source"] == ELSEWHERE).to_numpy()
    has_cases = (rows["cases"] > 0).to_numpy()
    label = fit.p["country"].to_series()
    people = totals.expected(fit.people)
    p = _grouped(fit.p.isel(chain=0, draw=0), ages)
    persons = totals.size(p, _grouped(people, ages), label)
    persons = persons.rename(group="country").sel(country=label.to_numpy())
    counts = {"persons": persons}
    for name, included in (
        ("surveys", ~is_abroad),
        ("elsewhere", is_abroad & has_cases),
    ):
        covered = _grouped(_covered_cells(seen, included, people), ages)
        counts[name] = _surveys_of_countries(seen, covered, persons)
    return xr.Dataset(counts)


def _covered_cells(
    seen: Seen,
    included: np.ndarray,
    people: xr.DataArray,
) -> xr.DataArray:
    """Return 1 where an included row (rows,) of a survey covers persons, else 0
    (survey, *axes of people).

    A survey that asks of one form asks of all forms.
    """
    parts = totals.axes(people)
    sizes = [people.sizes[dim] for dim in parts]
    covered = np.zeros((len(seen.surveys), int(np.prod(sizes))))
    entries = seen.w.tocoo()
    row, cell = entries.coords
    counted = (entries.data > 0) & included[row]
    cell_in_country = cell[counted] % covered.shape[1]
    covered[seen.survey[row[counted]], cell_in_country] = 1.0
    return xr.DataArray(
        covered.reshape(len(seen.surveys), *sizes),
        {dim: people[dim] for dim in parts},
        ("survey", *parts),
    )


def _surveys_of_countries(
    seen: Seen,
    covered: xr.DataArray,
    persons: xr.DataArray,
) -> xr.DataArray:
    """Return how many surveys of each country covered such persons, like `persons`."""
    with_all = _with_all(covered.to_numpy() > 0)
    counts = np.zeros((persons.sizes["country"], *with_all.shape[1:]))
    np.add.at(counts, seen.survey_country, with_all)
    dims = ("country", *map(str, covered.dims[1:]))
    coords = {dim: persons[dim] for dim in dims}
    return xr.DataArray(counts, coords, dims).broadcast_like(persons)


def _grouped(
    values: xr.DataArray,
    ages: Sequence[str],
) -> xr.DataArray:
    """Add up the ages of each group; without groups, return the values as they are."""
    if not ages:
        return values
    labels = np.array(list(dict.fromkeys(ages)), object)
    member = xr.DataArray(
        np.array(ages)[:, None] == labels,
        {"age": values["age"], "group_of_ages": labels},
        ("age", "group_of_ages"),
    )
    sums = xr.dot(
        values,
        member.astype(float),
        dim="age",
    )
    return sums.rename(group_of_ages="age").transpose(*values.dims)


def _with_all(covered: np.ndarray) -> np.ndarray:
    """Add to each axis of levels, as its last entry, whether a survey covered any level
    (surveys, …).
    """
    for axis in range(1, covered.ndim):
        any_level = covered.any(axis=axis, keepdims=True)
        covered = np.concatenate([covered, any_level], axis=axis)
    return covered
