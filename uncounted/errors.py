"""The one exception of the package, and "did you mean"."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any


class UncountedError(Exception):
    """What went wrong, where, and what to do, in a sentence meant for the analyst.

    `word` is the word of a card that the sentence is about, so that whoever read the
    file can add its line. `ledger` is the ledger of evidence of which nothing is left
    (`survey.ledger.Ledger`), else None.
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
    near = get_close_matches(
        str(word).lower(), [name.lower() for name in names], n=1, cutoff=0.6
    )
    if near:
        return (
            " Did you mean"
            f" '{next(name for name in names if name.lower() == near[0])}'?"
        )
    return f" Known: {', '.join(names)}." if 0 < len(names) <= 30 else ""
