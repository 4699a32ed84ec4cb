"""Gate: what decides whether an estimate may be published."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from uncounted.checks.conflict import conflict
from uncounted.checks.convergence import convergence
from uncounted.checks.finding import HELD_OUT, Finding, Findings
from uncounted.checks.held_out import HeldOut
from uncounted.checks.scores import band
from uncounted.checks.support import support
from uncounted.infer.fit import Fit

LEVELS, BAND = (0.8, 0.95), 0.999


def check(fit: Fit | Mapping[str, Fit], held_out: HeldOut | None = None) -> Findings:
    """Check a fit, or all fits of one call of `sample_jointly`, and what was predicted of evidence held out of it.

    "stop" forbids publication: draws behind a published number that did not converge (`convergence.convergence`), and
    predictions whose 80 or 95 % intervals held too few or too many surveys: a share outside its 99.9 % binomial band,
    countries as the trials. "warn" does not: priors in conflict with the data (`conflict.conflict`), people and numbers
    without surveys behind them (`support.support`). Without a hold-out, `not_run` says so.
    """
    fits = fit if isinstance(fit, Mapping) else {"": fit}
    items = [finding for name, one in fits.items() for finding in named(name, [*convergence(one), *credible(one)])]
    return Findings((*items, *predicted(held_out)), () if held_out else (HELD_OUT,))


def credible(fit: Fit) -> list[Finding]:
    """Return what is not about draws: priors in conflict with data, people and numbers without surveys behind them."""
    return [*conflict(fit), *support(fit)]


def predicted(held_out: HeldOut | None) -> list[Finding]:
    """Return whether intervals held what surveys that were held out showed; nothing without a hold-out."""
    return [] if held_out is None else list(_coverage(held_out))


def named(name: str, findings: Iterable[Finding]) -> list[Finding]:
    """Return findings under the name of what they are about, if it has one."""
    return [replace(finding, name=f"{name}: {finding.name}" if name else finding.name) for finding in findings]


def _coverage(held: HeldOut) -> Iterator[Finding]:
    everything = held.coverage.query("of == 'all'")
    rows = [{str(key): value for key, value in row.items()} for row in everything.to_dict("records")]
    several = everything["outcome"].nunique() > 1
    for row in rows:
        level, inside, countries = row["level"], row["inside"], row["countries"]
        if level not in LEVELS:
            continue
        low, high = band(countries, level, BAND)
        good = low <= inside <= high
        told = (
            f"Held out by {held.by}, {inside:.1%} of surveys lie in their {level:.0%} intervals (mean over {countries} "
            f"countries); between {low:.1%} and {high:.1%} is asked."
        )
        advice = "" if good else f" Intervals are too {'narrow' if inside < low else 'wide'}."
        name = f"{HELD_OUT} at {level:.0%}" + (f" of {row['outcome']}" if several else "")
        yield Finding(name, "pass" if good else "stop", inside, low if inside < level else high, told + advice)
