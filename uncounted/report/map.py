"""Map: prevalence of every country on an Equal Earth projection, surveyed and imputed told apart, as inline SVG."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from uncounted.infer.fit import Fit
from uncounted.model.card import SHOW
from uncounted.report.tables import estimates, of_all_levels
from uncounted.report.wording import SUFFIX, Words, level, rate, rates, read_words
from uncounted.world.shelf import shelf
from uncounted.world.world import World

WIDTH, NORTH, SOUTH = 1000.0, 83.7, -56.0
CLASSES = 6
STEPS = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)  # where classes of prevalence may begin, times a power of ten
SMALL, RADIUS = 8.0, 3.6  # a country whose outline is smaller (square units of the map) is a dot of this radius
POLYNOMIAL = (1.340264, -0.081106, 0.000893, 0.003796)
GAP = 2 * RADIUS + 1.6  # between the middles of two dots
PATTERN = {"imputed": "hatch", "reported from elsewhere": "dotted"}
STYLE = (Path(__file__).parent / "template" / "map.css").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Geometry:
    """Outlines by ISO3 code, of lands without a code, and disputed boundaries; each a list of (points, 2) lon, lat."""

    shapes: Mapping[str, list[np.ndarray]]
    without_code: Mapping[str, list[np.ndarray]]
    disputed: list[np.ndarray]
    source: str = ""
    licence: str = ""


@dataclass(frozen=True)
class Map:
    """A drawn map and its legend; a notebook shows both."""

    svg: str
    legend: str

    def _repr_html_(self) -> str:
        return f'<figure class="un-figure">{self.svg}{self.legend}</figure>'


def plot_map(fit: Fit, sex: str = "all", age: str = "all", geometry: Geometry | None = None) -> Map:
    """Draw the prevalence of every country of a fit, of one sex and age band or of all; geometry: your own outlines."""
    return world_map(of_all_levels(fit, estimates(fit, ["country"])), fit.world, fit.card.show, sex, age, geometry)


def map_svg(estimates: pd.DataFrame, world: World, show: str = "percent", sex: str = "all", age: str = "all") -> str:
    """Return the map alone, as inline SVG with its own style; `world_map` brings the legend too."""
    return world_map(estimates, world, show, sex, age).svg


def world_map(
    estimates: pd.DataFrame,
    world: World,
    show: str = "percent",
    sex: str = "all",
    age: str = "all",
    geometry: Geometry | None = None,
) -> Map:
    """Draw estimates of countries (rows of grouping "country"), in classes of their prevalence, hatched where imputed.

    Every country carries name, prevalence, interval and evidence class as its title. Small ones are dots, moved apart
    where they would hide one another. A country of the world without an estimate is grey.
    """
    chosen = (estimates["grouping"] == "country") & (estimates["sex"] == sex) & (estimates["age"] == age)
    known = estimates[chosen & estimates["prevalence_median"].notna()]
    rows = {str(row["group"]): {str(key): value for key, value in row.items()} for row in known.to_dict("records")}
    edges = breaks(known["prevalence_median"].to_numpy() * SHOW[show])
    key = "m" + hashlib.sha256(known.to_csv().encode()).hexdigest()[:8]
    drawing = _Drawing(geometry or read_geometry(), rows, world, edges, show, key, _canvas(), read_words())
    svg = Markup('<svg class="un-map" viewBox="0 0 {} {}" role="group" aria-label="{}">{}{}{}</svg>').format(
        f"{WIDTH:g}",
        f"{drawing.canvas.height:.0f}",
        drawing.say("map.label"),
        Markup(f"<style>{STYLE}</style>"),
        _patterns(key),
        _lands(drawing) + _disputed(drawing) + _dots(drawing),
    )
    return Map(str(svg), str(_legend(drawing)))


@cache
def read_geometry(path: Path | None = None) -> Geometry:
    """Read outlines: those that ship (data/geometry/world.json), or a file of your own with the same keys."""
    doc = json.loads((path or shelf("data", "geometry", "world.json")).read_text(encoding="utf-8"))
    shapes, others = (
        {name: [_points(ring) for ring in rings] for name, rings in doc[key].items()}
        for key in ("shapes", "without_code")
    )
    return Geometry(shapes, others, [_points(line) for line in doc["disputed"]], doc["source"], doc["licence"])


def _points(flat: Sequence[int]) -> np.ndarray:
    return np.array(flat, float).reshape(-1, 2) / 100


def equal_earth(lonlat: np.ndarray) -> np.ndarray:
    """Project degrees (…, 2) to the Equal Earth plane (…, 2), y upwards [Šavrič, Patterson & Jenny 2018, eqs 1–2].

    sin θ = (√3/2) sin φ, x = 2√3 λ cos θ / [3 (9A₄θ⁸ + 7A₃θ⁶ + 3A₂θ² + A₁)], y = A₄θ⁹ + A₃θ⁷ + A₂θ³ + A₁θ.
    """
    a1, a2, a3, a4 = POLYNOMIAL
    lon, lat = np.radians(lonlat[..., 0]), np.radians(lonlat[..., 1])
    t = np.arcsin(np.sqrt(3) / 2 * np.sin(lat))
    x = 2 * np.sqrt(3) * lon * np.cos(t) / (3 * (9 * a4 * t**8 + 7 * a3 * t**6 + 3 * a2 * t**2 + a1))
    return np.stack([x, a4 * t**9 + a3 * t**7 + a2 * t**3 + a1 * t], axis=-1)


@dataclass(frozen=True)
class _Canvas:
    scale: float
    top: float
    height: float

    def place(self, lonlat: np.ndarray) -> np.ndarray:
        """Return positions on the map, in its units, y downwards."""
        flat = equal_earth(lonlat) * self.scale
        return np.stack([WIDTH / 2 + flat[..., 0], self.top - flat[..., 1]], axis=-1)


@dataclass(frozen=True)
class _Drawing:
    """What the pieces of a map share; rows of estimates by ISO3, edges of classes, the key of its patterns' names."""

    geometry: Geometry
    rows: Mapping[str, Mapping[str, Any]]
    world: World
    edges: Sequence[float]
    show: str
    key: str
    canvas: _Canvas
    say: Words

    def title(self, row: Mapping[str, Any]) -> str:
        """Write what a country's tooltip says: name, prevalence, interval with its level, evidence class."""
        return self.say(
            "map.country",
            name=row["name"],
            rate=rate(row["prevalence_median"], self.show),
            rates=rates(row["prevalence_lower"], row["prevalence_upper"], self.show),
            level=level(row["interval"]),
            evidence=row["evidence"],
        )

    def colour(self, row: Mapping[str, Any]) -> int:
        """Return the colour of a row's prevalence: classes spread over the colours, the highest always the last."""
        at = int(np.searchsorted(self.edges, round(row["prevalence_median"] * SHOW[self.show], 9), side="right"))
        return _colour(at, len(self.edges) + 1)

    def spot(self, code: str) -> np.ndarray:
        """Return where a country's representative point lies, else the middle of its largest outline, else NaN."""
        lonlat = self.world.places.loc[code, ["lon", "lat"]].to_numpy(float)
        rings = self.geometry.shapes.get(code, [])
        if np.isnan(lonlat).any() and rings:
            lonlat = max(rings, key=_area).mean(axis=0)
        return self.canvas.place(lonlat)


