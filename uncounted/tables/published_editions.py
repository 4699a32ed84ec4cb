"""Published: an estimate's rows beside published ones of the same groups; published
numbers are never data.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from uncounted.errors import UncountedError, did_you_mean
from uncounted.leaves.estimate import Estimate
from uncounted.tables.breakdown import breakdown
from uncounted.world.shelf import shelf
from uncounted.world.table import Source, numbers, read_table

KEYS = ["grouping", "group", "sex", "age", "leaf"]
NEEDED = ["edition", "year", *KEYS, "persons", "per_1000", "note"]
PUBLISHED = ("data", "published", "modern-slavery.csv")


def beside_published(
    estimate: Estimate, published: Source | None = None, interval: float = 0.95
) -> pd.DataFrame:
    """Return published persons and rates per 1,000 beside an estimate's of the same
    leaf, group, sex and age.

    published: a table with the columns NEEDED, group as the grouping calls it; else the
    editions for 2016 and 2021 as they ship, whose numbers are rounded. Columns:
    edition, year, KEYS, published, published_per_1000, median, lower, upper (persons),
    per_1000, ratio (median over published), inside (whether the published number is in
    the interval), note. Rows that the estimate has not are an error that names them.
    """
    table = read_published(published)
    groupings = [str(grouping) for grouping in dict.fromkeys(table["grouping"])]
    return set_beside(table, breakdown(estimate, groupings, interval), estimate.names)


def read_published(source: Source | None = None) -> pd.DataFrame:
    """Read a table of published estimates; if none is given, the editions for 2016 and
    2021 that ship.
    """
    if source is None:
        source = shelf(*PUBLISHED)
    table = read_table(source, "table of published estimates", NEEDED)
    return table.assign(
        persons=numbers(table["persons"]),
        per_1000=numbers(table["per_1000"]),
    )


def _advice(leaf: str, names: Sequence[str]) -> str:
    if leaf not in names:
        return did_you_mean(leaf, names)
    return (
        " Leave out rows of another place, and of a sex or age that a model card does"
        " not name under people."
    )


def set_beside(
    table: pd.DataFrame, rows: pd.DataFrame, names: Sequence[str]
) -> pd.DataFrame:
    """Return published rows beside those of `breakdown`; names: of the estimate's
    components and sums, for the error's advice.
    """
    columns = {f"persons_{stat}": stat for stat in ("median", "lower", "upper")}
    estimated = rows.rename(columns=columns)
    estimated = estimated[[*KEYS, *columns.values(), "prevalence_median"]]
    both = table.merge(
        estimated,
        on=KEYS,
        how="left",
        validate="m:1",
    )
    _check_all_estimated(both[both["median"].isna()], names)
    published = {"persons": "published", "per_1000": "published_per_1000"}
    both = both.rename(columns=published)
    both["per_1000"] = both["prevalence_median"] * 1000
    ratio = both["median"] / both["published"]
    both["ratio"] = ratio.replace(np.inf, np.nan)
    both["inside"] = both["published"].between(both["lower"], both["upper"])
    order = ["edition", "year", *KEYS]
    order += [*published.values(), *columns.values()]
    order += ["per_1000", "ratio", "inside", "note"]
    return both[order]


def _check_all_estimated(missing: pd.DataFrame, names: Sequence[str]) -> None:
    """Refuse published rows that the estimate has not; the error names one of them."""
    if missing.empty:
        return
    example = missing.iloc[0][["leaf", "group", "sex", "age"]]
    advice = _advice(str(example["leaf"]), names)
    raise UncountedError(
        f"{len(missing)} published row(s) have no like in the estimate, as"
        f" {', '.join(map(str, example))}.{advice}"
    )
