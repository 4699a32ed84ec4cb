"""Model part: one of the models behind an estimate, as it may be published."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from uncounted.figures.ledger import Ledger
from uncounted.glance import outline
from uncounted.infer.fit import Fit
from uncounted.model.card import Card
from uncounted.observations.disclosure import released, released_inputs, released_ledger


@dataclass(frozen=True)
class Part:
    """One model behind an estimate: its card, and its evidence, masked."""

    card: Card
    # a row for each survey, of `disclosure.released`
    surveys: pd.DataFrame
    # a row for each row of the likelihood, of `disclosure.released_inputs`
    inputs: pd.DataFrame
    ledger: Ledger
    source: str
    # of world, evidence and card
    digests: Mapping[str, str]

    __repr__ = outline


def part_of(fit: Fit) -> Part:
    """Return a fit as one of the models behind an estimate, its observed counts
    masked.
    """
    evidence = fit.evidence
    return Part(
        card=fit.card,
        surveys=released(evidence),
        inputs=released_inputs(evidence),
        ledger=Ledger(released_ledger(evidence)),
        source=evidence.source,
        digests={
            "card": fit.card.digest,
            "evidence": evidence.digest,
            "world": fit.world.digest,
        },
    )
