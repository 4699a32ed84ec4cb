"""Typeset: a formula as Typst's mathematics, for paper."""

from uncounted.notation.formula import NOTHING, Node, parse

BETWEEN = {"break": "comma quad", "space": "thin"}
AROUND = {
    "fence": "({})",
    "fraction": "({})/({})",
    "root": "sqrt({})",
    "sum": "sum_({})",
    "hat": "hat({})",
    "tilde": "tilde({})",
}


def typeset(formula: str) -> str:
    """Return a formula (notation: `formula`) in Typst's mathematics, without the
    dollars around it.
    """
    return _written(parse(formula))


def _written(node: Node) -> str:
    if node.kind == "script":
        return _script(node)
    parts = [_written(part) for part in node.parts]
    if node.kind == "row":
        # A space after a text would be seen.
        return " ".join(parts).replace('" (', '"(')
    if node.kind in AROUND:
        return AROUND[node.kind].format(*parts)
    return _sign(node)


def _sign(node: Node) -> str:
    """Return a node that has no parts."""
    match node.kind:
        case "letter":
            return node.text
        case "word":
            return _text(node.text)
        case "number":
            return node.text.replace("−", "-")
        case "function":
            return f"op({_text(node.text)})"
        case "sign" if node.text == ",":
            return "comma"
        case "sign":
            return node.text.replace("′", "'")
    return BETWEEN[node.kind]


def _script(node: Node) -> str:
    """Write what hangs on a base: primes right behind it, as Typst reads them, then
    what is below and above.
    """
    base, below, above = node.parts
    written = _written(base)
    if above.kind == "sign":
        written += above.text.replace("′", "'")
    if below != NOTHING:
        written += f"_({_written(below)})"
    if above != NOTHING and above.kind != "sign":
        written += f"^({_written(above)})"
    return written


def _text(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
