"""Equation: the model of a card, a formula and a sentence for each of its terms."""

from uncounted.model.card import Card
from uncounted.model.symbols import cell, scale, words_of
from uncounted.model.terms import CELL_TERMS, ROW_TERMS
from uncounted.model.trend import has_trend
from uncounted.model.vocabulary import of_sources
from uncounted.notation.line import Line
from uncounted.wording.words import Words, read_words


def equation(card: Card, language: str = "en") -> list[Line]:
    """Return the lines of the card's model, from the prevalence of a cell to the counts
    of surveys and the totals.

    q is the prevalence that a row would show if all persons were alike and told the
    truth; each step that the card has adds a prime to it, and r is what people report.
    """
    say = read_words(language)
    lines = [_cell(card, say)]
    for term in CELL_TERMS:
        lines += term.lines(card, "p", say)
    lines.append(_covered(card, say))
    shown = "q"
    for term in ROW_TERMS:
        lines += term.lines(card, shown, say)
        if term.changes(card):
            shown = term.shows.format(shown)
    return [*lines, _total(card, say)]


def _cell(card: Card, say: Words) -> Line:
    terms = ["country[c]"]
    for term in CELL_TERMS:
        terms += term.effects(card)
    effects = " + ".join(terms)
    traits = " and ".join(map(words_of, card.traits))
    word = "equation.cell_traits" if traits else "equation.cell"
    sentence = say(word, year=card.year, traits=traits)
    if card.forms:
        forms = say("equation.cell_forms", forms=", ".join(map(words_of, card.forms)))
        ratio = f"{{p[f,{cell(card)}]}}/{{p[0,{cell(card)}]}}"
        return Line(f"log {ratio} = {effects}", f"{forms} {sentence}")
    if card.link == "identity":
        sentence = say("equation.cell_identity", year=card.year)
    return Line(f"{scale(card)}p[{cell(card)}] = {effects}", sentence)


def _covered(card: Card, say: Words) -> Line:
    """Return the line of q, a mean over the cells and years that a row covers."""
    indices = cell(card)
    by_source = any(map(of_sources, card.interactions))
    if card.forms and not by_source:
        formula = f"q[f,j] = Σ[{indices}] W[j,{indices}] p[f,{indices}]"
        return Line(formula, say("equation.covered"))
    prevalence = f"p[source(j),{indices}]" if by_source else f"p[{indices}]"
    word = "equation.covered"
    if has_trend(card):
        word = "equation.covered_years"
        prevalence += "(t)"
        indices += ",t"
    return Line(f"q[j] = Σ[{indices}] W[j,{indices}] {prevalence}", say(word))


def _total(card: Card, say: Words) -> Line:
    indices = cell(card)
    people = "c ∈ G, " + indices.removeprefix("c,").replace(",", ", ")
    sentence = say("equation.total")
    if card.forms:
        formula = f"affected[f,G] = Σ[{people}] N[{indices}] p[f,{indices}]"
        return Line(formula, f"{sentence} {say('equation.total_forms')}")
    return Line(f"affected[G] = Σ[{people}] N[{indices}] p[{indices}]", sentence)
