"""Sources: whether a kind of source errs to one side of the others."""

import numpy as np

from uncounted.checks.finding import Finding
from uncounted.infer.fit import Fit

NAME = "errors by kind of source"
Z = 1.96


def sources(fit: Fit) -> list[Finding]:
    """Compare the mean error of each kind of source's surveys with what errors about zero would give.

    Errors ν of k surveys that lean to neither side have a mean of N(0, σ/√k). A warning names the kinds whose mean ν,
    its posterior mean, lies beyond 1.96 σ/√k, if countries have surveys of several kinds: elsewhere nothing tells a
    kind's error from its countries' levels. Nothing is returned for cards without surveys' own errors, and where kinds
    don't overlap.
    """
    if fit.card.forms or "survey_effect" not in fit.posterior:
        return []
    surveys = fit.evidence.rows.groupby("survey")[["source", "country"]].first()
    kinds = surveys.groupby("country")["source"].nunique()
    surveys = surveys[surveys["country"].isin(kinds.index[kinds > 1])]
    if surveys.empty:
        return []
    lean = {str(kind): _lean(fit, str(kind), list(mine.index)) for kind, mine in surveys.groupby("source")}
    beyond = [f"{kind} by {mean:+.2f} log odds" for kind, (mean, bound) in lean.items() if abs(mean) > bound]
    told = f"The surveys of {len(beyond)} of {len(lean)} kinds of source err to one side by more than chance allows"
    told += f": {'; '.join(beyond)}." if beyond else "."
    if beyond and "bias" not in fit.card.priors:
        told += " Give the card a prior of `bias`, and the reference_source that has none."
    largest = Z * max(abs(mean) / bound for mean, bound in lean.values())
    return [Finding(NAME, "warn" if beyond else "pass", largest, Z, told)]


def _lean(fit: Fit, kind: str, surveys: list[str]) -> tuple[float, float]:
    """Return the posterior mean of the mean error of surveys of a kind, and how large it may be by chance."""
    error = fit.posterior["survey_effect"].sel(survey=surveys).mean()
    sigma = fit.posterior["sigma_survey"].sel(source=kind).mean()
    return float(error), Z * float(sigma) / np.sqrt(len(surveys))
