"""Figures: a table of published survey estimates, read through its card into one schema."""

import hashlib
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import logit
from scipy.stats import norm

from uncounted.errors import UncountedError, did_you_mean
from uncounted.survey.ledger import Ledger
from uncounted.world.age import parse_band
from uncounted.world.population import EVERYBODY, check_trait
from uncounted.world.table import numbers, one_code, read_table

UNITS = {"proportion": 1.0, "percent": 100.0, "per 1,000": 1000.0}
NEEDED = ["survey", "country", "year"]
TEXT = ["survey", "country", "source", "kind", "definition", "sex", "age"]
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
]
MASK_BELOW = 10  # persons: observed counts below are masked, unless the survey's card says otherwise (`disclosure`)
SEXES = ["female", "male", "both"]
WHICH = ["survey", "sex", "age"]  # of a table; a survey is of one country and year


@dataclass(frozen=True)
class SurveyCard:
    """The words of the card of a table of published figures; the file's own columns are under [columns].

    mask_below: observed counts of fewer persons are masked in what is released; 0 if the figures are public already.
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
    age: str = "all"
    whole: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()
    interval: float = 0.95
    plausible_n: float = 100_000
    mask_below: float = MASK_BELOW
    sources: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Figures:
    """Published estimates of one outcome or more: `tables[outcome]`, one row per survey × sex × age.

    Columns: survey, country (ISO 3166 alpha-3), year, source (group of sources), kind, sex (female, male, both), age (a
    band or "all"), the card's further traits of persons (a level or "all"), estimate and se (proportions), n,
    n_weighted, deff; missing is NaN. respondents and cases are counted, where n is another size that the SE or deff is
    of. `ledgers[outcome]` holds the rows that were repaired or left out on reading.
    """

    name: str
    card: SurveyCard
    tables: dict[str, pd.DataFrame]
    ledgers: dict[str, Ledger]
    digest: str

    def _repr_html_(self) -> str:
        first = next(iter(self.tables.values()))
        return (
            f"<b>{escape(self.card.title)}</b><br>{first['survey'].nunique():,} surveys of "
            f"{first['country'].nunique()} countries, {first['year'].min()}–{first['year'].max()}, "
            f"{len(first):,} figures; {escape(self.card.publisher)}, {escape(self.card.licence)}"
        )


def read_figures(folder: Path) -> Figures:
    """Read `survey.toml` and the table it names from a folder; raises UncountedError naming file and line."""
    path = folder / "survey.toml"
    card = _card(tomllib.loads(path.read_text(encoding="utf-8")), path)
    file = folder / card.file
    if not file.is_file():
        raise UncountedError(
            f"{path} names the file '{card.file}', which is not in {folder}. Put it there or mend `file`."
        )
    raw = read_table(file, f"table {file}")
    renamed = _rename(raw, card, path)
    tables, ledgers = {}, {}
    for outcome, column in card.outcomes.items():
        tables[outcome], ledgers[outcome] = _canonical(renamed.assign(estimate=raw[column]), card, file)
    digest = hashlib.sha256(file.read_bytes() + path.read_bytes()).hexdigest()
    return Figures(folder.name, card, tables, ledgers, digest)


def _card(words: dict[str, Any], path: Path) -> SurveyCard:
    known = [f.name for f in fields(SurveyCard)]
    for word, value in words.items():
        if word not in known:
            raise UncountedError(f"{path} has the word '{word}', which no survey card has.{did_you_mean(word, known)}")
        _fits(word, value, path)
    for word in ("title", "kind", "file", "outcomes", "columns"):
        if not words.get(word):
            raise UncountedError(f"{path} lacks `{word}`. Every card of published figures needs it.")
    given: dict[str, Any] = words | {word: tuple(words.get(word, ())) for word in ("whole", "traits")}
    card = SurveyCard(**given)
    check_mask(card.mask_below, str(path))
    if card.unit not in UNITS:
        raise UncountedError(f"{path} says unit = '{card.unit}'. Write one of: {', '.join(UNITS)}.")
    try:
        parse_band("0+" if card.age == "all" else card.age)
    except UncountedError as error:
        raise UncountedError(f"{path} says age = '{card.age}': {error}") from error
    for trait in card.traits:
        check_trait(trait, str(path))
    for word in card.columns:
        known = [*TEXT, *NUMBERS, *card.traits]
        if word not in known:
            raise UncountedError(f"{path} maps an unknown column '{word}'.{did_you_mean(word, known)}")
    for word in (*NEEDED, *card.traits):
        if word not in card.columns:
            raise UncountedError(f"{path} does not say which column is `{word}`. Name it under [columns].")
    return card


def _fits(word: str, value: Any, path: Path) -> None:
    """Refuse a value of a kind that the word cannot have."""
    if word in ("outcomes", "columns"):
        kind, right = "a table of column names", isinstance(value, dict) and _texts(value.values())
    elif word == "sources":
        right = isinstance(value, dict) and all(isinstance(v, list) and _texts(v) for v in value.values())
        kind = "a table of lists of names"
    elif word in ("whole", "traits"):
        kind, right = f"a list of {'kinds' if word == 'whole' else 'names'}", isinstance(value, list) and _texts(value)
    elif word == "mask_below":
        kind, right = "a number of persons", isinstance(value, int | float)
    elif word in ("interval", "plausible_n"):
        most = {"interval": 1.0, "plausible_n": float("inf")}[word]
        kind, right = f"a number above 0 and below {most:g}", isinstance(value, int | float) and 0 < value < most
    else:
        kind, right = "a text", isinstance(value, str)
    if not right:
        raise UncountedError(f"{path} says {word} = {value!r}, which should be {kind}.")


def check_mask(mask_below: float, where: str) -> None:
    """Refuse a threshold of masking that is no number of persons."""
    if isinstance(mask_below, bool) or not mask_below >= 0:
        raise UncountedError(
            f"{where} says mask_below = {mask_below!r}. Write a number of persons, 0 where all counts are public."
        )


def _texts(values: Iterable[Any]) -> bool:
    return all(isinstance(value, str) for value in values)


def _rename(raw: pd.DataFrame, card: SurveyCard, path: Path) -> pd.DataFrame:
    for column in [*card.columns.values(), *card.outcomes.values()]:
        if column not in raw:
            raise UncountedError(
                f"{path} names the column '{column}', which {card.file} lacks.{did_you_mean(column, raw.columns)}"
            )
    named = pd.DataFrame({ours: raw[theirs] for ours, theirs in card.columns.items()})
    defaults = {"sex": "both", "age": "all", "source": "", "kind": "", "definition": ""}
    return named.assign(**{ours: text for ours, text in defaults.items() if ours not in named})


def _canonical(table: pd.DataFrame, card: SurveyCard, file: Path) -> tuple[pd.DataFrame, Ledger]:
    out = table[[*TEXT, *card.traits]].assign(**{column: _numbers(table, column, file) for column in NUMBERS})
    out = out.replace({trait: {"": EVERYBODY} for trait in card.traits})
    scaled = ["estimate", "se", "lower", "upper"]
    out[scaled] = out[scaled] / UNITS[card.unit]
    out["age"] = _ages(table["age"], file)
    out["country"] = one_code(out["country"])
    _refuse(out, card.traits, file)
    group = {name: kind for kind, names in card.sources.items() for name in names}
    out["source"] = [group.get(name, "other") for name in out["source"]]
    out["year"] = out["year"].astype(int)
    out = out.sort_values(["country", "year", *WHICH, *card.traits], kind="stable", ignore_index=True)
    out, ledger = Ledger().split(out, out["estimate"].isna(), "no estimate")
    return _se_from_interval(out, card.interval, ledger)


def _numbers(table: pd.DataFrame, name: str, file: Path) -> np.ndarray:
    if name not in table:
        return np.full(len(table), np.nan)
    found = numbers(table.loc[:, name])
    bad = np.flatnonzero(np.isinf(found))
    if len(bad):
        raise UncountedError(
            f"{file}, line {bad[0] + 2}: {name} is '{table[name].iloc[bad[0]]}', not a number. "
            "Mend it or leave it empty."
        )
    return found


def _ages(column: pd.Series, file: Path) -> list[str]:
    """Return the ages as their bands' labels, so that "0-4" and "0-59 months" are known to be the same."""
    label = {"all": "all"}
    for line, age in enumerate(column, 2):
        try:
            label[age] = label.get(age) or parse_band(age).label
        except UncountedError as error:
            raise UncountedError(f"{file}, line {line}: {error} For all ages write 'all'.") from error
    return [label[age] for age in column]


