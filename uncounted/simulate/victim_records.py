"""Records: registrations of victims by services whose selection is known, as a table of
counts.
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
from uncounted.model.belief import contrasts
from uncounted.simulate.generating import drawn
from uncounted.world.world import World

NOTE = "simulated"


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

    @property
    def selection(self) -> xr.DataArray:
        """δ of each ratio, region and sex."""
        return self.true - self.registered


def registrations(
    seed: int, world: World, generating: Mapping[str, Any]
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
    drawn_ratios = [_ratio(rng, generating, name, regions, units) for name in RATIOS]
    coords = {"ratio": list(RATIOS), "region": regions, "sex": list(SEXES)}
    registered = xr.DataArray(
        np.array([theta for theta, _ in drawn_ratios]), coords, tuple(coords)
    )
    delta = np.array(
        [
            _delta(rng, generating["selection"][name], registered.shape[1:])
            for name in RATIOS
        ]
    )
    persons = _registered(
        rng, generating, units, np.array([eta for _, eta in drawn_ratios])
    )
    return Registrations(
        _published(rng, generating, persons), registered + delta, registered
    )


def _units(
    rng: np.random.Generator, world: World, generating: Mapping[str, Any]
) -> pd.DataFrame:
    """Return place, region and programme of every unit; as many in each region whatever
    the seed.
    """
    size = world.places.groupby("region").size()
    more = generating["countries"] - 2 * len(size)
    take = 2 + (more * size.cumsum() / size.sum()).round().diff().fillna(
        round(more * size.iloc[0] / size.sum())
    )
    places = [
        rng.choice(of.index, int(take[region]), replace=False)
        for region, of in world.places.groupby("region")
    ]
    one = pd.DataFrame({"place": np.concatenate(places)})
    one["programme"] = rng.permutation(np.arange(len(one)) % generating["programmes"])
    two = one.sample(generating["second"], random_state=rng)
    two["programme"] = (
        two["programme"] + rng.integers(1, generating["programmes"], len(two))
    ) % generating["programmes"]
    return pd.concat([one, two], ignore_index=True).assign(
        region=lambda rows: rows["place"].map(world.places["region"])
    )


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
    own = {key: drawn(prior, rng) for key, prior in generating["priors"][name].items()}
    periods = generating["periods"]
    at = next(
        i
        for i, (first, last) in enumerate(periods)
        if first <= generating["year"] <= last
    )
    region, region_sex, period = (
        own[f"sigma_{level}"] * contrasts(n) @ rng.normal(size=n - 1)
        for level, n in (
            ("region", len(regions)),
            ("region_sex", len(regions)),
            ("period", len(periods)),
        )
    )
    middle, half = own["level"] + region, own["female"] + region_sex
    theta = middle[:, None] + half[:, None] * SIGN
    unit, unit_sex = (
        own[f"sigma_{level}"] * rng.normal(size=len(units))
        for level in ("unit", "unit_sex")
    )
    programme = own["sigma_programme"] * rng.normal(size=generating["programmes"])
    apart = (unit + programme[units["programme"]])[:, None] + unit_sex[:, None] * SIGN
    of_unit = theta[pd.Index(regions).get_indexer(pd.Index(units["region"]))] + apart
    return theta + period[at], of_unit[:, :, None] + period


def _delta(
    rng: np.random.Generator, selection: Mapping[str, float], shape: tuple[int, ...]
) -> np.ndarray:
    return rng.normal(selection["mean"], selection["world_sd"]) + rng.normal(
        0, selection["stratum_sd"], shape
    )


def _registered(
    rng: np.random.Generator,
    generating: Mapping[str, Any],
    units: pd.DataFrame,
    eta: np.ndarray,
) -> pd.DataFrame:
    """Return persons by unit, sex, year, age and form, each in one form; eta (ratio,
    unit, sex, period).
    """
    years = [
        (year, t)
        for t, (first, last) in enumerate(generating["periods"])
        for year in range(first, last + 1)
    ]
    size = drawn({"log_normal": generating["per_unit"]}, rng, len(units)) / len(years)
    women = np.array([generating["women"], 1 - generating["women"]])
    sexual, child, child_sexual = np.exp(eta)
    one = np.ones_like(sexual)
    relative = {
        ("labour", "adult"): one,
        ("sexual", "adult"): sexual,
        ("labour", "child"): child,
    }
    relative["sexual", "child"] = sexual * child_sexual
    found = []
    for year, t in years:
        for (form, age), times in relative.items():
            count = rng.poisson(size[:, None] * women * times[:, :, t])
            u, s = np.indices(count.shape)
            told = {
                "year": year,
                "unit": u.ravel(),
                "sex": np.array(SEXES)[s.ravel()],
                "age": age,
                "form": form,
            }
            found.append(pd.DataFrame(told | {"count": count.ravel()}))
    persons = pd.concat(found, ignore_index=True)
    named = units.rename(columns={"place": "country"})[["country", "programme"]].iloc[
        persons["unit"]
    ]
    return pd.concat(
        [persons.drop(columns="unit"), named.reset_index(drop=True)], axis=1
    )


def _published(
    rng: np.random.Generator, generating: Mapping[str, Any], persons: pd.DataFrame
) -> pd.DataFrame:
    """Return the table of counts as published: forms as flags, blanks, small counts
    suppressed.
    """
    of = {
        form: (persons["form"] == form).astype(int).astype("str")
        for form in ("labour", "sexual")
    }
    rows = persons.drop(columns="form").assign(**of, other="0")
    rows["programme"] = [
        f"programme {chr(ord('A') + int(number))}" for number in rows["programme"]
    ]
    only = rows.assign(
        count=rng.poisson(generating["in_other"] * rows["count"]),
        labour="0",
        sexual="0",
        other="1",
    )
    rows = _moved(
        rng, rows, generating["in_both"] * (rows["sexual"] == "1"), labour="1"
    )
    rows = pd.concat([rows, only], ignore_index=True)
    for column, share in generating["blank"].items():
        columns = ("labour", "sexual", "other") if column == "form" else (column,)
        rows = _moved(rng, rows, share, **dict.fromkeys(columns, ""))
    cell = ["year", "country", "programme", "sex", "age", "labour", "sexual", "other"]
    counted = rows.groupby(cell, as_index=False)["count"].sum().query("count > 0")
    k = generating["suppressed_below"]
    shown = counted["count"].astype("str").where(counted["count"] >= k, f"<{k}")
    return counted.assign(count=shown, note=NOTE).reset_index(drop=True)


def _moved(
    rng: np.random.Generator, rows: pd.DataFrame, share: float | pd.Series, **to: str
) -> pd.DataFrame:
    """Move a random share of the persons of every row to other values."""
    gone = rng.binomial(rows["count"], share)
    return pd.concat(
        [rows.assign(count=rows["count"] - gone), rows.assign(count=gone, **to)],
        ignore_index=True,
    )
