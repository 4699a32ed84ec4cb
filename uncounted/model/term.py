"""Term: what a term of the model is; `terms` lists them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from uncounted.model.card import Card
from uncounted.notation.line import Line
from uncounted.wording.words import Words


@dataclass(frozen=True)
class Term:
    """A term of the model, all that the rest of the house asks of it.

    optional: the priors that make a card's model have it; empty where words do. lines:
    its lines of the equation, by the card, the symbol that it changes, "q'", and the
    words of a language. effects: what it adds to the log odds of a cell, as formulas
    write it. shows: the symbol of what rows show after it, {} being the one before.
    """

    lines: Callable[[Card, str, Words], Iterator[Line]]
    optional: tuple[str, ...] = ()
    effects: Callable[[Card], Iterable[str]] = lambda _: ()
    shows: str = "{}"

    def changes(self, card: Card) -> bool:
        """Whether the card names one of the term's optional priors."""
        return any(key in card.priors for key in self.optional)
