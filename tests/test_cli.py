"""The command line as a user meets it."""

import io
import json
from dataclasses import replace

import numpy as np
import openpyxl
import pandas as pd
import pytest

import uncounted as un
from uncounted import cli
from uncounted.infer.recipe import recipe_of
from uncounted.run.recheck import held_out_of


def run(monkeypatch, capsys, *words):
    monkeypatch.setattr("sys.argv", ["uncounted", *words])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    told = capsys.readouterr()
    return stopped.value.code, told.out, told.err


def test_unknown_card_is_a_sentence_with_the_nearest(monkeypatch, capsys):
    code, _, err = run(monkeypatch, capsys, "estimate", "stuntin")
    assert code == 2
    assert "Traceback" not in err
    assert "stunting" in err


def test_totals_of_another_grouping(monkeypatch, capsys, fit, tmp_path):
    path = un.write_fit(fit, tmp_path / "fit.nc")
    code, out, _ = run(monkeypatch, capsys, "totals", str(path), "--by", "who_region")
    assert code == 0
    rows = pd.read_csv(io.StringIO(out))
    world = rows[(rows["sex"] == "all") & (rows["age"] == "all")]["persons_mean"].sum()
    assert world == pytest.approx(
        float((fit.p.astype(float) * fit.people).sum(["country", "sex", "age"]).mean()),
        rel=1e-6,
    )


def test_totals_by_an_unknown_grouping(monkeypatch, capsys, fit, tmp_path):
    path = un.write_fit(fit, tmp_path / "fit.nc")
    code, _, err = run(monkeypatch, capsys, "totals", str(path), "--by", "regoin")
    assert (code, "Did you mean 'region'" in err) == (2, True)


@pytest.fixture
def interviews(tmp_path):
    """Interviews of two countries in a folder with its card; stratum 3 has a single
    PSU.
    """
    psu = np.arange(400) // 20
    people = pd.DataFrame(
        {
            "cty": np.where(psu < 10, "GHA", "KEN"),
            "h": psu // 6,
            "psu": psu,
            "w": 1.0 + psu % 3,
        }
    )
    people["q1"], people["s"] = (
        np.arange(400) * 7 % 400 % 9 // 8,
        np.where(np.arange(400) % 2, "female", "male"),
    )
    people.loc[people["h"] == 3, "psu"] = 99
    people.to_csv(tmp_path / "people.csv", index=False)
    (tmp_path / "survey.toml").write_text(
        'title = "Two"\nkind = "respondents"\nfile = "people.csv"\noutcomes = { worked'
        ' = "q1" }\ncolumns = { country = "cty", stratum = "h", psu = "psu", weight ='
        ' "w", sex = "s" }\n'
    )
    return tmp_path


def test_direct_estimates_of_a_folder_of_interviews(monkeypatch, capsys, interviews):
    asked = [
        "direct",
        str(interviews),
        "--by",
        "country,sex",
        "--single-psu",
        "adjust",
        "--method",
        "beta",
    ]
    code, out, _ = run(monkeypatch, capsys, *asked, "--level", "0.8")
    expected = un.direct(
        un.read_survey(interviews),
        ["country", "sex"],
        single_psu="adjust",
        method="beta",
        interval=0.8,
    )
    assert code == 0
    pd.testing.assert_frame_equal(
        pd.read_csv(io.StringIO(out), keep_default_na=False),
        expected,
        check_dtype=False,
    )
    for name, read in (("a.csv", pd.read_csv), ("a.parquet", pd.read_parquet)):
        code, out, _ = run(
            monkeypatch,
            capsys,
            *asked,
            "--interval",
            "0.8",
            "--out",
            str(interviews / name),
        )
        assert (code, out) == (0, "")
        assert len(read(interviews / name)) == 4


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--by", "countri"], "Did you mean 'country'"),
        (["--outcome", "work"], "Did you mean 'worked'"),
        ([], "single PSU"),
        (["--single-psu", "adjusted"], "Did you mean 'adjust'"),
        (["--method", "wald"], "No interval method"),
        (["--level", "95"], "no level"),
        (["--out", "a.xlsx"], "ends in '.xlsx'"),
        (["--out", "nowhere/a.csv"], "no folder nowhere"),
    ],
)
def test_what_direct_cannot_do_is_a_sentence(
    monkeypatch, capsys, interviews, words, told
):
    code, out, err = run(monkeypatch, capsys, "direct", str(interviews), *words)
    assert (code, out) == (2, "")
    assert told in err
    assert "Traceback" not in err


