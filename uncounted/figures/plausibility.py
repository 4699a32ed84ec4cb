"""Plausibility: published figures whose error, bounds or cases cannot be those of their
estimate and respondents.
"""

import numpy as np
import pandas as pd

from uncounted.figures.figure_card import LOGIT, UNITS

LEAST, MOST = (
    0.1,
    100.0,
)  # design effects: 15,134 real figures with n and SE lie within 0.14 and 74
USUAL = (
    0.3,
    20.0,
)  # a unit of the SE is suggested where it gives a design effect within these
LIKELY = 1.5  # where several units do, the one nearest to this is
ODDS = 4.0  # weights rarely move the odds of a share of cases by more than this
SPREAD = 5.0  # sds of the number of cases, at twice the binomial's variance
LISTED = 8  # rows that a sentence lists


def impossible(rows: pd.DataFrame, unit: str, se_unit: str) -> list[str]:
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
    if len(sentences) > LISTED:
        more = f"… and {len(sentences) - LISTED} more figures like these."
        return [*sentences[:LISTED], more]
    return sentences


def design_effect_range(rows: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return the least and the largest design effect that a row's SE can imply, its
    last printed digits allowed for.
    """
    low, high = _variance_range(rows)
    least_error = (rows["se"] - rows["half_se"]).clip(lower=0)
    largest_error = rows["se"] + rows["half_se"]
    with np.errstate(divide="ignore"):
        return rows["n"] * least_error**2 / high, rows["n"] * largest_error**2 / low


def _variance_range(rows: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return the least and the largest p(1−p) of the values that round to the printed
    estimate.
    """
    lower = (rows["estimate"] - rows["half_estimate"]).clip(0, 1)
    upper = (rows["estimate"] + rows["half_estimate"]).clip(0, 1)
    ends = pd.concat([lower * (1 - lower), upper * (1 - upper)], axis=1)
    around_half = (lower <= 0.5) & (upper >= 0.5)
    return ends.min(axis=1), ends.max(axis=1).mask(around_half, 0.25)


def _of_errors(rows: pd.DataFrame, unit: str, se_unit: str) -> list[str]:
    least, largest = design_effect_range(rows)
    inner = (rows["estimate"] > 0) & (rows["estimate"] < 1) & (rows["se"] > 0)
    known = inner & (rows["n"] > 0)
    # a single case of little weight has p̂ = w and V̂ ≈ w², so a design effect of n p̂,
    # its number of cases
    cases = rows["n"] * np.minimum(rows["estimate"], 1 - rows["estimate"])
    outside = known & ((largest < LEAST * cases.clip(upper=1)) | (least > MOST))
    nobody = (
        inner & ~(rows["n"] > 0) & (rows["n_weighted"].isna()) & (least_n(rows) < 1)
    )
    sentences = [
        _error_sentence(row, unit, se_unit) for _, row in rows.loc[outside].iterrows()
    ]
    for _, row in rows.loc[nobody].iterrows():
        implied = row["estimate"] * (1 - row["estimate"]) / row["se"] ** 2
        hint = _unit_hint(row, 1 / implied, unit, se_unit, respondents=True)
        sentences.append(
            f"{_which(row)}: its SE implies {implied:.2g} effective respondents, less"
            f" than one.{hint}"
        )
    declared = (rows["deff"] < LEAST) | (rows["deff"] > MOST)
    sentences += [
        f"{_which(row)}: a design effect of {row['deff']:.3g} is published; {LEAST:g}"
        f" to {MOST:g} are possible."
        for _, row in rows.loc[declared].iterrows()
    ]
    return sentences


def least_n(rows: pd.DataFrame) -> pd.Series:
    """Return the most effective respondents that a SE without n can imply, its last
    printed digits allowed for.
    """
    _, high = _variance_range(rows)
    least_error = (rows["se"] - rows["half_se"]).clip(lower=0)
    with np.errstate(divide="ignore"):
        return high / least_error**2


def _error_sentence(row: pd.Series, unit: str, se_unit: str) -> str:
    p = row["estimate"]
    implied = row["se"] ** 2 * row["n"] / (p * (1 - p))
    effective = row["n"] / implied
    hint = _unit_hint(row, implied, unit, se_unit)
    return (
        f"{_which(row)}: its SE and n = {row['n']:,.0f} imply a design effect of"
        f" {implied:.2g}, so {effective:,.0f} effective respondents; {LEAST:g} to"
        f" {MOST:g} are possible.{hint}"
    )


def _unit_hint(
    row: pd.Series, implied: float, unit: str, se_unit: str, respondents: bool = False
) -> str:
    """Return which other unit of the SE would make its design effect usual, as ' If
    …'.
    """
    read_as = se_unit or unit
    p = row["estimate"]
    printed = (
        row["se"] * UNITS[read_as] if read_as != LOGIT else row["se"] / (p * (1 - p))
    )
    hints: dict[float, str] = {}
    for other in [*UNITS, LOGIT]:
        error = printed * p * (1 - p) if other == LOGIT else printed / UNITS[other]
        effect = implied * (error / row["se"]) ** 2
        usual = effect < 0.1 if respondents else USUAL[0] <= effect <= USUAL[1]
        if other != read_as and usual:
            result = (
                f"{1 / effect:,.0f} effective respondents"
                if respondents
                else f"a design effect of {effect:.2g}"
            )
            hint = (
                f' If it is in unit "{other}", write se_unit = "{other}" on the card:'
                f" it gives {result}."
            )
            hints[0.0 if respondents else abs(np.log(effect / LIKELY))] = hint
    return hints[min(hints)] if hints else ""


def _of_intervals(rows: pd.DataFrame) -> list[str]:
    """Return sentences on bounds that imply design effects which can't be, half a
    printed digit allowed for.
    """
    known = rows["se"].isna() & (rows["n"] > 0) & (rows["n_interval"] > 0)
    implied = rows["n"] / rows["n_interval"]
    slack = 1 + rows["interval_width"].fillna(np.inf)
    outside = known & ((implied * slack < LEAST) | (implied / slack > MOST))
    return [
        f"{_which(row)}: its interval and n = {row['n']:,.0f} imply a design effect of"
        f" {row['n'] / row['n_interval']:.2g}, so {row['n_interval']:,.0f} effective"
        f" respondents; {LEAST:g} to {MOST:g} are possible. Look whether bounds,"
        " estimate and n are of the same persons and unit."
        for _, row in rows.loc[outside].iterrows()
    ]


def _of_cases(rows: pd.DataFrame) -> list[str]:
    persons = rows["respondents"].fillna(rows["n"])
    cases = rows["cases"]
    over = cases > persons + 0.5
    sentences = [
        f"{_which(row)}: {row['cases']:,.0f} cases are more than its"
        f" {persons[index]:,.0f} respondents."
        for index, row in rows.loc[over].iterrows()
    ]
    contrary = ~over & _contradict(
        rows["estimate"], rows["half_estimate"], persons, cases
    )
    sentences += [
        f"{_which(row)}: {row['cases']:,.0f} cases of {persons[index]:,.0f} respondents"
        f" are {row['cases'] / persons[index]:.3g}, and its estimate is"
        f" {row['estimate']:.3g}."
        for index, row in rows.loc[contrary].iterrows()
    ]
    return sentences


def _contradict(
    p: pd.Series, half: pd.Series, persons: pd.Series, cases: pd.Series
) -> pd.Series:
    share = (cases / persons).clip(0, 1)
    nearest = share.clip(lower=(p - half).clip(0, 1), upper=(p + half).clip(0, 1))
    spread = np.sqrt(2 * persons * nearest * (1 - nearest))
    far = (cases - persons * nearest).abs() > SPREAD * spread + 1
    odds, own_odds = nearest * (1 - share), share * (1 - nearest)
    apart = (own_odds > ODDS * odds) | (odds > ODDS * own_odds)
    none = (cases == 0) & (p - half > 0) & (persons * nearest > 5)
    return (far & apart) | none


def _which(row: pd.Series) -> str:
    return (
        f"line {row.name}, survey '{row['survey']}' of {row['country']}"
        f" ({row['year']:.0f}, {row['sex']}, {row['age']})"
    )