def _canvas() -> _Canvas:
    ends = equal_earth(np.array([[180.0, 0.0], [0.0, NORTH], [0.0, SOUTH]]))
    scale = WIDTH / 2 / ends[0, 0]
    return _Canvas(scale, ends[1, 1] * scale, (ends[1, 1] - ends[2, 1]) * scale)


def breaks(values: np.ndarray) -> list[float]:
    """Return where classes begin (but the lowest): round numbers nearest to the quantiles, up to CLASSES classes."""
    values = values[np.isfinite(values) & (values > 0)]
    if not len(values):
        return []
    cuts = np.quantile(values, np.arange(1, CLASSES) / CLASSES)
    rounded = sorted({_round(cut) for cut in cuts})
    return [edge for edge in rounded if edge > values.min()] or rounded[:1]


def _round(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    near = min((*STEPS, 10.0), key=lambda step: abs(math.log(step * power / value)))
    return float(f"{near * power:.3g}")


def _colour(at: int, classes: int) -> int:
    return CLASSES - 1 if classes == 1 else round(at * (CLASSES - 1) / (classes - 1))


def _path(rings: Sequence[np.ndarray], canvas: _Canvas, closed: bool = True) -> str:
    """Write rings as path data, relative, in tenths of a unit; repeated points are dropped."""
    parts = []
    for ring in rings:
        tenths = np.round(canvas.place(ring) * 10).astype(int)
        steps = np.diff(tenths, axis=0)
        steps = steps[(steps != 0).any(axis=1)]
        told = "".join(f"l{_tenth(x)} {_tenth(y)}" for x, y in steps.tolist())
        parts.append(f"M{_tenth(int(tenths[0, 0]))} {_tenth(int(tenths[0, 1]))}{told}{'z' if closed else ''}")
    return "".join(parts).replace(" -", "-")


def _tenth(value: int) -> str:
    return f"{value / 10:g}"


def _area(ring: np.ndarray) -> float:
    x, y = ring[:, 0], ring[:, 1]
    return 0.5 * abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1)))