def _refuse(rows: pd.DataFrame, traits: Sequence[str], file: Path) -> None:
    """Refuse what no repair may touch: the analyst must look."""
    sizes = rows[["se", "n", "n_weighted", "deff", "respondents", "cases"]]
    wrong = {
        "a prevalence outside 0–1 after the card's unit": (rows["estimate"] < 0) | (rows["estimate"] > 1),
        "a negative standard error, count or design effect": (sizes < 0).any(axis=1),
        "an interval that does not hold its estimate": (rows["lower"] > rows["estimate"] + 1e-6)
        | (rows["upper"] < rows["estimate"] - 1e-6),
        "no year, or one that is not whole": rows["year"].isna() | (rows["year"] % 1 != 0),
        "fieldwork until a year that is not whole, or before it began": (rows["until"] < rows["year"])
        | (rows["until"] % 1 != 0) & rows["until"].notna(),
        "no survey or no country": (rows["survey"] == "") | (rows["country"] == ""),
    } | ambiguous(rows, traits)
    for what, bad in wrong.items():
        if bad.any():
            lines = ", ".join(str(i + 2) for i in np.flatnonzero(bad)[:8])
            raise UncountedError(f"{file} has {what} in {bad.sum()} row(s), at line {lines}. Mend the table.")


def ambiguous(rows: pd.DataFrame, traits: Sequence[str] = ()) -> dict[str, pd.Series]:
    """Return which rows nobody could tell whom they speak of, or would count the same respondents twice, by reason."""
    of = rows.groupby("survey")[["country", "year"]].transform("nunique")
    return {
        "a sex that is not female, male or both": ~rows["sex"].isin(SEXES),
        "a survey id that stands for more than one country or year": (of > 1).any(axis=1),
        f"the same {', '.join((*WHICH[:-1], *traits))} and age twice": rows.duplicated([*WHICH, *traits], keep=False),
    }


def _se_from_interval(rows: pd.DataFrame, level: float, ledger: Ledger) -> tuple[pd.DataFrame, Ledger]:
    """Fill a missing SE from its interval (l, u): (logit u − logit l) / 2z × p(1−p).

    (u − l) / 2z where a bound is 0 or 1.
    """
    p, low, high = rows["estimate"], rows["lower"], rows["upper"]
    z = 2 * norm.ppf((1 + level) / 2)
    open_ = (low > 0) & (high < 1)
    width = np.where(open_, (logit(high.where(open_)) - logit(low.where(open_))) * p * (1 - p), high - low)
    fill = rows["se"].isna() & (high > low) & (p > 0) & (p < 1)
    ledger = ledger.add(rows[fill], "repaired", "SE taken from its interval")
    return rows.assign(se=rows["se"].mask(fill, width / z)), ledger
