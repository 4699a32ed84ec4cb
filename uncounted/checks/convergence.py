"""Convergence: whether the draws behind every published number can be trusted."""

from collections.abc import Sequence
from dataclasses import replace
from functools import singledispatch

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.checks.finding import Finding
from uncounted.checks.mixing import measure
from uncounted.checks.sampler_warnings import sampler_findings
from uncounted.infer.backing import modelled
from uncounted.infer.fit import Fit
from uncounted.infer.totals import affected, axes, expected, size
from uncounted.wording.numerals import SHOW
from uncounted.world.world import groups

ESS, MCSE = 400.0, 0.05
RHAT_WIDE, RHAT = 1.01, 1.02
PRECISE = 100.0  # times the median of surveys' effective respondents
WIDE = ("world", "region")
PUBLISHED = (*WIDE, "subregion", "country")
BOUNDS = "Monte Carlo error of bounds"
DIGIT = 0.1  # percent, or per 1,000: the last digit that is printed
LONGER = " Sample longer (draws, tune), or look for a level that does not mix."


@singledispatch
def convergence(fit: Fit) -> list[Finding]:
    """Check every published number of a fit, and the sampler's own warnings; thresholds
    of R-hat, ESS and MCSE below.

    Bulk and tail ESS of at least 400, R-hat at most 1.01 for the world and regions and
    1.02 for any other number, Monte Carlo error at most 5 % of the posterior sd
    [Vehtari et al. 2021], no divergence, E-BFMI of at least 0.3 in every chain; a
    warning where more than 1 in 100 trees reached their depth. What a sampler doesn't
    record is a warning too. Other classes of result are registered beside their own
    numbers.
    """
    numbers = diagnostics(fit)
    findings = [*judged(numbers, [fit.stats]), _bounds(fit, numbers)]
    stops = [finding.name for finding in findings if finding.verdict == "stop"]
    unmixed = [name for name in stops if name.startswith("R-hat")]
    explanations = dict.fromkeys(unmixed, _slowest(fit)) if unmixed else {}
    if "divergences" in stops:
        explanations["divergences"] = _precise(fit)
    explained = []
    for finding in findings:
        sentence = finding.sentence + explanations.get(finding.name, "")
        explained.append(replace(finding, sentence=sentence))
    return explained


def _precise(fit: Fit) -> str:
    """Return a sentence on a survey of very many respondents beside the others, which
    few samplers can take.
    """
    surveys = fit.evidence.rows.groupby("survey")["n"].sum()
    times = surveys.max() / surveys.median()
    if not times >= PRECISE:
        return ""
    return (
        f" The survey {surveys.idxmax()} counts as {surveys.max():,.0f} respondents,"
        f" {times:,.0f} times the median. Look at its n, or write deff on its card."
    )


def _bounds(fit: Fit, numbers: pd.DataFrame) -> Finding:
    """Hold the Monte Carlo error of intervals' ends to the digit in which they are
    printed.
    """
    printed = DIGIT / SHOW[fit.card.show]
    above = ~(numbers["mcse_bound"] <= printed)
    regional = numbers["grouping"].isin(WIDE)
    largest = float(numbers.loc[regional, "mcse_bound"].max())
    sentence = (
        "The Monte Carlo error of a bound is above its last printed digit for"
        f" {int(above[regional].sum()):,} of {int(regional.sum()):,} numbers of the"
        f" total and regions, and for {above[~regional].mean():.0%} of all others."
    )
    if not above[regional].any():
        return Finding(BOUNDS, "pass", largest, printed, sentence)
    sentence += " Sample longer (draws), or print fewer digits."
    return Finding(BOUNDS, "warn", largest, printed, sentence)


def _slowest(fit: Fit) -> str:
    """Return a sentence on the parameter that mixes worst, with the country, survey,
    series or level that it is of.
    """
    worst = 0.0
    slowest: xr.DataArray | None = None
    index = 0
    for draws in fit.posterior.data_vars.values():
        values = draws.transpose(..., "chain", "draw").to_numpy()
        members = values.reshape(-1, *values.shape[-2:])
        rhat = measure(members)["rhat"].fillna(0.0).to_numpy()
        if rhat.max() > worst:
            worst = float(rhat.max())
            slowest = draws
            index = int(rhat.argmax())
    if slowest is None:
        return ""
    name = _member_name(slowest, index)
    return f" Of the parameters {name} mixes worst, with an R-hat of {worst:.3f}."


