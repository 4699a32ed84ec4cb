"""Verdicts: findings.json, what checks found of an estimate, written and read again for
the same draws.
"""

import hashlib
import json
import math
from pathlib import Path
from typing import Any

from uncounted.checks.finding import HELD_OUT, Finding, Findings
from uncounted.infer.fit import Fit
from uncounted.leaves.estimate import Estimate

FILE = "findings.json"


def write_verdicts(of: Fit | Estimate, findings: Findings, folder: str | Path) -> Path:
    """Write findings.json: each finding, whether the estimate may be published, and of
    which draws they speak.
    """
    told = {
        **_about(of),
        "publishable": not findings.stopped,
        "findings": [
            vars(one) | {"number": one.number if math.isfinite(one.number) else None}
            for one in findings
        ],
        "not_run": list(findings.not_run),
    }
    path = Path(folder) / FILE
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False), encoding="utf-8")
    return path


def read_verdicts(
    of: Fit | Estimate, folder: str | Path, held_out: bool
) -> Findings | None:
    """Return the findings in a folder; None if none can be read, or of other draws, or
    not as much was held out.
    """
    try:
        told = json.loads((Path(folder) / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # no such file, or one cut short
        return None
    about = _about(of)
    if {key: told.get(key) for key in about} != about or (
        HELD_OUT in told["not_run"]
    ) is held_out:
        return None
    items = [
        Finding(
            **one | {"number": math.nan if one["number"] is None else one["number"]}
        )
        for one in told["findings"]
    ]
    return Findings(tuple(items), tuple(told["not_run"]))


def _about(of: Fit | Estimate) -> dict[str, Any]:
    """Return card, seed, versions, the content hash of each source, and that of the
    draws of every model.
    """
    fits = [of] if isinstance(of, Fit) else list(of.parts.fits.values())
    draws = hashlib.sha256(
        b"".join(fit.p.to_numpy().tobytes() for fit in fits)
    ).hexdigest()
    return {
        "card": of.card.name,
        "seed": of.seed,
        "versions": dict(of.versions),
        "digests": dict(of.inputs) if isinstance(of, Estimate) else _digests(of),
        "draws": draws,
    }


def _digests(fit: Fit) -> dict[str, str]:
    return {
        "world": fit.world.digest,
        "evidence": fit.evidence.digest,
        "card": fit.card.digest,
    }
