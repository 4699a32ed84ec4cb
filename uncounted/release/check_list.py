"""Check list: verdicts in a report's language, and surveys held out."""

from uncounted.release.outline import Record, records
from uncounted.release.release import Release, is_of_hold_out
from uncounted.wording.translation import translated
from uncounted.wording.words import Words

WORST_FIRST = ("stop", "warn", "pass")


def checks(release: Release) -> list[Record]:
    """Return verdict, name and sentence of each finding, worst first; "not_run" of the
    hold-out if there was none.
    """
    say = release.say
    rows = [
        {
            "verdict": finding.verdict,
            "name": check_name(finding.name, say),
            "sentence": translated(finding.sentence, say),
        }
        for verdict in WORST_FIRST
        for finding in release.findings
        if finding.verdict == verdict
    ]
    tested = any(is_of_hold_out(finding) for finding in release.findings)
    if release.held_out is None and not tested:
        name = say("checks.held_out")
        sentence = say("checks.missing")
        rows.append({"verdict": "not_run", "name": name, "sentence": sentence})
    return rows


def check_name(name: str, say: Words) -> str:
    """Return a check's name, behind that of its model: "forced-labour: tree depth"."""
    model, _, check = name.rpartition(": ")
    translation = translated(check, say)
    if not model:
        return translation
    return say("checks.of_model", model=model, check=translation)


def failures(release: Release) -> list[tuple[str, str]]:
    """Return name and sentence of each finding that forbids publication."""
    say = release.say
    return [
        (check_name(finding.name, say), translated(finding.sentence, say))
        for finding in release.failures
    ]


def held_out(release: Release) -> list[Record]:
    """Return surveys' results beside what was predicted of them, with the country's
    name, and the title of the model as `what`.
    """
    names = release.world.places["name"]
    results = []
    for title, table in release.tested.items():
        for row in records(table):
            name = names.get(row["country"], row["country"])
            words = {"name": release.say.term(name), "what": title}
            results.append(row | words)
    return results
