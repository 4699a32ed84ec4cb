"""Factor evidence: what rows show of the effects of persons, of their products, and of
how they differ between countries and between kinds of source.
"""

import numpy as np
from scipy import sparse

from uncounted.model.belief import basis_of
from uncounted.model.card import Card
from uncounted.model.information import membership
from uncounted.model.people import sizes_of_persons
from uncounted.model.place import region_of
from uncounted.model.seen import Seen
from uncounted.model.vocabulary import SOURCE, of_countries, of_sources
from uncounted.world.world import World

Shown = tuple[np.ndarray, float, int]  # of a factor: information, largest τ, members


def factor_evidence(
    card: Card,
    world: World,
    seen: Seen,
    rows: np.ndarray,
    weight: np.ndarray | float,
) -> dict[str, Shown]:
    """Return for every factor of persons but sex, and every product, the information
    about each of its members, the largest τ that rows bear out, and how many members
    there are.

    rows (rows,): Fisher information. weight (rows,): 0 for a row held out.
    """
    countries, sources = len(world.places), len(seen.sources)
    unit = _unit(card, seen)
    region = region_of(card, world)
    cells = _cells(card, world, seen, rows, weight, seen.country, countries)
    source = seen.source[seen.survey]
    of_source = _cells(card, world, seen, rows, weight, source, sources)
    factors = [factor for factor in card.people if factor != "sex"]
    evidence: dict[str, Shown] = {}
    for factor in (*factors, *card.interactions):
        divided = of_source if of_sources(factor) else cells
        table = _of_factor(card, divided, factor, region)
        information = table[4]
        if of_countries(factor):
            dim = factor.removeprefix("country:")
            patterns = _about_contrasts(card, world, seen, rows, dim)
            shown = _shown_by_countries(table, region, unit)
            evidence[factor] = patterns, shown, information.size
        else:
            evidence[factor] = information, _shown(table, unit), information.size
    return evidence


def _shown(
    table: np.ndarray,
    unit: float,
    group: np.ndarray | None = None,
) -> float:
    """Return the largest τ of a factor of persons or a product that the rows bear out;
    table (5, *dims).

    Cases and non-cases of each member against those expected if all respondents of a
    survey were alike give a log odds ratio d, less what its margins give, and τ² =
    Σd²/dof − v(1 + 2√(2/dof)), v = mean(1/I): what is more than chance. unit: what a
    log odds is on the scale of the card's link. group: of each member of the first dim,
    whose mean is taken off as well. An outcome that doesn't differ by age is a funnel
    if ages are centred, however many cases there are: on stunting's surveys with an
    outcome of 0.5 %, alike at all ages, τ of the prior left a bulk ESS of 13.
    """
    logs = np.log(np.maximum(table[:4], 0.0) + 0.5)
    cases, expected, non_cases, non_cases_expected = logs
    ratio = unit * ((cases - expected) - (non_cases - non_cases_expected))
    ratio, dof = _less_margins(ratio, group)
    information = table[4]
    if not dof or not (information > 0).any():
        return 0.0
    variance = (1 / information[information > 0]).mean()
    chance = variance * (1 + 2 * np.sqrt(2 / dof))
    excess = (ratio**2).sum() / dof - chance
    return float(np.sqrt(max(excess, 0.0)))


def _less_margins(
    ratio: np.ndarray, group: np.ndarray | None
) -> tuple[np.ndarray, int]:
    """Return log odds ratios less their means along each dim, and less those of groups
    of the first dim's members; and the degrees of freedom that they keep.
    """
    for axis in range(ratio.ndim):
        ratio = ratio - ratio.mean(axis=axis, keepdims=True)
    free = [size - 1 for size in ratio.shape]
    if group is not None:
        members = np.bincount(group)
        sums = np.zeros((len(members), *ratio.shape[1:]))
        np.add.at(sums, group, ratio)
        means = sums / np.maximum(members, 1)[:, None]
        ratio = ratio - means[group]
        free[0] = len(group) - np.count_nonzero(members)
    return ratio, int(np.prod(free))


def _shown_by_countries(table: np.ndarray, region: np.ndarray, unit: float) -> float:
    """Return τ of countries' departures from their region's pattern, of countries that
    show all of a pattern.
    """
    complete = (table[4] > 0).all(axis=1)
    if not complete.any():
        return 0.0
    return _shown(table[:, complete], unit, region[complete])


