"""What several outcomes in one model buy: held-out error of one where the other was
surveyed, beside it alone.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pymc as pm
import pytest
import xarray as xr
from scipy.special import expit, logsumexp
from scipy.stats import binom

import uncounted as un
from uncounted.infer.derived import derived
from uncounted.infer.refit import counted, without
from uncounted.infer.sampler import Sampler, prepare
from uncounted.model.build import Study

DOCS = Path(__file__).resolve().parents[2] / "docs"
WORLDS, HELD, N, SIGMA, LKJ = 8, 20, 1500, 0.7, 2.0
CORRELATIONS = (0.8, 0.4, 0.0)
PRIORS = {
    "level": un.Prior("normal", (-2.0, 1.0)),
    "sigma_country": un.Prior("half_normal", (0.7,)),
}
A = un.Card(
    title="A",
    outcome="a",
    ages=("0+",),
    year=2020,
    people=(),
    place=("country",),
    priors=PRIORS,
)
B = replace(A, title="B", outcome="b")
HOW = un.Sampling(chains=4, tune=500, draws=500, target_accept=0.9)

pytestmark = pytest.mark.study


def test_what_the_other_outcome_buys():
    """A in 120 countries, B in 80, 60 of them in both; B held out in 20 of the 60, in
    worlds of known correlation.
    """
    world = un.read_world()
    order = np.random.default_rng(20261124).permutation(len(world.places))
    at = {"a": np.sort(order[:120]), "b": np.sort(order[60:140])}
    held = np.isin(at["b"], order[60 : 60 + HELD])
    nothing = [
        rows(card, world, at[card.outcome], np.full(len(at[card.outcome]), 100))
        for card in (A, B)
    ]
    models = {
        "alone": un.build(B, world, nothing[1]),
        "joint": un.build_jointly([A, B], world, nothing, lkj=LKJ),
    }
    ready = {name: prepare(model) for name, model in models.items()}
    told = []
    for correlation in CORRELATIONS:
        for seed in range(WORLDS):
            truth, y = simulated(correlation, seed, at, len(world.places))
            studies = [Study(c, world, *seen(c, world, at, y)) for c in (A, B)]
            assert all(
                (study.seen.y == y[study.card.outcome]).all() for study in studies
            )
            for name, model in models.items():
                parts = {"": (studies[1], held)} if name == "alone" else {
                    "a::": (studies[0], np.zeros(len(at["a"]), bool)), "b::": (studies[1], held)
                }  # fmt: skip
                eta, draws, stats = refit(model, ready[name], parts, seed)
                about = {"correlation": correlation, "world": seed, "model": name}
                told.append(
                    about
                    | scored(eta[:, held], truth["b"][at["b"][held]], y["b"][held])
                    | found(draws, stats)
                )
    table = pd.DataFrame(told)
    kept(table).to_csv(DOCS / "joint-outcomes.csv", index=False)
    pairs = table.pivot_table(
        index=["correlation", "world"],
        columns="model",
        values=["log_score", "absolute_error"],
    )
    gain = (
        (pairs["log_score"]["joint"] - pairs["log_score"]["alone"])
        .groupby("correlation")
        .mean()
    )
    assert gain[0.8] > 0.2
    assert gain[0.0] > -0.05
    assert (
        (pairs["absolute_error"]["joint"] < pairs["absolute_error"]["alone"])
        .loc[0.8]
        .all()
    )


def simulated(
    correlation: float, seed: int, at: dict, countries: int
) -> tuple[dict, dict]:
    """Return logits of both outcomes in every country, and counts of N in those
    surveyed.
    """
    rng = np.random.default_rng([20261124, seed, round(100 * correlation)])
    z = rng.multivariate_normal([0, 0], [[1, correlation], [correlation, 1]], countries)
    truth = dict(zip("ab", -2 + SIGMA * z.T, strict=True))
    return truth, {name: rng.binomial(N, expit(truth[name][at[name]])) for name in "ab"}


def rows(card: un.Card, world: un.World, at: np.ndarray, y: np.ndarray) -> un.Evidence:
    codes = world.places.index[at]
    table = pd.DataFrame(
        {
            "survey": codes,
            "country": codes,
            "year": 2020,
            "sex": "both",
            "age": "0+",
            "n": N,
            "y": y,
        }
    )
    return un.counts(table, card.outcome)


def seen(card: un.Card, world: un.World, at: dict, y: dict) -> tuple:
    study = un.build(
        card, world, rows(card, world, at[card.outcome], y[card.outcome])
    ).study  # pyright: ignore
    return study.evidence, study.seen


def refit(
    model: pm.Model, ready: Sampler, parts: dict, seed: int
) -> tuple[np.ndarray, xr.Dataset, xr.Dataset]:
    """Sample the compiled model with other counts, rows held out; return B's logits
    (draws, rows) and the rest.
    """
    data = {}
    for prefix, (study, held) in parts.items():
        counts = counted(study, study.seen.y, study.seen.n)
        data |= {f"{prefix}{key}": value for key, value in counts.items()} | without(
            {prefix: study}, {prefix: held}
        )
    draws, stats = ready.with_data(**data).run(seed, HOW)
    with model:
        pm.set_data(data)
    name = "reported" if "" in parts else "b::reported"
    eta = (
        derived(model, draws, [name])[name]
        .stack(sample=("chain", "draw"))
        .transpose("sample", ...)
    )
    return eta.to_numpy(), draws, stats


def scored(eta: np.ndarray, truth: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """Score held-out rows: log of the mean density of counts, error and interval of the
    logit; means over rows.
    """
    log_density = logsumexp(binom.logpmf(y, N, expit(eta)), axis=0) - np.log(len(eta))
    low, middle, high = np.quantile(eta, [0.025, 0.5, 0.975], axis=0)
    return {
        "log_score": log_density.mean(),
        "absolute_error": np.abs(middle - truth).mean(),
        "width": (high - low).mean(),
        "covered": ((low <= truth) & (truth <= high)).mean(),
    }


def found(draws: xr.Dataset, stats: xr.Dataset) -> dict[str, float]:
    r = (
        2 * draws["correlation_part"].to_numpy().ravel() - 1
        if "correlation_part" in draws
        else np.full(1, np.nan)
    )
    return {
        "found": r.mean(),
        "found_sd": r.std(),
        "divergences": int(stats["diverging"].sum()),
    }


def kept(table: pd.DataFrame) -> pd.DataFrame:
    """Return means over worlds, and the standard error of how much the joint model's
    log score is higher.
    """
    means = (
        table.drop(columns="world")
        .groupby(["correlation", "model"], sort=False)
        .mean()
        .reset_index()
    )
    scores = table.pivot_table(
        index=["correlation", "world"], columns="model", values="log_score"
    )
    gain = (scores["joint"] - scores["alone"]).groupby("correlation")
    means["gain_se"] = (
        means["correlation"]
        .map(gain.std() / np.sqrt(WORLDS))
        .where(means["model"] == "joint")
    )
    return means.assign(worlds=WORLDS, held_out=WORLDS * HELD).round(3)
