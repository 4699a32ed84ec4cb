"""Table: a CSV file or a DataFrame as text, so that nothing is guessed: "NA" is
Namibia, not a gap.
"""

import re
import warnings
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from pandas.errors import ParserWarning

from uncounted.errors import UncountedError, did_you_mean
from uncounted.world.encoding import UTF8, advice, canonical

type Source = str | Path | pd.DataFrame

# what a table that was made up says of itself, in any row of these columns
SIMULATED = "simulated"
TOLD_IN = ("note", "source")
# Kosovo has no code in ISO 3166, so that several are in use.
SYNONYMS: dict[str, str] = dict.fromkeys(("XK", "XKV", "KSV", "KOS"), "XKX")
CODED = ("iso3", "ISO3_code", "neighbour")  # columns of such codes
BLANK = (
    "",
    "NA",
    "NaN",
    "nan",
    "N/A",
    "n/a",
    "..",
)  # in a column of numbers; in text they are words


def read_table(
    source: Source, what: str, needs: Iterable[str] = (), encoding: str = "utf-8"
) -> pd.DataFrame:
    """Return a table as text without outer blanks, "" where empty; an index named iso3
    counts as a column.

    Countries with several codes in use get the one that the package uses (`one_code`).
    encoding: of a file, by any usual name. Raises UncountedError for a file that is
    missing or no CSV in that encoding, and for columns that are missing or twice there.
    """
    table = (
        _of_frame(source)
        if isinstance(source, pd.DataFrame)
        else _of_file(source, what, encoding)
    )
    table.columns = [str(column).strip() for column in table.columns]
    twice = sorted(set(table.columns[table.columns.duplicated()]))
    if twice:
        raise UncountedError(
            f"The {what} has more than one column '{twice[0]}'. Keep one."
        )
    require(table, needs, what)
    if not len(table):
        raise UncountedError(f"The {what} has no rows. Give one that has.")
    text = pd.DataFrame(
        {column: table[column].fillna("").str.strip() for column in table}
    )
    return text.assign(
        **{column: one_code(text[column]) for column in CODED if column in text}
    )


def one_code(codes: pd.Series) -> pd.Series:
    """Return codes with XKX wherever another of Kosovo's stands (SYNONYMS); the rest as
    they are.
    """
    return codes.replace(SYNONYMS) if codes.isin(list(SYNONYMS)).any() else codes


def require(table: pd.DataFrame, needs: Iterable[str], what: str) -> None:
    """Raise a sentence naming the first column that a table lacks."""
    for column in needs:
        if column not in table:
            raise UncountedError(
                f"The {what} has no column"
                f" '{column}'.{did_you_mean(column, table.columns)}"
            )


def _of_frame(frame: pd.DataFrame) -> pd.DataFrame:
    by_code = frame.index.name == "iso3" and "iso3" not in frame
    return frame.reset_index(drop=not by_code).astype("str")


def _of_file(source: str | Path, what: str, encoding: str) -> pd.DataFrame:
    if not isinstance(source, str | Path):
        raise UncountedError(
            f"The {what} is a {type(source).__name__}. Give the path of a CSV file, or"
            " a DataFrame."
        )
    path = Path(source)
    if not path.is_file():
        raise UncountedError(
            f"There is no file {path} for the {what}. Give the path of a CSV file, or a"
            " DataFrame."
        )
    name = canonical(encoding)
    name = "utf-8-sig" if name in UTF8 else name
    shown = "UTF-8" if name in UTF8 else encoding
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "error", ParserWarning
            )  # a row longer than the header would lose its end
            return pd.read_csv(
                path, dtype="str", keep_default_na=False, encoding=name, index_col=False
            )
    except UnicodeError as error:
        reason = f"it is not {shown}; {advice(path)}"
        raise UncountedError(
            f"{path} cannot be read as a CSV table in {shown}: {reason}."
        ) from error
    except (
        OSError,
        ValueError,
        ParserWarning,
    ) as error:  # pandas' own errors of parsing are ValueErrors
        reason = str(error).strip().rstrip(".")
        raise UncountedError(
            f"{path} cannot be read as a CSV table in {shown}: {reason}. Save it as"
            " one."
        ) from error


def says_simulated(table: pd.DataFrame) -> bool:
    """Say whether a table says of itself that it, or a row of it, was made up:
    "simulated" in TOLD_IN.
    """
    told = [
        table[column].astype("str").str.lower() for column in TOLD_IN if column in table
    ]
    return any(
        bool(column.str.contains(SIMULATED, regex=False).any()) for column in told
    )


def numbers(column: pd.Series) -> np.ndarray:
    """Return texts as float64, NaN where blank, infinite where no finite number, for
    the caller to name.
    """
    found = np.asarray(pd.to_numeric(column, errors="coerce"), dtype=float)
    return np.where(np.isnan(found) & ~column.isin(BLANK), np.inf, found)


def years(columns: Iterable[str]) -> list[str]:
    """Return the columns that are named by a year, such as "2020"."""
    return [column for column in columns if re.fullmatch(r"[12]\d{3}", column)]


def once(table: pd.DataFrame, what: str) -> None:
    """Raise one sentence that lists the iso3 codes which have more than one row."""
    seen = Counter(map(str, table["iso3"]))
    twice = sorted(code for code, rows in seen.items() if rows > 1)
    if twice:
        raise UncountedError(
            f"The {what} has more than one row for {', '.join(twice)}. Keep one row for"
            " each."
        )
