"""Fold score: how well a fold's draws predict the rows that it was not shown."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from uncounted.checks.baselines import baselines, by_country, results
from uncounted.checks.mixing import measure
from uncounted.checks.scores import crps, inside, interval_ends, log_score, pit
from uncounted.infer.refit import Numbers, Refit
from uncounted.infer.sample import part
from uncounted.model.build import Study
from uncounted.model.card import Sampling
from uncounted.model.prediction import Prediction, predict
from uncounted.observations.evidence import ELSEWHERE
from uncounted.world.world import groups

# predictions that mix worse are sampled again, twice as long, LONGER times at most
RHAT, ESS = 1.05, 100.0
LONGER = 2
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
    sampled = _sampled(again, numbers, out, seed, cores, how)
    rng = np.random.default_rng(seed)
    tables = []
    for prefix, prediction in sampled.predictions.items():
        study = again.studies[prefix]
        weight = numbers[f"{prefix}row_weight"]
        table = _surveys(study, prediction, out[prefix], weight, interval, rng)
        tables.append(table)
    table = pd.concat(tables, ignore_index=True)
    scores = _log_scores(again.studies, sampled, apart)
    scored = table.merge(scores, on=["outcome", "survey"], validate="one_to_one")
    return scored.assign(
        rhat=sampled.rhat,
        ess=sampled.ess,
        divergences=sampled.divergences,
        chains=sampled.sampling.chains,
        tune=sampled.sampling.tune,
        draws=sampled.sampling.draws,
    )


@dataclass(frozen=True)
class Sampled:
    """A sampled fold: predictions of the rows that are out, by prefix, and how well
    they mix.
    """

    predictions: dict[str, Prediction]
    sampling: Sampling
    rhat: float
    ess: float
    divergences: int


def _sampled(
    again: Refit,
    numbers: Numbers,
    out: Mapping[str, np.ndarray],
    seed: int,
    cores: int | None,
    sampling: Sampling,
    times: int = LONGER,
) -> Sampled:
    """Sample a fold, and again, twice as long, while its predictions don't mix; `times`
    times more at most.
    """
    parameters, stats = again.sample(numbers, seed, sampling, cores=cores)
    draws = parameters.merge(again.covered(parameters))
    predictions = {}
    for prefix, study in again.studies.items():
        if out[prefix].any():
            rows = np.flatnonzero(out[prefix])
            weight = 1.0 - out[prefix]
            predictions[prefix] = predict(study, part(draws, prefix), rows, weight)
    rhat, ess = _mixing(list(predictions.values()), sampling)
    if times and not (rhat <= RHAT and ess >= ESS):
        longer = replace(sampling, tune=2 * sampling.tune, draws=2 * sampling.draws)
        return _sampled(again, numbers, out, seed + 1, cores, longer, times - 1)
    divergences = int(stats["diverging"].sum())
    return Sampled(predictions, sampling, rhat, ess, divergences)


def _mixing(
    predictions: list[Prediction],
    sampling: Sampling,
) -> tuple[float, float]:
    """Return the worst R-hat and bulk ESS of what surveys would show of everybody,
    before their own errors.
    """
    logits = []
    for prediction in predictions:
        for survey in np.unique(prediction.survey):
            rows = prediction.covered[:, prediction.survey == survey]
            logits.append(rows.mean(axis=1))
    draws = np.stack(logits).reshape(-1, sampling.chains, sampling.draws)
    mixing = measure(draws)
    rhat = mixing["rhat"].max(skipna=False)
    return float(rhat), float(mixing["ess_bulk"].min(skipna=False))


def _surveys(
    study: Study,
    prediction: Prediction,
    out: np.ndarray,
    weight: np.ndarray,
    interval: float,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return the result of every survey that is out beside what was predicted of it."""
    rows = study.evidence.rows
    held = rows.loc[out].reset_index(drop=True)
    replicates = [prediction.counts(rng) for _ in range(REPLICATES)]
    counts = np.concatenate(replicates)
    in_country = rows["source"] != ELSEWHERE
    region = groups(study.world, "region")
    surveys = results(rows.loc[in_country], weight[in_country.to_numpy()])
    countries = by_country(surveys, region)
    discrete = study.card.likelihood in DISCRETE
    scores = []
    for survey, index in held.groupby("survey", sort=True).indices.items():
        row = held.iloc[index[0]]
        n = prediction.n[index].sum()
        y = prediction.y[index].sum()
        about = _about(study, rows.loc[weight > 0], row)
        about |= {"survey": survey, "rows": len(index), "n": n}
        steps = lattice(held.iloc[index]) if discrete else (0.0, 0.0)
        draws = counts[:, index].sum(axis=1)
        about |= _predicted(draws, y, n, interval, rng, steps)
        own_region = str(region[row["country"]])
        about |= baselines(countries, own_region, y / n, n)
        scores.append(about)
    return pd.DataFrame(scores)


