"""Exchange: the estimates as a long table with the columns of the UN's SDG data
structure.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from uncounted.errors import UncountedError
from uncounted.model.vocabulary import SHOW
from uncounted.release.outline import records
from uncounted.release.release import ALL, LEAF, Release
from uncounted.world.age import Band, parse_band

# of the areas that M49 has beside countries; groupings of other makers have no code
# there
M49 = {
    "World": "001",
    "Africa": "002",
    "Americas": "019",
    "Asia": "142",
    "Europe": "150",
    "Oceania": "009",
    "Northern Africa": "015",
    "Sub-Saharan Africa": "202",
    "Latin America and the Caribbean": "419",
    "Northern America": "021",
    "Central Asia": "143",
    "Eastern Asia": "030",
    "South-eastern Asia": "035",
    "Southern Asia": "034",
    "Western Asia": "145",
    "Eastern Europe": "151",
    "Northern Europe": "154",
    "Southern Europe": "039",
    "Western Europe": "155",
    "Australia and New Zealand": "053",
    "Melanesia": "054",
    "Micronesia": "057",
    "Polynesia": "061",
}
AREAS = ("un_region", "un_subregion")  # the groupings that have codes
SEX = {ALL: "_T", "female": "F", "male": "M"}
NATURE = {"surveyed": "E"}  # estimated from surveys; all else is modelled
UNIT = {"percent": "PT", "per 1,000": "PER_1000_POP"}
UNUSED = (
    "URBANISATION",
    "INCOME_WEALTH_QUANTILE",
    "EDUCATION_LEV",
    "OCCUPATION",
    "COMPOSITE_BREAKDOWN",
)
UNUSED += ("DISABILITY_STATUS", "ACTIVITY", "PRODUCT")
COLUMNS = [
    "FREQ",
    "REPORTING_TYPE",
    "SERIES",
    "REF_AREA",
    "SEX",
    "AGE",
    *UNUSED[:4],
    "CUST_BREAKDOWN",
    *UNUSED[4:],
]
COLUMNS += [
    "TIME_PERIOD",
    "OBS_VALUE",
    "LOWER_BOUND",
    "UPPER_BOUND",
    "UNIT_MEASURE",
    "UNIT_MULT",
    "NATURE",
]
COLUMNS += ["OBS_STATUS", "CUST_BREAKDOWN_LB", "COMMENT_OBS", "SOURCE_DETAIL"]


def sdmx(release: Release, areas: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return prevalence and persons, one row for each series × area × sex × age × year,
    in SDG columns.

    Areas are countries and the world by M49 code, and those groups of `areas` (rows of
    `tables.estimates` by AREAS) that M49 knows; groups of other makers have no code
    there and are left out. OBS_VALUE: the median of prevalence, in UNIT_MEASURE, the
    mean of persons; both bounds at the level that COMMENT_OBS names. NATURE: E
    estimated from surveys, M modelled. OBS_STATUS: A, I imputed, U where anything is
    stamped. SERIES: the account's codes, else the outcome. Leaves and further traits of
    persons are CUST_BREAKDOWN, with its label; years of a trend follow.
    """
    rows = (
        release.rows
        if areas is None
        else pd.concat([release.rows, areas], ignore_index=True)
    )
    told = [one for row in records(rows) for one in _observations(release, row)]
    if release.trend is not None:
        told += [
            one
            for row in records(release.trend)
            if row["year"] != release.year
            for one in _course(release, row)
        ]
    table = pd.DataFrame(told).reindex(columns=COLUMNS)
    labels = {
        told: f"C{i:02d}"
        for i, told in enumerate(sorted(set(table["CUST_BREAKDOWN_LB"]) - {""}), 1)
    }
    return table.assign(
        CUST_BREAKDOWN=table["CUST_BREAKDOWN_LB"].map(
            lambda told: labels.get(told, "_T")
        )
    )


def write_sdmx(
    release: Release, path: str | Path, areas: pd.DataFrame | None = None
) -> Path:
    """Write the long table of `sdmx` as CSV."""
    path = Path(path)
    sdmx(release, areas).to_csv(path, index=False)
    return path


