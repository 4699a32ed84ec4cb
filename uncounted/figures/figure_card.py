"""The card of a table of published figures: its words, and what each may say."""

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from uncounted.errors import UncountedError, did_you_mean
from uncounted.figures.inversion import METHODS
from uncounted.glance import outline
from uncounted.world.age import parse_band
from uncounted.world.card_file import TEXT as TEXT_SHAPE
from uncounted.world.card_file import (
    Shapes,
    check_words,
    is_number,
    is_text,
    list_of,
    table_of,
)
from uncounted.world.population import check_trait

UNITS = {"proportion": 1.0, "percent": 100.0, "per 1,000": 1e3, "per 100,000": 1e5}
LOGIT = "logit"  # the unit of standard errors of log odds
NEEDED = ["survey", "country", "year"]
TEXT = ["survey", "country", "source", "kind", "definition", "sex", "age", "series"]
NUMBERS = [
    "year",
    "until",
    "window",
    "estimate",
    "se",
    "lower",
    "upper",
    "n",
    "n_weighted",
    "deff",
    "respondents",
    "cases",
    "psus",
]
BESIDE = ["bounds", "note"]  # columns of two bounds in a cell, and of footnotes
# persons: observed counts below are masked, unless the survey's card says otherwise
# (`disclosure`)
MASK_BELOW = 10


@dataclass(frozen=True)
class SurveyCard:
    """The words of the card of a table of published figures; the file's own columns are
    under [columns].

    mask_below: observed counts of fewer persons are masked in what is released; 0 if
    the figures are public already. se_unit: the unit of standard errors, if it isn't
    the estimates'; "logit" for errors of log odds. interval_method: how the bounds were
    made (`inversion.METHODS`). rounded: decimals that estimates are printed to, where
    the file doesn't show them. deff: the design effect of figures with n and no error,
    where no other figure tells one. plausible_n: an error without n that implies more
    effective respondents is taken to be of so many. sheet, header: of a spreadsheet,
    and the row of the columns' names, counted from 1; 0 if it is found by them.
    decimal: "." or ",", where cells leave it open. parentheses: what a single number in
    parentheses beside an estimate is, "se" or "n". recodes: column or outcome → text →
    the text that is read in its place. constants: column → value of every row.
    country_names: "read" as codes, or "kept".
    """

    title: str
    kind: str
    file: str
    outcomes: dict[str, str]
    columns: dict[str, str]
    publisher: str = ""
    licence: str = ""
    changes: str = ""
    unit: str = "proportion"
    se_unit: str = ""
    age: str = "all"
    whole: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()
    interval: float = 0.95
    interval_method: str = "unknown"
    rounded: int | None = None
    deff: float | None = None
    plausible_n: float = 100_000
    mask_below: float = MASK_BELOW
    sources: dict[str, list[str]] = field(default_factory=dict)
    sheet: str = ""
    header: int = 0
    encoding: str = "utf-8"
    decimal: str = ""
    parentheses: str = ""
    country_names: str = "read"
    recodes: dict[str, dict[str, Any]] = field(default_factory=dict)
    constants: dict[str, Any] = field(default_factory=dict)

    __repr__ = outline


def parse_card(
    words: dict[str, Any],
    path: Path,
) -> SurveyCard:
    """Return the card that words make.

    Raises UncountedError, naming the file, for a word or value that no card may have.
    """
    stated = {word: value for word, value in words.items() if value not in ("", {})}
    vocabulary = [field.name for field in fields(SurveyCard)]
    shapes = dict.fromkeys(vocabulary, TEXT_SHAPE) | SHAPES
    needed = ("title", "kind", "file", "outcomes", "columns")
    check_words(stated, shapes, needed, str(path))
    tuples = {word: tuple(stated.get(word, ())) for word in ("whole", "traits")}
    card = SurveyCard(**{**stated, **tuples})
    check_mask(card.mask_below, str(path))
    _check_words(card, path)
    _check_age(card, path)
    for trait in card.traits:
        check_trait(trait, str(path))
    _check_columns(card, path)
    return card


def check_mask(mask_below: float, where: str) -> None:
    """Refuse a threshold of masking that is no number of persons."""
    if isinstance(mask_below, bool) or not mask_below >= 0:
        raise UncountedError(
            f"{where} says mask_below = {mask_below!r}. Write a number of persons, 0"
            " where all counts are public."
        )


def _check_words(card: SurveyCard, path: Path) -> None:
    vocabulary = {
        "unit": [*UNITS],
        "interval_method": METHODS,
        "decimal": ["", ".", ","],
        "parentheses": ["", "se", "n"],
        "country_names": ["read", "kept"],
    }
    if card.se_unit:
        vocabulary["se_unit"] = [*UNITS, LOGIT]
    for word, choices in vocabulary.items():
        value = getattr(card, word)
        if value not in choices:
            listed = "; ".join(filter(None, choices))
            raise UncountedError(
                f"{path} says {word} = '{value}'. Write one of: {listed}."
            )


def _check_age(card: SurveyCard, path: Path) -> None:
    try:
        parse_band("0+" if card.age == "all" else card.age)
    except UncountedError as error:
        raise UncountedError(f"{path} says age = '{card.age}': {error}") from error


def _check_columns(card: SurveyCard, path: Path) -> None:
    vocabulary = [*TEXT, *NUMBERS, *BESIDE, *card.traits]
    for word in (*card.columns, *card.constants):
        if word not in vocabulary:
            hint = did_you_mean(word, vocabulary)
            raise UncountedError(f"{path} maps an unknown column '{word}'.{hint}")
    for word in (*NEEDED, *card.traits):
        if word not in card.columns and word not in card.constants:
            raise UncountedError(
                f"{path} does not say which column is `{word}`. Name it under"
                " [columns], or what it is of all rows under [constants]."
            )
    for word in card.recodes:
        coded = [*card.columns, *card.outcomes]
        if word not in coded:
            raise UncountedError(
                f"{path} recodes '{word}', which is no column and no outcome."
                + did_you_mean(word, coded)
            )


def _is_constant(value: Any) -> bool:
    return is_number(value) or is_text(value)


def _is_row(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number_of_persons(value: Any) -> bool:
    return isinstance(value, int | float)


def _is_number_of_decimals(value: Any) -> bool:
    return is_number(value) and isinstance(value, int) and 0 <= value <= 15


def _is_share(value: Any) -> bool:
    return is_number(value) and 0 < value < 1


def _is_positive(value: Any) -> bool:
    return is_number(value) and value > 0


def _is_design_effect(value: Any) -> bool:
    return is_number(value) and 0.1 <= value <= 100


SHAPES: Shapes = {
    "outcomes": ("a table of column names", table_of(is_text)),
    "columns": ("a table of column names", table_of(is_text)),
    "sources": ("a table of lists of names", table_of(list_of(is_text))),
    "whole": ("a list of kinds", list_of(is_text)),
    "traits": ("a list of names", list_of(is_text)),
    "recodes": ("a table of tables, text → text", table_of(table_of(_is_constant))),
    "constants": ("a table of values", table_of(_is_constant)),
    "header": ("the number of a row", _is_row),
    "mask_below": ("a number of persons", _is_number_of_persons),
    "rounded": ("a number of decimals, 0 to 15", _is_number_of_decimals),
    "interval": ("a number above 0 and below 1", _is_share),
    "plausible_n": ("a number above 0 and below inf", _is_positive),
    "deff": ("a number from 0.1 to 100", _is_design_effect),
}
