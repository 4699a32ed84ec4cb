"""Map drawing: the lands, dots and patterns of a map, as SVG."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from uncounted.charts.geometry import (
    GAP,
    RADIUS,
    Geometry,
    area,
    canvas,
    is_dot,
    path_of,
    paths,
    read_geometry,
    spread,
)
from uncounted.charts.shade import CLASSES, Shade, shade
from uncounted.wording.numerals import level, rate, rates
from uncounted.wording.words import Words
from uncounted.world.world import World

PATTERN = {
    "imputed": "hatch",
    "reported from elsewhere": "dotted",
    "outside figure": "dotted",
}


@dataclass(frozen=True)
class MapDrawing:
    """What the pieces of a map share.

    rows: of estimates, by ISO3. key: the beginning of its patterns' names. spots: where
    countries' dots would be, on the map. dots: the countries that are dots.
    """

    geometry: Geometry
    rows: Mapping[str, Mapping[str, Any]]
    world: World
    shades: Sequence[Shade]
    show: str
    key: str
    say: Words
    spots: Mapping[str, np.ndarray]
    dots: frozenset[str]

    def title(self, row: Mapping[str, Any]) -> str:
        """Return a country's tooltip: name, prevalence, interval with its level,
        evidence class.
        """
        say = self.say
        lower, upper = row["prevalence_lower"], row["prevalence_upper"]
        return say(
            "map.country",
            name=say.term(row["name"]),
            rate=rate(row["prevalence_median"], self.show, say),
            rates=rates(lower, upper, self.show, say),
            level=level(row["interval"], say),
            evidence=say.term(row["evidence"]),
        )

    def paint(self, code: str) -> list[str]:
        """Return a country's colour by each shade; hatched or dotted where it was not
        surveyed and is no dot.
        """
        evidence = self.rows[code]["evidence"]
        fill = "var(--un-q{})"
        if code not in self.dots and evidence in PATTERN:
            fill = f"url(#{self.key}-{PATTERN[evidence]}{{}})"
        return [fill.format(shade.colours[code]) for shade in self.shades]

    def fills(self, code: str) -> Markup:
        """Return a country's colour by the first shade as its style, and by each of
        several as data.
        """
        paint = self.paint(code)
        imputed = self.rows[code]["evidence"] in PATTERN
        is_dot = code in self.dots
        if imputed and not is_dot:
            style = Markup('fill="{}"').format(paint[0])
        else:
            side = "stroke" if imputed else "fill"
            style = Markup('style="{}:{}"').format(side, paint[0])
        data = []
        if len(self.shades) > 1:
            for shade, fill in zip(self.shades, paint, strict=True):
                data.append(Markup('data-{}="{}"').format(shade.name, fill))
        return style + " " + Markup(" ").join(data)

    def patterns(self) -> Markup:
        """Return a hatched and a dotted pattern in each of the colours."""
        hatch = Markup('<path class="un-ink" d="M0 0V5"/>')
        spot = Markup('<circle class="un-spot" cx="2.5" cy="2.5" r="1.1"/>')
        patterns = Markup("")
        for colour in range(CLASSES):
            ground = Markup(
                '<rect width="5" height="5" style="fill:var(--un-q{})"/>'
            ).format(colour)
            for name, mark, turn in (("hatch", hatch, 45), ("dotted", spot, 0)):
                patterns += Markup(
                    '<pattern id="{}-{}{}" width="5" height="5"'
                    ' patternUnits="userSpaceOnUse"'
                    ' patternTransform="rotate({})">{}{}</pattern>'
                ).format(self.key, name, colour, turn, ground, mark)
        return Markup("<defs>{}</defs>").format(patterns)

    def shapes(self) -> Markup:
        """Return all lands, the disputed boundaries and the dots above them."""
        return _lands(self) + _disputed(self) + _dots(self)


def map_drawing(
    rows: pd.DataFrame,
    world: World,
    show: str,
    shades: Sequence[str],
    say: Words,
    key: str,
    geometry: Geometry | None = None,
    dots: frozenset[str] | None = None,
) -> MapDrawing:
    """Return the drawing of countries' rows of estimates; dots: else the countries that
    are too small.
    """
    estimated = rows[rows["prevalence_median"].notna()]
    by_code = {}
    for row in estimated.to_dict("records"):
        by_code[str(row["group"])] = {str(name): value for name, value in row.items()}
    outlines = geometry or read_geometry()
    if dots is None:
        dots = frozenset(code for code in by_code if is_dot(code, outlines))
    return MapDrawing(
        geometry=outlines,
        rows=by_code,
        world=world,
        shades=[shade(name, estimated, show, say) for name in shades],
        show=show,
        key=key,
        say=say,
        spots=_spots(world, outlines),
        dots=dots,
    )


def _spots(world: World, geometry: Geometry) -> dict[str, np.ndarray]:
    """Return where each country's representative point lies, else the middle of its
    largest outline, else NaN.
    """
    codes = [str(code) for code in world.places.index]
    lonlat = world.places[["lon", "lat"]].to_numpy(float)
    for index in np.flatnonzero(np.isnan(lonlat).any(axis=1)):
        rings = geometry.shapes.get(codes[index], [])
        lonlat[index] = max(rings, key=area).mean(axis=0) if rings else np.nan
    return dict(zip(codes, canvas().place(lonlat), strict=True))


def _lands(drawing: MapDrawing) -> Markup:
    """Return the outlines of lands: those without an estimate first, so that others lie
    above them.
    """
    world, say = drawing.world, drawing.say
    names = pd.concat([world.places["name"], world.elsewhere["name"]])
    drawn, grey = Markup(""), Markup("")
    for code, path in paths(drawing.geometry).items():
        if code not in drawing.rows or code not in world.places.index:
            grey += _blank(path, names.get(code, code), say)
        elif code not in drawing.dots:
            x, y = drawing.spots[code]
            fills, title = drawing.fills(code), drawing.title(drawing.rows[code])
            drawn += Markup(
                '<path class="un-land" data-code="{}" data-x="{:.0f}"'
                ' data-y="{:.0f}" {} d="{}"><title>{}</title></path>'
            ).format(code, x, y, fills, path, title)
    for name, rings in drawing.geometry.without_code.items():
        grey += _blank(path_of(rings), name, say)
    return grey + drawn


def _blank(path: str, name: Any, say: Words) -> Markup:
    """Return a land without an estimate."""
    title = say("map.none", name=say.term(name))
    return Markup('<path class="un-none" d="{}"><title>{}</title></path>').format(
        path, title
    )


def _disputed(drawing: MapDrawing) -> Markup:
    lines = drawing.geometry.disputed
    path = "".join(path_of([line], closed=False) for line in lines)
    return Markup('<path class="un-disputed" d="{}"/>').format(path)


def _dots(drawing: MapDrawing) -> Markup:
    """Return the dots of small countries, moved apart where they would hide one
    another.
    """
    codes = []
    for code in drawing.rows:
        spot = drawing.spots.get(code)
        if spot is not None and code in drawing.dots and np.isfinite(spot).all():
            codes.append(code)
    if not codes:
        return Markup("")
    spots = spread(np.stack([drawing.spots[code] for code in codes]), GAP)
    drawn = Markup("")
    for code, (x, y) in zip(codes, spots, strict=True):
        row = drawing.rows[code]
        drawn += Markup(
            '<circle class="{}" data-code="{}" {} data-x="{:.0f}" data-y="{:.0f}"'
            ' cx="{:.1f}" cy="{:.1f}" r="{}"><title>{}</title></circle>'
        ).format(
            dot_class(row["evidence"]),
            code,
            drawing.fills(code),
            x,
            y,
            x,
            y,
            RADIUS,
            drawing.title(row),
        )
    return drawn


def dot_class(evidence: str) -> str:
    """Return the class of a dot in the style sheet: open where nobody was surveyed."""
    return "un-dot un-open" if evidence in PATTERN else "un-dot"