def is_dot(code: str, geometry: Geometry) -> bool:
    """Say whether a country is drawn as a dot: it has no outline, or one too small to be seen."""
    canvas = _canvas()
    return sum(_area(canvas.place(ring)) for ring in geometry.shapes.get(code, [])) < SMALL


def _lands(drawing: _Drawing) -> Markup:
    geometry, say, drawn, grey = drawing.geometry, drawing.say, [], []
    names = pd.concat([drawing.world.places["name"], drawing.world.elsewhere["name"]])
    for code, rings in geometry.shapes.items():
        path, row = _path(rings, drawing.canvas), drawing.rows.get(code)
        if row is None or code not in drawing.world.places.index:
            grey.append(_blank(path, say("map.none", name=names.get(code, code))))
        elif not is_dot(code, geometry):
            fill, spot = _fill(drawing.colour(row), row["evidence"], drawing.key), drawing.spot(code)
            drawn.append(
                Markup(
                    '<path class="un-land" data-x="{:.0f}" data-y="{:.0f}" {} d="{}"><title>{}</title></path>'
                ).format(spot[0], spot[1], fill, path, drawing.title(row))
            )
    for name, rings in geometry.without_code.items():
        grey.append(_blank(_path(rings, drawing.canvas), say("map.none", name=name)))
    return Markup("").join([*grey, *drawn])


def _blank(path: str, told: str) -> Markup:
    return Markup('<path class="un-none" d="{}"><title>{}</title></path>').format(path, told)


def _fill(colour: int, evidence: str, key: str) -> Markup:
    if evidence in PATTERN:
        return Markup('fill="url(#{}-{}{})"').format(key, PATTERN[evidence], colour)
    return Markup('style="fill:var(--un-q{})"').format(colour)


def _disputed(drawing: _Drawing) -> Markup:
    path = "".join(_path([line], drawing.canvas, closed=False) for line in drawing.geometry.disputed)
    return Markup('<path class="un-disputed" d="{}"/>').format(path)


def _dots(drawing: _Drawing) -> Markup:
    known = [code for code in drawing.rows if code in drawing.world.places.index]
    small = [code for code in known if is_dot(code, drawing.geometry) and np.isfinite(drawing.spot(code)).all()]
    if not small:
        return Markup("")
    drawn = []
    for code, (x, y) in zip(small, spread(np.stack([drawing.spot(code) for code in small]), GAP), strict=True):
        row = drawing.rows[code]
        drawn.append(
            Markup(
                '<circle class="{}" style="--un-c:var(--un-q{})" data-x="{:.0f}" data-y="{:.0f}" '
                'cx="{:.1f}" cy="{:.1f}" r="{}"><title>{}</title></circle>'
            ).format(_dot(row["evidence"]), drawing.colour(row), x, y, x, y, RADIUS, drawing.title(row))
        )
    return Markup("").join(drawn)