def test_direct_estimates_of_published_figures_are_refused(monkeypatch, capsys):
    code, _, err = run(monkeypatch, capsys, "direct", "surveys/stunting")
    assert code == 2
    assert "estimates already" in err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["report", "stuntin"], "no fit at"),
        (["report", "stunting", "--country", "GHA", "--out", "nowhere"], "no fit at"),
    ],
)
def test_a_report_of_nothing_is_a_sentence(monkeypatch, capsys, tmp_path, words, told):
    monkeypatch.chdir(tmp_path)
    code, _, err = run(monkeypatch, capsys, *words)
    assert (code, told in err, "Traceback" in err) == (2, True, False)


def test_a_report_of_a_finished_estimate(monkeypatch, capsys, fit, tmp_path):
    un.write_fit(fit, tmp_path / "stunting" / "fit.nc")
    monkeypatch.setattr(
        "uncounted.cli.findings_of",
        lambda *_: un.Findings((un.Finding("E-BFMI", "stop", 0.1, 0.3, "Low."),)),
    )
    asked = ["report", "stunting", "--out", str(tmp_path)]
    code, out, _ = run(monkeypatch, capsys, *asked, "--format", "csv,sdmx")
    assert code == 1  # a check stops publication
    assert {"sdmx.csv", "trend.csv"} <= {
        path.name for path in (tmp_path / "stunting").iterdir()
    }
    assert (
        "not converged" in (tmp_path / "stunting" / "estimates.csv").read_text()[:3000]
    )
    code, out, _ = run(
        monkeypatch,
        capsys,
        *asked,
        "--country",
        "GHA",
        "--language",
        "fr",
        "--publish-anyway",
    )
    assert (code, "GHA.pdf" in out) == (0, True)
    code, _, err = run(monkeypatch, capsys, *asked, "--format", "pdff")
    assert (code, "Did you mean 'pdf'" in err) == (2, True)


@pytest.mark.long
def test_a_finished_estimate_is_checked_again(monkeypatch, capsys, fit, tmp_path):
    un.write_fit(fit, tmp_path / "stunting" / "fit.nc")
    code, out, _ = run(monkeypatch, capsys, "check", "stunting", "--out", str(tmp_path))
    told = json.loads((tmp_path / "stunting" / "findings.json").read_text())
    assert code == (0 if told["publishable"] else 1)
    assert told["not_run"] == ["held-out coverage"]
    assert "held-out coverage: not run" in out
    assert {"tree depth", "priors beside the data", "people in surveyed countries"} <= {
        finding["name"] for finding in told["findings"]
    }
    assert (
        run(
            monkeypatch,
            capsys,
            "check",
            "stunting",
            "--out",
            str(tmp_path),
            "--publish-anyway",
        )[0]
        == 0
    )


def test_a_planted_divergence_stops_every_file(monkeypatch, capsys, fit, tmp_path):
    stats = fit.stats.copy(deep=True)
    stats["diverging"][1, 3] = True
    un.write_fit(replace(fit, stats=stats), tmp_path / "stunting" / "fit.nc")
    code, out, _ = run(monkeypatch, capsys, "check", "stunting", "--out", str(tmp_path))
    assert code == 1
    assert "stop  divergences" in out
    folder = tmp_path / "stunting"
    assert not json.loads((folder / "findings.json").read_text())["publishable"]
    assert (
        pd.read_csv(folder / "estimates.csv")["note"]
        == "not converged: not for publication"
    ).all()
    assert 'role="alert"' in (folder / "report.html").read_text()


