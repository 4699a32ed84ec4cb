"""Map: every country on an Equal Earth projection, surveyed and imputed apart, as
inline SVG.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from markupsafe import Markup

from uncounted.charts.geometry import WIDTH, Geometry, canvas
from uncounted.charts.legend import Key, keys_of, legends, written
from uncounted.charts.map_drawing import PATTERN, map_drawing
from uncounted.glance import outline
from uncounted.infer.fit import Fit
from uncounted.leaves.estimate import Estimate
from uncounted.tables.breakdown import together
from uncounted.wording.words import Words, read_words
from uncounted.world.world import World

STYLE = (Path(__file__).parent / "map.css").read_text(encoding="utf-8")
COLOURS = dict(re.findall(r"--un-(\w+):(#[0-9a-f]+)", STYLE.split("@media")[0]))
RULES = STYLE.splitlines(keepends=True)
PLAIN = "".join(rule for rule in RULES if "--un-q0" not in rule)


@dataclass(frozen=True)
class Map:
    """A drawn map and its legend; a notebook shows it.

    keys: of the first legend. key: the beginning of its patterns' names. dots: the
    countries that are dots.
    """

    svg: str
    legend: str
    keys: tuple[Key, ...]
    key: str = ""
    dots: frozenset[str] = frozenset()

    __repr__ = outline

    def _repr_html_(self) -> str:
        return f'<figure class="un-figure">{self.svg}{self.legend}</figure>'

    @property
    def still(self) -> str:
        """The map with its legend below, as one SVG of plain colours: files and
        typesetters read no CSS variables.
        """
        height = canvas().height
        legend, end = written(self.keys, height + 26)
        svg = self.svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
        svg = svg.replace(STYLE, PLAIN, 1)
        svg = svg.replace(f"{WIDTH:g} {height:.0f}", f"{WIDTH:g} {end:.0f}", 1)
        svg = f"{svg.removesuffix('</svg>')}{legend}</svg>"
        return re.sub(r"var\(--un-(\w+)\)", lambda name: COLOURS[name[1]], svg)


def plot_map(
    fit: Fit | Estimate,
    what: str = "prevalence",
    sex: str = "all",
    age: str = "all",
    geometry: Geometry | None = None,
    language: str = "en",
) -> Map:
    """Draw every country of a fit, or of all components of an estimate, by `what`.

    what: "prevalence", "width" (of its interval), "evidence" or "surveys" (how many).
    Of one sex and age or of all; geometry: your own outlines.
    """
    rows = of_whom(together(fit, ["country"]), sex, age)
    say = read_words(language)
    return world_map(
        rows,
        fit.world,
        fit.card.show,
        [what],
        say,
        geometry,
    )


def plot_evidence(
    fit: Fit | Estimate, geometry: Geometry | None = None, language: str = "en"
) -> Map:
    """Draw the number of surveys of every country that entered."""
    return plot_map(fit, "surveys", geometry=geometry, language=language)


def of_whom(rows: pd.DataFrame, sex: str = "all", age: str = "all") -> pd.DataFrame:
    """Return the countries' rows of one sex and age band, or of all."""
    persons = (rows["sex"] == sex) & (rows["age"] == age)
    return rows[(rows["grouping"] == "country") & persons]


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
    content = rows.to_csv() + "".join(shades)
    key = "m" + hashlib.sha256(content.encode()).hexdigest()[:8]
    drawing = map_drawing(
        rows,
        world,
        show,
        shades,
        say,
        key,
        geometry,
    )
    svg = Markup(
        '<svg class="un-map" viewBox="0 0 {} {}" role="group"'
        ' aria-label="{}">{}{}{}</svg>'
    ).format(
        f"{WIDTH:g}",
        f"{canvas().height:.0f}",
        say("map.label"),
        Markup(f"<style>{STYLE}</style>"),
        drawing.patterns(),
        drawing.shapes(),
    )
    keys = tuple(keys_of(drawing, drawing.shades[0]))
    return Map(
        str(svg),
        legends(drawing),
        keys,
        key,
        drawing.dots,
    )


@dataclass(frozen=True)
class Coloured:
    """Another estimate on a map that is drawn: its legends, and by country its title,
    mark and colours.

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
    """Return the colours of a drawn map by other rows of estimates, as `world_map`
    would have drawn them.
    """
    drawing = map_drawing(
        rows,
        world,
        show,
        shades,
        say,
        drawn.key,
        dots=drawn.dots,
    )
    blank = ["var(--un-blank)"] * len(shades)
    lands = {}
    for code, name in zip(rows["group"], rows["name"], strict=True):
        lands[str(code)] = (say("map.none", name=say.term(name)), 0, *blank)
    for code, row in drawing.rows.items():
        is_open = int(row["evidence"] in PATTERN)
        lands[code] = (drawing.title(row), is_open, *drawing.paint(code))
    return Coloured(legends(drawing), lands)
