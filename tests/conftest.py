"""Fixtures that several rooms' tests share."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pandas as pd
import pytest
from filelock import FileLock
from hypothesis import settings

import uncounted as un
from uncounted.figures.figure_card import NUMBERS, TEXT
from uncounted.figures.figure_source import read_figures
from uncounted.figures.figure_table import Figures
from uncounted.world.shelf import shelf

# the same examples in every run of CI; elsewhere others are drawn each time
settings.register_profile("repeatable", derandomize=True)
if os.environ.get("CI") == "true":
    settings.load_profile("repeatable")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of reference answers beside the repository; CI must have it."""
    if not SHARED.is_dir():
        told = (
            "The reference answers are not beside this checkout (../shared), so"
            " agreement with them isn't tested."
        )
        pytest.fail(told) if os.environ.get("CI") == "true" else pytest.skip(told)
    return SHARED


@pytest.fixture(scope="session")
def r_survey() -> Callable[[str, Path], None]:
    """Return a function that runs an R script, which may use the package survey, in a
    folder; CI must have both.
    """

    def run(script: str, folder: Path) -> None:
        (folder / "script.R").write_text(CHECKED + script, encoding="utf-8")
        command = [executable, "--vanilla", "script.R"]
        ended = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=False
        )
        if ended.returncode == WITHOUT_SURVEY:
            without_r("R has no package survey")
        assert ended.returncode == 0, ended.stderr

    executable = shutil.which("Rscript")
    if executable is None:
        without_r("There is no Rscript")
    return run


WITHOUT_SURVEY = 9
CHECKED = f"""if (!requireNamespace("survey", quietly = TRUE)) quit(status = {WITHOUT_SURVEY})
suppressMessages(library(survey))
"""


def without_r(what: str) -> NoReturn:
    sentence = (
        f"{what} here, so agreement with R's survey isn't tested (Debian:"
        " r-cran-survey)."
    )
    if os.environ.get("CI") == "true":
        pytest.fail(sentence)
    pytest.skip(sentence)


@pytest.fixture(scope="session")
def fit(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> un.Fit:
    """Stunting on real surveys, few draws: sampled once for all tests that need a fit,
    by the worker that asks first.
    """
    folder = tmp_path_factory.getbasetemp()
    path = (folder if worker_id == "master" else folder.parent) / "stunting.nc"
    with FileLock(path.with_suffix(".lock")):
        if not path.exists():
            card = un.read_card("stunting")
            model = un.build(card, un.read_world(), un.evidence_of(card))
            sampled = un.sample(
                model, seed=11, tune=400, draws=450, progress=un.Progress(show=False)
            )
            un.write_fit(sampled, path)
    return un.read_fit(path)


@pytest.fixture
def card_of_survey(tmp_path: Path):
    """Return a function that writes a small survey folder and gives its path: rows of
    figures, words of the card.
    """

    def write(rows: list[dict] | str, **words: object) -> Path:
        table = (
            rows if isinstance(rows, str) else pd.DataFrame(rows).to_csv(index=False)
        )
        (tmp_path / "figures.csv").write_text(table, encoding="utf-8")
        header = table.splitlines()[0].split(",") if table else []
        given = {
            "title": "A small survey",
            "kind": "figures",
            "file": "figures.csv",
            "outcomes": {"wasting": "estimate"},
            "age": "0-59 months",
            "columns": {
                name: name
                for name in header
                if name in {*TEXT, *NUMBERS} - {"estimate"}
            },
        }
        lines = [
            f"{word} = {toml(value)}"
            for word, value in (given | words).items()
            if value is not None
        ]
        (tmp_path / "survey.toml").write_text("\n".join(lines), encoding="utf-8")
        return tmp_path

    return write


def toml(value: object) -> str:
    if isinstance(value, dict):
        return (
            "{ "
            + ", ".join(
                f"{json.dumps(key)} = {toml(one)}" for key, one in value.items()
            )
            + " }"
        )
    return json.dumps(value)


@pytest.fixture
def figures_of(card_of_survey):
    """Return a function that reads a small survey's figures: rows of the table, words
    of the card.
    """
    return lambda rows, **words: read_figures(card_of_survey(rows, **words))


@pytest.fixture(scope="session")
def stunting() -> Figures:
    return read_figures(shelf("data", "surveys", "stunting"))