def lattice(rows: pd.DataFrame) -> tuple[float, float]:
    """Return how far apart counts of a survey lie, replicated ones and its own.

    One respondent and one divided by the design effect, or, where figures are rounded,
    as far as printed ones. A figure of unknown n lies on no lattice, whatever n stands
    in for it: only counts of nobody, or of everybody, are ties.
    """
    printed = float((2 * rows["rounding"] * rows["n"]).sum())
    if (rows["unknown"] > 0).all():
        step = max(TIE * rows["n"].sum(), printed)
        return step, step
    respondent = float(1 / rows["deff"].fillna(1.0).mean())
    return max(1.0, printed), max(respondent, printed)


def _about(
    study: Study,
    remaining: pd.DataFrame,
    row: pd.Series,
) -> dict[str, object]:
    """Return what a survey is, and what class the country's estimate has in the
    fold. remaining: the rows that the fold keeps.
    """
    code = row["country"]
    place = study.world.places.loc[code]
    rows = remaining.loc[remaining["country"] == code]
    abroad = rows["source"] == ELSEWHERE
    evidence = "imputed"
    if (rows.loc[abroad, "y"] > 0).any():
        evidence = ELSEWHERE
    if (~abroad).any():
        evidence = "surveyed"
    return {
        "outcome": study.card.outcome,
        "country": code,
        "name": place["name"],
        "region": place["region"],
        "year": int(row["year"]),
        "source": row["source"],
        "evidence": evidence,
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
    shares = counts / n
    if steps != (0.0, 0.0):
        shares = np.minimum(shares, 1.0)  # of 0.6 respondents one may be drawn
    low, middle, high = np.quantile(shares, interval_ends(interval))
    observed = y / n
    transform = pit(counts, y, rng, *steps)
    return {
        "observed": observed,
        "median": middle,
        "lower": low,
        "upper": high,
        "interval": interval,
        "covered": bool(inside(np.array(transform), interval)),
        "pit": transform,
        "error": middle - observed,
        "crps": crps(shares, observed),
    }


def _log_scores(
    studies: Mapping[str, Study],
    sampled: Sampled,
    apart: bool,
) -> pd.DataFrame:
    """Return log_score and its Monte Carlo error by outcome and survey, and
    joint_log_score of several outcomes.
    """
    table, densities = _densities(studies, sampled.predictions, apart)
    unit = (table["survey"] if apart else table["country"]).astype(str)
    units = {"log_score": table["outcome"].astype(str) + " " + unit}
    if len(studies) > 1:
        units["joint_log_score"] = unit
    shape = sampled.sampling.chains, sampled.sampling.draws
    for name, label in units.items():
        scores = {}
        for key, members in table["density"].groupby(label):
            total = np.sum([densities[i] for i in members.unique()], axis=0)
            scores[key] = log_score(total.reshape(shape))
        table[[name, f"{name}_mcse"]] = [scores[key] for key in label]
    return table.drop(columns=["country", "density"])


def _densities(
    studies: Mapping[str, Study],
    predictions: Mapping[str, Prediction],
    apart: bool,
) -> tuple[pd.DataFrame, list[np.ndarray]]:
    """Return log densities (draws,), and a table of the surveys that each is of: single
    ones if apart, or those of a series together.
    """
    rows = []
    densities = []
    for prefix, prediction in predictions.items():
        observations = studies[prefix].seen
        outcome = studies[prefix].card.outcome
        if apart:
            single = prediction.log_scores()
            scores = {(survey,): density for survey, density in single.items()}
        else:
            scores = prediction.joint_log_scores()
        for surveys, density in scores.items():
            for survey in surveys:
                name = observations.surveys[survey]
                country = observations.survey_country[survey]
                rows.append((outcome, name, country, len(densities)))
            densities.append(density)
    columns = ["outcome", "survey", "country", "density"]
    return pd.DataFrame(rows, columns=columns), densities
