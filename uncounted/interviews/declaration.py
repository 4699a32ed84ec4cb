"""Declaration: the card of a survey of respondents, read as arguments of
`read_respondents`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from inspect import signature
from pathlib import Path
from typing import Any

from uncounted.errors import UncountedError, did_you_mean
from uncounted.interviews.replicates import Replicates
from uncounted.interviews.respondents import Respondents, read_respondents
from uncounted.world.card_file import read_toml

ABOUT = ("title", "kind", "file", "publisher", "licence", "changes")
NEEDED = ("title", "file", "columns", "outcomes")
type Shape = tuple[str, Callable[[Any], bool]]  # what a value should be, and its test
type Shapes = Mapping[str, Shape]


def read_declared(folder: Path) -> Respondents:
    """Read respondents through their `survey.toml`: its words are ABOUT and the
    arguments of `read_respondents`.

    Under [replicates], the words are the fields of `Replicates`. Raises UncountedError,
    naming the card, for an unknown word, a value of the wrong kind, and whatever
    `read_respondents` refuses.
    """
    card = folder / "survey.toml"
    words = read_toml(card)
    parameters = list(signature(read_respondents).parameters)
    parameters.remove("source")
    check_card(words, [*ABOUT, *parameters], NEEDED, SHAPES, str(card))
    arguments: dict[str, Any] = {"name": words["title"]}
    arguments |= {word: value for word, value in words.items() if word not in ABOUT}
    if "cuts" in words:
        arguments["cuts"] = {
            trait: {label: (*ends, None)[:2] for label, ends in cut.items()}
            for trait, cut in words["cuts"].items()
        }
    if "replicates" in words:
        arguments["replicates"] = _replicates(words["replicates"], card)
    try:
        return read_respondents(folder / words["file"], **arguments)
    except UncountedError as error:
        raise UncountedError(f"{card}: {error}") from error


def _replicates(words: dict[str, Any], card: Path) -> Replicates:
    check_card(
        words,
        [field.name for field in fields(Replicates)],
        ("columns", "method"),
        OF_REPLICATES,
        f"{card}, under [replicates],",
    )
    return Replicates(**words)


def check_card(
    words: dict[str, Any],
    vocabulary: Sequence[str],
    needed: Sequence[str],
    shapes: Shapes,
    where: str,
) -> None:
    """Raise UncountedError for a word that is not in the vocabulary, a needed word that
    is missing, and a value of the wrong kind.
    """
    for word, value in words.items():
        if word not in vocabulary:
            raise UncountedError(
                f"{where} has the word '{word}', which means nothing there."
                + did_you_mean(word, vocabulary)
            )
        shape, fits = shapes.get(word, TEXT)
        if not fits(value):
            raise UncountedError(
                f"{where} says {word} = {value!r}, which should be {shape}."
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


def is_single(value: Any) -> bool:
    """Say whether a card's value is no table and no list."""
    return not isinstance(value, dict | list)


def is_table(value: Any) -> bool:
    """Say whether a card's value is a table."""
    return isinstance(value, dict)


def _ends(value: Any) -> bool:
    return list_of(is_number)(value) and len(value) in (1, 2)


def _columns(value: Any) -> bool:
    return is_text(value) or list_of(is_text)(value)


def _outcomes(value: Any) -> bool:
    return _columns(value) or table_of(is_text)(value)


def _is_true_or_false(value: Any) -> bool:
    return isinstance(value, bool)


TEXT: Shape = ("a text", is_text)
YES_OR_NO: Shape = ("true or false", _is_true_or_false)
NUMBER: Shape = ("a number", is_number)
SHAPES: Shapes = {
    "columns": ("a table of column names", table_of(_columns)),
    "outcomes": ("a column, a list of columns or a table of them", _outcomes),
    "recodes": ("a table of tables, code → value", table_of(table_of(is_single))),
    "missing": ("a table of tables, code → reason", table_of(table_of(is_text))),
    "cuts": (
        "a table of tables, label → [from, below] or [from]",
        table_of(table_of(_ends)),
    ),
    "constants": ("a table of values", table_of(is_single)),
    "replicates": ("a table", is_table),
    "nested": YES_OR_NO,
    "mask_below": NUMBER,
}
OF_REPLICATES: Shapes = {
    "columns": ("a pattern or a list of columns", _columns),
    "rscales": ("a list of numbers", list_of(is_number)),
    "combined": YES_OR_NO,
} | dict.fromkeys(("fay", "scale", "df"), NUMBER)