def _member_name(draws: xr.DataArray, index: int) -> str:
    """Return the name of one member of a parameter, counted over its own dims."""
    dims = [dim for dim in draws.dims if dim not in ("chain", "draw")]
    if not dims:
        return str(draws.name)
    positions = np.unravel_index(index, [draws.sizes[dim] for dim in dims])
    labels = []
    for dim, position in zip(dims, positions, strict=True):
        labels.append(str(draws[dim].to_numpy()[position]))
    return f"{draws.name}[{', '.join(labels)}]"


def judged(
    numbers: pd.DataFrame,
    stats: Sequence[xr.Dataset],
) -> tuple[Finding, ...]:
    """Hold the measures of published numbers (columns grouping, name, sex, age and
    `measure`'s) to the thresholds.

    stats: of every sampler behind them.
    """
    regional = numbers["grouping"].isin(WIDE)
    rows, other_rows = numbers[regional], numbers[~regional]
    return (
        _at_most("R-hat of the total and regions", rows, "rhat", RHAT_WIDE),
        _at_most("R-hat of subregions and countries", other_rows, "rhat", RHAT),
        _at_least("bulk ESS of published numbers", numbers, "ess_bulk", ESS),
        _at_least("tail ESS of published numbers", numbers, "ess_tail", ESS),
        _at_most("Monte Carlo error over posterior sd", numbers, "mcse_share", MCSE),
        *sampler_findings(stats),
    )


@singledispatch
def diagnostics(fit: Fit) -> pd.DataFrame:
    """Return R-hat, bulk and tail ESS and MCSE over sd of the prevalence of every
    published group, sex, age and level.

    Numbers of nobody (a population of zero) are left out; a number that never moves has
    no R-hat, and so fails.
    """
    tables = []
    for grouping in PUBLISHED:
        group = groups(fit.world, grouping)
        number = ("group", *axes(fit.p))
        people = size(fit.p, fit.people, group)
        counts = affected(fit.p, fit.people, group).transpose(..., *number)
        draws = (counts / people).stack(number=number).transpose("number", ...)
        keys = draws["number"].to_index().to_frame(index=False)
        names = keys["group"]
        if grouping == "country":
            names = names.map(fit.world.places["name"])
        keys = keys.assign(grouping=grouping, name=names)
        table = pd.concat([keys, measure(draws.to_numpy())], axis=1)
        inhabited = expected(people).to_numpy().ravel() > 0
        tables.append(table[inhabited])
    return modelled(fit, pd.concat(tables, ignore_index=True))


def _label(row: pd.Series) -> str:
    """Return the name of a published number: its place and the traits of persons."""
    traits = [level for level in row["sex":"grouping"][:-1] if level != "all"]
    return ", ".join([str(row["name"]), *traits])


def _at_most(
    name: str,
    numbers: pd.DataFrame,
    column: str,
    threshold: float,
) -> Finding:
    worst = numbers.iloc[numbers[column].fillna(np.inf).argmax()]
    number = float(worst[column])
    failing = int((~(numbers[column] <= threshold)).sum())
    sentence = (
        f"The largest of {len(numbers):,} is {number:.3f} ({_label(worst)}); at"
        f" most {threshold:g} is asked."
    )
    return _finding(name, number <= threshold, number, threshold, sentence, failing)


def _at_least(
    name: str,
    numbers: pd.DataFrame,
    column: str,
    threshold: float,
) -> Finding:
    worst = numbers.iloc[numbers[column].fillna(-np.inf).argmin()]
    number = float(worst[column])
    failing = int((~(numbers[column] >= threshold)).sum())
    sentence = (
        f"The smallest of {len(numbers):,} is {number:,.0f} ({_label(worst)});"
        f" at least {threshold:g} is asked."
    )
    return _finding(name, number >= threshold, number, threshold, sentence, failing)


def _finding(
    name: str,
    good: bool,
    number: float,
    threshold: float,
    sentence: str,
    failing: int,
) -> Finding:
    if good:
        return Finding(name, "pass", number, threshold, sentence)
    sentence += f" {failing:,} fail.{LONGER}"
    return Finding(name, "stop", number, threshold, sentence)
