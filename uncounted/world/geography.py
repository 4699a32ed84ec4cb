"""Geography: codes, names, points and groupings of countries and territories."""

import numpy as np
import pandas as pd

from uncounted.errors import UncountedError
from uncounted.world.grouping import LEVELS, NO_GROUP, regions
from uncounted.world.table import Source, numbers, once, read_table

COLUMNS = [
    "iso2",
    "m49",
    "name",
    "official_name",
    "region",
    "subregion",
    *LEVELS,
    "lon",
    "lat",
]


def read_geography(source: Source, grouping: Source) -> pd.DataFrame:
    """Return places, index iso3 sorted: `region` and `subregion` of the chosen
    grouping, and those of every named grouping.

    The table has iso3 and name; its region and subregion are the ILO's, and any other
    column may be left out. lon and lat are in degrees, NaN where unknown. Raises
    UncountedError for codes that are empty or there twice.
    """
    raw = read_table(source, "geography table", ["iso3", "name"])
    if "" in set(raw["iso3"]):
        names = ", ".join(raw.loc[raw["iso3"] == "", "name"])
        raise UncountedError(
            f"The geography table has rows without an iso3 code: {names}. Give each its"
            " code."
        )
    once(raw, "geography table")
    raw = raw.rename(columns={"region": "ilo_region", "subregion": "ilo_subregion"})
    places = raw.set_index("iso3").sort_index(kind="stable")
    places = places.reindex(columns=COLUMNS, fill_value="")
    places["m49"] = places["m49"].str.zfill(3).replace("000", "")
    places[list(LEVELS)] = places[list(LEVELS)].replace("", NO_GROUP)
    places[["region", "subregion"]] = regions(grouping, places)
    places["lon"] = _degrees(places["lon"], 180)
    places["lat"] = _degrees(places["lat"], 90)
    return places


def _degrees(texts: pd.Series, limit: int) -> np.ndarray:
    degrees = numbers(texts)
    wrong = texts.index[np.abs(degrees) > limit]
    if len(wrong):
        raise UncountedError(
            f"The {texts.name} of {', '.join(wrong)} in the geography table is no"
            f" number of degrees within ±{limit}. Mend it or leave it empty."
        )
    return degrees