def _unit(card: Card, seen: Seen) -> float:
    """Return what a log odds is on the scale of the card's link: p(1−p) at the
    evidence's mean if that is identity.
    """
    if card.link != "identity":
        return 1.0
    p = (seen.y.sum() + 1) / (seen.n.sum() + 2)
    return p * (1 - p)


def _about_contrasts(
    card: Card,
    world: World,
    seen: Seen,
    rows: np.ndarray,
    dim: str,
) -> np.ndarray:
    """Return the information about each country's coefficients of the basis of a dim
    (countries, rank).

    Of the dim's levels (countries, levels) where their sizes differ.

    Rows of a survey inform the weights w of the dim's levels by Σ I w wᵀ, less their
    information about the survey's own level, which is free: a row of everybody has none
    about a pattern.
    """
    shape = (len(world.places), *sizes_of_persons(card, world))
    axis = 1 + ("sex", "age", *card.traits).index(dim)
    level = np.indices(shape)[axis].ravel()
    size = level.max() + 1
    weight = sparse.csr_array(seen.w @ membership(level)).toarray()
    across, along = weight[:, :, None], weight[:, None, :]
    of_row = rows[:, None, None] * across * along
    of_survey = np.zeros((len(seen.surveys), size, size))
    np.add.at(of_survey, seen.survey, of_row)
    margin = of_survey.sum(axis=2)
    total = np.maximum(margin.sum(axis=1), 1e-12)
    taken = margin[:, :, None] * margin[:, None, :] / total[:, None, None]
    of_country = np.zeros((len(world.places), size, size))
    np.add.at(of_country, seen.survey_country, of_survey - taken)
    if dim == "age" and "spread_age" in card.priors:
        basis = np.eye(size)
    else:
        basis = basis_of(card, dim, size)
    information = np.einsum("ak,cab,bk->ck", basis, of_country, basis)
    return np.maximum(information, 0.0)


def _cells(
    card: Card,
    world: World,
    seen: Seen,
    rows: np.ndarray,
    weight: np.ndarray | float,
    group: np.ndarray,
    groups: int,
) -> np.ndarray:
    """Return the counts and information by cell, from rows that divide a survey, as
    `_shown` reads them (5, groups, sexes, ages, *traits).

    Cases, cases expected at the survey's own prevalence, non-cases, non-cases expected,
    Fisher information `rows`. group (rows,): of each row, its country or kind of
    source.
    """
    surveys = len(seen.surveys)
    y = np.bincount(seen.survey, seen.y * weight, surveys)
    n = np.bincount(seen.survey, seen.n * weight, surveys)
    prevalence = (y + 0.5) / (n + 1)
    p = prevalence[seen.survey]
    row_count = np.bincount(seen.survey, minlength=surveys)[seen.survey]
    divides = weight * (row_count > 1)
    cases = [seen.y, seen.n * p]
    non_cases = [seen.n - seen.y, seen.n * (1 - p)]
    counts = np.stack([*cases, *non_cases])
    sizes = sizes_of_persons(card, world)
    width = int(np.prod(sizes))
    row, cell = seen.w.tocoo().coords
    coords = (row, group[row] * width + cell % width)
    shape = (len(seen.y), groups * width)
    covers = sparse.csr_array((seen.w.data, coords), shape)
    by_cell = covers.T @ np.vstack([counts * divides, rows]).T
    by_cell = by_cell.reshape(groups, *sizes, 5)
    return np.moveaxis(by_cell, -1, 0)


def _of_factor(
    card: Card,
    cells: np.ndarray,
    factor: str,
    region: np.ndarray,
) -> np.ndarray:
    """Sum cells (5, countries or sources, sexes, …) over what the factor leaves out,
    countries by their regions.
    """
    dims = factor.split(":")
    place = "region" if dims[0] not in ("country", SOURCE) else dims[0]
    if place == "region":
        regions = region.max() + 1
        of_region = np.zeros((regions, 5, *cells.shape[2:]))
        np.add.at(of_region, region, cells.swapaxes(0, 1))
        cells = of_region.swapaxes(0, 1)
    axes = (place, "sex", "age", *card.traits)
    left_out = [axis for axis, dim in enumerate(axes, 1) if dim not in dims]
    return cells.sum(axis=tuple(left_out))
