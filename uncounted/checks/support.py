"""Support: the people in surveyed countries, and the respondents behind published
numbers.
"""

import pandas as pd
import xarray as xr

from uncounted.checks.finding import Finding, listed
from uncounted.checks.row_groups import surveyed_countries
from uncounted.figures.sizes import NO_DESIGN_EFFECT
from uncounted.infer.backing import modelled
from uncounted.infer.fit import Fit
from uncounted.infer.totals import affected, axes, expected
from uncounted.model.seen import look
from uncounted.observations.evidence import ELSEWHERE
from uncounted.world.world import groups

# of a group's people in surveyed countries: below it the group counts as imputed
HALF = 0.5
THIN = 25.0  # respondents, below which household surveys commonly print no figure


def support(fit: Fit) -> list[Finding]:
    """Say which people live in surveyed countries, which numbers rest on few
    respondents, and how many surveys have an unknown design.
    """
    return [_people(fit), _thin(fit), _without_design(fit)]


def shares_surveyed(
    fit: Fit,
    by: str = "region",
) -> pd.Series:
    """Return the share of each group's people who live in countries with a survey of
    their own.
    """
    cells = expected(fit.people)
    traits = [dim for dim in cells.dims if dim != "country"]
    people = cells.sum(traits).to_series()
    group = groups(fit.world, by).reindex(people.index)
    surveyed = people.index.isin(surveyed_countries(fit.evidence.rows))
    in_surveyed = people.where(surveyed, 0.0)
    return in_surveyed.groupby(group).sum() / people.groupby(group).sum()


def respondents(fit: Fit) -> xr.DataArray:
    """Return respondents behind every cell (country, sex, age, …): Σ_j n_j W[j, cell],
    n_j those of row j, unweighted.

    Where a row's respondents aren't known, its effective n stands in.
    """
    observations = look(fit.card, fit.world, fit.evidence)
    rows = observations.evidence.rows
    counts = rows["respondents"].fillna(rows["n"])
    counts = counts.where(rows["source"] != ELSEWHERE, 0.0)
    cells = observations.w.T @ counts.to_numpy(float)
    people = expected(fit.people).transpose("country", *axes(fit.people))
    return people.copy(data=cells.reshape(people.shape))


def _people(fit: Fit) -> Finding:
    name = "people in surveyed countries"
    world = float(shares_surveyed(fit, "world").iloc[0])
    regions = shares_surveyed(fit)
    low = regions[regions < HALF]
    sentence = (
        f"{world:.0%} of people live in surveyed countries; by region"
        f" {regions.min():.0%} to {regions.max():.0%}."
    )
    if not low.empty:
        sentence += (
            f" Less than half in {', '.join(low.index)}: what is printed there is"
            " imputed for the most part."
        )
    good = low.empty and world >= HALF
    return Finding(name, "pass" if good else "warn", world, HALF, sentence)


def _thin(fit: Fit) -> Finding:
    """Count numbers with few respondents, of everybody and by trait, of countries and
    groups that have a survey at all.

    A number without a survey is imputed, and its rows say so.
    """
    name = "numbers of few respondents"
    cells = respondents(fit)
    examples = []
    total = 0
    for grouping in ("region", "subregion", "country"):
        numbers = _numbers(fit, cells, grouping)
        total += len(numbers)
        thin = numbers.loc[numbers["respondents"] < THIN - 1e-9]
        places = thin["group"]
        if grouping == "country":
            places = places.map(fit.world.places["name"])
        traits = thin.drop(columns=["group", "respondents", "people"])
        for place, levels in zip(places, traits.to_numpy(), strict=True):
            named = [level for level in levels if level != "all"]
            examples.append(", ".join([place, *named]))
    share = len(examples) / max(total, 1)
    sentence = (
        f"{len(examples):,} of {total:,} numbers of surveyed regions, subregions and"
        f" countries, by sex and age too, rest on fewer than {THIN:.0f} respondents of"
        f" their own{listed(examples)}."
    )
    if not examples:
        return Finding(name, "pass", share, 0.0, sentence)
    sentence += " Say of these that the model made them, or print wider groups."
    return Finding(name, "warn", share, 0.0, sentence)


def _numbers(
    fit: Fit,
    cells: xr.DataArray,
    grouping: str,
) -> pd.DataFrame:
    """Return the published numbers of surveyed groups: group, traits, respondents and
    people.
    """
    group = groups(fit.world, grouping)
    ones = xr.ones_like(cells)
    counts = affected(cells, ones, group)
    people = affected(ones, expected(fit.people), group)
    both = xr.Dataset({"respondents": counts, "people": people})
    table = both.to_dataframe(counts.dims).reset_index()
    surveyed = group[sorted(surveyed_countries(fit.evidence.rows))]
    kept = (table["people"] > 0) & table["group"].isin(surveyed)
    return modelled(fit, table[kept])


def _without_design(fit: Fit) -> Finding:
    """Count surveys that count as simple random samples because nothing says how they
    were drawn.
    """
    name = "surveys without a design effect"
    lines = fit.evidence.ledger.lines
    key = ["survey", "country"]
    surveys = fit.evidence.rows[key].drop_duplicates()
    unknown = lines["why"] == NO_DESIGN_EFFECT
    assumed = lines.loc[unknown, key].drop_duplicates()
    share = len(assumed) / max(len(surveys), 1)
    sentence = (
        f"{len(assumed):,} of {len(surveys):,} surveys have a number of respondents and"
        " no design effect, nor has any figure beside theirs."
    )
    if assumed.empty:
        return Finding(name, "pass", share, 0.0, sentence)
    sentence += (
        " They count as simple random samples, so intervals may be too narrow. Write"
        " deff on the cards of such surveys."
    )
    return Finding(name, "warn", share, 0.0, sentence)
