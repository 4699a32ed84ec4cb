"""MathML: a formula as browsers typeset it, without any script or font of ours."""

from markupsafe import Markup

from uncounted.notation.formula import NOTHING, Node, parse

TAGS = {"letter": "mi", "word": "mtext", "number": "mn"}
BETWEEN = {
    "break": Markup('<mo rspace="1.2em">,</mo>'),
    "space": Markup('<mspace width="0.2em"/>'),
}
AROUND = {
    "row": Markup("<mrow>{}</mrow>"),
    "fence": Markup('<mo stretchy="false">(</mo>{}<mo stretchy="false">)</mo>'),
    "fraction": Markup("<mfrac>{}</mfrac>"),
    "root": Markup("<msqrt>{}</msqrt>"),
    "sum": Markup('<munder><mo movablelimits="false">∑</mo>{}</munder>'),
    "hat": Markup('<mover accent="true">{}<mo>^</mo></mover>'),
    "tilde": Markup('<mover accent="true">{}<mo>~</mo></mover>'),
}
PRIMES = {"′′": "″", "′′′": "‴"}


def mathml(formula: str, block: bool = True) -> str:
    """Return the <math> element of a formula (notation: `formula`), on a line of its
    own or within one.
    """
    opening = Markup('<math display="block">') if block else Markup("<math>")
    return str(opening + _written(parse(formula)) + Markup("</math>"))


def _written(node: Node, tight: bool = False) -> Markup:
    """Write a node; tight: in an index, whose signs have no space about them."""
    if node.kind in TAGS:
        tag = Markup(TAGS[node.kind])
        return Markup("<{}>{}</{}>").format(tag, node.text, tag)
    match node.kind:
        case "script":
            return _script(node, tight)
        case "sign":
            return _sign(node.text, tight)
        case "function":
            return Markup('<mo lspace="0" rspace="0.3em">{}</mo>').format(node.text)
    if node.kind in BETWEEN:
        return BETWEEN[node.kind]
    tight = tight or node.kind == "sum"
    inside = [_written(part, tight) for part in node.parts]
    return AROUND[node.kind].format(Markup("").join(inside))


def _sign(text: str, tight: bool) -> Markup:
    if tight:
        return Markup('<mo lspace="0" rspace="0.1em" stretchy="false">{}</mo>').format(
            text
        )
    if text == ",":
        return Markup('<mo rspace="0.3em">,</mo>')
    return Markup("<mo>{}</mo>").format(PRIMES.get(text, text))


def _script(node: Node, tight: bool) -> Markup:
    base, below, above = node.parts
    written = Markup("<mrow>{}</mrow>").format(_written(base, tight))
    if below != NOTHING:
        written += _written(below, True)
    if above != NOTHING:
        written += _written(above, False)
    tag = "msubsup"
    if above == NOTHING:
        tag = "msub"
    elif below == NOTHING:
        tag = "msup"
    return Markup("<{}>{}</{}>").format(tag, written, tag)