def _dot(evidence: str) -> str:
    return "un-dot un-open" if evidence in PATTERN else "un-dot"


def spread(spots: np.ndarray, gap: float, rounds: int = 60) -> np.ndarray:
    """Move points (n, 2) apart until no two are nearer than gap, each pair by half of what is missing."""
    moved = spots.copy()
    for _ in range(rounds):
        quiet = True
        for i, j in combinations(range(len(moved)), 2):
            apart = moved[j] - moved[i]
            distance = float(np.hypot(*apart))
            if distance < gap - 1e-6:
                way = apart / distance if distance > 1e-9 else np.array([1.0, 0.0])
                step = way * (gap - distance) / 2
                moved[i], moved[j], quiet = moved[i] - step, moved[j] + step, False
        if quiet:
            break
    return moved


def _patterns(key: str) -> Markup:
    """Return a hatched and a dotted pattern in each of the colours."""
    made = []
    for i in range(CLASSES):
        inside = Markup('<rect width="5" height="5" style="fill:var(--un-q{})"/>').format(i)
        hatch = Markup('<path class="un-ink" d="M0 0V5"/>')
        spots = Markup('<circle class="un-spot" cx="2.5" cy="2.5" r="1.1"/>')
        for name, mark, turn in (("hatch", hatch, 45), ("dotted", spots, 0)):
            made.append(
                Markup(
                    '<pattern id="{}-{}{}" width="5" height="5" patternUnits="userSpaceOnUse" '
                    'patternTransform="rotate({})">'
                    "{}{}</pattern>"
                ).format(key, name, i, turn, inside, mark)
            )
    return Markup("<defs>{}</defs>").format(Markup("").join(made))


def _legend(drawing: _Drawing) -> Markup:
    classes, middle, say, keys = len(drawing.edges) + 1, CLASSES // 2, drawing.say, []
    for at in range(classes):
        square = Markup('<rect width="22" height="14" style="fill:var(--un-q{})"/>').format(_colour(at, classes))
        keys.append(_key(square, _class_name(at, drawing.edges, drawing.show, say)))
    present = {row["evidence"] for row in drawing.rows.values()}
    for evidence in [one for one in ("surveyed", *PATTERN) if one in present]:
        both = Markup(
            '<rect width="22" height="14" {}/><circle class="{}" style="--un-c:var(--un-q{})" cx="31" cy="7" r="4.5"/>'
        ).format(_fill(middle, evidence, drawing.key), _dot(evidence), middle)
        keys.append(_key(both, say("map.evidence", evidence=evidence), 38))
    keys.append(_key(Markup('<rect class="un-none" width="22" height="14"/>'), say("map.nothing")))
    keys.append(_key(Markup('<path class="un-disputed" d="M0 7H22"/>'), say("map.disputed")))
    return Markup('<ul class="un-legend">{}</ul>').format(Markup("").join(keys))


def _key(mark: Markup, told: str, width: int = 22) -> Markup:
    return Markup(
        '<li><svg class="un-key" width="{}" height="14" viewBox="0 0 {} 14" aria-hidden="true">{}</svg>{}</li>'
    ).format(width, width, mark, told)


def _class_name(at: int, edges: Sequence[float], show: str, say: Words) -> str:
    unit = SUFFIX[show]
    if not edges:
        return say("map.any")
    if at == 0:
        return say("map.under", upper=f"{edges[0]:g}{unit}")
    if at == len(edges):
        return say("map.over", lower=f"{edges[-1]:g}{unit}")
    return say("map.between", lower=f"{edges[at - 1]:g}", upper=f"{edges[at]:g}{unit}")
