"""The command line as a user meets it."""

import io

import pandas as pd
import pytest

import uncounted as un
from uncounted import cli


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
        float((fit.p.astype(float) * fit.people).sum(["country", "sex", "age"]).mean()), rel=1e-6
    )


def test_totals_by_an_unknown_grouping(monkeypatch, capsys, fit, tmp_path):
    path = un.write_fit(fit, tmp_path / "fit.nc")
    code, _, err = run(monkeypatch, capsys, "totals", str(path), "--by", "regoin")
    assert (code, "Did you mean 'region'" in err) == (2, True)
