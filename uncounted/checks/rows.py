"""Rows: whether the evidence that a model was fitted to lies in the model's
intervals.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pymc as pm
import xarray as xr
from scipy.stats import binom

from uncounted.checks.contrasts import CHANCE, contrast_findings
from uncounted.checks.finding import Finding, listed
from uncounted.checks.fold_score import DISCRETE
from uncounted.checks.predictive import thinned
from uncounted.checks.row_groups import age_labels
from uncounted.checks.scores import inside
from uncounted.checks.survey_agreement import survey_agreement
from uncounted.errors import UncountedError
from uncounted.infer.derived import derived
from uncounted.infer.fit import Fit
from uncounted.infer.recipe import draws_of, recipe_of, studies_of
from uncounted.infer.sample import part
from uncounted.model.build import Study
from uncounted.model.prediction import Prediction, derived_names, predict
from uncounted.observations.evidence import ELSEWHERE
from uncounted.world.world import groups

DRAWS = 200
# the shares of rows in their intervals that a right model has, of rows that it has seen
BANDS = {0.8: (0.78, 0.93), 0.95: (0.93, 0.99)}
# rows a survey, below which its own level takes them nearly all, and all lie in their
# intervals
SEVERAL = 4
FEW = 50  # rows of a group, below which its share tells nothing
SIZES = (
    (100.0, "n below 100"),
    (1000.0, "n of 100 to 999"),
    (np.inf, "n of 1,000 or more"),
)
NAME = "rows in their intervals"
ALL_ROWS = "all rows"


def rows(source: Fit | Mapping[str, Fit]) -> dict[str, list[Finding]]:
    """Compare rows of evidence with what the model makes of them, by the outcome; "" of
    one fit.

    The levels of countries and surveys are the fit's; what rows err by, and sampling,
    are drawn anew [mixed predictive checks, Marshall & Spiegelhalter 2003]. A warning
    for shares of rows in their 80 and 95 % intervals outside 78–93 % and 93–99 %, and
    more than chance allows, of any sex, age, further trait, kind of source, region or
    size (no share is too high where surveys have fewer than four rows, which their own
    levels take); for differences within surveys whose χ² over that of replicates lies
    outside 0.85–1.15; and for more countries whose estimate no survey's own 95 %
    interval holds than the model makes. Nothing is returned of models written by hand
    and of exclusive forms.
    """
    fits = source if isinstance(source, Mapping) else {"": source}
    try:
        model = recipe_of(source).build()
    except UncountedError:
        return {}
    posterior = draws_of(source)
    if not {str(variable.name) for variable in model.free_RVs} <= set(posterior):
        return {}
    studies = studies_of(model)
    seed = next(iter(fits.values())).seed
    draws = _derived_draws(model, studies, posterior, seed)
    findings = {}
    for (outcome, fit), (prefix, study) in zip(
        fits.items(),
        studies.items(),
        strict=True,
    ):
        rng = np.random.default_rng(fit.seed)
        findings[outcome] = list(_findings(study, part(draws, prefix), rng))
    return findings


def _derived_draws(
    model: pm.Model,
    studies: Mapping[str, Study],
    posterior: xr.Dataset,
    seed: int,
) -> xr.Dataset:
    """Return some draws of a model's parameters, and all that rows follow from."""
    parameters = [str(variable.name) for variable in model.free_RVs]
    free = thinned(posterior, DRAWS, seed)[parameters]
    names = []
    for prefix, study in studies.items():
        names += [f"{prefix}reported", *derived_names(study, prefix)]
    return free.merge(derived(model, free, names))


