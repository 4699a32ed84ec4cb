"""Reporting: what respondents report of what a survey covers, with other windows,
places and definitions, and mistakes.
"""

from typing import Any

import numpy as np
import pandas as pd
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from uncounted.errors import UncountedError, did_you_mean
from uncounted.model.belief import Belief
from uncounted.model.seen import Seen
from uncounted.observations.elsewhere import ELSEWHERE

TINY = 1e-12


def shifted(belief: Belief, logit_q: TensorVariable, seen: Seen) -> TensorVariable:
    """Return logit q plus the `bias` of its kind of source and the `crosswalk` of its
    definition (rows,).

    One kind and one definition, the card's reference_source and reference_definition,
    have none: the estimates are of them. Each other one has a parameter of its own, log
    odds of what it shows against the reference.
    """
    if "bias" in belief.card.priors:
        source = seen.source[seen.survey]
        logit_q = logit_q + bias(belief, seen)[source]
    if "crosswalk" in belief.card.priors:
        labels = seen.evidence.rows["definition"].to_numpy(str)
        shift = _against(belief, "crosswalk", labels, "reference_definition")
        logit_q = logit_q + shift
    return logit_q


def bias(belief: Belief, seen: Seen) -> TensorVariable:
    """Return the `bias` of each kind of source (sources,), 0 for the card's
    reference_source.
    """
    return _against(belief, "bias", seen.sources.to_numpy(str), "reference_source")


def scaled(belief: Belief, logit_q: TensorVariable, seen: Seen) -> TensorVariable:
    """Return logit f·q (rows,): what part f of prevalence can show in a row.

    Rows reported from elsewhere see only victims whose family lives where interviews
    were held: f = κ[host]. Rows that asked about a window of T′ years where the card's
    is T share its stock S = q_T μ/(T + μ): f = (T′ + μ)/(T + μ), μ the mean duration of
    a spell. logit f·q = log f + η − log(1 + e^η (1 − f)).
    """
    for part in (_kappa(belief, seen), _window(belief, seen)):
        if part is not None:
            denominator = pt.maximum(1 + pt.exp(logit_q) * (1 - part), TINY)
            logit_q = pt.log(part) + logit_q - pt.log(denominator)
    return logit_q


def misreported(belief: Belief, logit_q: TensorVariable, seen: Seen) -> TensorVariable:
    """Return logit r, r = Se·q + (1 − Sp)·(1 − q) (rows,), by kind of source [Rogan &
    Gladen 1978].

    Validation counts on the card, [validation.KIND] sensitivity = [found, with],
    specificity = [cleared, without], are observed jointly: Binomial(with, Se),
    Binomial(without, Sp). Without either prior, nobody is mistaken.
    """
    card = belief.card
    if "sensitivity" not in card.priors and "specificity" not in card.priors:
        return logit_q
    kind = seen.source[seen.survey]
    shares: dict[str, TensorVariable] = {}
    for key in ("sensitivity", "specificity"):
        if key in card.priors:
            shares[key] = belief.variable(key, "source")
        else:
            shares[key] = pt.as_tensor(np.ones(len(seen.sources)))
    _validate(belief, seen, shares)
    se, sp = shares["sensitivity"][kind], shares["specificity"][kind]
    yes, no = mistaken(pt.sigmoid(logit_q), pt.sigmoid(-logit_q), se, sp)
    return pt.log(yes) - pt.log(no)  # pyright: ignore[reportOperatorIssue] PyTensor types it None


def mistaken(
    q: Any,
    not_q: Any,
    se: Any,
    sp: Any,
) -> tuple[Any, Any]:
    """Return the shares who say yes and who say no, r and 1 − r, of q and 1 − q; arrays
    or tensors.
    """
    yes = se * q + (1 - sp) * not_q
    no = (1 - se) * q + sp * not_q
    return yes, no


def _against(
    belief: Belief,
    key: str,
    labels: np.ndarray,
    word: str,
) -> TensorVariable:
    """Return a parameter of each label, 0 for the reference that a word of the card
    names (labels,).

    Evidence of the reference alone has no parameter. Raises UncountedError for evidence
    that has nothing of it.
    """
    reference = getattr(belief.card, word)
    compared = sorted(set(labels) - {reference})
    if set(labels) == {reference}:
        return pt.zeros(len(labels))
    if reference not in labels:
        present = ", ".join(sorted(set(labels)))
        raise UncountedError(
            f"The prior of {key} tells rows of other kinds from {word} = '{reference}';"
            f" the evidence has {present}.{did_you_mean(reference, set(labels))}",
            word,
        )
    dim = word.replace("reference", "other")
    belief.label(dim, compared)
    value = pt.concatenate([pt.zeros(1), belief.variable(key, dim)])
    order = pd.Index([reference, *compared])
    position = order.get_indexer(pd.Index(labels))
    return pt.as_tensor(value)[position]


def _kappa(belief: Belief, seen: Seen) -> TensorVariable | None:
    elsewhere = (seen.evidence.rows["source"] == ELSEWHERE).to_numpy()
    if not elsewhere.any():
        return None
    if "kappa" not in belief.card.priors:
        raise UncountedError(
            f"The evidence '{seen.evidence.source}' has rows reported from elsewhere,"
            " which see only victims whose family lives where interviews were held."
            " Say under [priors] what part of them that is: kappa = { beta = [a,"
            " b] }.",
            "priors",
        )
    country = seen.evidence.rows["country"]
    hosts = sorted(set(country[elsewhere]))
    belief.label("host", hosts)
    kappa = belief.variable("kappa", "host")
    host = pd.Index(hosts).get_indexer(pd.Index(country))
    return pt.switch(elsewhere, kappa[np.maximum(host, 0)], 1.0)  # pyright: ignore[reportReturnType] PyTensor types it None


def _window(belief: Belief, seen: Seen) -> TensorVariable | None:
    years = belief.card.window_years
    rows = seen.evidence.rows
    if "duration" not in belief.card.priors:
        _check_windows(years, rows)
        return None
    window = rows["window"].fillna(years).to_numpy(float)
    mu = belief.variable("duration")
    of_row = pt.as_tensor(pm.Data("window", window, dims="row"))
    return (of_row + mu) / (years + mu)


def _check_windows(years: float | None, rows: pd.DataFrame) -> None:
    if "window" not in rows or rows["window"].isna().all():
        return
    different = rows["window"].notna() & (rows["window"] != years)
    if different.any():
        windows = sorted(rows["window"][different].unique())
        listed = ", ".join(f"{window:g}" for window in windows)
        of_card = "not said" if years is None else f"{years:g}"
        raise UncountedError(
            f"{int(different.sum())} row(s) of evidence asked about a window of"
            f" {listed} years and the card's is {of_card}."
            " Ever in T years is another quantity for every T: write window_years on"
            " the card, and a prior of `duration`, the mean length of a spell in"
            " years.",
            "window_years",
        )


def _validate(belief: Belief, seen: Seen, shares: dict[str, TensorVariable]) -> None:
    for kind, counts in belief.card.validation.items():
        if kind not in seen.sources:
            raise UncountedError(
                f"[validation] names the kind of source '{kind}', which the evidence"
                f" has not.{did_you_mean(kind, seen.sources)}",
                "validation",
            )
        for key, (correct, total) in counts.items():
            name = f"{key}_validated_{kind}".replace(" ", "_")
            p = shares[key][seen.sources.get_loc(kind)]
            pm.Binomial(name, n=total, p=p, observed=correct)
