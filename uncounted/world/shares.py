"""Shares: draws of the share of people with a trait, in every country, from surveys of
some countries.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.errors import UncountedError
from uncounted.world.age import Band, contains, parse_band, shares
from uncounted.world.pooled_shares import Cells, pooled_shares
from uncounted.world.population import SEXES, TOTALS, at_year, check_trait
from uncounted.world.table import Source, numbers, read_table, require
from uncounted.world.world import World, check_codes, groups

PRECISE = 1e9  # respondents that a share without error is taken to rest on
ROUNDING = 0.005  # of shares that should sum to one
DIMS = ("country", "sex", "age")


@dataclass(frozen=True)
class _Observed:
    """Shares of surveyed cells; their groups are sexes × bands, `bands` empty for all
    ages.
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

    The population has their means, and so have the weights W of the likelihood;
    `shares` has the draws, which enter persons and prevalence of a fit draw by draw.
    Ages without shares are left out of the population. Raises UncountedError for
    unknown codes, repeated rows, levels that are missing, shares that don't sum to 1,
    and a table without a seed.
    """
    check_trait(trait, "The table of shares")
    if trait in world.population.dims:
        raise UncountedError(
            f"The population table is divided by '{trait}' already. Read it without"
            " that column."
        )
    if isinstance(given, xr.DataArray):
        drawn = _drawn_elsewhere(world, given, trait)
    elif seed is None:
        raise UncountedError(
            "Shares of a table are drawn at random. Give with_shares a seed, as"
            " seed=20260801."
        )
    else:
        table = read_table(given, "table of shares")
        observed = _observed(world, table, trait)
        drawn = _pooled(world, observed, trait, seed, draws, scale)
    people = world.population
    if "age" in drawn.dims:
        people = people.sel(age=drawn["age"].to_numpy())
    people = people * drawn.mean("draw")
    people = people.transpose(*world.population.dims, trait)
    return replace(
        world,
        population=people.rename("persons"),
        shares=(*world.shares, drawn.astype(np.float32)),
    )


def persons_drawn(
    world: World,
    bands: Sequence[Band],
    year: float,
    traits: Sequence[str],
) -> xr.DataArray | None:
    """Return draws of persons (draw, country, sex, age, *traits) in age bands in a
    year; None if all are certain.
    """
    uncertain = [array for array in world.shares if array.name in traits]
    if not uncertain:
        return None
    drawn = {str(array.name) for array in uncertain}
    certain = set(traits) - drawn
    people = world.population.sum(
        [trait for trait in world.traits if trait not in certain]
    )
    people = at_year(people, year, nearest=True)
    ages = people["age"].to_numpy()
    fractions = xr.DataArray(
        shares(bands, [parse_band(age) for age in ages]),
        {"band": [band.label for band in bands], "age": ages},
        ("band", "age"),
    )
    draws = slice(min(array.sizes["draw"] for array in uncertain))
    levels = [
        array.isel(draw=draws).drop_vars("draw", errors="ignore") for array in uncertain
    ]
    persons = xr.dot(fractions, people, *levels, dim="age").rename(band="age")
    persons = persons.transpose("draw", "country", "sex", "age", *traits)
    persons = persons.astype(np.float32).rename("persons")
    return persons.assign_attrs(people.attrs)


def _observed(
    world: World,
    table: pd.DataFrame,
    trait: str,
) -> _Observed:
    _check_columns(table, trait)
    lacking = check_codes(world, table["iso3"].unique(), "The table of shares")
    table = table.loc[~table["iso3"].isin(lacking)]
    axes = [axis for axis in ("sex", "age") if axis in table]
    counts = _respondents_by_level(table, ["iso3", *axes], trait)
    cells = counts.index.to_frame(index=False)
    sexes = ["both"]
    sex_of_cell = np.zeros(len(cells), int)
    if "sex" in axes:
        sexes = SEXES
        sex_of_cell = pd.Index(sexes).get_indexer(pd.Index(cells["sex"]))
    bands = []
    band_of_cell = np.zeros(len(cells), int)
    if "age" in axes:
        band_of = _bands(world, table["age"].unique())
        bands = sorted(set(band_of.values()), key=lambda band: band.lower)
        band_of_cell = np.array([bands.index(band_of[age]) for age in cells["age"]])
    bands_each = max(len(bands), 1)
    regions = pd.Categorical(groups(world, "region"))
    observed = Cells(
        counts=counts.to_numpy(float),
        country=world.places.index.get_indexer(pd.Index(cells["iso3"])),
        group=sex_of_cell * bands_each + band_of_cell,
        region=np.asarray(regions.codes, int),
        groups=len(sexes) * bands_each,
    )
    return _Observed(observed, sexes, bands, [str(level) for level in counts.columns])


def _respondents_by_level(
    table: pd.DataFrame,
    cell: list[str],
    trait: str,
) -> pd.DataFrame:
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
    counts = rows.pivot_table("count", cell, trait)
    if counts.isna().any(axis=None):
        row, level = np.argwhere(counts.isna().to_numpy())[0]
        cell_words = " ".join(map(str, np.atleast_1d(counts.index[row])))
        raise UncountedError(
            f"The table of shares lacks the {trait} '{counts.columns[level]}' of"
            f" {cell_words}. List every level, with 0 if nobody has it."
        )
    return counts.loc[counts.sum(axis=1) > 0]


def _check_columns(table: pd.DataFrame, trait: str) -> None:
    measures = ["n"] if "n" in table else ["share", "se"]
    require(table, ["iso3", trait, *measures], "table of shares")
    totals = sorted(set(table[trait]) & set(TOTALS))
    if totals or table[trait].nunique() < 2:
        fault = f"has the {trait} '{totals[0]}'" if totals else f"has one {trait} only"
        raise UncountedError(
            f"The table of shares {fault}. List two levels or more, and no total of"
            " them."
        )


def _bands(world: World, ages: Sequence[str]) -> dict[str, Band]:
    """Return the bands of a table's ages; raises UncountedError for one that isn't made
    of the population's groups.
    """
    bands = {age: parse_band(age) for age in ages}
    population = [parse_band(age) for age in world.population["age"].to_numpy()]
    for age, band in bands.items():
        inside = [group for group in population if contains(band, group)]
        months = sum(group.end - group.lower for group in inside)
        if band.upper is not None and months != band.end - band.lower:
            labels = ", ".join(group.label for group in population)
            raise UncountedError(
                f"The age '{age}' of the table of shares is not made of the"
                f" population's age groups, {labels}. Give bands that are."
            )
    return bands


def _counts(table: pd.DataFrame, cell: list[str]) -> np.ndarray:
    """Return effective respondents of each row's level: n, or share·N, N = Σ share(1 −
    share) / Σ se² of its cell.
    """
    if "n" in table:
        return _measure(table, "n", np.inf)
    rows = table[cell].assign(
        share=_measure(table, "share", 1), se=_measure(table, "se", 1)
    )
    total = rows.groupby(cell)["share"].transform("sum")
    wrong = (total - 1).abs() > ROUNDING
    if wrong.any():
        code = table["iso3"].to_numpy()[wrong][0]
        raise UncountedError(
            f"The shares of {code} do not sum to 1. Give all levels' shares of the same"
            " people."
        )
    rows["spread"] = rows["share"] * (1 - rows["share"])
    rows["error"] = rows["se"] ** 2
    sums = rows.groupby(cell)[["spread", "error"]].transform("sum")
    with np.errstate(divide="ignore", invalid="ignore"):
        n = (sums["spread"] / sums["error"]).to_numpy()
    n = np.nan_to_num(
        n,
        nan=PRECISE,
        posinf=PRECISE,
    )
    return rows["share"].to_numpy() * np.minimum(n, PRECISE)


def _measure(
    table: pd.DataFrame,
    column: str,
    most: float,
) -> np.ndarray:
    """Return a column's numbers; raises UncountedError for one outside 0 to `most`."""
    values = numbers(table.loc[:, column])
    wrong = ~(np.isfinite(values) & (values >= 0) & (values <= most))
    if wrong.any():
        code = table["iso3"].to_numpy()[wrong][0]
        raise UncountedError(
            f"The table of shares has a wrong {column} for {code}. Mend or leave"
            " out that country."
        )
    return values