def write_held_out(fit, folder, squeeze: float, recipe: str = "") -> None:
    """Write a hold-out of every survey, ranks even about the middle if squeeze is 1;
    above: intervals too narrow.
    """
    surveys = fit.evidence.rows.groupby("survey", sort=True)[["y", "n"]].sum()
    first = fit.evidence.rows.groupby("survey", sort=True)[
        ["country", "year", "source"]
    ].first()
    even = np.random.default_rng(1).permutation(
        (np.arange(len(first)) + 0.5) / len(first)
    )
    pit, observed = (
        np.clip(0.5 + squeeze * (even - 0.5), 0, 1),
        surveys["y"] / surveys["n"],
    )
    numbers = dict.fromkeys(
        ("error", "crps", "world_mean", "region_mean", "region_geometric_mean"), 0.1
    )
    numbers |= {
        f"{name}{what}": 0.5 for name in list(numbers)[2:] for what in ("_crps", "_pit")
    }
    places = (
        fit.world.places.loc[first["country"]]
        .reset_index()[["name", "region"]]
        .set_axis(first.index)
    )
    table = first.join(places).assign(
        outcome="stunting", evidence="imputed", observed=observed, median=observed, lower=0.9 * observed,
        upper=1.1 * observed, interval=0.95, covered=np.abs(pit - 0.5) < 0.475, pit=pit, log_score=-5.0, fold="1",
        by="country", recipe=recipe or recipe_of(fit).digest, n=surveys["n"], **numbers,
    )  # fmt: skip
    (folder / "held-out").mkdir(parents=True)
    table.reset_index().to_csv(folder / "held-out" / "held-out.csv", index=False)


def test_predictions_that_failed_stop_every_file(monkeypatch, capsys, fit, tmp_path):
    """Nothing is wrong with the draws: all is "not validated", what is checked now and
    what is written later.
    """
    folder = tmp_path / "stunting"
    monkeypatch.setattr(
        "uncounted.checks.gate.convergence", lambda _: []
    )  # 1,800 draws are few
    monkeypatch.setattr(
        "uncounted.checks.variance_shares.LEAST", 0
    )  # and worth more or less than a budget asks, by chance
    write_held_out(fit, folder, squeeze=2.5)
    un.write_fit(fit, folder / "fit.nc")
    code, out, _ = run(monkeypatch, capsys, "check", "stunting", "--out", str(tmp_path))
    assert code == 1
    assert "stop  held-out coverage at 80%" in out
    note = "not validated: not for publication"
    assert (pd.read_csv(folder / "estimates.csv")["note"] == note).all()
    assert (pd.read_csv(folder / "held-out.csv")["note"] == note).all()
    assert "Not validated" in (folder / "report.html").read_text()
    assert "Of the variance of the world's number: sampling" in out
    assert pd.read_csv(folder / "budget.csv")["share"].sum() == pytest.approx(1)
    (folder / "estimates.csv").unlink()
    code, out, _ = run(
        monkeypatch,
        capsys,
        "report",
        "stunting",
        "--out",
        str(tmp_path),
        "--format",
        "csv,xlsx",
    )
    assert code == 1
    assert (pd.read_csv(folder / "estimates.csv")["note"] == note).all()
    sheet = openpyxl.load_workbook(folder / "tables.xlsx").worksheets[1]
    assert "Not validated" in str(sheet["A2"].value)


def test_predictions_that_held_stamp_nothing(fit, tmp_path):
    write_held_out(fit, tmp_path / "good", squeeze=1.0)
    found = un.check(fit, held_out_of(fit, tmp_path / "good"))
    assert {
        one.verdict for one in found if one.name.startswith("held-out coverage")
    } == {"pass"}
    write_held_out(fit, tmp_path / "other", squeeze=1.0, recipe="another")
    with pytest.warns(UserWarning, match="another model or other evidence"):
        assert held_out_of(fit, tmp_path / "other") is None
    assert held_out_of(fit, tmp_path) is None


def test_what_check_cannot_do_is_a_sentence(monkeypatch, capsys, fit, tmp_path):
    code, _, err = run(monkeypatch, capsys, "check", "nothing", "--out", str(tmp_path))
    assert (code, "There is no fit at" in err) == (2, True)
    un.write_fit(fit, tmp_path / "stunting" / "fit.nc")
    code, _, err = run(
        monkeypatch,
        capsys,
        "check",
        "stunting",
        "--out",
        str(tmp_path),
        "--hold-out",
        "regoin",
    )
    assert (code, "Did you mean 'region'" in err) == (2, True)
