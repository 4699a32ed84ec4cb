"""Sizes: of how many effective respondents each published figure is."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from uncounted.survey import effects
from uncounted.survey.ledger import Ledger
from uncounted.world.population import EVERYBODY


@dataclass(frozen=True)
class Sized:
    """The origin of `evidence`: every figure with what is known of its size, and the rows that were chosen of them."""

    figures: pd.DataFrame
    chosen: pd.DataFrame
    traits: tuple[str, ...] = ()

    def without(self, surveys: Collection[str], countries: Collection[str] = ()) -> pd.DataFrame:
        """Smooth design effects and common factors anew over the surveys that are left, of whatever year."""
        figures, rows = (
            table.loc[~(table["survey"].isin(surveys) | table["country"].isin(countries))]
            for table in (self.figures, self.chosen)
        )
        if rows.empty:
            return rows.assign(y=0.0)
        figures, _ = _largest_se(figures.assign(se=figures["own_se"]), self.traits, Ledger())
        figures = figures.assign(smooth_deff=np.where(figures["unknown"], 1.0, effects.smoothed(figures)))
        again = rows.assign(se=figures["se"], smooth_deff=figures["smooth_deff"])
        return deflated(again, totals_of(figures, self.traits))


def settled(
    table: pd.DataFrame, plausible_n: float, traits: Sequence[str], ledger: Ledger
) -> tuple[pd.DataFrame, Ledger]:
    """Settle what is known of each row's size: n, else a plausible weighted n, else an SE, else the country's largest.

    `own_se` is the SE before any was borrowed.
    """
    n = table["n"].where(table["n"] > 0)
    weighted = n.isna() & (table["n_weighted"] >= 1) & (table["n_weighted"] <= plausible_n)
    ledger = ledger.add(table[weighted], "repaired", "n missing: the weighted n stands in")
    absurd = n.isna() & (table["n_weighted"] > plausible_n)
    ledger = ledger.add(
        table[absurd],
        "repaired",
        f"weighted n above {plausible_n:,.0f} is no count of respondents: set aside",
    )
    rows = table.assign(n=n.fillna(table["n_weighted"].where(weighted)))
    p, implied = rows["estimate"], rows["estimate"] * (1 - rows["estimate"]) / rows["se"] ** 2
    tight = rows["n"].isna() & (implied > plausible_n)
    ledger = ledger.add(
        rows[tight], "repaired", f"SE without n that implies over {plausible_n:,.0f} respondents: set aside"
    )
    rows["se"] = rows["se"].where((rows["se"] > 0) & ~tight)
    rows, ledger = _largest_se(rows.assign(own_se=rows["se"]), traits, ledger)
    rows["nobody"] = rows["estimate"].isna()  # of respondents: without them the survey's division is complete
    rows["usable"] = rows["n"].notna() | rows["se"].notna() | rows["nobody"]
    sure = ~rows["usable"] & ((p == 0) | (p == 1))
    return ledger.split(rows, sure, "exactly 0 or 100 % with neither n nor SE")


def of_unknown_size(rows: pd.DataFrame, unknown_n: float | None, ledger: Ledger) -> tuple[pd.DataFrame, Ledger]:
    """Give figures with neither n nor SE the effective n that they are taken to be of."""
    unknown = ~rows["usable"] & (unknown_n is not None)
    told = ledger.add(
        rows[unknown], "repaired", f"neither n nor SE: an unknown effective n, {unknown_n or 0:g} at first"
    )
    n, one = rows["n"].mask(unknown, unknown_n or np.nan), rows["smooth_deff"].mask(unknown, 1.0)
    return rows.assign(n=n, smooth_deff=one, usable=rows["usable"] | unknown, unknown=unknown), told


def _largest_se(rows: pd.DataFrame, traits: Sequence[str], ledger: Ledger) -> tuple[pd.DataFrame, Ledger]:
    """Give a survey's total with neither n nor SE the largest SE, on the logit scale, of its country's totals.

    Else the median of the countries' largest, as UN family planning estimates do [Alkema et al. 2013, appendix].
    """
    total = _of_everybody(rows, traits)
    p = rows["estimate"]
    inner = (p > 0) & (p < 1)
    known = total & inner & rows["se"].notna()
    worst = (rows["se"] / (p * (1 - p)))[known].groupby(rows["country"]).max()
    fill = total & inner & rows["se"].isna() & rows["n"].isna() & bool(known.any())
    ledger = ledger.add(
        rows[fill], "repaired", "neither n nor SE: the country's largest SE, else the median of the largest"
    )
    borrowed = rows["country"].map(worst).fillna(worst.median()) * p * (1 - p)
    return rows.assign(se=rows["se"].mask(fill, borrowed)), ledger


def deflated(rows: pd.DataFrame, totals: pd.Series) -> pd.DataFrame:
    """Turn the chosen rows into effective counts; totals: variance of each survey's own total, NaN where unknown."""
    counted = rows["respondents"].fillna(rows["n"]).mask(rows["unknown"])
    rows = rows.assign(respondents=counted, cases=rows["cases"].fillna(counted * rows["estimate"]))
    share = _shares(rows)
    implied = rows["estimate"] * (1 - rows["estimate"]) / rows["se"] ** 2
    p = _shrunk(rows["estimate"], rows["n"].fillna(implied), share, rows["survey"])
    alone = (rows["n"] / rows["smooth_deff"]).fillna(p * (1 - p) / rows["se"] ** 2)
    independent = (share**2 * p * (1 - p) / alone).groupby(rows["survey"]).sum()
    n = alone / rows["survey"].map(_factors(rows, totals / independent))
    return rows.assign(y=n * rows["estimate"], deff=counted / n, n=n)