def _observations(release: Release, row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    area = _area(release, row)
    if area:
        others = [
            axis
            for axis in release.axes
            if axis not in ("sex", "age") and row[axis] != ALL
        ]
        label = [f"{axis}: {row[axis]}" for axis in others]
        label += [str(row[LEAF])] if row.get(LEAF, ALL) != ALL else []
        key = {
            "REF_AREA": area,
            "SEX": SEX[row["sex"]],
            "AGE": _age(release, row["age"]),
        }
        key |= {"TIME_PERIOD": release.year, "CUST_BREAKDOWN_LB": "; ".join(label)}
        yield _prevalence(release, row) | key
        yield _persons(release, row) | key


def _course(release: Release, row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    area = _area(release, row)
    if area:
        key = {
            "REF_AREA": area,
            "SEX": "_T",
            "AGE": _age(release, ALL),
            "TIME_PERIOD": row["year"],
        }
        yield _prevalence(release, row) | key | {"CUST_BREAKDOWN_LB": "", "NATURE": "M"}


def _area(release: Release, row: dict[str, Any]) -> str:
    """Return the M49 code of a row's group, or nothing."""
    if row["grouping"] == "country":
        return str(release.world.places["m49"].get(row["group"], ""))
    return M49.get(row["group"], "") if row["grouping"] in ("world", *AREAS) else ""


def _prevalence(release: Release, row: dict[str, Any]) -> dict[str, Any]:
    unit = SHOW[release.show]
    values = {
        name: round(row[f"prevalence_{stat}"] * unit, 4)
        for name, stat in _stats("median").items()
    }
    return (
        _about(release, row, "prevalence")
        | values
        | {"UNIT_MEASURE": UNIT[release.show]}
    )


def _persons(release: Release, row: dict[str, Any]) -> dict[str, Any]:
    values = {name: row[f"persons_{stat}"] for name, stat in _stats("mean").items()}
    return (
        _about(release, row, "persons")
        | {k: round(v) for k, v in values.items()}
        | {"UNIT_MEASURE": "NUMBER"}
    )


def _stats(point: str) -> dict[str, str]:
    return {"OBS_VALUE": point, "LOWER_BOUND": "lower", "UPPER_BOUND": "upper"}


def _about(release: Release, row: dict[str, Any], series: str) -> dict[str, Any]:
    outcome = release.name.upper().replace("-", "_")
    code = release.account.series.get(
        series, outcome if series == "prevalence" else f"{outcome}_N"
    )
    seen = str(row.get("evidence", ""))
    status = "U" if release.note else "I" if seen == "imputed" else "A"
    comment = "; ".join(
        part
        for part in (f"{row['interval'] * 100:g} % interval", seen, release.note)
        if part
    )
    return dict.fromkeys(UNUSED, "_T") | {
        "FREQ": "A",
        "REPORTING_TYPE": "G",
        "SERIES": code,
        "UNIT_MULT": 0,
        "NATURE": NATURE.get(seen, "M"),
        "OBS_STATUS": status,
        "COMMENT_OBS": comment,
        "SOURCE_DETAIL": "; ".join(p.source for p in release.parts),
    }


def _age(release: Release, label: str) -> str:
    """Return an age's code: Y15T24, Y_GE65, M6T11; of all ages of the card, the code of
    their span.
    """
    if label == ALL:
        return _code(Band(release.bands[0].lower, release.bands[-1].upper))
    try:
        return _code(parse_band(label))
    except UncountedError:
        return (
            label.upper().replace(" ", "_").replace("-", "_")
        )  # ages that are no band, such as "children"


def _code(band: Band) -> str:
    if band == Band(0, None):
        return "_T"
    unit, letter = (1, "M") if band.label.endswith("months") else (12, "Y")
    first = band.lower // unit
    if band.upper is None:
        return f"{letter}_GE{first}"
    last = band.upper // unit - 1
    return f"{letter}{first}T{last}" if last > first else f"{letter}{first}"
