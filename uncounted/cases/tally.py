"""Tally: the registrations on both sides of every ratio, by place of registration, sex
and period.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np
import pandas as pd

from uncounted.cases.possible import Pairs, Possible, pairs, possible, total
from uncounted.cases.records import AGES, SEXES, Records
from uncounted.errors import UncountedError, did_you_mean
from uncounted.glance import outline
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

    __repr__ = outline

    @property
    def forms(self) -> tuple[str, str]:
        """The forms of the numerator and of the denominator."""
        return self.numerator[0], self.denominator[0]


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
    numerator, and of both sides, where both are known. Where one isn't, there are rows
    of `cell` (rows,), the index in the flattened y, and of `a`, `b`, `log_weight`
    (rows, pairs): what both may be (`possible.pairs`). at: index of the period of the
    estimate. left_out: ratio, reason, rows, registrations.
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

    __repr__ = outline

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Numbers of ratios, units, sexes and periods."""
        return len(self.ratios), len(self.units), len(SEXES), len(self.periods)


@dataclass(frozen=True, eq=False)
class _Sides:
    """Registrations on both sides of one ratio.

    y, n (unit, sex, period): certain persons of the numerator, and of both sides.
    cells (groups,): index in the flattened y of each group of uncertain counts; pairs:
    what the two sides of that group may be (`possible.pairs`).
    """

    y: np.ndarray
    n: np.ndarray
    cells: np.ndarray
    pairs: list[Pairs]


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
    last year of each; year: that of the estimate. Persons whose year, country, sex, age
    or form isn't known are left out as if missing at random, and listed in `left_out`.
    Raises UncountedError for a form, place or period that cannot be.
    """
    chosen = tuple(_ratio(ratio) for ratio in ratios)
    forms = sorted({form for ratio in chosen for form in ratio.forms})
    _check(records, chosen, forms, both)
    _check_periods(periods, year)
    rows = _placed(records, world)
    rows["period"] = [_period(registered, periods) for registered in rows["year"]]
    share, unclear = _assigned(rows, forms, both)
    reason = _left_out(rows, unclear)
    used = rows.join(share.add_prefix("share "))[reason == ""]
    if not len(used):
        raise UncountedError(
            f"The victim records '{records.name}' have nobody whose ratio could be"
            f" told. {_sentence(reason)}"
        )
    units = used[[*UNIT, "region"]].drop_duplicates()
    units = units.sort_values(
        UNIT,
        ignore_index=True,
        kind="stable",
    )
    counts = [_sides(used, ratio, units, len(periods)) for ratio in chosen]
    size = counts[0].y.size
    cells = [ratio * size + count.cells for ratio, count in enumerate(counts)]
    a, b, log_weight = _padded(list(chain(*(count.pairs for count in counts))))
    return Tally(
        ratios=chosen,
        regions=tuple(sorted(set(world.places["region"]))),
        units=units,
        periods=tuple(_period_label(start, end) for start, end in periods),
        at=_period(year, periods),
        y=np.array([count.y for count in counts]),
        n=np.array([count.n for count in counts]),
        cell=np.concatenate(cells),
        a=a,
        b=b,
        log_weight=log_weight,
        left_out=_summed(rows, reason),
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
    records: Records,
    ratios: Sequence[Ratio],
    forms: Sequence[str],
    both: str,
) -> None:
    names = {ratio.name for ratio in ratios}
    if not ratios or len(names) < len(ratios):
        raise UncountedError(
            "The ratios are none, or two have one name. Give each its own."
        )
    for ratio in ratios:
        _check_side(records, ratio, ratio.numerator)
        _check_side(records, ratio, ratio.denominator)
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


def _check_side(
    records: Records,
    ratio: Ratio,
    side: Side,
) -> None:
    form, age = side
    if form in records.forms and age in AGES:
        return
    unknown = age if form in records.forms else form
    raise UncountedError(
        f"The ratio '{ratio.name}' is of {age}s in '{form}', which the"
        f" victim records '{records.name}' do not tell."
        + did_you_mean(unknown, [*records.forms, *AGES])
    )


def _check_periods(periods: Sequence[tuple[int, int]], year: int) -> None:
    ordered = sorted(periods)
    backwards = any(start > end for start, end in ordered)
    overlap = any(end >= start for (_, end), (start, _) in pairwise(ordered))
    if not ordered or backwards or overlap:
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
    """Return the index of the period that holds a year, −1 if none does."""
    if pd.isna(year):
        return -1
    for index, (start, end) in enumerate(periods):
        if start <= year <= end:
            return index
    return -1


def _period_label(start: int, end: int) -> str:
    return f"{start}–{end}" if start < end else str(start)


def _placed(records: Records, world: World) -> pd.DataFrame:
    """Return the rows with place (alpha-3, or the region's own name) and region, ""
    where unknown.
    """
    everywhere = pd.concat([world.places, world.elsewhere])
    regions = {region: region for region in world.places["region"]} | {"": ""}
    alpha2 = everywhere.loc[everywhere["iso2"] != "", "iso2"]
    place_of = {code: code for code in everywhere.index}
    place_of |= dict(zip(alpha2, alpha2.index, strict=True))
    place_of |= regions
    country = records.table["country"]
    unknown = set(country) - set(place_of)
    check_known(unknown, everywhere, f"The victim records '{records.name}'")
    region_of = everywhere["region"].to_dict() | regions
    place = country.map(place_of)
    return records.table.assign(place=place, region=place.map(region_of))


def _assigned(
    rows: pd.DataFrame,
    forms: Sequence[str],
    both: str,
) -> tuple[pd.DataFrame, pd.Series]:
    """Return the share of a person that counts for each form (rows, forms), and the
    reason why no share is known, else "".
    """
    flags = rows[forms]
    in_form = flags.eq(1).fillna(False).astype(bool)
    forms_each = in_form.sum(axis=1)
    settled = pd.Series(False, rows.index)
    share = in_form.astype(float)
    if both == SHARED:
        share = share.div(forms_each.clip(lower=1), axis=0)
    elif both != APART:
        settled = in_form[both]
        share = share.mask(settled, 0.0)
        share[both] = settled.astype(float)
    in_several = (forms_each > 1) & ~settled & (both != SHARED)
    blank = flags.isna().any(axis=1) & ~settled
    reason = pd.Series("", rows.index)
    reason = reason.mask(in_several, "in several forms, left out by the rule")
    reason = reason.mask(blank, "form unknown")
    return share.where(reason == "", 0.0), reason


def _left_out(rows: pd.DataFrame, unclear: pd.Series) -> pd.Series:
    """Return why each row is left out, else ""; later reasons stand for earlier."""
    reason = unclear.mask(rows["age"] == "", "adult or child unknown")
    reason = reason.mask(rows["sex"] == "", "sex unknown")
    reason = reason.mask(rows["place"] == "", "country unknown")
    reason = reason.mask(rows["period"] < 0, "registered outside the periods")
    return reason.mask(rows["year"].isna(), "year unknown")


def _summed(rows: pd.DataFrame, reason: pd.Series) -> pd.DataFrame:
    size = rows["count"].where(rows["below"].isna(), 1.0)
    counts = pd.DataFrame(
        {
            "reason": reason,
            "rows": 1,
            "registrations": size,
        }
    )
    return counts[reason != ""].groupby("reason", as_index=False).sum()


def _sentence(reason: pd.Series) -> str:
    parts = [f"{name} ({rows} rows)" for name, rows in reason.value_counts().items()]
    return f"Left out: {'; '.join(parts)}."


def _sides(
    used: pd.DataFrame,
    ratio: Ratio,
    units: pd.DataFrame,
    periods: int,
) -> _Sides:
    """Count both sides of a ratio: certain counts by cell, uncertain ones as pairs."""
    shape = (len(units), len(SEXES), periods)
    rows = _rows_of_ratio(used, ratio)
    unit_of_row = pd.MultiIndex.from_frame(rows[UNIT])
    unit = pd.MultiIndex.from_frame(units[UNIT]).get_indexer(unit_of_row)
    sex = pd.Index(SEXES).get_indexer(pd.Index(rows["sex"]))
    period = rows["period"].to_numpy(int)
    rows["cell"] = np.ravel_multi_index((unit, sex, period), shape)
    rows["persons"] = rows["count"] * rows["share"]
    rows["uncertain"] = rows["below"].notna() | (rows["noise_sd"] > 0)
    # one uncertain count makes the whole group of its key uncertain
    groups = rows.groupby(KEY, dropna=False)
    uncertain = groups["uncertain"].transform("any").astype(bool)
    certain = rows[~uncertain]
    cells, pairs_of_cells = _uncertain_pairs(rows[uncertain])
    return _Sides(
        y=_persons(certain[certain["top"]], shape),
        n=_persons(certain, shape),
        cells=cells,
        pairs=pairs_of_cells,
    )


def _rows_of_ratio(used: pd.DataFrame, ratio: Ratio) -> pd.DataFrame:
    """Return the rows of the numerator (`top`), then those of the denominator."""
    parts = []
    for side in (ratio.numerator, ratio.denominator):
        form, age = side
        part = used[used["age"] == age]
        share = part[f"share {form}"]
        parts.append(part.assign(top=side == ratio.numerator, share=share))
    return pd.concat(parts).query("share > 0")


def _persons(rows: pd.DataFrame, shape: tuple[int, ...]) -> np.ndarray:
    size = int(np.prod(shape))
    return np.bincount(rows["cell"], rows["persons"], size).reshape(shape)


def _uncertain_pairs(rows: pd.DataFrame) -> tuple[np.ndarray, list[Pairs]]:
    """Return the cell and the pairs of both sides of each group of a key."""
    rows = rows.sort_values(KEY, kind="stable")
    counts = rows[["count", "below", "noise_sd", "share"]].to_numpy(float)
    cell = rows["cell"].to_numpy(int)
    top = rows["top"].to_numpy(bool)
    starts = np.flatnonzero(~rows.duplicated(KEY))
    pairs_of_cells = []
    for start, end in pairwise([*starts, len(rows)]):
        group = counts[start:end]
        in_numerator = top[start:end]
        numerator = _sum(group[in_numerator])
        denominator = _sum(group[~in_numerator])
        pairs_of_cells.append(pairs(numerator, denominator))
    return cell[starts], pairs_of_cells


def _sum(counts: np.ndarray) -> Possible:
    """Return what the sum of counts (rows of count, below, noise_sd, share) may be."""
    return total(
        possible(count, below, sd).times(share) for count, below, sd, share in counts
    )


def _padded(rows: Sequence[Pairs]) -> Pairs:
    """Return the pairs of all rows as arrays (rows, pairs); a row with fewer pairs has
    weights of nothing.
    """
    width = max((len(a) for a, _, _ in rows), default=1)
    columns = []
    for index, fill in enumerate((0.0, 0.0, NOTHING)):
        column = np.full((len(rows), width), fill)
        for row, values in zip(column, rows, strict=True):
            row[: len(values[index])] = values[index]
        columns.append(column)
    a, b, log_weight = columns
    return a, b, log_weight
