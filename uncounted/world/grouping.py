"""Grouping: regions and subregions that divide all places, so that every grouping sums to the world."""

from pathlib import Path

import pandas as pd

from uncounted.errors import UncountedError, did_you_mean
from uncounted.world.codes import check_known
from uncounted.world.table import Source, once, read_table

GROUPINGS = {
    "ilo": ("ilo_region", "ilo_subregion"),
    "m49": ("un_region", "un_subregion"),
    "un": ("un_region", "un_subregion"),
    "who": ("who_region", "who_region"),
    "income": ("income_group", "income_group"),
}
LEVELS = ("ilo_region", "ilo_subregion", "un_region", "un_subregion", "who_region", "income_group")
NO_GROUP = "not classified"


def regions(grouping: Source, places: pd.DataFrame) -> pd.DataFrame:
    """Return `region` and `subregion` of every place; of a grouping of one level they are the same.

    grouping: a key of GROUPINGS, or a table with iso3, region and, for two levels, subregion. Who is in none
    is "not classified". Raises UncountedError for an unknown word or code, and for a subregion that is in two
    regions.
    """
    found = _named(grouping, places) if is_word(grouping) else _own(grouping, places)
    region = [name or NO_GROUP for name in found["region"]]
    below = zip(found["subregion"], region, strict=True)
    subregion = [above if name in ("", NO_GROUP) else name for name, above in below]
    nested = pd.DataFrame({"region": region, "subregion": subregion}, index=places.index, dtype="str")
    _check_nested(nested)
    return nested


def is_word(grouping: object) -> bool:
    """Say whether a grouping is given as a word and not as a file."""
    return isinstance(grouping, str) and not Path(grouping).suffix


def _named(word: Source, places: pd.DataFrame) -> pd.DataFrame:
    if word not in GROUPINGS:
        raise UncountedError(f"There is no grouping '{word}'.{did_you_mean(str(word), GROUPINGS)}")
    region, subregion = GROUPINGS[str(word)]
    if set(places[region]) == {NO_GROUP}:
        raise UncountedError(
            f"The geography table says of no place which {region} it is in. Fill that column, or choose "
            "another grouping."
        )
    return pd.DataFrame({"region": places[region], "subregion": places[subregion]})


def _own(source: Source, places: pd.DataFrame) -> pd.DataFrame:
    own = read_table(source, "grouping table", ["iso3", "region"])
    once(own, "grouping table")
    check_known(own["iso3"], places, "The grouping table")
    own = own.assign(subregion=own.get("subregion", own["region"])).set_index("iso3")
    return own.reindex(index=places.index, columns=["region", "subregion"], fill_value="")


def _check_nested(nested: pd.DataFrame) -> None:
    for name, above in nested.drop_duplicates().groupby("subregion")["region"]:
        if len(above) > 1:
            raise UncountedError(
                f"The subregion '{name}' is in more than one region: {', '.join(sorted(above))}. "
                "Give each its own name."
            )


def labels(source: pd.DataFrame | pd.Series | Source, places: pd.DataFrame) -> pd.Series:
    """Return the group of every place from your own Series, or table of iso3 and one column or `region`.

    Raises UncountedError for codes that no place has, or that stand there twice.
    """
    if isinstance(source, pd.Series):
        source = source.rename("region").rename_axis("iso3").to_frame()
    own = read_table(source, "grouping table", ["iso3"])
    columns = [column for column in own if column != "iso3"]
    if len(columns) != 1 and "region" not in columns:
        raise UncountedError("The grouping table should have iso3 and one column of groups, or one called 'region'.")
    once(own, "grouping table")
    check_known(own["iso3"], places, "The grouping table")
    name = "region" if "region" in columns else columns[0]
    of = dict(zip(own["iso3"], own[name], strict=True))
    return pd.Series([of.get(code) or NO_GROUP for code in places.index], places.index, "str", name)
