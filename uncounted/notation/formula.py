"""Formula: a line of mathematics in plain text, read into a tree that `mathml` and
`latex` write.

The notation is the README's: `q'[j] = Σ[c,s] W[j,c,s] p[c,s]`, `√(1 − rho)`, `{1}/{2}
female`, `tau_beta^2`, `p̃[j]`. […] is an index, {…}/{…} a fraction, ' a prime; names
are the card's own keys or words. A space between two factors is a small space; signs
have a space on either side, so that −1 is a number. A comma outside of brackets is a
break.
"""

import re
from collections import deque
from dataclasses import dataclass
from decimal import Decimal

TOKEN = re.compile(
    r"\s+|−?\d+(?:\.\d+)?|(?:[A-Za-z][A-Za-z0-9_]*|[α-ω])[\u0302\u0303]?|."
)
FUNCTIONS = ("logit", "log", "max")
SIGNS = frozenset("=~+−·×,∈…")
ACCENTS = {"\u0302": "hat", "\u0303": "tilde"}
# what begins a bracket: the kind of node, the sign that opens it and the one that ends
BRACKETS = {
    "(": ("fence", "(", ")"),
    "{": ("fraction", "{", "}"),
    "√": ("root", "(", ")"),
    "Σ": ("sum", "[", "]"),
}
# of the card's keys; any other key is a word
SYMBOLS = {
    "beta": "β",
    "rho": "ρ",
    "kappa": "κ",
    "r2": "R^2",
    "duration": "μ",
    "deff_excess": "δ",
    "sensitivity": "Se",
    "specificity": "Sp",
    "tau_beta": "τ[β]",
    "slab_beta": "slab[β]",
    "sigma_beta": "σ[β]",
    "series_share": "ρ[series]",
}


@dataclass(frozen=True)
class Node:
    """A piece of a formula.

    kind: letter, word, function, number, sign, space, break; or of parts: row, fence,
    fraction, root, sum, hat, tilde, and script, whose parts are its base, the index
    below and the sign or power above (an empty row: nothing).
    """

    kind: str
    text: str = ""
    parts: tuple["Node", ...] = ()


NOTHING = Node("row")
COMMA = Node("sign", ",")


def parse(formula: str) -> Node:
    """Read a formula; a mistake in one is a mistake of this package, an
    AssertionError.
    """
    return _row(deque(TOKEN.findall(formula)), "")


def number(value: float) -> str:
    """Write a number as formulas have it: six figures at most, a true minus, no
    exponent.
    """
    return f"{Decimal(f'{value:g}'):f}".replace("-", "−")


def _row(tokens: deque[str], end: str) -> Node:
    """Read pieces up to the bracket that ends them, or all."""
    parts: list[Node] = []
    while tokens and tokens[0] != end:
        part = _term(tokens)
        if not end and part == COMMA:
            part = Node("break")
        parts.append(part)
    assert not end or tokens, f"a formula lacks its '{end}'"
    if end:
        tokens.popleft()
    kept = (part for i, part in enumerate(parts) if not _idle(parts, i))
    return Node("row", parts=tuple(kept))


def _idle(parts: list[Node], i: int) -> bool:
    """Return whether part i is a space that separates no two factors."""
    if parts[i].kind != "space":
        return False
    if i in (0, len(parts) - 1):
        return True
    no_factor = ("sign", "break", "space")
    before, after = parts[i - 1].kind, parts[i + 1].kind
    return before in (*no_factor, "function", "sum") or after in no_factor


def _term(tokens: deque[str]) -> Node:
    """Read one piece with its primes, its index and its power."""
    base, below, above = _piece(tokens), NOTHING, NOTHING
    while tokens and tokens[0] in ("'", "[", "^"):
        sign = tokens.popleft()
        if sign == "[":
            below = _row(tokens, "]")
        elif sign == "'":
            above = Node("sign", above.text + "′")
        else:
            above = _term(tokens)
    if below == above == NOTHING:
        return base
    if base.kind == "script":
        return _joined(base, below, above)
    return Node("script", parts=(base, below, above))


def _joined(script: Node, below: Node, above: Node) -> Node:
    """Return a script, as σ[survey], with another index or power."""
    base, index, power = script.parts
    comma = (COMMA,) if NOTHING not in (index, below) else ()
    below = Node("row", parts=(*index.parts, *comma, *below.parts))
    if above == NOTHING:
        above = power
    return Node("script", parts=(base, below, above))


def _piece(tokens: deque[str]) -> Node:
    """Read one piece alone."""
    token = tokens.popleft()
    if token.isspace():
        return Node("space")
    if token[-1] in ACCENTS:
        letter = _name(token[:-1])
        return Node(ACCENTS[token[-1]], parts=(letter,))
    if token in BRACKETS:
        return _bracketed(token, tokens)
    if token[0].isalpha():
        return _name(token)
    if token[-1].isdigit():
        return Node("number", token)
    assert token in SIGNS, f"'{token}' is no sign of a formula"
    return Node("sign", token.replace("~", "∼"))


def _bracketed(token: str, tokens: deque[str]) -> Node:
    """Read a fence, a fraction, a root or a sum."""
    kind, opening, end = BRACKETS[token]
    if token != opening:
        assert tokens.popleft() == opening, f"{token} needs its bracket"
    parts = [_row(tokens, end)]
    if kind == "fraction":
        between = (tokens.popleft(), tokens.popleft())
        assert between == ("/", "{"), "a fraction is {…}/{…}"
        parts.append(_row(tokens, end))
    return Node(kind, parts=tuple(parts))


def _name(token: str) -> Node:
    """Return the node of a name: its symbol, σ with an index, a function, a letter or a
    word.
    """
    if token in SYMBOLS:
        return _term(deque(TOKEN.findall(SYMBOLS[token])))
    if token.startswith("sigma_"):
        name = token.removeprefix("sigma_").replace("_", " ")
        index = Node("row", parts=(Node("word", name),))
        return Node("script", parts=(Node("letter", "σ"), index, NOTHING))
    if token in FUNCTIONS:
        return Node("function", token)
    if len(token) == 1:
        return Node("letter", token)
    return Node("word", token.replace("_", " "))
