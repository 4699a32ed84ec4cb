"""Folds: what is left out together, so that what was never shown is what is
predicted.
"""

import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from uncounted.errors import UncountedError, did_you_mean
from uncounted.evidence.evidence import ELSEWHERE
from uncounted.model.build import Study
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

    A country's rows are all that speak of it, of whatever source and outcome.
    by="random" puts whole countries into `number` folds at random (10 if not said).
    by="survey" and "latest" (each country's last survey, if it has several) leave other
    rounds of the country in, and a UserWarning says so; `number` groups surveys at
    random. countries: these out together, one fold, or, by outcome, out of the outcomes
    named. Raises UncountedError for an unknown `by` or country, and if nothing can be
    held out.
    """
    if countries is not None:
        return [_together(studies, countries)]
    if by not in WAYS:
        raise UncountedError(
            f"by='{by}' is no way to hold out.{did_you_mean(by, WAYS)}"
        )
    own = pd.concat(
        [_own(study.evidence.rows) for study in studies.values()], ignore_index=True
    )
    column, label = WAYS[by](own, next(iter(studies.values())).world)
    if by in SPLITTING:
        _warn(by, own)
    if label.empty:
        raise UncountedError(
            f"by='{by}' leaves nothing to hold out: no country has several surveys."
            " Choose by='country'."
        )
    count = number or {"random": RANDOM, "latest": 1}.get(by)
    if count is not None:
        label = _grouped(label, count, seed, by)
    return [
        Fold(str(key), _rows(studies, column, set(at.index)))
        for key, at in label.groupby(label, sort=True)
    ]


def _own(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows of surveys held in the country that they speak of."""
    return rows.loc[rows["source"] != ELSEWHERE]


def _by_country(own: pd.DataFrame, world: World) -> tuple[str, pd.Series]:
    del world
    codes = np.unique(own["country"])
    return "country", pd.Series(codes, index=codes)


def _by_region(own: pd.DataFrame, world: World) -> tuple[str, pd.Series]:
    return "country", groups(world, "region").reindex(np.unique(own["country"]))


def _by_survey(own: pd.DataFrame, world: World) -> tuple[str, pd.Series]:
    del world
    ids = np.unique(own["survey"])
    return "survey", pd.Series(ids, index=ids)


def _by_latest(own: pd.DataFrame, world: World) -> tuple[str, pd.Series]:
    del world
    surveys = own.drop_duplicates("survey").sort_values(
        ["country", "year", "survey"], kind="stable"
    )
    several = surveys.groupby("country")["survey"].transform("size") > 1
    last = surveys.loc[several].drop_duplicates("country", keep="last")["survey"]
    return "survey", pd.Series(last.to_numpy(), index=last)


WAYS: dict[str, Callable[[pd.DataFrame, World], tuple[str, pd.Series]]] = {
    "country": _by_country,
    "region": _by_region,
    "survey": _by_survey,
    "latest": _by_latest,
    "random": _by_country,
}
SPLITTING = (
    "survey",
    "latest",
)  # rounds of one country are in several folds, or some in none


def _grouped(label: pd.Series, number: int, seed: int, by: str) -> pd.Series:
    """Put what is held out into so many folds at random, as even as can be."""
    if number < 1:
        raise UncountedError(f"folds={number} should be 1 or more.")
    order = np.random.default_rng([seed, len(label)]).permutation(len(label))
    fold = pd.Series(order % min(number, len(label)) + 1, index=label.index)
    return fold.map(
        lambda i: f"{by} {i:0{len(str(number))}d} of {min(number, len(label))}"
    )


def _rows(
    studies: Mapping[str, Study], column: str, held: set[str]
) -> dict[str, np.ndarray]:
    return {
        prefix: study.evidence.rows[column].isin(held).to_numpy()
        for prefix, study in studies.items()
    }


def _together(studies: Mapping[str, Study], countries: object) -> Fold:
    """Return one fold of given countries, of all outcomes or of those named."""
    outcomes = {study.card.outcome: prefix for prefix, study in studies.items()}
    if isinstance(countries, Mapping):
        for outcome in countries:
            if outcome not in outcomes:
                raise UncountedError(
                    "The model has no outcome"
                    f" '{outcome}'.{did_you_mean(outcome, outcomes)}"
                )
        asked = {outcomes[outcome]: set(codes) for outcome, codes in countries.items()}
    else:
        codes = {countries} if isinstance(countries, str) else set(_listed(countries))
        asked = dict.fromkeys(studies, codes)
    known: dict[str, set[str]] = {
        prefix: set(_own(studies[prefix].evidence.rows)["country"]) for prefix in asked
    }
    everywhere = set().union(*known.values())
    for prefix, codes in asked.items():
        unknown = codes - (
            known[prefix] if isinstance(countries, Mapping) else everywhere
        )
        if unknown or not codes:
            raise UncountedError(
                f"No evidence of {', '.join(sorted(unknown)) or 'no country'} entered,"
                " so it cannot be held out. Name surveyed countries."
            )
    none = {
        prefix: np.zeros(len(study.evidence.rows), bool)
        for prefix, study in studies.items()
    }
    held = {
        p: studies[p].evidence.rows["country"].isin(codes).to_numpy()
        for p, codes in asked.items()
    }
    return Fold(f"{len(set().union(*asked.values()))} countries", none | held)


def _listed(countries: object) -> Sequence[str]:
    if not isinstance(countries, Collection):
        raise UncountedError(
            f"countries={countries!r} should be a list of codes, or one for each"
            " outcome."
        )
    return [str(code) for code in countries]


def _warn(by: str, own: pd.DataFrame) -> None:
    rounds = own.groupby("country")["survey"].nunique()
    if (rounds > 1).any():
        warnings.warn(
            f"by='{by}' leaves other rounds of a country in ({int((rounds > 1).sum())}"
            " countries have several): it shows how well another round of a surveyed"
            " country is predicted, not a country that nobody surveyed.",
            UserWarning,
            stacklevel=4,
        )
