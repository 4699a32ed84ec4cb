"""Exchange: the estimates as a long table in the UN's SDG data structure."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from uncounted.errors import UncountedError
from uncounted.release.outline import Record, records
from uncounted.release.release import ALL, LEAF, Release
from uncounted.wording.numerals import SHOW
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
    "DISABILITY_STATUS",
    "ACTIVITY",
    "PRODUCT",
)
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
    "TIME_PERIOD",
    "OBS_VALUE",
    "LOWER_BOUND",
    "UPPER_BOUND",
    "UNIT_MEASURE",
    "UNIT_MULT",
    "NATURE",
    "OBS_STATUS",
    "CUST_BREAKDOWN_LB",
    "COMMENT_OBS",
    "SOURCE_DETAIL",
]


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
    tables = [release.rows] if areas is None else [release.rows, areas]
    observations: list[Record] = []
    for row in records(pd.concat(tables, ignore_index=True)):
        observations += _observations(release, row)
    if release.trend is not None:
        for row in records(release.trend):
            if row["year"] != release.year:
                observations += _course(release, row)
    table = pd.DataFrame(observations).reindex(columns=COLUMNS)
    breakdown = table["CUST_BREAKDOWN_LB"]
    labels = sorted(set(breakdown) - {""})
    codes = {label: f"C{i:02d}" for i, label in enumerate(labels, 1)}
    return table.assign(CUST_BREAKDOWN=[codes.get(label, "_T") for label in breakdown])


def write_sdmx(
    release: Release, path: str | Path, areas: pd.DataFrame | None = None
) -> Path:
    """Write the long table of `sdmx` as CSV."""
    path = Path(path)
    sdmx(release, areas).to_csv(path, index=False)
    return path


def _observations(release: Release, row: Record) -> Iterator[Record]:
    """Yield a row's prevalence and persons; nothing where its area has no code."""
    area = _area(release, row)
    if not area:
        return
    traits = [axis for axis in release.axes if axis not in ("sex", "age")]
    labels = [f"{trait}: {row[trait]}" for trait in traits if row[trait] != ALL]
    if row.get(LEAF, ALL) != ALL:
        labels.append(str(row[LEAF]))
    key = {
        "REF_AREA": area,
        "SEX": _sex(release, row["sex"]),
        "AGE": _age(release, row["age"]),
        "TIME_PERIOD": release.year,
        "CUST_BREAKDOWN_LB": "; ".join(labels),
    }
    yield _prevalence(release, row) | key
    yield _persons(release, row) | key


def _course(release: Release, row: Record) -> Iterator[Record]:
    """Yield the prevalence of a year of a trend."""
    area = _area(release, row)
    if area:
        key = {
            "REF_AREA": area,
            "SEX": _sex(release, ALL),
            "AGE": _age(release, ALL),
            "TIME_PERIOD": row["year"],
            "CUST_BREAKDOWN_LB": "",
            "NATURE": "M",
        }
        yield _prevalence(release, row) | key


def _area(release: Release, row: Record) -> str:
    """Return the M49 code of a row's group, or nothing."""
    if row["grouping"] == "country":
        return str(release.world.places["m49"].get(row["group"], ""))
    areas = AREAS if release.universe.where else ("world", *AREAS)
    return M49.get(row["group"], "") if row["grouping"] in areas else ""


def _sex(release: Release, sex: str) -> str:
    """Return the code of a row's sex, or of the one sex of the estimate's people."""
    return SEX[release.universe.sex or sex]


def _prevalence(release: Release, row: Record) -> Record:
    unit = SHOW[release.show]
    return _about(release, row, "prevalence") | {
        "OBS_VALUE": round(row["prevalence_median"] * unit, 4),
        "LOWER_BOUND": round(row["prevalence_lower"] * unit, 4),
        "UPPER_BOUND": round(row["prevalence_upper"] * unit, 4),
        "UNIT_MEASURE": UNIT[release.show],
    }


def _persons(release: Release, row: Record) -> Record:
    return _about(release, row, "persons") | {
        "OBS_VALUE": round(row["persons_mean"]),
        "LOWER_BOUND": round(row["persons_lower"]),
        "UPPER_BOUND": round(row["persons_upper"]),
        "UNIT_MEASURE": "NUMBER",
    }


def _about(release: Release, row: Record, series: str) -> Record:
    """Return what the columns beside the key and the value hold."""
    code = release.name.upper().replace("-", "_")
    if series == "persons":
        code = f"{code}_N"
    evidence = str(row.get("evidence", ""))
    status = "I" if evidence == "imputed" else "A"
    interval = f"{row['interval'] * 100:g} % interval"
    comments = filter(None, (interval, evidence, release.note))
    return dict.fromkeys(UNUSED, "_T") | {
        "FREQ": "A",
        "REPORTING_TYPE": "G",
        "SERIES": release.account.series.get(series, code),
        "UNIT_MULT": 0,
        "NATURE": NATURE.get(evidence, "M"),
        "OBS_STATUS": "U" if release.note else status,
        "COMMENT_OBS": "; ".join(comments),
        "SOURCE_DETAIL": "; ".join(part.source for part in release.parts),
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
        # ages that are no band, such as "children"
        return label.upper().replace(" ", "_").replace("-", "_")


def _code(band: Band) -> str:
    if band == Band(0, None):
        return "_T"
    unit, letter = (1, "M") if band.label.endswith("months") else (12, "Y")
    youngest = band.lower // unit
    if band.upper is None:
        return f"{letter}_GE{youngest}"
    oldest = band.upper // unit - 1
    if oldest > youngest:
        return f"{letter}{youngest}T{oldest}"
    return f"{letter}{youngest}"
