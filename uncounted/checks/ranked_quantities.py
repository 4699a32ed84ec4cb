"""Ranked quantities: the parameters and totals of which calibration ranks the truth."""

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.checks.row_groups import surveyed_countries
from uncounted.infer.totals import affected_in_all
from uncounted.model.build import Study
from uncounted.world.world import groups, persons

LARGEST = 3  # unsurveyed countries, those of the most people, that are ranked alone
SIZE = 6  # members of a parameter, beyond which it is no hyperparameter
UNSEEN = "all unsurveyed countries"


def ranked_quantities(
    study: Study,
    draws: xr.Dataset,
) -> dict[str, np.ndarray]:
    """Return hyperparameters and totals of prevalence (chain, draw) by name."""
    quantities: dict[str, np.ndarray] = {}
    for key in study.card.priors:
        if key in draws and draws[key][0, 0].size <= SIZE:
            quantities |= _members(key, draws[key])
    return quantities | _totals(study, draws["p"])


def _members(
    key: str,
    parameter: xr.DataArray,
) -> dict[str, np.ndarray]:
    """Return each member of a parameter (chain, draw) under its name."""
    values = parameter.transpose("chain", "draw", ...)
    if values.ndim == 2:
        return {key: values.to_numpy()}
    stacked = values.stack(member=values.dims[2:])
    members = {}
    for i, labels in enumerate(stacked["member"].to_index()):
        label = ", ".join(map(str, np.atleast_1d(np.asarray(labels, object))))
        members[f"{key}[{label}]"] = stacked.isel(member=i).to_numpy()
    return members


def _totals(
    study: Study,
    p: xr.DataArray,
) -> dict[str, np.ndarray]:
    """Return prevalence of the world, of regions, of all unsurveyed countries and of
    the largest of these.
    """
    card = study.card
    people = persons(
        study.world,
        card.bands,
        card.year,
        nearest=True,
        traits=card.traits,
    )
    groupings = [groups(study.world, "world"), groups(study.world, "region")]
    groupings += _unsurveyed(study, people)
    totals: dict[str, np.ndarray] = {}
    for grouping in groupings:
        affected = affected_in_all(p, people, grouping)
        rates = affected / affected_in_all(xr.ones_like(people), people, grouping)
        for group in rates["group"].to_numpy():
            if group:
                rate = rates.sel(group=group).transpose("chain", "draw")
                totals[str(group)] = rate.to_numpy()
    return totals


def _unsurveyed(
    study: Study,
    people: xr.DataArray,
) -> list[pd.Series]:
    """Return groupings of unsurveyed countries, all together and the largest apart;
    none where every country has a survey.
    """
    surveyed = surveyed_countries(study.evidence.rows)
    traits = [dim for dim in people.dims if dim != "country"]
    size = people.sum(traits).to_series()
    unseen = size[~size.index.isin(surveyed) & (size > 0)]
    if unseen.empty:
        return []
    unseen = unseen.sort_values(ascending=False, kind="stable")
    everybody = pd.Series("", size.index)
    together = everybody.mask(size.index.isin(unseen.index), UNSEEN)
    codes = pd.Series(size.index, size.index)
    largest = codes.where(size.index.isin(unseen.index[:LARGEST]), "")
    return [together, largest]