def _shrunk(p: pd.Series, n: pd.Series, share: pd.Series, survey: pd.Series) -> pd.Series:
    """Return p̃ = (n p̂ + 4m) / (n + 4), m = (N p̄ + 2) / (N + 4): four more respondents, at the survey's mean.

    p̄ = Σ W_h p̂_h and N = Σ n_h are the whole survey's, so that small rows of a rare outcome aren't drawn to one half.
    """
    mean, size = (share * p).groupby(survey).transform("sum"), n.groupby(survey).transform("sum")
    return (n * p + 4 * (size * mean + 2) / (size + 4)) / (n + 4)


def _shares(rows: pd.DataFrame) -> pd.Series:
    """Return each row's share W_h of its survey's people: by weighted n where all rows have one, else n, else equal."""
    by = rows["survey"]
    size = pd.Series(1.0, index=rows.index)
    for column in ("n", "n_weighted"):
        complete = (rows[column] > 0).groupby(by).transform("all")
        size = rows[column].where(complete, size)
    return size / size.groupby(by).transform("sum")


def totals_of(rows: pd.DataFrame, traits: Sequence[str]) -> pd.Series:
    """Return the variance of each survey's own total, where it rests on enough cases to be believed."""
    p, se = rows["estimate"], rows["own_se"]
    n = rows["n"].fillna(p * (1 - p) / se**2)
    own = _of_everybody(rows, traits) & se.notna()
    own &= (n * p >= effects.CASES) & (n * (1 - p) >= effects.CASES)
    return (se[own] ** 2).set_axis(rows.loc[own, "survey"])


def _of_everybody(rows: pd.DataFrame, traits: Sequence[str]) -> pd.Series:
    everybody = (rows["sex"] == "both") & (rows["age"] == "all")
    return everybody & (rows[list(traits)] == EVERYBODY).all(axis=1)


def _factors(rows: pd.DataFrame, factor: pd.Series) -> pd.Series:
    """Fill the common factors that are unknown: smoothed over surveys by country and log(rows); 1 for a single row."""
    by = rows.groupby("survey")
    several, country = by.size() > 1, by["country"].first()
    x = np.column_stack([np.ones(len(several)), np.log(by.size())])
    factor = factor.reindex(several.index)
    seen = (several & factor.notna()).to_numpy()
    if seen.sum() >= effects.FEW:
        fit = effects.smooth(np.log(factor[seen].to_numpy()), x[seen], country[seen])
        expected = pd.Series(fit.predict(x, country), index=several.index)
    else:
        expected = pd.Series(np.exp(np.log(factor[seen]).mean()) if seen.any() else 1.0, index=several.index)
    return factor.fillna(expected.where(several, 1.0))
