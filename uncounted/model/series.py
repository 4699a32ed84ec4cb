"""Series: surveys of one source in one country, such as the yearly rows of a register,
that share an error.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from uncounted.errors import UncountedError
from uncounted.model.card import Card


@dataclass(frozen=True)
class Series:
    """The series of two or more surveys in the evidence.

    labels: the series' names, "MOZ: birth register". survey (surveys,): the series of
    each survey, −1 where it is in none. country, source (series,): indices of countries
    and of kinds of source. since (series,): the middle year of the series' surveys, in
    years since `card.year`. kinds: the kinds of source that have series.
    """

    labels: pd.Index
    survey: np.ndarray
    country: np.ndarray
    source: np.ndarray
    since: np.ndarray
    kinds: pd.Index

    @property
    def member(self) -> np.ndarray:
        """Whether each survey is in a series (surveys,)."""
        return self.survey >= 0

    def kind(self, source: np.ndarray, sources: pd.Index) -> np.ndarray:
        """Return the place in `kinds` of kinds of source, given as indices of
        `sources`; −1 for one without series.
        """
        return self.kinds.get_indexer(sources[source])

    def groups(self, source: np.ndarray) -> np.ndarray:
        """Return the group of each survey (surveys,): those of a group have one
        standard deviation of their own part.

        A group is a kind of source, or the part of it that is in series; source
        (surveys,) indexes the kinds.
        """
        _, group = np.unique(2 * source + self.member, return_inverse=True)
        return group


def series_of(
    surveys: pd.DataFrame,
    country: np.ndarray,
    source: np.ndarray,
    card: Card,
) -> Series:
    """Return the series of surveys, a table with source, country, year and series (""
    for none) of each.

    A series is a label within one country and kind of source; one that has a single
    survey is none. country, source (surveys,): indices of countries and of kinds of
    source.
    """
    key = surveys["country"] + ": " + surveys["series"]
    keys = [surveys["country"], surveys["source"], surveys["series"]]
    size = surveys.groupby(keys)["year"].transform("size").to_numpy()
    member = ((surveys["series"] != "") & (size > 1)).to_numpy()
    year = surveys["year"].to_numpy()
    kind_too = surveys["source"] + "\x1f" + key
    order, index = np.unique(kind_too[member].to_numpy(str), return_inverse=True)
    survey = np.full(len(surveys), -1)
    survey[member] = index
    first_survey, middle = [], []
    for i in range(len(order)):
        members = np.flatnonzero(survey == i)
        first_survey.append(members[0])
        middle.append(int(np.median(year[members])))
    first_survey = np.array(first_survey, int)
    kinds = sorted(set(surveys["source"].iloc[first_survey]))
    return Series(
        labels=_labels(surveys, key, first_survey),
        survey=survey,
        country=country[first_survey],
        source=source[first_survey],
        since=np.array(middle, int) - card.year,
        kinds=pd.Index(kinds, name="series_source"),
    )


def check_series(card: Card, series: Series) -> None:
    """Raise UncountedError for a card without a prior of the error that surveys of one
    series share.
    """
    example = {
        "sigma_survey": "{ half_normal = 0.3 }",
        "series_share": "{ beta = [4, 1] }",
    }
    lacking = [key for key in example if key not in card.priors]
    if not len(series.labels) or not lacking:
        return
    write = " and ".join(f"{key} = {example[key]}" for key in lacking)
    members = int(series.member.sum())
    raise UncountedError(
        f"{members} surveys of the evidence are in {len(series.labels)} series (the"
        f" first: {series.labels[0]}), whose surveys share an error, and [priors] lacks"
        f" {' and '.join(repr(key) for key in lacking)}. series_share is the share of"
        " the variance of a survey's own error that its series has in common. Write"
        f" {write} or what is believed, or leave the column `series` out if its surveys"
        " err independently.",
        "priors",
    )


def check_labels(rows: pd.DataFrame) -> None:
    """Raise UncountedError for a survey whose rows are of several series."""
    several = rows.groupby("survey")["series"].nunique()
    wrong = several.index[several > 1]
    if len(wrong):
        raise UncountedError(
            f"{len(wrong)} survey(s) have rows of several series, such as '{wrong[0]}'."
            " A survey is in one series or in none: give the rows of each series a"
            " survey id of their own."
        )


def _labels(
    surveys: pd.DataFrame,
    key: pd.Series,
    first_survey: np.ndarray,
) -> pd.Index:
    """Return the series' names, with the kind of source where two kinds have series of
    one name.
    """
    names = key.iloc[first_survey]
    named_alike = names.duplicated(keep=False)
    kind = surveys["source"].iloc[first_survey]
    labels = names.mask(named_alike, names + " (" + kind + ")")
    return pd.Index(labels.to_numpy(), name="series")
