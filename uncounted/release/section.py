"""Section: a part of a report as data, which each format writes by kinds of block and
column.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar

from uncounted.notation.line import Line

HTML, PDF, XLSX, DOCX = "html", "pdf", "xlsx", "docx"
EVERY_FORMAT = (HTML, PDF, XLSX, DOCX)


class Hidden(Enum):
    """What stands in place of a number that may not be published."""

    MASKED = "masked"


@dataclass(frozen=True)
class Range:
    """An estimate with the bounds of its interval: proportions, or persons."""

    middle: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Crossed:
    """A part's prevalence in a place, with the mean of its persons there."""

    prevalence: Range
    persons: float


@dataclass(frozen=True)
class Column:
    """A column of a table.

    kind: what its values are, by which a format writes them. `name`: the text that
    names the row; `text`, `middle`, `long`: other texts, by length; `evidence`: a class
    of evidence; `verdict`: pass, warn, stop or not_run; `answer`: yes, no or unknown;
    `item`: a number that names the row; `year`, `count`, `number`: numbers; `tally`:
    a text of numbers; `share`: a part of 1, in percent; `rate`: a
    proportion, in the estimate's unit; `people`: persons; `estimate`: Range of
    proportions; `interval`: the same, drawn; `persons`: Range of persons; `bounds`:
    the same without its middle; `crossed`: Crossed.
    """

    key: str
    head: str
    kind: str
    # heads of middle, lower and upper bound, where each has a column of its own
    split: tuple[str, str, str] = ("", "", "")
    formats: Sequence[str] = EVERY_FORMAT


@dataclass(frozen=True)
class Row:
    """A row of a table: values by the keys of its columns.

    mark: `sum` for a row that adds others up, `between` for a heading over the rows
    below, `missing` for a row that lacks its answer, `own` for a profile's place.
    """

    cells: Mapping[str, Any]
    # 0 for the world, 1 for a region, 2 for a subregion; None where no place is nested
    depth: int | None = None
    mark: str = ""
    # smaller words beneath the name
    note: str = ""
    # a country's code
    code: str = ""
    region: str = ""
    evidence: str = ""


@dataclass(frozen=True)
class Choice:
    """A list of values of rows from which a reader picks one."""

    key: str
    label: str
    every: str
    # value and its name
    options: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Search:
    """The words of a field by which a reader finds rows; choices stand beside it."""

    label: str
    hint: str
    shown: str
    empty: str
    choices: Sequence[Choice] = ()


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    kind: ClassVar[str] = "text"
    words: str
    # a sentence for readers at a screen
    screen: str = ""
    # small and soft
    quiet: bool = False
    # the page keeps the paragraph in a frame
    framed: bool = False
    formats: Sequence[str] = EVERY_FORMAT


@dataclass(frozen=True)
class Heading:
    """A heading within a section."""

    kind: ClassVar[str] = "heading"
    words: str
    formats: Sequence[str] = EVERY_FORMAT


@dataclass(frozen=True)
class Table:
    """A table, its values raw; style: the name by which a page styles it."""

    kind: ClassVar[str] = "table"
    style: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    caption: str = ""
    # the caption repeats what stands above: for those who hear the page
    unseen: bool = False
    id: str = ""
    sortable: bool = False
    search: Search | None = None
    # the rows fold into blocks on a phone
    stacked: bool = False
    # the table scrolls within a box of its own
    tall: bool = False
    # paper prints an estimate and its bounds on one line
    dense: bool = False
    # the highest bound that is drawn, a proportion
    highest: float = 0.0
    # the name of its sheet in a workbook, and what stands above it there
    sheet: str = ""
    note: str = ""
    formats: Sequence[str] = EVERY_FORMAT

    def shown_in(self, format_name: str) -> list[Column]:
        """Return the columns that a format has."""
        return [column for column in self.columns if format_name in column.formats]


@dataclass(frozen=True)
class Tabs:
    """Tables of which a screen shows one and paper all; each with its name."""

    kind: ClassVar[str] = "tabs"
    id: str
    label: str
    tables: Sequence[tuple[str, Table]]
    formats: Sequence[str] = EVERY_FORMAT


@dataclass(frozen=True)
class Figure:
    """A drawing, by its name among `Drawings`; key: which of several.

    label: what it says to somebody who doesn't see it; narrow: the drawing for a phone;
    controls: whether a reader may choose what it shows; width: its part of the line.
    """

    kind: ClassVar[str] = "figure"
    drawing: str
    label: str
    key: str = ""
    title: str = ""
    captions: Sequence[str] = ()
    # a sentence for readers at a screen, after the first caption
    screen: str = ""
    narrow: str = ""
    controls: bool = False
    width: float = 1.0
    formats: Sequence[str] = EVERY_FORMAT


@dataclass(frozen=True)
class Figures:
    """Drawings side by side."""

    kind: ClassVar[str] = "figures"
    figures: Sequence[Figure]
    formats: Sequence[str] = EVERY_FORMAT


@dataclass(frozen=True)
class Bars:
    """Counts by year, drawn as bars."""

    kind: ClassVar[str] = "bars"
    title: str
    label: str
    counts: Mapping[int, int]
    formats: Sequence[str] = EVERY_FORMAT


@dataclass(frozen=True)
class Lists:
    """Lists side by side, each with its heading."""

    kind: ClassVar[str] = "lists"
    lists: Sequence[tuple[str, Sequence[str]]]
    formats: Sequence[str] = EVERY_FORMAT


@dataclass(frozen=True)
class Facts:
    """Pairs of a term and what is said of it."""

    kind: ClassVar[str] = "facts"
    facts: Sequence[tuple[str, str]]
    style: str = "facts"
    formats: Sequence[str] = EVERY_FORMAT


@dataclass(frozen=True)
class Formulas:
    """Lines of a model, each a formula and a sentence."""

    kind: ClassVar[str] = "formulas"
    lines: Sequence[Line]
    label: str
    formats: Sequence[str] = EVERY_FORMAT


@dataclass(frozen=True)
class Cards:
    """Texts of cards as they were written, each with its name."""

    kind: ClassVar[str] = "cards"
    label: str
    cards: Sequence[tuple[str, str]]
    formats: Sequence[str] = EVERY_FORMAT


@dataclass(frozen=True)
class Fold:
    """Blocks that a screen unfolds when asked."""

    kind: ClassVar[str] = "fold"
    title: str
    blocks: Sequence["Block"]
    opened: bool = False
    formats: Sequence[str] = EVERY_FORMAT


Block = (
    Text
    | Heading
    | Table
    | Tabs
    | Figure
    | Figures
    | Bars
    | Lists
    | Facts
    | Formulas
    | Cards
    | Fold
)


def in_sequence(block: Tabs | Figures | Fold) -> list[Block]:
    """Return the blocks within a block, one after another, each under its name."""
    match block:
        case Figures():
            return list(block.figures)
        case Fold():
            return [Heading(block.title), *block.blocks]
    blocks: list[Block] = []
    for name, table in block.tables:
        blocks += [Heading(name), table]
    return blocks


@dataclass(frozen=True)
class Section:
    """A section of a report: its blocks in their order."""

    id: str
    title: str
    blocks: Sequence[Block]

    def shown_in(self, format_name: str) -> list[Block]:
        """Return the blocks that a format has."""
        return [block for block in self.blocks if format_name in block.formats]
