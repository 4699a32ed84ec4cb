"""Tally: the registrations on both sides of every ratio, by place of registration, sex
and period.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from uncounted.cases.possible import Possible, pairs, possible, total
from uncounted.cases.records import AGES, SEXES, Records
from uncounted.errors import UncountedError, did_you_mean
from uncounted.world.codes import check_known
from uncounted.world.world import World

type Side = tuple[str, str]  # form, age
KEY = ["year", "place", "programme", "citizenship", "sex"]
UNIT = ["place", "programme"]
SHARED, APART = "shared", "apart"
NOTHING = -1e9  # log weight


@dataclass(frozen=True)
class Ratio:
    """Persons of `numerator` over persons of `denominator`, each a form of exploitation
    and adult or child.
    """

    name: str
    numerator: Side
    denominator: Side


RATIOS = {
    ratio.name: ratio
    for ratio in (
        Ratio("sexual per labour, adults", ("sexual", "adult"), ("labour", "adult")),
        Ratio("children per adult, labour", ("labour", "child"), ("labour", "adult")),
        Ratio("children per adult, sexual", ("sexual", "child"), ("sexual", "adult")),
    )
}


@dataclass(frozen=True, eq=False)
class Tally:
    """Counts of every ratio by unit (place × programme), sex and period.

    units: place, programme, region. y, n (ratio, unit, sex, period): persons of the
    numerator, and of both sides, where both are known. Where one isn't, rows of `cell`
    (rows,), the index in the flattened y, and `a`, `b`, `log_weight` (rows, pairs):
    what both may be (`possible.pairs`). at: the period that the estimate speaks of.
    left_out: ratio, reason, rows, registrations.
    """

    ratios: tuple[Ratio, ...]
    regions: tuple[str, ...]
    units: pd.DataFrame
    periods: tuple[str, ...]
    at: int
    y: np.ndarray
    n: np.ndarray
    cell: np.ndarray
    a: np.ndarray
    b: np.ndarray
    log_weight: np.ndarray
    left_out: pd.DataFrame

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Numbers of ratios, units, sexes and periods."""
        return len(self.ratios), len(self.units), len(SEXES), len(self.periods)


def tally(
    records: Records,
    world: World,
    ratios: Sequence[Ratio | str],
    *,
    both: str,
    periods: Sequence[tuple[int, int]],
    year: int,
) -> Tally:
    """Count the registrations of ratios, each person once.

    both: the form under which a person registered in several of these ratios' forms
    counts, or "shared" (1/f in each of f), or "apart" (left out). periods: first and
    last year of each; year: the one that the estimate speaks of. Persons whose year,
    country, sex, age or form isn't known are left out as if missing at random, and
    told. Raises UncountedError for a form, place or period that cannot be.
    """
    chosen = tuple(_ratio(ratio) for ratio in ratios)
    forms = sorted(
        {side[0] for ratio in chosen for side in (ratio.numerator, ratio.denominator)}
    )
    _check(records, chosen, forms, both)
    _check_periods(periods, year)
    rows = _placed(records, world).assign(
        period=[_period(year, periods) for year in records.table["year"]]
    )
    share, unclear = _assigned(rows, forms, both)
    why = _left_out(rows, unclear)
    used = rows.assign(**{f"share {form}": share[form] for form in forms})[why == ""]
    units = (
        used[[*UNIT, "region"]]
        .drop_duplicates()
        .sort_values(UNIT, ignore_index=True, kind="stable")
    )
    if not len(used):
        raise UncountedError(
            f"The victim records '{records.name}' have nobody whose ratio could be"
            f" told. {_told(why)}"
        )
    counted = [_sides(used, ratio, units, len(periods)) for ratio in chosen]
    y, n = (np.array([one[i] for one in counted]) for i in (0, 1))
    cell = np.concatenate(
        [k * y[0].size + np.array(one[2], int) for k, one in enumerate(counted)]
    )
    a, b, log_weight = _padded([pair for one in counted for pair in one[3]])
    return Tally(
        ratios=chosen,
        regions=tuple(sorted(set(world.places["region"]))),
        units=units,
        periods=tuple(
            f"{first}–{last}" if first < last else str(first) for first, last in periods
        ),
        at=_period(year, periods),
        y=y,
        n=n,
        cell=cell,
        a=a,
        b=b,
        log_weight=log_weight,
        left_out=_summed(rows, why),
    )


