"""The one exception of the package, and "did you mean"."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

MOST_NAMES = 30  # that a sentence lists


class UncountedError(Exception):
    """A sentence for the analyst: what went wrong, where, and what to do.

    `word` is the word of a card that the sentence is about, so that the reader of the
    file can add its line. `ledger` is the ledger of evidence of which nothing is left
    (`figures.ledger.Ledger`), else None.
    """

    def __init__(self, sentence: str, word: str = "", ledger: Any = None):
        super().__init__(sentence)
        self.word = word
        self.ledger = ledger


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ' Did you mean …?' for the nearest known word, else the known words, else
    nothing.
    """
    names = sorted({str(name) for name in known})
    lower = [name.lower() for name in names]
    nearest = get_close_matches(str(word).lower(), lower, n=1, cutoff=0.6)
    if nearest:
        return f" Did you mean '{names[lower.index(nearest[0])]}'?"
    return f" Known: {', '.join(names)}." if 0 < len(names) <= MOST_NAMES else ""
