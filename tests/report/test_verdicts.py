"""Tests of findings.json: what was found is read again for the same draws, and for
nothing else.
"""

import json
from dataclasses import replace

import numpy as np

import uncounted as un
from uncounted.checks.finding import HELD_OUT
from uncounted.run.recheck import findings_of
from uncounted.run.verdicts import FILE, read_verdicts, write_verdicts

FOUND = un.Findings(
    (
        un.Finding("R-hat", "pass", 1.004, 1.01, "Good."),
        un.Finding("depth", "warn", np.nan, 0.01, "Not recorded."),
    ),
    (HELD_OUT,),
)


def test_findings_are_read_as_they_were_written(fit, tmp_path):
    write_verdicts(fit, FOUND, tmp_path)
    told = json.loads((tmp_path / FILE).read_text())
    assert told["publishable"]
    assert told["findings"][1]["number"] is None
    again = read_verdicts(fit, tmp_path, held_out=False)
    assert again is not None
    assert again.not_run == FOUND.not_run
    assert [str(one) for one in again] == [str(one) for one in FOUND]


def test_findings_of_other_draws_count_for_nothing(fit, tmp_path):
    assert read_verdicts(fit, tmp_path, held_out=False) is None
    (tmp_path / FILE).write_text('{"card": "stunt')
    assert read_verdicts(fit, tmp_path, held_out=False) is None  # cut short
    write_verdicts(fit, FOUND, tmp_path)
    assert (
        read_verdicts(fit, tmp_path, held_out=True) is None
    )  # more was held out since
    assert (
        read_verdicts(
            replace(fit, p=fit.p * np.float32(0.999)), tmp_path, held_out=False
        )
        is None
    )
    assert (
        read_verdicts(replace(fit, seed=fit.seed + 1), tmp_path, held_out=False) is None
    )


def test_a_report_takes_the_verdicts_that_lie_beside_the_draws(fit, tmp_path):
    write_verdicts(
        fit,
        un.Findings(
            (un.Finding("planted", "stop", 1.0, 0.0, "Planted."),), (HELD_OUT,)
        ),
        tmp_path,
    )
    assert [one.name for one in findings_of(fit, None, tmp_path)] == ["planted"]
    assert "planted" not in [one.name for one in findings_of(fit, None)]


def test_a_file_of_before_counts_for_nothing(fit, tmp_path):
    write_verdicts(fit, FOUND, tmp_path)
    told = json.loads((tmp_path / FILE).read_text())
    (tmp_path / FILE).write_text(
        json.dumps({key: value for key, value in told.items() if key != "draws"})
    )
    assert read_verdicts(fit, tmp_path, held_out=False) is None
