"""Fold score: one fold sampled, and what it predicts of the rows that were out scored
against what they showed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from uncounted.checks.baselines import baselines, by_country, results
from uncounted.checks.mixing import measure
from uncounted.checks.scores import crps, inside, log_score, pit
from uncounted.evidence.evidence import ELSEWHERE
from uncounted.infer.refit import Numbers, Refit
from uncounted.infer.sample import part
from uncounted.model.build import Study
from uncounted.model.card import Sampling
from uncounted.model.prediction import Prediction, predict
from uncounted.world.world import groups

RHAT, ESS, LONGER = (
    1.05,
    100.0,
    2,
)  # predictions that mix worse are sampled again, twice as long, at most so often
REPLICATES = 5  # survey errors and samples drawn for each draw
TIE = 1e-9  # of a share: nearer shares are the same
DISCRETE = ("binomial", "beta_binomial")  # likelihoods whose counts lie on a lattice


def score_fold(
    again: Refit,
    numbers: Numbers,
    out: Mapping[str, np.ndarray],
    seed: int,
    cores: int | None,
    *,
    how: Sampling,
    interval: float,
    apart: bool,
) -> pd.DataFrame:
    """Sample a fold, longer if it must be, and score its predictions of the rows that
    are out: one row per survey.

    apart: log scores are of single surveys, else of all of a country's rows together.
    """
    found = _sampled(again, numbers, out, seed, cores, how)
    rng = np.random.default_rng(seed)
    tables = [
        _surveys(
            again.studies[prefix],
            one,
            out[prefix],
            numbers[f"{prefix}row_weight"],
            interval,
            rng,
        )
        for prefix, one in found.seen.items()
    ]
    scores = _log_scores(again.studies, found, apart)
    table = pd.concat(tables, ignore_index=True).merge(
        scores, on=["outcome", "survey"], validate="one_to_one"
    )
    settings = {
        "chains": found.how.chains,
        "tune": found.how.tune,
        "draws": found.how.draws,
    }
    return table.assign(
        rhat=found.rhat, ess=found.ess, divergences=found.divergences, **settings
    )


@dataclass(frozen=True)
class Sampled:
    """A sampled fold: what its draws say of the rows that are out, by prefix, and how
    well they mix.
    """

    seen: dict[str, Prediction]
    how: Sampling
    rhat: float
    ess: float
    divergences: int


def _sampled(
    again: Refit,
    numbers: Numbers,
    out: Mapping[str, np.ndarray],
    seed: int,
    cores: int | None,
    how: Sampling,
    times: int = LONGER,
) -> Sampled:
    """Sample a fold, and once more, twice as long, if its predictions don't mix; at
    most so many times more.
    """
    draws, stats = again.sample(numbers, seed, how, cores=cores)
    whole = draws.merge(again.covered(draws))
    seen = {
        prefix: predict(
            study, part(whole, prefix), np.flatnonzero(out[prefix]), 1.0 - out[prefix]
        )
        for prefix, study in again.studies.items()
        if out[prefix].any()
    }
    rhat, ess = _mixing(list(seen.values()), how)
    if times and not (rhat <= RHAT and ess >= ESS):
        longer = replace(how, tune=2 * how.tune, draws=2 * how.draws)
        return _sampled(again, numbers, out, seed + 1, cores, longer, times - 1)
    return Sampled(seen, how, rhat, ess, int(stats["diverging"].sum()))


def _mixing(seen: list[Prediction], how: Sampling) -> tuple[float, float]:
    """Return the worst R-hat and bulk ESS of what surveys would show of everybody,
    before their own errors.
    """
    logits = [
        one.covered[:, one.survey == survey].mean(axis=1)
        for one in seen
        for survey in np.unique(one.survey)
    ]
    found = measure(np.stack(logits).reshape(-1, how.chains, how.draws))
    return float(found["rhat"].max(skipna=False)), float(
        found["ess_bulk"].min(skipna=False)
    )


def _surveys(
    study: Study,
    seen: Prediction,
    out: np.ndarray,
    weight: np.ndarray,
    interval: float,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return the result of every survey that is out beside what was predicted of it."""
    rows = study.evidence.rows
    held = rows.loc[out].reset_index(drop=True)
    counts = np.concatenate([seen.counts(rng) for _ in range(REPLICATES)])
    left, region = (
        results(_own(rows), weight[(rows["source"] != ELSEWHERE).to_numpy()]),
        groups(study.world, "region"),
    )
    naive = by_country(left, region)
    discrete, told = study.card.likelihood in DISCRETE, []
    for survey, at in held.groupby("survey", sort=True).indices.items():
        first, n, y = held.iloc[at[0]], seen.n[at].sum(), seen.y[at].sum()
        about = _about(study, rows.loc[weight > 0], first) | {
            "survey": survey,
            "rows": len(at),
            "n": n,
        }
        steps = lattice(held.iloc[at]) if discrete else (0.0, 0.0)
        predicted = _predicted(counts[:, at].sum(axis=1), y, n, interval, rng, steps)
        told.append(
            about
            | predicted
            | baselines(naive, str(region[first["country"]]), y / n, n)
        )
    return pd.DataFrame(told)


