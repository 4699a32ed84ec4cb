"""Sources: whether a kind of source errs to one side of the others."""

import numpy as np
import pandas as pd

from uncounted.checks.finding import Finding, listed
from uncounted.infer.fit import Fit

NAME = "errors by kind of source"
Z = 1.96


def sources(fit: Fit) -> list[Finding]:
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
    surveys = fit.evidence.rows.groupby("survey")[
        ["source", "country", "series"]
    ].first()
    kinds = surveys.groupby("country")["source"].nunique()
    surveys = surveys[surveys["country"].isin(kinds.index[kinds > 1])]
    if surveys.empty:
        return []
    lean = {
        str(kind): _lean(fit, str(kind), mine)
        for kind, mine in surveys.groupby("source")
    }
    beyond = [
        f"{kind}, {mean:+.2f} log odds"
        for kind, (mean, bound) in lean.items()
        if abs(mean) > bound
    ]
    told = (
        f"The surveys of {len(beyond)} of {len(lean)} kinds of source lie to one side"
        " of the others by more than chance"
    )
    told += f" allows{listed(beyond)}."
    if beyond and "bias" not in fit.card.priors:
        told += " Write a prior of bias and a reference_source on the card."
    largest = Z * max(abs(mean) / bound for mean, bound in lean.values())
    return [Finding(NAME, "warn" if beyond else "pass", largest, Z, told)]


def _lean(fit: Fit, kind: str, surveys: pd.DataFrame) -> tuple[float, float]:
    """Return the posterior mean of the mean error of surveys of a kind, and how large
    it may be by chance.
    """
    error = fit.posterior["survey_effect"].sel(survey=list(surveys.index)).mean()
    sigma = fit.posterior["sigma_survey"].sel(source=kind).mean()
    series = surveys["series"].where(
        surveys["series"].fillna("") != "", pd.Series(surveys.index, surveys.index)
    )
    together = surveys.groupby([surveys["country"], series]).size().to_numpy()
    return float(error), Z * float(sigma) * np.sqrt((together**2).sum()) / len(surveys)
