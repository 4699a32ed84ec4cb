"""Age: bands of ages in completed months, as texts of surveys and tables write them."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from uncounted.errors import UncountedError

UNIT = r"\s*(?P<unit>months?|m|years?|y)?"
CLOSED = re.compile(
    rf"(?P<first>\d{{1,4}})(?:\s*(?:-|–|—|_|to)\s*(?P<last>\d{{1,4}}))?{UNIT}",
    re.IGNORECASE,
)
OPEN = re.compile(
    rf"(?P<first>\d{{1,4}}){UNIT}\s*(?:\+|plus|(?:and|or)\s+(?:over|older|above|more))(?:\s*(?P<after>months?|years?))?",
    re.IGNORECASE,
)
# SDMX: Y15T49, M6T11, Y_GE15, Y_LT5
CODED = re.compile(
    r"(?P<unit>[YM])(?P<first>\d{1,4})(?:T(?P<last>\d{1,4}))?"
    r"|(?P<of>[YM])_(?P<side>GE|LT)(?P<end>\d{1,4})"
)
UNDER = re.compile(rf"(?:under|below|<)\s*(?P<first>\d{{1,4}}){UNIT}", re.IGNORECASE)


@dataclass(frozen=True)
class Band:
    """Ages from `lower` up to but not including `upper`, in completed months; upper
    None: no end.
    """

    lower: int
    upper: int | None

    def __post_init__(self) -> None:
        if self.lower < 0 or self.end <= self.lower:
            raise UncountedError(
                f"An age band from month {self.lower} to before month {self.upper}"
                " holds no age."
            )

    @property
    def end(self) -> float:
        """The upper end, in months; infinite where there is none."""
        return math.inf if self.upper is None else self.upper

    @property
    def label(self) -> str:
        """The one way to write the band: "15-24", "7" or "65+" in years, "6-11 months"
        in months.

        Months are used where an end isn't a whole year, and for parts of the first five
        years, as in nutrition surveys.
        """
        infant = self.end <= 60 and self != Band(0, 60)
        whole_years = self.lower % 12 == 0 and (self.upper or 0) % 12 == 0
        in_months = infant or not whole_years
        unit = 1 if in_months else 12
        suffix = " months" if in_months else ""
        youngest = self.lower // unit
        if self.upper is None:
            return f"{youngest}+{suffix}"
        oldest = self.upper // unit - 1
        if oldest > youngest:
            return f"{youngest}-{oldest}{suffix}"
        return f"{youngest}{suffix}"


def parse_band(text: str) -> Band:
    """Read "0-5 months", "12 to 23 months", "15-24", "7", "65+", "80 and over", "under
    5".

    Ages are years unless the text says months. Raises UncountedError for any other
    text, and for a band that ends before it begins.
    """
    words = _decoded(str(text).strip())
    match = OPEN.fullmatch(words)
    if match:
        unit = _unit(match["unit"] or match["after"])
        return Band(int(match["first"]) * unit, None)
    match = UNDER.fullmatch(words)
    if match and int(match["first"]):
        return Band(0, int(match["first"]) * _unit(match["unit"]))
    match = CLOSED.fullmatch(words)
    if not match:
        raise UncountedError(
            f"'{text}' is no age band. Write it as '15-24', '65+', '6-11 months' or"
            " '0-59 months'."
        )
    unit = _unit(match["unit"])
    youngest = int(match["first"])
    oldest = int(match["last"] or match["first"])
    if oldest < youngest:
        raise UncountedError(
            f"The age band '{text}' ends before it begins. Write the younger age first."
        )
    return Band(youngest * unit, (oldest + 1) * unit)


def _decoded(text: str) -> str:
    """Return an SDMX code of ages in words, and any other text as it is."""
    match = CODED.fullmatch(text)
    if not match:
        return text
    unit = "months" if "M" in (match["unit"], match["of"]) else "years"
    if match["side"]:
        beyond = "+" if match["side"] == "GE" else ""
        before = "" if beyond else "under "
        return f"{before}{match['end']} {unit}{beyond}"
    last = match["last"] or match["first"]
    return f"{match['first']}-{last} {unit}"


def _unit(word: str | None) -> int:
    return 1 if (word or "").lower().startswith("m") else 12


def ordered(bands: Iterable[Band]) -> tuple[Band, ...]:
    """Return the bands youngest first, each once; of bands that begin together the
    shorter is first.
    """
    return tuple(sorted(set(bands), key=lambda band: (band.lower, band.end)))


def contains(band: Band, inner: Band) -> bool:
    """Say whether every age of `inner` is in `band`."""
    return band.lower <= inner.lower and inner.end <= band.end


def within(bands: Iterable[Band], band: Band) -> bool:
    """Say whether every age of every one of the bands is in `band`."""
    return all(contains(band, inner) for inner in bands)


def overlapping(bands: Iterable[Band]) -> tuple[Band, Band] | None:
    """Return the first two bands that share an age, else None; the same band twice is
    one band.
    """
    for younger, older in combinations(ordered(bands), 2):
        if older.lower < younger.end:
            return younger, older
    return None


def share(band: Band, group: Band) -> float:
    """Return the fraction of a population group's people who are in the band: 6/60 of
    "0-4" are "0-5 months".

    People are spread evenly over a group's single months. Raises UncountedError for a
    band that cuts a group without end, whose people cannot be spread.
    """
    if contains(band, group):
        return 1.0
    months = min(band.end, group.end) - max(band.lower, group.lower)
    if months > 0 and group.upper is None:
        raise UncountedError(
            f"The age band '{band.label}' cuts the population group '{group.label}',"
            " which has no end. Use that group whole."
        )
    return max(months, 0) / (group.end - group.lower)


def shares(bands: Sequence[Band], groups: Sequence[Band]) -> np.ndarray:
    """Return `share` of every band in every group (bands, groups); the groups don't
    overlap.

    Raises UncountedError for a band that has ages in no group.
    """
    for band in bands:
        covered = float(band.lower)
        for group in ordered(groups):
            if group.lower <= covered < group.end:
                covered = group.end
        if covered < band.end:
            extent = f"{ordered(groups)[0].label} to {ordered(groups)[-1].label}"
            raise UncountedError(
                f"The age band '{band.label}' has ages that the population table lacks."
                f" Its groups are {extent}; give bands made of those."
            )
    fractions = np.zeros((len(bands), len(groups)))
    for row, column in np.ndindex(fractions.shape):
        fractions[row, column] = share(bands[row], groups[column])
    return fractions
