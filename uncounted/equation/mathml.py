"""MathML: a formula as browsers typeset it, without any script or font of ours."""

from markupsafe import Markup

from uncounted.equation.formula import NOTHING, Node, parse

TAGS = {"letter": "mi", "word": "mtext", "number": "mn"}
SPACE = Markup('<mspace width="0.2em"/>')
PRIMES = {"′′": "″", "′′′": "‴"}
ACCENTS = {"hat": "^", "tilde": "~"}


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
    if node.kind == "script":
        return _script(node, tight)
    inside = Markup("").join(
        _written(part, tight or node.kind == "sum") for part in node.parts
    )
    match node.kind:
        case "sign":
            return _sign(node.text, tight)
        case "break":
            return Markup('<mo rspace="1.2em">,</mo>')
        case "function":
            return Markup('<mo lspace="0" rspace="0.3em">{}</mo>').format(node.text)
        case "space":
            return SPACE
        case "row":
            return Markup("<mrow>{}</mrow>").format(inside)
        case "fence":
            return Markup(
                '<mo stretchy="false">(</mo>{}<mo stretchy="false">)</mo>'
            ).format(inside)
        case "fraction":
            return Markup("<mfrac>{}</mfrac>").format(inside)
        case "root":
            return Markup("<msqrt>{}</msqrt>").format(inside)
        case "sum":
            return Markup('<munder><mo movablelimits="false">∑</mo>{}</munder>').format(
                inside
            )
    return Markup('<mover accent="true">{}<mo>{}</mo></mover>').format(
        inside, ACCENTS[node.kind]
    )


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
