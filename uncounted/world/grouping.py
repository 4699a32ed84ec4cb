"""Grouping: regions and subregions that divide all places, so that every grouping sums
to the world.
"""

from pathlib import Path

import pandas as pd

from uncounted.errors import UncountedError, did_you_mean
from uncounted.world.codes import check_known
from uncounted.world.table import Source, once, one_code, read_table, require

GROUPINGS = {
    "ilo": ("ilo_region", "ilo_subregion"),
    "m49": ("un_region", "un_subregion"),
    "un": ("un_region", "un_subregion"),
    "who": ("who_region", "who_region"),
    "income": ("income_group", "income_group"),
}
LEVELS = (
    "ilo_region",
    "ilo_subregion",
    "un_region",
    "un_subregion",
    "who_region",
    "income_group",
)
NO_GROUP = "not classified"
LISTED = 8  # countries that an error shows
# of ISO 3166 alpha-3 codes, letters and digits alone; those named first are preferred
CODE_HEADERS = (
    ("iso3",),
    (
        "iso3c",
        "iso3code",
        "isoa3",
        "isoalpha3",
        "iso3166alpha3",
        "alpha3",
        "alpha3code",
        "countryiso3",
    ),
    ("isocountry", "isocode", "countrycode", "iso", "code"),
    ("country",),
)
GROUP_HEADERS = (
    "group",
    "groupname",
    "region",
    "regionname",
    "classification",
    "grouping",
    "category",
)


def regions(grouping: Source, places: pd.DataFrame) -> pd.DataFrame:
    """Return `region` and `subregion` of every place; of a grouping of one level they
    are the same.

    grouping: a key of GROUPINGS, or a table with iso3, region and, for two levels,
    subregion. Who is in none is "not classified". Raises UncountedError for an unknown
    word or code, and for a subregion that is in two regions.
    """
    found = _named(grouping, places) if is_word(grouping) else _own(grouping, places)
    region = [name or NO_GROUP for name in found["region"]]
    below = zip(found["subregion"], region, strict=True)
    subregion = [above if name in ("", NO_GROUP) else name for name, above in below]
    nested = pd.DataFrame(
        {"region": region, "subregion": subregion}, index=places.index, dtype="str"
    )
    _check_nested(nested)
    return nested


def is_word(grouping: object) -> bool:
    """Say whether a grouping is given as a word and not as a file."""
    return isinstance(grouping, str) and not Path(grouping).suffix


def _named(word: Source, places: pd.DataFrame) -> pd.DataFrame:
    if word not in GROUPINGS:
        raise UncountedError(
            f"There is no grouping '{word}'.{did_you_mean(str(word), GROUPINGS)}"
        )
    region, subregion = GROUPINGS[str(word)]
    if set(places[region]) == {NO_GROUP}:
        raise UncountedError(
            f"The geography table says of no place which {region} it is in. Fill that"
            " column, or choose another grouping."
        )
    return pd.DataFrame({"region": places[region], "subregion": places[subregion]})


def _own(source: Source, places: pd.DataFrame) -> pd.DataFrame:
    own = read_table(source, "grouping table")
    if "iso3" not in own and any(
        _plain(column) in names for column in _headers(own) for names in CODE_HEADERS
    ):
        own = own.rename(columns={_code_column(own): "iso3"})
        own = own.assign(iso3=one_code(own["iso3"]))
    require(own, ["iso3", "region"], "grouping table")
    _check_divides(own)
    check_known(own["iso3"], places, "The grouping table")
    own = own.assign(subregion=own.get("subregion", own["region"])).set_index("iso3")
    return own.reindex(
        index=places.index, columns=["region", "subregion"], fill_value=""
    )


def _check_divides(own: pd.DataFrame) -> None:
    try:
        once(own, "grouping table")
    except UncountedError as error:
        raise UncountedError(
            f"{error} Regions of a world divide its countries; groups that overlap have"
            " totals, by un.prevalence(fit, by=table), un.affected and `uncounted"
            " totals --by`."
        ) from error


