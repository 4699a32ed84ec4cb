"""Outside figures: numbers of persons that others judged, a lowest, a best and a
highest, as a leaf of an estimate.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import ndtr

from uncounted.errors import UncountedError, did_you_mean
from uncounted.glance import glance
from uncounted.leaves.judged_distribution import DISTRIBUTIONS
from uncounted.world.age import Band, parse_band
from uncounted.world.codes import check_known
from uncounted.world.shelf import shipped
from uncounted.world.table import Source, numbers, read_table, says_simulated
from uncounted.world.world import World, persons

PROVENANCE = ("source", "date", "judged_by", "basis")
SHARES = ("share_female", "share_children")
BY_COUNTRY = "figure of the country"
BY_REGION = "figure of its region, spread by population"
NONE = "no figure"
ADULT = 18 * 12  # months
GROUPS = ("adult", "child")
SEXES = ("female", "male")


@dataclass(frozen=True, eq=False)
class OutsideFigures:
    """Figures by place, and how the judgement about them is to be read.

    table: place (a country's code or a region), low, best, high, share_female,
    share_children and PROVENANCE.
    """

    name: str
    table: pd.DataFrame
    distribution: str
    between_place_correlation: float
    coverage: float | None

    @property
    def simulated(self) -> bool:
        """Whether the source of any figure says of itself that it was simulated."""
        return says_simulated(self.table)

    def __repr__(self) -> str:
        return glance(
            f"{self.name}: {self.distribution}, correlation of judgement between"
            f" places {self.between_place_correlation:g}",
            table=self.table,
        )


def read_outside_figures(
    source: Source,
    *,
    distribution: str,
    between_place_correlation: float,
    coverage: float | None = None,
    share_female: float | None = None,
    share_children: float | None = None,
    name: str = "outside figures",
) -> OutsideFigures:
    """Read a table of judged numbers of persons: place, low, best, high, PROVENANCE,
    and shares where they differ.

    distribution: triangular or pert (low and high are the ends, best the mode), or
    log_normal (best is the median, low to high hold `coverage`, which only it needs).
    between_place_correlation: of the normal scores of any two places, 0 to 1: who
    judges one place high judges others high. share_female, share_children: of those
    affected, where they are no columns; each sex has the same share of children. Raises
    UncountedError for a row without provenance, or whose low, best and high are out of
    order, and for whatever isn't said.
    """
    _check_judgement(distribution, between_place_correlation, coverage)
    label = f"table of {name}"
    if not isinstance(source, pd.DataFrame):
        source = shipped(source)
    raw = read_table(source, label, ["place"])
    _check_columns(raw, label)
    table = pd.DataFrame({"place": raw["place"]})
    for column in ("low", "best", "high"):
        table[column] = numbers(raw[column])
    table["share_female"] = _share(raw, "share_female", share_female, label)
    table["share_children"] = _share(raw, "share_children", share_children, label)
    _check_rows(table, distribution, label)
    table = pd.concat([table, raw[list(PROVENANCE)]], axis=1)
    table = table.sort_values("place", ignore_index=True, kind="stable")
    correlation = float(between_place_correlation)
    return OutsideFigures(name, table, distribution, correlation, coverage)


def drawn_figures(
    figures: OutsideFigures,
    draws: int,
    seed: int,
) -> xr.DataArray:
    """Draw the number of persons of every place (sample, place).

        z[i] = √ρ z₀ + √(1−ρ) ε[i],   x[i] = Q_i(Φ(z[i]))

    a Gaussian copula of correlation ρ, Q_i the quantiles of place i's distribution. A
    place whose low is its high has that number.
    """
    rng = np.random.default_rng(seed)
    rho = figures.between_place_correlation
    table = figures.table
    common = rng.normal(size=(draws, 1))
    local = rng.normal(size=(draws, len(table)))
    z = np.sqrt(rho) * common + np.sqrt(1 - rho) * local
    low, best, high = table[["low", "best", "high"]].to_numpy(float).T
    uncertain = low != high
    x = np.tile(best, (draws, 1))
    quantile = DISTRIBUTIONS[figures.distribution]
    x[:, uncertain] = quantile(
        ndtr(z[:, uncertain]),
        low[uncertain],
        best[uncertain],
        high[uncertain],
        figures.coverage,
    )
    return xr.DataArray(x, {"place": table["place"].to_numpy(str)}, ("sample", "place"))


def by_country(
    draws: xr.DataArray,
    figures: OutsideFigures,
    world: World,
    ages: Sequence[str | Band],
    year: float,
) -> xr.DataArray:
    """Return persons by country, sex and adult or child (sample, country, sex, age)
    from draws by place.

    A country's figure is its own; a region's is spread over its countries by the
    persons of the leaf's `ages` of each sex and group in `year`, as the coordinate
    `evidence` (country) says, and countries without a figure have none. The sum over
    countries is the sum over places in every draw. Raises UncountedError for a country
    that has a figure of its own and its region's too, and for an unknown place.
    """
    places = figures.table["place"]
    region = world.places["region"]
    _check_places(set(places), world)
    persons_by_place = draws.to_numpy()
    weight = _country_weights(places, region, _people(world, ages, year))
    share = _cell_shares(figures.table)
    cells = np.einsum(
        "np,pcsa,psa->ncsa",
        persons_by_place,
        weight,
        share,
        optimize=True,
    )
    has_figure = region.index.isin(places)
    by_region = np.where(region.isin(places).to_numpy(), BY_REGION, NONE)
    evidence = np.where(has_figure, BY_COUNTRY, by_region)
    coords = {"country": list(region.index), "sex": list(SEXES), "age": list(GROUPS)}
    array = xr.DataArray(cells, coords, ("sample", *coords))
    return array.assign_coords(evidence=("country", evidence))


def _country_weights(
    places: pd.Series,
    region: pd.Series,
    people: np.ndarray,
) -> np.ndarray:
    """Return the share of each country in the people of a place (place, country, sex,
    age).
    """
    weight = np.zeros((len(places), *people.shape))
    for i, place in enumerate(places):
        member = ((region == place) | (region.index == place)).to_numpy()
        members = people * member[:, None, None]
        weight[i] = members / members.sum(axis=0)
    return weight


def _cell_shares(table: pd.DataFrame) -> np.ndarray:
    """Return the share of each cell in a place's figure (place, sex, age)."""
    female, child = (table[column].to_numpy(float) for column in SHARES)
    by_sex = np.stack([female, 1 - female], 1)
    by_age = np.stack([1 - child, child], 1)
    return by_sex[:, :, None] * by_age[:, None, :]


def _check_judgement(
    distribution: str,
    correlation: float,
    coverage: float | None,
) -> None:
    if distribution not in DISTRIBUTIONS:
        raise UncountedError(
            f"There is no distribution '{distribution}' of judged"
            f" figures.{did_you_mean(distribution, DISTRIBUTIONS)}"
        )
    if not 0 <= correlation <= 1:
        raise UncountedError(
            f"between_place_correlation = {correlation} should be from 0 to 1."
        )
    if (distribution == "log_normal") != (coverage is not None):
        raise UncountedError(
            "coverage says how much of a log_normal lies from low to high, as 0.9; the"
            " others end there. Give it with log_normal and with nothing else."
        )
    if coverage is not None and not 0 < coverage < 1:
        raise UncountedError(f"coverage = {coverage} should be above 0 and below 1.")


def _check_columns(raw: pd.DataFrame, label: str) -> None:
    for column in PROVENANCE:
        if column not in raw or (raw[column] == "").any():
            scope = " for some places" if column in raw else ""
            raise UncountedError(
                f"The {label} has no {column}{scope}. An outside"
                f" figure says in every row where it is from: {', '.join(PROVENANCE)}."
            )
    for column in ("low", "best", "high"):
        if column not in raw:
            raise UncountedError(
                f"The {label} has no column"
                f" '{column}'.{did_you_mean(column, raw.columns)}"
            )


def _share(
    raw: pd.DataFrame,
    column: str,
    argument: float | None,
    label: str,
) -> np.ndarray:
    """Return a share of those affected by place: the column, or the argument."""
    if (column in raw) == (argument is not None):
        count = "both" if column in raw else "neither"
        conjunction = "and" if column in raw else "nor"
        raise UncountedError(
            f"{column} of the {label} is {count} a column {conjunction} an argument."
            " Say once what share of those affected it is."
        )
    if argument is None:
        share = numbers(raw[column])
    else:
        share = np.full(len(raw), float(argument))
    if not ((share >= 0) & (share <= 1)).all():
        raise UncountedError(
            f"{column} of the {label} is not everywhere a share from 0 to 1. Mend it."
        )
    return share


def _check_rows(
    table: pd.DataFrame,
    distribution: str,
    label: str,
) -> None:
    low, best, high = (table[column] for column in ("low", "best", "high"))
    place = table["place"]
    ordered = (low <= best) & (best <= high)
    faults: dict[str, pd.Series | np.ndarray] = {
        "low, best and high that are no numbers or out of order": ~ordered
    }
    if distribution == "log_normal":
        faults["a low not above 0"] = low < np.nextafter(0, 1)
    else:
        faults["a low below 0"] = low < 0
    faults["a place that is there before"] = place.duplicated() | (place == "")
    faults["an infinite number"] = ~np.isfinite(high)
    for fault, faulty in faults.items():
        if faulty.any():
            lines = ", ".join(str(row + 2) for row in np.flatnonzero(faulty)[:8])
            raise UncountedError(
                f"The {label} has {fault}, at line {lines}. Mend the table."
            )


def _check_places(
    places: set[str],
    world: World,
) -> None:
    region = world.places["region"]
    check_known(places - set(region), world.places, "The outside figures")
    doubled = []
    for code in sorted(places):
        if code in region.index and region[code] in places:
            doubled.append(code)
    if doubled:
        raise UncountedError(
            f"There are outside figures of {', '.join(doubled)} and of the region that"
            " they are in, which would count them twice. Give a region its countries'"
            " figures, or only its own."
        )


def _people(
    world: World,
    ages: Sequence[str | Band],
    year: float,
) -> np.ndarray:
    """Return persons (country, sex, adult or child) of the leaf's ages."""
    people = persons(world, ages, year, nearest=True)
    bands = [parse_band(age) for age in people["age"].values]
    if any(band.lower < ADULT < band.end for band in bands):
        raise UncountedError(
            "The leaf's ages have a band about 18. Divide it there: adults and children"
            " are told apart."
        )
    adult = np.array([band.lower >= ADULT for band in bands])
    cells = people.sel(sex=list(SEXES)).to_numpy()
    adults = cells[:, :, adult].sum(axis=2)
    children = cells[:, :, ~adult].sum(axis=2)
    return np.stack([adults, children], axis=2)
