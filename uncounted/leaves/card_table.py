"""Card table: a table of a TOML card read as a dataclass whose fields are its words."""

from dataclasses import MISSING, fields, is_dataclass
from typing import Any, get_args, get_origin

from uncounted.errors import UncountedError, did_you_mean

TYPES = {float: "a number", str: "a text"}  # as errors name them


def read_tables(
    word: str,
    value: Any,
    kind: type,
) -> tuple[Any, ...]:
    """Read an array of tables, [[word]] in the card, as objects of a dataclass."""
    if type(value) is not list or not all(type(table) is dict for table in value):
        raise UncountedError(f"{word} should be tables, [[{word}]] before each.")
    objects = []
    for number, table in enumerate(value, 1):
        place = f"[[{word}]] '{table.get('name', number)}'"
        objects.append(_read(kind, table, place))
    return tuple(objects)


def _read(
    kind: type,
    table: Any,
    place: str,
) -> Any:
    """Read a table of the card as a dataclass: its fields are the table's words, those
    without default are needed.
    """
    words = {field.name: field for field in fields(kind)}
    if type(table) is not dict:
        raise UncountedError(f"{place} should be a table with {', '.join(words)}.")
    for word in table:
        if word not in words:
            raise UncountedError(
                f"{place} has '{word}', which is none of its"
                f" words.{did_you_mean(word, words)}"
            )
    for word, field in words.items():
        if field.default is MISSING and word not in table:
            raise UncountedError(f"{place} lacks `{word}`: it has no default.")
    values = {}
    for word, value in table.items():
        values[word] = _value(words[word].type, value, f"{place}, {word},")
    return kind(**values)


def _value(
    field_type: Any,
    value: Any,
    place: str,
) -> Any:
    """Read a value as one of the types that its field may have: a table, a number, a
    text or texts.
    """
    kinds = [field_type]
    if get_origin(field_type) is not tuple:
        kinds = list(get_args(field_type)) or kinds
    for kind in kinds:
        if is_dataclass(kind):
            return _read(kind, value, place)  # pyright: ignore[reportArgumentType] a dataclass, not one of its objects
        if kind is float and type(value) in (int, float):
            return float(value)
        if kind is str and isinstance(value, str):
            return value
        if get_origin(kind) is tuple and _is_texts(value):
            return tuple(value)
    names = []
    for kind in kinds:
        if kind is not type(None):
            names.append(TYPES.get(kind, "a list of texts"))
    raise UncountedError(f"{place} is {value!r} and should be {' or '.join(names)}.")


def _is_texts(value: Any) -> bool:
    return type(value) is list and all(type(text) is str for text in value)
