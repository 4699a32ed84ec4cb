"""Formats: every file of a report, from one release."""

import json
from dataclasses import replace

import pandas as pd
import pytest
import xarray as xr

import uncounted as un
from uncounted.formats.press import FORMATS, Press, write_formats
from uncounted.release.fit_release import release_of
from uncounted.release.model_part import part_of
from uncounted.run.estimation import write_estimate

BAD = un.Finding(
    "tail ESS of published numbers", "stop", 312, 400, "The smallest is 312."
)
UNFIT = un.Finding("held-out coverage at 95 %", "stop", 0.7, 0.9, "It is 70 %.")


@pytest.fixture(scope="module")
def stopped(fit, few):
    return release_of(fit, few, [BAD, UNFIT])


def test_tables_are_tidy_and_stamped(fit, stopped, tmp_path):
    files = write_formats(Press(stopped, fit), tmp_path, ["csv", "parquet"])
    assert [path.name for path in files] == [
        "estimates.csv",
        "surveys.csv",
        "ledger.csv",
        "estimates.parquet",
    ]
    rows, same = pd.read_csv(files[0], keep_default_na=False), pd.read_parquet(files[3])
    assert len(rows) == len(same) == len(stopped.rows)
    note = "not converged: not for publication; not validated: not for publication"
    assert set(rows["note"]) == set(same["note"]) == {note}
    assert set(pd.read_csv(files[1])["note"]) == {note}
    assert list(pd.read_csv(files[1])["survey"]) == sorted(fit.evidence.rows["survey"])


def test_draws_are_written_on_request_and_add_up(fit, stopped, tmp_path):
    (path,) = write_formats(Press(stopped, fit), tmp_path, ["draws"])
    with xr.open_dataset(path) as draws:
        assert draws.attrs["note"].startswith("not converged")
        mean = float(
            (draws["p"].astype(float) * draws["persons"])
            .sum(["country", "sex", "age"])
            .mean()
        )
    assert mean == pytest.approx(stopped.of_world["persons_mean"], rel=1e-6)
    with pytest.raises(un.UncountedError, match="from its fit"):
        write_formats(Press(stopped), tmp_path, ["draws"])


def test_an_unknown_format_is_a_sentence(fit, stopped, tmp_path):
    with pytest.raises(un.UncountedError, match="Did you mean 'html'"):
        write_formats(Press(stopped, fit), tmp_path, ["htm"])
    with pytest.raises(un.UncountedError, match=r"ends in '\.htm'"):
        un.write_report(fit, tmp_path / "report.htm")


def test_an_estimate_of_several_models_says_of_which_each_row_is(
    fit, stopped, tmp_path
):
    other = replace(
        part_of(fit), card=replace(fit.card, outcome="wasting", title="Wasting")
    )
    both = replace(stopped, parts=(*stopped.parts, other))
    files = write_formats(Press(both), tmp_path, ["csv", "gather"])
    for path in files:
        if path.name in ("surveys.csv", "ledger.csv", "inputs.csv"):
            assert set(pd.read_csv(path)["outcome"]) == {"stunting", "wasting"}


def test_one_file_or_a_folder(fit, few, tmp_path, monkeypatch):
    monkeypatch.setattr("uncounted.run.estimation.estimates", lambda *_: few)
    still = replace(
        fit,
        card=replace(
            fit.card,
            priors={k: p for k, p in fit.card.priors.items() if "trend" not in k},
        ),
    )
    assert un.write_report(still, tmp_path / "a.xlsx", findings=un.Findings(())) == [
        tmp_path / "a.xlsx"
    ]
    files = un.write_report(still, tmp_path / "all", "sdmx", findings=un.Findings(()))
    assert [path.name for path in files] == ["sdmx.csv"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.xlsx", "all"]


def test_the_folder_of_an_estimate_says_what_stops_it(fit, few, tmp_path):
    still = replace(
        fit,
        card=replace(
            fit.card,
            priors={k: p for k, p in fit.card.priors.items() if "trend" not in k},
        ),
    )
    folder = write_estimate(still, few, un.Findings((BAD,)), tmp_path / "out", ["csv"])
    told = json.loads((folder / "findings.json").read_text())
    assert told["publishable"] is False
    assert {
        "estimates.csv",
        "surveys.csv",
        "ledger.csv",
        "findings.json",
        "fit.nc",
    } == {p.name for p in folder.iterdir()}


def test_all_formats_are_named_in_the_docstring():
    assert all(f"{name}:" in write_formats.__doc__ for name in FORMATS)
