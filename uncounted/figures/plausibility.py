"""Plausibility: published figures whose error, bounds or cases cannot be those of their
estimate and respondents.
"""

import numpy as np
import pandas as pd

from uncounted.figures.figure_card import LOGIT, UNITS

# possible design effects: those of 15,134 real figures with n and SE lie within 0.14
# and 74
LEAST = 0.1
MOST = 100.0
USUAL = (0.3, 20.0)  # another unit of the SE is suggested where its effect is in these
LIKELY = 1.5  # where several units do, the one nearest to this is
ODDS = 4.0  # weights rarely move the odds of a share of cases by more than this
SPREAD = 5.0  # sds of the number of cases, at twice the binomial's variance
LISTED = 8  # rows that a sentence lists
POSSIBLE = f"{LEAST:g} to {MOST:g} are possible."


def impossible(
    rows: pd.DataFrame,
    unit: str,
    se_unit: str,
) -> list[str]:
    """Return a sentence for each figure that cannot be; rows: a table of figures,
    indexed by line of its file.

    Design effects that the SE implies are those of some value that rounds to the
    printed SE and estimate; outside LEAST to MOST they are impossible, as are a SE that
    implies less than one respondent, more cases than respondents, and cases that
    contradict the estimate: odds ODDS times as high or low, and beyond SPREAD sds of
    sampling.
    """
    sentences = [
        *_of_errors(rows, unit, se_unit),
        *_of_intervals(rows),
        *_of_cases(rows),
    ]
    unlisted = len(sentences) - LISTED
    if unlisted > 0:
        sentences[LISTED:] = [f"… and {unlisted} more figures like these."]
    return sentences


