"""Account: what only the analyst can say of an estimate: money, access, concept,
limits, and codes of series.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from uncounted.errors import UncountedError, did_you_mean
from uncounted.world.shelf import shelf

ITEMS = tuple(str(item) for item in range(1, 19))  # of GATHER
SERIES = ("prevalence", "persons")


@dataclass(frozen=True)
class Account:
    """The words of a `gather.toml`: items (number of the GATHER item → text), series
    (SDMX codes), languages.

    title and why replace the card's in a table of another language, [fr], whose items
    replace those above; names (what the card calls its leaves and sums, and the titles
    of its models → what to print) are that language's too.
    """

    items: Mapping[str, str] = field(default_factory=dict)
    series: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    why: str = ""
    languages: Mapping[str, "Account"] = field(default_factory=dict)

    def inside(self, language: str) -> "Account":
        """Return the account in a language: what isn't told in it stays as it is."""
        own = self.languages.get(language)
        if own is None:
            return self
        return replace(
            self,
            items={**self.items, **own.items},
            names=own.names,
            title=own.title,
            why=own.why,
        )


def read_account(source: str | Path) -> Account:
    """Read the analyst's account: a path, or the name of a card whose account ships
    (models/gather/NAME.toml).

    A card without one has an empty account: what it lacks is listed as missing. Raises
    UncountedError for a file that isn't there, and for words that no account has.
    """
    path = Path(source)
    if path.suffix != ".toml":
        try:
            path = shelf("models", "gather", f"{source}.toml")
        except UncountedError:
            return Account()
    if not path.is_file():
        raise UncountedError(
            f"There is no account at {path}. Give the path of a gather.toml."
        )
    try:
        return _account(tomllib.loads(path.read_text(encoding="utf-8")), str(path))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UncountedError(f"{path} is no TOML: {error}. Mend that line.") from error


def _account(words: Mapping[str, Any], where: str, inner: bool = False) -> Account:
    known = {one.name for one in fields(Account)} - {"languages"}
    languages = {
        word: value
        for word, value in words.items()
        if word not in known and len(word) == 2 and not inner
    }
    for word, value in words.items():
        if word not in known and word not in languages:
            raise UncountedError(
                f"{where} has the word '{word}', which no account"
                f" has.{did_you_mean(word, known)}"
            )
        table = word not in ("title", "why")
        if not isinstance(value, Mapping if table else str):
            raise UncountedError(
                f"{where} says {word} = {value!r}, which should be"
                f" {'a table' if table else 'a text'}."
            )
    _check_texts(words.get("items", {}), ITEMS, f"{where}, [items]")
    _check_texts(words.get("series", {}), SERIES, f"{where}, [series]")
    _check_texts(words.get("names", {}), (), f"{where}, [names]")
    told: dict[str, Any] = {
        word: value for word, value in words.items() if word in known
    }
    return Account(
        **told,
        languages={
            code: _account(told, f"{where}, [{code}]", True)
            for code, told in languages.items()
        },
    )


def _check_texts(table: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for word, text in table.items():
        if known and word not in known:
            raise UncountedError(f"{where} names '{word}'.{did_you_mean(word, known)}")
        if not isinstance(text, str):
            raise UncountedError(
                f"{where} says {word} = {text!r}, which should be a text."
            )
