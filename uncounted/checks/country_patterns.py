"""Country patterns: whether a country's printed numbers by sex, age and further traits
are those that its surveys show.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import logit

from uncounted.checks.finding import Finding, listed
from uncounted.checks.row_groups import trait_levels
from uncounted.infer.fit import Fit
from uncounted.infer.totals import expected
from uncounted.observations.evidence import ELSEWHERE

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


def _finding(
    trait: str,
    numbers: list[tuple[str, bool]],
) -> Finding:
    names = [name for name, agrees in numbers if not agrees]
    share = len(names) / len(numbers)
    label = trait.replace("_", " ")
    title = f"patterns of countries by {label}"
    sentence = (
        f"For {len(names):,} of {len(numbers):,} numbers of a country by {label} with"
        f" {ENOUGH:.0f} effective respondents or more, the pattern of its surveys lies"
        f" further from it than both errors allow{listed(names)}."
    )
    if share <= ALLOWED:
        return Finding(title, "pass", share, ALLOWED, sentence)
    sentence += (
        f" Add country:{trait} to the card's interactions, so that patterns differ"
        " by country."
    )
    return Finding(title, "warn", share, ALLOWED, sentence)


@dataclass(frozen=True)
class Patterns:
    """What surveys show of countries' patterns, each a table (countries, levels): log
    odds less their mean, their sampling variances, and effective respondents.
    """

    departures: pd.DataFrame
    variance: pd.DataFrame
    n: pd.DataFrame


def _numbers(
    fit: Fit,
    trait: str,
) -> Iterator[tuple[str, bool]]:
    """Yield a number's name, and whether it agrees with the surveys' pattern."""
    levels = [str(level) for level in fit.p[trait].to_numpy()]
    patterns = _patterns(fit.evidence.rows, trait, levels)
    if len(levels) < 2 or patterns is None:
        return
    countries = patterns.departures.index
    low, middle, high = _printed(fit, trait, levels, countries)
    mean = middle.mean(axis=1, keepdims=True)
    carried = mean + patterns.departures.to_numpy()
    sd = (high - low) / (2 * Z)
    error = np.hypot(sd, np.sqrt(patterns.variance.to_numpy()))
    agrees = np.abs(carried - middle) <= Z * error
    enough = patterns.n.to_numpy() >= ENOUGH
    # a level of nobody has no prevalence
    compared = enough & np.isfinite(carried)
    names = fit.world.places["name"]
    for row, column in np.argwhere(compared):
        name = f"{names[countries[row]]}, {levels[column]}"
        yield name, bool(agrees[row, column])


def _printed(
    fit: Fit,
    trait: str,
    levels: list[str],
    countries: pd.Index,
) -> np.ndarray:
    """Return the logits of a country's printed numbers by level: lower bound, median,
    upper bound (3, countries, levels).
    """
    people = expected(fit.people)
    summed = [dim for dim in people.dims if dim not in ("country", trait)]
    prevalence = (fit.p * people).sum(summed) / people.sum(summed)
    of_countries = prevalence.sel(country=list(countries))
    bounds = of_countries.quantile(QUANTILES, ["chain", "draw"], skipna=False)
    ordered = bounds.transpose("quantile", "country", trait)
    return logit(ordered.sel({trait: levels}).to_numpy())


def _patterns(
    rows: pd.DataFrame,
    trait: str,
    levels: list[str],
) -> Patterns | None:
    """Return countries' patterns over a trait's levels; None where no survey divides a
    country by all levels of the trait.
    """
    rows = rows[rows["source"] != ELSEWHERE]
    rows = rows.assign(level=trait_levels(rows, trait))
    counts = rows[rows["level"].isin(levels)]
    if set(counts["level"]) < set(levels):
        return None
    sums = counts.pivot_table(
        index=["country", "survey"],
        columns="level",
        values=["y", "n"],
        aggfunc="sum",
    )
    y, n = sums["y"][levels], sums["n"][levels]
    complete = (n > 0).to_numpy().all(axis=1)
    if not complete.any():  # as where women and men are surveys of their own
        return None
    y, n = y.loc[complete], n.loc[complete]
    cases = y.clip(upper=n) + 0.5
    noncases = (n - y).clip(lower=0) + 0.5
    log_odds = pd.DataFrame(np.log(cases / noncases), y.index, y.columns)
    departures = log_odds.sub(log_odds.mean(axis=1), axis=0)
    total = pd.DataFrame(n.groupby("country").sum())
    cases = pd.DataFrame(y.groupby("country").sum())
    weighted = (departures * n).groupby("country").sum() / total
    return Patterns(pd.DataFrame(weighted), _variance(cases, total), total)


def _variance(
    y: pd.DataFrame,
    n: pd.DataFrame,
) -> pd.DataFrame:
    """Return the sampling variance of log odds less their mean over levels."""
    levels = y.shape[1]
    of_level = 1 / (y + 0.5) + 1 / ((n - y).clip(lower=0) + 0.5)
    of_mean = of_level.mean(axis=1).to_numpy()[:, None] / levels
    return pd.DataFrame(of_level * (1 - 2 / levels) + of_mean)
