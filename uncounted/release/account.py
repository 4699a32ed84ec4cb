"""Account: the analyst's own statement on an estimate: funding, access, limits."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from uncounted.errors import UncountedError, did_you_mean
from uncounted.glance import outline
from uncounted.world.card_file import read_toml
from uncounted.world.shelf import shelf

ITEMS = tuple(str(item) for item in range(1, 19))  # of GATHER
SERIES = ("prevalence", "persons")


@dataclass(frozen=True)
class Account:
    """The words of a `gather.toml`.

    A table of another language, [fr], has items that replace those above, and a title,
    a why and names of its own.
    """

    # number of the GATHER item → text
    items: Mapping[str, str] = field(default_factory=dict)
    # prevalence or persons → SDMX code
    series: Mapping[str, str] = field(default_factory=dict)
    # the card's names of leaves and sums, and titles of its models → what to print
    names: Mapping[str, str] = field(default_factory=dict)
    # replaces the card's title
    title: str = ""
    # replaces the card's why
    why: str = ""
    # code of the language → account in it
    languages: Mapping[str, "Account"] = field(default_factory=dict)

    __repr__ = outline

    def inside(self, language: str) -> "Account":
        """Return the account in a language; items that it lacks there stay as they
        are.
        """
        translation = self.languages.get(language)
        if translation is None:
            return self
        return replace(
            self,
            items={**self.items, **translation.items},
            names=translation.names,
            title=translation.title,
            why=translation.why,
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
    return _account(read_toml(path), str(path))


def _account(words: Mapping[str, Any], where: str, inner: bool = False) -> Account:
    """Return the account of a file's words; inner: of one language."""
    fields_of_account = {entry.name for entry in fields(Account)} - {"languages"}
    statements: dict[str, Any] = {}
    languages: dict[str, Account] = {}
    tables: dict[str, Any] = {}
    for word, value in words.items():
        if word in fields_of_account:
            statements[word] = value
        elif len(word) == 2 and not inner:
            tables[word] = value
        else:
            hint = did_you_mean(word, fields_of_account)
            raise UncountedError(
                f"{where} has the word '{word}', which no account has.{hint}"
            )
        _check_kind(word, value, where)
    _check_texts(words.get("items", {}), ITEMS, f"{where}, [items]")
    _check_texts(words.get("series", {}), SERIES, f"{where}, [series]")
    _check_texts(words.get("names", {}), (), f"{where}, [names]")
    for code, table in tables.items():
        languages[code] = _account(table, f"{where}, [{code}]", True)
    return Account(**statements, languages=languages)


def _check_kind(word: str, value: object, where: str) -> None:
    """Refuse a title or why that is no text, and any other word that is no table."""
    is_text = word in ("title", "why")
    if not isinstance(value, str if is_text else Mapping):
        kind = "a text" if is_text else "a table"
        raise UncountedError(
            f"{where} says {word} = {value!r}, which should be {kind}."
        )


def _check_texts(
    table: Mapping[str, Any], allowed: tuple[str, ...], where: str
) -> None:
    """Refuse a key that is not allowed, and a value that is no text."""
    for word, text in table.items():
        if allowed and word not in allowed:
            hint = did_you_mean(word, allowed)
            raise UncountedError(f"{where} names '{word}'.{hint}")
        if not isinstance(text, str):
            raise UncountedError(
                f"{where} says {word} = {text!r}, which should be a text."
            )
