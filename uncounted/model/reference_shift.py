"""Reference shift: how kinds of source and definitions differ from those that the
estimates are of.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from uncounted.errors import UncountedError, did_you_mean
from uncounted.model.belief import Belief
from uncounted.model.card import Card
from uncounted.model.seen import Seen
from uncounted.model.symbols import brings
from uncounted.model.term import Term, check_word
from uncounted.notation.line import Line
from uncounted.wording.words import Words

# of each prior: what divides the rows that it is about
AGAINST = {"bias": "source", "crosswalk": "definition"}


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


def _lines(card: Card, shown: str, say: Words) -> Iterator[Line]:
    """Return the line of bias and crosswalk."""
    terms, sentences, keys = [], [], []
    for key, column in AGAINST.items():
        if key in card.priors:
            reference = getattr(card, f"reference_{column}")
            terms.append(f"{key}[{column}(j)]")
            sentences.append(say(f"equation.{key}", reference=reference))
            keys.append(key)
    formula = f"logit {shown}'[j] = logit {shown}[j] + {' + '.join(terms)}"
    if keys:
        yield Line(formula, " ".join(sentences), brings(card, *keys))


def _check(card: Card) -> None:
    for key, column in AGAINST.items():
        check_word(card, key, f"reference_{column}")


TERM = Term(
    _lines, tuple(AGAINST), check=_check, covers=shifted, on_logits=True, shows="{}'"
)
