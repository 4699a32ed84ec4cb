"""Ages of surveys held out: a fifth of stunting's surveys, their rows and their
contrasts between ages, predicted.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import uncounted as un
from uncounted.infer.recipe import Recipe
from uncounted.infer.refit import refit, without
from uncounted.model.prediction import predict

DOCS = Path(__file__).resolve().parents[2] / "docs"
WORDS = ("country:age", "source:age")
PRIORS = ("sigma_country_age", "sigma_source_age", "spread_age", "sigma_row")
HOW = un.Sampling(chains=4, tune=500, draws=400, target_accept=0.9)
SHARE, SEED = 0.2, 1
LEVELS = {"0.8": (0.1, 0.9), "0.95": (0.025, 0.975)}

pytestmark = pytest.mark.study


def cards() -> dict[str, un.Card]:
    """Return the card as it ships, and with fewer of its words."""
    card = un.read_card("stunting")
    less = {
        "as shipped": (),
        "one size for all ages": ("spread_age",),
        "countries' patterns alone": (
            "source:age",
            "sigma_source_age",
            "spread_age",
            "sigma_row",
        ),
        "no pattern of countries": (*WORDS, *PRIORS),
    }
    return {name: _without(card, gone) for name, gone in less.items()}


def _without(card: un.Card, gone: tuple[str, ...]) -> un.Card:
    interactions = tuple(one for one in card.interactions if one not in gone)
    return replace(
        card,
        interactions=interactions,
        priors={k: p for k, p in card.priors.items() if k not in gone},
    )


@pytest.fixture(scope="module")
def found() -> pd.DataFrame:
    table = pd.concat(
        [held_out(card).assign(card=name) for name, card in cards().items()],
        ignore_index=True,
    )
    shares = (
        table.groupby(["card", "what", "age"], sort=False)[list(LEVELS)]
        .agg("mean")
        .reset_index()
    )
    counts = table.groupby(["card", "what", "age"], sort=False).size().to_numpy()
    shares.assign(n=counts).round(4).to_csv(DOCS / "ages-held-out.csv", index=False)
    return shares


def test_contrasts_between_ages_of_surveys_not_seen_are_held(found):
    """527 contrasts that 95 % intervals hold have a standard error of 0.01; each age's
    88 one of 0.023.
    """
    mine = found.query("card == 'as shipped'")
    whole = mine.query("age == 'all'").set_index("what")["0.95"]
    assert 0.93 <= whole["contrasts"] <= 0.97
    assert 0.93 <= whole["rows"] <= 0.98
    assert (mine.query("what == 'contrasts'")["0.95"] > 0.89).all()
    bare = found.query(
        "card == 'no pattern of countries' and age == 'all' and what == 'contrasts'"
    )
    assert bare["0.95"].item() < 0.8


def held_out(card: un.Card) -> pd.DataFrame:
    """Return whether intervals hold each row and each contrast of a fifth of the
    surveys, held out together.
    """
    again = refit(Recipe((card,), (un.evidence_of(card),), un.read_world()))
    study = again.studies[""]
    surveys = len(study.seen.surveys)
    out = np.random.default_rng(SEED).choice(
        surveys, int(surveys * SHARE), replace=False
    )
    rows = np.flatnonzero(np.isin(study.seen.survey, out))
    held = np.isin(np.arange(len(study.seen.y)), rows)
    draws, _ = again.sample(without(again.studies, {"": held}), SEED, HOW)
    weight = study.evidence.remade(held)["left"].to_numpy(float)
    prediction = predict(study, draws.merge(again.covered(draws)), rows, weight)
    counts = prediction.counts(np.random.default_rng(SEED))
    evidence = study.evidence.rows.iloc[rows]
    age = np.array(
        [bands[0].label if len(bands) == 1 else "" for bands in evidence["covers"]]
    )
    tables = [_inside("rows", age, prediction.y, counts)]
    for survey in np.unique(prediction.survey):
        mine = np.flatnonzero((prediction.survey == survey) & np.isin(age, card.ages))
        tables += _contrasts(
            age[mine], prediction.y[mine], prediction.n[mine], counts[:, mine]
        )
    table = pd.concat(tables, ignore_index=True)
    return pd.concat([table, table.assign(age="all")], ignore_index=True)


def _contrasts(
    age: np.ndarray, y: np.ndarray, n: np.ndarray, counts: np.ndarray
) -> Iterator[pd.DataFrame]:
    """Yield whether intervals hold the log odds of each age less their mean over ages,
    of both sexes together.
    """
    ages = list(dict.fromkeys(age))
    if len(ages) < 2:
        return
    of_age = np.array([age == one for one in ages], float)
    yield _inside(
        "contrasts",
        np.array(ages),
        _departures(of_age @ y, of_age @ n),
        _departures(counts @ of_age.T, of_age @ n),
    )


def _departures(y: np.ndarray, n: np.ndarray) -> np.ndarray:
    log_odds = np.log((np.minimum(y, n) + 0.5) / (np.maximum(n - y, 0) + 0.5))
    return log_odds - log_odds.mean(axis=-1, keepdims=True)


def _inside(
    what: str, age: np.ndarray, shown: np.ndarray, drawn: np.ndarray
) -> pd.DataFrame:
    bounds = {level: np.quantile(drawn, ends, axis=0) for level, ends in LEVELS.items()}
    inside = {
        level: (low <= shown) & (shown <= high) for level, (low, high) in bounds.items()
    }
    return pd.DataFrame({"what": what, "age": age, **inside})
