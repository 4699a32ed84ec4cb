"""New folder: a table of figures with a survey card and a first model card."""

import shutil
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from uncounted.errors import UncountedError
from uncounted.figures.figure_source import read_figures
from uncounted.figures.figure_table import Figures
from uncounted.model.suggestion import suggested_text
from uncounted.observations.evidence import evidence
from uncounted.run.terminal import print_line
from uncounted.world.shelf import shelf

SURVEY = "survey"
TABLES = (".xlsx", ".csv", ".tsv", ".txt", ".parquet", ".gz")


def init(
    folder: Annotated[Path, Argument(help="A folder that is made, or is empty.")],
    source: Annotated[
        Path, Option("--from", help="A table of figures: .xlsx, .csv, .parquet.")
    ],
) -> None:
    """Write a survey card and a model card for a table of published figures."""
    if folder.exists() and any(folder.iterdir()):
        raise UncountedError(
            f"{folder} holds files already. Name a folder that is empty or not there."
        )
    figures = _figures(source)
    survey = folder / SURVEY
    survey.mkdir(parents=True)
    shutil.copy(source, survey / source.name)
    (survey / "survey.toml").write_text(figures.toml, encoding="utf-8")
    print_line(f"Written to {survey}/: {source.name}, survey.toml")
    for outcome in figures.card.outcomes:
        found = evidence(figures, outcome)
        text = suggested_text(found, paths=[SURVEY])
        card = folder / f"{outcome}.toml"
        card.write_text(text, encoding="utf-8")
        print_line(f"Written to {folder}/: {card.name}")
        print_line(f"Next: read both cards, then\n  uncounted estimate {card}")
        print_line(f"  uncounted check {card.stem} --hold-out country")
        print_line(f"  uncounted report {card.stem} --format pdf,xlsx")


def inspect(
    source: Annotated[
        Path, Argument(help="A table of figures: .xlsx, .csv, .parquet.")
    ],
) -> None:
    """Print how a table of figures would be read: its card, and each cell that is not
    read as it stands.
    """
    print_line(repr(_figures(source)))


def cards(
    name: Annotated[str, Argument(help="A card that ships; without, all.")] = "",
) -> None:
    """List the cards that ship, or print one."""
    if name:
        text = shelf("models", f"{name}.toml").read_text(encoding="utf-8")
        print_line(text.rstrip())
        return
    for path in sorted(shelf("models").glob("*.toml")):
        title = next(
            line.partition("=")[2].strip().strip('"')
            for line in path.read_text(encoding="utf-8").splitlines()
            if line.startswith("title")
        )
        print_line(f"{path.stem:<20} {title}")


def _figures(source: Path) -> Figures:
    """Read a table of figures, which prints its card."""
    if not source.is_file():
        raise UncountedError(f"There is no file at {source}. Check the path.")
    if source.suffix.lower() not in TABLES:
        raise UncountedError(
            f"{source} ends in '{source.suffix}'. Tables of figures end in"
            f" {', '.join(TABLES)}. Interviews need a survey.toml with kind ="
            ' "respondents": its words are in docs/card.md.'
        )
    return read_figures(source)
