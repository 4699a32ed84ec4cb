"""Shares: how many people have a trait, where only surveys know it: pooled, imputed,
uncertain draw by draw.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.errors import UncountedError, did_you_mean
from uncounted.world.age import Band, contains, parse_band, shares
from uncounted.world.pooled_shares import Cells, pooled_shares
from uncounted.world.population import SEXES, TOTALS, at_year, check_trait
from uncounted.world.table import Source, numbers, read_table
from uncounted.world.world import World, check_codes, groups

PRECISE = 1e9  # respondents that a share without error is taken to rest on
ROUNDING = 0.005  # of shares that should sum to one
DIMS = ("country", "sex", "age")


@dataclass(frozen=True)
class _Observed:
    """Shares as surveys show them, and what their groups and levels are: sexes × bands,
    `bands` empty for all ages.
    """

    cells: Cells
    sexes: list[str]
    bands: list[Band]
    levels: list[str]


def with_shares(
    world: World,
    given: Source | xr.DataArray,
    trait: str,
    *,
    seed: int | None = None,
    draws: int = 1000,
    scale: float = 1.0,
) -> World:
    """Return the world with its people divided by one more trait, by shares that only
    surveys know.

    given: a table with iso3, if shares differ by them sex and age (bands made of the
    population's groups), the trait's level, and share with se (proportions; se 0: known
    exactly) or n, effective respondents of that level; all levels of every country that
    it lists. Countries that it doesn't list are imputed, and those that it does are
    pooled, by `pooled_shares`: softmax(a[sex, age] + region + country + country × sex ×
    age), each drawn towards zero; scale: of the half-normal priors of their sd's, log
    odds. Or draws of shares from elsewhere, such as p of a fit of the trait itself:
    dims (draw or chain and draw, country, sex and age if they differ, trait), summing
    to 1 along the trait. Shares are those of all years, and of the further traits'
    levels alike.

    The population has their means, and so the weights W of the likelihood; `shares` has
    the draws, which enter persons and prevalence of a fit draw by draw. Ages without
    shares are left out of the population. Raises UncountedError for unknown codes,
    repeated rows, levels that are missing, shares that don't sum to 1, and a table
    without a seed.
    """
    check_trait(trait, "The table of shares")
    if trait in world.population.dims:
        raise UncountedError(
            f"The population table is divided by '{trait}' already. Read it without"
            " that column."
        )
    if isinstance(given, xr.DataArray):
        drawn = _given(world, given, trait)
    elif seed is None:
        raise UncountedError(
            "Shares of a table are drawn at random. Give with_shares a seed, as"
            " seed=20260801."
        )
    else:
        drawn = _pooled(
            world,
            _observed(world, read_table(given, "table of shares"), trait),
            trait,
            seed,
            draws,
            scale,
        )
    ages = (
        drawn["age"].to_numpy()
        if "age" in drawn.dims
        else world.population["age"].to_numpy()
    )
    people = (world.population.sel(age=ages) * drawn.mean("draw")).transpose(
        *world.population.dims, trait
    )
    return replace(
        world,
        population=people.rename("persons"),
        shares=(*world.shares, drawn.astype(np.float32)),
    )


def persons_drawn(
    world: World, bands: Sequence[Band], year: float, traits: Sequence[str]
) -> xr.DataArray | None:
    """Return draws of persons (draw, country, sex, age, *traits) in age bands in a
    year; None if all are certain.
    """
    uncertain = {str(one.name): one for one in world.shares if one.name in traits}
    if not uncertain:
        return None
    left_out = [dim for dim in world.traits if dim not in traits or dim in uncertain]
    people = at_year(world.population.sum(left_out), year, nearest=True)
    groups_of = [parse_band(age) for age in people["age"].to_numpy()]
    coords = {"band": [band.label for band in bands], "age": people["age"].to_numpy()}
    part = xr.DataArray(shares(bands, groups_of), coords, ("band", "age"))
    size = min(one.sizes["draw"] for one in uncertain.values())
    of_level = [
        one.isel(draw=slice(size)).drop_vars("draw", errors="ignore")
        for one in uncertain.values()
    ]
    found = xr.dot(part, people, *of_level, dim="age").rename(band="age")
    order = ("draw", "country", "sex", "age", *traits)
    return (
        found.transpose(*order)
        .astype(np.float32)
        .rename("persons")
        .assign_attrs(people.attrs)
    )


def _observed(world: World, table: pd.DataFrame, trait: str) -> _Observed:
    _check_columns(table, trait)
    lacking = check_codes(world, table["iso3"].unique(), "The table of shares")
    table = table.loc[~table["iso3"].isin(lacking)]
    by = [axis for axis in ("sex", "age") if axis in table]
    wide = _wide(table, ["iso3", *by], trait)
    bands = _bands(world, table["age"].unique()) if "age" in by else {}
    order = sorted(set(bands.values()), key=lambda band: band.lower)
    sexes = SEXES if "sex" in by else ["both"]
    index = wide.index.to_frame(index=False)
    at = np.array([order.index(bands[age]) for age in index["age"]]) if bands else 0
    of_sex = np.array([sexes.index(sex) for sex in index["sex"]]) if "sex" in by else 0
    bands_each = max(len(order), 1)
    group = np.zeros(len(wide), int) + of_sex * bands_each + at
    country = world.places.index.get_indexer(pd.Index(index["iso3"]))
    region = np.asarray(pd.Categorical(groups(world, "region")).codes, int)
    cells = Cells(wide.to_numpy(float), country, group, region, len(sexes) * bands_each)
    return _Observed(cells, sexes, order, [str(level) for level in wide.columns])


def _wide(table: pd.DataFrame, cell: list[str], trait: str) -> pd.DataFrame:
    """Return effective respondents by level, one row for each cell that has any."""
    strange = sorted(set(table.get("sex", SEXES)) - set(SEXES))
    if strange:
        raise UncountedError(
            f"The table of shares has the sex '{strange[0]}'. Write female or male, or"
            " leave sex out."
        )
    rows = table.assign(count=_counts(table, cell))
    if rows.duplicated([*cell, trait]).any():
        raise UncountedError(
            f"The table of shares has the same {', '.join([*cell, trait])} twice. Keep"
            " one row."
        )
    wide = rows.pivot_table("count", cell, trait)
    if wide.isna().any(axis=None):
        row, level = np.argwhere(wide.isna().to_numpy())[0]
        raise UncountedError(
            f"The table of shares lacks the {trait} '{wide.columns[level]}' of"
            f" {' '.join(map(str, np.atleast_1d(wide.index[row])))}. List every level,"
            " with 0 if nobody has it."
        )
    return wide.loc[wide.sum(axis=1) > 0]


def _check_columns(table: pd.DataFrame, trait: str) -> None:
    for column in ("iso3", trait, *(["n"] if "n" in table else ["share", "se"])):
        if column not in table:
            raise UncountedError(
                "The table of shares has no column"
                f" '{column}'.{did_you_mean(column, table.columns)}"
            )
    totals = sorted(set(table[trait]) & set(TOTALS))
    if totals or table[trait].nunique() < 2:
        told = f"has the {trait} '{totals[0]}'" if totals else f"has one {trait} only"
        raise UncountedError(
            f"The table of shares {told}. List two levels or more, and no total of"
            " them."
        )


def _bands(world: World, ages: Sequence[str]) -> dict[str, Band]:
    """Return the bands of a table's ages; raises UncountedError for one that isn't made
    of the population's groups.
    """
    bands = {age: parse_band(age) for age in ages}
    known = [parse_band(age) for age in world.population["age"].to_numpy()]
    for age, band in bands.items():
        inside = [group for group in known if contains(band, group)]
        if (
            sum(group.end - group.lower for group in inside) != band.end - band.lower
            and band.upper is not None
        ):
            raise UncountedError(
                f"The age '{age}' of the table of shares is not made of the"
                " population's age groups,"
                f" {', '.join(group.label for group in known)}. Give bands that are."
            )
    return bands


def _counts(table: pd.DataFrame, cell: list[str]) -> np.ndarray:
    """Return effective respondents of each row's level: n, or share·N, N = Σ share(1 −
    share) / Σ se² of its cell.
    """
    columns = ["n"] if "n" in table else ["share", "se"]
    read = {column: numbers(table.loc[:, column]) for column in columns}
    for column, values in read.items():
        wrong = ~(
            np.isfinite(values) & (values >= 0) & ((values <= 1) | (column == "n"))
        )
        if wrong.any():
            code = table["iso3"].to_numpy()[wrong][0]
            raise UncountedError(
                f"The table of shares has a wrong {column} for {code}. Mend or leave"
                " out that country."
            )
    rows = table[cell].assign(**read)
    if "n" in read:
        return read["n"]
    of = rows.groupby(cell)["share"].transform("sum")
    if ((of - 1).abs() > ROUNDING).any():
        code = table["iso3"].to_numpy()[(of - 1).abs() > ROUNDING][0]
        raise UncountedError(
            f"The shares of {code} do not sum to 1. Give all levels' shares of the same"
            " people."
        )
    spread = rows.assign(
        spread=rows["share"] * (1 - rows["share"]), error=rows["se"] ** 2
    )
    sums = spread.groupby(cell)[["spread", "error"]].transform("sum")
    with np.errstate(divide="ignore", invalid="ignore"):
        n = np.nan_to_num(
            (sums["spread"] / sums["error"]).to_numpy(), nan=PRECISE, posinf=PRECISE
        )
    return read["share"] * np.minimum(n, PRECISE)


def _pooled(
    world: World, seen: _Observed, trait: str, seed: int, draws: int, scale: float
) -> xr.DataArray:
    found = pooled_shares(seen.cells, seed, draws, scale)
    shape = (
        draws,
        len(world.places),
        len(seen.sexes),
        max(len(seen.bands), 1),
        len(seen.levels),
    )
    coords = {
        "country": world.places.index.to_numpy(),
        "sex": seen.sexes,
        trait: seen.levels,
    }
    array = xr.DataArray(
        found.reshape(shape), coords, ("draw", *DIMS, trait), name=trait
    )
    array = array.isel(sex=0, drop=True) if seen.sexes == ["both"] else array
    ages = [str(age) for age in world.population["age"].to_numpy()]
    return (
        _by_group(array, [band.label for band in seen.bands], ages)
        if seen.bands
        else array.isel(age=0, drop=True)
    )


def _by_group(array: xr.DataArray, labels: list[str], ages: list[str]) -> xr.DataArray:
    """Return shares by the population's age groups, each that of the band which holds
    it; the others are left out.
    """
    bands = [parse_band(label) for label in labels]
    held = {
        age: next(
            (i for i, band in enumerate(bands) if contains(band, parse_band(age))), None
        )
        for age in ages
    }
    kept = {age: i for age, i in held.items() if i is not None}
    return array.isel(age=list(kept.values())).assign_coords(age=list(kept))


def _given(world: World, given: xr.DataArray, trait: str) -> xr.DataArray:
    """Return draws of shares from elsewhere in the world's own order, dims (draw,
    country, …, trait).
    """
    array = (
        given.stack(sample=("chain", "draw"))
        if "chain" in given.dims
        else given.rename(draw="sample")
    )
    array = array.drop_vars(["sample", "chain", "draw"], errors="ignore").rename(
        sample="draw"
    )
    strange = set(array.dims) - {"draw", *DIMS, trait}
    missing = {"draw", "country", trait} - set(array.dims)
    if strange or missing:
        raise UncountedError(
            "Draws of shares should have dims draw, country, sex and age if they"
            f" differ, and {trait}; these have {', '.join(map(str, given.dims))}."
        )
    lacking = [
        code
        for code in world.places.index
        if code not in set(array["country"].to_numpy())
    ]
    if lacking:
        raise UncountedError(
            f"Draws of shares lack {', '.join(lacking[:8])}. Give those of every"
            " country of the world."
        )
    if not np.allclose(array.sum(trait), 1, atol=ROUNDING) or float(array.min()) < 0:
        raise UncountedError(
            f"Draws of shares are below 0, or do not sum to 1 along {trait}. Give those"
            " of all levels."
        )
    array = array.sel(country=world.places.index.to_numpy()).rename(trait)
    array = array / array.sum(trait)
    if "age" in array.dims:
        labels = [str(age) for age in array["age"].to_numpy()]
        _bands(world, labels)
        array = _by_group(
            array, labels, [str(age) for age in world.population["age"].to_numpy()]
        )
    return array.transpose("draw", *(dim for dim in DIMS if dim in array.dims), trait)
