"""Declaration: the card of a survey of respondents, as what `read_respondents` is to be
told of their file.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from inspect import signature
from pathlib import Path
from typing import Any

from uncounted.errors import UncountedError, did_you_mean
from uncounted.interviews.replicates import Replicates
from uncounted.interviews.respondents import Respondents, read_respondents

ABOUT = ("title", "kind", "file", "publisher", "licence", "changes")
NEEDED = ("title", "file", "columns", "outcomes")
Shape = tuple[str, Callable[[Any], bool]]  # what a value should be, and whether it is
Shapes = Mapping[str, Shape]


def read_declared(folder: Path) -> Respondents:
    """Read respondents through their `survey.toml`: beside ABOUT, its words are
    `read_respondents`' arguments.

    Under [replicates], the words are the fields of `Replicates`. Raises UncountedError,
    naming the card, for a word that neither has, a value of the wrong kind, and
    whatever `read_respondents` refuses.
    """
    card = folder / "survey.toml"
    words = tomllib.loads(card.read_text(encoding="utf-8"))
    known = [
        *ABOUT,
        *(word for word in signature(read_respondents).parameters if word != "source"),
    ]
    check_card(words, known, NEEDED, SHAPES, str(card))
    given: dict[str, Any] = {
        word: value for word, value in words.items() if word not in ABOUT
    }
    if "cuts" in given:
        cuts = given["cuts"].items()
        given["cuts"] = {
            trait: {label: (*ends, None)[:2] for label, ends in cut.items()}
            for trait, cut in cuts
        }
    if "replicates" in given:
        named = [field.name for field in fields(Replicates)]
        check_card(
            given["replicates"],
            named,
            ("columns", "method"),
            OF_REPLICATES,
            f"{card}, under [replicates],",
        )
        given["replicates"] = Replicates(**given["replicates"])
    try:
        return read_respondents(
            folder / words["file"], **{"name": words["title"], **given}
        )
    except UncountedError as error:
        raise UncountedError(f"{card}: {error}") from error


def check_card(
    words: dict[str, Any],
    known: Sequence[str],
    needed: Sequence[str],
    shapes: Shapes,
    where: str,
) -> None:
    """Refuse words that are not known, words that lack, and values of a kind that their
    word cannot have.
    """
    for word, value in words.items():
        if word not in known:
            raise UncountedError(
                f"{where} has the word '{word}', which means nothing"
                f" there.{did_you_mean(word, known)}"
            )
        what, fits = shapes.get(word, TEXT)
        if not fits(value):
            raise UncountedError(
                f"{where} says {word} = {value!r}, which should be {what}."
            )
    for word in needed:
        if word not in words:
            raise UncountedError(
                f"{where} lacks `{word}`. No card of respondents can do without it."
            )


def is_text(value: Any) -> bool:
    """Say whether a card's value is a text."""
    return isinstance(value, str)


def is_number(value: Any) -> bool:
    """Say whether a card's value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def list_of(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Return whether a value is a list whose members all fit."""
    return lambda value: isinstance(value, list) and all(map(fits, value))


def table_of(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Return whether a value is a table whose values all fit."""
    return lambda value: isinstance(value, dict) and all(map(fits, value.values()))


def _single(value: Any) -> bool:
    return not isinstance(value, dict | list)


def _ends(value: Any) -> bool:
    return list_of(is_number)(value) and len(value) in (1, 2)


def _columns(value: Any) -> bool:
    return is_text(value) or list_of(is_text)(value)


TEXT: Shape = ("a text", is_text)
YES_OR_NO: Shape = ("true or false", lambda value: isinstance(value, bool))
NUMBER: Shape = ("a number", is_number)
SHAPES: Shapes = {
    "columns": ("a table of column names", table_of(_columns)),
    "outcomes": (
        "a column, a list of columns or a table of them",
        lambda v: _columns(v) or table_of(is_text)(v),
    ),
    "recodes": ("a table of tables, code → value", table_of(table_of(_single))),
    "missing": ("a table of tables, code → reason", table_of(table_of(is_text))),
    "cuts": (
        "a table of tables, label → [from, below] or [from]",
        table_of(table_of(_ends)),
    ),
    "constants": ("a table of values", table_of(_single)),
    "replicates": ("a table", lambda value: isinstance(value, dict)),
    "nested": YES_OR_NO,
    "mask_below": NUMBER,
}
OF_REPLICATES: Shapes = {
    "columns": ("a pattern or a list of columns", _columns),
    "rscales": ("a list of numbers", list_of(is_number)),
    "combined": YES_OR_NO,
} | dict.fromkeys(("fay", "scale", "df"), NUMBER)