def design_effect_range(rows: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return the least and the largest design effect that a row's SE can imply, its
    last printed digits allowed for.
    """
    smallest, greatest = _variance_range(rows)
    least_error = (rows["se"] - rows["half_se"]).clip(lower=0)
    largest_error = rows["se"] + rows["half_se"]
    with np.errstate(divide="ignore"):
        least = rows["n"] * least_error**2 / greatest
        largest = rows["n"] * largest_error**2 / smallest
    return least, largest


def _variance_range(rows: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return the least and the largest p(1−p) of the values that round to the printed
    estimate.
    """
    lower = (rows["estimate"] - rows["half_estimate"]).clip(0, 1)
    upper = (rows["estimate"] + rows["half_estimate"]).clip(0, 1)
    ends = pd.concat([lower * (1 - lower), upper * (1 - upper)], axis=1)
    around_half = (lower <= 0.5) & (upper >= 0.5)
    return ends.min(axis=1), ends.max(axis=1).mask(around_half, 0.25)


def _of_errors(
    rows: pd.DataFrame,
    unit: str,
    se_unit: str,
) -> list[str]:
    p = rows["estimate"]
    inner = (p > 0) & (p < 1) & (rows["se"] > 0)
    with_n = rows["n"] > 0
    least, largest = design_effect_range(rows)
    # a single case of little weight has p̂ = w and V̂ ≈ w², so a design effect of n p̂,
    # its number of cases
    cases = rows["n"] * np.minimum(p, 1 - p)
    too_small = largest < LEAST * cases.clip(upper=1)
    outside = inner & with_n & (too_small | (least > MOST))
    unsized = inner & ~with_n & rows["n_weighted"].isna()
    nobody = unsized & (_largest_n(rows) < 1)
    sentences = []
    for _, row in rows.loc[outside].iterrows():
        sentences.append(_error_sentence(row, unit, se_unit))
    for _, row in rows.loc[nobody].iterrows():
        sentences.append(_nobody_sentence(row, unit, se_unit))
    declared = (rows["deff"] < LEAST) | (rows["deff"] > MOST)
    for _, row in rows.loc[declared].iterrows():
        sentences.append(
            f"{_which(row)}: a design effect of {row['deff']:.3g} is published;"
            f" {POSSIBLE}"
        )
    return sentences


def _largest_n(rows: pd.DataFrame) -> pd.Series:
    """Return the most effective respondents that a SE without n can imply, its last
    printed digits allowed for.
    """
    _, greatest = _variance_range(rows)
    least_error = (rows["se"] - rows["half_se"]).clip(lower=0)
    with np.errstate(divide="ignore"):
        return greatest / least_error**2


def _error_sentence(
    row: pd.Series,
    unit: str,
    se_unit: str,
) -> str:
    p = row["estimate"]
    implied = row["se"] ** 2 * row["n"] / (p * (1 - p))
    effective = row["n"] / implied
    hint = _unit_hint(row, implied, unit, se_unit)
    return (
        f"{_which(row)}: its SE and n = {row['n']:,.0f} imply a design effect of"
        f" {implied:.2g}, so {effective:,.0f} effective respondents; {POSSIBLE}{hint}"
    )


def _nobody_sentence(
    row: pd.Series,
    unit: str,
    se_unit: str,
) -> str:
    p = row["estimate"]
    implied = p * (1 - p) / row["se"] ** 2
    hint = _unit_hint(
        row,
        1 / implied,
        unit,
        se_unit,
        respondents=True,
    )
    return (
        f"{_which(row)}: its SE implies {implied:.2g} effective respondents, less"
        f" than one.{hint}"
    )


def _unit_hint(
    row: pd.Series,
    implied: float,
    unit: str,
    se_unit: str,
    respondents: bool = False,
) -> str:
    """Return which other unit of the SE would make its design effect usual, as ' If
    …'.
    """
    unit_read = se_unit or unit
    p = row["estimate"]
    if unit_read == LOGIT:
        printed = row["se"] / (p * (1 - p))
    else:
        printed = row["se"] * UNITS[unit_read]
    hints: dict[float, str] = {}
    for candidate in [*UNITS, LOGIT]:
        if candidate == unit_read:
            continue
        if candidate == LOGIT:
            error = printed * p * (1 - p)
        else:
            error = printed / UNITS[candidate]
        effect = implied * (error / row["se"]) ** 2
        if respondents:
            usual = effect < 0.1
            distance = 0.0
            result = f"{1 / effect:,.0f} effective respondents"
        else:
            usual = USUAL[0] <= effect <= USUAL[1]
            distance = abs(np.log(effect / LIKELY))
            result = f"a design effect of {effect:.2g}"
        if usual:
            hints[distance] = (
                f' If it is in unit "{candidate}", write se_unit = "{candidate}" on the'
                f" card: it gives {result}."
            )
    return hints[min(hints)] if hints else ""


def _of_intervals(rows: pd.DataFrame) -> list[str]:
    """Return sentences on bounds that imply design effects which can't be, half a
    printed digit allowed for.
    """
    with_n = rows["se"].isna() & (rows["n"] > 0) & (rows["n_interval"] > 0)
    implied = rows["n"] / rows["n_interval"]
    slack = 1 + rows["interval_width"].fillna(np.inf)
    too_small, too_large = implied * slack < LEAST, implied / slack > MOST
    outside = with_n & (too_small | too_large)
    sentences = []
    for _, row in rows.loc[outside].iterrows():
        n, effective = row["n"], row["n_interval"]
        sentences.append(
            f"{_which(row)}: its interval and n = {n:,.0f} imply a design effect of"
            f" {n / effective:.2g}, so {effective:,.0f} effective respondents;"
            f" {POSSIBLE} Look whether bounds, estimate and n are of the same persons"
            " and unit."
        )
    return sentences


def _of_cases(rows: pd.DataFrame) -> list[str]:
    persons = rows["respondents"].fillna(rows["n"])
    cases = rows["cases"]
    too_many = cases > persons + 0.5
    sentences = []
    for index, row in rows.loc[too_many].iterrows():
        sentences.append(
            f"{_which(row)}: {cases[index]:,.0f} cases are more than its"
            f" {persons[index]:,.0f} respondents."
        )
    contrary = ~too_many & _contradict(rows, persons, cases)
    for index, row in rows.loc[contrary].iterrows():
        share = cases[index] / persons[index]
        sentences.append(
            f"{_which(row)}: {cases[index]:,.0f} cases of {persons[index]:,.0f}"
            f" respondents are {share:.3g}, and its estimate is"
            f" {row['estimate']:.3g}."
        )
    return sentences


def _contradict(
    rows: pd.DataFrame,
    persons: pd.Series,
    cases: pd.Series,
) -> pd.Series:
    """Say which rows have cases that sampling and weights can't reconcile with the
    estimate.
    """
    least = (rows["estimate"] - rows["half_estimate"]).clip(0, 1)
    largest = (rows["estimate"] + rows["half_estimate"]).clip(0, 1)
    share = (cases / persons).clip(0, 1)
    nearest = share.clip(lower=least, upper=largest)
    expected = persons * nearest
    spread = np.sqrt(2 * expected * (1 - nearest))
    beyond = (cases - expected).abs() > SPREAD * spread + 1
    odds = nearest * (1 - share)
    own_odds = share * (1 - nearest)
    apart = (own_odds > ODDS * odds) | (odds > ODDS * own_odds)
    without_cases = (cases == 0) & (least > 0) & (expected > 5)
    return (beyond & apart) | without_cases


def _which(row: pd.Series) -> str:
    return (
        f"line {row.name}, survey '{row['survey']}' of {row['country']}"
        f" ({row['year']:.0f}, {row['sex']}, {row['age']})"
    )
