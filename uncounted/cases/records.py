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
from uncounted.glance import glance
from uncounted.interviews.column import identifier
from uncounted.interviews.files import open_source
from uncounted.interviews.source import Source, query
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
    simulated: whether the file says that it was made up.
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
        return float(_registrations(self.table).sum())

    def __repr__(self) -> str:
        years = self.table["year"]
        countries = self.table["country"].nunique()
        suppressed = int(self.table["below"].notna().sum())
        sentence = (
            f"{self.name}: {self.registrations:,.0f} registrations in"
            f" {countries} countries of exploitation,"
            f" {years.min()}–{years.max()}; forms {', '.join(self.forms)};"
            f" {suppressed:,} counts suppressed"
        )
        return glance(sentence, table=self.ledger)


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
    """Read victim records: a row for each person or, with a column `count`, counts by
    cell.

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
    if isinstance(source, str | Path):
        source = shipped(source)
    opened = open_source(source, ["*"])
    where = f"The victim records {opened.name}"
    roles = layout_of(layout, columns, forms, values, unknown)
    roles = roles.present(opened.columns, where)
    raw = _distinct_rows(opened, roles)
    texts, reasons = _words(raw, roles)
    cells, reasons = _cells(texts, reasons, roles, where)
    people = "count" not in roles.columns
    if people:
        counts = _one_each(raw)
    else:
        counts = _counts(texts, suppressed or {}, noise_sd, where)
        _check_once(raw, where)
    form_names = [str(column) for column in cells if column not in CELL]
    table = pd.concat([cells, counts], axis=1).sort_values(
        [*CELL, *form_names],
        ignore_index=True,
        kind="stable",
    )
    return Records(
        name=name or opened.name.strip("'"),
        forms=tuple(form_names),
        table=table,
        ledger=_ledger(reasons, counts),
        people=people,
        simulated=_simulated(opened),
    )


def _distinct_rows(opened: Source, layout: Layout) -> pd.DataFrame:
    """Return the distinct rows of the layout's roles, and how often each is there
    (`registered`).
    """
    columns = []
    for role, column in {**layout.columns, **layout.forms}.items():
        columns.append(f"{opened.columns[column].text} AS {identifier(role)}")
    sql = (
        f"SELECT {', '.join(columns)}, count(*) AS registered FROM {opened.scan} GROUP"
        " BY ALL"
    )
    return query(opened, sql).to_pandas()


def _simulated(opened: Source) -> bool:
    conditions = [
        f"contains(lower({opened.columns[name].text}), '{SIMULATED}')"
        for name in TOLD_IN
        if name in opened.columns
    ]
    if not conditions:
        return False
    sql = (
        f"SELECT bool_or(coalesce({' OR '.join(conditions)}, false)) AS simulated FROM"
        f" {opened.scan}"
    )
    return bool(query(opened, sql)["simulated"][0].as_py())


def _words(raw: pd.DataFrame, layout: Layout) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return every column as text in our words, "" where unknown, and the reason why it
    is unknown, "" where known.
    """
    texts = {}
    reasons = {}
    reason_of = {"": BLANK, **layout.unknown}
    for role in (*layout.columns, *layout.forms):
        column = raw[role].astype("object").where(raw[role].notna(), "").astype("str")
        reason = column.map(reason_of).fillna("").astype("str")
        words = _translated(column, layout.values.get(role, {}))
        texts[role] = words.where(reason == "", "")
        reasons[role] = reason
    return pd.DataFrame(texts), pd.DataFrame(reasons)


def _translated(column: pd.Series, words: Mapping[str, str]) -> pd.Series:
    translated = [words.get(text, text) for text in column]
    return pd.Series(translated, column.index, "str")


