"""Variance shares: how much of a number's variance each unknown component accounts
for.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.checks.mixing import ess
from uncounted.checks.row_groups import surveyed_countries
from uncounted.errors import UncountedError
from uncounted.infer.derived import derived
from uncounted.infer.fit import Fit
from uncounted.infer.recipe import draws_of, recipe_of, studies_of
from uncounted.infer.totals import DRAWS

ROOM = 5  # independent draws for each column of a regression, or squares are left out
# independent draws needed for each column, or the component cannot be told
LEAST = 2.0
BLOCKS = 20  # of neighbouring draws, each predicted from the others
SINGULAR = 1e-11  # of the largest eigenvalue, below which columns tell the same
REST = "interaction"
SHARED = (
    "level",
    "region_effect",
    "subregion_effect",
    "female",
    "age_effect",
    "beta",
    "trend",
    "trend_region_effect",
)


def first_order(
    total: xr.DataArray,
    components: Mapping[str, xr.DataArray],
) -> pd.DataFrame:
    """Return the share of a total's variance that each component accounts for by
    itself, and what is left.

    First-order indices Var(E[total | component]) / Var(total) [Sobol 1993; Saltelli et
    al. 2008, §4.5] from the draws at hand. total (chain, draw); a component has these
    dims and any others: a leaf's persons, a duration, a ratio's selection, all
    countries' effects. E[total | component] is the regression of the total on the
    component's numbers, with their squares where draws are worth five for each column
    (one number: a cubic spline with five inner knots). The share is 1 −
    √(e·o)/Var(total), e the mean square that is left in the draws the regression was
    fitted to, o in a block of neighbouring draws that it was not: a regression makes e
    too small by the factor by which o is too large, whether or not neighbours are
    alike, so that numbers that say nothing have a share near 0; below 0 by chance is
    told as 0. The last row, "interaction", is 1 less their sum: what components do only
    together, and what the regressions miss; below 0 where components tell the same.
    Columns: component, share, error (its standard error, by leaving out each of 20
    blocks), columns. Raises UncountedError for a total that doesn't vary, other draws,
    or a component of more numbers than half the total's effective draws.
    """
    y = _flat(total)[:, 0]
    if not y.std() > 0:
        raise UncountedError(
            "The total is the same in every draw, so there is no variance to divide."
        )
    y = (y - y.mean()) / y.std()
    chains = total.transpose(*DRAWS).to_numpy().astype(float)
    worth = min(float(ess(chains[None])[0]), len(y))
    rows = []
    jackknifed = []
    for name, component in components.items():
        _check_draws(name, component, total)
        x = _flat(component)
        share, without = _explained(y, x, name, worth)
        row = {
            "component": name,
            "share": share,
            "error": _error(without),
            "columns": x.shape[1],
        }
        rows.append(row)
        jackknifed.append(without)
    interaction = {
        "component": REST,
        "share": 1 - sum(row["share"] for row in rows),
        "error": _error(np.sum(jackknifed, axis=0)),
        "columns": 0,
    }
    return pd.DataFrame([*rows, interaction])


def _check_draws(
    name: str,
    component: xr.DataArray,
    total: xr.DataArray,
) -> None:
    for dim in DRAWS:
        if component.sizes.get(dim) != total.sizes[dim]:
            raise UncountedError(
                f"The component '{name}' has draws {dict(component.sizes)}, the total"
                f" {dict(total.sizes)}. Give draws of one run, chain by chain."
            )


def unknown(source: Fit | Mapping[str, Fit]) -> dict[str, xr.DataArray]:
    """Return the unknown components of a fit, or of all fits of one call of
    `sample_jointly`, each (chain, draw, column).

    sampling: the logit that each survey is reported at, its own error included. Were
    every survey without end, it would be known, so what its spread accounts for is what
    sampling leaves open. non-sampling: surveys' own errors ν. between countries: what
    countries that nobody surveyed depart from their means by. shared by countries: the
    level, regions, persons' traits, slopes and trends. These four are not independent
    given data: the first two speak of the same surveys, and what a survey shows speaks
    of what countries share.
    """
    fits = [source] if isinstance(source, Fit) else list(source.values())
    errors = []
    unseen = []
    shared = []
    for fit in fits:
        if "survey_effect" in fit.posterior:
            errors.append(fit.posterior["survey_effect"])
        unseen += _unseen(fit)
        shared += [fit.posterior[name] for name in SHARED if name in fit.posterior]
    components = {
        "sampling": _reported(source),
        "non-sampling": errors,
        "between countries": unseen,
        "shared by countries": shared,
    }
    return {name: side_by_side(values) for name, values in components.items() if values}


def _unseen(fit: Fit) -> list[xr.DataArray]:
    """Return the effects of countries without a survey of their own, if any."""
    if "country_effect" not in fit.posterior:
        return []
    effect = fit.posterior["country_effect"]
    surveyed = sorted(surveyed_countries(fit.evidence.rows))
    unseen = ~effect["country"].isin(surveyed).to_numpy()
    if not unseen.any():
        return []
    return [effect.isel(country=np.flatnonzero(unseen))]


def _reported(source: Fit | Mapping[str, Fit]) -> list[xr.DataArray]:
    """Return the mean logit that each survey's rows are reported at (chain, draw,
    survey), of each outcome.
    """
    model = recipe_of(source).build()
    draws = draws_of(source)
    reported = []
    for prefix, study in studies_of(model).items():
        rows = len(study.seen.y)
        member = np.zeros((len(study.seen.surveys), rows))
        member[study.seen.survey, np.arange(rows)] = 1
        member /= member.sum(axis=1, keepdims=True)
        name = f"{prefix}reported"
        means = []
        for i in range(draws.sizes["chain"]):
            chain = derived(model, draws.isel(chain=[i]), [name])
            means.append(chain[name].to_numpy() @ member.T)
        logits = np.concatenate(means)
        reported.append(xr.DataArray(logits, dims=(*DRAWS, "survey")))
    return reported


def side_by_side(values: list[xr.DataArray]) -> xr.DataArray:
    """Return the numbers of several arrays (chain, draw, …) as columns of one (chain,
    draw, column).
    """
    columns = [_matrix(value) for value in values]
    return xr.DataArray(np.concatenate(columns, axis=-1), dims=(*DRAWS, "column"))


def _matrix(value: xr.DataArray) -> np.ndarray:
    """Return draws with all other dims as one (chain, draw, column)."""
    numbers = value.transpose("chain", "draw", ...).to_numpy()
    return numbers.reshape(*numbers.shape[:2], -1)


def _flat(value: xr.DataArray) -> np.ndarray:
    """Return draws chain after chain (draws, columns)."""
    numbers = _matrix(value)
    return numbers.reshape(-1, numbers.shape[-1]).astype(float)


def _explained(
    y: np.ndarray,
    x: np.ndarray,
    name: str,
    worth: float,
) -> tuple[float, np.ndarray]:
    """Return the share of y (draws,) that functions of x (draws, columns) explain, and
    without each block (BLOCKS,).

    worth: how many independent draws y's are worth.
    """
    scale = np.maximum(np.abs(x).max(axis=0), 1e-300)
    x = x[:, x.std(axis=0) > 1e-12 * scale]
    columns = x.shape[1]
    if not columns:
        return 0.0, np.zeros(BLOCKS)
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    if columns == 1:
        z = _spline(z[:, 0])
    elif 2 * columns * ROOM <= worth:
        z = np.hstack([z, z**2 - 1])
    z = _independent(np.column_stack([np.ones(len(y)), z]))
    rank = z.shape[1] - 1
    if rank * LEAST > worth:
        raise UncountedError(
            f"The component '{name}' has {rank:,} numbers and the draws are worth"
            f" {worth:,.0f} independent ones, too few to tell what it accounts for."
            f" Sample until they are worth {int(rank * LEAST):,}, or give a summary"
            " of it."
        )
    squares = _squares(y, z)
    without = [_share(np.delete(squares, i, axis=1)) for i in range(BLOCKS)]
    return max(_share(squares), 0.0), np.array(without)


def _independent(z: np.ndarray) -> np.ndarray:
    """Return the fewest columns, at right angles, that hold the information of those of
    z (draws, columns).
    """
    size, axes = np.linalg.eigh(z.T @ z)
    kept = size > SINGULAR * size[-1]
    return z @ (axes[:, kept] / np.sqrt(size[kept]))


def _squares(
    y: np.ndarray,
    z: np.ndarray,
) -> np.ndarray:
    """Return mean squares of each block (3, BLOCKS).

    The first row is the mean square that the fits to other blocks leave on average, the
    second that of the fit which leaves the block out, the third that of y.
    """
    cross = z.T @ z
    moment = z.T @ y
    blocks = np.array_split(np.arange(len(y)), BLOCKS)
    residual = np.empty((BLOCKS, BLOCKS))
    for i, block in enumerate(blocks):
        z_block = z[block].T
        cross_kept = cross - z_block @ z_block.T
        moment_kept = moment - z_block @ y[block]
        slopes = np.linalg.solve(cross_kept, moment_kept)
        square = (y - z @ slopes) ** 2
        residual[i] = [square[rows].mean() for rows in blocks]
    left_out = np.diag(residual)
    fitted = (residual.sum(axis=0) - left_out) / (BLOCKS - 1)
    total = [(y[block] ** 2).mean() for block in blocks]
    return np.array([fitted, left_out, total])


def _share(squares: np.ndarray) -> float:
    fitted, left_out, total = squares.mean(axis=1)
    return float(1 - np.sqrt(fitted * left_out) / total)


def _error(without: np.ndarray) -> float:
    """Return the jackknife's standard error from the estimates without each block
    (BLOCKS,).
    """
    return float(np.sqrt((len(without) - 1) * without.var()))


def _spline(z: np.ndarray) -> np.ndarray:
    """Return a cubic spline's basis in one number (draws, 8): its powers, and cubes
    beyond five inner knots.
    """
    knots = np.quantile(z, np.linspace(0, 1, 7)[1:-1])
    cubes = [np.maximum(z - knot, 0) ** 3 for knot in knots]
    basis = np.column_stack([z, z**2, z**3, *cubes])
    return (basis - basis.mean(axis=0)) / basis.std(axis=0)
