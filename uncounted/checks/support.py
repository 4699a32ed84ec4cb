"""Support: whom the evidence holds, and on how many respondents published numbers
rest.
"""

import pandas as pd
import xarray as xr

from uncounted.checks.finding import Finding, listed
from uncounted.evidence.evidence import ELSEWHERE
from uncounted.figures.sizes import NO_DESIGN_EFFECT
from uncounted.infer.backing import modelled
from uncounted.infer.fit import Fit
from uncounted.infer.totals import affected, axes, expected
from uncounted.model.seen import look
from uncounted.world.world import groups

# of a group's people in surveyed countries: below it the group counts as imputed
HALF = 0.5
THIN = 25.0  # respondents, below which household surveys commonly print no figure


def support(fit: Fit) -> list[Finding]:
    """Say which people live in surveyed countries, which numbers rest on few, and whose
    design nobody knows.
    """
    return [_people(fit), _thin(fit), _without_design(fit)]


def shares_surveyed(fit: Fit, by: str = "region") -> pd.Series:
    """Return the share of each group's people who live in countries with a survey of
    their own.
    """
    whole = expected(fit.people)
    people = whole.sum([dim for dim in whole.dims if dim != "country"]).to_series()
    group = groups(fit.world, by).reindex(people.index)
    return (
        people.where(people.index.isin(_surveyed(fit)), 0.0).groupby(group).sum()
        / people.groupby(group).sum()
    )


def respondents(fit: Fit) -> xr.DataArray:
    """Return respondents behind every cell (country, sex, age, …): Σ_j n_j W[j, cell],
    n_j those of row j, unweighted.

    Where a row's respondents aren't known, its effective n stands in.
    """
    seen = look(fit.card, fit.world, fit.evidence)
    rows = seen.evidence.rows
    counts = (
        rows["respondents"].fillna(rows["n"]).where(rows["source"] != ELSEWHERE, 0.0)
    )
    cells = seen.w.T @ counts.to_numpy(float)
    people = expected(fit.people).transpose("country", *axes(fit.people))
    return people.copy(data=cells.reshape(people.shape))


def _surveyed(fit: Fit) -> set[str]:
    rows = fit.evidence.rows
    return set(rows.loc[rows["source"] != ELSEWHERE, "country"])


def _people(fit: Fit) -> Finding:
    world, regions = float(shares_surveyed(fit, "world").iloc[0]), shares_surveyed(fit)
    low = regions[regions < HALF]
    told = (
        f"{world:.0%} of people live in surveyed countries; by region"
        f" {regions.min():.0%} to {regions.max():.0%}."
    )
    more = (
        f" Less than half in {', '.join(low.index)}: what is printed there is imputed"
        " for the most part."
    )
    good = low.empty and world >= HALF
    return Finding(
        "people in surveyed countries",
        "pass" if good else "warn",
        world,
        HALF,
        told + more * (not low.empty),
    )


def _thin(fit: Fit) -> Finding:
    """Count numbers with few respondents, of everybody and by trait, of countries and
    groups that have a survey at all.

    What has none is imputed, and its rows say so.
    """
    behind, found, total = respondents(fit), [], 0
    ones, inhabited = xr.ones_like(behind), expected(fit.people)
    for grouping in ("region", "subregion", "country"):
        group = groups(fit.world, grouping)
        counts, people = (
            affected(one, weight, group)
            for one, weight in ((behind, ones), (ones, inhabited))
        )
        table = (
            xr.Dataset({"behind": counts, "people": people})
            .to_dataframe(counts.dims)
            .reset_index()
        )
        table = table[
            (table["people"] > 0) & table["group"].isin(group[sorted(_surveyed(fit))])
        ]
        table = modelled(fit, table)
        total += len(table)
        name = fit.world.places["name"].to_dict() if grouping == "country" else {}
        thin = table.loc[table["behind"] < THIN - 1e-9, list(counts.dims)].itertuples(
            index=False
        )
        found += [
            ", ".join(
                [name.get(at[0], at[0]), *(word for word in at[1:] if word != "all")]
            )
            for at in thin
        ]
    told = (
        f"{len(found):,} of {total:,} numbers of surveyed regions, subregions and"
        f" countries, by sex and age too, rest on fewer than {THIN:.0f} respondents of"
        f" their own{listed(found)}."
    )
    advice = (
        " Say of these that the model made them, or print wider groups."
        if found
        else ""
    )
    name = "numbers of few respondents"
    return Finding(
        name,
        "warn" if found else "pass",
        len(found) / max(total, 1),
        0.0,
        told + advice,
    )


def _without_design(fit: Fit) -> Finding:
    """Count surveys that count as simple random samples because nothing says how they
    were drawn.
    """
    lines = fit.evidence.ledger.lines
    surveys = fit.evidence.rows[["survey", "country"]].drop_duplicates()
    assumed = lines.loc[
        lines["why"] == NO_DESIGN_EFFECT, ["survey", "country"]
    ].drop_duplicates()
    told = (
        f"{len(assumed):,} of {len(surveys):,} surveys have a number of respondents and"
        " no design effect, nor has any figure beside theirs."
    )
    advice = (
        " They count as simple random samples, so intervals may be too narrow. Write"
        " deff on the cards of such surveys."
    )
    name = "surveys without a design effect"
    verdict = "pass" if assumed.empty else "warn"
    return Finding(
        name,
        verdict,
        len(assumed) / max(len(surveys), 1),
        0.0,
        told + advice * (not assumed.empty),
    )
