"""Convergence: whether the draws behind every published number can be trusted."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr

from uncounted.checks.finding import Finding
from uncounted.checks.mixing import measure
from uncounted.infer.backing import modelled
from uncounted.infer.fit import Fit
from uncounted.infer.totals import affected, axes, expected, size
from uncounted.model.vocabulary import SHOW
from uncounted.world.world import groups

ESS, MCSE, RHAT_WIDE, RHAT, BFMI = 400.0, 0.05, 1.01, 1.02, 0.3
PRECISE = 100.0  # times the median of surveys' effective respondents
# the depth of a tree that is stopped, and the share of such trees that is worth a
# warning
DEPTH, DEEP = 10, 0.01
WIDE = ("world", "region")
BOUNDS, DIGIT = (
    "Monte Carlo error of bounds",
    0.1,
)  # percent, or per 1,000: the last digit that is printed
PUBLISHED = (*WIDE, "subregion", "country")


def convergence(fit: Fit) -> list[Finding]:
    """Check every published number of a fit, and the sampler's own warnings; thresholds
    of R-hat, ESS and MCSE below.

    Bulk and tail ESS of at least 400, R-hat at most 1.01 for the world and regions and
    1.02 for any other number, Monte Carlo error at most 5 % of the posterior sd
    [Vehtari et al. 2021], no divergence, E-BFMI of at least 0.3 in every chain; a
    warning where more than 1 in 100 trees reached their depth. What a sampler doesn't
    record is a warning too.
    """
    numbers = diagnostics(fit)
    found = [*judged(numbers, [fit.stats]), _bounds(fit, numbers)]
    bad = [
        i
        for i, one in enumerate(found)
        if one.verdict == "stop" and one.name.startswith("R-hat")
    ]
    more = dict.fromkeys(bad, _slowest(fit)) if bad else {}
    more |= {
        i: _precise(fit)
        for i, one in enumerate(found)
        if one.verdict == "stop" and one.name == "divergences"
    }
    return [
        replace(one, sentence=one.sentence + more.get(i, ""))
        for i, one in enumerate(found)
    ]


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
    wide = numbers["grouping"].isin(WIDE)
    told = (
        "The Monte Carlo error of a bound is above its last printed digit for"
        f" {int(above[wide].sum()):,} of {int(wide.sum()):,} numbers of the world and"
        f" regions, and for {above[~wide].mean():.0%} of all others."
    )
    good = not above[wide].any()
    advice = "" if good else " Sample longer (draws), or print fewer digits."
    largest = float(numbers.loc[wide, "mcse_bound"].max())
    return Finding(BOUNDS, "pass" if good else "warn", largest, printed, told + advice)


def _slowest(fit: Fit) -> str:
    """Return a sentence on the parameter that mixes worst, with the country, survey,
    series or level that it is of.
    """
    worst, name = 0.0, ""
    for key, draws in fit.posterior.data_vars.items():
        others = [dim for dim in draws.dims if dim not in ("chain", "draw")]
        values = draws.transpose(*others, "chain", "draw").to_numpy()
        rhat = (
            measure(values.reshape(-1, *values.shape[-2:]))["rhat"]
            .fillna(0.0)
            .to_numpy()
        )
        if rhat.max() > worst:
            worst = float(rhat.max())
            at = np.unravel_index(
                int(rhat.argmax()), [draws.sizes[dim] for dim in others]
            )
            labels = [
                str(draws[dim].to_numpy()[i]) for dim, i in zip(others, at, strict=True)
            ]
            name = f"{key}[{', '.join(labels)}]" if labels else str(key)
    return (
        f" Of the parameters {name} mixes worst, with an R-hat of {worst:.3f}."
        if name
        else ""
    )


def judged(numbers: pd.DataFrame, stats: Sequence[xr.Dataset]) -> tuple[Finding, ...]:
    """Hold the measures of published numbers (columns grouping, name, sex, age and
    `measure`'s) to the thresholds.

    stats: of every sampler behind them.
    """
    wide = numbers["grouping"].isin(WIDE)
    return (
        _at_most("R-hat of the world and regions", numbers[wide], "rhat", RHAT_WIDE),
        _at_most("R-hat of subregions and countries", numbers[~wide], "rhat", RHAT),
        _at_least("bulk ESS of published numbers", numbers, "ess_bulk", ESS),
        _at_least("tail ESS of published numbers", numbers, "ess_tail", ESS),
        _at_most("Monte Carlo error over posterior sd", numbers, "mcse_share", MCSE),
        *(of(name, stats) for name, of in SAMPLER.items()),
    )


def diagnostics(fit: Fit) -> pd.DataFrame:
    """Return R-hat, bulk and tail ESS and MCSE over sd of the prevalence of every
    published group, sex, age and level.

    Numbers of nobody (a population of zero) are left out; a number that never moves has
    no R-hat, and so fails.
    """
    found = []
    for grouping in PUBLISHED:
        group = groups(fit.world, grouping)
        number = ("group", *axes(fit.p))
        people = size(fit.p, fit.people, group)
        counts = affected(fit.p, fit.people, group).transpose(..., *number)
        draws = (counts / people).stack(number=number).transpose("number", ...)
        keys = draws["number"].to_index().to_frame(index=False)
        names = fit.world.places["name"].to_dict() if grouping == "country" else {}
        keys = keys.assign(
            grouping=grouping, name=[names.get(group, group) for group in keys["group"]]
        )
        found.append(
            pd.concat([keys, measure(draws.to_numpy())], axis=1)[
                expected(people).to_numpy().ravel() > 0
            ]
        )
    return modelled(fit, pd.concat(found, ignore_index=True))


def _which(row: pd.Series) -> str:
    people = [word for word in row["sex":"grouping"][:-1] if word != "all"]
    return ", ".join([str(row["name"]), *people])


def _at_most(
    name: str, numbers: pd.DataFrame, column: str, threshold: float
) -> Finding:
    worst = numbers.iloc[numbers[column].fillna(np.inf).argmax()]
    good = bool(worst[column] <= threshold)
    over = int((~(numbers[column] <= threshold)).sum())
    told = (
        f"The largest of {len(numbers):,} is {worst[column]:.3f} ({_which(worst)}); at"
        f" most {threshold:g} is asked."
    )
    return _finding(name, good, float(worst[column]), threshold, told, over)


def _at_least(
    name: str, numbers: pd.DataFrame, column: str, threshold: float
) -> Finding:
    worst = numbers.iloc[numbers[column].fillna(-np.inf).argmin()]
    good = bool(worst[column] >= threshold)
    under = int((~(numbers[column] >= threshold)).sum())
    told = (
        f"The smallest of {len(numbers):,} is {worst[column]:,.0f} ({_which(worst)});"
        f" at least {threshold:g} is asked."
    )
    return _finding(name, good, float(worst[column]), threshold, told, under)


def _finding(
    name: str, good: bool, number: float, threshold: float, told: str, failing: int
) -> Finding:
    more = (
        ""
        if good
        else (
            f" {failing:,} fail. Sample longer (draws, tune), or look for a level that"
            " does not mix."
        )
    )
    return Finding(name, "pass" if good else "stop", number, threshold, told + more)


def _divergences(name: str, stats: Sequence[xr.Dataset]) -> Finding:
    if not _recorded("diverging", stats):
        return _unrecorded(name, 0.0)
    diverging, transitions = (
        sum(int(f(one["diverging"])) for one in stats) for f in (np.sum, np.size)
    )
    advice = (
        " Raise target_accept, or look for a level centred without data."
        if diverging
        else ""
    )
    told = f"{diverging:,} of {transitions:,} transitions diverged; none may.{advice}"
    return Finding(name, "stop" if diverging else "pass", diverging, 0, told)


def _energy(name: str, stats: Sequence[xr.Dataset]) -> Finding:
    if not _recorded("energy", stats):
        return _unrecorded(name, BFMI)
    energy = [one["energy"].transpose("chain", "draw").to_numpy() for one in stats]
    bfmi = np.concatenate(
        [np.square(np.diff(one)).mean(axis=1) / one.var(axis=1) for one in energy]
    )
    told = (
        f"The smallest of {len(bfmi)} chains is {bfmi.min():.2f}; at least {BFMI:g} is"
        " asked."
    )
    return Finding(
        name, "pass" if bfmi.min() >= BFMI else "stop", float(bfmi.min()), BFMI, told
    )


def _depth(name: str, stats: Sequence[xr.Dataset]) -> Finding:
    """Count trees that could grow no deeper: slow, but no error, so a warning."""
    each = [_stopped(one) for one in stats]
    found = [one for one in each if one is not None]
    if len(found) < len(each):
        return _unrecorded(name, DEEP)
    reached, size = (sum(int(f(one)) for one in found) for f in (np.sum, np.size))
    told = (
        f"{reached:,} of {size:,} trees reached the greatest depth; more than"
        f" {DEEP:.0%} is slow."
    )
    deep = reached > DEEP * size
    advice = (
        " Centre the levels that surveys say much of, or give a prior that is less"
        " wide."
        if deep
        else ""
    )
    return Finding(
        name, "warn" if deep else "pass", reached / size, DEEP, told + advice
    )


def _stopped(stats: xr.Dataset) -> xr.DataArray | None:
    """Say which trees were stopped at the greatest depth, by whatever the sampler
    records of it.
    """
    if "reached_max_treedepth" in stats:
        return stats["reached_max_treedepth"]
    if "tree_depth" in stats:
        return stats["tree_depth"] >= DEPTH
    return stats["n_steps"] >= 2**DEPTH - 1 if "n_steps" in stats else None


def _recorded(name: str, stats: Sequence[xr.Dataset]) -> bool:
    return all(name in one for one in stats)


def _unrecorded(name: str, threshold: float) -> Finding:
    return Finding(
        name,
        "warn",
        np.nan,
        threshold,
        "The sampler doesn't record it. Sample with nutpie to know.",
    )


SAMPLER = {"divergences": _divergences, "E-BFMI": _energy, "tree depth": _depth}
