"""Survey: a folder with a card, which says whether its table holds published figures or respondents."""

import tomllib
from pathlib import Path

from uncounted.errors import UncountedError, did_you_mean
from uncounted.survey.figures import Figures, read_figures
from uncounted.world.shelf import shelf

READERS = {"figures": read_figures}


def read_survey(path: str | Path) -> Figures:
    """Read a survey: a folder with a `survey.toml`, or the name of one below the shipped data/ ("surveys/stunting").

    Raises UncountedError for a folder without a card, or a card that is no TOML or of an unknown kind.
    """
    folder = Path(path)
    if not folder.is_dir():
        folder = shelf("data", *[part for part in folder.parts if part != "data"])
    card = folder / "survey.toml"
    if not card.is_file():
        raise UncountedError(f"{folder} holds no survey.toml. Every survey has a card that says what its columns are.")
    try:
        kind = tomllib.loads(card.read_text(encoding="utf-8")).get("kind")
    except tomllib.TOMLDecodeError as error:
        raise UncountedError(f"{card} is no TOML: {error}. Mend that line.") from error
    if kind not in READERS:
        raise UncountedError(
            f"{card} says kind = {kind!r}, which is not a kind of survey.{did_you_mean(str(kind), READERS)}"
        )
    return READERS[kind](folder)
