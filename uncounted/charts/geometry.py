"""Geometry: the outlines of countries, and their place on an Equal Earth map."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np

from uncounted.world.shelf import shelf

WIDTH, NORTH, SOUTH = 1000.0, 83.7, -56.0
# a country whose outline is smaller (square units of the map) is a dot of this radius
SMALL, RADIUS = 8.0, 3.6
POLYNOMIAL = (1.340264, -0.081106, 0.000893, 0.003796)  # A₁ … A₄ of Equal Earth
GAP = 2 * RADIUS + 1.6  # between the middles of two dots


@dataclass(frozen=True, eq=False)
class Geometry:
    """Outlines by ISO3 code, of lands without a code, and disputed boundaries; each a
    list of (points, 2) lon, lat.
    """

    shapes: Mapping[str, list[np.ndarray]]
    without_code: Mapping[str, list[np.ndarray]]
    disputed: list[np.ndarray]
    source: str = ""
    licence: str = ""


@dataclass(frozen=True)
class Canvas:
    """The plane of a map WIDTH units wide."""

    scale: float
    top: float
    height: float

    def place(self, lonlat: np.ndarray) -> np.ndarray:
        """Return positions on the map, in its units, y downwards."""
        flat = equal_earth(lonlat) * self.scale
        return np.stack([WIDTH / 2 + flat[..., 0], self.top - flat[..., 1]], axis=-1)


@cache
def read_geometry(path: Path | None = None) -> Geometry:
    """Read outlines: those that ship (data/geometry/world.json), or a file of your own
    with the same keys.
    """
    file = path or shelf("data", "geometry", "world.json")
    content = json.loads(file.read_text(encoding="utf-8"))
    return Geometry(
        shapes=_outlines(content["shapes"]),
        without_code=_outlines(content["without_code"]),
        disputed=[_points(line) for line in content["disputed"]],
        source=content["source"],
        licence=content["licence"],
    )


def _outlines(shapes: Mapping[str, list[Sequence[int]]]) -> dict[str, list[np.ndarray]]:
    return {name: [_points(ring) for ring in rings] for name, rings in shapes.items()}


def _points(flat: Sequence[int]) -> np.ndarray:
    return np.array(flat, float).reshape(-1, 2) / 100


def equal_earth(lonlat: np.ndarray) -> np.ndarray:
    """Project degrees (…, 2) to the Equal Earth plane (…, 2), y upwards [Šavrič,
    Patterson & Jenny 2018, eqs 1–2].

    sin θ = (√3/2) sin φ, x = 2√3 λ cos θ / [3 (9A₄θ⁸ + 7A₃θ⁶ + 3A₂θ² + A₁)], y = A₄θ⁹ +
    A₃θ⁷ + A₂θ³ + A₁θ.
    """
    a1, a2, a3, a4 = POLYNOMIAL
    lon = np.radians(lonlat[..., 0])
    lat = np.radians(lonlat[..., 1])
    t = np.arcsin(np.sqrt(3) / 2 * np.sin(lat))
    slope = 9 * a4 * t**8 + 7 * a3 * t**6 + 3 * a2 * t**2 + a1
    x = 2 * np.sqrt(3) * lon * np.cos(t) / (3 * slope)
    y = a4 * t**9 + a3 * t**7 + a2 * t**3 + a1 * t
    return np.stack([x, y], axis=-1)


@cache
def canvas() -> Canvas:
    """Return the plane that holds the world from SOUTH to NORTH."""
    east, north, south = equal_earth(
        np.array([[180.0, 0.0], [0.0, NORTH], [0.0, SOUTH]])
    )
    scale = WIDTH / 2 / east[0]
    height = (north[1] - south[1]) * scale
    return Canvas(scale, north[1] * scale, height)


def path_of(rings: Sequence[np.ndarray], closed: bool = True) -> str:
    """Return rings as relative path data, to a tenth of a unit, without repeated
    points.
    """
    path = ""
    for ring in rings:
        tenths = np.round(canvas().place(ring) * 10).astype(int)
        steps = np.diff(tenths, axis=0)
        steps = steps[(steps != 0).any(axis=1)]
        x, y = tenths[0].tolist()
        path += f"M{_tenth(x)} {_tenth(y)}"
        path += "".join(f"l{_tenth(x)} {_tenth(y)}" for x, y in steps.tolist())
        path += "z" if closed else ""
    return path.replace(" -", "-")


@cache
def paths(geometry: Geometry) -> dict[str, str]:
    """Return the path data of every outline that has a code."""
    return {code: path_of(rings) for code, rings in geometry.shapes.items()}


def _tenth(value: int) -> str:
    return f"{value / 10:g}"


def area(ring: np.ndarray) -> float:
    """Return the area that a ring (points, 2) encloses, in its own units."""
    x, y = ring[:, 0], ring[:, 1]
    return 0.5 * abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1)))


@cache
def is_dot(code: str, geometry: Geometry) -> bool:
    """Return whether a country is drawn as a dot: it has no outline, or one too small
    to be seen.
    """
    rings = geometry.shapes.get(code, [])
    return sum(area(canvas().place(ring)) for ring in rings) < SMALL


def spread(spots: np.ndarray, gap: float, rounds: int = 60) -> np.ndarray:
    """Move points (n, 2) apart until no two are nearer than the gap, each of a pair by
    half of the missing distance.
    """
    moved = spots.copy()
    pairs = list(combinations(range(len(moved)), 2))
    for _ in range(rounds):
        quiet = True
        for i, j in pairs:
            apart = moved[j] - moved[i]
            distance = float(np.hypot(*apart))
            if distance >= gap - 1e-6:
                continue
            quiet = False
            way = apart / distance if distance > 1e-9 else np.array([1.0, 0.0])
            step = way * (gap - distance) / 2
            moved[i] -= step
            moved[j] += step
        if quiet:
            break
    return moved
