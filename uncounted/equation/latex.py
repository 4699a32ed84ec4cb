"""LaTeX: a formula as papers and notebooks write it, in commands that MathJax and KaTeX
know.
"""

import re

from uncounted.equation.formula import NOTHING, Node, parse

LETTERS = {
    "β": r"\beta",
    "δ": r"\delta",
    "ε": r"\varepsilon",
    "κ": r"\kappa",
    "λ": r"\lambda",
    "μ": r"\mu",
    "ν": r"\nu",
    "θ": r"\theta",
    "π": r"\pi",
    "ρ": r"\rho",
    "σ": r"\sigma",
    "τ": r"\tau",
    "φ": r"\varphi",
    "ω": r"\omega",
}
FUNCTIONS = {"logit": r"\operatorname{logit}", "log": r"\log", "max": r"\max"}
SIGNS = {
    "∼": r"\sim",
    "−": "-",
    "·": r"\cdot",
    "×": r"\times",
    "∈": r"\in",
    "…": r"\dots",
}
IDLE = re.compile(r" (?=[,(^_)]|\\left\()")  # mathematics reads no spaces; people do
SPECIAL = re.compile(r"[#$%&_{}]")


def latex(formula: str) -> str:
    """Return a formula (notation: `formula`) as LaTeX, without the dollars around
    it.
    """
    return IDLE.sub("", _written(parse(formula)))


def _written(node: Node) -> str:
    if node.kind == "script":
        return _script(node)
    if node.kind == "row":
        return " ".join(_written(part) for part in node.parts)
    inside = [_written(part) for part in node.parts]
    match node.kind:
        case "letter":
            return LETTERS.get(node.text, node.text)
        case "word":
            escaped = SPECIAL.sub(r"\\\g<0>", node.text)
            return rf"\text{{{escaped}}}"
        case "number":
            return node.text.replace("−", "-")
        case "function":
            return FUNCTIONS[node.text]
        case "sign":
            return SIGNS.get(node.text, node.text.replace("′", r"\prime"))
        case "break":
            return r",\quad"
        case "space":
            return r"\,"
        case "fence" if _is_tall(node):
            return rf"\left({inside[0]}\right)"
        case "fence":
            return f"({inside[0]})"
        case "fraction":
            return rf"\frac{{{inside[0]}}}{{{inside[1]}}}"
        case "root":
            return rf"\sqrt{{{inside[0]}}}"
        case "sum":
            return rf"\sum_{{{inside[0]}}}"
    return rf"\{node.kind}{{{inside[0]}}}"


def _script(node: Node) -> str:
    base, below, above = node.parts
    written = _written(base)
    if below != NOTHING:
        written += f"_{{{_written(below)}}}"
    if above != NOTHING:
        written += f"^{{{_written(above)}}}"
    return written


def _is_tall(node: Node) -> bool:
    return node.kind in ("fraction", "root") or any(map(_is_tall, node.parts))
