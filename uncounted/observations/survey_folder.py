"""Survey: a folder with a card that says whether it holds figures or respondents."""

from pathlib import Path

from uncounted.errors import UncountedError, did_you_mean
from uncounted.figures.figure_source import read_figures
from uncounted.figures.figure_table import Figures
from uncounted.interviews.declaration import read_declared
from uncounted.interviews.families import Families, read_family_card
from uncounted.interviews.respondents import Respondents
from uncounted.world.card_file import read_toml
from uncounted.world.shelf import shelf


def read_survey(path: str | Path) -> Figures | Respondents | Families:
    """Read a survey: a folder with a `survey.toml`, or the name of one below the
    shipped data/ ("surveys/stunting").

    Raises UncountedError for a folder without a card, or a card that is no TOML or of
    an unknown kind.
    """
    folder = Path(path)
    if not folder.is_dir():
        folder = _shipped(folder)
    card = folder / "survey.toml"
    if not card.is_file():
        raise UncountedError(
            f"{folder} holds no survey.toml. Every survey has a card that says what its"
            " columns are."
        )
    kind = read_toml(card).get("kind")
    if not isinstance(kind, str) or kind not in READERS:
        hint = did_you_mean(str(kind), READERS)
        raise UncountedError(
            f"{card} says kind = {kind!r}, which is not a kind of survey.{hint}"
        )
    return READERS[kind](folder)


def _shipped(name: Path) -> Path:
    data = shelf("data")
    shipped: dict[str, Path] = {}
    for card in sorted(data.rglob("survey.toml")):
        shipped[card.parent.relative_to(data).as_posix()] = card.parent
    requested = Path(*[part for part in name.parts if part != "data"]).as_posix()
    if requested not in shipped:
        hint = did_you_mean(requested, shipped)
        raise UncountedError(
            f"There is no survey at {name}, and none '{requested}' ships.{hint}"
        )
    return shipped[requested]


READERS = {
    "figures": read_figures,
    "respondents": read_declared,
    "families": read_family_card,
}
