"""Gate: what decides whether an estimate may be published."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from uncounted.checks.conflict import conflict
from uncounted.checks.convergence import convergence
from uncounted.checks.finding import Finding, Findings
from uncounted.checks.held_out import HeldOut
from uncounted.checks.scores import band
from uncounted.checks.support import support
from uncounted.infer.fit import Fit

HELD_OUT = "held-out coverage"
LEVELS, BAND = (0.8, 0.95), 0.999


def check(fit: Fit | Mapping[str, Fit], held_out: HeldOut | None = None) -> Findings:
    """Check a fit, or all fits of one call of `sample_jointly`, and what was predicted of evidence held out of it.

    "stop" forbids publication: draws behind a published number that did not converge (`convergence.convergence`), and
    predictions whose 80 or 95 % intervals held too few or too many surveys: a share outside its 99.9 % binomial band,
    countries as the trials. "warn" does not: priors in conflict with the data (`conflict.conflict`), people and numbers
    without surveys behind them (`support.support`). Without a hold-out, `not_run` says so.
    """
    fits = fit if isinstance(fit, Mapping) else {"": fit}
    items = [finding for name, one in fits.items() for finding in _named(name, one)]
    tested = [] if held_out is None else list(_coverage(held_out))
    return Findings((*items, *tested), () if tested else (HELD_OUT,))


def _named(name: str, fit: Fit) -> Iterator[Finding]:
    for finding in (*convergence(fit), *conflict(fit), *support(fit)):
        yield replace(finding, name=f"{name}: {finding.name}") if name else finding


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
