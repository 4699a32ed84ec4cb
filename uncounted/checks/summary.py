"""Summary: surveys held out, scored one by one, summed up with the country as the
unit.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from uncounted.checks.baselines import BASELINES
from uncounted.checks.scores import LEVELS, band, inside
from uncounted.evidence.evidence import ELSEWHERE

BY = {"region": "region", "evidence": "evidence", "source": "source"}


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
    rows = [
        about | {"level": level} | _coverage(part, level)
        for about, part in _parts(table)
        for level in LEVELS
    ]
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
    return pd.DataFrame(
        [row for about, part in _parts(table) for row in _errors(about, part)]
    )


def _parts(table: pd.DataFrame) -> Iterator[tuple[dict[str, object], pd.DataFrame]]:
    """Yield the table's parts; what families abroad reported is a part of its own, no
    survey's result.
    """
    own = table["source"] != ELSEWHERE
    for outcome, of_outcome in table.groupby("outcome", sort=True):
        mine = of_outcome.loc[own.loc[of_outcome.index]]
        parts = [("all", "all", mine)]
        parts += [
            (of, str(group), part)
            for of in BY
            for group, part in mine.groupby(BY[of], sort=True)
        ]
        parts += [("source", ELSEWHERE, of_outcome.loc[~own.loc[of_outcome.index]])]
        for of, group, part in parts:
            if len(part):
                size = {"countries": part["country"].nunique(), "surveys": len(part)}
                yield {"outcome": outcome, "of": of, "group": group, **size}, part


def _coverage(part: pd.DataFrame, level: float) -> dict[str, float]:
    at = part["pit"].to_numpy()
    tail = (1 - level) / 2
    shares = {"inside": inside(at, level), "below": at < tail, "above": at > 1 - tail}
    means = {name: _mean(part, values) for name, values in shares.items()}
    low, high = band(part["country"].nunique(), level)
    tail_low, tail_high = band(part["country"].nunique(), tail)
    return {
        **means,
        "low": low,
        "high": high,
        "tail_low": tail_low,
        "tail_high": tail_high,
    }


def _errors(
    about: dict[str, object], part: pd.DataFrame
) -> Iterator[dict[str, object]]:
    for name in ("model", *BASELINES):
        model = name == "model"
        error = part["error"] if model else part[name] - part["observed"]
        score, at = (
            (part["crps"], part["pit"])
            if model
            else (part[f"{name}_crps"], part[f"{name}_pit"])
        )
        by = part["country"]
        yield about | {
            "predictor": name,
            "median_error": error.groupby(by).mean().median(),
            "mean_absolute_error": error.abs().groupby(by).mean().mean(),
            "median_absolute_error": error.abs().groupby(by).mean().median(),
            "crps": score.groupby(by).mean().mean(),
            "inside_80": _mean(part, inside(at.to_numpy(), 0.8)),
            "inside_95": _mean(part, inside(at.to_numpy(), 0.95)),
            "log_score": (
                part["log_score"].groupby(by).mean().mean() if model else np.nan
            ),
        }


def _mean(part: pd.DataFrame, values: np.ndarray) -> float:
    """Return the mean over countries of the mean over each one's surveys."""
    return float(
        pd.Series(np.asarray(values, float), index=part.index)
        .groupby(part["country"])
        .mean()
        .mean()
    )
