"""Centring: how far each level of the model is centred on its mean, from what the
evidence says of it.

With ξ ~ N(λm, σ^λ) and θ = m + σ^(1−λ)·(ξ − λm), θ ~ N(m, σ) for every λ
[Papaspiliopoulos et al. 2007; Gorinova et al. 2020]: λ = 1 is centred, which samples
well where data speak loudly, λ = 0 is not, which samples well where they whisper. λ =
Iτ²/(1 + Iτ²), the share of the level's variance that the data resolve: I is the Fisher
information about it, τ the least size that it is likely to have, by its prior and
number of members, and no more than the rows show of it, of persons' factors by
`_shown`, of all other levels by `components`: where τ is larger than σ may be, σ's
draws end in a funnel. The weights are pm.Data, so that whoever holds rows out sets them
anew without compiling.
"""

import numpy as np
from scipy import sparse

from uncounted.model.belief import basis_of
from uncounted.model.card import Card
from uncounted.model.components import components, mean_share
from uncounted.model.covariate_effects import known
from uncounted.model.place import region_of, rungs
from uncounted.model.seen import Seen
from uncounted.model.trend import has_trend
from uncounted.model.vocabulary import SOURCE, of_countries, of_sources
from uncounted.world.world import World, levels

FEW = 40
# always exchangeable, a λ for each member
LEVELS = ("survey", "series", "country", "subregion", "trend_country", "beta")


