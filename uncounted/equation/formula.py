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
SYMBOLS = {  # of the card's keys; any other key is a word
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
    fraction, root, sum, hat, tilde, and script, whose parts are what it hangs on, what
    is below and what is above (an empty row: nothing).
    """

    kind: str
    text: str = ""
    parts: tuple["Node", ...] = ()


NOTHING = Node("row")


def parse(formula: str) -> Node:
    """Read a formula; a mistake in one is a mistake of this package, an
    AssertionError.
    """
    left = deque(TOKEN.findall(formula))
    return _row(left, "")


def number(value: float) -> str:
    """Write a number as formulas have it: six figures at most, a true minus, no
    exponent.
    """
    return f"{Decimal(f'{value:g}'):f}".replace("-", "−")


def _row(left: deque[str], end: str) -> Node:
    parts: list[Node] = []
    while left and left[0] != end:
        part = _term(left)
        parts.append(Node("break") if not end and part == Node("sign", ",") else part)
    assert not end or left, f"a formula lacks its '{end}'"
    if end:
        left.popleft()
    return Node(
        "row", parts=tuple(part for i, part in enumerate(parts) if not _idle(parts, i))
    )


def _idle(parts: list[Node], i: int) -> bool:
    """Say whether part i is a space that separates no two factors."""
    if parts[i].kind != "space":
        return False
    outer = i in (0, len(parts) - 1)
    no_factor = ("sign", "break", "space")
    return (
        outer
        or parts[i - 1].kind in (*no_factor, "function", "sum")
        or parts[i + 1].kind in no_factor
    )


def _term(left: deque[str]) -> Node:
    """Read one piece with what hangs on it: primes, an index, a power."""
    node, below, above = _piece(left.popleft(), left), NOTHING, NOTHING
    while left and left[0] in ("'", "[", "^"):
        hung = left.popleft()
        if hung == "[":
            below = _row(left, "]")
        elif hung == "'":
            above = Node("sign", above.text + "′")
        else:
            above = _term(left)
    if node.kind == "script" and (below, above) != (
        NOTHING,
        NOTHING,
    ):  # σ[survey] with an index of its own
        node, named, power = node.parts
        comma = (Node("sign", ","),) if NOTHING not in (named, below) else ()
        below = Node("row", parts=(*named.parts, *comma, *below.parts))
        above = power if above == NOTHING else above
    return (
        node
        if below == above == NOTHING
        else Node("script", parts=(node, below, above))
    )


def _piece(token: str, left: deque[str]) -> Node:
    if token.isspace():
        return Node("space")
    if token[-1] in "\u0302\u0303":
        return Node(
            "hat" if token[-1] == "\u0302" else "tilde", parts=(_name(token[:-1]),)
        )
    if token == "(":
        return Node("fence", parts=(_row(left, ")"),))
    if token == "{":
        above = _row(left, "}")
        assert (left.popleft(), left.popleft()) == ("/", "{"), "a fraction is {…}/{…}"
        return Node("fraction", parts=(above, _row(left, "}")))
    if token in "√Σ":
        assert left.popleft() == "(["["√Σ".index(token)], f"{token} needs its bracket"
        return (
            Node("root", parts=(_row(left, ")"),))
            if token == "√"
            else Node("sum", parts=(_row(left, "]"),))
        )
    if token[-1].isdigit() and not token[0].isalpha():
        return Node("number", token)
    if token[0].isalpha():
        return _name(token)
    assert token in SIGNS, f"'{token}' is no sign of a formula"
    return Node("sign", token.replace("~", "∼"))


def _name(token: str) -> Node:
    if token in SYMBOLS:
        return _term(deque(TOKEN.findall(SYMBOLS[token])))
    if token.startswith("sigma_"):
        word = Node("word", token.removeprefix("sigma_").replace("_", " "))
        return Node(
            "script", parts=(Node("letter", "σ"), Node("row", parts=(word,)), NOTHING)
        )
    if token in FUNCTIONS:
        return Node("function", token)
    return (
        Node("letter", token)
        if len(token) == 1
        else Node("word", token.replace("_", " "))
    )
