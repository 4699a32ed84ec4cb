"""Pattern: whether a country's printed numbers by sex, age and further traits are those
that its surveys show.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.special import logit

from uncounted.checks.finding import Finding, listed
from uncounted.evidence.evidence import ELSEWHERE
from uncounted.infer.fit import Fit
from uncounted.infer.totals import expected

# effective respondents of a country and level, from which surveys tell a pattern
ENOUGH = 500.0
Z = 1.96
QUANTILES = [0.025, 0.5, 0.975]
ALLOWED = 0.05  # of numbers outside: what chance alone gives


def pattern(fit: Fit) -> list[Finding]:
    """Compare what is printed of a country's ages, sexes and further traits with the
    pattern of its own surveys.

    A pattern is the log odds of the levels of a trait less their mean, over surveys
    that divide a country by it whole, weighted by effective respondents, and carried to
    the level that is printed. A warning for each trait if more than 5 % of the numbers
    with 500 effective respondents or more lie further from it than 1.96 times the root
    of the printed number's variance and that of sampling: the model then gives
    countries other patterns than their surveys show. Nothing is returned where no
    survey divides a country so, nor of exclusive forms.
    """
    if fit.card.forms:
        return []
    by_trait = {trait: list(_numbers(fit, trait)) for trait in fit.card.people}
    return [_finding(trait, numbers) for trait, numbers in by_trait.items() if numbers]


def _finding(trait: str, numbers: list[tuple[str, bool]]) -> Finding:
    names = [name for name, inside in numbers if not inside]
    share, what = len(names) / len(numbers), trait.replace("_", " ")
    told = (
        f"For {len(names):,} of {len(numbers):,} numbers of a country by {what} with"
        f" {ENOUGH:.0f} effective respondents or more, the pattern of its surveys lies"
        f" further from it than both errors allow{listed(names)}."
    )
    good = share <= ALLOWED
    advice = (
        ""
        if good
        else (
            f" Add country:{trait} to the card's interactions, so that patterns differ"
            " by country."
        )
    )
    name = f"patterns of countries by {what}"
    return Finding(name, "pass" if good else "warn", share, ALLOWED, told + advice)


def _numbers(fit: Fit, trait: str) -> Iterator[tuple[str, bool]]:
    """Yield a number's name, and whether it agrees with the surveys' pattern."""
    levels = [str(level) for level in fit.p[trait].to_numpy()]
    found = _patterns(fit.evidence.rows, trait, levels)
    if len(levels) < 2 or found is None:
        return
    shown, noise, counted = found
    people = expected(fit.people)
    others = [dim for dim in people.dims if dim not in ("country", trait)]
    printed = (fit.p * people).sum(others) / people.sum(others)
    bounds = printed.sel(country=list(shown.index)).quantile(
        QUANTILES, ["chain", "draw"], skipna=False
    )
    low, middle, high = logit(
        bounds.transpose("quantile", "country", trait).sel({trait: levels}).to_numpy()
    )
    carried = middle.mean(axis=1, keepdims=True) + shown.to_numpy()
    error = np.hypot((high - low) / (2 * Z), np.sqrt(noise.to_numpy()))
    agrees = np.abs(carried - middle) <= Z * error
    told = (counted.to_numpy() >= ENOUGH) & np.isfinite(
        carried
    )  # a level of nobody has no prevalence
    names = fit.world.places["name"]
    for row, column in np.argwhere(told):
        yield f"{names[shown.index[row]]}, {levels[column]}", bool(agrees[row, column])


def _patterns(
    rows: pd.DataFrame, trait: str, levels: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame] | None:
    """Return countries' patterns over a trait's levels, their sampling variances,
    effective respondents.

    Each (countries, levels); None where no survey divides a country by all levels of
    the trait.
    """
    own = rows[rows["source"] != ELSEWHERE]
    counts = own.assign(level=_level(own, trait)).query("level in @levels")
    if set(counts["level"]) < set(levels):
        return None
    divided = counts.pivot_table(
        index=["country", "survey"], columns="level", values=["y", "n"], aggfunc="sum"
    )
    y, n = divided["y"][levels], divided["n"][levels]
    whole = (n > 0).to_numpy().all(axis=1)
    if not whole.any():  # as where women and men are surveys of their own
        return None
    y, n = y.loc[whole], n.loc[whole]
    cases, others = y.clip(upper=n) + 0.5, (n - y).clip(lower=0) + 0.5
    log_odds = pd.DataFrame(np.log(cases / others), y.index, y.columns)
    departures = log_odds.sub(log_odds.mean(axis=1), axis=0)
    found, counted = y.groupby("country").sum(), n.groupby("country").sum()
    of_level = 1 / (found + 0.5) + 1 / ((counted - found).clip(lower=0) + 0.5)
    size = len(levels)
    shown = pd.DataFrame((departures * n).groupby("country").sum() / counted)
    noise = of_level * (1 - 2 / size) + of_level.mean(axis=1).to_numpy()[:, None] / size
    return shown, pd.DataFrame(noise), pd.DataFrame(counted)


def _level(rows: pd.DataFrame, trait: str) -> pd.Series:
    """Return the level of a trait that each row is of, empty for one of several."""
    if trait == "age":
        labels = [bands[0].label if len(bands) == 1 else "" for bands in rows["covers"]]
        return pd.Series(labels, rows.index)
    return rows[trait].astype(str) if trait in rows else pd.Series("", rows.index)