def lattice(rows: pd.DataFrame) -> tuple[float, float]:
    """Return how far apart counts of a survey lie, drawn ones and its own.

    One respondent and one divided by the design effect, or, where figures are rounded,
    as far as printed ones. A figure of unknown n lies on no lattice, whatever n stands
    in for it: only what is nobody, or everybody, are ties.
    """
    printed = float((2 * rows["rounding"] * rows["n"]).sum())
    if (rows["unknown"] > 0).all():
        return max(TIE * rows["n"].sum(), printed), max(TIE * rows["n"].sum(), printed)
    return max(1.0, printed), max(float(1 / rows["deff"].fillna(1.0).mean()), printed)


def _own(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.loc[rows["source"] != ELSEWHERE]


def _about(study: Study, left: pd.DataFrame, first: pd.Series) -> dict[str, object]:
    """Return what a survey is, and what class the country's estimate has in the
    fold.
    """
    code, place = first["country"], study.world.places.loc[first["country"]]
    remaining = left.loc[left["country"] == code]
    abroad = remaining["source"] == ELSEWHERE
    reported = bool((remaining.loc[abroad, "y"] > 0).any())
    has = "surveyed" if (~abroad).any() else ELSEWHERE if reported else "imputed"
    return {
        "outcome": study.card.outcome,
        "country": code,
        "name": place["name"],
        "region": place["region"],
        "year": int(first["year"]),
        "source": first["source"],
        "evidence": has,
    }


def _predicted(
    counts: np.ndarray,
    y: float,
    n: float,
    interval: float,
    rng: np.random.Generator,
    steps: tuple[float, float],
) -> dict[str, float | bool]:
    """Score draws of a survey's count (draws,) against its own, y of n, as shares."""
    shares = (
        counts / n if steps == (0.0, 0.0) else np.minimum(counts / n, 1.0)
    )  # of 0.6 respondents one may be drawn
    low, middle, high = np.quantile(
        shares, [(1 - interval) / 2, 0.5, (1 + interval) / 2]
    )
    at = pit(counts, y, rng, *steps)
    return {
        "observed": y / n,
        "median": middle,
        "lower": low,
        "upper": high,
        "interval": interval,
        "covered": bool(inside(np.array(at), interval)),
        "pit": at,
        "error": middle - y / n,
        "crps": crps(shares, y / n),
    }


def _log_scores(
    studies: Mapping[str, Study], found: Sampled, apart: bool
) -> pd.DataFrame:
    """Return log_score and its Monte Carlo error by outcome and survey, and
    joint_log_score of several outcomes.
    """
    rows, densities = [], []
    for prefix, prediction in found.seen.items():
        seen, outcome = studies[prefix].seen, studies[prefix].card.outcome
        for surveys, density in _densities(prediction, apart).items():
            labels = [
                (outcome, seen.surveys[survey], seen.survey_country[survey])
                for survey in surveys
            ]
            rows += [(*label, len(densities)) for label in labels]
            densities.append(density)
    table = pd.DataFrame(rows, columns=["outcome", "survey", "country", "density"])
    unit = table["survey"] if apart else table["country"]
    units = {"log_score": table["outcome"].astype(str) + " " + unit.astype(str)}
    units |= {"joint_log_score": unit.astype(str)} if len(studies) > 1 else {}
    for name, group in units.items():
        scored = {}
        for label, members in table["density"].groupby(group):
            total = np.sum([densities[i] for i in members.unique()], axis=0)
            scored[label] = log_score(total.reshape(found.how.chains, found.how.draws))
        table[[name, f"{name}_mcse"]] = [scored[label] for label in group]
    return table.drop(columns=["country", "density"])


def _densities(
    prediction: Prediction, apart: bool
) -> dict[tuple[int, ...], np.ndarray]:
    """Return log densities (draws,) by the surveys that each is of: single ones, or
    those of a series together.
    """
    if not apart:
        return prediction.joint_log_scores()
    return {(survey,): density for survey, density in prediction.log_scores().items()}
