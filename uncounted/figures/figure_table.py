"""Figures: a table of published survey estimates, read through its card into one
schema.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from uncounted.errors import UncountedError
from uncounted.figures.figure_card import (
    LOGIT,
    NUMBERS,
    TEXT,
    UNITS,
    SurveyCard,
)
from uncounted.figures.identity import distinct
from uncounted.figures.inversion import common_method, effective_n
from uncounted.figures.ledger import Ledger
from uncounted.figures.plausibility import impossible
from uncounted.figures.readings import Cells
from uncounted.figures.shrinkage import shrunk_n
from uncounted.glance import glance
from uncounted.world.population import EVERYBODY
from uncounted.world.table import one_code

# half a printed digit, as a proportion; 0: exact
HALVES = ["half_estimate", "half_se", "half_bound"]
# what the bounds tell (`inversion.effective_n`)
INTERVAL = ["n_interval", "interval_width", "interval_method"]
SEXES = ["female", "male", "both"]
CELL = ["sex", "age"]
# with CELL: which figure a row is
ASKED = ["survey", "country", "source", "year", "definition", "window"]
# what a table without these columns says
DEFAULTS = {
    "sex": "both",
    "age": "all",
    "source": "",
    "kind": "",
    "definition": "",
    "series": "",
}
COUNTS = ["n", "n_weighted", "deff", "respondents", "cases", "psus"]
DECIMALS = 6  # a number printed with more is computed, not rounded
DETERMINED = 0.1  # largest error of log n by the printed digits
NO_WIDTH = "bounds without width: effective respondents of other figures of the table"
UNCERTAIN = ", which its printed digits leave uncertain by a tenth or more"
FEW = 10  # whole numbers that may be whole by chance


@dataclass(frozen=True)
class Figures:
    """Published estimates of one outcome or more: `tables[outcome]`, one row per survey
    × sex × age.

    Columns: survey (of one country and kind of source, `identity.distinct`), series,
    country (ISO 3166 alpha-3), year, until, source (group of sources), kind, sex
    (female, male, both), age (a band or "all"), the card's further traits of persons (a
    level or "all"), estimate, se, lower and upper (proportions), n, n_weighted, deff,
    psus; missing is NaN. respondents and cases are counted, where n is another size
    that the SE or deff is of. HALVES are half of the last printed digit, INTERVAL what
    the bounds tell. A figure without an estimate, such as a suppressed cell, stays in
    the table. `ledgers[outcome]` holds the rows that were repaired on reading, and
    their footnotes. readings: how cells were read that were not read as they stand
    (`readings.HEADINGS`). toml: the card of a table that had none.
    """

    name: str
    card: SurveyCard
    tables: dict[str, pd.DataFrame]
    ledgers: dict[str, Ledger]
    digest: str
    readings: pd.DataFrame = field(default_factory=pd.DataFrame)
    toml: str = ""

    def __repr__(self) -> str:
        card = self.card
        table = next(iter(self.tables.values()))
        surveys = table["survey"].nunique()
        countries = table["country"].nunique()
        years = table["year"]
        return glance(
            card.title,
            f"{', '.join(self.tables)}: {surveys:,} surveys of {countries} countries,"
            f" {years.min()}–{years.max()}, {len(table):,} figures",
            ", ".join(filter(None, (card.publisher, card.licence))),
        )


def canonical(
    cells: Cells, card: SurveyCard, where: str
) -> tuple[pd.DataFrame, Ledger]:
    """Return the figures of an outcome in one schema, sorted, and their ledger; raises
    UncountedError with all faults of the table, `where`.
    """
    table = cells.texts.copy()
    for word, text in DEFAULTS.items():
        if word not in table:
            table[word] = text
    rows = _numeric(table, cells.halves, card)
    rows = rows.replace({trait: {"": EVERYBODY} for trait in card.traits})
    rows["country"] = one_code(rows["country"])
    rows["footnote"] = cells.footnotes
    kinds: dict[str, str] = {}
    for kind, names in card.sources.items():
        kinds |= dict.fromkeys(names, kind)
    rows["source"] = [kinds.get(name, "other") for name in rows["source"]]
    rows = _with_intervals(rows, card)
    _refuse(rows, card, where)
    rows["year"] = rows["year"].astype(int)
    rows = distinct(rows, [*CELL, *card.traits])
    order = ["country", "year", "survey", *CELL, *card.traits]
    rows = rows.sort_values(order, kind="stable", ignore_index=True)
    ledger = _interval_ledger(rows)
    for note, lines in rows.groupby("footnote", sort=True):
        if note:
            ledger = ledger.add(lines, "noted", f"footnote: {note}")
    return rows.drop(columns="footnote"), ledger


def _numeric(
    table: pd.DataFrame,
    halves: pd.Series,
    card: SurveyCard,
) -> pd.DataFrame:
    """Return the table with its numbers as proportions and half a printed digit of each
    kind of number; halves: of estimates that leave more open.
    """
    values = {}
    for column in NUMBERS:
        texts = table.get(column, pd.Series("", table.index))
        values[column] = pd.to_numeric(texts.replace("", None)).astype(float)
    rows = table[[*TEXT, *card.traits]].assign(**values)
    scale = UNITS[card.unit]
    bounds = ["estimate", "lower", "upper"]
    rows[bounds] = rows[bounds] / scale
    rows["se"] = _standard_errors(rows, card)
    printed = table.loc[halves == 0]
    half_bound = _half_digit(printed, bounds) / scale
    half_estimate = half_bound
    if card.rounded is not None:
        half_estimate = 0.5 * 10.0**-card.rounded / scale
    se_scale = UNITS.get(card.se_unit or card.unit, np.inf)
    return rows.assign(
        half_estimate=np.maximum(half_estimate, halves / scale),
        half_se=_half_digit(printed, ["se"]) / se_scale,
        half_bound=half_bound,
    )


def _standard_errors(
    rows: pd.DataFrame,
    card: SurveyCard,
) -> pd.Series:
    if card.se_unit == LOGIT:
        return rows["se"] * rows["estimate"] * (1 - rows["estimate"])
    return rows["se"] / UNITS[card.se_unit or card.unit]


def _half_digit(
    table: pd.DataFrame,
    columns: Sequence[str],
) -> float:
    """Return half of the last digit that columns are printed to, by the most decimals
    that any of their texts has.

    Spreadsheets drop zeros at the end, so one text alone doesn't show it, nor do a FEW
    whole numbers. 0 where numbers aren't known to be rounded.
    """
    texts = [table[column].astype("str") for column in columns if column in table]
    if not texts:
        return 0.0
    numerals = pd.concat(texts)
    numerals = numerals[numerals.str.contains(r"\d", regex=True)]
    plain = numerals.str.fullmatch(r"[+-]?\d*[.]?\d*").all()
    point = numerals.str.find(".")
    fractions = (numerals.str.len() - point - 1).where(point >= 0, 0)
    shown = len(numerals) >= FEW or fractions.gt(0).any()
    if numerals.empty or not plain or not shown or fractions.max() > DECIMALS:
        return 0.0
    return 0.5 * 10.0 ** -float(fractions.max())


def _with_intervals(
    rows: pd.DataFrame,
    card: SurveyCard,
) -> pd.DataFrame:
    """Add what the bounds of figures without a SE tell of their effective respondents.

    An unknown method is taken to be one for the whole table, if one fits nearly all
    rows. In a table of many figures, those of few digits borrow from others of the same
    breakdown (`shrunk_n`); so do zeros without n whose bounds are both printed as 0.
    """
    bounds = rows[["estimate", "lower", "upper"]].to_numpy(float, copy=True)
    needed = rows["se"].isna() & np.isfinite(bounds).all(axis=1)
    bounds[~needed | (rows["upper"] < rows["lower"])] = np.nan
    half_bound = rows["half_bound"].to_numpy(float)
    digits = (rows["half_estimate"].to_numpy(float), half_bound, half_bound)
    method = card.interval_method
    if method == "unknown":
        method = common_method(
            *bounds.T,
            level=card.interval,
            digits=digits,
        )
    inverted = effective_n(
        *bounds.T,
        level=card.interval,
        method=method,
        digits=digits,
    )
    finite = np.isfinite(inverted.n)
    certain = rows["estimate"].isin([0, 1]) & rows["n"].isna()
    borrowing = (needed & (finite | certain)).to_numpy()
    by_sex, by_age = rows["sex"] != "both", rows["age"] != "all"
    breakdown = (by_sex + 2 * by_age).to_numpy()
    n = inverted.n.copy()
    for kind in range(4):
        members = borrowing & (breakdown == kind)
        if np.count_nonzero(finite & members) >= FEW:
            n[members] = shrunk_n(n[members], inverted.width[members])
    return rows.assign(
        n_interval=n,
        interval_width=inverted.width,
        interval_method=inverted.method,
    )


def _interval_ledger(rows: pd.DataFrame) -> Ledger:
    ledger = Ledger()
    repaired = rows.loc[rows["n_interval"].notna()]
    determined = repaired["interval_width"] < DETERMINED
    kinds = repaired.groupby(["interval_method", determined], sort=True)
    for (method, digits_suffice), lines in kinds:
        why = NO_WIDTH
        if method:
            why = f"effective respondents from its interval ({method})"
            if not digits_suffice:
                why += UNCERTAIN
        ledger = ledger.add(lines, "repaired", why)
    return ledger


def _refuse(
    rows: pd.DataFrame,
    card: SurveyCard,
    where: str,
) -> None:
    """Refuse what no repair may touch, all of it at once: the analyst must look."""
    faults = _faults(rows) | ambiguous(rows, card.traits)
    sentences = [
        f"{fault} in {_lines(bad)}" for fault, bad in faults.items() if bad.any()
    ]
    if sentences:
        raise UncountedError(f"{where} has {'; '.join(sentences)}. Mend the table.")
    numbered = rows.set_index(rows.index + 1)
    figures = impossible(numbered, card.unit, card.se_unit)
    if figures:
        listed = "\n".join(f"  {sentence}" for sentence in figures)
        raise UncountedError(
            f"{where} has figures that cannot be what they say. Mend the table, or its"
            f" card:\n{listed}"
        )


def _faults(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """Return which rows have a number that cannot be, by fault."""
    estimate, lower, upper = rows["estimate"], rows["lower"], rows["upper"]
    year, until = rows["year"], rows["until"]
    too_low, too_high = lower > estimate + 1e-6, upper < estimate - 1e-6
    broken_year = (until % 1 != 0) & until.notna()
    return {
        "a prevalence outside 0–1 after the card's unit": (
            (estimate < 0) | (estimate > 1)
        ),
        "a negative standard error, count or design effect": (
            (rows[["se", *COUNTS]] < 0).any(axis=1)
        ),
        "an upper bound below its lower": upper < lower,
        "an interval that does not hold its estimate": too_low | too_high,
        "no year, or one that is not whole": year.isna() | (year % 1 != 0),
        "fieldwork until a year that is not whole, or before it began": (
            (until < year) | broken_year
        ),
        "no survey or no country": (rows["survey"] == "") | (rows["country"] == ""),
    }


def _lines(bad: pd.Series) -> str:
    lines = bad.index[bad] + 1
    listed = ", ".join(map(str, lines[:8]))
    if len(lines) > 8:
        listed += f" and {len(lines) - 8} more"
    return f"{len(lines)} row(s), at line {listed}"


def ambiguous(
    rows: pd.DataFrame,
    traits: Sequence[str] = (),
) -> dict[str, pd.Series]:
    """Return which rows are about unknown persons, or would count the same respondents
    twice, by fault.
    """
    key = [column for column in ASKED if column in rows]
    repeated = rows.duplicated([*key, *CELL, *traits], keep=False)
    cell = ", ".join(["survey", "sex", *traits])
    return {
        "a sex that is not female, male or both": ~rows["sex"].isin(SEXES),
        f"the same {cell} and age twice": repeated,
    }
