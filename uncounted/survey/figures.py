"""Figures: a table of published survey estimates, read through its card into one schema."""

import hashlib
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import logit
from scipy.stats import norm

from uncounted.errors import UncountedError, did_you_mean
from uncounted.survey.ledger import Ledger
from uncounted.world.age import parse_band

UNITS = {"proportion": 1.0, "percent": 100.0, "per 1,000": 1000.0}
NEEDED = ["survey", "country", "year"]
TEXT = ["survey", "country", "source", "kind", "sex", "age"]
NUMBERS = ["year", "estimate", "se", "lower", "upper", "n", "n_weighted", "deff"]
SEXES = {"female", "male", "both"}


@dataclass(frozen=True)
class SurveyCard:
    """The words of the card of a table of published figures; the file's own columns are under [columns]."""

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
    interval: float = 0.95
    plausible_n: float = 100_000
    sources: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Figures:
    """Published estimates of one outcome or more: `tables[outcome]`, one row per survey × sex × age.

    Columns: survey, country (ISO 3166 alpha-3), year, source (group of sources), kind, sex (female, male, both),
    age (a band or "all"), estimate and se (proportions), n, n_weighted, deff; missing is NaN.
    """

    name: str
    card: SurveyCard
    tables: dict[str, pd.DataFrame]
    ledger: Ledger
    digest: str

    def _repr_html_(self) -> str:
        first = next(iter(self.tables.values()))
        return (
            f"<b>{self.card.title}</b><br>{first['survey'].nunique():,} surveys of {first['country'].nunique()} "
            f"countries, {first['year'].min()}–{first['year'].max()}, {len(first):,} figures; {self.card.publisher}, "
            f"{self.card.licence}"
        )


def read_figures(folder: Path) -> Figures:
    """Read `survey.toml` and the table it names from a folder; raises UncountedError naming card and line."""
    path = folder / "survey.toml"
    card = _card(tomllib.loads(path.read_text(encoding="utf-8")), path)
    file = folder / card.file
    if not file.is_file():
        raise UncountedError(f"{path} names the file '{card.file}', which is not in {folder}. Put it there or mend `file`.")
    raw = pd.read_csv(file, dtype=str, keep_default_na=False)
    renamed = _rename(raw, card, path)
    ledger, tables = Ledger(), {}
    for outcome, column in card.outcomes.items():
        table, ledger = _canonical(renamed.assign(estimate=raw[column]), card, path, ledger)
        tables[outcome] = table
    digest = hashlib.sha256(file.read_bytes() + path.read_bytes()).hexdigest()
    return Figures(folder.name, card, tables, ledger, digest)


def _card(words: dict[str, Any], path: Path) -> SurveyCard:
    known = {f.name for f in fields(SurveyCard)}
    for word in words.keys() - known:
        raise UncountedError(f"{path} has the word '{word}', which no survey card has.{did_you_mean(word, known)}")
    for word in {"title", "file", "outcomes", "columns"} - words.keys():
        raise UncountedError(f"{path} lacks `{word}`. Every card of published figures needs it.")
    card = SurveyCard(**(words | {"whole": tuple(words.get("whole", ()))}))
    if card.unit not in UNITS:
        raise UncountedError(f"{path} says unit = '{card.unit}'. Write one of: {', '.join(UNITS)}.")
    for word in card.columns.keys() - {*TEXT, *NUMBERS}:
        raise UncountedError(f"{path} maps an unknown column '{word}'.{did_you_mean(word, [*TEXT, *NUMBERS])}")
    for word in NEEDED:
        if word not in card.columns:
            raise UncountedError(f"{path} does not say which column is `{word}`. Name it under [columns].")
    return card