def _ratio(ratio: Ratio | str) -> Ratio:
    if isinstance(ratio, Ratio):
        return ratio
    if ratio not in RATIOS:
        raise UncountedError(
            f"There is no ratio '{ratio}'.{did_you_mean(ratio, RATIOS)} Or give"
            " Ratio(name, …)."
        )
    return RATIOS[ratio]


def _check(
    records: Records, ratios: Sequence[Ratio], forms: Sequence[str], both: str
) -> None:
    if not ratios or len({ratio.name for ratio in ratios}) < len(ratios):
        raise UncountedError(
            "The ratios are none, or two have one name. Give each its own."
        )
    for ratio in ratios:
        for form, age in (ratio.numerator, ratio.denominator):
            if form not in records.forms or age not in AGES:
                unknown = form if form not in records.forms else age
                raise UncountedError(
                    f"The ratio '{ratio.name}' is of {age}s in '{form}', which the"
                    f" victim records '{records.name}' do not tell."
                    + did_you_mean(unknown, [*records.forms, *AGES])
                )
        if ratio.numerator == ratio.denominator:
            raise UncountedError(
                f"The ratio '{ratio.name}' has the same persons on both sides. Name two"
                " kinds."
            )
    if both not in (*forms, SHARED, APART):
        raise UncountedError(
            f"both = '{both}' doesn't say how somebody in several forms counts. Name"
            f" the form under which ({', '.join(forms)}), or '{SHARED}', or '{APART}'."
        )


def _check_periods(periods: Sequence[tuple[int, int]], year: int) -> None:
    ordered = sorted(periods)
    broken = any(first > last for first, last in ordered) or any(
        a[1] >= b[0] for a, b in pairwise(ordered)
    )
    if not ordered or broken:
        raise UncountedError(
            f"The periods {list(periods)} overlap or run backwards. Give the first and"
            " last year of each."
        )
    if _period(year, periods) < 0:
        raise UncountedError(
            f"No period of {list(periods)} holds {year}, the year that the estimate"
            " speaks of. Add one."
        )


def _period(year: int, periods: Sequence[tuple[int, int]]) -> int:
    return next(
        (i for i, (a, b) in enumerate(periods) if not pd.isna(year) and a <= year <= b),
        -1,
    )


def _placed(records: Records, world: World) -> pd.DataFrame:
    """Return the rows with place (alpha-3, or the region's own name) and region, ""
    where unknown.
    """
    everywhere = pd.concat([world.places, world.elsewhere])
    known = {str(code): str(code) for code in everywhere.index}
    known |= {str(two): str(code) for code, two in everywhere["iso2"].items() if two}
    known |= {region: region for region in world.places["region"]} | {"": ""}
    told = records.table["country"]
    check_known(
        set(told) - set(known), everywhere, f"The victim records '{records.name}'"
    )
    region = (
        everywhere["region"].to_dict()
        | {region: region for region in world.places["region"]}
        | {"": ""}
    )
    place = told.map(known)
    return records.table.assign(place=place, region=place.map(region))


def _assigned(
    rows: pd.DataFrame, forms: Sequence[str], both: str
) -> tuple[pd.DataFrame, pd.Series]:
    """Return the share of a person that each form counts (rows, forms), and why none
    can be told, else "".
    """
    flags = rows[forms]
    in_form, blank = flags.eq(1).fillna(False).astype(bool), flags.isna()
    several = in_form.sum(axis=1) > 1
    share = in_form.astype(float)
    if both == SHARED:
        share = share.div(in_form.sum(axis=1).clip(lower=1), axis=0)
    elif both != APART:
        share = share.mask(in_form[both], 0.0)
        share[both] = in_form[both].astype(float)
    settled = in_form[both] if both in forms else pd.Series(False, rows.index)
    why = pd.Series("", rows.index)
    why = why.mask(
        several & ~settled & (both != SHARED), "in several forms, left out by the rule"
    )
    why = why.mask(blank.any(axis=1) & ~settled, "form unknown")
    return share.where(why == "", 0.0), why


