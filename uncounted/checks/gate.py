"""Gate: the checks that decide whether an estimate may be published."""

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
from uncounted.checks.source_bias import bias
from uncounted.checks.support import support
from uncounted.errors import UncountedError
from uncounted.infer.fit import Fit
from uncounted.infer.joint_fit import sources
from uncounted.infer.result import Result

LEVELS = (0.8, 0.95)
BAND = 0.999  # probability of the band that coverage is held to
MISSED = 0.10  # below the level: a true coverage for which the power of a band is told
FEW = 20  # countries held out, below which nearly any share lies in its band
DIVERGING = 0.01  # of a fold's transitions
SHARED = ("region", "countries")  # held out so that several countries lack the same
ROUNDS = ("survey", "latest")  # held out so that other rounds of the country stay


def check(
    result: Result | Mapping[str, Fit],
    held_out: HeldOut | None = None,
) -> Findings:
    """Check a fit, an estimate, or all fits of one call of `sample_jointly`, and what
    was predicted of evidence held out of it.

    "stop" forbids publication: draws behind a published number that did not converge
    (`convergence.convergence`), and predictions whose 80 or 95 % intervals held too few
    or too many surveys: a share outside its 99.9 % binomial band, countries as the
    trials. "warn" does not: priors in conflict with the data (`conflict.conflict`),
    patterns of countries that are not their surveys' (`country_patterns.pattern`),
    kinds of source that err to one side (`source_bias.bias`), covariates beyond
    those of surveyed countries (`reach.reach`), people and numbers without surveys
    behind them (`support.support`), and rows outside their intervals, surveys'
    contrasts and estimates beside them (`rows.rows`); folds that did not mix; and
    hold-outs that cannot decide, of fewer than 20 countries, of whole regions, whose
    countries share one error, or of surveys whose country's other rounds stayed.
    Without a hold-out, `not_run` says so. Raises UncountedError for a hold-out of
    another fit.

    Of an estimate the numbers are persons of the total, of sums, leaves and shares, and
    the ratios and durations that they are made with, whose own spread could hide in a
    sum; the rest is of each model behind it, under its name.
    """
    results = result if isinstance(result, Mapping) else {"": result}
    fits = result if isinstance(result, Mapping) else result.fits
    _check_same(fits, held_out)
    row_findings = _row_findings(fits)
    findings = []
    for outcome, single in results.items():
        findings += named(outcome, convergence(single))
        for model, fit in single.fits.items():
            of_model = [*credible(fit), *row_findings.get(fit.card.outcome, ())]
            findings += named(outcome or model, of_model)
    not_run = () if held_out else (HELD_OUT,)
    return Findings((*findings, *predicted(held_out)), not_run)


def _check_same(
    fits: Mapping[str, Fit],
    held_out: HeldOut | None,
) -> None:
    """Refuse what was held out of other models or other evidence than of these fits."""
    if held_out is None or "recipe" not in held_out.table:
        return
    if not held_out.made_of(*sources(fits).values()):
        raise UncountedError(
            "What was held out is of another model or other evidence than this fit, so"
            " it says nothing of it. Hold out again: hold_out(fit, ...), or uncounted"
            " check NAME --hold-out country."
        )


def _row_findings(fits: Mapping[str, Fit]) -> dict[str, list[Finding]]:
    """Return findings on the rows that the models were fitted to, by outcome: of those
    sampled together, together.
    """
    by_outcome = {}
    for source in sources(fits).values():
        findings = rows(source)
        if isinstance(source, Fit):
            findings = {source.card.outcome: findings.get("", [])}
        by_outcome |= findings
    return by_outcome


def credible(fit: Fit) -> list[Finding]:
    """Return findings that are not about draws: priors, patterns and sources beside the
    data, numbers without surveys.
    """
    return [*conflict(fit), *pattern(fit), *bias(fit), *reach(fit), *support(fit)]


def predicted(held_out: HeldOut | None) -> list[Finding]:
    """Return whether intervals held what surveys that were held out showed; nothing
    without a hold-out.
    """
    if held_out is None:
        return []
    return [*_coverage(held_out), *_folds(held_out)]


def named(
    name: str,
    findings: Iterable[Finding],
) -> list[Finding]:
    """Return findings under the name of what they are about, if it has one."""
    if not name:
        return list(findings)
    return [replace(finding, name=f"{name}: {finding.name}") for finding in findings]


def _coverage(held: HeldOut) -> Iterator[Finding]:
    """Hold the share of surveys in their intervals to a binomial band, by level."""
    overall = held.coverage.query("of == 'all'")
    several = overall["outcome"].nunique() > 1
    for row in overall.to_dict("records"):
        level = row["level"]
        if level in LEVELS:
            name = f"{HELD_OUT} at {level:.0%}"
            if several:
                name += f" of {row['outcome']}"
            yield _of_level(name, held.by, level, row["inside"], row["countries"])


def _of_level(
    name: str,
    by: str,
    level: float,
    inside: float,
    countries: int,
) -> Finding:
    """Hold the share of surveys in their intervals of one level to its band."""
    low, high = band(countries, level, BAND)
    doubt = _doubt(by, countries)
    sentence = (
        f"Held out by {by}, {inside:.1%} of surveys lie in their {level:.0%}"
        f" intervals (mean over {countries} countries); between {low:.1%} and"
        f" {high:.1%} is asked."
    )
    false = level - MISSED
    least = round(low * countries)
    most = round(high * countries)
    missed = float(
        binom.cdf(most, countries, false) - binom.cdf(least - 1, countries, false)
    )
    sentence += (
        f" A true coverage of {false:.0%} would be missed in {missed:.0%} of"
        " hold-outs of so many countries."
    )
    verdict = "pass"
    if not low <= inside <= high:
        verdict = "stop"
        sentence += f" Intervals are too {'narrow' if inside < low else 'wide'}."
    if doubt:
        verdict = "warn"
    threshold = low if inside < level else high
    return Finding(name, verdict, inside, threshold, sentence + doubt)


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
    """Say whether folds mixed: a prediction of a fold that did not mix is the
    sampler's, not the model's.
    """
    if "rhat" not in held.table:
        return
    columns = ["rhat", "ess", "divergences", "chains", "draws"]
    folds = held.table.groupby("fold")[columns].first()
    diverging = folds["divergences"] / (folds["chains"] * folds["draws"])
    mixes = (folds["rhat"] <= RHAT) & (folds["ess"] >= ESS) & (diverging <= DIVERGING)
    bad = int((~mixes).sum())
    sentence = (
        f"In {bad} of {len(folds):,} folds R-hat of a prediction is above"
        f" {RHAT:g}, its ESS below {ESS:g}, or more than {DIVERGING:.0%} of transitions"
        " diverged."
    )
    if bad:
        sentence += " Hold out with more draws."
    verdict = "warn" if bad else "pass"
    yield Finding("folds held out", verdict, float(bad), 0, sentence)
