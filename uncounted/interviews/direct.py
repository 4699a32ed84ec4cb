"""Direct: estimates of prevalence from a survey's own respondents and design."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from uncounted.errors import UncountedError, did_you_mean
from uncounted.figures.figure_table import Figures
from uncounted.figures.interval import METHODS, korn_graubard, logit_interval
from uncounted.interviews import replicates as weights
from uncounted.interviews.design import refuse_single_psus
from uncounted.interviews.families import Families
from uncounted.interviews.jackknife import jackknife
from uncounted.interviews.pooled_weights import Population, on_common_scale
from uncounted.interviews.reliability import reliability
from uncounted.interviews.respondents import Respondents
from uncounted.interviews.variance import Spread, linearised
from uncounted.interviews.weighted_totals import (
    cells,
    outcomes,
    presence,
    replicate_ranks,
    replicate_totals,
    traits,
)


def direct(
    respondents: Respondents | Figures | Families,
    by: str | Sequence[str] = (),
    outcome: str | None = None,
    *,
    interval: float = 0.95,
    method: str = "logit",
    single_psu: str | None = None,
    fpc: bool = True,
    variance: str | None = None,
    missing: str = "subset",
    scale_to: str | None = None,
    population: Population | None = None,
) -> pd.DataFrame:
    """Estimate the prevalence of an outcome, or of all, in every domain, from weights
    and design alone.

    p = Σwy/Σw; its variance by `variance`: 'linearised', 'jackknife', 'replicates'
    (None: replicates where declared, else linearised), always over the whole design.
    One row per domain: `by`, outcome, prevalence, se, lower, upper (at level
    `interval`), interval_method, n, cases, effective_n = p(1−p)/V, df, total = Σwy,
    total_se, and the design effects deff_without_replacement = V/[(1 − n/Σw)
    p(1−p)/(n−1)], deff_with_replacement = V/[p(1−p)/(n−1)], deff_kish = nΣw²/(Σw)²,
    then reliability (see `reliability`). method: 'logit', or 'beta' for Korn–Graubard;
    where p is 0 or 1, or V is 0, 'beta' stands in, with n/deff_kish as effective n.
    single_psu: 'error', 'adjust', 'average', 'certainty' (see `linearised`); None: as
    the respondents declare. fpc: use the finite population correction where one is
    declared. missing: the respondents whose PSUs the degrees of freedom count.
    'subset': those with an answer, as R's survey counts them in `svyciprop(~y,
    subset(design, !is.na(y)))`; 'remove': everybody in the domain, as in `svyciprop(~y,
    design, na.rm = TRUE)`. Estimates and standard errors are the same; where few were
    interviewed about the outcome, 'remove' has more degrees of freedom and a narrower
    interval. scale_to: the scale of countries in an estimate for several of them; see
    `pooled_weights`. 'weights': the sums of their weights; 'population': their persons,
    of `population` (persons by iso3, or a World, whose persons are then of the sexes,
    ages and years interviewed); 'equal': all alike. No file says whether weights add up
    to persons, so None refuses a domain of several countries whose scales are unlike.
    Raises UncountedError for strata with a single PSU unless a policy is named, for
    countries together whose weights are not explained, and for an unknown word.
    """
    if not isinstance(respondents, Respondents):
        raise UncountedError(
            "Direct estimates are made of respondents, not of"
            f" {type(respondents).__name__}. Read interviews with read_respondents;"
            " published figures are estimates already."
        )
    design = respondents.design
    names = traits(respondents, by)
    requested = outcomes(respondents, outcome)
    policy = design.single_psu if single_psu is None else single_psu
    if not variance:
        variance = "replicates" if design.replicates else "linearised"
    _check_word(method, METHODS, "interval method")
    _check_word(variance, VARIANCES, "variance")
    _check_word(missing, MISSING, "way with missing answers")
    if not 0 < interval < 1:
        raise UncountedError(
            f"interval={interval} is no level. Give a number between 0 and 1, such as"
            " 0.95."
        )
    if variance != "replicates":
        refuse_single_psus(design.strata, policy, fpc)
    respondents = on_common_scale(respondents, names, scale_to, population)
    tables = []
    for name in requested:
        domains = cells(respondents, names, name)
        spread = VARIANCES[variance](respondents, names, name, domains, policy, fpc)
        n = domains["n"].to_numpy(float)
        if missing == "remove":
            n, spread = _of_everybody(respondents, names, spread, variance)
        domains = domains.assign(outcome=name)
        tables.append(_table(domains, names, spread, interval, method, n))
    return pd.concat(tables, ignore_index=True)


def _check_word(
    word: str,
    vocabulary: Collection[str],
    kind: str,
) -> None:
    if word not in vocabulary:
        raise UncountedError(
            f"No {kind} is called '{word}'.{did_you_mean(word, vocabulary)}"
        )


def _of_everybody(
    respondents: Respondents,
    by: Sequence[str],
    spread: Spread,
    variance: str,
) -> tuple[np.ndarray, Spread]:
    """Return the domain's respondents, with an answer or without, and the spread with
    their degrees of freedom.
    """
    n, df = presence(respondents, by)
    declared = respondents.design.replicates
    if variance == "replicates" and declared is not None:
        df = spread.df
        if declared.df is None:
            df = replicate_ranks(respondents, by, None) - 1.0
    return n, replace(spread, df=df)


def replicated(
    respondents: Respondents,
    by: Sequence[str],
    outcome: str,
    domains: pd.DataFrame,
    single_psu: str,
    fpc: bool,
) -> Spread:
    """Take the variance over declared replicates; df as declared, else their rank in
    the domain less one.

    A replicate whose weights add up to nothing or less in a domain has no prevalence
    there, so the domain has no variance: NaN. R's survey discards replicates that are
    0/0, which understates it.
    """
    del single_psu, fpc
    declared = respondents.design.replicates
    if declared is None:
        raise UncountedError(
            f"{respondents.name} declares no replicate weights. Declare them, or"
            " linearise."
        )
    weighted, cases = replicate_totals(respondents, by, outcome)
    all_weighted = domains["weighted"].to_numpy()
    all_cases = domains["weighted_cases"].to_numpy()
    # rounding leaves less than this part of the domain's weight where weights cancel
    positive = weighted > 1e-9 * all_weighted[:, None]
    weighted = np.where(positive, weighted, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = all_cases / all_weighted
        p_replicated = cases / weighted
    if declared.df is None:
        df = replicate_ranks(respondents, by, outcome) - 1.0
    else:
        df = np.full(len(p), float(declared.df))
    return Spread(
        mean=weights.variance(declared, p_replicated, p),
        total=weights.variance(declared, cases, all_cases),
        df=df,
    )


VARIANCES: Mapping[str, Callable[..., Spread]] = {
    "linearised": linearised,
    "jackknife": jackknife,
    "replicates": replicated,
}
MISSING = ("subset", "remove")


def _table(
    domains: pd.DataFrame,
    by: Sequence[str],
    spread: Spread,
    level: float,
    method: str,
    drawn: np.ndarray,
) -> pd.DataFrame:
    """Return the table of one outcome; drawn: respondents that the interval of Korn and
    Graubard counts.
    """
    n = domains["n"].to_numpy(float)
    weighted = domains["weighted"].to_numpy()
    v, df = spread.mean, spread.df
    with np.errstate(divide="ignore", invalid="ignore"):
        p = domains["weighted_cases"].to_numpy() / weighted
        kish = n * domains["squares"].to_numpy() / weighted**2
        simple = p * (1 - p) / (n - 1)
        # weights that don't add up to persons don't say what share of them was drawn
        free = np.where(weighted > n, 1 - n / weighted, np.nan)
        effective = np.where(v == 0, n / kish, np.nan)
        effective = np.where(v > 0, p * (1 - p) / v, effective)
        effects = {
            "deff_without_replacement": v / (simple * free),
            "deff_with_replacement": v / simple,
            "deff_kish": kish,
        }
        lower, upper, used = _bounds(p, np.sqrt(v), effective, drawn, df, level, method)
    table = domains[[*by, "outcome"]].assign(
        prevalence=p,
        se=np.sqrt(v),
        lower=lower,
        upper=upper,
        interval=level,
        interval_method=used,
        n=domains["n"],
        cases=domains["cases"],
        effective_n=effective,
        df=df,
        total=domains["weighted_cases"],
        total_se=np.sqrt(spread.total),
        **effects,
    )
    return table.join(reliability(p, effective, n, df))


def _bounds(
    p: np.ndarray,
    se: np.ndarray,
    effective: np.ndarray,
    n: np.ndarray,
    df: np.ndarray,
    level: float,
    method: str,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return lower and upper bounds and the method that made each."""
    logit = (method == "logit") & (se > 0) & (p > 0) & (p < 1)
    lower, upper = korn_graubard(p, effective, n, df, level)
    logit_lower, logit_upper = logit_interval(p, se, df, level)
    return (
        np.where(logit, logit_lower, lower),
        np.where(logit, logit_upper, upper),
        np.where(logit, "logit", "beta"),
    )
