"""Card file: a TOML file read as words, and words held against what a card may say."""

import tomllib
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from uncounted.errors import UncountedError, did_you_mean

# what a value should be, and its test
type Shape = tuple[str, Callable[[Any], bool]]
type Shapes = dict[str, Shape]


def read_toml(path: str | Path) -> dict[str, Any]:
    """Return the words of a TOML file; a byte-order mark before them is skipped.

    Raises UncountedError, naming the file, for one that is missing, not UTF-8 or no
    TOML.
    """
    return parse_toml(toml_text(path), path)


def toml_text(path: str | Path) -> str:
    """Return the text of a TOML file; raises UncountedError as `read_toml` does."""
    file = Path(path)
    if not file.is_file():
        raise UncountedError(
            f"There is no card at {path}. Give the path of a .toml file, or the name of"
            " a card that ships."
        )
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise UncountedError(
            f"{path} is no TOML: line {line} has a character that isn't in UTF-8. Save"
            " the file as UTF-8."
        ) from error


def parse_toml(text: str, where: str | Path) -> dict[str, Any]:
    """Return the words of a TOML text; raises UncountedError, naming where and line."""
    try:
        # with an end to the last line, an error in it has a number
        return tomllib.loads(text + "\n")
    except tomllib.TOMLDecodeError as error:
        raise UncountedError(f"{where} is no TOML: {error}. Mend that line.") from error
    except RecursionError as error:
        raise UncountedError(
            f"{where} is no card: its brackets are nested too deeply. Mend the lists."
        ) from error


def check_words(
    words: Mapping[str, Any],
    shapes: Shapes,
    needed: Collection[str],
    where: str,
) -> None:
    """Raise UncountedError with all words that have no shape, all values of another
    shape and all needed words that are missing.
    """
    faults = []
    for word, value in words.items():
        if word not in shapes:
            hint = did_you_mean(word, shapes)
            sentence = f"has the word '{word}', which means nothing there.{hint}"
            faults.append((word, sentence))
            continue
        shape, fits = shapes[word]
        if not fits(value):
            faults.append((word, f"says {word} = {value!r}, which should be {shape}."))
    for word in needed:
        if word not in words:
            faults.append(("", f"lacks `{word}`. Every such card needs it."))
    if faults:
        sentences = [f"{where} {sentence}" for _, sentence in faults]
        raise UncountedError(" ".join(sentences), faults[0][0])


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


def _is_true_or_false(value: Any) -> bool:
    return isinstance(value, bool)


TEXT: Shape = ("a text", is_text)
TEXTS: Shape = ("a list of texts", list_of(is_text))
NUMBER: Shape = ("a number", is_number)
YES_OR_NO: Shape = ("true or false", _is_true_or_false)
