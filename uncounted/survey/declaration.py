"""Declaration: the card of a survey of respondents, as what `read_respondents` is to be told of their file."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from inspect import signature
from pathlib import Path
from typing import Any

from uncounted.errors import UncountedError, did_you_mean
from uncounted.survey.replicates import Replicates
from uncounted.survey.respondents import Respondents, read_respondents

ABOUT = ("title", "kind", "file", "publisher", "licence", "changes")
NEEDED = ("title", "file", "columns", "outcomes")
Shape = tuple[str, Callable[[Any], bool]]  # what a value should be, and whether it is
Shapes = Mapping[str, Shape]


def read_declared(folder: Path) -> Respondents:
    """Read respondents through their `survey.toml`: beside ABOUT, its words are `read_respondents`' arguments.

    Under [replicates], the words are the fields of `Replicates`. Raises UncountedError, naming the card, for a
    word that neither has, a value of the wrong kind, and whatever `read_respondents` refuses.
    """
    card = folder / "survey.toml"
    words = tomllib.loads(card.read_text(encoding="utf-8"))
    known = [*ABOUT, *(word for word in signature(read_respondents).parameters if word != "source")]
    _check(words, known, NEEDED, SHAPES, str(card))
    given: dict[str, Any] = {word: value for word, value in words.items() if word not in ABOUT}
    if "cuts" in given:
        cuts = given["cuts"].items()
        given["cuts"] = {trait: {label: (*ends, None)[:2] for label, ends in cut.items()} for trait, cut in cuts}
    if "replicates" in given:
        named = [field.name for field in fields(Replicates)]
        _check(given["replicates"], named, ("columns", "method"), OF_REPLICATES, f"{card}, under [replicates],")
        given["replicates"] = Replicates(**given["replicates"])
    try:
        return read_respondents(folder / words["file"], **{"name": words["title"], **given})
    except UncountedError as error:
        raise UncountedError(f"{card}: {error}") from error


def _check(words: dict[str, Any], known: Sequence[str], needed: Sequence[str], shapes: Shapes, where: str) -> None:
    """Refuse words that are not known, words that lack, and values of a kind that their word cannot have."""
    for word, value in words.items():
        if word not in known:
            raise UncountedError(
                f"{where} has the word '{word}', which means nothing there.{did_you_mean(word, known)}"
            )
        what, fits = shapes.get(word, TEXT)
        if not fits(value):
            raise UncountedError(f"{where} says {word} = {value!r}, which should be {what}.")
    for word in needed:
        if word not in words:
            raise UncountedError(f"{where} lacks `{word}`. No card of respondents can do without it.")


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _list(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(map(fits, value))


def _table(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, dict) and all(map(fits, value.values()))


def _single(value: Any) -> bool:
    return not isinstance(value, dict | list)


def _ends(value: Any) -> bool:
    return _list(_number)(value) and len(value) in (1, 2)


def _columns(value: Any) -> bool:
    return _text(value) or _list(_text)(value)


TEXT: Shape = ("a text", _text)
YES_OR_NO: Shape = ("true or false", lambda value: isinstance(value, bool))
NUMBER: Shape = ("a number", _number)
SHAPES: Shapes = {
    "columns": ("a table of column names", _table(_text)),
    "outcomes": ("a column, a list of columns or a table of them", lambda v: _columns(v) or _table(_text)(v)),
    "recodes": ("a table of tables, code → value", _table(_table(_single))),
    "missing": ("a table of tables, code → reason", _table(_table(_text))),
    "cuts": ("a table of tables, label → [from, below] or [from]", _table(_table(_ends))),
    "constants": ("a table of values", _table(_single)),
    "replicates": ("a table", lambda value: isinstance(value, dict)),
    "nested": YES_OR_NO,
}
OF_REPLICATES: Shapes = {
    "columns": ("a pattern or a list of columns", _columns),
    "rscales": ("a list of numbers", _list(_number)),
    "combined": YES_OR_NO,
} | dict.fromkeys(("fay", "scale", "df"), NUMBER)
