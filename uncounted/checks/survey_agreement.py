"""Survey agreement: countries whose estimate lies outside their surveys' intervals."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.special import expit
from scipy.stats import beta

from uncounted.checks.contrasts import CHANCE
from uncounted.checks.finding import Finding, listed
from uncounted.checks.membership import member_matrix, sum_by_group
from uncounted.model.build import Study
from uncounted.model.prediction import Prediction

BESIDE = "estimates beside their surveys"
ENDS = (0.025, 0.975)


def survey_agreement(
    study: Study,
    prediction: Prediction,
    table: pd.DataFrame,
    kept: np.ndarray,
    rng: np.random.Generator,
) -> Finding:
    """Count countries whose estimate no survey's own 95 % interval holds, and in how
    many the model makes it so.

    The estimate is of the persons that the survey covers, in its year and as its kind
    of source shows it, without its own error; replicated surveys have errors drawn
    anew, and as many lie beside the draw's own number.
    """
    survey, labels = pd.factorize(table["survey"].to_numpy(str)[kept])
    member = member_matrix(survey, np.flatnonzero(kept), len(table))
    n = member @ prediction.n
    cases = expit(prediction.covered) * prediction.n
    levels = sum_by_group(member, cases) / n
    of_survey = table["country"].groupby(table["survey"]).first()
    country, codes = pd.factorize(of_survey[labels].to_numpy(str))
    of_country = member_matrix(country, np.arange(len(labels)), len(labels))
    estimate = np.median(levels, axis=0)[None]
    y = (member @ prediction.y)[None]
    outside = ~_held(estimate, y, n, of_country)[0]
    replicates = sum_by_group(member, prediction.counts(rng))
    replicated = ~_held(levels, replicates, n, of_country)
    most = int(np.quantile(replicated.sum(axis=1), CHANCE))
    names = study.world.places["name"]
    examples = [str(names[code]) for code in codes[outside]]
    return of_estimates(examples, len(codes), most)


def _held(
    level: np.ndarray,
    y: np.ndarray,
    n: np.ndarray,
    of_country: sparse.csr_array,
) -> np.ndarray:
    """Say whether some survey's interval by sampling alone holds its country's level
    (draws, countries).
    """
    noncases = np.maximum(n - y, 0.0) + 0.5
    low = beta.ppf(ENDS[0], y + 0.5, noncases)
    high = beta.ppf(ENDS[1], y + 0.5, noncases)
    inside = (low <= level) & (level <= high)
    return sum_by_group(of_country, inside.astype(float)) > 0


def of_estimates(
    outside: Sequence[str],
    countries: int,
    most: int,
) -> Finding:
    """Say of how many countries no survey's own interval holds the estimate, and of how
    many it may be by the model.
    """
    number = len(outside)
    sentence = (
        f"For {number:,} of {countries:,} countries the estimate lies outside the 95%"
        f" intervals that their surveys have by sampling alone, for {most:,} at most by"
        f" the model{listed(outside)}."
    )
    if number <= most:
        return Finding(BESIDE, "pass", float(number), float(most), sentence)
    sentence += " Look at these surveys, and at the prior of sigma_survey."
    return Finding(BESIDE, "warn", float(number), float(most), sentence)
