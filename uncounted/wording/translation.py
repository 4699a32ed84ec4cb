"""Translation: the English sentences of checks in a report's language."""

import re
from collections.abc import Callable, Sequence

from uncounted.wording.numerals import band, with_signs
from uncounted.wording.words import Words

ENDS = re.compile(r"(?<=[.?!]) (?=[A-Z\d])")  # between sentences, or after "St."
NUMBER = re.compile(
    r"(?P<number>[-+]?\d[\d,]*(?:\.\d+)?)(?: ?(?P<unit>%|sd|log odds))?"
)


def translated(english: str, say: Words) -> str:
    """Return sentences in the language of `say`, each by its term; a sentence without
    a term stays in English.
    """

    def sentence(text: str) -> str:
        return say.term(text, mention)

    def mention(text: str) -> str:
        return _mention(text, say)

    return " ".join(_pieces(ENDS.split(english), " ", sentence))


def _mention(english: str, say: Words) -> str:
    """Return what a sentence mentions: a number, or names: "Kenya, female, 6-11 months;
    Asia and the Pacific".
    """
    if NUMBER.fullmatch(english):
        return _name(english, say)

    def name(text: str) -> str:
        return _name(text, say)

    groups = [
        ", ".join(_pieces(group.split(", "), ", ", name))
        for group in english.split("; ")
    ]
    return say("number.joint").join(groups)


def _name(english: str, say: Words) -> str:
    """Return a number with its unit, an age, or another name."""
    match = NUMBER.fullmatch(english)
    if not match:
        return band(english, say)
    number = with_signs(match["number"], say)
    unit = match["unit"]
    if unit is None:
        return number
    if unit == "%":
        return say("number.percent", n=number)
    return f"{number}\u00a0{say.term(unit)}"


def _pieces(
    pieces: Sequence[str], joint: str, translate: Callable[[str], str]
) -> list[str]:
    """Translate pieces one after another, or several at once where `translate` does not
    know the first alone.
    """
    if not pieces:
        return []
    for size in range(1, len(pieces) + 1):
        english = joint.join(pieces[:size])
        translation = translate(english)
        if translation != english:
            return [translation, *_pieces(pieces[size:], joint, translate)]
    return [pieces[0], *_pieces(pieces[1:], joint, translate)]
