"""Verdicts: findings.json, the findings of checks on an estimate, written and read
again for the same draws.
"""

import hashlib
import json
import math
from pathlib import Path
from typing import Any

from uncounted.checks.finding import HELD_OUT, Finding, Findings
from uncounted.infer.result import Result

FILE = "findings.json"


def write_verdicts(result: Result, findings: Findings, folder: str | Path) -> Path:
    """Write findings.json: each finding, whether the estimate may be published, and
    which draws they are about.
    """
    content = {
        **_about(result),
        "publishable": not findings.stopped,
        "findings": [_plain(finding) for finding in findings],
        "not_run": list(findings.not_run),
    }
    path = Path(folder) / FILE
    path.write_text(
        json.dumps(
            content,
            indent=1,
            ensure_ascii=False,
        ),
        encoding="utf-8",
    )
    return path


def _plain(finding: Finding) -> dict[str, Any]:
    """Return a finding as JSON has it, which knows no infinity and no NaN."""
    number = finding.number if math.isfinite(finding.number) else None
    return vars(finding) | {"number": number}


def read_verdicts(
    result: Result, folder: str | Path, held_out: bool
) -> Findings | None:
    """Return the findings in a folder; None if none can be read, or if they are of
    other draws, or if not as much was held out.
    """
    try:
        content = json.loads((Path(folder) / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # no such file, or one cut short
        return None
    about = _about(result)
    is_of_others = {key: content.get(key) for key in about} != about
    if is_of_others or (HELD_OUT in content["not_run"]) is held_out:
        return None
    findings = []
    for row in content["findings"]:
        number = math.nan if row["number"] is None else row["number"]
        findings.append(Finding(**row | {"number": number}))
    return Findings(tuple(findings), tuple(content["not_run"]))


def _about(result: Result) -> dict[str, Any]:
    """Return card, seed, versions, the content hash of each source, and that of the
    draws of every model.
    """
    draws = hashlib.sha256()
    for fit in result.fits.values():
        draws.update(fit.p.to_numpy().tobytes())
    return {
        "card": result.card.name,
        "seed": result.seed,
        "versions": dict(result.versions),
        "digests": dict(result.inputs),
        "draws": draws.hexdigest(),
    }
