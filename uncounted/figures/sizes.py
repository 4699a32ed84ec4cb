"""Sizes: of how many effective respondents each published figure is."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from uncounted.figures import design_effects as effects
from uncounted.figures import factors
from uncounted.figures.extent import ALL, BOTH, band_of
from uncounted.figures.ledger import Ledger
from uncounted.world.population import EVERYBODY

# of a row's sampling variance: a printed digit that adds more makes the row an interval
COARSE = 0.05
NO_DESIGN_EFFECT = (
    "n without a design effect, nor any figure with one: taken as 1; write deff on the"
    " survey's card"
)
OWN = [
    "own_se",
    "own_n_interval",
]  # what a figure itself tells, before any other lends it an error


@dataclass(frozen=True)
class Sized:
    """The origin of `evidence`: every figure with what is known of its size, and the
    rows that were chosen of them.
    """

    figures: pd.DataFrame
    chosen: pd.DataFrame
    traits: tuple[str, ...] = ()
    deff: float | None = None

    def without(
        self, surveys: Collection[str], countries: Collection[str] = ()
    ) -> pd.DataFrame:
        """Smooth design effects and common factors anew over the surveys that are left,
        of whatever year.
        """
        figures, rows = (
            table.loc[
                ~(table["survey"].isin(surveys) | table["country"].isin(countries))
            ]
            for table in (self.figures, self.chosen)
        )
        if rows.empty:
            return rows.assign(y=0.0)
        figures = figures.assign(
            se=figures["own_se"], n_interval=figures["own_n_interval"]
        )
        figures, _ = lent(figures, self.traits, Ledger())
        standing = rows.index.isin(figures.index)
        again = figures.reindex(rows.index)
        for column in ("se", "n_interval"):
            rows = rows.assign(**{column: again[column].where(standing, rows[column])})
        rows = rows.assign(smooth_deff=design_effects_of(figures, rows, self.deff))
        return deflated(rows, totals_of(figures, self.traits))


def settled(
    table: pd.DataFrame, plausible_n: float, traits: Sequence[str], ledger: Ledger
) -> tuple[pd.DataFrame, Ledger]:
    """Settle what is known of each figure's size: its n, else a plausible weighted n;
    its SE, interval, or another's.

    Weighted n that were scaled up are set aside in all figures of a survey. Where
    errors without n imply more than plausible_n effective respondents, the survey is
    taken to be of so many. With n, an interval is as good as a SE. `own_se`,
    `own_n_interval` are the figure's own.
    """
    n = table["n"].where(table["n"] > 0)
    weighted = n.isna() & (table["n_weighted"] >= 1)
    absurd = weighted & _any(
        weighted & (table["n_weighted"] > plausible_n), table["survey"]
    )
    weighted &= ~absurd
    ledger = ledger.add(
        table[weighted], "repaired", "n missing: the weighted n stands in"
    )
    why = f"weighted n above {plausible_n:,.0f} is no count of respondents: set aside"
    ledger = ledger.add(table[absurd], "repaired", why)
    rows = table.assign(n=n.fillna(table["n_weighted"].where(weighted)))
    persons = rows["respondents"].fillna(rows["n"])
    rows = rows.assign(
        persons=persons, cases=rows["cases"].fillna(persons * rows["estimate"])
    )
    rows, ledger = _errors(rows, plausible_n, ledger)
    return lent(
        rows.assign(own_se=rows["se"], own_n_interval=rows["n_interval"]),
        traits,
        ledger,
    )


def _errors(
    rows: pd.DataFrame, plausible_n: float, ledger: Ledger
) -> tuple[pd.DataFrame, Ledger]:
    """Cap errors that imply too many respondents, and turn intervals beside an n into
    SEs.
    """
    p = rows["estimate"]
    inner = (p > 0) & (p < 1)
    se = rows["se"].where((rows["se"] > 0) & inner)
    beside_zero = (
        (rows["se"] > 0) & ~inner & rows["n"].isna() & rows["n_interval"].isna()
    )
    variance = p * (1 - p)
    implied = (variance / se**2).fillna(rows["n_interval"]).where(rows["n"].isna())
    excess = (
        (implied.groupby(rows["survey"]).transform("max") / plausible_n)
        .clip(lower=1.0)
        .fillna(1.0)
    )
    tight = implied.notna() & (excess > 1)
    why = (
        f"errors that imply over {plausible_n:,.0f} effective respondents: the survey"
        " is taken to be of so many"
    )
    ledger = ledger.add(rows[tight], "repaired", why)
    se = se.where(~tight, se * np.sqrt(excess))
    n_interval = (rows["n_interval"] / excess.where(tight, 1.0)).where(
        rows["n"].isna() | ~inner
    )
    from_bounds = rows["n"].notna() & inner & se.isna()
    se = se.where(~from_bounds, np.sqrt(variance / rows["n_interval"]))
    return rows.assign(se=se, n_interval=n_interval, beside_zero=beside_zero), ledger


def _any(condition: pd.Series, group: pd.Series) -> pd.Series:
    return condition.groupby(group).transform("any")


def lent(
    rows: pd.DataFrame, traits: Sequence[str], ledger: Ledger
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
    p = rows["estimate"]
    inner = (p > 0) & (p < 1)
    variance = p * (1 - p)
    effective = rows["n_interval"].fillna(variance / rows["se"] ** 2)
    total = is_total(rows, traits)
    known = total & effective.notna()
    beside_zero = rows["beside_zero"]
    by_rule = _lent_n(effective, rows["country"], "median").where(beside_zero)
    why = (
        "a SE beside 0 or 100 %: the median effective n of its country's figures, else"
        " of all"
    )
    ledger = ledger.add(rows[by_rule.notna()], "repaired", why)
    bare = (
        total
        & rows[["n", "se", "n_interval"]].isna().all(axis=1)
        & ~beside_zero
        & p.notna()
    )
    logit_se = (rows["se"] / variance).fillna(
        1 / np.sqrt(variance * rows["n_interval"])
    )
    widest = _lent_logit_se(logit_se.where(known & inner), rows["country"])
    fewest = _lent_n(effective.where(known), rows["country"], "min")
    lent_se, lent_n = (
        (widest * variance).where(bare & inner),
        fewest.where(bare & ~inner),
    )
    why = "neither n nor SE: the country's largest SE, else the median of the largest"
    ledger = ledger.add(rows[lent_se.notna() | lent_n.notna()], "repaired", why)
    se = rows["se"].fillna(lent_se)
    n_interval = rows["n_interval"].fillna(by_rule).fillna(lent_n)
    return rows.assign(se=se, n_interval=n_interval), ledger


def _lent_logit_se(known: pd.Series, country: pd.Series) -> pd.Series:
    largest = known.groupby(country).max().dropna()
    return country.map(largest).fillna(largest.median())


def _lent_n(known: pd.Series, country: pd.Series, which: str) -> pd.Series:
    """Return the least or median n of each country's figures, else the median of the
    countries'.
    """
    of_country = known.groupby(country).agg(which).dropna()
    return country.map(of_country).fillna(of_country.median())


def of_unknown_size(
    rows: pd.DataFrame, unknown_n: float | None, ledger: Ledger
) -> tuple[pd.DataFrame, Ledger]:
    """Say which figures can be used, and give those with neither n nor error the n that
    they are taken to be of.
    """
    sized = rows[["n", "n_interval", "se"]].notna().any(axis=1)
    estimated = rows["estimate"].notna()
    unknown = ~sized & estimated & (unknown_n is not None)
    why = f"neither n nor SE: an unknown effective n, {unknown_n or 0:g} at first"
    ledger = ledger.add(rows[unknown], "repaired", why)
    n = rows["n"].mask(unknown, unknown_n or np.nan)
    return (
        rows.assign(n=n, usable=(sized | unknown) & estimated, unknown=unknown),
        ledger,
    )


def with_design_effects(
    rows: pd.DataFrame, deff: float | None, ledger: Ledger
) -> tuple[pd.DataFrame, Ledger]:
    """Add smooth_deff and alone, the effective n of each figure by itself; deff: the
    card's, where no figure tells one.

    The ledger has a line for each survey that has n and shows no design effect of its
    own.
    """
    bare = rows["n"].notna() & ~rows["unknown"] & rows["estimate"].notna()
    shows = np.isfinite(effects.design_effects(rows))
    lacking = bare & ~_any(pd.Series(shows, rows.index), rows["survey"])
    lines = rows.loc[lacking].drop_duplicates("survey").assign(sex=BOTH, age=ALL)
    fitted = effects.fitted(rows)
    if fitted is not None:
        why = "n without a design effect: smoothed over other figures"
    elif deff is not None:
        why = f"n without a design effect: {deff:g}, as its card says"
    else:
        why = NO_DESIGN_EFFECT
    ledger = ledger.add(lines, "repaired", why)
    rows = rows.assign(smooth_deff=design_effects_of(rows, rows, deff))
    variance = rows["estimate"] * (1 - rows["estimate"])
    by_error = rows["n_interval"].fillna(
        (variance / rows["se"] ** 2).where(variance > 0)
    )
    return rows.assign(alone=_alone(rows, variance), by_error=by_error), ledger


def design_effects_of(
    figures: pd.DataFrame, rows: pd.DataFrame, deff: float | None
) -> np.ndarray:
    """Return the smoothed design effect of rows, by all figures, else the card's, else
    1; 1 where n is unknown.
    """
    fitted = effects.fitted(figures)
    smooth = np.full(len(rows), deff or 1.0) if fitted is None else fitted.predict(rows)
    return np.where(rows["unknown"], 1.0, smooth)


def _alone(rows: pd.DataFrame, variance: pd.Series) -> pd.Series:
    by_n = rows["n"] / rows["smooth_deff"]
    by_error = (variance / rows["se"] ** 2).where(variance > 0)
    return by_n.fillna(rows["n_interval"]).fillna(by_error)


def deflated(rows: pd.DataFrame, totals: pd.DataFrame) -> pd.DataFrame:
    """Turn the chosen rows into effective counts; totals: of each part, the variance
    and PSUs of its own total.

    Where several disjoint sets speak of the same respondents (a table by sex, another
    by age), each counts for its share, one in `shared`: so what they say of the total
    counts once, and of each margin for a half of two.
    """
    counted = rows["persons"] / rows["shared"]
    share = _shares(rows)
    implied = (rows["estimate"] * (1 - rows["estimate"]) / rows["se"] ** 2).fillna(
        rows["n_interval"]
    )
    p = _shrunk(rows["estimate"], rows["n"].fillna(implied), share, rows["choice"])
    alone = _alone(rows, p * (1 - p))
    surveys = _survey_sums(rows, share, p, alone, totals)
    n = alone / rows["choice"].map(factors.smoothed(surveys)) / rows["shared"]
    rounding = _coarse(rows, n * rows["shared"])
    return rows.assign(
        y=n * rows["estimate"],
        n=n,
        deff=counted / n,
        respondents=counted,
        cases=(rows["cases"] / rows["shared"]).mask(rows["unknown"]),
        rounding=rounding,
        share=share,
    )


def _survey_sums(
    rows: pd.DataFrame,
    share: pd.Series,
    p: pd.Series,
    alone: pd.Series,
    totals: pd.DataFrame,
) -> pd.DataFrame:
    """Return what `factors.smoothed` needs of each disjoint set of figures."""
    terms = pd.DataFrame(
        {
            "choice": rows["choice"],
            "n": rows["n"].fillna(alone),
            "estimate": share * rows["estimate"],
            "independent": share**2 * p * (1 - p) / alone,
        }
    )
    by = rows.groupby("choice", sort=True)
    sums = terms.groupby("choice", sort=True).sum()
    about = by[["country", "survey", "part"]].first()
    known = totals.reindex(about["part"]).set_index(about.index)
    return sums.join(about).assign(
        rows=by.size(), variance=known["variance"], psus=known["psus"]
    )


def _shrunk(
    p: pd.Series, n: pd.Series, share: pd.Series, group: pd.Series
) -> pd.Series:
    """Return p̃ = (n p̂ + 4m) / (n + 4), m = (N p̄ + 2) / (N + 4): four more
    respondents, at the survey's mean.

    p̄ = Σ W_h p̂_h and N = Σ n_h are the whole survey's, so that small rows of a rare
    outcome aren't drawn to one half.
    """
    mean, size = (
        (share * p).groupby(group).transform("sum"),
        n.groupby(group).transform("sum"),
    )
    return (n * p + 4 * (size * mean + 2) / (size + 4)) / (n + 4)


def _shares(rows: pd.DataFrame) -> pd.Series:
    """Return each row's share W_h of its set's people: by weighted n where all rows
    have one, else n, else equal.
    """
    by = rows["choice"]
    size = pd.Series(1.0, index=rows.index)
    for column in ("n", "n_weighted"):
        complete = (rows[column] > 0).groupby(by).transform("all")
        size = rows[column].where(complete, size)
    return size / size.groupby(by).transform("sum")


def _coarse(rows: pd.DataFrame, n: pd.Series) -> pd.Series:
    """Return half a printed digit of estimates whose rounding matters beside their
    sampling error, else 0.
    """
    half = rows["half_estimate"]
    p = rows["estimate"].clip(half, 1 - half)
    coarse = n * half**2 / 3 > COARSE * p * (1 - p)
    printed = rows["counted"].isna() & ~rows["unknown"] & ~rows["rest"]
    return half.where(coarse & printed, 0.0)


def totals_of(rows: pd.DataFrame, traits: Sequence[str]) -> pd.DataFrame:
    """Return estimate, variance and PSUs of each part's own total (index part), NaN
    where it published none.
    """
    totals = rows.loc[is_total(rows, traits)].drop_duplicates("part").set_index("part")
    return pd.DataFrame(
        {
            "estimate": totals["estimate"],
            "variance": totals["own_se"] ** 2,
            "psus": totals["psus"],
        }
    )


def is_total(rows: pd.DataFrame, traits: Sequence[str]) -> pd.Series:
    """Say which rows are the widest figure of their part of a survey, whichever way
    that is written.
    """
    part = rows["part"]
    widest = _widest(rows["sex"], BOTH, part) & _widest_age(rows["age"], part)
    for trait in traits:
        widest &= _widest(rows[trait], EVERYBODY, part)
    return widest


def _widest(level: pd.Series, everybody: str, part: pd.Series) -> pd.Series:
    return (level == everybody) | (level.groupby(part).transform("nunique") == 1)


def _widest_age(age: pd.Series, part: pd.Series) -> pd.Series:
    every = age == ALL
    bands = {label: band_of(label) for label in age.unique() if label != ALL}
    lower = age.map({label: float(band.lower) for label, band in bands.items()})
    upper = age.map({label: float(band.end) for label, band in bands.items()})
    first, last = (
        lower.groupby(part).transform("min"),
        upper.groupby(part).transform("max"),
    )
    undivided = ~every.groupby(part).transform("any")
    return every | (undivided & (lower == first) & (upper == last))
