"""Budget: how much of a number's variance each thing that isn't known accounts for."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.errors import UncountedError
from uncounted.infer.derived import derived
from uncounted.infer.fit import Fit
from uncounted.infer.recipe import recipe_of, studies_of
from uncounted.infer.totals import affected_in_all
from uncounted.survey.evidence import ELSEWHERE
from uncounted.world.world import groups

ROOM = 5  # draws for each column of a regression, or squares are left out; and at least
LEAST = 2.5  # so many, or the component cannot be told
REST = "interaction"


def variance_budget(total: xr.DataArray, components: Mapping[str, xr.DataArray]) -> pd.DataFrame:
    """Return the share of a total's variance that each component accounts for by itself, and what is left.

    First-order indices Var(E[total | component]) / Var(total) [Sobol 1993; Saltelli et al. 2008, §4.5] from the draws
    at hand. total (chain, draw); a component has these dims and any others: a leaf's persons, a duration, a ratio's
    selection, all countries' effects. E[total | component] is the regression of the total on the component's numbers,
    with their squares where there are five draws or more for each column (one number: a cubic spline with five inner
    knots), and the share is the adjusted R², which is 0 on average for numbers that say nothing. The last row,
    "interaction", is 1 less their sum: what components do only together, and what the regressions miss; below 0 where
    components tell the same. Columns: component, share, error (its standard error, were draws independent), columns.
    Raises UncountedError for a total that doesn't vary, other draws, or a component of too many numbers for the draws.
    """
    y = _flat(total)[:, 0]
    if not y.std() > 0:
        raise UncountedError("The total is the same in every draw, so there is no variance to divide.")
    rows = []
    for name, component in components.items():
        if {dim: component.sizes.get(dim) for dim in ("chain", "draw")} != dict(total.sizes):
            raise UncountedError(
                f"The component '{name}' has draws {dict(component.sizes)}, the total {dict(total.sizes)}. Give draws "
                "of one run, chain by chain."
            )
        x = _flat(component)
        share, error = _explained(y, x, name)
        rows.append({"component": name, "share": share, "error": error, "columns": x.shape[1]})
    rest = 1 - sum(row["share"] for row in rows)
    error = float(np.sqrt(sum(row["error"] ** 2 for row in rows)))
    return pd.DataFrame([*rows, {"component": REST, "share": rest, "error": error, "columns": 0}])


@dataclass(frozen=True)
class Components:
    """A fit's world total (chain, draw), in persons, and what of it isn't known, as `variance_budget` takes them."""

    total: xr.DataArray
    components: Mapping[str, xr.DataArray]


def components_of(fit: Fit) -> Components:
    """Return the world's persons and the components of a fit.

    sampling: what every survey would show of everybody, its own error included; that is all its counts speak of, so
    what is not known of it is sampling. non-sampling: surveys' own errors ν, which tell it from what is true. between
    countries: what countries that nobody surveyed depart from their means by. shared: the level, regions, persons'
    traits, slopes and trends, which all countries share.
    """
    group = groups(fit.world, "world")
    total = affected_in_all(fit.p, fit.people, group).isel(group=0, drop=True).transpose("chain", "draw")
    found = {"sampling": _shown(fit)}
    if "survey_effect" in fit.posterior:
        found["non-sampling"] = fit.posterior["survey_effect"]
    rows = fit.evidence.rows
    unseen = ~fit.p["country"].isin(sorted(set(rows.loc[rows["source"] != ELSEWHERE, "country"])))
    if bool(unseen.any()):
        effect = fit.posterior["country_effect"].isel(country=np.flatnonzero(unseen))
        found["between countries"] = effect
    shared = [name for name in SHARED if name in fit.posterior]
    found["shared by countries"] = _side_by_side([fit.posterior[name] for name in shared])
    return Components(total, found)


SHARED = ("level", "region_effect", "subregion_effect", "female", "age_effect", "beta", "trend", "trend_region_effect")


def _shown(fit: Fit) -> xr.DataArray:
    """Return the mean logit that each survey's rows are reported at (chain, draw, survey)."""
    model = recipe_of(fit).build()
    study = studies_of(model)[""]
    parts = [fit.posterior.isel(chain=[chain]) for chain in range(fit.posterior.sizes["chain"])]
    member = np.zeros((len(study.seen.surveys), len(study.seen.y)))
    member[study.seen.survey, np.arange(len(study.seen.y))] = 1
    member /= member.sum(axis=1, keepdims=True)
    means = [derived(model, part, ["reported"])["reported"].to_numpy() @ member.T for part in parts]
    return xr.DataArray(np.concatenate(means), dims=("chain", "draw", "survey"))


def _side_by_side(values: list[xr.DataArray]) -> xr.DataArray:
    columns = [_matrix(value) for value in values]
    return xr.DataArray(np.concatenate(columns, axis=-1), dims=("chain", "draw", "column"))


def _matrix(value: xr.DataArray) -> np.ndarray:
    found = value.transpose("chain", "draw", ...).to_numpy()
    return found.reshape(*found.shape[:2], -1)


def _flat(value: xr.DataArray) -> np.ndarray:
    """Return draws chain after chain (draws, columns)."""
    found = _matrix(value)
    return found.reshape(-1, found.shape[-1]).astype(float)


def _explained(y: np.ndarray, x: np.ndarray, name: str) -> tuple[float, float]:
    """Return the adjusted R² of y (draws,) on functions of x (draws, columns), at least 0, and its standard error."""
    x = x[:, x.std(axis=0) > 1e-12 * np.maximum(np.abs(x).max(axis=0), 1e-300)]
    if not x.shape[1]:
        return 0.0, 0.0
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    if x.shape[1] == 1:
        z = _spline(z[:, 0])
    elif 2 * x.shape[1] * ROOM <= len(y):
        z = np.hstack([z, z**2 - 1])
    rank = np.linalg.matrix_rank(z)
    if rank * LEAST > len(y):
        raise UncountedError(
            f"The component '{name}' has {rank:,} numbers and there are {len(y):,} draws, too few to tell what it "
            f"accounts for. Sample at least {int(rank * LEAST):,}, or give a summary of it."
        )
    fitted = z @ np.linalg.lstsq(z, y - y.mean(), rcond=None)[0]
    plain = 1 - (y - y.mean() - fitted).var() / y.var()
    share = max(1 - (1 - plain) * (len(y) - 1) / (len(y) - rank - 1), 0.0)
    error = np.sqrt((4 * share * (1 - share) ** 2 + 2 * rank * (1 - share) ** 2 / len(y)) / len(y))
    return float(share), float(error)


def _spline(z: np.ndarray) -> np.ndarray:
    """Return a cubic spline's basis in one number (draws, 8): its powers, and cubes beyond five inner knots."""
    knots = np.quantile(z, np.linspace(0, 1, 7)[1:-1])
    basis = np.column_stack([z, z**2, z**3, *(np.maximum(z - knot, 0) ** 3 for knot in knots)])
    return (basis - basis.mean(axis=0)) / basis.std(axis=0)
