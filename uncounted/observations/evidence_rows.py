"""Rows: the table of effective counts, its columns, its order and its content hash."""

import hashlib
from collections.abc import Sequence

import pandas as pd

from uncounted.figures.figure_card import MASK_BELOW

AXES = ("sex", "age")
FORM = "y:"  # begins the column of an exclusive form's counts
ELSEWHERE = "reported from elsewhere"  # the kind of source of families' reports abroad
COLUMNS = (
    "survey",
    "country",
    "year",
    "until",
    "source",
    "series",
    "definition",
    "window",
    "sex",
    "covers",
    "less",
    "estimate",
    "rounding",
    "n",
    "y",
    "respondents",
    "cases",
    "deff",
    "breakdown",
    "survey_estimate",
    "mask_below",
    "unknown",
)
# with the survey these identify a row; a further trait's column does so too
IDENTITY = ("survey", "definition", "window", "sex", "covers", "less")
# all other columns only describe it
SAID = tuple(column for column in COLUMNS if column not in IDENTITY)
ORDER = ["country", "year", "survey", "definition", "window", "sex", "order", "less"]


def further(by: Sequence[str]) -> list[str]:
    """Return the traits beyond sex and age among those that a breakdown names."""
    return [axis for axis in by if axis not in AXES]


def row_keys(
    rows: pd.DataFrame,
    like: pd.DataFrame,
) -> pd.MultiIndex:
    """Return the columns of `like` that identify a row, as texts."""
    identity = [column for column in like if column not in SAID]
    return pd.MultiIndex.from_frame(rows[identity].astype(str))


def counted(
    rows: pd.DataFrame,
    like: pd.DataFrame,
) -> pd.DataFrame:
    """Return n and y by the columns of `like` that identify a row."""
    return rows[["n", "y"]].set_index(row_keys(rows, like))


def canonical(
    rows: pd.DataFrame,
    traits: Sequence[str] = (),
) -> pd.DataFrame:
    """Return rows with the columns of `Evidence.rows` alone, sorted canonically; what
    nobody declared is empty.
    """
    rows = rows.reindex(columns=[*COLUMNS, *traits])
    rows = rows.assign(
        until=rows["until"].fillna(rows["year"]).astype(int),
        definition=rows["definition"].astype("object").fillna(""),
        mask_below=rows["mask_below"].astype(float).fillna(MASK_BELOW),
        unknown=rows["unknown"].astype(float).fillna(0.0),
        series=rows["series"].astype("object").fillna(""),
        rounding=rows["rounding"].astype(float).fillna(0.0),
        less=rows["less"].map(_exceptions),
    )
    texts = dict.fromkeys(["definition", "series", *traits], "str")
    numbers = dict.fromkeys(["window", "survey_estimate"], float)
    return in_order(rows.astype(numbers | texts), traits)


def _exceptions(less: object) -> tuple:
    return less if isinstance(less, tuple) else ()


def in_order(
    rows: pd.DataFrame,
    traits: Sequence[str],
) -> pd.DataFrame:
    """Return rows sorted canonically: the same rows in any order are the same table."""
    rows = rows.reset_index(drop=True)
    keys = rows.assign(
        order=rows["covers"].map(_ends),
        less=rows["less"].map(str),
    )
    keys = keys.sort_values([*ORDER, *traits], kind="stable")
    return rows.loc[keys.index].reset_index(drop=True)


def _ends(bands: tuple) -> tuple:
    return tuple((band.lower, band.end) for band in bands)


def digest_of(rows: pd.DataFrame) -> str:
    """Return the content hash of what enters the likelihood: the same rows give the
    same digest.
    """
    covers, less = rows["covers"].map(str), rows["less"].map(str)
    texts = rows.drop(columns="mask_below").assign(
        covers=covers,
        less=less,
    )
    text = texts.to_csv(index=False, float_format="%.12g")
    return hashlib.sha256(text.encode()).hexdigest()
