"""Geography: countries and territories, their codes, and the groupings that they belong to."""

import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

import pandas as pd

from uncounted.errors import UncountedError, did_you_mean

GROUPINGS = {
    "ilo": ("region", "subregion"),
    "m49": ("un_region", "un_subregion"),
    "who": ("who_region", "who_region"),
    "income": ("income_group", "income_group"),
}
COLUMNS = ["m49", "name", "region", "subregion", "ilo_region", "ilo_subregion", "un_region", "un_subregion"]
COLUMNS += ["who_region", "income_group", "lon", "lat"]
NO_GROUP = "not classified"


def read_text(table: Path | str | pd.DataFrame) -> pd.DataFrame:
    """Return a table as text, "" where empty: "NA" is Namibia and "N/A" may be a name, never a missing value."""
    if isinstance(table, pd.DataFrame):
        return table.astype("str").where(table.notna(), "").rename(columns=str)
    path = Path(table)
    if not path.is_file():
        raise UncountedError(f"There is no table at {path}. Give the path of a CSV file, or a DataFrame.")
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise UncountedError(f"{path} cannot be read as a CSV table in UTF-8: {error}. Save it anew as such.") from error


def require(table: pd.DataFrame, columns: Iterable[str], what: str) -> None:
    """Raise a sentence naming the first column that a table lacks."""
    for column in columns:
        if column not in table:
            raise UncountedError(f"The {what} has no column '{column}'.{did_you_mean(column, table.columns)}")


def read_geography(table: Path | pd.DataFrame, grouping: str | Path | pd.DataFrame) -> pd.DataFrame:
    """Return places, index iso3 sorted, with `region` and `subregion` of the chosen grouping and every named grouping."""
    raw = read_text(table)
    require(raw, ["iso3", "name"], "geography table")
    repeated = raw.loc[raw["iso3"].duplicated(), "iso3"]
    if len(repeated):
        raise UncountedError(f"The geography table has {', '.join(repeated)} more than once. Keep one row for each.")
    places = raw.set_index("iso3").sort_index()
    places["ilo_region"], places["ilo_subregion"] = places.get("region", ""), places.get("subregion", "")
    places[["region", "subregion"]] = _grouped(places, grouping)
    texts = [column for column in COLUMNS[2:10] if column in places]
    places[texts] = places[texts].replace("", NO_GROUP)
    for axis in ("lon", "lat"):
        places[axis] = pd.to_numeric(places.get(axis, pd.Series("", index=places.index)), errors="coerce")
    return places.reindex(columns=COLUMNS, fill_value="")


def _grouped(places: pd.DataFrame, grouping: str | Path | pd.DataFrame) -> pd.DataFrame:
    if isinstance(grouping, str) and grouping in GROUPINGS:
        top, below = GROUPINGS[grouping]
        require(places, [top, below], "geography table")
        return pd.DataFrame({"region": places[top], "subregion": places[below]})
    if isinstance(grouping, str) and not Path(grouping).suffix:
        raise UncountedError(f"There is no grouping '{grouping}'.{did_you_mean(grouping, GROUPINGS)}")
    own = read_text(grouping)
    require(own, ["iso3", "region"], "grouping table")
    check_known(own["iso3"], places, "The grouping table")
    own = own.drop_duplicates("iso3").set_index("iso3").reindex(places.index, fill_value="")
    return pd.DataFrame({"region": own["region"], "subregion": own.get("subregion", own["region"])})


def check_known(codes: Iterable[str], places: pd.DataFrame, where: str) -> None:
    """Raise one sentence that lists every code no place has, each with the nearest: "Viet Nam → VNM"."""
    unknown = sorted(set(map(str, codes)) - set(places.index))
    if unknown:
        told = "; ".join(f"{code} → {near}" if (near := _nearest(code, places)) else code for code in unknown)
        raise UncountedError(f"{where} has codes that no country has: {told}. Use ISO 3166 alpha-3 codes.")


def _nearest(code: str, places: pd.DataFrame) -> str | None:
    names = {_plain(name): iso3 for iso3, name in places["name"].items()}
    if (plain := _plain(code)) in names:
        return str(names[plain])
    starts = [iso3 for name, iso3 in names.items() if len(plain) > 3 and name.startswith(plain)]
    if len(starts) == 1:
        return str(starts[0])
    near = get_close_matches(plain, names, n=1, cutoff=0.75)
    if near:
        return str(names[near[0]])
    close = get_close_matches(code.upper(), list(places.index), n=1, cutoff=0.6) if len(code) <= 4 else []
    return str(close[0]) if close else None


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", str(name)).casefold()
    return "".join(letter for letter in letters if letter.isalnum())
