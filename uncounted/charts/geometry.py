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
POLYNOMIAL = (1.340264, -0.081106, 0.000893, 0.003796)
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
    doc = json.loads(
        (path or shelf("data", "geometry", "world.json")).read_text(encoding="utf-8")
    )
    shapes, others = (
        {name: [_points(ring) for ring in rings] for name, rings in doc[key].items()}
        for key in ("shapes", "without_code")
    )
    return Geometry(
        shapes,
        others,
        [_points(line) for line in doc["disputed"]],
        doc["source"],
        doc["licence"],
    )


def _points(flat: Sequence[int]) -> np.ndarray:
    return np.array(flat, float).reshape(-1, 2) / 100


def equal_earth(lonlat: np.ndarray) -> np.ndarray:
    """Project degrees (…, 2) to the Equal Earth plane (…, 2), y upwards [Šavrič,
    Patterson & Jenny 2018, eqs 1–2].

    sin θ = (√3/2) sin φ, x = 2√3 λ cos θ / [3 (9A₄θ⁸ + 7A₃θ⁶ + 3A₂θ² + A₁)], y = A₄θ⁹ +
    A₃θ⁷ + A₂θ³ + A₁θ.
    """
    a1, a2, a3, a4 = POLYNOMIAL
    lon, lat = np.radians(lonlat[..., 0]), np.radians(lonlat[..., 1])
    t = np.arcsin(np.sqrt(3) / 2 * np.sin(lat))
    x = (
        2
        * np.sqrt(3)
        * lon
        * np.cos(t)
        / (3 * (9 * a4 * t**8 + 7 * a3 * t**6 + 3 * a2 * t**2 + a1))
    )
    return np.stack([x, a4 * t**9 + a3 * t**7 + a2 * t**3 + a1 * t], axis=-1)


@cache
def canvas() -> Canvas:
    """Return the plane that holds the world from SOUTH to NORTH."""
    ends = equal_earth(np.array([[180.0, 0.0], [0.0, NORTH], [0.0, SOUTH]]))
    scale = WIDTH / 2 / ends[0, 0]
    return Canvas(scale, ends[1, 1] * scale, (ends[1, 1] - ends[2, 1]) * scale)


def path_of(rings: Sequence[np.ndarray], closed: bool = True) -> str:
    """Write rings as path data, relative, in tenths of a unit; repeated points are
    dropped.
    """
    parts = []
    for ring in rings:
        tenths = np.round(canvas().place(ring) * 10).astype(int)
        steps = np.diff(tenths, axis=0)
        steps = steps[(steps != 0).any(axis=1)]
        told = "".join(f"l{_tenth(x)} {_tenth(y)}" for x, y in steps.tolist())
        parts.append(
            f"M{_tenth(int(tenths[0, 0]))}"
            f" {_tenth(int(tenths[0, 1]))}{told}{'z' if closed else ''}"
        )
    return "".join(parts).replace(" -", "-")


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
    """Say whether a country is drawn as a dot: it has no outline, or one too small to
    be seen.
    """
    return (
        sum(area(canvas().place(ring)) for ring in geometry.shapes.get(code, []))
        < SMALL
    )


def spread(spots: np.ndarray, gap: float, rounds: int = 60) -> np.ndarray:
    """Move points (n, 2) apart until no two are nearer than gap, each pair by half of
    what is missing.
    """
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
