"""Survey: a folder with a card, which says whether its table holds published figures or respondents."""

import tomllib
from inspect import signature
from pathlib import Path

from uncounted.errors import UncountedError, did_you_mean
from uncounted.survey.figures import Figures, read_figures
from uncounted.survey.respondents import Respondents, read_respondents
from uncounted.world.shelf import shelf

ABOUT = ("title", "kind", "file", "publisher", "licence", "changes")


def read_survey(path: str | Path) -> Figures | Respondents:
    """Read a survey: a folder with a `survey.toml`, or the name of one below the shipped data/ ("surveys/stunting").

    Raises UncountedError for a folder without a card, or a card that is no TOML or of an unknown kind.
    """
    folder = Path(path)
    if not folder.is_dir():
        folder = _shipped(folder)
    card = folder / "survey.toml"
    if not card.is_file():
        raise UncountedError(f"{folder} holds no survey.toml. Every survey has a card that says what its columns are.")
    try:
        kind = tomllib.loads(card.read_text(encoding="utf-8")).get("kind")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UncountedError(f"{card} is no TOML: {error}. Mend that line.") from error
    if kind not in READERS:
        raise UncountedError(
            f"{card} says kind = {kind!r}, which is not a kind of survey.{did_you_mean(str(kind), READERS)}"
        )
    return READERS[kind](folder)


def _shipped(name: Path) -> Path:
    data = shelf("data")
    ships = {card.parent.relative_to(data).as_posix(): card.parent for card in data.rglob("survey.toml")}
    asked = Path(*[part for part in name.parts if part != "data"]).as_posix()
    if asked not in ships:
        raise UncountedError(f"There is no survey at {name}, and none '{asked}' ships.{did_you_mean(asked, ships)}")
    return ships[asked]


def _respondents(folder: Path) -> Respondents:
    """Read respondents through their card: besides ABOUT, its words are the arguments of `read_respondents`."""
    card = folder / "survey.toml"
    words = tomllib.loads(card.read_text(encoding="utf-8"))
    known = [*ABOUT, *(word for word in signature(read_respondents).parameters if word not in ("source", "replicates"))]
    for word in words:
        if word not in known:
            raise UncountedError(f"{card} has the word '{word}', which no card has.{did_you_mean(word, known)}")
    for word in ("title", "file", "columns", "outcomes"):
        if word not in words:
            raise UncountedError(f"{card} lacks `{word}`. Every card of respondents needs it.")
    cuts = {
        trait: {label: (ends[0], ends[1] if len(ends) > 1 else None) for label, ends in bands.items()}
        for trait, bands in words.get("cuts", {}).items()
    }
    given = {word: value for word, value in words.items() if word not in (*ABOUT, "columns", "outcomes", "cuts")}
    source = folder / words["file"]
    named = {"name": words["title"], **given}
    return read_respondents(source, words["columns"], words["outcomes"], cuts=cuts, **named)


READERS = {"figures": read_figures, "respondents": _respondents}
