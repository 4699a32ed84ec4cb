"""Declaration: the card of a survey of respondents, read as arguments of
`read_respondents`.
"""

from inspect import signature
from pathlib import Path
from typing import Any

from uncounted.errors import UncountedError
from uncounted.interviews.replicates import Replicates
from uncounted.interviews.respondents import Respondents, read_respondents
from uncounted.world.card_file import (
    NUMBER,
    TEXT,
    YES_OR_NO,
    Shapes,
    check_words,
    is_number,
    is_single,
    is_table,
    is_text,
    list_of,
    read_toml,
    table_of,
)

ABOUT = ("title", "kind", "file", "publisher", "licence", "changes")
NEEDED = ("title", "file", "columns", "outcomes")


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
    shapes = dict.fromkeys([*ABOUT, *parameters], TEXT) | SHAPES
    check_words(words, shapes, NEEDED, str(card))
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
    where = f"{card}, under [replicates],"
    check_words(words, OF_REPLICATES, ("columns", "method"), where)
    return Replicates(**words)


def _ends(value: Any) -> bool:
    return list_of(is_number)(value) and len(value) in (1, 2)


def _columns(value: Any) -> bool:
    return is_text(value) or list_of(is_text)(value)


def _outcomes(value: Any) -> bool:
    return _columns(value) or table_of(is_text)(value)


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
    "method": TEXT,
    "centre": TEXT,
    "columns": ("a pattern or a list of columns", _columns),
    "rscales": ("a list of numbers", list_of(is_number)),
    "combined": YES_OR_NO,
} | dict.fromkeys(("fay", "scale", "df"), NUMBER)