def _rename(raw: pd.DataFrame, card: SurveyCard, path: Path) -> pd.DataFrame:
    for column in [*card.columns.values(), *card.outcomes.values()]:
        if column not in raw:
            raise UncountedError(f"{path} names the column '{column}', which {card.file} lacks.{did_you_mean(column, raw)}")
    named = pd.DataFrame({ours: raw[theirs] for ours, theirs in card.columns.items()})
    for ours, default in {"sex": "both", "age": "all", "source": "", "kind": ""}.items():
        named[ours] = named.get(ours, pd.Series(default, index=named.index)).str.strip()
    return named


def _canonical(table: pd.DataFrame, card: SurveyCard, path: Path, ledger: Ledger) -> tuple[pd.DataFrame, Ledger]:
    where = f"{path.parent / card.file}"
    out = table[[c for c in TEXT if c in table]].copy()
    for column in NUMBERS:
        out[column] = _numbers(table[column], column, where) if column in table else np.nan
    out[["estimate", "se", "lower", "upper"]] /= UNITS[card.unit]
    _refuse(out, where)
    group = {name: kind for kind, names in card.sources.items() for name in names}
    out["source"] = out["source"].map(lambda name: group.get(name, "other"))
    out["age"] = out["age"].map({age: age if age == "all" else parse_band(age).label for age in out["age"].unique()})
    out["year"] = out["year"].astype(int)
    out = out.sort_values(["country", "year", "survey", "sex", "age"], kind="stable", ignore_index=True)
    out, ledger = ledger.split(out, out["estimate"].isna(), "no estimate")
    return _se_from_interval(out, card.interval, ledger)


def _numbers(column: pd.Series, name: str, where: str) -> pd.Series:
    text = column.str.strip()
    numbers = pd.to_numeric(text.where(text != ""), errors="coerce").astype(float)
    bad = numbers.isna() & (text != "") | np.isinf(numbers)
    if bad.any():
        line = int(np.flatnonzero(bad)[0]) + 2
        raise UncountedError(f"{where}, line {line}: {name} is '{text.iloc[line - 2]}', not a number. Mend it or leave it empty.")
    return numbers


def _refuse(rows: pd.DataFrame, where: str) -> None:
    """Refuse what no repair may touch: the analyst must look."""
    wrong = {
        "a prevalence outside 0–1 after the card's unit": (rows["estimate"] < 0) | (rows["estimate"] > 1),
        "a negative standard error, n or design effect": (rows[["se", "n", "n_weighted", "deff"]] < 0).any(axis=1),
        "an interval that does not hold its estimate": (rows["lower"] > rows["estimate"] + 1e-6)
        | (rows["upper"] < rows["estimate"] - 1e-6),
        "a sex that is not female, male or both": ~rows["sex"].isin(SEXES),
        "no year, or one that is not whole": rows["year"].isna() | (rows["year"] % 1 != 0),
        "no survey or no country": (rows["survey"] == "") | (rows["country"] == ""),
        "the same survey, sex and age twice": rows.duplicated(["survey", "country", "year", "sex", "age"], keep=False),
    }
    for what, bad in wrong.items():
        if bad.any():
            lines = ", ".join(str(i + 2) for i in np.flatnonzero(bad)[:8])
            raise UncountedError(f"{where} has {what} in {int(bad.sum())} row(s), at line {lines}. Mend the table.")


def _se_from_interval(rows: pd.DataFrame, level: float, ledger: Ledger) -> tuple[pd.DataFrame, Ledger]:
    """Fill a missing SE from its interval: (logit u − logit l) / 2z × p(1−p), or (u − l) / 2z where a bound is 0 or 1."""
    p, low, high = rows["estimate"], rows["lower"], rows["upper"]
    z = 2 * norm.ppf((1 + level) / 2)
    open_ = (low > 0) & (high < 1)
    width = np.where(open_, (logit(high.where(open_)) - logit(low.where(open_))) * p * (1 - p), high - low)
    fill = rows["se"].isna() & (high > low) & (p > 0) & (p < 1)
    ledger = ledger.add(rows[fill], "repaired", "SE taken from its interval")
    return rows.assign(se=rows["se"].mask(fill, width / z)), ledger
