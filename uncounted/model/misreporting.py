"""Misreporting: respondents who are affected and say no, or are not and say yes."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from uncounted.errors import UncountedError, did_you_mean
from uncounted.model.belief import Belief
from uncounted.model.card import Card
from uncounted.model.seen import Seen
from uncounted.model.symbols import brings
from uncounted.model.term import Term
from uncounted.notation.line import Line
from uncounted.wording.numerals import whole
from uncounted.wording.words import Words

SHARES = ("sensitivity", "specificity")


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
    for key in SHARES:
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


def _lines(card: Card, shown: str, say: Words) -> Iterator[Line]:
    """Return the lines of sensitivity and specificity, and of their validation."""
    keys = [key for key in SHARES if key in card.priors]
    if not keys:
        return
    formula = f"{shown}[j]"
    if "sensitivity" in keys:
        formula = f"sensitivity[kind(j)] {formula}"
    if "specificity" in keys:
        formula += f" + (1 − specificity[kind(j)]) (1 − {shown}[j])"
    sentence = " ".join(say(f"equation.{key}") for key in keys)
    yield Line(f"r[j] = {formula}", sentence, brings(card, *keys))
    for key in keys:
        pairs = _validations(card, key, say)
        if pairs:
            formula = f"k[kind] ~ Binomial(m[kind], {key}[kind])"
            yield Line(formula, say(f"equation.validated_{key}", pairs=pairs))


def _validations(card: Card, key: str, say: Words) -> str:
    """Return the counts of each kind of source that was validated, in words."""
    pairs = []
    for kind, table in card.validation.items():
        if key in table:
            k, n = table[key]
            pair = say(
                "equation.pair",
                kind=kind,
                k=whole(k, say),
                n=whole(n, say),
            )
            pairs.append(pair)
    return "; ".join(pairs)


def _check(card: Card) -> None:
    validated = {key for table in card.validation.values() for key in table}
    for key in sorted(validated - set(card.priors)):
        raise UncountedError(
            f"[validation] has counts of {key}, which has no prior. Name it under"
            " [priors].",
            key,
        )


TERM = Term(
    _lines, SHARES, check=_check, reports=misreported, on_logits=True, shows="r"
)
