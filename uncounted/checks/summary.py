"""Summary: scores of surveys that were held out, with the country as the unit."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from uncounted.checks.baselines import BASELINES
from uncounted.checks.scores import LEVELS, band, inside
from uncounted.observations.evidence import ELSEWHERE

GROUPINGS = ("region", "evidence", "source")


def coverage(table: pd.DataFrame) -> pd.DataFrame:
    """Return how often equal-tailed intervals held what was observed, and how often it
    lay below and above.

    Columns: outcome, of (all, region, evidence, source), group, countries, surveys,
    level, inside, low, high, below, above, tail_low, tail_high. Shares are means over
    countries of the means over each one's surveys; low to high is where `inside` lies
    in 95 % of such hold-outs if the model is right, were all surveys of a country one:
    countries are the trials of the binomial. Where countries are held out together, as
    whole regions, they share what wasn't known of them, and the band is too narrow.
    """
    rows = []
    for about, surveys in _parts(table):
        for level in LEVELS:
            rows.append(about | {"level": level} | _coverage(surveys, level))
    return pd.DataFrame(rows)


def errors(table: pd.DataFrame) -> pd.DataFrame:
    """Return how far predictions of each kind were off, means over countries of the
    means over each one's surveys.

    Columns: outcome, of, group, countries, surveys, predictor (model, world_mean,
    region_mean, region_geometric_mean), median_error (predicted − observed),
    mean_absolute_error, median_absolute_error, crps (all proportions), inside_80,
    inside_95 (of the predictor's own intervals), log_score (the model's, mean over
    countries, or over surveys where these were held out one by one).
    """
    rows = []
    for about, surveys in _parts(table):
        error, crps, pit = (surveys[name] for name in ("error", "crps", "pit"))
        score = float(_means(surveys, surveys["log_score"]).mean())
        predictor = {"predictor": "model"} | _errors(surveys, error, crps, pit)
        rows.append(about | predictor | {"log_score": score})
        for name in BASELINES:
            error = surveys[name] - surveys["observed"]
            crps, pit = surveys[f"{name}_crps"], surveys[f"{name}_pit"]
            predictor = {"predictor": name} | _errors(surveys, error, crps, pit)
            rows.append(about | predictor | {"log_score": np.nan})
    return pd.DataFrame(rows)


def _parts(table: pd.DataFrame) -> Iterator[tuple[dict[str, object], pd.DataFrame]]:
    """Yield the table's parts; what families abroad reported is a part by itself, no
    survey's result.
    """
    for outcome, rows in table.groupby("outcome", sort=True):
        abroad = rows["source"] == ELSEWHERE
        surveys = rows.loc[~abroad]
        parts = [("all", "all", surveys)]
        for grouping in GROUPINGS:
            for group, members in surveys.groupby(grouping, sort=True):
                parts.append((grouping, str(group), members))
        parts.append(("source", ELSEWHERE, rows.loc[abroad]))
        for grouping, group, members in parts:
            if len(members):
                about = {
                    "outcome": outcome,
                    "of": grouping,
                    "group": group,
                    "countries": members["country"].nunique(),
                    "surveys": len(members),
                }
                yield about, members


def _coverage(
    surveys: pd.DataFrame,
    level: float,
) -> dict[str, float]:
    """Return shares inside, below and above the intervals of a level, with bands."""
    pit = surveys["pit"].to_numpy()
    countries = surveys["country"].nunique()
    tail = (1 - level) / 2
    low, high = band(countries, level)
    tail_low, tail_high = band(countries, tail)
    return {
        "inside": _mean(surveys, inside(pit, level)),
        "below": _mean(surveys, pit < tail),
        "above": _mean(surveys, pit > 1 - tail),
        "low": low,
        "high": high,
        "tail_low": tail_low,
        "tail_high": tail_high,
    }


def _errors(
    surveys: pd.DataFrame,
    error: pd.Series,
    crps: pd.Series,
    pit: pd.Series,
) -> dict[str, float]:
    """Return the size of a predictor's errors, and how often its intervals held."""
    absolute = _means(surveys, error.abs())
    return {
        "median_error": _means(surveys, error).median(),
        "mean_absolute_error": absolute.mean(),
        "median_absolute_error": absolute.median(),
        "crps": _means(surveys, crps).mean(),
        "inside_80": _mean(surveys, inside(pit.to_numpy(), 0.8)),
        "inside_95": _mean(surveys, inside(pit.to_numpy(), 0.95)),
    }


def _means(
    surveys: pd.DataFrame,
    values: pd.Series,
) -> pd.Series:
    """Return the mean over each country's surveys (countries,)."""
    return values.groupby(surveys["country"]).mean()


def _mean(
    surveys: pd.DataFrame,
    values: np.ndarray,
) -> float:
    """Return the mean over countries of the mean over each one's surveys."""
    numbers = pd.Series(np.asarray(values, float), index=surveys.index)
    return float(_means(surveys, numbers).mean())