def _cells(
    texts: pd.DataFrame,
    reasons: pd.DataFrame,
    layout: Layout,
    where: str,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the columns CELL and the forms, and why each is unknown."""
    sex = texts["sex"].str.lower()
    year = _years(texts["year"], where)
    _refuse(~sex.isin([*SEXES, ""]), texts["sex"], "no sex (female, male)", where)
    age, age_reason = _ages(texts, reasons, where)
    forms, form_reasons = _forms(texts, reasons, layout, where)
    cells = pd.DataFrame(
        {
            "year": year,
            "sex": sex,
            "age": age,
        }
    )
    for role in ("country", "programme", "citizenship"):
        cells[role] = texts.get(role, "")
    reasons = reasons[["year", "country", "sex"]].assign(age=age_reason)
    return (
        pd.concat([cells[list(CELL)], forms], axis=1),
        pd.concat([reasons, form_reasons], axis=1),
    )


def _years(texts: pd.Series, where: str) -> pd.Series:
    """Return whole years, <NA> where unknown."""
    year = numbers(texts)
    possible = (year >= 1900) & (year <= 2100) & (year % 1 == 0)
    _refuse(~np.isnan(year) & ~possible, texts, "no year", where)
    return pd.Series(year, texts.index).astype("Int64")


def _ages(
    texts: pd.DataFrame,
    reasons: pd.DataFrame,
    where: str,
) -> tuple[pd.Series, pd.Series]:
    """Return adult, child or "", by majority status and, where that is unknown, by age;
    and why it is unknown.
    """
    blank = pd.Series("", texts.index)
    status = texts.get("majority", blank).str.lower()
    age = texts.get("age", blank)
    strange = ~status.isin([*AGES, ""])
    _refuse(strange, status, "no majority status (adult, child)", where)
    by_age = age.map({text: _adult(text) for text in age.unique()})
    _refuse(by_age == "?", age, "no age", where)
    settled = by_age.where(by_age.isin(AGES), "")
    disagree = status.isin(AGES) & by_age.isin(AGES) & (status != by_age)
    majority = status.where(status != "", settled).where(~disagree, "")
    reason = reasons.get("majority", blank)
    reason = reason.where(reason != "", reasons.get("age", blank))
    reason = reason.mask(by_age == "both", "the age band holds children and adults")
    reason = reason.mask(disagree, "age and majority status disagree")
    return majority, reason.where(majority == "", "")


def _adult(text: str) -> str:
    """Return adult, child, both (a band about 18), "" for "", and ? for what is no
    age.
    """
    if text.lower() in (*AGES, ""):
        return text.lower()
    try:
        band = parse_band(text.replace("--", "-"))
    except UncountedError:
        return "?"
    if band.lower >= ADULT:
        return "adult"
    return "child" if band.end <= ADULT else "both"


def _forms(
    texts: pd.DataFrame,
    reasons: pd.DataFrame,
    layout: Layout,
    where: str,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a column of 1, 0 and <NA> for each form, and why it is unknown."""
    if "form" in layout.columns:
        flags = _listed_forms(texts["form"])
        reasons = pd.DataFrame(dict.fromkeys(flags, reasons["form"]))
    else:
        flags = texts[list(layout.forms)]
        reasons = reasons[list(layout.forms)]
    for form in flags:
        strange = ~flags[form].isin(["1", "0", ""])
        _refuse(strange, flags[form], f"neither 1 nor 0 for '{form}'", where)
    return flags.replace({"": None}).astype("Int8"), reasons


def _listed_forms(texts: pd.Series) -> pd.DataFrame:
    """Return "1" or "0" for each form that texts such as "labour+sexual" name, ""
    where a text is blank.
    """
    listed = [{part.strip() for part in text.split("+")} - {""} for text in texts]
    flags = {}
    for form in sorted(set().union(*listed)):
        named = pd.Series([form in forms for forms in listed], texts.index)
        flags[form] = named.map({True: "1", False: "0"}).where(texts != "", "")
    return pd.DataFrame(flags)


def _one_each(raw: pd.DataFrame) -> pd.DataFrame:
    """Return counts of a file with a row for each person."""
    persons = raw["registered"].astype(float)
    return pd.DataFrame(
        {
            "count": persons,
            "below": np.nan,
            "noise_sd": 0.0,
        }
    )


def _counts(
    texts: pd.DataFrame,
    suppressed: Mapping[str, int],
    noise_sd: float,
    where: str,
) -> pd.DataFrame:
    published = texts["count"]
    limits = [_below(text, suppressed) for text in published]
    below = pd.Series(limits, published.index)
    count = pd.Series(numbers(published.where(below.isna(), "0")), published.index)
    sd = pd.Series(noise_sd, published.index, dtype=float)
    if "noise_sd" in texts:
        sd = pd.Series(numbers(texts["noise_sd"]), published.index).fillna(noise_sd)
    noisy = sd > 0
    is_count = (count >= 0) & (count % 1 == 0)
    wrong_sd = ~(np.isfinite(sd) & (sd >= 0))
    wrong_count = ~np.isfinite(count) | ~(noisy | is_count)
    _refuse(wrong_sd, published, "no sd of its noise", where)
    _refuse(wrong_count, published, "no whole count from 0", where)
    _refuse(below < 2, published, "a suppressed count below 2", where)
    sd = sd.where(below.isna(), 0.0)
    return pd.DataFrame(
        {
            "count": count,
            "below": below,
            "noise_sd": sd,
        }
    )


def _below(text: str, suppressed: Mapping[str, int]) -> float:
    match = SUPPRESSED.fullmatch(text)
    return float(match[1] if match else suppressed.get(text, np.nan))


def _registrations(counts: pd.DataFrame) -> pd.Series:
    """Return persons of every row, a suppressed count taken as one."""
    return counts["count"].where(counts["below"].isna(), 1.0)


def _refuse(
    wrong: pd.Series | np.ndarray,
    texts: pd.Series,
    fault: str,
    where: str,
) -> None:
    wrong = np.asarray(wrong, bool)
    if wrong.any():
        examples = sorted(set(texts[wrong]))[:5]
        listed = ", ".join(f"'{text}'" for text in examples)
        raise UncountedError(
            f"{where} have {fault} in {int(wrong.sum())} row(s): {listed}. Mend them,"
            " or say in values={…} or unknown={…} what they mean."
        )


def _check_once(raw: pd.DataFrame, where: str) -> None:
    cell = [role for role in raw if role not in (*COUNTS, "registered")]
    repeated = (raw["registered"] > 1) | raw.duplicated(cell)
    twice = raw.loc[repeated, cell]
    if len(twice):
        texts = [value for value in twice.iloc[0] if isinstance(value, str)]
        raise UncountedError(
            f"{where} have {len(twice)} cell(s) more than once, as {', '.join(texts)}."
            " Keep each once."
        )


def _ledger(reasons: pd.DataFrame, counts: pd.DataFrame) -> pd.DataFrame:
    """Return how many rows and registrations lack a column's value, and why: column,
    reason, rows, registrations.
    """
    long = reasons.melt(var_name="column", value_name="reason")
    long["rows"] = 1
    long["registrations"] = np.tile(_registrations(counts), reasons.shape[1])
    unknown = long[long["reason"] != ""]
    groups = unknown.groupby(
        ["column", "reason"],
        sort=False,
        as_index=False,
    )
    return groups.sum()
