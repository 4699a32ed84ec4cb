"""Legend: the marks of a map and their names, on a page or in a file."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from uncounted.charts.geometry import WIDTH
from uncounted.charts.map_drawing import PATTERN, MapDrawing, dot_class
from uncounted.charts.shade import CLASSES, Shade

LETTER, LINE = 7.4, 26  # in a file: width of a letter, height of a line
SWATCH = 22  # width of a coloured field


@dataclass(frozen=True)
class Key:
    """A mark of a legend, its name, and how wide the mark is."""

    mark: str
    name: str
    width: int


def legends(drawing: MapDrawing) -> str:
    """Return a legend for each shade of a map; all but the first are hidden."""
    lists = Markup("")
    for shade in drawing.shades:
        keys = Markup("").join(map(_on_page, keys_of(drawing, shade)))
        hidden = Markup("" if shade is drawing.shades[0] else " hidden")
        lists += Markup(
            '<ul class="un-legend" data-shade="{}" aria-label="{}"{}>{}</ul>'
        ).format(shade.name, shade.title, hidden, keys)
    return str(lists)


def _on_page(key: Key) -> Markup:
    return Markup(
        '<li><svg class="un-key" width="{}" height="14" viewBox="0 0 {} 14"'
        ' aria-hidden="true">{}</svg>{}</li>'
    ).format(key.width, key.width, Markup(key.mark), key.name)


def keys_of(drawing: MapDrawing, shade: Shade) -> list[Key]:
    """Return the keys of a legend: a shade's classes, the evidence classes that are
    present, and lands and boundaries that have no colour.
    """
    say = drawing.say
    keys = []
    for colour, label in shade.labels.items():
        mark = Markup(
            '<rect width="22" height="14" style="fill:var(--un-q{})"/>'
        ).format(colour)
        keys.append(Key(mark, label, SWATCH))
    present = {row["evidence"] for row in drawing.rows.values()}
    for evidence in ("surveyed", *PATTERN):
        if evidence in present:
            mark = _evidence_mark(drawing, evidence)
            keys.append(Key(mark, say.term(evidence), 38))
    blank = '<rect class="un-none" width="22" height="14"/>'
    disputed = '<path class="un-disputed" d="M0 7H22"/>'
    keys.append(Key(blank, say("map.nothing"), SWATCH))
    keys.append(Key(disputed, say("map.disputed"), SWATCH))
    return keys


def _evidence_mark(drawing: MapDrawing, evidence: str) -> Markup:
    """Return a field and a dot, as countries of an evidence class are drawn."""
    middle = CLASSES // 2
    fill = Markup('style="fill:var(--un-q{})"').format(middle)
    side = "fill"
    if evidence in PATTERN:
        pattern = PATTERN[evidence]
        fill = Markup('fill="url(#{}-{}{})"').format(drawing.key, pattern, middle)
        side = "stroke"
    return Markup(
        '<rect width="22" height="14" {}/><circle class="{}"'
        ' style="{}:var(--un-q{})" cx="31" cy="7" r="4.5"/>'
    ).format(fill, dot_class(evidence), side, middle)


def written(keys: Sequence[Key], top: float) -> tuple[str, float]:
    """Write a legend in lines as wide as the map, from the top down; return it and
    where it ends.
    """
    margin, gap = 12.0, 8
    x, y, drawn = margin, top, Markup("")
    for key in keys:
        width = key.width + gap + LETTER * len(key.name)
        if x + width > WIDTH - margin and x > margin:
            x, y = margin, y + LINE
        text = Markup('<text x="{}" y="12" class="un-told">{}</text>').format(
            key.width + gap, key.name
        )
        drawn += Markup(
            '<g class="un-key" transform="translate({:.0f} {:.0f})">{}{}</g>'
        ).format(x, y, Markup(key.mark), text)
        x += width + SWATCH
    return str(drawn), y + LINE
