"""Card file: a TOML file read as words, and words held against what a card may say."""

import tomllib
from pathlib import Path
from typing import Any

from uncounted.errors import UncountedError


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