def _pooled(
    world: World,
    observed: _Observed,
    trait: str,
    seed: int,
    draws: int,
    scale: float,
) -> xr.DataArray:
    """Return draws of every country's shares, dims (draw, country, …, trait)."""
    sizes = (
        draws,
        len(world.places),
        len(observed.sexes),
        max(len(observed.bands), 1),
        len(observed.levels),
    )
    values = pooled_shares(observed.cells, seed, draws, scale).reshape(sizes)
    coords = {
        "country": world.places.index.to_numpy(),
        "sex": observed.sexes,
        trait: observed.levels,
    }
    array = xr.DataArray(values, coords, ("draw", *DIMS, trait), name=trait)
    if observed.sexes == ["both"]:
        array = array.isel(sex=0, drop=True)
    if not observed.bands:
        return array.isel(age=0, drop=True)
    return _by_group(world, array, observed.bands)


def _by_group(
    world: World,
    array: xr.DataArray,
    bands: list[Band],
) -> xr.DataArray:
    """Return shares by the population's age groups, each that of the first band which
    contains it; groups in no band are left out.
    """
    band_of = {}
    for age in world.population["age"].to_numpy():
        group = parse_band(age)
        inside = [index for index, band in enumerate(bands) if contains(band, group)]
        if inside:
            band_of[str(age)] = inside[0]
    array = array.isel(age=list(band_of.values()))
    return array.assign_coords(age=list(band_of))


