"""Wording: the sentences of a report, one message file for each language."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from uncounted.errors import UncountedError, did_you_mean
from uncounted.world.card_file import read_toml

FOLDER = Path(__file__).parent / "words"
# the section of words and names that come from elsewhere: English → this language
TERMS = "terms"


@dataclass(frozen=True)
class Words:
    """The sentences of one language, by section and name; called with a name and the
    values that it mentions.
    """

    # the language's code: en
    language: str
    # "section.name" → sentence
    sentences: Mapping[str, str]
    # English → this language: evidence classes, reasons of the ledger, sentences of
    # checks, names of places
    terms: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, name: str, /, **values: object) -> str:
        """Return a sentence with its values filled in; raises UncountedError for a name
        that has none.
        """
        if name not in self.sentences:
            hint = did_you_mean(name, self.sentences)
            raise UncountedError(f"There is no sentence '{name}'.{hint}")
        return self.sentences[name].format(**values)

    def term(self, english: object, inner: Callable[[str], str] = str) -> str:
        """Return a word or a name in this language; one that nobody translated stays as
        it is.

        A term with {words in braces} stands for all that differ there: "fieldwork
        outside {years}". inner translates what stands in the braces.
        """
        text = str(english)
        if text in self.terms:
            return self.terms[text]
        for pattern, words in _patterns(self.language).items():
            match = pattern.fullmatch(text)
            if match:
                parts = match.groupdict()
                return words.format(**{key: inner(parts[key]) for key in parts})
        return text


@cache
def _patterns(language: str) -> dict[re.Pattern[str], str]:
    """Return the terms of a language that have words in braces."""
    patterns = {}
    for term, words in read_words(language).terms.items():
        if "{" in term:
            pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+)", re.escape(term))
            patterns[re.compile(pattern)] = words
    return patterns


@cache
def read_words(language: str = "en") -> Words:
    """Read the message file of a language; raises UncountedError if it has none."""
    path = FOLDER / f"{language}.toml"
    if not path.is_file():
        languages = [file.stem for file in sorted(FOLDER.glob("*.toml"))]
        hint = did_you_mean(language, languages)
        raise UncountedError(f"The report has no language '{language}'.{hint}")
    sections = read_toml(path)
    terms = sections.pop(TERMS, {})
    sentences = {
        f"{section}.{name}": text
        for section, texts in sections.items()
        for name, text in texts.items()
    }
    return Words(language, sentences, terms)
