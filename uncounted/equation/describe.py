"""Describe: a card's model in LaTeX and in words, for a terminal, a notebook or a
paper.
"""

import re
from dataclasses import dataclass

from uncounted.equation.equation import equation
from uncounted.glance import outline
from uncounted.model.card import Card
from uncounted.notation.latex import latex
from uncounted.notation.line import Line
from uncounted.wording.words import read_words

# signs that mean something to Markdown or mathematics
MARKED = re.compile(r"[\\`*_{}\[\]<>#$|~]")


@dataclass(frozen=True)
class Description:
    """The lines of a card's model: `print` gives numbered sentences with LaTeX, a
    notebook typesets them.
    """

    title: str
    lines: tuple[Line, ...]

    __repr__ = outline

    def __str__(self) -> str:
        """Return the model as plain text: a numbered sentence, its formula and its
        priors, line by line.
        """
        lines = [_plain(i, line) for i, line in enumerate(self.lines, 1)]
        return "\n\n".join([self.title, *lines, _conventions()])

    def _repr_markdown_(self) -> str:
        lines = [_marked(i, line) for i, line in enumerate(self.lines, 1)]
        title = f"**{_escaped(self.title)}**"
        return "\n\n".join([title, *lines, _escaped(_conventions())])


def describe(card: Card) -> Description:
    """Return a card's model in LaTeX and in words, from the same lines as the report's
    equation.
    """
    return Description(card.title, tuple(equation(card)))


def _conventions() -> str:
    return read_words()("equation.conventions")


def _plain(number: int, line: Line) -> str:
    priors = [f"{key}: {latex(formula)}" for key, formula in line.brings]
    return "\n    ".join([f"{number}. {line.sentence}", latex(line.formula), *priors])


def _marked(number: int, line: Line) -> str:
    priors = [f"`{key}`: ${latex(formula)}$" for key, formula in line.brings]
    paragraphs = [_escaped(line.sentence), f"$${latex(line.formula)}$$"]
    if priors:
        paragraphs.append(", ".join(priors))
    return f"{number}. " + "\n\n    ".join(paragraphs)


def _escaped(text: str) -> str:
    """Return text in which no sign means anything to Markdown; < stays text in HTML
    too.
    """
    return MARKED.sub(_sign, text.replace("&", "&amp;"))


def _sign(match: re.Match[str]) -> str:
    sign = match[0]
    return "&lt;" if sign == "<" else f"\\{sign}"
