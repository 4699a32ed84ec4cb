"""Map: every country on an Equal Earth projection, surveyed and imputed told apart, as
inline SVG.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from uncounted.charts.geometry import (
    GAP,
    RADIUS,
    WIDTH,
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
from uncounted.infer.fit import Fit
from uncounted.leaves.estimate import Estimate
from uncounted.tables.breakdown import together
from uncounted.wording.numerals import level, rate, rates
from uncounted.wording.words import Words, read_words
from uncounted.world.world import World

PATTERN = {
    "imputed": "hatch",
    "reported from elsewhere": "dotted",
    "outside figure": "dotted",
}
STYLE = (Path(__file__).parent / "map.css").read_text(encoding="utf-8")
COLOURS = dict(re.findall(r"--un-(\w+):(#[0-9a-f]+)", STYLE.split("@media")[0]))
PLAIN = "".join(
    rule for rule in STYLE.splitlines(keepends=True) if "--un-q0" not in rule
)
LETTER, LINE = 7.4, 26  # of the legend in a file: width of a letter, height of a line


@dataclass(frozen=True)
class Map:
    """A drawn map and its legend; a notebook shows it.

    keys: marks, names and widths of the first legend. key: what the names of its
    patterns begin with. dots: the countries that are dots.
    """

    svg: str
    legend: str
    keys: tuple[tuple[str, str, int], ...]
    key: str = ""
    dots: frozenset[str] = frozenset()

    def _repr_html_(self) -> str:
        return f'<figure class="un-figure">{self.svg}{self.legend}</figure>'

    @property
    def still(self) -> str:
        """The map with its legend below, as one SVG of plain colours: files and
        typesetters know no CSS variables.
        """
        high = canvas().height
        legend, below = _written(self.keys, high + 26)
        svg = self.svg.replace(
            "<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1
        ).replace(STYLE, PLAIN, 1)
        svg = (
            svg.replace(
                f"{WIDTH:g} {high:.0f}", f"{WIDTH:g} {below:.0f}", 1
            ).removesuffix("</svg>")
            + legend
        )
        return re.sub(
            r"var\(--un-(\w+)\)", lambda found: COLOURS[found[1]], f"{svg}</svg>"
        )


def plot_map(
    fit: Fit | Estimate,
    what: str = "prevalence",
    sex: str = "all",
    age: str = "all",
    geometry: Geometry | None = None,
    language: str = "en",
) -> Map:
    """Draw every country of a fit, or of an estimate's leaves together, by `what`.

    what: "prevalence", "width" (of its interval), "evidence" or "surveys" (how many).
    Of one sex and age or of all; geometry: your own outlines.
    """
    rows = together(fit, ["country"])
    return world_map(
        of_whom(rows, sex, age),
        fit.world,
        fit.card.show,
        [what],
        read_words(language),
        geometry,
    )


def plot_evidence(
    fit: Fit | Estimate, geometry: Geometry | None = None, language: str = "en"
) -> Map:
    """Draw how many surveys of every country entered."""
    return plot_map(fit, "surveys", geometry=geometry, language=language)


def of_whom(rows: pd.DataFrame, sex: str = "all", age: str = "all") -> pd.DataFrame:
    """Return the countries' rows of one sex and age band, or of all."""
    return rows[
        (rows["grouping"] == "country") & (rows["sex"] == sex) & (rows["age"] == age)
    ]


def world_map(
    rows: pd.DataFrame,
    world: World,
    show: str,
    shades: Sequence[str],
    say: Words,
    geometry: Geometry | None = None,
) -> Map:
    """Draw countries' rows of estimates by the first of some shades (`shade`), hatched
    where imputed.

    Every country carries name, prevalence, interval and evidence class as its title,
    and its colours by the other shades as data for a page to switch. Small ones are
    dots, moved apart where they would hide one another. A country of the world without
    an estimate is grey.
    """
    key = (
        "m" + hashlib.sha256((rows.to_csv() + "".join(shades)).encode()).hexdigest()[:8]
    )
    drawing = _drawing(rows, world, show, shades, say, key, geometry)
    svg = Markup(
        '<svg class="un-map" viewBox="0 0 {} {}" role="group"'
        ' aria-label="{}">{}{}{}</svg>'
    ).format(
        f"{WIDTH:g}",
        f"{canvas().height:.0f}",
        say("map.label"),
        Markup(f"<style>{STYLE}</style>"),
        _patterns(key),
        _lands(drawing) + _disputed(drawing) + _dots(drawing),
    )
    first = _keys(drawing, drawing.shades[0])
    keys = tuple((str(mark), told, width) for mark, told, width in first)
    return Map(str(svg), _legends(drawing), keys, key, drawing.dots)


@dataclass(frozen=True)
class Coloured:
    """What shows another estimate on a map that is drawn: its legends, and by country
    its title, mark and colours.

    lands: ISO3 → the tooltip, 1 where a dot is open, and the colour by each shade.
    """

    legend: str
    lands: Mapping[str, tuple[str, int, *tuple[str, ...]]]


