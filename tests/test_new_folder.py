"""From a table of figures to cards in a folder, by the command line."""

import re

import pandas as pd
import pytest
from typer.testing import CliRunner

import uncounted as un
from uncounted.cli import app

TABLE = pd.DataFrame(
    {
        "Country": ["Ghana", "Kenya", "Viet Nam", "Côte d'Ivoire"],
        "Survey": ["STEPS 1", "STEPS 2", "GATS", "DHS"],
        "Year": ["2011/12", "2015", "2013-14", "2016"],
        "Sex": ["Both", "Total", "Both", "All"],
        "Age": ["15+", "15 +", "15plus", "15+"],
        "Prevalence (95% CI)": [
            "24.1% (22.0–26.3)",
            "14.1 [11.9, 16.6]",
            "22.3 (20.4 – 24.3)",
            "9.9 (8.1–11.9)",
        ],
        "N": ["5,680", "1 200", "2000", "1500"],
    }
)


def run(*words: object):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_a_table_becomes_a_folder_with_cards_that_are_read(tmp_path):
    source = tmp_path / "smoking.xlsx"
    TABLE.to_excel(source, index=False)
    folder = tmp_path / "smoking"
    ended = run("init", folder, "--from", source)
    assert ended.exit_code == 0, ended.output
    (path,) = folder.glob("*.toml")
    card = un.read_card(path)
    evidence = un.evidence_of(card)
    assert sorted(evidence.rows["country"]) == ["CIV", "GHA", "KEN", "VNM"]
    assert evidence.rows["estimate"].round(3).tolist() == [0.099, 0.241, 0.141, 0.223]
    assert card.ages == ("15+",)
    assert f"uncounted estimate {path}" in ended.output


def test_a_folder_with_files_is_left_alone(tmp_path):
    source = tmp_path / "table.csv"
    TABLE.to_csv(source, index=False)
    ended = run("init", tmp_path, "--from", source)
    assert isinstance(ended.exception, un.UncountedError)
    assert "holds files already" in str(ended.exception)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["table.csv"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("absent.csv", "There is no file at"), ("interviews.dta", "docs/card.md")],
)
def test_what_is_no_table_of_figures_is_a_sentence(tmp_path, name, sentence):
    (tmp_path / "interviews.dta").write_bytes(b"")
    ended = run("inspect", tmp_path / name)
    assert sentence in str(ended.exception)


def test_inspect_shows_the_card_and_each_cell_that_was_read_otherwise(tmp_path):
    source = tmp_path / "table.csv"
    TABLE.to_csv(source, index=False)
    ended = run("inspect", source)
    assert '"country" = "Country"' in ended.output
    assert re.search(r"'2011/12' → year 2011, until 2012", ended.output)


def test_cards_and_version_are_printed():
    names = run("cards").output
    assert {"stunting", "modern-slavery"} <= set(names.split())
    assert "[priors]" in run("cards", "stunting").output
    assert re.fullmatch(r"uncounted \d+\.\d+\S*\n", run("--version").output)
