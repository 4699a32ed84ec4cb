"""Term: what a term of the model is; `terms` lists them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from pytensor.tensor.variable import TensorVariable

from uncounted.errors import UncountedError
from uncounted.model.belief import Belief
from uncounted.model.card import Card
from uncounted.model.information import Information, Level, Sizes
from uncounted.model.seen import Seen
from uncounted.notation.line import Line
from uncounted.wording.words import Words
from uncounted.world.world import World

Choice = tuple[str, ...]
# of the logits of rows (rows,), from those before
Change = Callable[[Belief, TensorVariable, Seen], TensorVariable]


@dataclass(frozen=True)
class Term:
    """A term of the model, all that the rest of the house asks of it.

    lines: its lines of the equation, by the card, the symbol that it changes, "q'", and
    the words of a language. optional: the priors by which a card has it, where no word
    of the card does. needs: the priors that a card's words need, each a choice of keys
    of which one must be given. check: raises UncountedError for words and priors that
    don't go together. on_logits: whether it works on log odds alone. levels: those of
    its levels that have a σ, as surveys show them (`components`). about: the
    information about each member of its levels, by that about the levels of terms
    before (`centring`). covers, reports: its change of the logits of rows before their
    surveys' own errors, and after. effects: what it adds to the log odds of a cell, as
    formulas write it. shows: the symbol of what rows show after it, {} being the one
    before.
    """

    lines: Callable[[Card, str, Words], Iterator[Line]]
    optional: tuple[str, ...] = ()
    needs: Callable[[Card], Iterable[Choice]] = lambda _: ()
    check: Callable[[Card], None] = lambda _: None
    on_logits: bool = False
    levels: Callable[[Card, World, Seen], Iterable[Level]] = lambda *_: ()
    about: Callable[[Information, Sizes], Sizes] = lambda *_: {}
    covers: Change = lambda _, logit, __: logit
    reports: Change = lambda _, logit, __: logit
    effects: Callable[[Card], Iterable[str]] = lambda _: ()
    shows: str = "{}"

    def changes(self, card: Card) -> bool:
        """Whether the card names one of the term's optional priors."""
        return any(key in card.priors for key in self.optional)


def check_word(card: Card, key: str, word: str) -> None:
    """Refuse a card that has a prior without the word that the prior needs."""
    if key in card.priors and not getattr(card, word):
        raise UncountedError(
            f"the prior of `{key}` needs the word `{word}` on the card.", key
        )