def coloured(
    rows: pd.DataFrame,
    world: World,
    show: str,
    shades: Sequence[str],
    say: Words,
    drawn: Map,
) -> Coloured:
    """Return what colours a drawn map by other rows of estimates, as `world_map` would
    have drawn them.
    """
    drawing = _drawing(rows, world, show, shades, say, drawn.key, None, drawn.dots)
    blank = ["var(--un-blank)"] * len(shades)
    lands = {
        str(code): (say("map.none", name=say.term(name)), 0, *blank)
        for code, name in zip(rows["group"], rows["name"], strict=True)
    }
    for code, row in drawing.rows.items():
        paint = drawing.paint(code, code in drawing.dots)
        lands[code] = (drawing.title(row), int(row["evidence"] in PATTERN), *paint)
    return Coloured(_legends(drawing), lands)


@dataclass(frozen=True)
class _Drawing:
    """What the pieces of a map share; rows of estimates by ISO3, the key of its
    patterns' names.
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
        """Write what a country's tooltip says: name, prevalence, interval with its
        level, evidence class.
        """
        say = self.say
        return say(
            "map.country",
            name=say.term(row["name"]),
            rate=rate(row["prevalence_median"], self.show, say),
            rates=rates(
                row["prevalence_lower"], row["prevalence_upper"], self.show, say
            ),
            level=level(row["interval"], say),
            evidence=say.term(row["evidence"]),
        )

    def paint(self, code: str, dot: bool) -> list[str]:
        """Return a country's colour by each shade; hatched or dotted where it was not
        surveyed and is no dot.
        """
        evidence = self.rows[code]["evidence"]
        colours = [one.colours[code] for one in self.shades]
        if dot or evidence not in PATTERN:
            return [f"var(--un-q{colour})" for colour in colours]
        return [f"url(#{self.key}-{PATTERN[evidence]}{colour})" for colour in colours]

    def fills(self, code: str, dot: bool) -> Markup:
        """Write a country's colour by the first shade as its style, and by each of them
        as data.
        """
        evidence, paint = self.rows[code]["evidence"], self.paint(code, dot)
        hatched = evidence in PATTERN and not dot
        also = zip(self.shades, paint, strict=True) if len(self.shades) > 1 else ()
        data = Markup(" ").join(
            Markup('data-{}="{}"').format(one.name, fill) for one, fill in also
        )
        side = "stroke" if dot and evidence in PATTERN else "fill"
        first = (
            Markup('fill="{}"').format(paint[0])
            if hatched
            else Markup('style="{}:{}"').format(side, paint[0])
        )
        return first + " " + data


def _drawing(
    rows: pd.DataFrame,
    world: World,
    show: str,
    shades: Sequence[str],
    say: Words,
    key: str,
    geometry: Geometry | None,
    dots: frozenset[str] | None = None,
) -> _Drawing:
    known = rows[rows["prevalence_median"].notna()]
    by_code = {
        str(row["group"]): {str(name): value for name, value in row.items()}
        for row in known.to_dict("records")
    }
    made, outlines = (
        [shade(what, known, show, say) for what in shades],
        geometry or read_geometry(),
    )
    if dots is None:
        dots = frozenset(code for code in by_code if is_dot(code, outlines))
    return _Drawing(
        outlines, by_code, world, made, show, key, say, _spots(world, outlines), dots
    )


def _spots(world: World, geometry: Geometry) -> dict[str, np.ndarray]:
    """Return where each country's representative point lies, else the middle of its
    largest outline, else NaN.
    """
    lonlat = world.places[["lon", "lat"]].to_numpy(float)
    for i in map(int, np.flatnonzero(np.isnan(lonlat).any(axis=1))):
        rings = geometry.shapes.get(str(world.places.index[i]), [])
        lonlat[i] = max(rings, key=area).mean(axis=0) if rings else np.nan
    return dict(zip(map(str, world.places.index), canvas().place(lonlat), strict=True))


def _lands(drawing: _Drawing) -> Markup:
    geometry, say, drawn, grey = drawing.geometry, drawing.say, [], []
    names = pd.concat([drawing.world.places["name"], drawing.world.elsewhere["name"]])
    for code, path in paths(geometry).items():
        row = drawing.rows.get(code)
        if row is None or code not in drawing.world.places.index:
            grey.append(
                _blank(path, say("map.none", name=say.term(names.get(code, code))))
            )
        elif code not in drawing.dots:
            spot = drawing.spots[code]
            drawn.append(
                Markup(
                    '<path class="un-land" data-code="{}" data-x="{:.0f}"'
                    ' data-y="{:.0f}" {} d="{}"><title>{}</title></path>'
                ).format(
                    code,
                    spot[0],
                    spot[1],
                    drawing.fills(code, dot=False),
                    path,
                    drawing.title(row),
                )
            )
    for name, rings in geometry.without_code.items():
        grey.append(_blank(path_of(rings), say("map.none", name=say.term(name))))
    return Markup("").join([*grey, *drawn])


def _blank(path: str, told: str) -> Markup:
    return Markup('<path class="un-none" d="{}"><title>{}</title></path>').format(
        path, told
    )


def _disputed(drawing: _Drawing) -> Markup:
    path = "".join(path_of([line], closed=False) for line in drawing.geometry.disputed)
    return Markup('<path class="un-disputed" d="{}"/>').format(path)


def _dots(drawing: _Drawing) -> Markup:
    known = [code for code in drawing.rows if code in drawing.world.places.index]
    small = [
        code
        for code in known
        if code in drawing.dots and np.isfinite(drawing.spots[code]).all()
    ]
    if not small:
        return Markup("")
    drawn = []
    for code, (x, y) in zip(
        small,
        spread(np.stack([drawing.spots[code] for code in small]), GAP),
        strict=True,
    ):
        row = drawing.rows[code]
        drawn.append(
            Markup(
                '<circle class="{}" data-code="{}" {} data-x="{:.0f}" data-y="{:.0f}"'
                ' cx="{:.1f}" cy="{:.1f}" r="{}"><title>{}</title></circle>'
            ).format(
                _dot(row["evidence"]),
                code,
                drawing.fills(code, dot=True),
                x,
                y,
                x,
                y,
                RADIUS,
                drawing.title(row),
            )
        )
    return Markup("").join(drawn)


def _dot(evidence: str) -> str:
    return "un-dot un-open" if evidence in PATTERN else "un-dot"


def _patterns(key: str) -> Markup:
    """Return a hatched and a dotted pattern in each of the colours."""
    made = []
    for i in range(CLASSES):
        inside = Markup(
            '<rect width="5" height="5" style="fill:var(--un-q{})"/>'
        ).format(i)
        hatch = Markup('<path class="un-ink" d="M0 0V5"/>')
        spots = Markup('<circle class="un-spot" cx="2.5" cy="2.5" r="1.1"/>')
        for name, mark, turn in (("hatch", hatch, 45), ("dotted", spots, 0)):
            made.append(
                Markup(
                    '<pattern id="{}-{}{}" width="5" height="5"'
                    ' patternUnits="userSpaceOnUse"'
                    ' patternTransform="rotate({})">{}{}</pattern>'
                ).format(key, name, i, turn, inside, mark)
            )
    return Markup("<defs>{}</defs>").format(Markup("").join(made))


def _keys(drawing: _Drawing, by: Shade) -> list[tuple[Markup, str, int]]:
    """Return the marks of a legend, what they say and how wide they are."""
    say, keys = drawing.say, []
    for colour, told in by.labels.items():
        keys.append(
            (
                Markup(
                    '<rect width="22" height="14" style="fill:var(--un-q{})"/>'
                ).format(colour),
                told,
                22,
            )
        )
    present, middle = {row["evidence"] for row in drawing.rows.values()}, CLASSES // 2
    for evidence in [one for one in ("surveyed", *PATTERN) if one in present]:
        fill = Markup('style="fill:var(--un-q{})"').format(middle)
        if evidence in PATTERN:
            fill = Markup('fill="url(#{}-{}{})"').format(
                drawing.key, PATTERN[evidence], middle
            )
        side = "stroke" if evidence in PATTERN else "fill"
        both = Markup(
            '<rect width="22" height="14" {}/><circle class="{}"'
            ' style="{}:var(--un-q{})" cx="31" cy="7" r="4.5"/>'
        ).format(fill, _dot(evidence), side, middle)
        keys.append((both, say.term(evidence), 38))
    keys.append(
        (
            Markup('<rect class="un-none" width="22" height="14"/>'),
            say("map.nothing"),
            22,
        )
    )
    return [
        *keys,
        (Markup('<path class="un-disputed" d="M0 7H22"/>'), say("map.disputed"), 22),
    ]


def _legends(drawing: _Drawing) -> str:
    made = enumerate(drawing.shades)
    return str(
        Markup("").join(_legend(one, _keys(drawing, one), i == 0) for i, one in made)
    )


def _legend(by: Shade, keys: Sequence[tuple[Markup, str, int]], first: bool) -> Markup:
    return Markup(
        '<ul class="un-legend" data-shade="{}" aria-label="{}"{}>{}</ul>'
    ).format(
        by.name,
        by.title,
        Markup("" if first else " hidden"),
        Markup("").join(_key(*key) for key in keys),
    )


def _key(mark: Markup, told: str, width: int) -> Markup:
    return Markup(
        '<li><svg class="un-key" width="{}" height="14" viewBox="0 0 {} 14"'
        ' aria-hidden="true">{}</svg>{}</li>'
    ).format(width, width, mark, told)


def _written(keys: Sequence[tuple[str, str, int]], top: float) -> tuple[str, float]:
    """Write a legend in lines as wide as the map, from top down; return it and where it
    ends.
    """
    x, y, drawn = 12.0, top, Markup("")
    for mark, told, width in keys:
        wide = width + 8 + LETTER * len(told)
        if x + wide > WIDTH - 12 and x > 12:
            x, y = 12.0, y + LINE
        text = Markup('<text x="{}" y="12" class="un-told">{}</text>').format(
            width + 8, told
        )
        drawn += Markup(
            '<g class="un-key" transform="translate({:.0f} {:.0f})">{}{}</g>'
        ).format(x, y, Markup(mark), text)
        x += wide + 22
    return str(drawn), y + LINE
