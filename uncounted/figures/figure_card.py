"""The card of a table of published figures: its words, and what each may say."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from uncounted.errors import UncountedError, did_you_mean
from uncounted.figures.inversion import METHODS
from uncounted.world.age import parse_band
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


def parse_card(
    words: dict[str, Any],
    path: Path,
) -> SurveyCard:
    """Return the card that words make.

    Raises UncountedError, naming the file, for a word or value that no card may have.
    """
    vocabulary = [word.name for word in fields(SurveyCard)]
    for word, value in words.items():
        if word not in vocabulary:
            hint = did_you_mean(word, vocabulary)
            raise UncountedError(
                f"{path} has the word '{word}', which no survey card has.{hint}"
            )
        _check_shape(word, value, path)
    for word in ("title", "kind", "file", "outcomes", "columns"):
        if not words.get(word):
            raise UncountedError(
                f"{path} lacks `{word}`. Every card of published figures needs it."
            )
    tuples = {word: tuple(words.get(word, ())) for word in ("whole", "traits")}
    card = SurveyCard(**{**words, **tuples})
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


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_text_list(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_column_table(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_text, value.values()))


def _is_table_of_lists(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_text_list, value.values()))


def _is_constant(value: Any) -> bool:
    return _is_number(value) or _is_text(value)


def _is_table_of_constants(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_constant, value.values()))


def _is_table_of_tables(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_table_of_constants, value.values()))


def _is_row(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number_of_persons(value: Any) -> bool:
    return isinstance(value, int | float)


def _is_number_of_decimals(value: Any) -> bool:
    return _is_number(value) and isinstance(value, int) and 0 <= value <= 15


def _is_share(value: Any) -> bool:
    return _is_number(value) and 0 < value < 1


def _is_positive(value: Any) -> bool:
    return _is_number(value) and value > 0


def _is_design_effect(value: Any) -> bool:
    return _is_number(value) and 0.1 <= value <= 100


type Shape = tuple[str, Callable[[Any], bool]]

TEXT_SHAPE: Shape = ("a text", _is_text)
SHAPES: dict[str, Shape] = {
    "outcomes": ("a table of column names", _is_column_table),
    "columns": ("a table of column names", _is_column_table),
    "sources": ("a table of lists of names", _is_table_of_lists),
    "recodes": ("a table of tables, text → text", _is_table_of_tables),
    "constants": ("a table of values", _is_table_of_constants),
    "header": ("the number of a row", _is_row),
    "whole": ("a list of kinds", _is_text_list),
    "traits": ("a list of names", _is_text_list),
    "mask_below": ("a number of persons", _is_number_of_persons),
    "rounded": ("a number of decimals, 0 to 15", _is_number_of_decimals),
    "interval": ("a number above 0 and below 1", _is_share),
    "plausible_n": ("a number above 0 and below inf", _is_positive),
    "deff": ("a number from 0.1 to 100", _is_design_effect),
}


def _check_shape(
    word: str,
    value: Any,
    path: Path,
) -> None:
    """Refuse a value of a kind that the word cannot have."""
    shape, fits = SHAPES.get(word, TEXT_SHAPE)
    if not fits(value):
        raise UncountedError(
            f"{path} says {word} = {value!r}, which should be {shape}."
        )
