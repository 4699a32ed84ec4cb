"""Reading of figures: a folder with a card, or a table without one, as Figures."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from uncounted.errors import UncountedError, did_you_mean
from uncounted.figures.figure_card import SurveyCard, parse_card
from uncounted.figures.figure_table import Figures, canonical
from uncounted.figures.proposed_card import (
    card_text,
    header_score,
    proposed_words,
    slug,
)
from uncounted.figures.readings import (
    READERS,
    Cells,
    conventions_of,
    read_cells,
    readings_text,
    refuse_doubts,
)
from uncounted.figures.sheet_block import Block, find_block, header_with
from uncounted.figures.sheet_cells import open_sheet
from uncounted.world.card_file import read_toml


def read_figures(source: str | Path | pd.DataFrame, **words: Any) -> Figures:
    """Read a table of published figures: a folder with its `survey.toml`, or a file or
    DataFrame without a card.

        un.read_figures("smoking.xlsx", outcomes="smoking", age="15+")

    A file (.xlsx, CSV of any usual encoding and separator, Parquet) without a card gets
    one from its header, title and cells, which is printed with whatever was read
    otherwise than it stands; `words` are words of that card, and outweigh it. Raises
    UncountedError, naming file and cells, with all doubtful cells of the table at once,
    then with all its faults.
    """
    if isinstance(source, pd.DataFrame) or Path(source).is_file():
        return _of_file(source, words)
    folder = Path(source)
    path = folder / "survey.toml"
    if not path.is_file():
        raise UncountedError(
            f"There is no table of figures at {folder}, and no survey.toml in it. Check"
            " the path."
        )
    card = parse_card(read_toml(path), path)
    file = folder / card.file
    if not file.is_file():
        raise UncountedError(
            f"{path} names the file '{card.file}', which is not in {folder}. Put it"
            " there or mend `file`."
        )
    sheet = open_sheet(file, card.sheet, card.encoding)
    heads = [*card.columns.values(), *card.outcomes.values()]
    block = find_block(sheet, str(file), header_with(heads), card.header)
    _check_has(block, card, str(path))
    digest = hashlib.sha256(file.read_bytes() + path.read_bytes()).hexdigest()
    return _figures(block, card, folder.name, str(file), digest)


def _of_file(source: str | Path | pd.DataFrame, words: dict[str, Any]) -> Figures:
    """Read a table without a card, and print the card that says how it was read."""
    name = "table" if isinstance(source, pd.DataFrame) else Path(source).name
    sheet = open_sheet(source, words.get("sheet", ""), words.get("encoding", ""))
    header = words.get("header", 0)
    block = find_block(sheet, name, header_score, header)
    proposal = proposed_words(block, sheet, name, words)
    card = parse_card(proposal, Path(name))
    _check_has(block, card, "The card")
    text = card_text(proposal)
    digest = hashlib.sha256(f"{sheet.rows}{text}".encode()).hexdigest()
    figures = _figures(block, card, slug(name), name, digest)
    print(text)
    print(readings_text(figures.readings))
    return replace(figures, toml=text)


def _figures(
    block: Block,
    card: SurveyCard,
    name: str,
    where: str,
    digest: str,
) -> Figures:
    cells = _cells(block, card)
    every = [cells[outcome] for outcome in card.outcomes]
    doubts = pd.concat([part.doubts for part in every]).drop_duplicates()
    refuse_doubts(doubts, where)
    tables, ledgers = {}, {}
    for outcome, part in cells.items():
        tables[outcome], ledgers[outcome] = canonical(part, card, where)
    readings = pd.concat([part.readings for part in every]).drop_duplicates()
    return Figures(name, card, tables, ledgers, digest, readings)


def _check_has(block: Block, card: SurveyCard, where: str) -> None:
    for column in [*card.columns.values(), *card.outcomes.values()]:
        if column not in block.positions:
            hint = did_you_mean(column, block.positions)
            raise UncountedError(
                f"{where} names the column '{column}', which {card.file} lacks.{hint}"
            )


def _cells(block: Block, card: SurveyCard) -> dict[str, Cells]:
    """Return the cells of each outcome's table, read by the words of the card."""
    readers = dict(READERS)
    if card.country_names == "kept":
        del readers["country"]
    bounds = ("estimate", "lower", "upper", "bounds")
    units = dict.fromkeys(bounds, card.unit) | {"se": card.se_unit or card.unit}
    recodes = card.recodes
    names = {word: f"[constants] {word}" for word in card.constants}
    values = {names[word]: str(value) for word, value in card.constants.items()}
    block = replace(block, table=block.table.assign(**values))
    cells = {}
    for outcome, column in card.outcomes.items():
        columns = {"estimate": column, **names, **card.columns}
        cells[outcome] = read_cells(
            block,
            columns,
            conventions_of(block, columns, card.decimal, card.parentheses),
            recodes | {"estimate": recodes.get(outcome, {})},
            units,
            readers,
        ).named(outcome)
    return cells
