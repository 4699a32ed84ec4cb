"""Victim records: registrations of victims by services whose selection is known, as a
table of counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.cases.hierarchy import SIGN
from uncounted.cases.records import SEXES
from uncounted.cases.tally import RATIOS
from uncounted.glance import outline
from uncounted.model.belief import contrasts
from uncounted.simulate.generating import drawn
from uncounted.world.world import World

NOTE = "simulated"
FORMS = ("labour", "sexual", "other")


@dataclass(frozen=True, eq=False)
class Registrations:
    """A table that `read_records` reads, and what it was drawn from.

    true (ratio, region, sex): log persons per person in the population; registered: the
    same among registrations in a typical country and programme, in the year of the
    estimate; selection = true − registered.
    """

    table: pd.DataFrame
    true: xr.DataArray
    registered: xr.DataArray

    __repr__ = outline

    @property
    def selection(self) -> xr.DataArray:
        """δ of each ratio, region and sex."""
        return self.true - self.registered


def registrations(
    seed: int,
    world: World,
    generating: Mapping[str, Any],
) -> Registrations:
    """Simulate the registrations of programmes; generating: [records] of
    `read_generating`.

    Ratios among registrations are drawn from their priors by the equations of
    `cases.hierarchy`, δ by those of `cases.selection`, and the truth is their sum.
    Adults in labour of a unit, sex and year are Poisson about the unit's size, the
    others about that times their ratios. Then some are in two forms or in another,
    values are blanked at random, and counts below k are written "<k".
    """
    rng = np.random.default_rng(seed)
    regions = sorted(set(world.places["region"]))
    units = _units(rng, world, generating)
    thetas = []
    etas = []
    for name in RATIOS:
        theta, eta = _ratio(rng, generating, name, regions, units)
        thetas.append(theta)
        etas.append(eta)
    coords = {"ratio": list(RATIOS), "region": regions, "sex": list(SEXES)}
    registered = xr.DataArray(np.array(thetas), coords, tuple(coords))
    deltas = []
    for name in RATIOS:
        selection = generating["selection"][name]
        deltas.append(_delta(rng, selection, registered.shape[1:]))
    persons = _registered(rng, generating, units, np.array(etas))
    table = _published(rng, generating, persons)
    return Registrations(table, registered + np.array(deltas), registered)


def _units(
    rng: np.random.Generator,
    world: World,
    generating: Mapping[str, Any],
) -> pd.DataFrame:
    """Return place, region and programme of every unit; as many in each region whatever
    the seed.
    """
    programmes = generating["programmes"]
    by_region = world.places.groupby("region")
    size = by_region.size()
    extra = generating["countries"] - 2 * len(size)
    share = extra * size.cumsum() / size.sum()
    start = round(extra * size.iloc[0] / size.sum())
    take = 2 + share.round().diff().fillna(start)
    places = []
    for region, countries in by_region:
        chosen = rng.choice(countries.index, int(take[region]), replace=False)
        places.append(chosen)
    units = pd.DataFrame({"place": np.concatenate(places)})
    units["programme"] = rng.permutation(np.arange(len(units)) % programmes)
    second = units.sample(generating["second"], random_state=rng)
    shift = rng.integers(1, programmes, len(second))
    second["programme"] = (second["programme"] + shift) % programmes
    units = pd.concat([units, second], ignore_index=True)
    return units.assign(region=units["place"].map(world.places["region"]))


def _ratio(
    rng: np.random.Generator,
    generating: Mapping[str, Any],
    name: str,
    regions: list[str],
    units: pd.DataFrame,
) -> tuple[np.ndarray, np.ndarray]:
    """Return θ (region, sex) in the year of the estimate and η (unit, sex, period) of a
    ratio.
    """
    values = {}
    for key, prior in generating["priors"][name].items():
        values[key] = drawn(prior, rng)
    periods = generating["periods"]
    region = _contrast(rng, values["sigma_region"], len(regions))
    region_sex = _contrast(rng, values["sigma_region_sex"], len(regions))
    period = _contrast(rng, values["sigma_period"], len(periods))
    middle = values["level"] + region
    half = values["female"] + region_sex
    theta = middle[:, None] + half[:, None] * SIGN
    unit = values["sigma_unit"] * rng.normal(size=len(units))
    unit_sex = values["sigma_unit_sex"] * rng.normal(size=len(units))
    programme = values["sigma_programme"] * rng.normal(size=generating["programmes"])
    deviation = (unit + programme[units["programme"]])[:, None]
    deviation = deviation + unit_sex[:, None] * SIGN
    row = pd.Index(regions).get_indexer(pd.Index(units["region"]))
    of_unit = theta[row] + deviation
    current = _period_of(generating["year"], periods)
    return theta + period[current], of_unit[:, :, None] + period


def _contrast(
    rng: np.random.Generator,
    sigma: np.ndarray,
    n: int,
) -> np.ndarray:
    """Draw n effects that sum to zero."""
    return sigma * contrasts(n) @ rng.normal(size=n - 1)


def _period_of(
    year: int,
    periods: list[tuple[int, int]],
) -> int:
    """Return which of the periods holds a year."""
    holds = [start <= year <= end for start, end in periods]
    return holds.index(True)


def _delta(
    rng: np.random.Generator,
    selection: Mapping[str, float],
    shape: tuple[int, ...],
) -> np.ndarray:
    """Draw δ of a ratio: once for the world, and by stratum."""
    world = rng.normal(selection["mean"], selection["world_sd"])
    return world + rng.normal(0, selection["stratum_sd"], shape)


def _registered(
    rng: np.random.Generator,
    generating: Mapping[str, Any],
    units: pd.DataFrame,
    eta: np.ndarray,
) -> pd.DataFrame:
    """Return persons by unit, sex, year, age and form, each in one form; eta (ratio,
    unit, sex, period).
    """
    years = []
    for period, (start, end) in enumerate(generating["periods"]):
        years += [(year, period) for year in range(start, end + 1)]
    per_unit = drawn({"log_normal": generating["per_unit"]}, rng, len(units))
    women = np.array([generating["women"], 1 - generating["women"]])
    size = (per_unit / len(years))[:, None] * women
    relative = _relative_sizes(eta)
    unit, sex = np.indices(size.shape)
    tables = []
    for year, period in years:
        for (form, age), times in relative.items():
            count = rng.poisson(size * times[:, :, period])
            cells = {
                "year": year,
                "unit": unit.ravel(),
                "sex": np.array(SEXES)[sex.ravel()],
                "age": age,
                "form": form,
                "count": count.ravel(),
            }
            tables.append(pd.DataFrame(cells))
    persons = pd.concat(tables, ignore_index=True)
    names = units.rename(columns={"place": "country"})[["country", "programme"]]
    names = names.iloc[persons["unit"]].reset_index(drop=True)
    return pd.concat([persons.drop(columns="unit"), names], axis=1)


def _relative_sizes(eta: np.ndarray) -> dict[tuple[str, str], np.ndarray]:
    """Return persons of each form and age, relative to adults in labour (unit, sex,
    period).
    """
    sexual, child, child_sexual = np.exp(eta)
    return {
        ("labour", "adult"): np.ones_like(sexual),
        ("sexual", "adult"): sexual,
        ("labour", "child"): child,
        ("sexual", "child"): sexual * child_sexual,
    }


def _published(
    rng: np.random.Generator,
    generating: Mapping[str, Any],
    persons: pd.DataFrame,
) -> pd.DataFrame:
    """Return the table of counts as published: forms as flags, blanks, small counts
    suppressed.
    """
    rows = _flagged(persons)
    count = rows["count"]
    in_other = rows.assign(
        count=rng.poisson(generating["in_other"] * count),
        labour="0",
        sexual="0",
        other="1",
    )
    in_both = generating["in_both"] * (rows["sexual"] == "1")
    rows = _moved(rng, rows, in_both, labour="1")
    rows = pd.concat([rows, in_other], ignore_index=True)
    for column, share in generating["blank"].items():
        columns = FORMS if column == "form" else (column,)
        rows = _moved(rng, rows, share, **dict.fromkeys(columns, ""))
    cell = ["year", "country", "programme", "sex", "age", *FORMS]
    cells = rows.groupby(cell, as_index=False)["count"].sum().query("count > 0")
    k = generating["suppressed_below"]
    count = cells["count"].astype("str").where(cells["count"] >= k, f"<{k}")
    return cells.assign(count=count, note=NOTE).reset_index(drop=True)


def _flagged(persons: pd.DataFrame) -> pd.DataFrame:
    """Return persons with a flag for each form, and programmes under their names."""
    rows = persons.drop(columns="form")
    for form in ("labour", "sexual"):
        rows[form] = (persons["form"] == form).astype(int).astype("str")
    rows["other"] = "0"
    letters = [chr(ord("A") + int(number)) for number in rows["programme"]]
    rows["programme"] = [f"programme {letter}" for letter in letters]
    return rows


def _moved(
    rng: np.random.Generator,
    rows: pd.DataFrame,
    share: float | pd.Series,
    **values: str,
) -> pd.DataFrame:
    """Move a random share of the persons of every row to other values."""
    count = rng.binomial(rows["count"], share)
    staying = rows.assign(count=rows["count"] - count)
    moving = rows.assign(count=count, **values)
    return pd.concat([staying, moving], ignore_index=True)