def _check_nested(nested: pd.DataFrame) -> None:
    for name, above in nested.drop_duplicates().groupby("subregion")["region"]:
        if len(above) > 1:
            raise UncountedError(
                f"The subregion '{name}' is in more than one region:"
                f" {', '.join(sorted(above))}. Give each its own name."
            )


def labels(
    source: pd.DataFrame | pd.Series | Source, places: pd.DataFrame
) -> pd.Series:
    """Return the group of every place from your own Series, or table of iso3 and one
    column of groups (`members`).

    Raises UncountedError for codes that no place has, and for a place in several
    groups.
    """
    pairs = members(source, places)
    repeated = pairs.loc[pairs["iso3"].duplicated(keep=False)]
    if len(repeated):
        listed = [
            f"{iso3} ({', '.join(names)})"
            for iso3, names in repeated.groupby("iso3")["group"]
        ]
        more = f" and {len(listed) - LISTED:,} more" if len(listed) > LISTED else ""
        raise UncountedError(
            "The grouping table has countries in several groups:"
            f" {'; '.join(listed[:LISTED])}{more}. Here each country needs one group."
            " Groups that overlap have totals: un.prevalence(fit, by=table),"
            " un.affected and `uncounted totals --by`."
        )
    group = dict(zip(pairs["iso3"], pairs["group"], strict=True))
    return pd.Series(
        [group.get(code, NO_GROUP) for code in places.index],
        places.index,
        "str",
        pairs.attrs["column"],
    )


def members(
    source: pd.DataFrame | pd.Series | Source, places: pd.DataFrame
) -> pd.DataFrame:
    """Return which places are in which groups, each pair once: iso3, group; attrs: the
    table's `column` of groups.

    source: a Series by iso3, or a table with a row for each country and group. Columns
    are known by their usual names, as iso3, iso3c, country_code or code, and group,
    groupname, region or classification; of two columns the other one is that of groups,
    whatever its name. Raises UncountedError for columns that aren't told apart, and
    unknown codes.
    """
    if isinstance(source, pd.Series):
        source = source.rename("region").rename_axis("iso3").to_frame()
    table = read_table(source, "grouping table")
    code = _code_column(table)
    column = _group_column(table, code)
    pairs = pd.DataFrame({"iso3": one_code(table[code]), "group": table[column]})
    check_known(pairs["iso3"], places, "The grouping table")
    pairs = pairs.loc[pairs["group"] != ""].drop_duplicates(ignore_index=True)
    pairs.attrs["column"] = column
    return pairs


def apart(pairs: pd.DataFrame, codes: pd.Index) -> list[pd.Series]:
    """Return groups that overlap as few divisions of countries (codes), each group
    whole in one of them.

    Countries that are in no group of a division are "not classified" there; a group
    without countries is left out.
    """
    divisions: list[pd.Series] = []
    for name, group in pairs.loc[pairs["iso3"].isin(codes)].groupby("group"):
        countries = list(group["iso3"])
        free = [labels for labels in divisions if (labels[countries] == NO_GROUP).all()]
        if not free:
            free = [pd.Series(NO_GROUP, codes, dtype="str", name="group")]
            divisions += free
        free[0][countries] = str(name)
    return divisions


def _code_column(table: pd.DataFrame) -> str:
    for names in CODE_HEADERS:
        columns = [column for column in _headers(table) if _plain(column) in names]
        if len(columns) == 1:
            return columns[0]
        if columns:
            break
    raise UncountedError(_rename(table))


def _group_column(table: pd.DataFrame, code: str) -> str:
    others = [column for column in _headers(table) if column != code]
    named = [column for column in others if _plain(column) in GROUP_HEADERS]
    for columns in (others, named):
        if len(columns) == 1:
            return columns[0]
    raise UncountedError(_rename(table))


def _headers(table: pd.DataFrame) -> list[str]:
    return [str(column) for column in table]


def _plain(header: str) -> str:
    return "".join(letter for letter in header.casefold() if letter.isalnum())


def _rename(table: pd.DataFrame) -> str:
    headers = ", ".join(f"'{column}'" for column in table)
    return (
        f"The grouping table has the columns {headers}: which has the codes of"
        " countries, and which the groups, is not clear. Rename the one 'iso3' and the"
        " other 'group'; further columns may stay."
    )