def _findings(
    study: Study,
    draws: xr.Dataset,
    rng: np.random.Generator,
) -> Iterator[Finding]:
    """Yield the findings on one outcome's rows."""
    size = len(study.seen.y)
    prediction = predict(study, draws, np.arange(size), np.ones(size))
    reported = draws["reported"].stack(sample=("chain", "draw"))
    covered = reported.transpose("sample", ...).to_numpy()
    certain = np.ones(covered.shape)
    # the same rows with their surveys' own errors, as the draws have them
    exact = replace(prediction, covered=covered, se=certain, sp=certain)
    counts = exact.counts(rng, np.zeros(covered.shape))
    table = study.evidence.rows.reset_index(drop=True)
    kept = ((table["source"] != ELSEWHERE) & ~study.seen.unknown).to_numpy()
    if not kept.any():
        return
    if study.card.likelihood in DISCRETE:
        pit = _pit(exact, counts, table, rng)
    else:
        pit = (counts < exact.y).mean(axis=0)
    yield _coverage(study, table[kept].reset_index(drop=True), pit[kept])
    if exact.link == "logit":
        yield from contrast_findings(study, exact, counts, table, kept)
        yield survey_agreement(study, prediction, table, kept, rng)


def _pit(
    exact: Prediction,
    counts: np.ndarray,
    table: pd.DataFrame,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return the randomised probability integral transform of every row, as
    `scores.pit`.
    """
    printed = 2 * table["rounding"].to_numpy() * exact.n
    step = np.maximum(1.0, printed)
    own_step = np.maximum(1 / table["deff"].fillna(1.0).to_numpy(), printed)
    replicated = counts + step * (rng.random(counts.shape) - 0.5)
    observed = exact.y + own_step * (rng.random(exact.y.shape) - 0.5)
    return (replicated < observed).mean(axis=0)


def _groups(
    study: Study,
    table: pd.DataFrame,
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield groups of rows: their name, and which rows they are (rows,)."""
    yield ALL_ROWS, np.ones(len(table), bool)
    labels = {
        "sex": table["sex"].to_numpy(object),
        "age": age_labels(table),
        "source": table["source"].to_numpy(object),
    }
    for trait in study.card.traits:
        if trait in table:
            labels[trait] = table[trait].to_numpy(object)
    region = groups(study.world, "region").reindex(table["country"]).to_numpy()
    for values in (*labels.values(), region):
        for value in sorted(set(map(str, values)) - {"", "both", "all"}):
            yield value, values == value
    low = 0.0
    for high, name in SIZES:
        yield name, ((table["n"] >= low) & (table["n"] < high)).to_numpy()
        low = high


def _coverage(
    study: Study,
    table: pd.DataFrame,
    pit: np.ndarray,
) -> Finding:
    """Hold the share of rows in their intervals to its band, group by group."""
    outside = []
    count = 0
    overall = dict.fromkeys(BANDS, np.nan)
    for name, member in _groups(study, table):
        n = int(member.sum())
        if n < FEW and name != ALL_ROWS:
            continue
        saturated = n < SEVERAL * table.loc[member, "survey"].nunique()
        for level, (low, high) in BANDS.items():
            share = float(inside(pit[member], level).mean())
            least = binom.ppf((1 - CHANCE) / 2, n, low) / n
            most = 1.0 if saturated else binom.ppf((1 + CHANCE) / 2, n, high) / n
            count += 1
            if name == ALL_ROWS:
                overall[level] = share
            if not least <= share <= most:
                outside.append(f"{name}, {share:.0%} at {level:.0%}")
    return of_shares(len(table), overall, outside, count)


def of_shares(
    n: int,
    overall: Mapping[float, float],
    outside: Sequence[str],
    shares: int,
) -> Finding:
    """Say how many rows lie in their intervals, and which of the shares of groups lie
    outside their bands.
    """
    sentence = (
        f"Of {n:,} rows {overall[0.8]:.1%} lie in their 80% and {overall[0.95]:.1%} in"
        f" their 95% intervals; {len(outside)} of {shares} shares by sex, age, kind,"
        f" region and size lie outside their bands{listed(outside)}."
    )
    if not outside:
        return Finding(NAME, "pass", overall[0.95], 0.95, sentence)
    sentence += " The model gives these rows other spreads than they have."
    return Finding(NAME, "warn", overall[0.95], 0.95, sentence)