def _left_out(rows: pd.DataFrame, unclear: pd.Series) -> pd.Series:
    """Return why each row is left out, else ""."""
    why = unclear.mask(rows["age"] == "", "adult or child unknown").mask(
        rows["sex"] == "", "sex unknown"
    )
    why = why.mask(rows["place"] == "", "country unknown").mask(
        rows["period"] < 0, "registered outside the periods"
    )
    return why.mask(rows["year"].isna(), "year unknown")


def _summed(rows: pd.DataFrame, why: pd.Series) -> pd.DataFrame:
    size = rows["count"].where(rows["below"].isna(), 1.0)
    told = pd.DataFrame({"reason": why, "rows": 1, "registrations": size})[why != ""]
    return told.groupby("reason", as_index=False).sum()


def _told(why: pd.Series) -> str:
    return (
        "Left out: "
        + "; ".join(f"{reason} ({n} rows)" for reason, n in why.value_counts().items())
        + "."
    )


def _sides(
    used: pd.DataFrame, ratio: Ratio, units: pd.DataFrame, periods: int
) -> tuple[np.ndarray, np.ndarray, list[int], list[tuple[np.ndarray, ...]]]:
    """Return y and n of what is known, and the cells and pairs of what is not."""
    parts = [
        used[used["age"] == age].assign(top=top, share=used[f"share {form}"])
        for top, (form, age) in ((True, ratio.numerator), (False, ratio.denominator))
    ]
    rows = pd.concat(parts).query("share > 0")
    unit = pd.MultiIndex.from_frame(units[UNIT]).get_indexer(
        pd.MultiIndex.from_frame(rows[UNIT])
    )
    sex = rows["sex"].map({sex: i for i, sex in enumerate(SEXES)})
    shape = (len(units), len(SEXES), periods)
    rows = rows.assign(
        cell=(
            np.ravel_multi_index((unit, sex, rows["period"]), shape) if len(rows) else 0
        )
    )
    unsure = rows["below"].notna() | (rows["noise_sd"] > 0)
    unsure = (
        unsure.groupby([rows[key] for key in KEY], dropna=False)
        .transform("any")
        .astype(bool)
    )
    sure = rows[~unsure]
    y, n = (
        np.bincount(
            part["cell"], part["count"] * part["share"], np.prod(shape)
        ).reshape(shape)
        for part in (sure[sure["top"]], sure)
    )
    apart = rows[unsure].sort_values(KEY, kind="stable")
    groups = (
        np.split(np.arange(len(apart)), np.flatnonzero(~apart.duplicated(KEY))[1:])
        if len(apart)
        else []
    )
    counts = apart[["count", "below", "noise_sd", "share"]].to_numpy(float)
    cells, top = apart["cell"].to_numpy(int), apart["top"].to_numpy(bool)
    found = [
        pairs(*(_sum(counts[at[top[at] == side]]) for side in (True, False)))
        for at in groups
    ]
    return y, n, [int(cells[at[0]]) for at in groups], found


def _sum(counts: np.ndarray) -> Possible:
    """Return what the sum of counts (rows of count, below, noise_sd, share) may be."""
    return total(
        possible(count, below, sd).times(share) for count, below, sd, share in counts
    )


def _padded(found: Sequence[tuple[np.ndarray, ...]]) -> tuple[np.ndarray, ...]:
    """Return the pairs of all rows as arrays (rows, pairs); a row with fewer has
    weights of nothing.
    """
    width = max((len(one[0]) for one in found), default=1)
    fill = (0.0, 0.0, NOTHING)
    return tuple(
        np.array(
            [
                np.pad(one[i], (0, width - len(one[i])), constant_values=fill[i])
                for one in found
            ]
        ).reshape(-1, width)
        for i in range(3)
    )
