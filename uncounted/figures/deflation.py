"""Deflation: the chosen figures as effective counts of respondents and cases."""

import pandas as pd

from uncounted.figures import factors

# of a row's sampling variance: a printed digit that adds more makes the row an interval
COARSE = 0.05
ABOUT = ["country", "survey", "part"]


def deflated(
    rows: pd.DataFrame,
    totals: pd.DataFrame,
) -> pd.DataFrame:
    """Turn the chosen rows into effective counts.

    totals: of each part, the variance and PSUs of its own total. Where several disjoint
    sets are about the same respondents (a table by sex, another by age), each counts
    for its share, one in `shared`: so what they say of the total counts once, and of
    each margin for a half of two.
    """
    share = _shares(rows)
    variance = rows["estimate"] * (1 - rows["estimate"])
    implied = (variance / rows["se"] ** 2).fillna(rows["n_interval"])
    size = rows["n"].fillna(implied)
    p = _shrunk(rows["estimate"], size, share, rows["choice"])
    alone = effective_alone(rows, p * (1 - p))
    sets = _sets(rows, share, p, alone, totals)
    factor = rows["choice"].map(factors.smoothed(sets))
    n = alone / factor / rows["shared"]
    respondents = rows["persons"] / rows["shared"]
    cases = (rows["cases"] / rows["shared"]).mask(rows["unknown"])
    return rows.assign(
        y=n * rows["estimate"],
        n=n,
        deff=respondents / n,
        respondents=respondents,
        cases=cases,
        rounding=_coarse(rows, n * rows["shared"]),
        share=share,
    )


def effective_alone(
    rows: pd.DataFrame,
    variance: pd.Series,
) -> pd.Series:
    """Return the effective n of each figure by itself, of estimates of this p(1−p)."""
    by_n = rows["n"] / rows["smooth_deff"]
    by_error = (variance / rows["se"] ** 2).where(variance > 0)
    return by_n.fillna(rows["n_interval"]).fillna(by_error)


def _sets(
    rows: pd.DataFrame,
    share: pd.Series,
    p: pd.Series,
    alone: pd.Series,
    totals: pd.DataFrame,
) -> pd.DataFrame:
    """Return what `factors.smoothed` needs of each disjoint set of figures."""
    terms = rows[["choice"]].assign(
        n=rows["n"].fillna(alone),
        estimate=share * rows["estimate"],
        independent=share**2 * p * (1 - p) / alone,
    )
    sums = terms.groupby("choice", sort=True).sum()
    sets = rows.groupby("choice", sort=True)
    about = sets[ABOUT].first()
    total = totals.reindex(about["part"]).set_index(about.index)
    return sums.join(about).assign(
        rows=sets.size(),
        variance=total["variance"],
        psus=total["psus"],
    )


def _shrunk(
    p: pd.Series,
    n: pd.Series,
    share: pd.Series,
    group: pd.Series,
) -> pd.Series:
    """Return p̃ = (n p̂ + 4m) / (n + 4), m = (N p̄ + 2) / (N + 4): four more
    respondents, at the survey's mean.

    p̄ = Σ W_h p̂_h and N = Σ n_h are the whole survey's, so that small rows of a rare
    outcome aren't drawn to one half.
    """
    mean = (share * p).groupby(group).transform("sum")
    size = n.groupby(group).transform("sum")
    return (n * p + 4 * (size * mean + 2) / (size + 4)) / (n + 4)


def _shares(rows: pd.DataFrame) -> pd.Series:
    """Return each row's share W_h of its set's people: by weighted n where all rows
    have one, else n, else equal.
    """
    size = pd.Series(1.0, index=rows.index)
    for column in ("n", "n_weighted"):
        complete = (rows[column] > 0).groupby(rows["choice"]).transform("all")
        size = rows[column].where(complete, size)
    return size / size.groupby(rows["choice"]).transform("sum")


def _coarse(
    rows: pd.DataFrame,
    n: pd.Series,
) -> pd.Series:
    """Return half a printed digit of estimates whose rounding matters beside their
    sampling error, else 0.
    """
    half = rows["half_estimate"]
    p = rows["estimate"].clip(half, 1 - half)
    coarse = n * half**2 / 3 > COARSE * p * (1 - p)
    printed = rows["counted"].isna() & ~rows["unknown"] & ~rows["rest"]
    return half.where(coarse & printed, 0.0)