def centring(
    card: Card, world: World, seen: Seen, weight: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """Return λ of every level of the card's model, by name; `belief.flat` makes it the
    pm.Data `centring`.

    weight (rows,): 0 for a row held out.
    """
    scale: dict[str, float | np.ndarray] = {
        key: prior.scale for key, prior in card.priors.items()
    }
    rows = (
        _information(card, seen)
        * (1.0 if weight is None else weight)
        / (1 + scale.get("deff_excess", 0.0))
    )
    # half of the prior's scale: a larger error would take too much of what rows say of
    # patterns, whatever it proves
    rows = _passed(
        rows, scale.get("sigma_row", 0.0) / 2 * np.sqrt(seen.row_ages.sum(axis=1))
    )
    found = components(card, world, seen, weight)
    size, least = (
        {name: getattr(one, what) for name, one in found.items()}
        for what in ("mode", "low")
    )
    if card.neighbours:  # what is left to the countries themselves
        a, b = card.priors["rho"].numbers
        size["country"], least["country"] = (
            one["country"] * np.sqrt(b / (a + b)) for one in (size, least)
        )
    about: dict[str, np.ndarray] = {}
    about["survey"] = np.bincount(seen.survey, rows, len(seen.surveys))
    survey = _passed(about["survey"], size.get("survey", 0.0))
    if "series" in size:
        about["series"] = np.bincount(
            seen.series.survey[seen.series.member], survey[seen.series.member]
        )
    about["country"] = _of_countries(seen, survey, about, size, len(world.places))
    below, levels = about["country"], rungs(card, world)
    for rung, above in zip(levels[:0:-1], levels[-2::-1], strict=True):
        below = np.bincount(
            rung.parent, _passed(below, size[rung.name]), len(above.labels)
        )
        about[above.name] = below
    if has_trend(card):
        of_all = np.bincount(seen.survey_country, survey, len(world.places))
        about["trend_country"] = _about_slopes(seen, survey, of_all)
        by_region = _passed(about["trend_country"], size["trend_country"])
        about["trend_region"] = np.bincount(region_of(card, world), by_region)
    if "beta" in size:
        of_country = _passed(about["country"], size["country"])
        about["beta"] = of_country @ known(card, world).to_numpy() ** 2
    members = _members(seen)
    if "series" in size:
        scale |= _scales_in_series(card, seen)
    likely = {
        name: np.minimum(
            low, _few(scale[f"sigma_{name}"], members.get(name, about[name].size))
        )
        for name, low in least.items()
        if name in about
    }
    if "survey" in likely:
        _sum_lone_surveys(seen, about, likely)
    lam = {
        name: _lambda(about[name], tau, name in (*LEVELS, *card.exchangeable))
        for name, tau in likely.items()
    }
    unit, region = _unit(card, seen), region_of(card, world)
    left = 1.0 if weight is None else weight
    cells = _cells(card, world, seen, rows, left, seen.country, len(world.places))
    of_source = _cells(
        card, world, seen, rows, left, seen.source[seen.survey], len(seen.sources)
    )
    for factor in [*(one for one in card.people if one != "sex"), *card.interactions]:
        name = factor.replace(":", "_")
        table = _of_factor(
            card, of_source if of_sources(factor) else cells, factor, region
        )
        if of_countries(factor):
            of_patterns = _about_contrasts(
                card, world, seen, rows, factor.removeprefix("country:")
            )
            tau = np.minimum(
                _few(scale[f"sigma_{name}"], table[4].size),
                _shown_by_countries(table, region, unit),
            )
            lam[name] = _lambda(of_patterns, tau, each=True)
            continue
        tau = np.minimum(
            _few(scale[f"sigma_{name}"], table[4].size), _shown(table, unit)
        )
        lam[name] = _lambda(table[4], tau, factor in card.exchangeable)
    return lam


def _sum_lone_surveys(
    seen: Seen, about: dict[str, np.ndarray], likely: dict[str, np.ndarray]
) -> None:
    """Set information and size of countries with one survey to those of what is sampled
    of them, departure and error in one; the rest of the error is not centred.
    """
    lone = np.flatnonzero(seen.lone)
    country = seen.survey_country[lone]
    error = np.broadcast_to(likely["survey"], about["survey"].shape)[lone]
    departure = np.broadcast_to(likely["country"], about["country"].shape).copy()
    departure[country] = np.hypot(departure[country], error)
    likely["country"] = departure
    about["country"] = about["country"].copy()
    about["country"][country] = about["survey"][lone]
    about["survey"] = np.where(seen.lone, 0.0, about["survey"])


def _of_countries(
    seen: Seen,
    survey: np.ndarray,
    about: dict[str, np.ndarray],
    size: dict[str, np.ndarray],
    countries: int,
) -> np.ndarray:
    """Return the information about each country's level (countries,) from that of its
    surveys (surveys,).

    Surveys of a series tell of the country no more than their series does.
    """
    if "series" not in size:
        return np.bincount(seen.survey_country, survey, countries)
    alone = ~seen.series.member
    of_lone = np.bincount(seen.survey_country[alone], survey[alone], countries)
    return of_lone + np.bincount(
        seen.series.country, _passed(about["series"], size["series"]), countries
    )


def _members(seen: Seen) -> dict[str, np.ndarray]:
    """Return how many surveys (surveys,), and series (series,), share the standard
    deviation of each.
    """
    group = seen.series.groups(seen.source)
    counts = {"survey": np.bincount(group)[group]}
    if seen.series.member.any():
        counts["series"] = np.bincount(seen.series.source)[seen.series.source]
    return counts


def _scales_in_series(card: Card, seen: Seen) -> dict[str, np.ndarray | float]:
    """Return the scales of σ_survey of each survey (surveys,), a part of it in a
    series, and of what series share.
    """
    scale, common = card.priors["sigma_survey"].scale, mean_share(card)
    own = np.where(seen.series.member, np.sqrt(1 - common), 1.0)
    return {"sigma_survey": scale * own, "sigma_series": scale * np.sqrt(common)}


def _lambda(information: np.ndarray, tau: float | np.ndarray, each: bool) -> np.ndarray:
    """Return λ of each member of a level, or one for a block that sums to zero."""
    about = information if each else np.asarray(information.mean())
    return about * tau**2 / (1 + about * tau**2)


def _few(scale: float | np.ndarray, members: int | np.ndarray) -> float | np.ndarray:
    """Return τ of a level by its prior: scale·k/(k + FEW), k being how many members
    share its σ.

    Few members cannot keep their σ away from zero, where a centred level is a funnel:
    with τ = scale five regions gave stunting 2 to 18 divergences, and exchangeable ages
    gave the pooling reference 437; so none.
    """
    return scale * members / (members + FEW)


def _shown(table: np.ndarray, unit: float, group: np.ndarray | None = None) -> float:
    """Return the largest τ of a factor of persons or a product that the rows bear out;
    table (5, *dims).

    Cases and non-cases of each member against those expected if all respondents of a
    survey were alike give a log odds ratio d, less what its margins give, and τ² =
    Σd²/dof − v(1 + 2√(2/dof)), v = mean(1/I): what is more than chance. unit: what a
    log odds is on the scale of the card's link. group: of each member of the first dim,
    whose mean is taken off as well. An outcome that doesn't differ by age is a funnel
    if ages are centred, however many cases speak of it: on stunting's surveys with an
    outcome of 0.5 %, alike at all ages, τ of the prior left a bulk ESS of 13.
    """
    cases, expected, others, others_expected = np.log(np.maximum(table[:4], 0.0) + 0.5)
    d = unit * ((cases - expected) - (others - others_expected))
    for axis in range(d.ndim):
        d = d - d.mean(axis=axis, keepdims=True)
    free = [size - 1 for size in d.shape]
    if group is not None:
        members = np.bincount(group)
        sums = np.zeros((len(members), *d.shape[1:]))
        np.add.at(sums, group, d)
        d = d - (sums / np.maximum(members, 1)[:, None])[group]
        free[0] = len(group) - np.count_nonzero(members)
    dof = np.prod(free)
    information = table[4]
    if not dof or not (information > 0).any():
        return 0.0
    chance = (1 / information[information > 0]).mean() * (1 + 2 * np.sqrt(2 / dof))
    return float(np.sqrt(max((d**2).sum() / dof - chance, 0.0)))


def _shown_by_countries(table: np.ndarray, region: np.ndarray, unit: float) -> float:
    """Return τ of countries' departures from their region's pattern, of countries that
    show all of a pattern.
    """
    whole = (table[4] > 0).all(axis=1)
    return _shown(table[:, whole], unit, region[whole]) if whole.any() else 0.0


def _information(card: Card, seen: Seen) -> np.ndarray:
    """Fisher information of each row about a logit: n·p(1−p), p shrunk to the
    evidence's mean by two respondents.

    About p itself, under the identity link: n/p(1−p).
    """
    y = np.minimum(
        seen.y, seen.n
    )  # one that is drawn of a part of a person may be above n
    p = (y + 2 * y.sum() / seen.n.sum()) / (seen.n + 2)
    if card.link == "identity":
        return seen.n / (p * (1 - p))
    variance = seen.n * p * (1 - p)
    rounding = (
        2 * seen.n * seen.rounding
    ) ** 2 / 12  # Sheppard's, of a count that is printed rounded
    return variance * np.divide(
        variance, variance + rounding, np.ones(len(p)), where=rounding > 0
    )


def _unit(card: Card, seen: Seen) -> float:
    """Return what a log odds is on the scale of the card's link: p(1−p) at the
    evidence's mean if that is identity.
    """
    p = (seen.y.sum() + 1) / (seen.n.sum() + 2)
    return p * (1 - p) if card.link == "identity" else 1.0


def _passed(information: np.ndarray, scale: float | np.ndarray) -> np.ndarray:
    """Information about the mean of a level whose members have variance scale²
    themselves: 1/(scale² + 1/I).
    """
    return information / (1 + information * scale**2)


def _about_slopes(seen: Seen, survey: np.ndarray, country: np.ndarray) -> np.ndarray:
    """Information about each country's slope, its level unknown: Σ I_j (t_j − t̄)²;
    nothing from surveys of one year.
    """
    first = np.bincount(seen.survey_country, survey * seen.survey_since, len(country))
    second = np.bincount(
        seen.survey_country, survey * seen.survey_since**2, len(country)
    )
    return np.maximum(second - first**2 / np.maximum(country, 1e-12), 0.0)


def _about_contrasts(
    card: Card, world: World, seen: Seen, rows: np.ndarray, dim: str
) -> np.ndarray:
    """Return the information about each country's coefficients of the basis of a dim
    (countries, rank).

    Of the dim's levels (countries, levels) where their sizes differ.

    Rows of a survey inform the weights w of the dim's levels by Σ I w wᵀ, less what
    they say of the survey's own level, which is free: a row of everybody says nothing
    of a pattern.
    """
    shape = (len(world.places), *_sizes(card, world))
    level = np.indices(shape)[1 + ("sex", "age", *card.traits).index(dim)].ravel()
    size = level.max() + 1
    member = sparse.csr_array(
        (np.ones(len(level)), (np.arange(len(level)), level)), shape=(len(level), size)
    )
    weight = sparse.csr_array(seen.w @ member).toarray()
    of_survey = np.zeros((len(seen.surveys), size, size))
    np.add.at(
        of_survey,
        seen.survey,
        rows[:, None, None] * weight[:, :, None] * weight[:, None, :],
    )
    level_of = of_survey.sum(axis=2)
    whole = level_of.sum(axis=1)
    taken = (
        level_of[:, :, None]
        * level_of[:, None, :]
        / np.maximum(whole, 1e-12)[:, None, None]
    )
    of_country = np.zeros((len(world.places), size, size))
    np.add.at(of_country, seen.survey_country, of_survey - taken)
    basis = (
        np.eye(size)
        if dim == "age" and "spread_age" in card.priors
        else basis_of(card, dim, size)
    )
    return np.maximum(np.einsum("ak,cab,bk->ck", basis, of_country, basis), 0.0)


def _sizes(card: Card, world: World) -> tuple[int, ...]:
    """Return how many sexes, ages and levels of each trait there are."""
    return (2, len(card.ages), *(len(levels(world, trait)) for trait in card.traits))


def _cells(
    card: Card,
    world: World,
    seen: Seen,
    rows: np.ndarray,
    weight: np.ndarray | float,
    group: np.ndarray,
    groups: int,
) -> np.ndarray:
    """Return what rows that divide a survey say of cells (5, groups, sexes, ages,
    *traits), as `_shown` reads it.

    Cases, cases expected at the survey's own prevalence, non-cases, non-cases expected,
    Fisher information `rows`. group (rows,): of each row, its country or kind of
    source.
    """
    size = len(seen.surveys)
    y, n = (np.bincount(seen.survey, each * weight, size) for each in (seen.y, seen.n))
    p = ((y + 0.5) / (n + 1))[seen.survey]
    divides = weight * (np.bincount(seen.survey, minlength=size)[seen.survey] > 1)
    counts = np.stack([seen.y, seen.n * p, seen.n - seen.y, seen.n * (1 - p)])
    sizes, (row, cell) = _sizes(card, world), seen.w.tocoo().coords
    width = int(np.prod(sizes))
    looked = sparse.csr_array(
        (seen.w.data, (row, group[row] * width + cell % width)),
        (len(seen.y), groups * width),
    )
    by_cell = looked.T @ np.vstack([counts * divides, rows]).T
    return np.moveaxis(by_cell.reshape(groups, *sizes, 5), -1, 0)


def _of_factor(
    card: Card, cells: np.ndarray, factor: str, region: np.ndarray
) -> np.ndarray:
    """Sum cells (5, countries or sources, sexes, …) over what the factor leaves out,
    countries by their regions.
    """
    dims = factor.split(":")
    place = "region" if dims[0] not in ("country", SOURCE) else dims[0]
    if place == "region":
        of_region = np.zeros((region.max() + 1, 5, *cells.shape[2:]))
        np.add.at(of_region, region, cells.swapaxes(0, 1))
        cells = of_region.swapaxes(0, 1)
    left_out = [
        axis
        for axis, dim in enumerate((place, "sex", "age", *card.traits), 1)
        if dim not in dims
    ]
    return cells.sum(axis=tuple(left_out))
