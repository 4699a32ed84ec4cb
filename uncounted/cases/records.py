"""Records: people whom services registered, from a row for each person or a table of
counts.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from uncounted.cases.record_columns import BLANK, Layout, layout_of
from uncounted.errors import UncountedError
from uncounted.interviews.column import identifier
from uncounted.interviews.files import Source, open_source, query
from uncounted.world.age import parse_band
from uncounted.world.shelf import shipped
from uncounted.world.table import SIMULATED, TOLD_IN, numbers

SEXES = ("female", "male")
AGES = ("adult", "child")
ADULT = 18 * 12  # months
SUPPRESSED = re.compile(r"<\s*(\d+)")
CELL = ("year", "country", "programme", "citizenship", "sex", "age")
COUNTS = ("count", "below", "noise_sd")


@dataclass(frozen=True, eq=False)
class Records:
    """Registrations by cell; what isn't known stays unknown.

    table: year, country (of exploitation: a code, or a region's name), programme,
    citizenship, sex (female, male), age (adult, child), a column for each form (1, 0),
    then count, below (k where a count is suppressed: it is 1 … k − 1) and noise_sd (of
    added noise). "" and <NA> are unknown. ledger: column, reason, rows, registrations
    (of suppressed counts, one). people: whether the file had a row for each person.
    simulated: whether it says so of itself.
    """

    name: str
    forms: tuple[str, ...]
    table: pd.DataFrame
    ledger: pd.DataFrame
    people: bool
    simulated: bool = False

    @property
    def registrations(self) -> float:
        """Persons registered, suppressed counts taken as one."""
        return float(self.table["count"].where(self.table["below"].isna(), 1.0).sum())

    def _repr_html_(self) -> str:
        years, suppressed = self.table["year"], int(self.table["below"].notna().sum())
        return (
            f"<b>{self.name}</b>: {self.registrations:,.0f} registrations in"
            f" {self.table['country'].nunique()} countries of exploitation,"
            f" {years.min()}–{years.max()}; forms {', '.join(self.forms)};"
            f" {suppressed:,} counts suppressed{self.ledger.to_html(index=False)}"
        )


def read_records(
    source: str | Path | pd.DataFrame | pa.Table,
    layout: str = "own",
    *,
    columns: Mapping[str, str] | None = None,
    forms: Mapping[str, str] | None = None,
    values: Mapping[str, Mapping[str, str]] | None = None,
    unknown: Mapping[str, str] | None = None,
    suppressed: Mapping[str, int] | None = None,
    noise_sd: float = 0.0,
    name: str | None = None,
) -> Records:
    """Read victim records: one row for each person, or counts by cell where a column
    `count` is there.

    layout: "own", columns named as the roles, or "public case data". columns: role →
    column; the roles are year (of registration), country (of exploitation: alpha-2 or
    alpha-3, or a region), sex, age (adult, child, years or a band) or majority (adult,
    child) or both, forms as columns of 1 and 0 or one column `form` ("labour",
    "labour+sexual"), and citizenship, programme, count, noise_sd (sd of noise added to
    the count). values: role → {text → our word}; unknown: text → why it is unknown. A
    count "<5" is 1 to 4; suppressed: other marks of it, {"*": 5}. noise_sd: of every
    count, if there is no column. In a table of counts a cell that isn't there counts 0.
    Files as for `read_respondents`, or one that ships ("cases/records.csv"). Raises
    UncountedError for a word that is no sex, age, form, year or count, and for a cell
    twice; blanks are kept as unknown, and why, in the ledger.
    """
    opened = open_source(
        shipped(source) if isinstance(source, str | Path) else source, ["*"]
    )
    where = f"The victim records {opened.name}"
    known = layout_of(layout, columns, forms, values, unknown).present(
        opened.columns, where
    )
    named = {**known.columns, **known.forms}
    sql = ", ".join(
        f"{opened.columns[column].text} AS {identifier(role)}"
        for role, column in named.items()
    )
    raw = query(
        opened, f"SELECT {sql}, count(*) AS registered FROM {opened.scan} GROUP BY ALL"
    ).to_pandas()
    texts, why = _words(raw, known)
    cells, why = _cells(texts, why, known, where)
    people = "count" not in known.columns
    counts = (
        _people(raw) if people else _counts(texts, suppressed or {}, noise_sd, where)
    )
    names = tuple(str(column) for column in cells if column not in CELL)
    table = pd.concat([cells, counts], axis=1).sort_values(
        [*CELL, *names], ignore_index=True, kind="stable"
    )
    if not people:
        _check_once(raw, [role for role in named if role not in COUNTS], where)
    return Records(
        name or opened.name.strip("'"),
        names,
        table,
        _ledger(why, counts),
        people,
        _simulated(opened),
    )


def _simulated(opened: Source) -> bool:
    told = [
        f"contains(lower({opened.columns[name].text}), '{SIMULATED}')"
        for name in TOLD_IN
        if name in opened.columns
    ]
    if not told:
        return False
    found = query(
        opened,
        f"SELECT bool_or(coalesce({' OR '.join(told)}, false)) AS told FROM"
        f" {opened.scan}",
    )
    return bool(found["told"][0].as_py())


def _words(raw: pd.DataFrame, known: Layout) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return every column as text in our words, "" where unknown, and why it is so, ""
    where known.
    """
    texts, why = {}, {}
    for role in [*known.columns, *known.forms]:
        told = raw[role].astype("object").where(raw[role].notna(), "").astype("str")
        why[role] = told.map({"": BLANK, **known.unknown}).fillna("").astype("str")
        words = known.values.get(role, {})
        texts[role] = told.map(lambda text, words=words: words.get(text, text)).where(
            why[role] == "", ""
        )
    return pd.DataFrame(texts), pd.DataFrame(why)


def _cells(
    texts: pd.DataFrame, why: pd.DataFrame, known: Layout, where: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the columns CELL and the forms, and why each is unknown."""
    year = numbers(texts["year"])
    _refuse(
        ~np.isnan(year) & ~((year >= 1900) & (year <= 2100) & (year % 1 == 0)),
        texts["year"],
        "no year",
        where,
    )
    sex = texts["sex"].str.lower()
    _refuse(~sex.isin([*SEXES, ""]), texts["sex"], "no sex (female, male)", where)
    age, age_why = _ages(texts, why, where)
    forms, forms_why = _forms(texts, why, known, where)
    cells = pd.DataFrame(
        {
            "year": pd.array(np.where(np.isnan(year), -1, year).astype(int)),
            "sex": sex,
            "age": age,
        }
    )
    cells["year"] = cells["year"].where(~np.isnan(year))
    for role in ("country", "programme", "citizenship"):
        cells[role] = texts.get(role, "")
    of = pd.DataFrame(
        {
            "year": why["year"],
            "country": why["country"],
            "sex": why["sex"],
            "age": age_why,
        }
    )
    return pd.concat([cells[list(CELL)], forms], axis=1), pd.concat(
        [of, forms_why], axis=1
    )


def _ages(
    texts: pd.DataFrame, why: pd.DataFrame, where: str
) -> tuple[pd.Series, pd.Series]:
    """Return adult, child or "", by majority status and, where that is unknown, by age;
    and why unknown.
    """
    none = pd.Series("", texts.index)
    status, age = texts.get("majority", none).str.lower(), texts.get("age", none)
    _refuse(
        ~status.isin([*AGES, ""]), status, "no majority status (adult, child)", where
    )
    by_age = age.map({text: _adult(text) for text in age.unique()})
    _refuse(by_age == "?", age, "no age", where)
    apart = status.isin(AGES) & by_age.isin(AGES) & (status != by_age)
    found = status.where(status != "", by_age.where(by_age.isin(AGES), "")).where(
        ~apart, ""
    )
    reasons = why.get("majority", none).where(
        lambda told: told != "", why.get("age", none)
    )
    reasons = reasons.where(by_age != "both", "the age band holds children and adults")
    return found, reasons.where(~apart, "age and majority status disagree").where(
        found == "", ""
    )


def _adult(text: str) -> str:
    """Return adult, child, both (a band about 18), "" for "" and ? for what is no
    age.
    """
    if text.lower() in (*AGES, ""):
        return text.lower()
    try:
        band = parse_band(text.replace("--", "-"))
    except UncountedError:
        return "?"
    return "adult" if band.lower >= ADULT else "child" if band.end <= ADULT else "both"


def _forms(
    texts: pd.DataFrame, why: pd.DataFrame, known: Layout, where: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a column of 1, 0 and <NA> for each form, from columns or from one that
    names them, and why unknown.
    """
    if "form" in known.columns:
        listed = (
            texts["form"]
            .str.split("+")
            .map(lambda parts: {part.strip() for part in parts} - {""})
        )
        names = sorted(set().union(*listed))
        told = pd.DataFrame(
            {
                form: listed.map(lambda have, form=form: "1" if form in have else "0")
                for form in names
            }
        )
        told = told.where(texts["form"] != "", "")
        reasons = pd.DataFrame(dict.fromkeys(names, why["form"]))
    else:
        told, reasons = texts[list(known.forms)], why[list(known.forms)]
    for form in told:
        _refuse(
            ~told[form].isin(["1", "0", ""]),
            told[form],
            f"neither 1 nor 0 for '{form}'",
            where,
        )
    return told.replace({"": None}).astype("Int8"), reasons


def _people(raw: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {"count": raw["registered"].astype(float), "below": np.nan, "noise_sd": 0.0}
    )


def _counts(
    texts: pd.DataFrame, suppressed: Mapping[str, int], noise_sd: float, where: str
) -> pd.DataFrame:
    told = texts["count"]
    below = pd.Series([_below(text, suppressed) for text in told], told.index)
    sd = pd.Series(noise_sd, told.index, dtype=float)
    if "noise_sd" in texts:
        sd = pd.Series(numbers(texts["noise_sd"]), told.index).fillna(noise_sd)
    count = pd.Series(numbers(told.where(below.isna(), "0")), told.index)
    _refuse(~(np.isfinite(sd) & (sd >= 0)), told, "no sd of its noise", where)
    whole = (sd > 0) | ((count >= 0) & (count % 1 == 0))
    _refuse(~np.isfinite(count) | ~whole, told, "no whole count from 0", where)
    _refuse(below < 2, told, "a suppressed count below 2", where)
    return pd.DataFrame(
        {"count": count, "below": below, "noise_sd": sd.where(below.isna(), 0.0)}
    )


def _below(text: str, suppressed: Mapping[str, int]) -> float:
    match = SUPPRESSED.fullmatch(text)
    return float(match[1] if match else suppressed.get(text, np.nan))


def _refuse(
    wrong: pd.Series | np.ndarray, texts: pd.Series, what: str, where: str
) -> None:
    wrong = np.asarray(wrong, bool)
    if wrong.any():
        seen = ", ".join(f"'{text}'" for text in sorted(set(texts[wrong]))[:5])
        raise UncountedError(
            f"{where} have {what} in {int(wrong.sum())} row(s): {seen}. Mend them, or"
            " say in values={…} or unknown={…} what they mean."
        )


def _check_once(raw: pd.DataFrame, cell: list[str], where: str) -> None:
    twice = raw.loc[(raw["registered"] > 1) | raw.duplicated(cell), cell]
    if len(twice):
        first = ", ".join(
            str(value) for value in twice.iloc[0] if isinstance(value, str)
        )
        raise UncountedError(
            f"{where} have {len(twice)} cell(s) more than once, as {first}. Keep each"
            " once."
        )


def _ledger(why: pd.DataFrame, counts: pd.DataFrame) -> pd.DataFrame:
    """Return how many rows and registrations lack what, and why: columns column,
    reason, rows, registrations.
    """
    size = counts["count"].where(counts["below"].isna(), 1.0)
    told = [
        pd.DataFrame(
            {"column": column, "reason": why[column], "rows": 1, "registrations": size}
        )[why[column] != ""]
        for column in why
    ]
    return (
        pd.concat(told).groupby(["column", "reason"], sort=False, as_index=False).sum()
    )
