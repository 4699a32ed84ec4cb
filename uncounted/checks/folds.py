"""Folds: the surveys or countries that are left out together and then predicted."""

import warnings
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from uncounted.errors import UncountedError, did_you_mean
from uncounted.model.build import Study
from uncounted.observations.evidence import ELSEWHERE
from uncounted.world.world import World, groups

RANDOM = 10  # folds of by="random"


@dataclass(frozen=True)
class Fold:
    """A name, and the rows of each part of the model that are out (rows,), by the
    part's prefix.
    """

    key: str
    out: Mapping[str, np.ndarray]


def folds_of(
    studies: Mapping[str, Study],
    by: str,
    seed: int,
    number: int | None = None,
    countries: object = None,
) -> list[Fold]:
    """Return the folds by "country", "region", "survey", "latest" or "random", of every
    part of a model together.

    A country's rows are all rows about it, of every source and outcome. by="random"
    puts whole countries into `number` folds at random (10 if not said). by="survey" and
    "latest" (each country's last survey, if it has several) leave other rounds of the
    country in, and a UserWarning says so; `number` groups surveys at random. countries:
    these out together, one fold, or, by outcome, out of the outcomes named. Raises
    UncountedError for an unknown `by` or country, and if nothing can be held out.
    """
    if countries is not None:
        return [_together(studies, countries)]
    if by not in WAYS:
        raise UncountedError(
            f"by='{by}' is no way to hold out.{did_you_mean(by, WAYS)}"
        )
    tables = [_in_country(study.evidence.rows) for study in studies.values()]
    rows = pd.concat(tables, ignore_index=True)
    world = next(iter(studies.values())).world
    column, label = WAYS[by](rows, world)
    if by in SPLITTING:
        _warn(by, rows)
    if label.empty:
        raise UncountedError(
            f"by='{by}' leaves nothing to hold out: no country has several surveys."
            " Choose by='country'."
        )
    count = number or {"random": RANDOM, "latest": 1}.get(by)
    if count is not None:
        label = _grouped(label, count, seed, by)
    folds = []
    for key, members in label.groupby(label, sort=True):
        out = _rows(studies, column, set(members.index))
        folds.append(Fold(str(key), out))
    return folds


def _in_country(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of surveys that were held in the country they are about."""
    return rows.loc[rows["source"] != ELSEWHERE]


def _by_country(
    rows: pd.DataFrame,
    world: World,
) -> tuple[str, pd.Series]:
    del world
    codes = np.unique(rows["country"])
    return "country", pd.Series(codes, index=codes)


def _by_region(
    rows: pd.DataFrame,
    world: World,
) -> tuple[str, pd.Series]:
    return "country", groups(world, "region").reindex(np.unique(rows["country"]))


def _by_survey(
    rows: pd.DataFrame,
    world: World,
) -> tuple[str, pd.Series]:
    del world
    ids = np.unique(rows["survey"])
    return "survey", pd.Series(ids, index=ids)


def _by_latest(
    rows: pd.DataFrame,
    world: World,
) -> tuple[str, pd.Series]:
    del world
    order = ["country", "year", "survey"]
    surveys = rows.drop_duplicates("survey").sort_values(order, kind="stable")
    several = surveys.groupby("country")["survey"].transform("size") > 1
    latest = surveys.loc[several].drop_duplicates("country", keep="last")["survey"]
    return "survey", pd.Series(latest.to_numpy(), index=latest)


WAYS: dict[str, Callable[[pd.DataFrame, World], tuple[str, pd.Series]]] = {
    "country": _by_country,
    "region": _by_region,
    "survey": _by_survey,
    "latest": _by_latest,
    "random": _by_country,
}
# rounds of one country are in several folds, or some in none
SPLITTING = ("survey", "latest")


def _grouped(
    label: pd.Series,
    number: int,
    seed: int,
    by: str,
) -> pd.Series:
    """Put the labels into so many folds at random, as even as can be."""
    if number < 1:
        raise UncountedError(f"folds={number} should be 1 or more.")
    size = len(label)
    folds = min(number, size)
    digits = len(str(number))
    order = np.random.default_rng([seed, size]).permutation(size)
    keys = [f"{by} {i + 1:0{digits}d} of {folds}" for i in order % folds]
    return pd.Series(keys, index=label.index)


def _rows(
    studies: Mapping[str, Study],
    column: str,
    held: set[str],
) -> dict[str, np.ndarray]:
    """Return which rows of each part of the model are held out."""
    out = {}
    for prefix, study in studies.items():
        out[prefix] = study.evidence.rows[column].isin(held).to_numpy()
    return out


def _together(
    studies: Mapping[str, Study],
    countries: object,
) -> Fold:
    """Return one fold of the countries, of all outcomes or of those named."""
    requested = _requested(studies, countries)
    surveyed = {}
    for prefix in requested:
        rows = _in_country(studies[prefix].evidence.rows)
        surveyed[prefix] = set(rows["country"])
    if not isinstance(countries, Mapping):
        everywhere = set().union(*surveyed.values())
        surveyed = dict.fromkeys(requested, everywhere)
    out = {}
    for prefix, study in studies.items():
        out[prefix] = np.zeros(len(study.evidence.rows), bool)
    for prefix, codes in requested.items():
        unknown = codes - surveyed[prefix]
        if unknown or not codes:
            raise UncountedError(
                f"No evidence of {', '.join(sorted(unknown)) or 'no country'} entered,"
                " so it cannot be held out. Name surveyed countries."
            )
        rows = studies[prefix].evidence.rows
        out[prefix] = rows["country"].isin(codes).to_numpy()
    total = len(set().union(*requested.values()))
    return Fold(f"{total} countries", out)


def _requested(
    studies: Mapping[str, Study],
    countries: object,
) -> dict[str, set[str]]:
    """Return the codes that are to be out, by the prefix of the part of the model."""
    if isinstance(countries, str):
        countries = [countries]
    if not isinstance(countries, Collection):
        raise UncountedError(
            f"countries={countries!r} should be a list of codes, or one for each"
            " outcome."
        )
    if not isinstance(countries, Mapping):
        codes = list(map(str, countries))
        return {prefix: set(codes) for prefix in studies}
    prefixes = {study.card.outcome: prefix for prefix, study in studies.items()}
    requested = {}
    for outcome, codes in countries.items():
        if outcome not in prefixes:
            raise UncountedError(
                "The model has no outcome"
                f" '{outcome}'.{did_you_mean(outcome, prefixes)}"
            )
        requested[prefixes[outcome]] = set(codes)
    return requested


def _warn(by: str, rows: pd.DataFrame) -> None:
    rounds = rows.groupby("country")["survey"].nunique()
    several = int((rounds > 1).sum())
    if several:
        warnings.warn(
            f"by='{by}' leaves other rounds of a country in ({several}"
            " countries have several): it shows how well another round of a surveyed"
            " country is predicted, not a country that nobody surveyed.",
            UserWarning,
            stacklevel=4,
        )
