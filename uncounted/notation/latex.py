"""LaTeX: a formula as papers and notebooks write it, in commands that MathJax and KaTeX
know.
"""

import re

from uncounted.notation.formula import NOTHING, Node, parse

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
BETWEEN = {"break": r",\quad", "space": r"\,"}
AROUND = {
    "fraction": r"\frac{{{}}}{{{}}}",
    "root": r"\sqrt{{{}}}",
    "sum": r"\sum_{{{}}}",
    "hat": r"\hat{{{}}}",
    "tilde": r"\tilde{{{}}}",
}
IDLE = re.compile(r" (?=[,(^_)]|\\left\()")  # mathematics reads no spaces; people do
SPECIAL = re.compile(r"[#$%&_{}]")


def latex(formula: str) -> str:
    """Return a formula (notation: `formula`) as LaTeX, without the dollars around
    it.
    """
    return IDLE.sub("", _written(parse(formula)))


def _written(node: Node) -> str:
    parts = [_written(part) for part in node.parts]
    if node.kind in AROUND:
        return AROUND[node.kind].format(*parts)
    match node.kind:
        case "script":
            return _script(node, *parts)
        case "row":
            return " ".join(parts)
        case "fence" if _is_tall(node):
            return rf"\left({parts[0]}\right)"
        case "fence":
            return f"({parts[0]})"
    return _sign(node)


def _sign(node: Node) -> str:
    """Return a node that has no parts."""
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
    return BETWEEN[node.kind]


def _script(node: Node, base: str, below: str, above: str) -> str:
    written = base
    if node.parts[1] != NOTHING:
        written += f"_{{{below}}}"
    if node.parts[2] != NOTHING:
        written += f"^{{{above}}}"
    return written


def _is_tall(node: Node) -> bool:
    return node.kind in ("fraction", "root") or any(map(_is_tall, node.parts))
