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
# Headers of a column of ISO 3166 alpha-3 codes, letters and digits alone; those in the
# first group are preferred.
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
    subregion. A country in no region is "not classified". Raises UncountedError for an
    unknown word or code, and for a subregion that is in two regions.
    """
    if is_word(grouping):
        nested = _named(grouping, places)
    else:
        nested = _from_table(grouping, places)
    region = nested["region"].replace("", NO_GROUP)
    subregion = nested["subregion"]
    subregion = subregion.mask(subregion.isin(["", NO_GROUP]), region)
    nested = pd.DataFrame({"region": region, "subregion": subregion}, dtype="str")
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


def _from_table(source: Source, places: pd.DataFrame) -> pd.DataFrame:
    table = read_table(source, "grouping table")
    if "iso3" not in table and _code_headers(table):
        table = table.rename(columns={_code_column(table): "iso3"})
        table = table.assign(iso3=one_code(table["iso3"]))
    require(table, ["iso3", "region"], "grouping table")
    _check_divides(table)
    check_known(table["iso3"], places, "The grouping table")
    subregion = table.get("subregion", table["region"])
    table = table.assign(subregion=subregion).set_index("iso3")
    return table.reindex(
        index=places.index,
        columns=["region", "subregion"],
        fill_value="",
    )


def _check_divides(table: pd.DataFrame) -> None:
    try:
        once(table, "grouping table")
    except UncountedError as error:
        raise UncountedError(
            f"{error} Regions of a world divide its countries; groups that overlap have"
            " totals, by un.prevalence(fit, by=table), un.affected and `uncounted"
            " totals --by`."
        ) from error


def _check_nested(nested: pd.DataFrame) -> None:
    for name, regions_of in nested.drop_duplicates().groupby("subregion")["region"]:
        if len(regions_of) > 1:
            raise UncountedError(
                f"The subregion '{name}' is in more than one region:"
                f" {', '.join(sorted(regions_of))}. Give each its own name."
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
        countries = [
            f"{iso3} ({', '.join(names)})"
            for iso3, names in repeated.groupby("iso3")["group"]
        ]
        listed = "; ".join(countries[:LISTED])
        if len(countries) > LISTED:
            listed += f" and {len(countries) - LISTED:,} more"
        raise UncountedError(
            "The grouping table has countries in several groups:"
            f" {listed}. Here each country needs one group."
            " Groups that overlap have totals: un.prevalence(fit, by=table),"
            " un.affected and `uncounted totals --by`."
        )
    group = pairs.set_index("iso3")["group"]
    group = group.reindex(places.index, fill_value=NO_GROUP)
    return group.astype("str").rename(pairs.attrs["column"])


def members(
    source: pd.DataFrame | pd.Series | Source, places: pd.DataFrame
) -> pd.DataFrame:
    """Return which places are in which groups, each pair once: iso3, group; attrs: the
    table's `column` of groups.

    source: a Series by iso3, or a table with a row for each country and group. Columns
    are recognised by their usual names, as iso3, iso3c, country_code or code, and
    group, groupname, region or classification; of two columns the second is that of
    groups, whatever its name. Raises UncountedError for columns that cannot be told
    apart, and for unknown codes.
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
    """Return overlapping groups as few divisions of countries (codes), each group whole
    in one of them.

    Countries that are in no group of a division are "not classified" there; a group
    without countries is left out.
    """
    divisions: list[pd.Series] = []
    for name, group in pairs.loc[pairs["iso3"].isin(codes)].groupby("group"):
        countries = list(group["iso3"])
        free = [labels for labels in divisions if (labels[countries] == NO_GROUP).all()]
        if free:
            division = free[0]
        else:
            division = pd.Series(
                NO_GROUP,
                codes,
                dtype="str",
                name="group",
            )
            divisions.append(division)
        division[countries] = str(name)
    return divisions


def _code_headers(table: pd.DataFrame) -> list[str]:
    """Return the columns whose headers are the first of CODE_HEADERS that occur."""
    for names in CODE_HEADERS:
        columns = [column for column in _headers(table) if _plain(column) in names]
        if columns:
            return columns
    return []


def _code_column(table: pd.DataFrame) -> str:
    columns = _code_headers(table)
    if len(columns) == 1:
        return columns[0]
    raise UncountedError(_rename(table))


def _group_column(table: pd.DataFrame, code: str) -> str:
    headers = [column for column in _headers(table) if column != code]
    named = [column for column in headers if _plain(column) in GROUP_HEADERS]
    for columns in (headers, named):
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
