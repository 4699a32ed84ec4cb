"""Translation: what checks say in English, in a report's language, with its numbers and
names.
"""

import re
from collections.abc import Callable, Sequence
from functools import partial

from uncounted.wording.numerals import band
from uncounted.wording.words import Words

ENDS = re.compile(r"(?<=[.?!]) (?=[A-Z\d])")  # between sentences, or after "St."
NUMBER = re.compile(
    r"(?P<number>[-+]?\d[\d,]*(?:\.\d+)?)(?: ?(?P<unit>%|sd|log odds))?"
)


def translated(english: str, say: Words) -> str:
    """Return sentences in the language of `say`, each by its term; one that has none
    stays as it is, in English.
    """
    return " ".join(
        _each(
            ENDS.split(english),
            " ",
            lambda told: say.term(told, partial(_part, say=say)),
        )
    )


def _part(english: str, say: Words) -> str:
    """Return what a sentence mentions: a number, or names: "Kenya, female, 6-11 months;
    Asia and the Pacific".
    """
    if NUMBER.fullmatch(english):
        return _name(english, say)
    names = (
        ", ".join(_each(one.split(", "), ", ", partial(_name, say=say)))
        for one in english.split("; ")
    )
    return say("number.joint").join(names)


def _name(english: str, say: Words) -> str:
    """Return a number with its unit, an age, or another name."""
    found = NUMBER.fullmatch(english)
    if not found:
        return band(english, say)
    signs = {",": say("number.group"), ".": say("number.point"), "-": "−"}
    number = "".join(signs.get(sign, sign) for sign in found["number"])
    match found["unit"]:
        case None:
            return number
        case "%":
            return say("number.percent", n=number)
        case unit:
            return f"{number}\u00a0{say.term(unit)}"


def _each(pieces: Sequence[str], joint: str, one: Callable[[str], str]) -> list[str]:
    """Translate pieces one after another, or more at once where the first alone is
    nothing that `one` knows.
    """
    if not pieces:
        return []
    for size in range(1, len(pieces) + 1):
        whole = joint.join(pieces[:size])
        if (told := one(whole)) != whole:
            return [told, *_each(pieces[size:], joint, one)]
    return [pieces[0], *_each(pieces[1:], joint, one)]
