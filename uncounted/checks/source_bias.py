"""Sources: whether a kind of source errs to one side of the others."""

import numpy as np
import pandas as pd

from uncounted.checks.finding import Finding, listed
from uncounted.infer.fit import Fit

NAME = "errors by kind of source"
Z = 1.96


def bias(fit: Fit) -> list[Finding]:
    """Compare the mean error of each kind of source's surveys with what errors about
    zero would give.

    Errors ν of k surveys that lean to neither side have a mean of N(0, σ/√k); where m
    of them are one series they may share their error, and the sd is σ√Σm²/k at most. A
    warning names the kinds whose mean ν, its posterior mean, lies beyond 1.96 of these,
    if countries have surveys of several kinds: elsewhere nothing tells a kind's error
    from its countries' levels. Nothing is returned for cards without surveys' own
    errors, and where kinds don't overlap.
    """
    if fit.card.forms or "survey_effect" not in fit.posterior:
        return []
    columns = ["source", "country", "series"]
    surveys = fit.evidence.rows.groupby("survey")[columns].first()
    kinds = surveys.groupby("country")["source"].nunique()
    surveys = surveys[surveys["country"].isin(kinds.index[kinds > 1])]
    if surveys.empty:
        return []
    by_kind = surveys.groupby("source")
    ratios = []
    beyond = []
    for kind, members in by_kind:
        mean, bound = _mean_error(fit, str(kind), members)
        ratios.append(abs(mean) / bound)
        if abs(mean) > bound:
            beyond.append(f"{kind}, {mean:+.2f} log odds")
    sentence = (
        f"The surveys of {len(beyond)} of {len(by_kind)} kinds of source lie to one"
        f" side of the others by more than chance allows{listed(beyond)}."
    )
    if beyond and "bias" not in fit.card.priors:
        sentence += " Write a prior of bias and a reference_source on the card."
    verdict = "warn" if beyond else "pass"
    return [Finding(NAME, verdict, Z * max(ratios), Z, sentence)]


def _mean_error(
    fit: Fit,
    kind: str,
    surveys: pd.DataFrame,
) -> tuple[float, float]:
    """Return the posterior mean of the mean error of surveys of a kind, and how large
    it may be by chance.
    """
    error = fit.posterior["survey_effect"].sel(survey=list(surveys.index)).mean()
    sigma = fit.posterior["sigma_survey"].sel(source=kind).mean()
    names = pd.Series(surveys.index, surveys.index)
    in_series = surveys["series"].fillna("") != ""
    series = surveys["series"].where(in_series, names)
    sizes = surveys.groupby([surveys["country"], series]).size().to_numpy()
    bound = Z * float(sigma) * np.sqrt((sizes**2).sum()) / len(surveys)
    return float(error), bound
