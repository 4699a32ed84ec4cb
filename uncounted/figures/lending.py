"""Lending: the errors that figures without any get from others of their country."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from uncounted.figures.ledger import Ledger
from uncounted.figures.survey_total import is_total


def lent(
    rows: pd.DataFrame,
    traits: Sequence[str],
    ledger: Ledger,
) -> tuple[pd.DataFrame, Ledger]:
    """Give figures with neither n nor an error of their own what others of their
    country show.

    A survey's total gets the largest SE, on the logit scale, of its country's totals,
    else the median of the countries' largest, as UN family planning estimates do
    [Alkema et al. 2013, appendix]; a total of 0 or 100 % the effective respondents that
    such a SE means, the fewest of its country's totals. A 0 or 100 % beside which a SE
    is printed, made by a rule that nobody declares, gets the median effective
    respondents of its country's figures, else of all.
    """
    variance = rows["estimate"] * (1 - rows["estimate"])
    effective = rows["n_interval"].fillna(variance / rows["se"] ** 2)
    by_rule = _lent_n(
        effective,
        rows["country"],
        "median",
    ).where(rows["beside_zero"])
    why = (
        "a SE beside 0 or 100 %: the median effective n of its country's figures, else"
        " of all"
    )
    ledger = ledger.add(rows[by_rule.notna()], "repaired", why)
    se, n = _lent_to_totals(rows, effective, is_total(rows, traits))
    why = "neither n nor SE: the country's largest SE, else the median of the largest"
    ledger = ledger.add(rows[se.notna() | n.notna()], "repaired", why)
    n_interval = rows["n_interval"].fillna(by_rule).fillna(n)
    return rows.assign(
        se=rows["se"].fillna(se),
        n_interval=n_interval,
    ), ledger


def _lent_to_totals(
    rows: pd.DataFrame,
    effective: pd.Series,
    total: pd.Series,
) -> tuple[pd.Series, pd.Series]:
    """Return the SE, or the effective n, lent to each total without any."""
    p = rows["estimate"]
    inner = (p > 0) & (p < 1)
    variance = p * (1 - p)
    unsized = rows[["n", "se", "n_interval"]].isna().all(axis=1)
    bare = total & unsized & ~rows["beside_zero"] & p.notna()
    sized = total & effective.notna()
    by_interval = 1 / np.sqrt(variance * rows["n_interval"])
    logit_se = (rows["se"] / variance).fillna(by_interval).where(sized & inner)
    largest = _lent_logit_se(logit_se, rows["country"])
    fewest = _lent_n(effective.where(sized), rows["country"], "min")
    return (largest * variance).where(bare & inner), fewest.where(bare & ~inner)


def _lent_logit_se(
    known_se: pd.Series,
    country: pd.Series,
) -> pd.Series:
    largest = known_se.groupby(country).max().dropna()
    return country.map(largest).fillna(largest.median())


def _lent_n(
    known_n: pd.Series,
    country: pd.Series,
    statistic: str,
) -> pd.Series:
    """Return the least or median n of each country's figures, else the median of the
    countries'.
    """
    of_country = known_n.groupby(country).agg(statistic).dropna()
    return country.map(of_country).fillna(of_country.median())
