"""Part shown: what part of prevalence can show in rows reported from elsewhere or asked
about another window.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from uncounted.errors import UncountedError
from uncounted.model.belief import Belief
from uncounted.model.card import Card
from uncounted.model.seen import Seen
from uncounted.model.symbols import brings
from uncounted.model.term import Term, check_word
from uncounted.notation.formula import number
from uncounted.notation.line import Line
from uncounted.observations.elsewhere import ELSEWHERE
from uncounted.wording.words import Words

TINY = 1e-12


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


def _lines(card: Card, shown: str, say: Words) -> Iterator[Line]:
    """Return the line of the part of the affected that a row can show."""
    window = number(card.window_years or 0)
    factors = {
        "kappa": "kappa[host(j)]",
        "duration": f"{{T[j] + duration}}/{{{window} + duration}}",
    }
    keys = [key for key in factors if key in card.priors]
    product = " ".join(factors[key] for key in keys)
    sentences = [say(f"equation.{key}", window=window) for key in keys]
    formula = f"{shown}'[j] = {product} {shown}[j]"
    if keys:
        yield Line(formula, " ".join(sentences), brings(card, *keys))


TERM = Term(
    _lines,
    ("kappa", "duration"),
    check=lambda card: check_word(card, "duration", "window_years"),
    on_logits=True,
    covers=scaled,
    shows="{}'",
)