def _drawn_elsewhere(
    world: World,
    draws: xr.DataArray,
    trait: str,
) -> xr.DataArray:
    """Return draws of shares from elsewhere in the world's own order, dims (draw,
    country, …, trait).
    """
    if "chain" in draws.dims:
        array = draws.stack(sample=("chain", "draw"))
    else:
        array = draws.rename(draw="sample")
    array = array.drop_vars(["sample", "chain", "draw"], errors="ignore")
    array = array.rename(sample="draw")
    _check_drawn(world, array, draws.dims, trait)
    array = array.sel(country=world.places.index.to_numpy()).rename(trait)
    array = array / array.sum(trait)
    if "age" in array.dims:
        bands = _bands(world, [str(age) for age in array["age"].to_numpy()])
        array = _by_group(world, array, list(bands.values()))
    dims = [dim for dim in DIMS if dim in array.dims]
    return array.transpose("draw", *dims, trait)


def _check_drawn(
    world: World,
    array: xr.DataArray,
    dims_given: tuple,
    trait: str,
) -> None:
    dims = set(array.dims)
    if not {"draw", "country", trait} <= dims <= {"draw", *DIMS, trait}:
        raise UncountedError(
            "Draws of shares should have dims draw, country, sex and age if they"
            f" differ, and {trait}; these have {', '.join(map(str, dims_given))}."
        )
    countries = world.places.index
    lacking = countries[~countries.isin(array["country"].to_numpy())]
    if len(lacking):
        raise UncountedError(
            f"Draws of shares lack {', '.join(lacking[:8])}. Give those of every"
            " country of the world."
        )
    sums_to_one = np.allclose(array.sum(trait), 1, atol=ROUNDING)
    if not sums_to_one or float(array.min()) < 0:
        raise UncountedError(
            f"Draws of shares are below 0, or do not sum to 1 along {trait}. Give those"
            " of all levels."
        )
