"""Table: a CSV file or a DataFrame read as text, so that "NA" is Namibia and not a
gap.
"""

import re
import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from pandas.errors import ParserWarning

from uncounted.errors import UncountedError, did_you_mean
from uncounted.world.encoding import UTF8, advice, canonical

type Source = str | Path | pd.DataFrame

# The word in any row of these columns that marks a table as made up.
SIMULATED = "simulated"
TOLD_IN = ("note", "source")
# Kosovo has no code in ISO 3166, so that several are in use.
SYNONYMS: dict[str, str] = dict.fromkeys(("XK", "XKV", "KSV", "KOS"), "XKX")
CODED = ("iso3", "ISO3_code", "neighbour")  # columns of such codes
# Gaps in a column of numbers; in text they are words.
BLANK = ("", "NA", "NaN", "nan", "N/A", "n/a", "..")


def read_table(
    source: Source,
    what: str,
    needs: Iterable[str] = (),
    encoding: str = "utf-8",
) -> pd.DataFrame:
    """Return a table as text without outer blanks, "" where empty; an index named iso3
    counts as a column.

    Countries with several codes in use get the one that the package uses (`one_code`).
    encoding: of a file, by any usual name. Raises UncountedError for a file that is
    missing or no CSV in that encoding, and for columns that are missing or twice there.
    """
    if isinstance(source, pd.DataFrame):
        table = _texts(source)
    else:
        table = _texts_of_file(source, what, encoding)
    table.columns = [str(column).strip() for column in table.columns]
    twice = sorted(set(table.columns[table.columns.duplicated()]))
    if twice:
        raise UncountedError(
            f"The {what} has more than one column '{twice[0]}'. Keep one."
        )
    require(table, needs, what)
    if not len(table):
        raise UncountedError(f"The {what} has no rows. Give one that has.")
    columns = {column: table[column].fillna("").str.strip() for column in table}
    for column in CODED:
        if column in columns:
            columns[column] = one_code(columns[column])
    return pd.DataFrame(columns)


def one_code(codes: pd.Series) -> pd.Series:
    """Return codes with XKX in place of Kosovo's other codes (SYNONYMS)."""
    if codes.isin(list(SYNONYMS)).any():
        return codes.replace(SYNONYMS)
    return codes


def require(
    table: pd.DataFrame,
    needs: Iterable[str],
    what: str,
) -> None:
    """Raise a sentence naming the first column that a table lacks."""
    for column in needs:
        if column not in table:
            raise UncountedError(
                f"The {what} has no column"
                f" '{column}'.{did_you_mean(column, table.columns)}"
            )


def _texts(frame: pd.DataFrame) -> pd.DataFrame:
    by_code = frame.index.name == "iso3" and "iso3" not in frame
    return frame.reset_index(drop=not by_code).astype("str")


def _texts_of_file(
    source: str | Path,
    what: str,
    encoding: str,
) -> pd.DataFrame:
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
    codec = canonical(encoding)
    label = encoding
    if codec in UTF8:
        codec = "utf-8-sig"
        label = "UTF-8"
    fault = f"{path} cannot be read as a CSV table in {label}"
    try:
        with warnings.catch_warnings():
            # a row longer than the header would lose its end
            warnings.simplefilter("error", ParserWarning)
            return pd.read_csv(
                path,
                dtype="str",
                keep_default_na=False,
                encoding=codec,
                index_col=False,
            )
    except UnicodeError as error:
        raise UncountedError(f"{fault}: it is not {label}; {advice(path)}.") from error
    # pandas' own errors of parsing are ValueErrors
    except (OSError, ValueError, ParserWarning) as error:
        reason = str(error).strip().rstrip(".")
        raise UncountedError(f"{fault}: {reason}. Save it as one.") from error


def says_simulated(table: pd.DataFrame) -> bool:
    """Say whether a table marks itself or a row of it as made up: "simulated" in
    TOLD_IN.
    """
    for name in TOLD_IN:
        if name in table:
            text = table[name].astype("str").str.lower()
            if text.str.contains(SIMULATED, regex=False).any():
                return True
    return False


def numbers(column: pd.Series) -> np.ndarray:
    """Return texts as float64: NaN where blank, infinite where a text is no finite
    number, for the caller to name.
    """
    values = np.asarray(pd.to_numeric(column, errors="coerce"), dtype=float)
    return np.where(np.isnan(values) & ~column.isin(BLANK), np.inf, values)


def years(columns: Iterable[str]) -> list[str]:
    """Return the columns that are named by a year, such as "2020"."""
    return [column for column in columns if re.fullmatch(r"[12]\d{3}", column)]


def once(table: pd.DataFrame, what: str) -> None:
    """Raise one sentence that lists the iso3 codes which have more than one row."""
    codes = table["iso3"].astype("str")
    twice = sorted(set(codes[codes.duplicated()]))
    if twice:
        raise UncountedError(
            f"The {what} has more than one row for {', '.join(twice)}. Keep one row for"
            " each."
        )
