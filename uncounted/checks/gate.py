"""Gate: what decides whether an estimate may be published."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from scipy.stats import binom

from uncounted.checks.conflict import conflict
from uncounted.checks.convergence import convergence
from uncounted.checks.country_patterns import pattern
from uncounted.checks.finding import HELD_OUT, Finding, Findings
from uncounted.checks.fold_score import ESS, RHAT
from uncounted.checks.held_out import HeldOut
from uncounted.checks.reach import reach
from uncounted.checks.rows import rows
from uncounted.checks.scores import band
from uncounted.checks.source_bias import sources
from uncounted.checks.support import support
from uncounted.errors import UncountedError
from uncounted.infer.fit import Fit

LEVELS, BAND = (0.8, 0.95), 0.999
MISSED = 0.10  # below the level: a true coverage for which the power of a band is told
FEW = 20  # countries held out, below which nearly any share lies in its band
DIVERGING = 0.01  # of a fold's transitions
SHARED = ("region", "countries")  # held out so that several countries lack the same
ROUNDS = ("survey", "latest")  # held out so that other rounds of the country stay


def check(fit: Fit | Mapping[str, Fit], held_out: HeldOut | None = None) -> Findings:
    """Check a fit, or all fits of one call of `sample_jointly`, and what was predicted
    of evidence held out of it.

    "stop" forbids publication: draws behind a published number that did not converge
    (`convergence.convergence`), and predictions whose 80 or 95 % intervals held too few
    or too many surveys: a share outside its 99.9 % binomial band, countries as the
    trials. "warn" does not: priors in conflict with the data (`conflict.conflict`),
    patterns of countries that are not their surveys' (`pattern.pattern`), kinds of
    source that err to one side (`sources.sources`), covariates beyond those of surveyed
    countries (`reach.reach`), people and numbers without surveys behind them
    (`support.support`), and rows outside their intervals, surveys' contrasts and
    estimates beside them (`rows.rows`); folds that did not mix; and hold-outs that
    cannot decide, of fewer than 20 countries, of whole regions, whose countries share
    one error, or of surveys whose country's other rounds stayed. Without a hold-out,
    `not_run` says so. Raises UncountedError for a hold-out of another fit.
    """
    if (
        held_out is not None
        and "recipe" in held_out.table
        and not held_out.made_of(fit)
    ):
        raise UncountedError(
            "What was held out is of another model or other evidence than this fit, so"
            " it says nothing of it. Hold out again: hold_out(fit, ...), or uncounted"
            " check NAME --hold-out country."
        )
    fits, of_rows = fit if isinstance(fit, Mapping) else {"": fit}, rows(fit)
    items = [
        finding
        for name, one in fits.items()
        for finding in named(
            name, [*convergence(one), *credible(one), *of_rows.get(name, ())]
        )
    ]
    return Findings((*items, *predicted(held_out)), () if held_out else (HELD_OUT,))


def credible(fit: Fit) -> list[Finding]:
    """Return what is not about draws: priors, patterns and sources beside the data,
    numbers without surveys.
    """
    return [*conflict(fit), *pattern(fit), *sources(fit), *reach(fit), *support(fit)]


def predicted(held_out: HeldOut | None) -> list[Finding]:
    """Return whether intervals held what surveys that were held out showed; nothing
    without a hold-out.
    """
    return [] if held_out is None else [*_coverage(held_out), *_folds(held_out)]


def named(name: str, findings: Iterable[Finding]) -> list[Finding]:
    """Return findings under the name of what they are about, if it has one."""
    return [
        replace(finding, name=f"{name}: {finding.name}" if name else finding.name)
        for finding in findings
    ]


def _coverage(held: HeldOut) -> Iterator[Finding]:
    everything = held.coverage.query("of == 'all'")
    rows = [
        {str(key): value for key, value in row.items()}
        for row in everything.to_dict("records")
    ]
    several = everything["outcome"].nunique() > 1
    for row in rows:
        level, inside, countries = row["level"], row["inside"], row["countries"]
        if level not in LEVELS:
            continue
        low, high = band(countries, level, BAND)
        good, doubt = low <= inside <= high, _doubt(held.by, countries)
        told = (
            f"Held out by {held.by}, {inside:.1%} of surveys lie in their {level:.0%}"
            f" intervals (mean over {countries} countries); between {low:.1%} and"
            f" {high:.1%} is asked."
        )
        false = level - MISSED
        least, most = round(low * countries), round(high * countries)
        missed = float(
            binom.cdf(most, countries, false) - binom.cdf(least - 1, countries, false)
        )
        told += (
            f" A true coverage of {false:.0%} would be missed in {missed:.0%} of"
            " hold-outs of so many countries."
        )
        advice = (
            ""
            if good
            else f" Intervals are too {'narrow' if inside < low else 'wide'}."
        )
        name = f"{HELD_OUT} at {level:.0%}" + (
            f" of {row['outcome']}" if several else ""
        )
        verdict = "warn" if doubt else "pass" if good else "stop"
        yield Finding(
            name,
            verdict,
            inside,
            low if inside < level else high,
            told + advice + doubt,
        )


def _doubt(by: str, countries: int) -> str:
    """Return why a hold-out cannot decide, if so."""
    if by in ROUNDS:
        return (
            " Other rounds of these countries stayed, so this says little of countries"
            " that nobody surveyed."
        )
    if countries < FEW:
        return (
            f" Fewer than {FEW} countries cannot tell intervals that are right from"
            " others."
        )
    if by in SHARED:
        return (
            " Countries held out together share what was not known of them, which the"
            " band does not know."
        )
    return ""


def _folds(held: HeldOut) -> Iterator[Finding]:
    """Say whether folds mixed: a prediction of one that did not is of its sampler."""
    if "rhat" not in held.table:
        return
    folds = held.table.groupby("fold")[
        ["rhat", "ess", "divergences", "chains", "draws"]
    ].first()
    diverging = folds["divergences"] / (folds["chains"] * folds["draws"])
    bad = ~((folds["rhat"] <= RHAT) & (folds["ess"] >= ESS) & (diverging <= DIVERGING))
    told = (
        f"In {bad.sum()} of {len(folds):,} folds R-hat of a prediction is above"
        f" {RHAT:g}, its ESS below {ESS:g}, or more than {DIVERGING:.0%} of transitions"
        " diverged."
    )
    advice = " Hold out with more draws." if bad.any() else ""
    yield Finding(
        "folds held out",
        "warn" if bad.any() else "pass",
        float(bad.sum()),
        0,
        told + advice,
    )
