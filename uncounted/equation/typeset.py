"""Typeset: a formula as Typst's mathematics, for paper."""

from uncounted.equation.formula import NOTHING, Node, parse


def typeset(formula: str) -> str:
    """Return a formula (notation: `formula`) in Typst's mathematics, without the
    dollars around it.
    """
    return _written(parse(formula))


def _written(node: Node) -> str:
    if node.kind == "script":
        return _script(node)
    inside = [_written(part) for part in node.parts]
    match node.kind:
        case "row":
            # A space after a text would be seen.
            return " ".join(inside).replace('" (', '"(')
        case "letter":
            return node.text
        case "word":
            return _text(node.text)
        case "number":
            return node.text.replace("−", "-")
        case "function":
            return f"op({_text(node.text)})"
        case "sign":
            return "comma" if node.text == "," else node.text.replace("′", "'")
        case "break":
            return "comma quad"
        case "space":
            return "thin"
        case "fence":
            return f"({inside[0]})"
        case "fraction":
            return f"({inside[0]})/({inside[1]})"
        case "root":
            return f"sqrt({inside[0]})"
        case "sum":
            return f"sum_({inside[0]})"
    return f"{node.kind}({inside[0]})"


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
