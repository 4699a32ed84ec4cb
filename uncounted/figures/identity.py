"""Identity: which rows are of one survey, of one part of it that was asked alike, and
of one series of surveys.
"""

from collections.abc import Sequence

import pandas as pd

PART = [
    "survey",
    "definition",
    "window",
]  # rows that were asked alike: the same persons count once within them
NO_WINDOW = -1.0  # what stands for "no window" where windows are compared


def distinct(rows: pd.DataFrame, cell: Sequence[str]) -> pd.DataFrame:
    """Return the rows with survey ids that are each of one country, one kind of source
    and one fieldwork.

    A survey is the pair of its id and its country. An id that stands in several
    countries, or under several kinds of source, gets these in brackets: "Wave 7" of
    Kenya is "Wave 7 (KEN)". Several years of one survey are its fieldwork, `year` until
    `until`; but where the same cell (columns `cell`) is there in several years, or the
    rows have a `series`, each year is a survey of its own, "Register (2014)", and all
    of them are one `series`.
    """
    base = rows["survey"].astype("str")
    country = _several(rows["country"], base)
    source = _several(rows["source"], base + "\x1f" + rows["country"])
    label = _bracketed(
        base, [rows["country"].where(country, ""), rows["source"].where(source, "")]
    )
    series = (
        rows["series"].fillna("") if "series" in rows else pd.Series("", rows.index)
    )
    yearly = _several(rows["year"], label) & (
        _repeated(rows, label, cell) | _any(series != "", label)
    )
    survey = _bracketed(
        label, [rows["year"].astype(int).astype("str").where(yearly, "")]
    )
    series = series.mask(yearly & (series == ""), label)
    last = rows["until"].fillna(rows["year"]).groupby(survey).transform("max")
    first = rows["year"].groupby(survey).transform("min")
    spans = rows["until"].notna() | (last > first)
    return rows.assign(
        survey=survey, series=series, year=first, until=last.where(spans)
    )


def parts(rows: pd.DataFrame) -> pd.Series:
    """Return which part of its survey each row is of, as a whole number: rows of one
    definition and window.
    """
    keys = rows[PART].assign(window=rows["window"].fillna(NO_WINDOW))
    return keys.groupby(PART, sort=True).ngroup()


def shared_ids(tables: Sequence[pd.DataFrame]) -> list[str]:
    """Return the surveys, as "id of COUNTRY", that more than one table has."""
    surveys = [table[["survey", "country"]].drop_duplicates() for table in tables]
    every = pd.concat(surveys, ignore_index=True)
    twice = every.loc[every.duplicated()].drop_duplicates()
    return [
        f"{survey} of {country}"
        for survey, country in sorted(twice.itertuples(index=False, name=None))
    ]


def _several(values: pd.Series, group: pd.Series) -> pd.Series:
    return values.groupby(group).transform("nunique") > 1


def _any(condition: pd.Series, group: pd.Series) -> pd.Series:
    return condition.groupby(group).transform("any")


def _repeated(rows: pd.DataFrame, survey: pd.Series, cell: Sequence[str]) -> pd.Series:
    """Say of each survey whether it has the same cell in more than one year."""
    keys = rows[[*cell, "definition"]].assign(
        window=rows["window"].fillna(NO_WINDOW), survey=survey
    )
    years = rows["year"].groupby([keys[column] for column in keys]).transform("nunique")
    return _any(years > 1, survey)


def _bracketed(label: pd.Series, qualifiers: Sequence[pd.Series]) -> pd.Series:
    """Return labels with the qualifiers that aren't empty behind them, in brackets."""
    inside = qualifiers[0]
    for qualifier in qualifiers[1:]:
        comma = pd.Series(", ", label.index).where(
            (inside != "") & (qualifier != ""), ""
        )
        inside = inside + comma + qualifier
    return label.where(inside == "", label + " (" + inside + ")")
