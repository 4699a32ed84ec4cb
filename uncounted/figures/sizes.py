"""Sizes: the number of effective respondents of each published figure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from uncounted.figures import design_effects as effects
from uncounted.figures.deflation import deflated, effective_alone
from uncounted.figures.extent import ALL, BOTH
from uncounted.figures.ledger import Ledger
from uncounted.figures.lending import lent
from uncounted.figures.survey_total import totals_of

NO_DESIGN_EFFECT = (
    "n without a design effect, nor any figure with one: taken as 1; write deff on the"
    " survey's card"
)


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
        self,
        surveys: Collection[str],
        countries: Collection[str] = (),
    ) -> pd.DataFrame:
        """Smooth design effects and common factors anew over the other surveys, of
        whatever year.
        """
        figures = _others(self.figures, surveys, countries)
        rows = _others(self.chosen, surveys, countries)
        if rows.empty:
            return rows.assign(y=0.0)
        se, n_interval = figures["own_se"], figures["own_n_interval"]
        figures = figures.assign(se=se, n_interval=n_interval)
        figures, _ = lent(figures, self.traits, Ledger())
        standing = rows.index.isin(figures.index)
        again = figures.reindex(rows.index)
        for column in ("se", "n_interval"):
            rows = rows.assign(**{column: again[column].where(standing, rows[column])})
        rows = rows.assign(
            smooth_deff=design_effects_of(
                figures,
                rows,
                self.deff,
            )
        )
        return deflated(rows, totals_of(figures, self.traits))


def _others(
    table: pd.DataFrame,
    surveys: Collection[str],
    countries: Collection[str],
) -> pd.DataFrame:
    out = table["survey"].isin(surveys) | table["country"].isin(countries)
    return table.loc[~out]


def settled(
    table: pd.DataFrame,
    plausible_n: float,
    traits: Sequence[str],
    ledger: Ledger,
) -> tuple[pd.DataFrame, Ledger]:
    """Settle what is known of each figure's size: its n, else a plausible weighted n;
    its SE, interval, or another's.

    Weighted n that were scaled up are set aside in all figures of a survey. Where
    errors without n imply more than plausible_n effective respondents, the survey is
    taken to be of so many. With n, an interval is as good as a SE. `own_se`,
    `own_n_interval` are the figure's own, before any other lends it an error.
    """
    n = table["n"].where(table["n"] > 0)
    weighted = n.isna() & (table["n_weighted"] >= 1)
    scaled = weighted & (table["n_weighted"] > plausible_n)
    absurd = weighted & _in_group(scaled, table["survey"])
    weighted &= ~absurd
    why = "n missing: the weighted n stands in"
    ledger = ledger.add(table[weighted], "repaired", why)
    why = f"weighted n above {plausible_n:,.0f} is no count of respondents: set aside"
    ledger = ledger.add(table[absurd], "repaired", why)
    n = n.fillna(table["n_weighted"].where(weighted))
    persons = table["respondents"].fillna(n)
    cases = table["cases"].fillna(persons * table["estimate"])
    rows = table.assign(
        n=n,
        persons=persons,
        cases=cases,
    )
    rows, ledger = _errors(rows, plausible_n, ledger)
    rows = rows.assign(
        own_se=rows["se"],
        own_n_interval=rows["n_interval"],
    )
    return lent(rows, traits, ledger)


def _errors(
    rows: pd.DataFrame, plausible_n: float, ledger: Ledger
) -> tuple[pd.DataFrame, Ledger]:
    """Cap errors that imply too many respondents, and turn intervals beside an n into
    SEs.
    """
    p = rows["estimate"]
    inner = (p > 0) & (p < 1)
    variance = p * (1 - p)
    without_n = rows["n"].isna()
    printed = rows["se"] > 0
    se = rows["se"].where(printed & inner)
    implied = (variance / se**2).fillna(rows["n_interval"]).where(without_n)
    excess = _excess(implied, rows["survey"], plausible_n)
    tight = implied.notna() & (excess > 1)
    why = (
        f"errors that imply over {plausible_n:,.0f} effective respondents: the survey"
        " is taken to be of so many"
    )
    ledger = ledger.add(rows[tight], "repaired", why)
    se = se.where(~tight, se * np.sqrt(excess))
    by_bounds = np.sqrt(variance / rows["n_interval"])
    from_bounds = ~without_n & inner & se.isna()
    n_interval = rows["n_interval"] / excess.where(tight, 1.0)
    errors = rows.assign(
        se=se.where(~from_bounds, by_bounds),
        n_interval=n_interval.where(without_n | ~inner),
        beside_zero=printed & ~inner & without_n & rows["n_interval"].isna(),
    )
    return errors, ledger


def _excess(
    implied: pd.Series,
    survey: pd.Series,
    plausible_n: float,
) -> pd.Series:
    """Return how many times plausible_n the largest implied n of each survey is, at
    least 1.
    """
    largest = implied.groupby(survey).transform("max")
    return (largest / plausible_n).clip(lower=1.0).fillna(1.0)


def _in_group(
    condition: pd.Series,
    group: pd.Series,
) -> pd.Series:
    """Say whether a condition holds in one row or more of each row's group."""
    return condition.groupby(group).transform("any")


def of_unknown_size(
    rows: pd.DataFrame,
    unknown_n: float | None,
    ledger: Ledger,
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
    usable = (sized | unknown) & estimated
    return rows.assign(
        n=n,
        usable=usable,
        unknown=unknown,
    ), ledger


def with_design_effects(
    rows: pd.DataFrame,
    deff: float | None,
    ledger: Ledger,
) -> tuple[pd.DataFrame, Ledger]:
    """Add smooth_deff and alone, the effective n of each figure by itself; deff: the
    card's, where no figure tells one.

    The ledger has a line for each survey that has n and shows no design effect of its
    own.
    """
    bare = rows["n"].notna() & ~rows["unknown"] & rows["estimate"].notna()
    shows = pd.Series(np.isfinite(effects.design_effects(rows)), rows.index)
    lacking = bare & ~_in_group(shows, rows["survey"])
    lines = (
        rows.loc[lacking]
        .drop_duplicates("survey")
        .assign(
            sex=BOTH,
            age=ALL,
        )
    )
    if effects.fitted(rows) is not None:
        why = "n without a design effect: smoothed over other figures"
    elif deff is not None:
        why = f"n without a design effect: {deff:g}, as its card says"
    else:
        why = NO_DESIGN_EFFECT
    ledger = ledger.add(lines, "repaired", why)
    rows = rows.assign(smooth_deff=design_effects_of(rows, rows, deff))
    variance = rows["estimate"] * (1 - rows["estimate"])
    by_error = (variance / rows["se"] ** 2).where(variance > 0)
    return rows.assign(
        alone=effective_alone(rows, variance),
        by_error=rows["n_interval"].fillna(by_error),
    ), ledger


def design_effects_of(
    figures: pd.DataFrame,
    rows: pd.DataFrame,
    deff: float | None,
) -> np.ndarray:
    """Return the smoothed design effect of rows, by all figures, else the card's, else
    1; 1 where n is unknown.
    """
    fitted = effects.fitted(figures)
    smooth = np.full(len(rows), deff or 1.0) if fitted is None else fitted.predict(rows)
    smooth = np.round(smooth, effects.DECIMALS)
    return np.where(rows["unknown"], 1.0, smooth)
