"""Identity: the survey, the part of it that was asked alike, and the series of rows."""

from collections.abc import Sequence

import pandas as pd

# rows that were asked alike: the same persons count once within them
PART = ["survey", "definition", "window"]
NO_WINDOW = -1.0  # what stands for "no window" where windows are compared


def distinct(
    rows: pd.DataFrame,
    cell: Sequence[str],
) -> pd.DataFrame:
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
    country = rows["country"].where(country, "")
    source = rows["source"].where(source, "")
    comma = pd.Series(", ", rows.index).where((country != "") & (source != ""), "")
    label = _bracketed(base, country + comma + source)
    series = pd.Series("", rows.index)
    if "series" in rows:
        series = rows["series"].fillna("")
    one_a_year = _repeated(rows, label, cell) | _any(series != "", label)
    yearly = one_a_year & _several(rows["year"], label)
    years = rows["year"].astype(int).astype("str")
    survey = _bracketed(label, years.where(yearly, ""))
    begin = rows["year"].groupby(survey).transform("min")
    end = rows["until"].fillna(rows["year"]).groupby(survey).transform("max")
    spans = rows["until"].notna() | (end > begin)
    return rows.assign(
        survey=survey,
        series=series.mask(yearly & (series == ""), label),
        year=begin,
        until=end.where(spans),
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
    pairs = sorted(twice.itertuples(index=False, name=None))
    return [f"{survey} of {country}" for survey, country in pairs]


def _several(
    values: pd.Series,
    group: pd.Series,
) -> pd.Series:
    return values.groupby(group).transform("nunique") > 1


def _any(
    condition: pd.Series,
    group: pd.Series,
) -> pd.Series:
    return condition.groupby(group).transform("any")


def _repeated(
    rows: pd.DataFrame,
    survey: pd.Series,
    cell: Sequence[str],
) -> pd.Series:
    """Say of each survey whether it has the same cell in more than one year."""
    window = rows["window"].fillna(NO_WINDOW)
    keys = rows[[*cell, "definition", "year"]].assign(
        window=window,
        survey=survey,
    )
    by = [column for column in keys if column != "year"]
    years = keys.groupby(by)["year"].transform("nunique")
    return _any(years > 1, survey)


def _bracketed(
    label: pd.Series,
    qualifier: pd.Series,
) -> pd.Series:
    """Return labels with the qualifiers that aren't empty behind them, in brackets."""
    return label.where(qualifier == "", label + " (" + qualifier + ")")
