"""Figures: numbers of persons that others judged, a lowest, a best and a highest, as a
leaf of an estimate.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import ndtr, ndtri
from scipy.stats import beta, triang

from uncounted.errors import UncountedError, did_you_mean
from uncounted.world.age import Band, parse_band
from uncounted.world.codes import check_known
from uncounted.world.shelf import shipped
from uncounted.world.table import Source, numbers, read_table, says_simulated
from uncounted.world.world import World, persons

PROVENANCE = ("source", "date", "judged_by", "basis")
SHARES = ("share_female", "share_children")
BY_COUNTRY, BY_REGION, NONE = (
    "figure of the country",
    "figure of its region, spread by population",
    "no figure",
)
ADULT = 18 * 12  # months
GROUPS = ("adult", "child")


def _triangular(
    u: np.ndarray, low: np.ndarray, best: np.ndarray, high: np.ndarray, _: float
) -> np.ndarray:
    return triang.ppf(u, (best - low) / (high - low), low, high - low)


def _pert(
    u: np.ndarray, low: np.ndarray, best: np.ndarray, high: np.ndarray, _: float
) -> np.ndarray:
    a, b = 1 + 4 * (best - low) / (high - low), 1 + 4 * (high - best) / (high - low)
    return low + (high - low) * beta.ppf(u, a, b)


def _log_normal(
    u: np.ndarray, low: np.ndarray, best: np.ndarray, high: np.ndarray, coverage: float
) -> np.ndarray:
    z, reach = ndtri(u), ndtri((1 + coverage) / 2)
    return best * np.exp(
        z / reach * np.where(z < 0, np.log(best / low), np.log(high / best))
    )


DISTRIBUTIONS: dict[str, Callable[..., np.ndarray]] = {
    "triangular": _triangular,  # best is the mode, low and high are the ends
    "pert": _pert,  # the same, beta of mean (low + 4 best + high)/6
    "log_normal": (
        _log_normal
    ),  # best is the median, low to high the central interval of the stated coverage
}


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

    def _repr_html_(self) -> str:
        return (
            f"<b>{self.name}</b>: {self.distribution}, correlation of judgement between"
            " places"
            f" {self.between_place_correlation:g}{self.table.to_html(index=False)}"
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
    _check_said(distribution, between_place_correlation, coverage)
    what = f"table of {name}"
    raw = read_table(
        source if isinstance(source, pd.DataFrame) else shipped(source), what, ["place"]
    )
    for column in PROVENANCE:
        if column not in raw or (raw[column] == "").any():
            raise UncountedError(
                f"The {what} has no"
                f" {column}{' for some places' if column in raw else ''}. An outside"
                f" figure says in every row where it is from: {', '.join(PROVENANCE)}."
            )
    table = pd.DataFrame({"place": raw["place"]})
    for column in ("low", "best", "high"):
        if column not in raw:
            raise UncountedError(
                f"The {what} has no column"
                f" '{column}'.{did_you_mean(column, raw.columns)}"
            )
        table[column] = numbers(raw[column])
    for column, given in zip(SHARES, (share_female, share_children), strict=True):
        table[column] = _share(raw, column, given, what)
    _check_rows(table, distribution, what)
    table = pd.concat([table, raw[list(PROVENANCE)]], axis=1).sort_values(
        "place", ignore_index=True, kind="stable"
    )
    return OutsideFigures(
        name, table, distribution, float(between_place_correlation), coverage
    )


def drawn_figures(figures: OutsideFigures, draws: int, seed: int) -> xr.DataArray:
    """Draw the number of persons of every place (sample, place).

        z[i] = √ρ z₀ + √(1−ρ) ε[i],   x[i] = Q_i(Φ(z[i]))

    a Gaussian copula of correlation ρ, Q_i the quantiles of place i's distribution. A
    place whose low is its high has that number.
    """
    rng = np.random.default_rng(seed)
    rho, table = figures.between_place_correlation, figures.table
    z = np.sqrt(rho) * rng.normal(size=(draws, 1)) + np.sqrt(1 - rho) * rng.normal(
        size=(draws, len(table))
    )
    low, best, high = table[["low", "best", "high"]].to_numpy(float).T
    sure = low == high
    x = np.tile(best, (draws, 1))
    quantile = DISTRIBUTIONS[figures.distribution]
    x[:, ~sure] = quantile(
        ndtr(z[:, ~sure]), low[~sure], best[~sure], high[~sure], figures.coverage
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
    people = _people(world, ages, year)
    weight = np.zeros((len(places), *people.shape))
    for i, place in enumerate(places):
        of = (
            people
            * ((region == place) | (region.index == place)).to_numpy()[:, None, None]
        )
        weight[i] = of / of.sum(axis=0)
    female, child = (figures.table[column].to_numpy(float) for column in SHARES)
    share = (
        np.stack([female, 1 - female], 1)[:, :, None]
        * np.stack([1 - child, child], 1)[:, None, :]
    )
    spread = np.einsum(
        "np,pcsa,psa->ncsa", draws.to_numpy(), weight, share, optimize=True
    )
    own, regional = region.index.isin(places), region.isin(places).to_numpy()
    evidence = np.where(own, BY_COUNTRY, np.where(regional, BY_REGION, NONE))
    coords = {
        "country": list(region.index),
        "sex": ["female", "male"],
        "age": list(GROUPS),
    }
    return xr.DataArray(spread, coords, ("sample", *coords)).assign_coords(
        evidence=("country", evidence)
    )


def _check_said(distribution: str, correlation: float, coverage: float | None) -> None:
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


def _share(
    raw: pd.DataFrame, column: str, given: float | None, what: str
) -> np.ndarray:
    if (column in raw) == (given is not None):
        told = (
            "both a column and an argument"
            if column in raw
            else "neither a column nor an argument"
        )
        raise UncountedError(
            f"{column} of the {what} is {told}. Say once what share of those affected"
            " it is."
        )
    share = numbers(raw[column]) if given is None else np.full(len(raw), float(given))
    if not ((share >= 0) & (share <= 1)).all():
        raise UncountedError(
            f"{column} of the {what} is not everywhere a share from 0 to 1. Mend it."
        )
    return share


def _check_rows(table: pd.DataFrame, distribution: str, what: str) -> None:
    low, best, high = (table[column] for column in ("low", "best", "high"))
    least = 0 if distribution != "log_normal" else np.nextafter(0, 1)
    wrong = {
        "low, best and high that are no numbers or out of order": ~(
            (low <= best) & (best <= high)
        ),
        f"a low {'below' if least == 0 else 'not above'} 0": low < least,
        "a place that is there before": (
            table["place"].duplicated() | (table["place"] == "")
        ),
        "an infinite number": ~np.isfinite(high),
    }
    for told, bad in wrong.items():
        if bad.any():
            lines = ", ".join(str(line + 2) for line in np.flatnonzero(bad)[:8])
            raise UncountedError(
                f"The {what} has {told}, at line {lines}. Mend the table."
            )


def _check_places(places: set[str], world: World) -> None:
    region = world.places["region"]
    check_known(places - set(region), world.places, "The outside figures")
    both = sorted(
        code for code in places if code in region.index and region[code] in places
    )
    if both:
        raise UncountedError(
            f"There are outside figures of {', '.join(both)} and of the region that"
            " they are in, which would count them twice. Give a region its countries'"
            " figures, or only its own."
        )


def _people(world: World, ages: Sequence[str | Band], year: float) -> np.ndarray:
    """Return persons (country, sex, adult or child) of the leaf's ages."""
    found = persons(world, ages, year, nearest=True)
    bands = [parse_band(age) for age in found["age"].values]
    if any(band.lower < ADULT < band.end for band in bands):
        raise UncountedError(
            "The leaf's ages have a band about 18. Divide it there: adults and children"
            " are told apart."
        )
    adult = np.array([band.lower >= ADULT for band in bands])
    of = found.sel(sex=["female", "male"]).to_numpy()
    return np.stack([of[:, :, adult].sum(axis=2), of[:, :, ~adult].sum(axis=2)], axis=2)
